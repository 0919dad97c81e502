"""HTTP connections that close on callers who keep them waiting: uvicorn has no time limit of its own for that.

The time that a body takes is measured by `app.limits`, which can answer; here it is what comes before and after.
"""

import asyncio
import json
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.headers import SECURITY_HEADERS
from app.problems import MEDIA_TYPE
from app.settings import Settings

MOST_UNFINISHED_HEAD_BYTES = 65_536
LEAST_READ_BYTES = 16_384
"""What a caller reads at least of an answer in the time it is waited for."""


def http_protocol(settings: Settings) -> type[asyncio.Protocol]:
    """What `uvicorn.Config` takes as `http`; it can be pickled for a worker process."""
    return cast(type[asyncio.Protocol], partial(PromptConnection, settings.receive_timeout_s))


class PromptConnection(HttpToolsProtocol):
    """A connection that is cut when the other side takes over `wait_s` seconds for any of these.

    Sending a request's head, from its first byte or, for the first request, from the connection's begin; sending the
    rest of a body that was answered already; reading the next 16 KiB of an answer that waits to go out.

    A request that can't be read is answered after those before it, or not at all.
    """

    def __init__(
        self,
        wait_s: float,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._wait_s = wait_s
        self._owed: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._in_message = False
        self._in_head = False
        self._head_bytes = 0
        self._running: RequestResponseCycle | None = None
        self._broken = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._mind_debts()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        # uvicorn tells only the request that came last, which may wait behind the one that runs.
        self._tell_running()
        for timer in (self._owed, self._unread):
            if timer:
                timer.cancel()
        self._owed = self._unread = None

    def data_received(self, data: bytes) -> None:
        """Read on, unless a head grows without end: the parser would keep all of it."""
        if self._broken:
            return
        unfinished = self._in_head
        super().data_received(data)
        if self.transport.is_closing():
            return
        if unfinished and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_UNFINISHED_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", "Send shorter headers.")
                return
        self._mind_debts()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_message = self._in_head = True
        self._head_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one behind the body would pass for one before it."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is there too."""
        self._in_message = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request is answered, perhaps before all of it came."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._mind_debts()

    def pause_writing(self) -> None:
        """The other side doesn't read."""
        super().pause_writing()
        self._mind_reading(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The other side reads on."""
        super().resume_writing()
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        """Answer what isn't HTTP in the form of all errors."""
        self._refuse(HTTPStatus.BAD_REQUEST, "malformed-http", "This isn't a valid HTTP request.")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _mind_reading(self, unread: int) -> None:
        """See after a while whether enough of what was `unread` went out: a large answer may take long as a whole."""

        def look() -> None:
            now = self.transport.get_write_buffer_size()
            if unread - now < LEAST_READ_BYTES:
                self._cut()
            else:
                self._mind_reading(now)

        self._unread = self.loop.call_later(self._wait_s, look)

    def _mind_debts(self) -> None:
        """Start the clock if the other side owes something, stop it if not."""
        if not self._is_owed():
            if self._owed:
                self._owed.cancel()
                self._owed = None
        elif self._owed is None:
            self._owed = self.loop.call_later(self._wait_s, self._cut)

    def _is_owed(self) -> bool:
        answered = self.cycle is None or self.cycle.response_complete
        if self._in_message:
            return self._in_head or answered
        # Between requests uvicorn's keep-alive clock runs, but stray bytes stop it.
        return answered and self.timeout_keep_alive_task is None

    def _refuse(self, status: HTTPStatus, kind: str, detail: str) -> None:
        """End the connection: after the answers to the requests that came whole, if any is still to come."""
        self._broken = True
        running = self._running
        if running is None or running.response_complete:
            self._answer(status, kind, detail)
        elif running is not self.cycle or not running.more_body:
            if self.pipeline and self.cycle.more_body:
                self.pipeline.popleft()
            last = self.pipeline[0][0] if self.pipeline else running
            last.keep_alive = False
        elif running.response_started:
            self._cut()
        else:
            self._answer(status, kind, detail)

    def _cut(self) -> None:
        self._tell_running()
        self.transport.abort()

    def _tell_running(self) -> None:
        """Let the request that runs know that nobody waits for its answer."""
        if self._running and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _answer(self, status: HTTPStatus, kind: str, detail: str) -> None:
        problem = {"type": f"urn:rasid:problem:{kind}", "title": status.phrase, "status": status, "detail": detail}
        body = json.dumps(problem).encode()
        headers = {
            "content-type": MEDIA_TYPE,
            "content-length": str(len(body)),
            "connection": "close",
            **SECURITY_HEADERS,
        }
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self._tell_running()
        self.transport.close()
