"""A command as a process of its own: its CPU time, and its memory while it runs (Linux)."""

import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Look:
    """The largest process of the command at one moment: its resident MiB, and the stage that the work was in."""

    stage: int
    mib: float


@dataclass(frozen=True)
class Watched:
    """What a command took: CPU of all its processes, wall clock, and the peak of its largest process."""

    cpu_s: float
    wall_s: float
    peak_mib: float
    looks: tuple[Look, ...]

    def mib_in(self, stage: int) -> float | None:
        """The most that a process had in a stage; None if nobody looked then."""
        return max((look.mib for look in self.looks if look.stage == stage), default=None)


def watched(command: Sequence[str], stage: Callable[[], int], log: Path) -> Watched:
    """Run a command, whose output goes into `log`, and look at its memory ten times a second.

    The peak is the kernel's own (VmHWM), which misses nothing between two looks but the last tenth of a second.
    Raises `RuntimeError` with the last line of the log if the command fails.
    """
    then, cpu_then, looks, peak = time.perf_counter(), _children_cpu_s(), [], 0.0
    with log.open("wb") as told, subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT) as started:
        while started.poll() is None:
            sizes = [_mib(pid) for pid in _tree(started.pid)]
            looks.append(Look(stage(), max(size.now for size in sizes)) if sizes else Look(stage(), 0.0))
            peak = max([peak, *(size.peak for size in sizes)])
            time.sleep(_LOOK_EVERY_S)
    wall_s = time.perf_counter() - then
    if started.returncode:
        raise RuntimeError(f"{command[0]} failed: {(log.read_text('utf-8').splitlines() or ['no word'])[-1]}")
    return Watched(_children_cpu_s() - cpu_then, wall_s, peak, tuple(looks))


@dataclass(frozen=True)
class _Size:
    now: float = 0.0
    peak: float = 0.0


def _mib(pid: int) -> _Size:
    """Resident memory of a process; nothing if it has ended."""
    try:
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines())
    except (FileNotFoundError, ProcessLookupError):
        return _Size()
    now, peak = (int(lines.get(name, "0 kB").split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return _Size(now, peak)


def _tree(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _children_cpu_s() -> float:
    """CPU seconds of all processes that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
