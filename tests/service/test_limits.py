import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings

JSON = {"Content-Type": "application/json"}


def test_a_body_over_the_limit_is_refused_by_its_length(client: TestClient) -> None:
    answer = client.post("/v1/classify", content=b" " * 1_048_577, headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["Connection"] == "close"


def test_a_body_at_the_limit_is_read(client: TestClient) -> None:
    body = json.dumps({"text": "نص"}).encode().ljust(1_048_576)
    assert client.post("/v1/classify", content=body, headers=JSON).status_code == 200


def test_a_chunked_body_over_the_limit_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/classify", content=(b" " * 65_536 for _ in range(17)), headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=windows-1256"},
        {**JSON, "Content-Encoding": "gzip"},
    ],
)
def test_other_kinds_of_body_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/v1/classify", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
def test_ways_to_say_json(client: TestClient, content_type: str) -> None:
    answer = client.post("/v1/classify", content='{"text": "نص"}'.encode(), headers={"Content-Type": content_type})
    assert answer.status_code == 200


Receive = Callable[[], Awaitable[dict[str, Any]]]


async def raw_request(settings: Settings, receive: Receive) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/classify",
        "raw_path": b"/v1/classify",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("test", 1),
    }
    await create_app(settings)(scope, receive, send)
    return sent


def test_a_body_that_never_ends_is_cut_off(settings: Settings) -> None:
    impatient = settings.model_copy(update={"receive_timeout_s": 0.05})

    async def dripping() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    sent = asyncio.run(raw_request(impatient, dripping))
    assert sent[0]["status"] == 408


def test_a_client_that_leaves_gets_no_answer(settings: Settings) -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert asyncio.run(raw_request(settings, gone)) == []
