"""Which places are URLs, and why a store that fsspec reaches can't be read, in the words of one sentence."""

import re
import sys
from pathlib import Path

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:/")
_OF_LIBRARIES = {
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "aiohttp": ("ClientError",),
}
_REASONS = {FileNotFoundError: "nothing is there", PermissionError: "its store refuses"}


def is_url(place: Path) -> bool:
    """Whether a URL was given where a path belongs, which has swallowed one of its two slashes."""
    return _SCHEME.match(str(place)) is not None


def store_faults(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """What reading may raise because of the store: `OSError`, `others`, and what the libraries in use raise.

    Such are a store that doesn't answer and credentials that are missing: s3fs lets botocore's errors through.
    """
    loaded = [(sys.modules[module], names) for module, names in _OF_LIBRARIES.items() if module in sys.modules]
    return (OSError, *others, *(getattr(module, name) for module, names in loaded for name in names))


def store_reason(fault: BaseException) -> str:
    """The reason as the system gives it, or the first line of what the library says, without its full stop.

    Arrow says what is wrong in its first line; it never quotes cells there.
    """
    usual = next((reason for kind, reason in _REASONS.items() if isinstance(fault, kind)), None)
    told = getattr(fault, "strerror", None) or usual
    return told or str(fault).strip().partition("\n")[0].rstrip(".: ") or type(fault).__name__


def missing_library(fault: ImportError) -> str:
    """What to install to reach a store; fsspec names the library in the error's cause."""
    cause = fault.__cause__ if isinstance(fault.__cause__, ImportError) else fault
    name = cause.name and cause.name.partition(".")[0]
    return f"{name} isn't installed: pip install {name}" if name else str(fault).rstrip(".")
