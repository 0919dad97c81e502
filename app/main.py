"""Assembles the service; importing this module reads nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import __version__
from app.guards import install_guards
from app.jobs.job import FIELD_NAMES as JOB_FIELD_NAMES
from app.jobs.jobs import Jobs
from app.jobs.routes import jobs_api
from app.label_studio import label_studio_api
from app.metrics import Metrics
from app.models_routes import PromoteRequest, models_api
from app.problems import install_problem_handlers
from app.request_log import RequestLog
from app.routes import api, probes
from app.schemas import FIELD_NAMES
from app.service import Service
from app.settings import Settings
from app.store.access import training_export
from app.store.requests import FIELD_NAMES as STORE_FIELD_NAMES
from app.store.routes import store_api
from app.tagging_routes import tagging_api

DESCRIPTION = """Tags passages of Arabic articles about extremist groups with topics.

Errors are `application/problem+json` (RFC 9457) and never repeat what was sent. Offsets count Unicode code points of
the submitted text, half-open. A score is a calibrated probability; a passage without topic is a valid answer.
"""


def create_app(settings: Settings | None = None, metrics: Metrics | None = None) -> FastAPI:
    """The service as an ASGI app; settings come from the environment unless given, metrics are its own unless given."""
    service = Service(settings or Settings(), metrics or Metrics())
    jobs = Jobs(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.model.kept_current(), jobs.kept():
            yield

    app = FastAPI(
        title="Rasid",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/openapi.json" if service.settings.docs else None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.service = service
    app.state.jobs = jobs
    jobs.export_reviews = training_export(app.state)
    app.include_router(tagging_api)
    app.include_router(api)
    app.include_router(models_api)
    app.include_router(jobs_api)
    app.include_router(store_api)
    app.include_router(label_studio_api)
    app.include_router(probes)
    names = FIELD_NAMES | JOB_FIELD_NAMES | STORE_FIELD_NAMES | frozenset(PromoteRequest.model_fields)
    install_problem_handlers(app, names)
    install_guards(app, service.settings)
    app.add_middleware(RequestLog, service=service)
    return app
