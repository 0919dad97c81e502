"""A model's versions, `models/<name>/`: which are there, which is in use and which were before it.

`<name>/current` is a small file that names the version in use on its first line and the versions it replaced on the
following ones, latest first. `<name>/history.jsonl` tells who replaced whom, when and why; nothing depends on it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from app.tagger.bundle import MANIFEST, read_manifest
from app.tagger.durable import append_line, locked, replace_file
from app.tagger.errors import BundleError
from app.tagger.folders import LOCK

CURRENT = "current"
HISTORY = "history.jsonl"
MOST_LINES = 20
"""Lines that `current` keeps: the version in use and the 19 before it."""
_VERSION = re.compile(r"[0-9a-f]{12}")
_CURE = "name a version with `rasid models promote VERSION`"


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """A version as its manifest tells it; `fault` says why the manifest can't be read, and `training` is empty then.

    `written` is when the folder was written, or None if it can't be told.
    """

    version: str
    folder: Path
    training: Mapping[str, Any]
    written: datetime | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the history: `version` came into use at `time` (UTC, ISO 8601) in place of `replaced`."""

    time: str
    action: Literal["promote", "rollback"]
    version: str
    replaced: str | None
    reason: str = ""


def version_facts(path: Path) -> list[VersionFacts]:
    """The facts of all versions under `path`, oldest first; of the one version if `path` is a version's folder."""
    folders = [path] if _VERSION.fullmatch(path.name) else [path / version for version in versions_in(path)]
    found = []
    for folder in folders:
        try:
            found.append(VersionFacts(folder.name, folder, read_manifest(folder)["training"], _written(folder)))
        except BundleError as fault:
            found.append(VersionFacts(folder.name, folder, {}, _written(folder), str(fault)))
    return found


def versions_in(models: Path) -> list[str]:
    """The versions under `models`, oldest first by the time they were written."""
    if not models.is_dir():
        raise BundleError(f"{models} is no folder: give the folder that holds a model's versions.")
    found = []
    for path in models.iterdir():
        if _VERSION.fullmatch(path.name) and (path / MANIFEST).is_file():
            # Another process may prune while this one looks.
            with suppress(FileNotFoundError):
                found.append((path.stat().st_mtime_ns, path.name))
    return [name for _, name in sorted(found)]


def version_folder(models: Path, version: str) -> Path:
    """The folder of a version. Raises `BundleError` if `version` can't be the name of one."""
    if not _VERSION.fullmatch(version):
        raise BundleError(f"{version!r} is no version: `rasid models list` shows those there are.")
    return models / version


def used_versions(models: Path) -> tuple[str, ...]:
    """The version in use and those it replaced, latest first; at least one."""
    try:
        lines = (models / CURRENT).read_text("ascii").split()
    except FileNotFoundError:
        raise BundleError(f"{models} has no file `{CURRENT}`: make a model with `rasid-train fit`.") from None
    except (OSError, UnicodeDecodeError):
        raise BundleError(f"{models / CURRENT} can't be read: {_CURE}.") from None
    if not lines or not _VERSION.fullmatch(lines[0]):
        raise BundleError(f"{models / CURRENT} doesn't begin with a version: {_CURE}.")
    return tuple(lines)


def current_version(models: Path) -> str:
    """The version in use."""
    return used_versions(models)[0]


def set_used(models: Path, versions: Sequence[str]) -> None:
    """Make the first of `versions` the one in use and the others those it replaced, unchecked.

    The caller is inside `changing` if others may change `models` too.
    """
    replace_file(models / CURRENT, "".join(f"{version}\n" for version in versions[:MOST_LINES]).encode())


def set_current(models: Path, version: str) -> str | None:
    """Make `version` the one in use, unchecked, and return the one it replaced; as `set_used` for the rest."""
    earlier: tuple[str, ...] = ()
    with suppress(BundleError):
        earlier = used_versions(models)
    if earlier[:1] != (version,):
        set_used(models, (version, *earlier))
    return earlier[0] if earlier else None


@contextmanager
def changing(models: Path) -> Iterator[None]:
    """Be the only one who changes which version is in use and which are there; the disk's refusals get a sentence."""
    if _VERSION.fullmatch(models.name) or not models.is_dir():
        raise BundleError(f"{models} is no folder of versions: give the folder that holds a model's versions.")
    try:
        with locked(models / LOCK):
            yield
    except OSError as fault:
        reason = fault.strerror or fault
        raise BundleError(
            f"{models} can't be changed: {reason}: check its disk and rights, and look with `rasid models list` "
            "which version is in use before you try again."
        ) from None


def record(models: Path, step: Step) -> None:
    """Add a step that was taken to the history."""
    try:
        append_line(models / HISTORY, json.dumps(asdict(step), ensure_ascii=False).encode())
    except OSError as fault:
        reason = fault.strerror or fault
        raise BundleError(
            f"{step.version} is in use now, but {models / HISTORY} can't be written: {reason}: "
            "check its disk and rights; there is nothing to do again."
        ) from None


def bundle_folder(path: Path) -> Path:
    """The bundle that `path` means: itself, or the version in use of a model's folder."""
    return path if _VERSION.fullmatch(path.name) else path / current_version(path)


def _written(folder: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except OSError:
        return None
