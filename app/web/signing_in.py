"""Signing in with a key and out again."""

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.keys import KeyRecord, Keys, KeysError, hash_of, load_keys
from app.local_callers import is_loopback, refuse_foreign_pages
from app.logs import log_event
from app.problems import Problem
from app.settings import Settings
from app.web.forms import check_form, form_of
from app.web.guarding import PAGES
from app.web.page import rendered
from app.web.sessions import LASTS_S, Sessions, cookie_name

_LONGEST_KEY = 512
_PRINTED = re.compile(r"[!-~]+")


async def show_login(request: Request) -> Response:
    """The form to sign in with; a service that needs no keys goes on to the first page."""
    if await run_in_threadpool(_is_open, request.app.state.service.settings):
        return _to(request, "/")
    return rendered(request, "login.html", wanted=_wanted(request.query_params.get("next", "")), fault="")


async def sign_in(request: Request) -> Response:
    """Begin a session for the owner of the key in the form, and go to the page that she wanted."""
    refuse_foreign_pages(request.scope)
    form = await form_of(request)
    settings: Settings = request.app.state.service.settings
    wanted = _wanted(form.get("next", ""))
    key = form.get("key", "").strip()
    session = await run_in_threadpool(_begun, settings, key) if _may_be_key(key) else None
    if session is None:
        return rendered(request, "login.html", 401, wanted=wanted, fault="login_refused")
    response = _to(request, wanted)
    response.set_cookie(
        cookie_name(request.scope),
        session,
        max_age=LASTS_S,
        path="/",
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )
    return response


async def sign_out(request: Request) -> Response:
    """End the session and forget its cookie."""
    check_form(request, await form_of(request))
    session = getattr(request.state, "session", None)
    if session is not None:
        try:
            await run_in_threadpool(Sessions(request.app.state.service.settings).end, session)
        except OSError:
            raise _unwritable() from None
    response = _to(request, "/login")
    name = cookie_name(request.scope)
    response.delete_cookie(name, path="/", secure=name.startswith("__Host-"), httponly=True, samesite="strict")
    return response


def _begun(settings: Settings, key: str) -> str | None:
    """The id of a new session of a key's owner; None for an unknown key. Raises a 503 `Problem`."""
    try:
        keys = load_keys(settings)
    except KeysError:
        raise Problem(503, "keys-unreadable", "The keys can't be read: see the service's log.") from None
    record = _record(keys, key)
    if record is None:
        log_event("sign-in refused")
        return None
    try:
        session = Sessions(settings).begin(record)
    except OSError:
        raise _unwritable() from None
    log_event("signed in", caller=record.name)
    return session


def _record(keys: Keys, key: str) -> KeyRecord | None:
    caller = keys.caller_of(key.encode())
    if caller is None:
        return None
    digest = hash_of(key.encode(), keys.secret)
    return next(record for record in keys.records if record.hash == digest)


def _may_be_key(key: str) -> bool:
    return len(key) <= _LONGEST_KEY and bool(_PRINTED.fullmatch(key))


def _is_open(settings: Settings) -> bool:
    try:
        return is_loopback(settings.host) and not load_keys(settings).given
    except KeysError:
        return False


def _wanted(path: str) -> str:
    """The page to go to: one of ours, whatever the address says."""
    return path if path in PAGES - {"/read"} else "/"


def _to(request: Request, path: str) -> RedirectResponse:
    return RedirectResponse(request.scope.get("root_path", "") + path, 303)


def _unwritable() -> Problem:
    return Problem(503, "state-unwritable", "The service can't write its state folder: check RASID_STATE.")
