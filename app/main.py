"""Assembles the service; importing this module reads nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import __version__
from app.limits import RequestLimits
from app.metrics import Metrics, RequestMetrics
from app.problems import install_problem_handlers
from app.routes import api, probes
from app.schemas import FIELD_NAMES
from app.service import Service
from app.settings import Settings

DESCRIPTION = """Tags passages of Arabic articles about extremist groups with topics.

Errors are `application/problem+json` (RFC 9457) and never repeat what was sent. Offsets count Unicode code points of
the submitted text, half-open. A score is a calibrated probability; a passage without topic is a valid answer.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an ASGI app; settings come from the environment unless given."""
    service = Service(settings or Settings(), Metrics())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.open_model()
        yield

    app = FastAPI(title="Rasid", version=__version__, description=DESCRIPTION, lifespan=lifespan)
    app.state.service = service
    app.include_router(api)
    app.include_router(probes)
    install_problem_handlers(app, FIELD_NAMES)
    app.add_middleware(RequestLimits, settings=service.settings)
    app.add_middleware(RequestMetrics, metrics=service.metrics)
    return app
