"""Assembles the service; importing this module reads nothing."""

from fastapi import FastAPI

from app import __version__, late_routes
from app.early_routes import early_routes
from app.guards import install_guards
from app.lifespan import lifespan
from app.metrics import Metrics
from app.problems import install_problem_handlers
from app.request_log import RequestLog
from app.service import Service
from app.settings import Settings
from app.tagging_requests import FIELD_NAMES

DESCRIPTION = """Tags passages of Arabic articles about extremist groups with topics.

Errors are `application/problem+json` (RFC 9457) and never repeat what was sent. Offsets count Unicode code points of
the submitted text, half-open. A score is a calibrated probability; a passage without topic is a valid answer.
"""


def create_app(settings: Settings | None = None, metrics: Metrics | None = None) -> FastAPI:
    """The service as an ASGI app; settings come from the environment unless given, metrics are its own unless given."""
    service = Service(settings or Settings(), metrics or Metrics())
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
    app.state.field_names = set(FIELD_NAMES)
    app.router.routes.extend(early_routes())
    late_routes.begin(app)
    install_problem_handlers(app, app.state.field_names)
    install_guards(app, service.settings)
    app.add_middleware(RequestLog, service=service)
    return app
