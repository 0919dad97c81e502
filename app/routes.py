"""What the service says about itself, and the probes."""

import prometheus_client
from fastapi import APIRouter, Response

from app import __version__
from app.probes import livez, readyz
from app.problems import Problem
from app.schemas import Limits, ServiceResponse, StatusResponse, TopicsResponse, topic_results
from app.shared import NO_MODEL, Shared
from app.strict_json import StrictRoute

api = APIRouter(prefix="/v1", route_class=StrictRoute)
probes = APIRouter()


@api.get("/", tags=["service"])
async def describe(service: Shared) -> ServiceResponse:
    """What this service is: version, model, limits and links."""
    tagger = service.tagger
    paths = ("classify", "classify/batch", "topics", "models")
    return ServiceResponse(
        service="rasid",
        version=__version__,
        model=service.model_name(tagger) if tagger else None,
        engine=tagger.engine if tagger else None,
        limits=Limits.model_validate(service.settings, from_attributes=True),
        links={path.replace("/", "_"): f"/v1/{path}" for path in paths} | {"openapi": "/openapi.json", "docs": "/docs"},
    )


@api.get("/topics", tags=["service"], responses=NO_MODEL)
async def topics(service: Shared) -> TopicsResponse:
    """The topics of the model that serves, with their thresholds."""
    tagger = service.ready_tagger()
    return TopicsResponse(model=service.model_name(tagger), topics=topic_results(tagger))


probes.add_api_route("/livez", livez, tags=["probes"], response_model=StatusResponse)
probes.add_api_route("/readyz", readyz, tags=["probes"], response_model=StatusResponse)


@probes.get("/metrics", tags=["probes"], response_class=Response)
def metrics(service: Shared) -> Response:
    """Prometheus metrics in text form; with several workers those of all."""
    if not service.settings.metrics:
        raise Problem(404, "not-found", "Metrics are switched off: see /v1/ for what there is.")
    return Response(service.metrics.text(), media_type=prometheus_client.CONTENT_TYPE_LATEST)
