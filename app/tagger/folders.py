"""Folders that appear and vanish whole: written or removed under a hidden name, synced, renamed.

The lock file of the folder above is held while one is begun, published or removed, but not while it is written: a draft
holds a lock on itself instead, which tells it from the leftovers of a crash.
"""

import fcntl
import filecmp
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from app.tagger.durable import REPLACING, locked, make_folder, sync_folder

LOCK = ".lock"
_DRAFT = ".writing-"
_REMOVED = ".removed-"


@contextmanager
def draft_folder(parent: Path) -> Iterator[Path]:
    """A new hidden folder under `parent` to write files into; it is gone at the end unless it was published.

    Leftovers of crashed writers are removed first.
    """
    make_folder(parent)
    with ExitStack() as at_end:
        with locked(parent / LOCK):
            remove_leftovers(parent)
            draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=parent))
            at_end.callback(shutil.rmtree, draft, ignore_errors=True)
            hold = os.open(draft, os.O_RDONLY)
            at_end.callback(os.close, hold)
            fcntl.flock(hold, fcntl.LOCK_EX)
        yield draft


def publish(draft: Path, name: str, last: str) -> None:
    """Give a draft, whose files are synced, its name; in a folder of that name, replace the files that differ.

    Files are replaced one by one, `last` at the end, so that a crash in between leaves fewer damaged files and never a
    folder less.
    """
    target = draft.with_name(name)
    sync_folder(draft)
    with locked(draft.with_name(LOCK)):
        if target.exists():
            _mend(target, draft, last)
        else:
            draft.chmod(0o755)
            draft.rename(target)
        sync_folder(target.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder so that a crash never leaves a part of it under its name. The caller holds the lock file."""
    hidden = folder.with_name(f"{_REMOVED}{folder.name}")
    folder.rename(hidden)
    sync_folder(folder.parent)
    shutil.rmtree(hidden)


def remove_leftovers(parent: Path) -> None:
    """Remove what crashes left under `parent`, as far as the system lets. The caller holds the lock file."""
    for path in list(parent.iterdir()):
        if path.name.startswith(REPLACING):
            with suppress(OSError):
                path.unlink()
        elif path.name.startswith(_REMOVED) or (path.name.startswith(_DRAFT) and not _being_written(path)):
            shutil.rmtree(path, ignore_errors=True)


def _mend(target: Path, draft: Path, last: str) -> None:
    for file in sorted(draft.iterdir(), key=lambda file: (file.name == last, file.name)):
        if not _same(file, target / file.name):
            file.replace(target / file.name)
    sync_folder(target)


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _being_written(draft: Path) -> bool:
    try:
        descriptor = os.open(draft, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
