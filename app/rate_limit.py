"""Refuses callers that send more requests than `rate_limit` lets each send."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from starlette._utils import get_route_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access import PROBES
from app.callers import LOCAL
from app.problems import Problem
from app.tagger import InputError

_SWEEP_AT = 1024


def parsed_limits(text: str) -> tuple[RateLimitItem, ...]:
    """The limits that a setting names, such as `20/second; 1200/minute`; none for an empty one.

    Raises `InputError` for anything else.
    """
    try:
        limits = tuple(parse_many(text)) if text.strip() else ()
    except ValueError:
        limits = None
    if limits is None or any(limit.amount < 1 for limit in limits):
        raise InputError("RASID_RATE_LIMIT isn't a rate: write it like 20/second or 20/second; 1200/minute.")
    return limits


class RateLimit:
    """ASGI middleware: answers 429 with Retry-After to a key, or an address without key, that is over its limit.

    Each worker counts for itself, in windows that begin with a caller's first request.
    """

    def __init__(self, app: ASGIApp, limits: tuple[RateLimitItem, ...]) -> None:
        self.app = app
        self._limits = limits
        self._windows = Windows()
        self._strategy = FixedWindowRateLimiter(self._windows)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request and pass it on, or refuse it."""
        if scope["type"] == "http" and get_route_path(scope) not in PROBES:
            caller = scope.get("state", {}).get("caller")
            known = caller is not None and caller is not LOCAL
            who = f"key {caller.name}" if known else f"address {(scope.get('client') or ('',))[0]}"
            for limit in self._limits:
                if not self._strategy.hit(limit, who):
                    wait_s = self._strategy.get_window_stats(limit, who).reset_time - time.monotonic()
                    await _refusal(wait_s).response()(scope, receive, send)
                    return
        await self.app(scope, receive, send)


def _refusal(wait_s: float) -> Problem:
    seconds = max(1, math.ceil(wait_s))
    detail = f"Too many requests: send the next one in {seconds} s."
    return Problem(429, "too-many-requests", detail, headers={"Retry-After": str(seconds)})


@dataclass(slots=True)
class _Window:
    count: int
    ends: float


class Windows(Storage):
    """Counts for `limits`, by the monotonic clock: setting the machine's clock locks nobody out.

    The library's own storage in memory goes by the wall clock and starts a thread for nearly every request.
    """

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, _Window] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library would wrap; nothing is raised here."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` more and give the count of the window, which lasts `expiry` seconds."""
        now = time.monotonic()
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            if len(self._windows) >= _SWEEP_AT:
                self._windows = {name: kept for name, kept in self._windows.items() if kept.ends > now}
            window = self._windows[key] = _Window(0, now + expiry)
        window.count += amount
        return window.count

    def get(self, key: str) -> int:
        """The count of the window now."""
        window = self._windows.get(key)
        return window.count if window and window.ends > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, by the monotonic clock."""
        window = self._windows.get(key)
        return window.ends if window else time.monotonic()

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget all counts and give how many there were."""
        count = len(self._windows)
        self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one count."""
        self._windows.pop(key, None)
