"""The endpoints that are there from the first moment and asked most: tagging and probes, without FastAPI's part.

FastAPI solves dependencies and validates answers, which takes longer than tagging does, and describes every endpoint
before it answers the first. `rare_routes` has all of that, these endpoints' descriptions included.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from app.probes import livez, readyz
from app.strict_json import strict_json
from app.tagging import classify, classify_batch
from app.tagging_requests import BatchRequest, ClassifyRequest

Body = TypeVar("Body", bound=BaseModel)


class EarlyRoute(Route):
    """A route that leaves itself in the scope, as FastAPI's do."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the route is for a request, and what it adds to the scope."""
        match, child = super().matches(scope)
        return match, {**child, "route": self} if match is not Match.NONE else child


def early_routes() -> list[EarlyRoute]:
    """The routes of `EARLY_PATHS`."""
    return [
        EarlyRoute("/v1/classify", _answered(classify, ClassifyRequest), methods=["POST"]),
        EarlyRoute("/v1/classify/batch", _answered(classify_batch, BatchRequest), methods=["POST"]),
        EarlyRoute("/livez", livez, methods=["GET"]),
        EarlyRoute("/readyz", readyz, methods=["GET"]),
    ]


EARLY_PATHS = frozenset({"/v1/classify", "/v1/classify/batch", "/livez", "/readyz"})


def _answered(
    endpoint: Callable[[Body, Request], Awaitable[Any]], model: type[Body]
) -> Callable[[Request], Awaitable[Response]]:
    """From request to response.

    The body is validated as FastAPI does it, with the same errors; the answer isn't, so tests hold it to its schema.
    """
    validated = model.__pydantic_validator__.validate_python

    async def answered(request: Request) -> Response:
        written = await request.body()
        if not written:
            raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
        sent = strict_json(written)
        try:
            body = validated(sent)
        except ValidationError as fault:
            faults = fault.errors(include_url=False, include_input=False)
            raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in faults]) from None
        return Response(to_json(await endpoint(body, request)), media_type="application/json")

    return answered
