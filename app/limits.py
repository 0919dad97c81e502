"""Refuses requests that are too large, too slow or of another kind before anything parses them."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import Problem
from app.settings import Settings

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class RequestLimits:
    """ASGI middleware: reads the body, within size and time, and hands it on whole."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 408, 413 or 415, or pass the request on."""
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self.app(scope, receive, send)
            return
        try:
            self._check_headers(Headers(scope=scope))
            async with asyncio.timeout(self.settings.receive_timeout_s):
                body = await self._body(receive)
        except TimeoutError:
            problem = Problem(408, "body-too-slow", f"The body took over {self.settings.receive_timeout_s:g} s.")
            await self._refuse(problem, scope, receive, send)
        except Problem as problem:
            await self._refuse(problem, scope, receive, send)
        else:
            if body is not None:
                await self.app(scope, _replayed(body, receive), send)

    def _check_headers(self, headers: Headers) -> None:
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem(415, "content-encoding", "Send the body as it is, without Content-Encoding.")
        kind, _, parameters = headers.get("content-type", "").lower().partition(";")
        charset = parameters.strip().removeprefix("charset=").strip('"')
        if kind.strip() != "application/json" or charset not in ("", "utf-8"):
            raise Problem(415, "content-type", "Send JSON in UTF-8 with Content-Type: application/json.")
        length = headers.get("content-length", "")
        if length.isdigit() and int(length[:20]) > self.settings.max_body_bytes:
            raise self._too_large()

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body, or None if the client went away."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self.settings.max_body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Problem:
        return Problem(
            413, "body-too-large", f"The body is over {self.settings.max_body_bytes} bytes: send less at once."
        )

    @staticmethod
    async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem.response()
        response.headers["connection"] = "close"
        await response(scope, receive, send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body once and then goes on with the connection's own messages."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
