"""Logs: one JSON line an event, never a word of what was sent, and no reader can hold the service up."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from app.logs import MOST_WAITING, LineWriter, log_event, start_logs
from app.main import create_app
from app.settings import Settings
from tests.conftest import ROOT
from tests.service.conftest import LOCAL

CANARY = "CANARY-زقزقة"
ASCII_CANARY = "CANARYzqzq"
JSON = {"Content-Type": "application/json"}


class Log:
    """What went into a pipe."""

    def __init__(self) -> None:
        self.text = ""

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == "request"]


@contextmanager
def logged() -> Iterator[Log]:
    """Everything that is logged in the block, complete after it."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    reader, writer = os.pipe()
    log = Log()
    handler = start_logs(writer, lambda: None)
    with open(reader, encoding="utf-8") as pipe:  # noqa: PTH123
        reading = threading.Thread(target=lambda: setattr(log, "text", pipe.read()))
        reading.start()
        try:
            yield log
        finally:
            handler.stop()
            os.close(writer)
            reading.join()
            root.handlers, root.level = before
            logging.captureWarnings(False)


def test_a_request_is_one_line(settings: Settings, tiny_models: Path) -> None:
    version = (tiny_models / "current").read_text().split()[0]
    with logged() as log, TestClient(create_app(settings), base_url=LOCAL) as client:
        answer = client.post("/v1/classify", json={"text": CANARY})
        client.get(f"/v1/models/{version}?x={ASCII_CANARY}")
    first, second = log.requests()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first.pop("time"))
    assert 0 < first.pop("ms") < 60_000
    assert first == {
        "level": "info",
        "event": "request",
        "request_id": answer.headers["X-Request-ID"],
        "method": "POST",
        "route": "/v1/classify",
        "status": 200,
        "bytes": len(answer.content),
        "model": version,
        "caller": "local",
    }
    assert answer.json()["request_id"] == first["request_id"]
    assert (second["route"], second["status"]) == ("/v1/models/{version}", 200)


def bad_requests(client: TestClient) -> Iterator[httpx.Response]:
    """Requests that are refused or crash, with a canary in every place that a caller fills."""
    yield client.get(f"/{ASCII_CANARY}?{ASCII_CANARY}={ASCII_CANARY}")
    yield client.get(f"/v1/models/{ASCII_CANARY}")
    yield client.post(f"/v1/models/{ASCII_CANARY}/promote", json={"force": CANARY})
    yield client.post("/v1/classify", json={"text": CANARY, ASCII_CANARY: CANARY})
    yield client.post("/v1/classify", json={"text": CANARY, "thresholds": {ASCII_CANARY: 0.5}})
    yield client.post("/v1/classify", content=f'{{"text": "{CANARY}'.encode(), headers=JSON)
    yield client.post("/v1/classify", content=b"x", headers={"Content-Type": ASCII_CANARY})
    yield client.post("/v1/classify", json={}, headers={"X-Request-ID": f"{ASCII_CANARY} and more"})
    yield client.get("/v1/", headers={"User-Agent": ASCII_CANARY, "Referer": ASCII_CANARY, ASCII_CANARY: "x"})
    yield client.request(ASCII_CANARY, "/v1/")
    yield client.post("/v1/classify/batch", json={"documents": [{"id": ASCII_CANARY, "text": CANARY}] * 65})


def crash(*_: Any) -> Any:
    raise ValueError(f"could not read {CANARY} {ASCII_CANARY}")


def test_no_line_holds_what_was_sent(settings: Settings) -> None:
    service = create_app(settings)
    with logged() as log, TestClient(service, base_url=LOCAL, raise_server_exceptions=False) as client:
        answers = list(bad_requests(client))
        service.state.service.ready_tagger = crash
        answers.append(client.post("/v1/classify", json={"text": CANARY}))
    assert answers[-1].status_code == 500
    assert len(log.requests()) == len(answers)
    assert "CANARY" not in log.text
    assert "\\u0632\\u0642" not in log.text
    assert {line["status"] for line in log.requests()} >= {404, 415, 422, 500}
    (fault,) = [line for line in log.lines if line["level"] == "error"]
    assert fault["event"] == "unexpected ValueError"
    assert fault["request_id"] == answers[-1].headers["X-Request-ID"]
    assert "test_logs.py:" in fault["frames"]


def test_messages_of_libraries_and_of_exceptions_are_kept_out() -> None:
    with logged() as log:
        for name in ("asyncio", "sqlalchemy.engine", "py.warnings"):
            logging.getLogger(name).warning("failed on %s", CANARY)
        try:
            crash()
        except ValueError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
        log_event("something", logging.WARNING, count=3)
    assert "CANARY" not in log.text
    libraries = log.lines[:3]
    assert [line["library"] for line in libraries] == ["asyncio", "sqlalchemy.engine", "py.warnings"]
    assert all("test_logs:" in line["at"] for line in libraries)
    assert (log.lines[3]["event"], log.lines[3]["error"]) == ("Exception in ASGI application", "ValueError")
    assert (log.lines[4]["event"], log.lines[4]["count"]) == ("something", 3)


@pytest.mark.parametrize("name", ["abcdefgh", "A.b_c-9" * 9, "0" * 64])
def test_a_proper_request_id_is_taken_over(client: TestClient, name: str) -> None:
    answer = client.post("/v1/classify", json={"text": "نص"}, headers={"X-Request-ID": name})
    assert answer.headers.get_list("X-Request-ID") == [name]
    assert answer.json()["request_id"] == name


@pytest.mark.parametrize("name", ["", "short", "0" * 65, "with space", "new\tline", "naïve-naïve", "a/b/c/d/e"])
def test_another_one_is_replaced(client: TestClient, name: str) -> None:
    answer = client.get("/livez", headers={"X-Request-ID": name.encode()})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_errors_have_a_request_id_too(client: TestClient) -> None:
    for path, content, status in (("/nowhere", b"", 404), ("/v1/classify", b"x" * 1_048_577, 413)):
        answer = client.post(path, content=content, headers={**JSON, "X-Request-ID": "from-caller"})
        assert (answer.status_code, answer.headers["X-Request-ID"]) == (status, "from-caller")
    client.app.state.service.ready_tagger = crash  # type: ignore[attr-defined]
    answer = client.post("/v1/classify", json={"text": "x"}, headers={"X-Request-ID": "from-caller"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (500, "from-caller")


def record(number: int) -> logging.LogRecord:
    return logging.LogRecord("rasid", logging.INFO, __file__, 1, f"line {number} {'x' * 200}", (), None)


def test_a_pipe_that_nobody_reads_delays_nothing_and_drops_are_counted() -> None:
    reader, writer = os.pipe()
    dropped: list[None] = []
    lines = LineWriter(writer, lambda: dropped.append(None))
    began = time.monotonic()
    for number in range(2 * MOST_WAITING):
        lines.emit(record(number))
    assert time.monotonic() - began < 10
    assert MOST_WAITING / 2 < len(dropped) <= MOST_WAITING
    began = time.monotonic()
    lines.stop()
    assert time.monotonic() - began < 5
    os.close(reader)


def test_a_closed_pipe_is_only_counted() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    dropped: list[None] = []
    lines = LineWriter(writer, lambda: dropped.append(None))
    for number in range(10):
        lines.emit(record(number))
    lines.stop()
    os.close(writer)
    assert len(dropped) == 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_only_counted() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    dropped: list[None] = []
    lines = LineWriter(full, lambda: dropped.append(None))
    lines.emit(record(1))
    lines.stop()
    os.close(full)
    assert len(dropped) == 1


def test_a_pipe_that_does_not_block_gets_whole_lines() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    dropped: list[None] = []
    lines = LineWriter(writer, lambda: dropped.append(None))
    for number in range(1000):
        lines.emit(record(number))
    read = b""
    while read.count(b"\n") < 1000:
        read += os.read(reader, 4096)
    lines.stop()
    os.close(writer)
    os.close(reader)
    assert not dropped
    assert [json.loads(line)["event"].split()[1] for line in read.splitlines()] == [str(n) for n in range(1000)]


def test_a_service_whose_log_nobody_reads_answers_on_and_stops(
    tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RASID_RATE_LIMIT", "")
    with socket.create_server(("127.0.0.1", 0)) as free:
        unused_port = free.getsockname()[1]
    command = [sys.executable, "-m", "app", "serve", "--port", str(unused_port), "--models", str(tiny_models)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        with httpx.Client(base_url=f"http://127.0.0.1:{unused_port}", timeout=10) as client:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    if client.get("/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            for _ in range(1500):
                assert client.get("/livez").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0
        assert process.stderr is not None
        assert len(process.stderr.read()) < 200_000
