"""Sessions of people who signed in with a key: a random id in a cookie, and on disk whose it is and until when.

The disk holds a hash of the id, so that whoever reads the files can't use a session. A session lives as long as its
key: a revoked key ends it, and a new key of the same name doesn't revive it.
"""

import hashlib
import json
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from starlette.types import Scope

from app.callers import Caller
from app.keys import KeyRecord, Keys
from app.settings import Settings
from app.tagger.durable import make_folder, replace_file

LASTS_S = 12 * 3600
"""How long a session lasts at most: a working day."""
CSRF_HEADER = "X-CSRF-Token"
_ID_BYTES = 32
_LONGEST_COOKIE = 4096


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is on disk of a session: its key's name and hash, and when it ends in seconds since 1970."""

    name: str
    hash: str
    ends: float


class Sessions:
    """The sessions in `<state>/sessions/`, one small file each, which all workers see."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.state / "sessions"

    def begin(self, record: KeyRecord) -> str:
        """Begin a session for the owner of a key and give its id; removes those that have ended. Raises `OSError`."""
        make_folder(self._folder)
        self._folder.chmod(0o700)
        self._tidy()
        session = secrets.token_urlsafe(_ID_BYTES)
        kept = _Kept(record.name, record.hash, time.time() + LASTS_S)
        replace_file(self._file(session), json.dumps(asdict(kept)).encode())
        return session

    def caller(self, session: str, keys: Keys) -> Caller | None:
        """Who signed in; None if the session has ended or its key is gone."""
        kept = _read(self._file(session))
        if kept is None or kept.ends < time.time():
            return None
        for record in keys.records:
            if (record.name, record.hash) == (kept.name, kept.hash):
                return Caller(record.name, record.role)
        return None

    def end(self, session: str) -> None:
        """End a session, for whoever has a copy of its cookie too. Raises `OSError`."""
        self._file(session).unlink(missing_ok=True)

    def _file(self, session: str) -> Path:
        return self._folder / hashlib.sha256(session.encode()).hexdigest()

    def _tidy(self) -> None:
        for path in self._folder.iterdir():
            kept = _read(path)
            if kept is None or kept.ends < time.time():
                with suppress(OSError):
                    path.unlink(missing_ok=True)


def cookie_name(scope: Scope) -> str:
    """The cookie's name; over TLS one that a browser takes from this very host only, and only if it is secure."""
    return "__Host-rasid" if scope["scheme"] == "https" else "rasid"


def sent_session(scope: Scope) -> str | None:
    """The id in the request's cookie, if there is one."""
    return sent_cookie(scope, cookie_name(scope))


def sent_cookie(scope: Scope, name: str) -> str | None:
    """A cookie's value, None where it is missing or empty."""
    sent = b"; ".join(value for header, value in scope["headers"] if header == b"cookie")
    if not sent or len(sent) > _LONGEST_COOKIE:
        return None
    try:
        found = SimpleCookie(sent.decode("latin-1")).get(name)
    except CookieError:
        return None
    return found.value or None if found is not None else None


def csrf_token(session: str) -> str:
    """What a page of this session sends with each change: other sites can't read it."""
    return hashlib.sha256(b"rasid csrf\0" + session.encode()).hexdigest()


def _read(path: Path) -> _Kept | None:
    try:
        return _Kept(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
