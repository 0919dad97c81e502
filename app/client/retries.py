"""Whether and when to ask again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

_ASK_AGAIN = (429, 503)
_NEVER_RIGHT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, and how often and after which waits to ask again; times in seconds.

    The nth wait is a random part of `first_wait_s * 2**n`, at most `longest_wait_s`, and no less than the service asks
    for. An error is raised at once where the service asks for a wait longer than `longest_wait_s`.
    """

    timeout_s: float = 30.0
    retries: int = 4
    first_wait_s: float = 0.25
    longest_wait_s: float = 30.0

    def waits(self) -> Iterator[float]:
        """The longest wait before each further try."""
        return (min(self.longest_wait_s, self.first_wait_s * 2**number) for number in range(self.retries))

    def wait_s(self, most: float, met: httpx.Response | httpx.TransportError, repeatable: bool) -> float | None:
        """How long to wait after what was met, or None to give up.

        Only a `repeatable` call is made again when it may have been carried out although no answer came.
        """
        backoff = random.uniform(0, most)  # noqa: S311 - spreads callers, guards nothing
        if isinstance(met, _NEVER_RIGHT):
            return None
        if isinstance(met, httpx.TransportError):
            return backoff if repeatable or isinstance(met, _NEVER_SENT) else None
        if met.status_code not in _ASK_AGAIN:
            return None
        asked = _retry_after_s(met.headers.get("Retry-After", ""))
        return asked + backoff if asked <= self.longest_wait_s else None


def _retry_after_s(value: str) -> float:
    """The wait that a Retry-After header asks for, as seconds or as a date; 0 where it can't be read."""
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())
