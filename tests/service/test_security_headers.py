import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from app.headers import DOCS_POLICY, SECURITY_HEADERS
from app.main import create_app
from app.settings import Settings
from tests.service.conftest import LOCAL

STRICT = SECURITY_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("GET", "/v1/", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/nowhere", 404),
        ("PUT", "/v1/topics", 405),
        ("OPTIONS", "/v1/classify", 405),
        ("POST", "/v1/classify", 415),
        ("GET", "/v1/models/none", 404),
    ],
)
def test_every_answer_carries_the_headers(client: TestClient, method: str, path: str, status: int) -> None:
    headers = {"Origin": LOCAL, "Access-Control-Request-Method": "POST"}
    answer = client.request(method, path, headers=headers, content=b"{}" if status == 415 else None)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "server" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_refusals_carry_the_headers(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"rate_limit": "1/hour"}))
    client = TestClient(app, base_url=LOCAL)
    answers = [client.get("/v1/"), client.get("/v1/"), TestClient(app, base_url="http://example.org").get("/v1/")]
    assert [answer.status_code for answer in answers] == [200, 429, 421]
    for answer in answers:
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_a_crash_carries_the_headers(settings: Settings) -> None:
    app: FastAPI = create_app(settings)

    async def crash() -> None:
        raise ZeroDivisionError

    app.add_api_route("/v1/crash", crash)
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as client:
        answer = client.get("/v1/crash")
    assert answer.status_code == 500
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert answer.headers["X-Request-ID"]


def test_an_answer_may_set_its_own(settings: Settings) -> None:
    app = create_app(settings)
    own = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "max-age=60"}
    app.add_api_route("/v1/own", lambda: Response(headers=own))
    answer = TestClient(app, base_url=LOCAL).get("/v1/own")
    assert {name: answer.headers[name] for name in own} == own
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_only_the_page_of_docs_may_ask_another_host(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.headers["Content-Security-Policy"] == DOCS_POLICY
    outside = {part for part in answer.text.replace('"', " ").split() if part.startswith("http")}
    assert outside
    assert all(part.split("/")[2] in DOCS_POLICY for part in outside)
    assert client.get("/docs/", follow_redirects=False).headers["Content-Security-Policy"] == STRICT
    assert client.get("/redoc").status_code == 404


def test_docs_and_metrics_can_be_switched_off(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"docs": False, "metrics": False}))
    client = TestClient(app, base_url=LOCAL)
    for path in ("/docs", "/openapi.json", "/metrics"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert client.get("/livez").status_code == 200
