"""What the guards do to callers, written into the OpenAPI description: keys, roles and refusals."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from app.access import PROBES, needed_role
from app.shared import Responses, problem

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `rasid keys new`."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key of `rasid keys new`."},
}
_RETRY_AFTER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
_ALWAYS: Responses = {
    400: problem("A header is missing, doubled or wrong, or a body isn't proper JSON"),
    414: problem("The path and query are too long"),
    431: problem("The headers are too long or too many"),
}
_KEYED: Responses = {
    401: problem("No key, or an unknown one"),
    403: problem("The key's role is too low, or a page of another site asks"),
    421: problem("Without keys: called by another name than those of this machine"),
    **_ALWAYS,
}
_BUSY: Responses = {
    429: {**problem("Too many requests"), "headers": _RETRY_AFTER},
    503: {**problem("Too much work at once"), "headers": _RETRY_AFTER},
}


def with_guards(app: FastAPI, plain: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `plain` says of the endpoints of `app`, with keys, roles and refusals; made once."""
    if app.openapi_schema is None:
        schema = plain()
        schema.setdefault("components", {})["securitySchemes"] = _SCHEMES
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                _describe(method.upper(), path, operation)
        app.openapi_schema = schema
    return app.openapi_schema


def _describe(method: str, path: str, operation: dict[str, Any]) -> None:
    role = needed_role(method, path)
    added = dict(_ALWAYS if role is None else _KEYED)
    if role is not None:
        operation["security"] = [{name: []} for name in _SCHEMES]
        operation["description"] = f"{operation.get('description', '')}\n\nLeast role: `{role.label}`.".strip()
    if path not in PROBES:
        added |= _BUSY
    for status, response in added.items():
        operation["responses"].setdefault(str(status), response)
