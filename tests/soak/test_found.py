"""What the long runs found and was mended."""

import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.service.asking import ask, scope_of
from tests.service.running import RunningService, within
from tests.service.sockets import connected, rest
from tests.soak.server import Setup, served
from tests.soak.wire import request


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/models/rollback", {"POST"}),
        ("/v1/models/0123456789ab", {"GET"}),
        ("/v1/reviews/merged", {"GET"}),
        ("/v1/reviews/1", {"PUT"}),
        ("/v1/articles/1", {"GET", "DELETE"}),
        ("/v1/training-jobs", {"GET", "POST"}),
        ("/v1/training-jobs/1", {"GET", "DELETE"}),
        ("/v1/classify", {"POST"}),
        ("/livez", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_is_not_there_is_told_all_that_are(client: TestClient, path: str, methods: set[str]) -> None:
    answer = client.patch(path)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == methods


def test_what_the_webhook_answers_is_described() -> None:
    answers = create_app(Settings()).openapi()["paths"]["/label-studio/webhook"]["post"]["responses"]
    assert answers["200"]["content"] == answers["201"]["content"]


@pytest.fixture(scope="module")
def service(tiny_models: Path) -> Iterator[RunningService]:
    with served(Setup(tiny_models)) as service:
        yield service


LONG = json.dumps({"text": "\n".join(["أعلنت وزارة الداخلية تفكيك خلية إرهابية."] * 200)}).encode()
CHUNKED = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
BAD_CHUNK = request("GET", "/v1/classify", headers=CHUNKED).replace(b"GET", b"POST") + b"2\r\n{}zz\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (request("POST", "/v1/classify", LONG) + b"\0\xff rubbish\r\n\r\n", [200]),
        (request("POST", "/v1/classify", LONG) + request("GET", "/livez") + b"rubbish\r\n\r\n", [200, 200]),
        (request("POST", "/v1/classify", LONG) + BAD_CHUNK, [200]),
        (request("POST", "/v1/classify", LONG) + request("GET", "/livez") + BAD_CHUNK, [200, 200]),
        (BAD_CHUNK, [400]),
        (b"rubbish\r\n\r\n", [400]),
    ],
)
def test_requests_before_a_broken_one_get_their_own_answers(
    service: RunningService, sent: bytes, statuses: list[int]
) -> None:
    with connected(httpx.URL(service.url).port or 80) as connection:
        connection.sendall(sent)
        received = rest(connection)
    assert [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)] == statuses
    assert [line for line in service.lines if '"level":"error"' in line.replace(" ", "")] == []


def test_callers_who_leave_before_their_answers_are_no_errors(service: RunningService) -> None:
    for number in range(60):
        connection = socket.create_connection(("127.0.0.1", httpx.URL(service.url).port or 80))
        connection.sendall(request("POST", "/v1/classify", LONG) * (1 + number % 3))
        time.sleep(0.002 * (number % 5))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    assert within(10, service.is_ready)
    assert [line for line in service.lines if '"level":"error"' in line.replace(" ", "")] == []


@pytest.mark.parametrize(("path", "status"), [("/v1/classify", 422), ("/v1/reviews", 422), ("/login", 401)])
def test_a_caller_without_body_who_leaves_is_no_error(settings: Settings, path: str, status: int) -> None:
    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    assert ask(create_app(settings), scope_of("POST", path, [(b"content-length", b"0")]), gone).status == status


def test_what_is_left_out_where_it_is_null_is_not_required(settings: Settings) -> None:
    app = create_app(settings)
    schemas = app.openapi()["components"]["schemas"]
    for name in ("Job", "JobDetails", "JobProgress", "JobsResponse", "ModelSummary", "ModelsResponse"):
        can_be_null = {
            field for field, says in schemas[name]["properties"].items() if {"type": "null"} in says.get("anyOf", ())
        }
        assert can_be_null.isdisjoint(schemas[name].get("required", ())), name
