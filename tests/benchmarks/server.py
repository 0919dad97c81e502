"""A service as a process of its own on a free port of loopback."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

RASID, BARE, GUARDED = "Rasid", "bare FastAPI app", "no-op behind Rasid's guards"
_LONGEST_START_S = 60.0
_BETWEEN_TRIES_S = 0.002


@dataclass(frozen=True)
class Server:
    """A running service: its first process, its port, and the seconds from its start to the first answer."""

    process: psutil.Process
    port: int
    wall_s: float
    cpu_s: float

    def workers(self) -> list[psutil.Process]:
        """The processes that answer: the last descendants without Python's own tracker, or the one process."""
        children = self.process.children(recursive=True)
        last = [one for one in children if not one.children()]
        return [one for one in last if "resource_tracker" not in " ".join(one.cmdline())] or [self.process]


@contextmanager
def running(name: str, body: bytes, workers: int = 1) -> Iterator[Server]:
    """Start a service and wait for its first answer to `body`; stop it at the end."""
    port = _free_port()
    with (
        tempfile.TemporaryDirectory() as state,
        subprocess.Popen(
            _command(name, port, workers),
            env=_environment(workers, state),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as started,
    ):
        try:
            yield _answering(started, port, body)
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(timeout=30)
            except subprocess.TimeoutExpired:
                started.kill()


def post(port: int, body: bytes, path: str = "/v1/classify") -> int:
    """Post a body on a connection of its own; the status of the answer, whose body is read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def as_body(text: str) -> bytes:
    """The text as a request."""
    return json.dumps({"text": text}, ensure_ascii=False).encode()


def _answering(started: "subprocess.Popen[bytes]", port: int, body: bytes) -> Server:
    process, then = psutil.Process(started.pid), time.perf_counter()
    while time.perf_counter() - then < _LONGEST_START_S:
        if started.poll() is not None:
            break
        try:
            if post(port, body) == http.HTTPStatus.OK:
                wall, cpu = time.perf_counter() - then, process.cpu_times()
                return Server(process, port, wall, cpu.user + cpu.system)
        except OSError:
            pass
        time.sleep(_BETWEEN_TRIES_S)
    raise RuntimeError(f"a service gave no answer in {_LONGEST_START_S:.0f} s or ended: start it by hand to see why.")


def _command(name: str, port: int, workers: int) -> list[str]:
    if name == RASID:
        return [sys.executable, "-m", "app", "serve", "--port", str(port)]
    if name == GUARDED:
        return [sys.executable, "-m", "tests.benchmarks.guarded_app", str(port)]
    return [sys.executable, "-m", "tests.benchmarks.bare_app", str(port), str(workers)]


def _environment(workers: int, state: str) -> dict[str, str]:
    """The service as shipped, but for the rate limit, which is there to stop what a benchmark does."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RASID_")}
    return own | {"RASID_RATE_LIMIT": "", "RASID_STATE": state, "RASID_WORKERS": str(workers)}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
