"""A model's versions, `models/<name>/`: which are there, which is in use.

`<name>/current` is a small file that names the version in use.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.tagger.bundle import MANIFEST, read_manifest
from app.tagger.durable import replace_file
from app.tagger.errors import BundleError

CURRENT = "current"
_VERSION = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """A version as its manifest tells it; `fault` says why the manifest can't be read, and `training` is empty then."""

    version: str
    folder: Path
    training: Mapping[str, Any]
    fault: str | None = None


def version_facts(path: Path) -> list[VersionFacts]:
    """The facts of all versions under `path`, oldest first; of the one version if `path` is a version's folder."""
    folders = [path] if _VERSION.fullmatch(path.name) else [path / version for version in versions_in(path)]
    found = []
    for folder in folders:
        try:
            found.append(VersionFacts(folder.name, folder, read_manifest(folder)["training"]))
        except BundleError as fault:
            found.append(VersionFacts(folder.name, folder, {}, str(fault)))
    return found


def versions_in(models: Path) -> list[str]:
    """The versions under `models`, oldest first by the time they were written."""
    if not models.is_dir():
        raise BundleError(f"{models} is no folder: give the folder that holds a model's versions.")
    found = [path for path in models.iterdir() if _VERSION.fullmatch(path.name) and (path / MANIFEST).is_file()]
    return [path.name for path in sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))]


def current_version(models: Path) -> str:
    """The version in use."""
    try:
        version = (models / CURRENT).read_text("ascii").strip()
    except FileNotFoundError:
        raise BundleError(f"{models} has no file `{CURRENT}`: make a model with `rasid-train fit`.") from None
    except (OSError, UnicodeDecodeError):
        raise BundleError(f"{models / CURRENT} can't be read: write the name of a version into it.") from None
    if not _VERSION.fullmatch(version):
        raise BundleError(f"{models / CURRENT} doesn't name a version: write the name of a folder beside it into it.")
    return version


def set_current(models: Path, version: str) -> None:
    """Make `version` the one in use."""
    replace_file(models / CURRENT, f"{version}\n".encode())


def bundle_folder(path: Path) -> Path:
    """The bundle that `path` means: itself, or the version in use of a model's folder."""
    return path if _VERSION.fullmatch(path.name) else path / current_version(path)
