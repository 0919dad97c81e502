import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAPS = """
import ctypes, sys, threading
from app.memory import limit_heaps
if {limited}:
    limit_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(12)
def work():
    together.wait()
    for _ in range(200):
        libc.malloc(5000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fflush(file)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has several heaps")
def test_threads_share_two_heaps() -> None:
    heaps = {}
    for limited in (False, True):
        done = subprocess.run(
            [sys.executable, "-c", HEAPS.format(limited=limited)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        heaps[limited] = done.stdout.count("<heap nr=")
    assert heaps[False] > 2, "this C library gives threads no heaps of their own"
    assert heaps[True] <= 2
