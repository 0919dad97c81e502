"""Becomes another program with limits on it: `python -m app.jobs.limited PARENT MEMORY CPU_S PROGRAM…`.

Limits, niceness and the signal at the parent's death stay with a process when it becomes another program, so they are
set here, in a process of one thread, and not between fork and exec in the worker, whose other threads may hold locks.
"""

import ctypes
import os
import resource
import signal
import sys

NICENESS = 19
_SET_SIGNAL_AT_PARENTS_DEATH = 1
"""PR_SET_PDEATHSIG of <linux/prctl.h>."""


def main(parent: int, memory_bytes: int, cpu_s: int, program: list[str]) -> None:
    """Take on the limits and become `program`; end at once if `parent`, which started this process, is gone."""
    os.nice(NICENESS)
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CPU, cpu_s)
    # A core dump would hold the passages' text.
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - the service's own command, without a shell


def _limit(kind: int, most: int) -> None:
    """Set a limit, unless a lower one is set already."""
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, hard if kind == resource.RLIMIT_CPU else most))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
