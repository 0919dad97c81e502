"""Names, times, counts and logs each request; the only place that knows a request's outcome as its caller saw it."""

import os
import re
import time
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.logs import log_event
from app.service import Service

_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
UNMATCHED = "unmatched"
"""The route of requests that no endpoint has: their own paths are never shown."""


@dataclass(slots=True)
class _Answer:
    """What went out; status 0 if nothing did."""

    status: int = 0
    size: int = 0


class RequestLog:
    """ASGI middleware, to be the outermost.

    Leaves the request's id in `scope["state"]["request_id"]` and puts it on the answer as `X-Request-ID`. While the
    service stops, answers close their connection, so that callers go elsewhere.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, then count and log it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        name = scope.setdefault("state", {})["request_id"] = _request_id(scope)
        answer = _Answer()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", name.encode())]
                if self.service.stopping:
                    message["headers"].append((b"connection", b"close"))
            else:
                answer.size += len(message.get("body", b""))
            await send(message)

        failed = True
        try:
            await self.app(scope, receive, noting)
            failed = False
        finally:
            if failed and not answer.status:
                answer.status = 500
            self._tell(scope, answer, time.perf_counter() - started)

    def _tell(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self.service.metrics.count_request(route, answer.status, seconds)
        state = scope["state"]
        log_event(
            "request",
            request_id=state["request_id"],
            method=_method(scope),
            route=route,
            status=answer.status or None,
            ms=round(seconds * 1000, 2),
            bytes=answer.size,
            model=state.get("model"),
            caller=getattr(state.get("caller"), "name", None),
        )


def _request_id(scope: Scope) -> str:
    """The id that the caller gave, if it is a proper one, or a new one."""
    for key, value in scope["headers"]:
        if key == b"x-request-id" and _ID.fullmatch(value):
            return str(value, "ascii")
    return os.urandom(16).hex()


def _method(scope: Scope) -> str:
    """The method, unless a caller made it up."""
    method: str = scope["method"]
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"
