"""SIGTERM: not ready at once, what is under way ends well, exit 0 in time."""

import json
import signal
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.service.running import STOP_S, RunningService, running_service

ARTICLE = {"text": "\n".join(["أعلنت وزارة الداخلية تفكيك خلية إرهابية في العاصمة أمس."] * 20)}


@pytest.fixture(autouse=True)
def without_rate_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASID_RATE_LIMIT", "")


@dataclass
class Load:
    """What clients saw: answers by status, and failures other than a connection refused."""

    statuses: Counter[int] = field(default_factory=Counter)
    dropped: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def keep_asking(self, service: RunningService, reuse: bool) -> None:
        client = httpx.Client(base_url=service.url, timeout=30)
        while not self.over.is_set():
            try:
                self.statuses[client.post("/v1/classify", json=ARTICLE).status_code] += 1
            except httpx.ConnectError as refused:
                if "refused" not in str(refused):
                    self.dropped.append(repr(refused))
                return
            except httpx.TransportError as fault:
                self.dropped.append(repr(fault))
            if not reuse:
                client.close()
                client = httpx.Client(base_url=service.url, timeout=30)


@pytest.mark.parametrize("workers", [1, 2])
def test_under_load_nothing_is_dropped(tiny_models: Path, workers: int) -> None:
    with running_service(tiny_models, "--workers", str(workers)) as service:
        load = Load()
        clients = [threading.Thread(target=load.keep_asking, args=(service, number % 2 == 0)) for number in range(8)]
        for client in clients:
            client.start()
        time.sleep(1.0)
        assert load.statuses[200] > 8
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        ready = service.get("/readyz")
        assert (ready.status_code, ready.json()["reason"]) == (503, "The service is shutting down.")
        assert ready.headers["Connection"] == "close"
        assert service.process.wait(STOP_S) == 0
        assert time.monotonic() - began < STOP_S
        load.over.set()
        for client in clients:
            client.join(30)
    assert load.dropped == []
    assert set(load.statuses) == {200}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_that_is_still_coming_in_is_answered(tiny_models: Path, workers: int) -> None:
    body = json.dumps(ARTICLE).encode()
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "\r\n".join(["POST /v1/classify HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())])
    with running_service(tiny_models, "--workers", str(workers)) as service:
        url = httpx.URL(service.url)
        with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
            connection.sendall(head.encode() + b"\r\n\r\n" + body[:100])
            time.sleep(0.3)
            service.process.send_signal(signal.SIGTERM)
            assert eventually_refused(service)
            connection.sendall(body[100:])
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"passages"' in answer
        assert service.process.wait(STOP_S) == 0


def eventually_refused(service: RunningService) -> bool:
    for _ in range(100):
        try:
            service.get("/livez")
        except httpx.ConnectError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_at_once_and_in_order(tiny_models: Path, workers: int) -> None:
    with running_service(tiny_models, "--workers", str(workers)) as service:
        began = time.monotonic()
        assert service.stop(signal.SIGINT) == 0
        assert time.monotonic() - began < 10
    assert "Traceback" not in "".join(service.lines)
    assert all(json.loads(line)["event"] for line in service.lines)


def test_a_port_in_use_is_an_error(tiny_models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for workers in ("1", "2"):
            service = running_service(tiny_models, "--workers", workers, "--port", port)
            with pytest.raises(AssertionError, match=r"(?i)address already in use"), service:
                pass
