import asyncio
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.callers import Role
from app.key_store import add_key
from app.main import create_app
from app.settings import Settings
from tests.service.asking import ask, scope_of
from tests.service.conftest import LOCAL

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


def classifying() -> dict[str, Any]:
    return scope_of("POST", "/v1/classify", [(b"content-type", b"application/json"), (b"content-length", b"9")])


def test_a_body_that_never_ends_is_cut_off(settings: Settings) -> None:
    impatient = settings.model_copy(update={"receive_timeout_s": 0.05})

    async def dripping() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    answer = ask(create_app(impatient), classifying(), dripping)
    assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_a_client_that_leaves_gets_no_answer(settings: Settings) -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert ask(create_app(settings), classifying(), gone).sent == []


def test_deep_nesting_is_a_bad_request(client: TestClient) -> None:
    for body in (b"[" * 100_000, b'{"text":' * 100_000, b'{"text": ' + b"[" * 900 + b"]" * 900 + b"}"):
        answer = client.post("/v1/classify", content=body, headers=JSON)
        assert answer.status_code in (400, 422)
    assert client.post("/v1/classify", content=b"[" * 100_000, headers=JSON).status_code == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_body_where_none_belongs_is_refused(settings: Settings, method: str) -> None:
    for field in ((b"content-length", b"5"), (b"transfer-encoding", b"chunked")):
        assert ask(create_app(settings), scope_of(method, "/v1/", [field])).status == 400


def test_a_request_without_body_needs_no_content_type(client: TestClient) -> None:
    assert client.post("/v1/models/rollback").status_code == 409
    assert client.post("/v1/classify").status_code == 422


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/" + "x" * 9000, [], 414),
        ("/v1/", [(b"x", b"y" * 17_000)], 431),
        ("/v1/", [(b"x", b"y")] * 101, 431),
        ("/v1/", [(b"content-type", b"a"), (b"content-type", b"b")], 400),
        ("/v1/", [(b"content-length", b"0"), (b"content-length", b"0")], 400),
    ],
)
def test_heads_that_are_too_large_or_ambiguous(
    settings: Settings, path: str, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    assert ask(create_app(settings), scope_of("GET", path, headers)).status == status


@pytest.mark.parametrize("length", [b"1048577", b"9" * 30])
def test_a_length_over_the_limit_is_refused_before_the_body(settings: Settings, length: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    assert ask(create_app(settings), scope_of("POST", "/v1/classify", headers)).status == 413


def test_neither_text_nor_key_is_logged(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    key = add_key(settings, "a", Role.ADMIN)
    app = create_app(settings)
    canary = "CANARY-5d1f"
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as client:
        for sent in ({"X-API-Key": key}, {"X-API-Key": canary}, {"Authorization": f"Bearer {canary}"}):
            for body in (f'{{"text": "{canary}"}}', f'{{"{canary}": 1}}', canary):
                headers = {**sent, **JSON, "Origin": f"http://{canary}"}
                client.post(f"/v1/classify?{canary}", content=body, headers=headers)
                client.get(f"/{canary}", headers=headers)
        app.state.service.ready_tagger = lambda: 1 / 0
        client.post("/v1/classify", json={"text": canary}, headers={"X-API-Key": key})
    logged = "\n".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records if record.name != "httpx"
    )
    assert "ZeroDivisionError" in logged
    assert canary not in logged
    assert key not in logged
