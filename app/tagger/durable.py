"""Files that are on the disk whole or not at all, whatever happens while they are written."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

REPLACING = ".replacing-"
"""How the names of drafts begin that `replace_file` writes; a crash leaves them."""


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        sync_file(file)


def replace_file(path: Path, content: bytes) -> None:
    """Give `path` a new content: readers see the old one or the new one, never a part."""
    handle, name = tempfile.mkstemp(prefix=f"{REPLACING}{path.name}-", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            sync_file(file)
        draft.chmod(0o644)
        draft.replace(path)
        sync_folder(path.parent)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def append_line(path: Path, line: bytes) -> None:
    """Add a line to a file, which is made where missing; what a crash left of an earlier line ends before it."""
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line + b"\n")
        sync_file(file)
    if not size:
        sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where missing and wait until their names are on the disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, made where missing: one thread of one process at a time.

    The system frees it when its holder dies, so the file itself stays and means nothing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sync_file(file: IO[bytes]) -> None:
    """Wait until all that was written to an open file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
