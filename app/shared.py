"""What the files of endpoints share: the service, the request's id, and how errors are described in OpenAPI."""

from typing import Annotated

from fastapi import Depends, Request

from app.problems import MEDIA_TYPE, ProblemDetails
from app.service import Service

Responses = dict[int | str, dict[str, object]]


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _request_id(request: Request) -> str:
    name: str = request.state.request_id
    return name


Shared = Annotated[Service, Depends(_service)]
RequestId = Annotated[str, Depends(_request_id)]


_PROBLEM_SCHEMA = ProblemDetails.model_json_schema()
# In place, as a reference would look for it among OpenAPI's own components.
_PROBLEM_SCHEMA["properties"]["errors"]["items"] = _PROBLEM_SCHEMA.pop("$defs")["Fault"]


def problem(says: str) -> dict[str, object]:
    """A response of kind `application/problem+json` for OpenAPI."""
    return {"description": says, "content": {MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA}}}


NO_MODEL: Responses = {503: problem("No model is open")}
BODY_PROBLEMS: Responses = {
    400: problem("The body isn't proper JSON"),
    408: problem("The body came too slowly"),
    413: problem("The body is too large"),
    415: problem("Not JSON in UTF-8"),
    422: problem("The request doesn't fit its schema or limits"),
}
