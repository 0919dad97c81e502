"""Keeps what the process holds of memory near what it uses."""

import ctypes
import sys

_M_ARENA_MAX = -8
_HEAPS = 2


def limit_heaps() -> None:
    """Let all threads allocate from two heaps; to be called before there are threads.

    glibc gives up to eight heaps a core to threads, and each keeps what a model that was opened there once took, so
    that the process grows with the number of swaps. Other C libraries have no such setting and no such heaps.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, _HEAPS)
