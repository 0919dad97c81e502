from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.callers import Role
from app.key_store import add_key
from app.main import create_app
from app.rate_limit import Windows, parsed_limits
from app.settings import Settings
from app.tagger import InputError
from tests.service.asking import ask, asked, bearer, empty, scope_of
from tests.service.conftest import LOCAL


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("app.rate_limit.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def limited(settings: Settings) -> Callable[[str], FastAPI]:
    return lambda rate: create_app(settings.model_copy(update={"rate_limit": rate}))


def test_the_request_over_the_limit_is_told_when_to_come_back(
    limited: Callable[[str], FastAPI], clock: list[float]
) -> None:
    client = TestClient(limited("3/minute"), base_url=LOCAL)
    assert [client.get("/v1/nowhere").status_code for _ in range(3)] == [404] * 3
    clock[0] += 20.5
    answer = client.get("/v1/nowhere")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
    assert answer.json()["type"] == "urn:rasid:problem:too-many-requests"
    clock[0] += 39
    assert client.get("/v1/nowhere").headers["Retry-After"] == "1"
    clock[0] += 1
    assert client.get("/v1/nowhere").status_code == 404


def test_probes_are_never_refused(limited: Callable[[str], FastAPI]) -> None:
    client = TestClient(limited("1/hour"), base_url=LOCAL)
    assert [client.get("/livez").status_code for _ in range(5)] == [200] * 5
    assert client.get("/v1/").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/v1/").status_code == 429


def test_a_body_over_the_limit_is_not_read(limited: Callable[[str], FastAPI]) -> None:
    app = limited("1/hour")
    ask(app, scope_of("GET", "/v1/"), empty)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"9")]
    assert ask(app, scope_of("POST", "/v1/classify", headers)).status == 429


def test_each_key_has_its_own_limit_wherever_it_is_used(settings: Settings, limited: Callable[[str], FastAPI]) -> None:
    # A key may be called like those who need none.
    keys = [add_key(settings, name, Role.ADMIN) for name in ("a", "local")]
    app = limited("2/hour")
    for key in keys:
        found = [
            ask(app, scope_of("GET", "/v1/", bearer(key), client=(f"192.0.2.{number}", 1)), empty).status
            for number in range(3)
        ]
        assert found == [200, 200, 429]


def test_wrong_keys_use_up_nobodys_limit(settings: Settings, limited: Callable[[str], FastAPI]) -> None:
    key = add_key(settings, "a", Role.ADMIN)
    app = limited("1/hour")
    assert [ask(app, scope_of("GET", "/v1/", bearer("wrong"))).status for _ in range(3)] == [401] * 3
    assert ask(app, scope_of("GET", "/v1/", bearer(key)), empty).status == 200


def test_without_keys_addresses_are_counted(limited: Callable[[str], FastAPI]) -> None:
    app = limited("1/hour")
    for address in ("127.0.0.1", "127.0.0.2", "::1"):
        found = [ask(app, scope_of("GET", "/v1/", client=(address, 1)), empty).status for _ in range(2)]
        assert found == [200, 429]


def test_several_limits_hold_together(limited: Callable[[str], FastAPI], clock: list[float]) -> None:
    client = TestClient(limited("2/second; 3/minute"), base_url=LOCAL)
    assert [client.get("/v1/").status_code for _ in range(3)] == [200, 200, 429]
    clock[0] += 1
    assert client.get("/v1/").status_code == 200
    clock[0] += 1
    assert client.get("/v1/").headers["Retry-After"] == "58"


def test_no_limit_if_the_setting_is_empty(limited: Callable[[str], FastAPI]) -> None:
    app = limited(" ")
    assert {ask(app, scope_of("GET", "/v1/"), empty).status for _ in range(50)} == {200}


@pytest.mark.parametrize("clock_s", [0.0, 4_102_444_800.0])
def test_setting_the_machines_clock_locks_nobody_out(
    limited: Callable[[str], FastAPI], clock: list[float], monkeypatch: pytest.MonkeyPatch, clock_s: float
) -> None:
    client = TestClient(limited("2/minute"), base_url=LOCAL)
    client.get("/v1/")
    monkeypatch.setattr("time.time", lambda: clock_s)
    assert [client.get("/v1/").status_code for _ in range(2)] == [200, 429]
    clock[0] += 60
    assert client.get("/v1/").status_code == 200


@pytest.mark.parametrize("rate", ["often", "10", "10/fortnight", "0/minute", "-1/minute", "1.5/minute", "10/minute x"])
def test_what_is_no_rate_is_refused_at_the_start(limited: Callable[[str], FastAPI], rate: str) -> None:
    with pytest.raises(InputError, match="write it like 20/second"):
        limited(rate)


@pytest.mark.parametrize("rate", ["20/second", "1200 per minute", "5/second;100/minute", "3 per 2 hours"])
def test_ways_to_write_a_rate(rate: str) -> None:
    assert parsed_limits(rate)


def test_old_windows_are_forgotten(clock: list[float]) -> None:
    windows = Windows()
    for number in range(5000):
        clock[0] += 1
        windows.incr(f"address {number}", 60)
    assert windows.reset() <= 1100


def test_many_requests_at_once_are_counted_right(limited: Callable[[str], FastAPI]) -> None:
    import asyncio

    app = limited("10/hour")

    async def all_at_once() -> list[int]:
        answers = [asked(app, scope_of("GET", "/v1/"), empty) for _ in range(50)]
        return [answer.status for answer in await asyncio.gather(*answers)]

    found = asyncio.run(all_at_once())
    assert (found.count(200), found.count(429)) == (10, 40)
