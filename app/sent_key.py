"""The key that a request brings, in the three ways that there are."""

import base64
from dataclasses import dataclass

from starlette.types import Scope

from app.problems import Problem

_LONGEST = 512
"""Bytes of a header with a key; real ones are far shorter."""


@dataclass(frozen=True, slots=True)
class SentKey:
    """A key; `by_browser` where a browser may have sent it without being asked to by the page it shows."""

    key: bytes
    by_browser: bool = False


def sent_key(scope: Scope) -> SentKey:
    """The key of a request. Raises a 400 or 401 `Problem` unless there is exactly one.

    Programs that know no other way, Label Studio for one, send it as the password of Basic authentication.
    """
    sent = [field for field in scope["headers"] if field[0] in (b"authorization", b"x-api-key")]
    if len(sent) > 1:
        raise Problem(400, "several-keys", "Send one key, in Authorization or in X-API-Key, once.")
    if sent and len(sent[0][1]) <= _LONGEST:
        name, value = sent[0]
        if name == b"authorization":
            scheme, _, value = value.strip().partition(b" ")
            if scheme.lower() == b"basic" and (password := _password(value)):
                return SentKey(password, by_browser=True)
            if scheme.lower() != b"bearer":
                value = b""
        if value.strip():
            return SentKey(value.strip())
    raise unknown_key("Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`.")


def brings_key(scope: Scope) -> bool:
    """Whether a request has a header for a key, be the key good or not."""
    return any(name in (b"authorization", b"x-api-key") for name, _ in scope["headers"])


def unknown_key(detail: str, *, invalid: bool = False) -> Problem:
    """The 401 for a request without key, or with one that isn't good. Never asks a browser for a password."""
    challenge = 'Bearer realm="rasid"' + (', error="invalid_token"' if invalid else "")
    return Problem(401, "unknown-key", detail, headers={"WWW-Authenticate": challenge})


def _password(value: bytes) -> bytes:
    try:
        return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
    except ValueError:
        return b""
