"""Ways to break what the service stands on: its disk, its clock."""

import os
import resource
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.service.running import RunningService

MIB = 1 << 20
DISK = f"size={64 * MIB}"


class Disk(Protocol):
    """A disk that can be full."""

    def fill(self, service: RunningService) -> None:
        """Let no byte more be written."""

    def free(self, service: RunningService) -> None:
        """Make room again."""


class LimitedDisk:
    """Any folder, for a process that may write no file: needs no rights."""

    def fill(self, service: RunningService) -> None:
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def free(self, service: RunningService) -> None:
        endless = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, endless)


@dataclass(frozen=True)
class SmallDisk:
    """A disk of its own at `folder`."""

    folder: Path

    def fill(self, service: RunningService) -> None:
        with (self.folder / "filler").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(MIB)):
                    pass
            except OSError:
                return

    def free(self, service: RunningService) -> None:
        (self.folder / "filler").unlink()

    def remount(self, how: str) -> None:
        """Make it read-only (`ro`) or writable (`rw`)."""
        subprocess.run(["mount", "-o", f"remount,{how},{DISK}", self.folder], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """A small disk in memory, where mounting is allowed; the test is skipped where it isn't."""
    folder.mkdir(parents=True)
    done = os.geteuid() == 0 and shutil.which("mount")
    if not done or subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", folder], check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@dataclass(frozen=True)
class Clock:
    """The wall clock of processes with this environment."""

    file: Path
    environment: dict[str, str]

    def jump(self, seconds: int) -> None:
        """Let it be `seconds` fast from now on."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("l", seconds))


def jumping_clock(folder: Path) -> Clock:
    """A clock that can jump, where there is a C compiler; the test is skipped where there is none."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library, file = folder / "jumping_clock.so", folder / "offset"
    source = Path(__file__).with_name("jumping_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    file.write_bytes(struct.pack("l", 0))
    return Clock(file, {"LD_PRELOAD": str(library), "JUMPING_CLOCK_FILE": str(file)})
