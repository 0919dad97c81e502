"""Callers that keep a connection waiting, over real sockets; and what isn't HTTP at all."""

import contextlib
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from app.connection import MOST_UNFINISHED_HEAD_BYTES
from app.headers import SECURITY_HEADERS
from app.main import create_app
from app.serving import server_config
from app.settings import Settings
from tests.service.sockets import SOON_S, connected, dripped, rest

WAIT_S = 0.6
BODY = json.dumps({"text": "انفجرت سيارة مفخخة في سوق شعبي."}).encode()
HEAD = b"POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture(scope="module")
def port(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A service in a thread that waits for callers no longer than `WAIT_S`."""
    settings = Settings(
        models=tiny_models,
        state=tmp_path_factory.mktemp("state"),
        port=0,
        receive_timeout_s=WAIT_S,
        rate_limit="",
        max_concurrency=4,
    )
    app = create_app(settings)
    app.add_api_route("/v1/large", lambda: "x" * 20_000_000)
    server = uvicorn.Server(server_config(app, settings))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def is_well(port: int) -> bool:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/classify", content=BODY, headers=headers, timeout=SOON_S)
    return answer.status_code == 200


@pytest.mark.parametrize(
    "begin",
    [b"", b"G", b"GET /v1/ HTTP/1.1\r\n", b"GET /v1/ HTTP/1.1\r\nHost: localhost\r\nX: y", b"\r\n", WHOLE[:-1][:30]],
)
def test_a_head_that_does_not_come_is_not_waited_for(port: int, begin: bytes) -> None:
    with connected(port) as connection:
        began = time.monotonic()
        connection.sendall(begin)
        assert rest(connection) == b""
        assert WAIT_S - 0.1 < time.monotonic() - began < SOON_S


def test_a_head_of_a_byte_a_time_is_cut_off(port: int) -> None:
    with connected(port) as connection:
        assert dripped(connection, b"GET /v1/ HTTP/1.1\r\nHost: localhost\r\n" + b"X" * 200) < SOON_S


def test_blank_lines_of_a_byte_a_time_are_cut_off(port: int) -> None:
    with connected(port) as connection:
        assert dripped(connection, b"\r\n" * 100) < SOON_S


def test_a_body_that_stops_is_told_and_cut_off(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(WHOLE[:-1])
        assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_of_a_byte_a_time_is_cut_off(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        assert dripped(connection, b" " * 100) < SOON_S


def test_chunks_of_a_byte_a_time_are_cut_off(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        assert dripped(connection, b"1\r\n \r\n" * 30) < SOON_S


@pytest.mark.parametrize("path", [b"/v1/nowhere", b"/livez"])
def test_the_rest_of_a_body_that_was_refused_is_not_waited_for(port: int, path: bytes) -> None:
    with connected(port) as connection:
        # Refused by its Origin, without a look at the body, on a connection that is kept.
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n" % path)
        connection.sendall(b"Content-Length: 1000\r\n\r\n ")
        assert connection.recv(65_536).split()[1] == b"403"
        assert dripped(connection, b" " * 100) < SOON_S


def test_a_body_that_was_refused_and_comes_keeps_the_connection(port: int) -> None:
    with connected(port) as connection:
        for _ in range(3):
            connection.sendall(b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nContent-Length: 9\r\n\r\n")
            assert connection.recv(65_536).split()[1] == b"403"
            connection.sendall(b"x" * 9)
        connection.sendall(WHOLE)
        assert connection.recv(65_536).split()[1] == b"200"


def test_a_caller_that_does_not_read_is_cut_off(port: int) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(SOON_S)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /v1/large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(WAIT_S * 3)
        assert len(rest(connection)) < 20_000_000


def test_a_slow_reader_is_served(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /v1/large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        size = 0
        while part := connection.recv(1_000_000):
            size += len(part)
            time.sleep(0.1)
        assert size > 20_000_000


def test_slow_callers_take_nobodys_place(port: int) -> None:
    with contextlib.ExitStack() as slow:
        for number in range(60):
            connection = slow.enter_context(connected(port))
            connection.sendall((HEAD, WHOLE[:-2], b"G", HEAD + b"Transfer-Encoding: chunked\r\n\r\n")[number % 4])
        began = time.monotonic()
        for _ in range(10):
            assert is_well(port)
        assert time.monotonic() - began < SOON_S


def test_a_connection_is_kept_over_many_requests_and_pauses(port: int) -> None:
    with connected(port) as connection:
        for _ in range(3):
            connection.sendall(WHOLE)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
            time.sleep(WAIT_S * 1.2)


def test_a_head_in_two_parts_and_many_requests_at_once(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(WHOLE[:50])
        time.sleep(WAIT_S / 2)
        connection.sendall(WHOLE[50:] + WHOLE * 4 + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert rest(connection).count(b"HTTP/1.1 200 ") == 6


def test_what_comes_behind_the_body_is_no_header(port: int) -> None:
    with connected(port) as connection:
        chunks = b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY)
        connection.sendall(
            HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"Origin: null\r\n\r\n"
        )
        assert rest(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_a_head_without_end_is_refused(port: int, end: bytes) -> None:
    with connected(port) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(MOST_UNFINISHED_HEAD_BYTES // 1000 + 5):
                connection.sendall(b"X: " + b"x" * 995 + end)
                time.sleep(0.001)
        assert rest(connection).startswith(b"HTTP/1.1 431 ")


def test_a_large_head_is_refused(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /v1/ HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 17_000 + b"\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /v1/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nmore",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_proper_http_is_answered_or_closed(port: int, request_bytes: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(SOON_S + 6)
        answer = rest(connection)
    assert not answer.startswith(b"HTTP/1.1 5")
    assert b"server:" not in answer.lower()
    if answer.startswith(b"HTTP/1.1 400 "):
        head = answer.lower().partition(b"\r\n\r\n")[0]
        for name, value in SECURITY_HEADERS.items():
            assert f"{name}: {value}".lower().encode() in head
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 400


def test_mutated_requests_leave_the_service_well(port: int) -> None:
    chance = random.Random(5)
    for _ in range(300):
        mutated = bytearray(WHOLE)
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(mutated))
            mutated[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        with connected(port) as connection:
            connection.sendall(mutated)
            connection.settimeout(0.02)
            with contextlib.suppress(TimeoutError, ConnectionError):
                assert not connection.recv(65_536).startswith(b"HTTP/1.1 5")
    assert is_well(port)
