"""Bodies and places: a CSV is handed on as it comes, and nobody waits in line behind others."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request

from app.concurrency import UPLOADS_AT_ONCE
from app.guards import install_guards
from app.main import create_app
from app.problems import install_problem_handlers
from app.settings import Settings
from tests.service.asking import Receive, ask, asked, empty, scope_of

CSV = [(b"content-type", b"text/csv; charset=windows-1256")]
CHUNKED = [(b"transfer-encoding", b"chunked")]


async def keep(request: Request) -> dict[str, int]:
    """What an endpoint for uploads does: take the body as it comes."""
    parts = [part async for part in request.stream() if part]
    return {"parts": len(parts), "bytes": sum(map(len, parts))}


@pytest.fixture
def uploading(settings: Settings) -> Callable[..., FastAPI]:
    """An app whose uploads are kept by `keep`, with some settings of its own."""

    def made(**changes: Any) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/v1/training-jobs", keep, methods=["POST"])
        app.add_api_route("/v1/reviews/import", keep, methods=["POST"])
        app.add_api_route("/v1/other", keep, methods=["POST"])
        install_problem_handlers(app, frozenset())
        install_guards(app, settings.model_copy(update=changes))
        return app

    return made


def parts(count: int, part: bytes = b"x" * 1000, every_s: float = 0.0) -> Receive:
    left = [count]

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(every_s)
        left[0] -= 1
        return {"type": "http.request", "body": part, "more_body": left[0] > 0}

    return receive


@pytest.mark.parametrize("path", ["/v1/training-jobs", "/v1/reviews/import"])
def test_a_csv_is_handed_on_as_it_comes(uploading: Callable[..., FastAPI], path: str) -> None:
    app = uploading(max_body_bytes=1500, max_upload_bytes=10_000)
    answer = ask(app, scope_of("POST", path, [*CSV, *CHUNKED]), parts(10))
    assert json.loads(answer.body) == {"parts": 10, "bytes": 10_000}
    assert ask(app, scope_of("POST", path, [*CSV, *CHUNKED]), parts(11)).status == 413
    assert ask(app, scope_of("POST", path, [*CSV, (b"content-length", b"10001")])).status == 413


def test_json_is_held_back_until_it_is_whole_where_a_csv_may_come_too(uploading: Callable[..., FastAPI]) -> None:
    app = uploading(max_body_bytes=1500, max_upload_bytes=10_000)
    headers = [(b"content-type", b"application/json"), *CHUNKED]
    answer = ask(app, scope_of("POST", "/v1/training-jobs", headers), parts(2, b"x" * 500))
    assert json.loads(answer.body) == {"parts": 1, "bytes": 1000}
    assert ask(app, scope_of("POST", "/v1/training-jobs", headers), parts(2)).status == 413


@pytest.mark.parametrize("path", ["/v1/other", "/v1/training-jobs/", "/v1/reviews"])
def test_a_csv_elsewhere_is_refused(uploading: Callable[..., FastAPI], path: str) -> None:
    assert ask(uploading(), scope_of("POST", path, [*CSV, *CHUNKED])).status == 415


@pytest.mark.parametrize("kind", [b"text/csvx", b"multipart/form-data; boundary=x", b"text/plain", b""])
def test_an_upload_of_another_kind_is_refused(uploading: Callable[..., FastAPI], kind: bytes) -> None:
    scope = scope_of("POST", "/v1/training-jobs", [(b"content-type", kind), *CHUNKED])
    assert ask(uploading(), scope).status == 415


def test_a_packed_csv_is_refused(uploading: Callable[..., FastAPI]) -> None:
    scope = scope_of("POST", "/v1/training-jobs", [*CSV, (b"content-encoding", b"gzip"), *CHUNKED])
    assert ask(uploading(), scope).status == 415


def test_an_upload_may_take_longer_the_more_has_come(uploading: Callable[..., FastAPI]) -> None:
    app = uploading(max_body_bytes=1000, receive_timeout_s=0.1)
    scope = scope_of("POST", "/v1/training-jobs", [*CSV, *CHUNKED])
    assert ask(app, scope, parts(20, every_s=0.03)).status == 200
    assert ask(app, scope, parts(1000, b"x", every_s=0.03)).status == 408
    assert ask(app, scope, parts(1, every_s=1)).status == 408


def test_an_upload_that_breaks_off_is_no_whole_file(uploading: Callable[..., FastAPI]) -> None:
    async def broken() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert ask(uploading(), scope_of("POST", "/v1/training-jobs", [*CSV, *CHUNKED]), broken).status == 400


class Gate:
    """Bodies that come when they are let through."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.open.wait()
        return {"type": "http.request", "body": b"{}", "more_body": False}


def test_what_is_over_the_places_is_sent_away_at_once(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"max_concurrency": 2, "rate_limit": ""}))
    gate = asyncio.Event()

    async def waiting() -> str:
        await gate.wait()
        return "done"

    app.add_api_route("/v1/waiting", waiting)
    app.add_api_route("/v1/other/7/events", waiting)

    async def scene() -> None:
        working = [asyncio.create_task(asked(app, scope_of("GET", "/v1/waiting"), empty)) for _ in range(2)]
        streams = [asyncio.create_task(asked(app, scope_of("GET", "/v1/other/7/events"), empty)) for _ in range(5)]
        await asyncio.sleep(0.05)
        refused = await asked(app, scope_of("GET", "/v1/topics"), empty)
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert json.loads(refused.body)["type"] == "urn:rasid:problem:busy"
        for path in ("/livez", "/metrics"):
            assert (await asked(app, scope_of("GET", path), empty)).status == 200
        gate.set()
        assert {answer.status for answer in await asyncio.gather(*working, *streams)} == {200}
        assert (await asked(app, scope_of("GET", "/v1/"), empty)).status == 200

    asyncio.run(scene())


def test_bodies_on_their_way_take_no_place(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"max_concurrency": 1, "rate_limit": ""}))

    async def scene() -> None:
        gate = Gate()
        headers = [(b"content-type", b"application/json"), *CHUNKED]
        slow = [
            asyncio.create_task(asked(app, scope_of("POST", "/v1/classify", headers), gate.receive)) for _ in range(9)
        ]
        await asyncio.sleep(0.05)
        assert (await asked(app, scope_of("GET", "/v1/"), empty)).status == 200
        gate.open.set()
        assert {answer.status for answer in await asyncio.gather(*slow)} <= {422, 503}

    asyncio.run(scene())


def test_uploads_take_no_place_of_other_requests(uploading: Callable[..., FastAPI]) -> None:
    app = uploading(max_concurrency=1, rate_limit="")

    async def scene() -> None:
        gate = Gate()
        scope = scope_of("POST", "/v1/training-jobs", [*CSV, *CHUNKED])
        slow = [asyncio.create_task(asked(app, dict(scope), gate.receive)) for _ in range(UPLOADS_AT_ONCE)]
        await asyncio.sleep(0.05)
        assert (await asked(app, dict(scope), gate.receive)).status == 503
        assert (await asked(app, scope_of("GET", "/v1/nowhere"), empty)).status == 404
        gate.open.set()
        assert {answer.status for answer in await asyncio.gather(*slow)} == {200}

    asyncio.run(scene())


def test_bodies_held_at_a_time_are_bounded(uploading: Callable[..., FastAPI]) -> None:
    app = uploading(max_concurrency=2, max_body_bytes=1000, rate_limit="")
    headers = [(b"content-type", b"application/json"), *CHUNKED]

    async def scene() -> None:
        gate = asyncio.Event()

        async def half() -> dict[str, Any]:
            await gate.wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        def holding() -> Receive:
            begun: list[bool] = []

            async def receive() -> dict[str, Any]:
                if begun:
                    return await half()
                begun.append(True)
                return {"type": "http.request", "body": b"x" * 900, "more_body": True}

            return receive

        held = [asyncio.create_task(asked(app, scope_of("POST", "/v1/other", headers), holding())) for _ in range(2)]
        await asyncio.sleep(0.05)
        refused = await asked(app, scope_of("POST", "/v1/other", headers), parts(1, b"x" * 500))
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        gate.set()
        assert {answer.status for answer in await asyncio.gather(*held)} == {200}
        assert (await asked(app, scope_of("POST", "/v1/other", headers), parts(1, b"x" * 1000))).status == 200

    asyncio.run(scene())
