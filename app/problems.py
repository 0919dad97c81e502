"""Errors as RFC 9457 problem details: what is wrong and what to do, never what was sent."""

import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass
from http import HTTPStatus
from itertools import takewhile
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.allowed import allowed_methods
from app.headers import SECURITY_HEADERS
from app.logs import log_event, told_frames

MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One fault of a request: a JSON pointer (RFC 6901) into the body and a sentence."""

    pointer: str
    detail: str


class ProblemDetails(BaseModel):
    """The body of every error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


@dataclass(eq=False)
class Problem(HTTPException):
    """An error to be told to the caller; `kind` is the last part of the problem's type URN."""

    status_code: int
    kind: str
    detail: str
    errors: Sequence[Fault] = ()
    headers: dict[str, str] | None = None

    def response(self) -> JSONResponse:
        """The problem as a response."""
        body = ProblemDetails(
            type=f"urn:rasid:problem:{self.kind}",
            title=HTTPStatus(self.status_code).phrase,
            status=self.status_code,
            detail=self.detail,
            errors=list(self.errors),
        )
        content = body.model_dump(exclude_defaults=True)
        return JSONResponse(content, self.status_code, self.headers, media_type=MEDIA_TYPE)


def install_problem_handlers(app: FastAPI, field_names: Set[str]) -> None:
    """Make every error of `app` a problem, those of routing and validation included.

    Faults of a request point at it by `field_names` and list places only, never by a name that the caller made up.
    """

    async def on_problem(_: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, Problem)
        return problem.response()

    async def on_http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        kind = phrase.lower().replace(" ", "-")
        headers = dict(error.headers) if error.headers else {}
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(allowed_methods(request))
        return Problem(error.status_code, kind, f"{phrase}: see /v1/ for what there is.", headers=headers).response()

    async def on_invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        faults = [Fault(pointer=_pointer(fault["loc"], field_names), detail=fault["msg"]) for fault in error.errors()]
        return Problem(422, "invalid-request", "The request doesn't fit its schema.", faults).response()

    async def on_crash(request: Request, error: Exception) -> JSONResponse:
        name = getattr(request.state, "request_id", "")
        log_event(f"unexpected {type(error).__name__}", logging.ERROR, request_id=name, frames=told_frames(error))
        headers = SECURITY_HEADERS | ({"X-Request-ID": name} if name else {})
        detail = "Rasid failed on this request; the error is in its log."
        return Problem(500, "internal-error", detail, headers=headers).response()

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_crash)


def _pointer(location: Sequence[Any], field_names: Set[str]) -> str:
    """A JSON pointer for a place in the body, as far as its names are the schema's own."""
    known = takewhile(lambda part: isinstance(part, int) or part in field_names, location[1:])
    return "".join(f"/{part}" for part in known)
