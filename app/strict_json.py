"""Reads JSON as I-JSON (RFC 7493) means it: UTF-8, no NaN, no repeated names, no lone surrogates; and no NUL."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.problems import Problem


def strict_json(body: bytes) -> Any:
    """The value that `body` holds. Raises a 400 `Problem` that says what is wrong, never what was sent."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except UnicodeDecodeError as fault:
        raise _bad(f"The body isn't UTF-8 (byte {fault.start}).") from None
    except json.JSONDecodeError as fault:
        raise _bad(f"The body isn't JSON (line {fault.lineno}, column {fault.colno}: {fault.msg}).") from None
    except RecursionError:
        raise _bad("The body is nested too deeply.") from None
    except ValueError:
        raise _bad("The body holds a number that is too long.") from None


def plain_text(value: str) -> str:
    """`value`, if it has no NUL and no half of a surrogate pair; for Pydantic, raises `ValueError`."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair") from None
    if "\0" in value:
        raise ValueError("holds a NUL character")
    return value


class StrictRoute(APIRoute):
    """A route whose JSON body is read by `strict_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler on a request that reads strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


class _StrictRequest(Request):
    async def json(self) -> Any:
        return strict_json(await self.body())


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _bad("An object of the body has the same name twice.")
    return found


def _refuse_constant(_: str) -> Any:
    raise _bad("The body holds NaN or Infinity, which JSON doesn't have.")


def _bad(detail: str) -> Problem:
    return Problem(400, "malformed-json", detail)
