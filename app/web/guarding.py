"""What the guards ask about browsers: whose session a request is, whether its page is ours, where to sign in."""

import hmac
from urllib.parse import quote

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from app.access import SAFE_METHODS
from app.callers import Caller
from app.keys import Keys
from app.local_callers import refuse_foreign_pages
from app.problems import Problem
from app.web.sessions import CSRF_HEADER, Sessions, csrf_token, sent_session

FORMS = frozenset({"/login", "/logout", "/read"})
"""Where plain forms are sent to; their token is a field, which their endpoints check."""
PAGES = frozenset({"/", "/read", "/review", "/models", "/topics"})


def signed_in(scope: Scope, sessions: Sessions, keys: Keys) -> Caller | None:
    """The caller whose session the cookie names, left in the scope's state as `session`; None where there is none.

    Raises a 403 `Problem` for a change that wasn't sent by a page of this session.
    """
    session = sent_session(scope)
    caller = sessions.caller(session, keys) if session else None
    if session is None or caller is None:
        return None
    refuse_foreign_pages(scope)
    if scope["method"] not in SAFE_METHODS and get_route_path(scope) not in FORMS:
        check_token(Headers(scope=scope).get(CSRF_HEADER, ""), session)
    scope.setdefault("state", {})["session"] = session
    return caller


def check_token(token: str, session: str) -> None:
    """Raise a 403 `Problem` unless the token is that of the session."""
    if not hmac.compare_digest(token.encode(), csrf_token(session).encode()):
        raise Problem(403, "page-too-old", "This page is of an earlier session: load it again, then repeat the step.")


def sign_in_page(scope: Scope, problem: Problem) -> Response | None:
    """Where a browser that asked for a page without a session is sent; None for everybody and everything else."""
    path = get_route_path(scope)
    if problem.status_code != 401 or path not in PAGES or "text/html" not in Headers(scope=scope).get("accept", ""):
        return None
    wanted = "/" if path == "/read" else path
    return RedirectResponse(f"{scope.get('root_path', '')}/login?next={quote(wanted)}", 303)
