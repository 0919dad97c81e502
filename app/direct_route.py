"""Routes for what is asked most: FastAPI documents them, but the request is read and the answer written directly.

FastAPI's own way solves dependencies and validates the answer, which takes longer than tagging does.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from app.strict_json import strict_json

_encoded = msgspec.json.Encoder().encode


class DirectRoute(APIRoute):
    """A route whose endpoint is `async def endpoint(body: SomeModel, request: Request)` and gives JSON data.

    The body is validated as FastAPI does it, with the same errors; the answer isn't, so tests hold it to the schema.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """From request to response."""
        endpoint, field = self.endpoint, self.body_field
        assert field is not None
        model = field.field_info.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
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
            return Response(_encoded(await endpoint(body, request)), media_type="application/json")

        return answered
