"""Adds the endpoints that few ask for when the first of them is asked for, so that a service starts without them."""

import asyncio
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from starlette._utils import get_route_path
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from app.early_routes import EARLY_PATHS
from app.lifespan import begin_jobs


class LateRoutes:
    """ASGI middleware, to be the innermost: completes `owner` before the first request that isn't for an early path."""

    def __init__(self, app: ASGIApp, owner: FastAPI) -> None:
        self.app = app
        self._owner = owner
        self._one = asyncio.Lock()
        self._begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on once its endpoint is there."""
        if scope["type"] == "http" and not self._begun and get_route_path(scope) not in EARLY_PATHS:
            async with self._one:
                await run_in_threadpool(import_module, "app.rare_routes")
                complete(self._owner)
                await begin_jobs(self._owner)
                self._begun = True
        await self.app(scope, receive, send)


def begin(owner: FastAPI) -> None:
    """Let `owner` complete itself when it is asked for, or for its description."""
    owner.state.complete = False
    owner.add_middleware(LateRoutes, owner=owner)
    plain = owner.openapi

    def described() -> dict[str, Any]:
        from app.guards_in_openapi import with_guards

        complete(owner)
        return with_guards(owner, plain)

    owner.openapi = described  # type: ignore[method-assign]


def is_complete(owner: FastAPI) -> bool:
    """Whether all endpoints are there."""
    return bool(owner.state.complete)


def complete(owner: FastAPI) -> None:
    """Add all endpoints to `owner` if they aren't there yet."""
    if not is_complete(owner):
        from app.rare_routes import add_rare_routes

        owner.state.complete = True
        add_rare_routes(owner)
