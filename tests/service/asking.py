"""Requests made by hand: an ASGI app is called without a client or a server between."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

Receive = Callable[[], Awaitable[dict[str, Any]]]
Headers = Sequence[tuple[bytes, bytes]]


class BodyReadError(AssertionError):
    """Somebody asked for the body too early."""


async def forbidden() -> dict[str, Any]:
    raise BodyReadError


async def empty() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def scope_of(
    method: str, path: str, headers: Headers = (), client: tuple[str, int] = ("127.0.0.1", 1)
) -> dict[str, Any]:
    named = {name for name, _ in headers}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*headers] if b"host" in named else [(b"host", b"localhost"), *headers],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": client,
        "state": {},
    }


@dataclass
class Answer:
    sent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


async def asked(app: ASGIApp, scope: dict[str, Any], receive: Receive = forbidden) -> Answer:
    answer = Answer()

    async def send(message: Any) -> None:
        answer.sent.append(message)

    await app(scope, receive, send)
    return answer


def ask(app: ASGIApp, scope: dict[str, Any], receive: Receive = forbidden) -> Answer:
    return asyncio.run(asked(app, scope, receive))


def bearer(key: str) -> Headers:
    return [(b"authorization", b"Bearer " + key.encode())]
