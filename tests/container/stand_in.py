"""A stand-in for the official Python image, for machines that reach Debian's packages but no image registry.

Debian's smallest system with Debian's Python of the same minor version, `python` on the path, the headers that the
official image has too, and no documentation. It is kept, as it takes minutes.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

BASE = "python:3.11-slim-bookworm"
ARCHIVE = Path("/var/tmp/rasid-container-base.tar")
SUITE = "bookworm"
_HEADERS = "libpython3.11-dev"
_NOT_IN_SLIM = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


def base_archive() -> Path:
    """The archive of the stand-in's files, made where missing."""
    if not ARCHIVE.exists():
        with tempfile.TemporaryDirectory(dir=ARCHIVE.parent, prefix="rasid-base-") as folder:
            root = Path(folder) / "root"
            _run("debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", SUITE, str(root))
            _add_headers(Path(folder), root)
            (root / "usr/bin/python").symlink_to("python3")
            for name in _NOT_IN_SLIM:
                shutil.rmtree(root / name, ignore_errors=True)
            draft = Path(folder) / "base.tar"
            _run("tar", "--numeric-owner", "-C", str(root), "-cf", str(draft), ".")
            draft.rename(ARCHIVE)
    return ARCHIVE


def _add_headers(folder: Path, root: Path) -> None:
    """Unpack the headers alone: their package would bring a compiler."""
    unpacked = folder / "headers"
    unpacked.mkdir()
    _run("apt-get", "download", _HEADERS, cwd=unpacked)
    (package,) = unpacked.glob("*.deb")
    _run("dpkg", "-x", str(package), str(unpacked))
    shutil.copytree(unpacked / "usr/include", root / "usr/include", dirs_exist_ok=True, symlinks=True)


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(("nice", *command), cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}"
