"""Reads what a plain form sends."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from app.callers import LOCAL
from app.problems import Problem
from app.web.guarding import check_token

_MOST_FIELDS = 10


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form in UTF-8, with line ends as single LF. Raises a 400 `Problem` for anything else."""
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise Problem(400, "malformed-form", "The form isn't in UTF-8: load the page again and repeat.") from None
    # Browsers send line ends as CR LF and show them as LF: places in the text are counted as they are shown.
    return {name: value.replace("\r\n", "\n").replace("\r", "\n") for name, value in pairs}


def check_form(request: Request, form: dict[str, str]) -> None:
    """Raise a 403 `Problem` for a form of somebody who is signed in that wasn't made by a page of the session."""
    session = getattr(request.state, "session", None)
    if session is not None and getattr(request.state, "caller", None) is not LOCAL:
        check_token(form.get("csrf", ""), session)
