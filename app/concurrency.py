"""Refuses requests beyond those that a worker works on at once, instead of making all of them wait."""

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access import PROBES
from app.limits import is_upload
from app.problems import Problem
from app.settings import Settings

UPLOADS_AT_ONCE = 4
"""Uploads have places of their own: one that comes slowly keeps no other request out."""


class ConcurrencyLimit:
    """ASGI middleware: answers 503 with Retry-After where all places are taken.

    Probes, metrics and streams of events need none.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._free = {False: settings.max_concurrency, True: UPLOADS_AT_ONCE}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if there is a place for it."""
        if scope["type"] != "http" or _needs_no_place(get_route_path(scope)):
            await self.app(scope, receive, send)
            return
        upload = is_upload(scope)
        if self._free[upload] == 0:
            problem = Problem(
                503, "busy", "The service is at its limit: send this again.", headers={"Retry-After": "1"}
            )
            await problem.response()(scope, receive, send)
            return
        self._free[upload] -= 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._free[upload] += 1


def _needs_no_place(path: str) -> bool:
    """Probes tell whether the service is overloaded, and a stream of events only waits."""
    return path in PROBES or path == "/metrics" or path.endswith("/events")
