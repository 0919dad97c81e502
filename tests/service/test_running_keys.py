"""Keys and slow callers against a running service of two workers."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from app.callers import Role
from app.key_store import add_key, revoke_key
from app.settings import Settings
from tests.conftest import ROOT

REACHED_S = 5.0
WAIT_S = 1.0


@pytest.fixture(scope="module")
def kept(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(models=tiny_models, state=tmp_path_factory.mktemp("state"), rate_limit="")


@pytest.fixture(scope="module")
def admin(kept: Settings) -> str:
    return add_key(kept, "admin", Role.ADMIN)


@pytest.fixture(scope="module")
def address(kept: Settings, admin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a service with two workers and an admin key listens, on every address of the machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "RASID_STATE": str(kept.state),
        "RASID_MODELS": str(kept.models),
        "RASID_RATE_LIMIT": "",
        "RASID_RECEIVE_TIMEOUT_S": str(WAIT_S),
    }
    command = [sys.executable, "-m", "app", "serve", "--host", "0.0.0.0", "--port", str(port), "--workers", "2"]
    log = tmp_path_factory.mktemp("log") / "log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=stderr) as process,
    ):
        found = f"http://127.0.0.1:{port}"
        until(lambda: status(f"{found}/readyz") == 200, 60)
        yield found
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert not re.search(r"rasid_(admin|classify)_", log.read_text("utf-8"))


def status(url: str, key: str = "") -> int:
    """The answer's status over a connection of its own, so that any worker may answer; 0 if nobody does."""
    place, _, path = url.removeprefix("http://").partition("/")
    with contextlib.closing(HTTPConnection(place, timeout=10)) as connection:
        try:
            connection.request("GET", f"/{path}", headers={"X-API-Key": key} if key else {})
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0


def until(holds: Callable[[], bool], most_s: float) -> None:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < most_s, "it took too long"
        time.sleep(0.1)


def all_say(url: str, key: str, expected: int) -> bool:
    return {status(url, key) for _ in range(12)} == {expected}


def test_a_new_key_and_its_end_reach_every_worker(address: str, kept: Settings, admin: str) -> None:
    url = f"{address}/v1/topics"
    assert status(url) == 401
    assert all_say(url, admin, 200)
    key = add_key(kept, "desk", Role.CLASSIFY)
    until(lambda: all_say(url, key, 200), REACHED_S)
    assert status(f"{address}/metrics", key) == 403
    revoke_key(kept, "desk")
    until(lambda: all_say(url, key, 401), REACHED_S)
    assert all_say(url, admin, 200)


def test_slow_callers_are_cut_off_by_every_worker(address: str, admin: str) -> None:
    port = int(address.rpartition(":")[2])
    with contextlib.ExitStack() as open_connections:
        slow = []
        for number in range(100):
            connection = open_connections.enter_context(socket.create_connection(("127.0.0.1", port), timeout=15))
            connection.sendall((b"GET /v1/", b"", b"POST /v1/classify HTTP/1.1\r\nHost: x\r\n")[number % 3])
            slow.append(connection)
        began = time.monotonic()
        assert all_say(f"{address}/v1/topics", admin, 200)
        assert time.monotonic() - began < 10
        for connection in slow:
            assert connection.recv(100) == b""
