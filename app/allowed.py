"""Which methods a path has, for the answer to one that it hasn't."""

from functools import lru_cache
from re import Pattern

from fastapi.routing import iter_route_contexts
from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.routing import compile_path


def allowed_methods(request: Request) -> list[str]:
    """The methods of all endpoints at the request's path, as RFC 9110 wants them in `Allow`; none for an unknown path.

    Starlette names those of the first endpoint alone. Of several patterns that fit the path the one with the fewest
    parameters counts: `/v1/models/rollback` is no version.
    """
    path = get_route_path(request.scope)
    found: dict[str, set[str]] = {}
    for route in iter_route_contexts(request.app.routes):
        if route.path and _pattern(route.path).match(path):
            found.setdefault(route.path, set()).update(route.methods or ())
    if not found:
        return []
    return sorted(found[min(found, key=lambda template: template.count("{"))])


@lru_cache(maxsize=256)
def _pattern(template: str) -> Pattern[str]:
    return compile_path(template)[0]
