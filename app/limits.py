"""Refuses requests that are too large, too slow or of another kind before anything parses them."""

import asyncio

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import Problem
from app.settings import Settings

UPLOADS = {
    "/v1/training-jobs": {b"text/csv"},
    "/v1/reviews/import": {b"text/csv"},
    "/v1/queue": {b"text/csv", b"text/plain"},
}
"""Where a file may be posted, of which types, which isn't held in memory; JSON works there as everywhere."""
FORMS = frozenset({"/login", "/logout", "/read"})
"""Where a page's plain form may be posted."""
MOST_HEADERS = 100
MOST_HEADER_BYTES = 16_384
LONGEST_TARGET = 8_192
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_ONCE = frozenset({b"content-type", b"content-encoding", b"content-length", b"transfer-encoding", b"host"})


def is_upload(scope: Scope) -> bool:
    """Whether the body is a file that the endpoint reads as it comes."""
    types = UPLOADS.get(get_route_path(scope)) if scope["method"] == "POST" else None
    if types is None:
        return False
    return any(_media_type(value) in types for name, value in scope["headers"] if name == b"content-type")


class RequestLimits:
    """ASGI middleware: reads a JSON body, within size and time, and hands it on whole; a CSV it measures on its way.

    The bodies held at a time are at most `max_concurrency` of the largest.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self._held = 0
        self._most_held = settings.max_concurrency * settings.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400, 408, 413, 414, 415, 431 or 503, or pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = bytearray()
        try:
            upload = is_upload(scope)
            has_body = self._checked(scope, upload)
            if has_body and not upload and not await self._read(body, receive):
                return
            if has_body and upload:
                receive = _Upload(receive, self.settings).receive
            elif scope["method"] not in _BODILESS:
                # Where none comes, the endpoint asks for one all the same: a caller who left meanwhile is no error.
                receive = _replayed(bytes(body), receive)
        except Problem as problem:
            await _refuse(problem, scope, receive, send)
        else:
            await self.app(scope, receive, send)
        finally:
            self._held -= len(body)

    def _checked(self, scope: Scope, upload: bool) -> bool:
        """Whether a body comes, once the headers are found to be in order."""
        fields = _fields(scope)
        length = fields.get(b"content-length", b"")
        if not length.strip(b"0") and b"transfer-encoding" not in fields:
            return False
        if scope["method"] in _BODILESS:
            raise Problem(400, "body-not-expected", f"{scope['method']} takes no body here.")
        if fields.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Problem(415, "content-encoding", "Send the body as it is, without Content-Encoding.")
        if not upload and not _is_form(scope, fields):
            _check_json(fields.get(b"content-type", b""))
        most = self.settings.max_upload_bytes if upload else self.settings.max_body_bytes
        if length.isdigit() and (len(length) > 20 or int(length) > most):
            raise _too_large(most)
        return True

    async def _read(self, body: bytearray, receive: Receive) -> bool:
        """Fill `body`, or give False if the client went away."""
        try:
            async with asyncio.timeout(self.settings.receive_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return False
                    part = message.get("body", b"")
                    if len(body) + len(part) > self.settings.max_body_bytes:
                        raise _too_large(self.settings.max_body_bytes)
                    if self._held + len(part) > self._most_held:
                        detail = "The service holds as many bodies as it can: send this one again."
                        raise Problem(503, "busy", detail, headers={"Retry-After": "1"})
                    body += part
                    self._held += len(part)
                    if not message.get("more_body", False):
                        return True
        except TimeoutError:
            raise _too_slow(self.settings.receive_timeout_s) from None


class _Upload:
    """A body on its way to an endpoint, measured: `receive_timeout_s` of waiting for each `max_body_bytes` of it."""

    def __init__(self, receive: Receive, settings: Settings) -> None:
        self._receive = receive
        self._settings = settings
        self._size = 0
        self._waited_s = 0.0
        self._complete = False

    async def receive(self) -> Message:
        """The next part. Raises a 408 or 413 `Problem`, and a 400 one if the client went away before the end."""
        if self._complete:
            return await self._receive()
        now = asyncio.get_running_loop().time
        began = now()
        allowed_s = self._settings.receive_timeout_s * (1 + self._size / self._settings.max_body_bytes)
        try:
            async with asyncio.timeout(allowed_s - self._waited_s):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow(allowed_s) from None
        if message["type"] == "http.disconnect":
            raise Problem(400, "body-cut-off", "The body ended too early.")
        self._waited_s += now() - began
        self._size += len(message.get("body", b""))
        if self._size > self._settings.max_upload_bytes:
            raise _too_large(self._settings.max_upload_bytes)
        self._complete = not message.get("more_body", False)
        return message


def _fields(scope: Scope) -> dict[bytes, bytes]:
    """The headers by name, if neither they nor the target are too long and none that counts comes twice."""
    fields: dict[bytes, bytes] = {}
    size = 0
    for name, value in scope["headers"]:
        if name in fields and name in _ONCE:
            raise Problem(400, "repeated-header", f"Send {name.decode()} once.")
        fields[name] = value
        size += len(name) + len(value) + 4
    if len(scope["headers"]) > MOST_HEADERS or size > MOST_HEADER_BYTES:
        raise Problem(431, "headers-too-large", f"Send at most {MOST_HEADERS} headers of {MOST_HEADER_BYTES} bytes.")
    if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
        raise Problem(414, "target-too-long", f"Send a path and query of at most {LONGEST_TARGET} bytes.")
    return fields


def _is_form(scope: Scope, fields: dict[bytes, bytes]) -> bool:
    kind = _media_type(fields.get(b"content-type", b""))
    return get_route_path(scope) in FORMS and kind == b"application/x-www-form-urlencoded"


def _check_json(content_type: bytes) -> None:
    charset = content_type.lower().partition(b";")[2].strip().removeprefix(b"charset=").strip(b'"')
    if _media_type(content_type) != b"application/json" or charset not in (b"", b"utf-8"):
        raise Problem(415, "content-type", "Send JSON in UTF-8 with Content-Type: application/json.")


def _media_type(content_type: bytes) -> bytes:
    return content_type.partition(b";")[0].strip().lower()


def _too_large(most: int) -> Problem:
    return Problem(413, "body-too-large", f"The body is over {most} bytes: send less at once.")


def _too_slow(allowed_s: float) -> Problem:
    return Problem(408, "body-too-slow", f"The body took over {allowed_s:g} s.")


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
