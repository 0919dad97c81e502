"""A service as a user runs it: a process of its own on a free port of loopback."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.conftest import ROOT

START_S = 60.0
STOP_S = 25.0


@dataclass
class RunningService:
    """A process, its address and the lines of its log so far."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    url: str = ""

    def get(self, path: str) -> httpx.Response:
        """An answer over a connection of its own, so that any worker may give it."""
        return httpx.get(self.url + path, timeout=30)

    def post(self, path: str, json: object = None) -> httpx.Response:
        return httpx.post(self.url + path, json=json, timeout=30)

    def metric(self, sample: str) -> float:
        lines = [line for line in self.get("/metrics").text.splitlines() if line.startswith(sample + " ")]
        return float(lines[0].rsplit(" ", 1)[1]) if lines else 0.0

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(STOP_S)


@contextmanager
def running_service(models: Path, *options: str, ready: bool = True) -> Iterator[RunningService]:
    """A service, ready unless it needn't be; it must end in order, if it hasn't yet, when the block does."""
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--models", str(models), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        service = RunningService(process)
        reader = threading.Thread(target=_read_log, args=(service,), daemon=True)
        reader.start()
        try:
            assert within(START_S, lambda: bool(service.url) or not reader.is_alive())
            assert service.url, service.lines
            assert not ready or within(START_S, service.is_ready)
            yield service
            if process.poll() is None:
                assert service.stop() == 0
        finally:
            if process.poll() is None:
                process.kill()


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def _read_log(service: RunningService) -> None:
    assert service.process.stderr is not None
    for line in service.process.stderr:
        service.lines.append(line)
        if not service.url and (address := re.search(r"running on (http://127\.0\.0\.1:\d+)", line)):
            service.url = address.group(1)
