"""Times and ids as the store writes them."""

import secrets
import time
from datetime import UTC, datetime


def now() -> str:
    """The time in UTC as ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def new_id() -> str:
    """A new id of 32 hexadecimal digits; ids sort as the times they were made at, to the millisecond."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
