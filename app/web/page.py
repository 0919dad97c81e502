"""Turns a template into a page: in the reader's language, everything escaped, under a strict policy."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.callers import LOCAL, Role
from app.service import Service
from app.web.languages import COOKIE, language, wanted_language
from app.web.sessions import csrf_token
from app.web.static_files import static_digest
from app.web.topic_styles import shown_topics

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
"""Without a referrer browsers send `Origin: null` with plain forms, which can't be told from those of other sites."""
_YEAR_S = 31_536_000
_FOLDER = Path(__file__).parent


def rendered(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page; a language that the address names is kept in a cookie."""
    found = wanted_language(request)
    root = request.scope.get("root_path", "")
    caller = getattr(request.state, "caller", None)
    session = getattr(request.state, "session", None)
    service: Service = request.app.state.service
    shared = {
        "language": found,
        "say": found.say,
        "path": request.scope["path"],
        "root": root,
        "static": f"{root}/static/{static_digest()}",
        "caller": caller,
        "local": caller is LOCAL,
        "may_review": caller is not None and caller.role >= Role.REVIEW,
        "may_administer": caller is not None and caller.role >= Role.ADMIN,
        "csrf": csrf_token(session) if session else "",
        "topics": shown_topics(service.tagger),
        "version": service.tagger.version if service.tagger else "",
        "most_bytes": service.settings.max_body_bytes,
    }
    content = _templates().get_template(template).render(**shared, **context)
    response = HTMLResponse(content, status, {**HEADERS, "Content-Language": found.code})
    chosen = request.query_params.get("lang")
    if chosen:
        code = language(chosen).code
        secure = request.scope["scheme"] == "https"
        response.set_cookie(COOKIE, code, _YEAR_S, path=f"{root}/", secure=secure, httponly=True, samesite="lax")
    return response


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
