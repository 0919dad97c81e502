"""The endpoints under /v1/ and the probes."""

from typing import Annotated
from uuid import uuid4

import prometheus_client
from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi.responses import JSONResponse

from app import __version__, examples
from app.problems import MEDIA_TYPE, Problem, ProblemDetails
from app.schemas import (
    BatchRequest,
    BatchResponse,
    ClassifyRequest,
    ClassifyResponse,
    DocumentResult,
    Limits,
    ModelDetails,
    ModelsResponse,
    ModelSummary,
    ServiceResponse,
    StatusResponse,
    TopicsResponse,
    article_result,
    passage_results,
    topic_results,
)
from app.service import Service
from app.strict_json import StrictRoute
from app.tagger import InputError
from app.tagger.versions import VersionFacts


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Shared = Annotated[Service, Depends(_service)]


def _request_id(response: Response) -> str:
    name = uuid4().hex
    response.headers["X-Request-ID"] = name
    return name


RequestId = Annotated[str, Depends(_request_id)]

_PROBLEM = {"content": {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}}}
_PROBLEMS: dict[int | str, dict[str, object]] = {
    400: {"description": "The body isn't proper JSON", **_PROBLEM},
    408: {"description": "The body came too slowly", **_PROBLEM},
    413: {"description": "The body is too large", **_PROBLEM},
    415: {"description": "Not JSON in UTF-8", **_PROBLEM},
    422: {"description": "The request doesn't fit its schema or limits", **_PROBLEM},
    503: {"description": "No model is open", **_PROBLEM},
}
_NO_MODEL: dict[int | str, dict[str, object]] = {503: _PROBLEMS[503]}
_NO_VERSION: dict[int | str, dict[str, object]] = {
    404: {"description": "No such version", **_PROBLEM},
    422: _PROBLEMS[422],
    **_NO_MODEL,
}

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


@api.post("/classify", tags=["tagging"], responses=_PROBLEMS, response_model_exclude_none=True)
async def classify(
    body: Annotated[ClassifyRequest, Body(openapi_examples=examples.CLASSIFY_REQUEST)],
    service: Shared,
    request_id: RequestId,
) -> ClassifyResponse:
    """Slice an article into passages and tag each with topics."""
    tagger = service.ready_tagger()
    try:
        article = await service.tagged(tagger, body.text, body.for_core(service.settings.max_passages))
    except InputError as fault:
        raise Problem(422, "invalid-request", str(fault)) from None
    return ClassifyResponse(
        request_id=request_id,
        model=service.model_name(tagger),
        passages=passage_results(article, body.all_scores),
        article=article_result(article),
    )


@api.post("/classify/batch", tags=["tagging"], responses=_PROBLEMS, response_model_exclude_none=True)
async def classify_batch(
    body: Annotated[BatchRequest, Body(openapi_examples=examples.BATCH_REQUEST)],
    service: Shared,
    request_id: RequestId,
) -> BatchResponse:
    """Tag several articles; each gets a result or an error, ids are echoed."""
    tagger = service.ready_tagger()
    if len(body.documents) > service.settings.max_documents:
        most = service.settings.max_documents
        raise Problem(422, "too-many-documents", f"{len(body.documents)} documents are more than {most}.")
    results = []
    for document in body.documents:
        try:
            article = await service.tagged(tagger, document.text, body.for_core(service.settings.max_passages))
        except InputError as fault:
            results.append(DocumentResult(id=document.id, error=str(fault)))
        else:
            passages = passage_results(article, body.all_scores)
            results.append(DocumentResult(id=document.id, passages=passages, article=article_result(article)))
    return BatchResponse(request_id=request_id, model=service.model_name(tagger), documents=results)


@api.get("/topics", tags=["service"], responses=_NO_MODEL)
async def topics(service: Shared) -> TopicsResponse:
    """The topics of the model that serves, with their thresholds."""
    tagger = service.ready_tagger()
    return TopicsResponse(model=service.model_name(tagger), topics=topic_results(tagger))


@api.get("/models", tags=["models"], responses=_NO_MODEL, response_model_exclude_none=True)
def models(service: Shared) -> ModelsResponse:
    """All versions, oldest first, and which one serves."""
    return ModelsResponse(name=service.name, models=[_summary(facts, service) for facts in service.versions()])


@api.get("/models/{version}", tags=["models"], responses=_NO_VERSION)
def model(version: str, service: Shared) -> ModelDetails:
    """What one version says about itself: training facts and model card."""
    for facts in service.versions():
        if facts.version == version:
            card = "" if facts.fault else (facts.folder / "card.md").read_text("utf-8")
            return ModelDetails(summary=_summary(facts, service), training=dict(facts.training), card=card)
    raise Problem(404, "no-such-version", "There is no such version: see /v1/models.")


def _summary(facts: VersionFacts, service: Service) -> ModelSummary:
    measured = facts.training.get("cross_validation", {})
    return ModelSummary(
        version=facts.version,
        serves=service.tagger is not None and service.tagger.version == facts.version,
        rows=measured.get("rows"),
        micro_f1=measured.get("micro_f1"),
        macro_f1=measured.get("macro_f1"),
        fault=facts.fault,
    )


@probes.get("/livez", tags=["probes"])
async def livez() -> StatusResponse:
    """The process answers."""
    return StatusResponse(status="alive")


@probes.get("/readyz", tags=["probes"], response_model=StatusResponse, response_model_exclude_none=True)
async def readyz(service: Shared) -> StatusResponse | JSONResponse:
    """The model is open and its golden passages scored right."""
    if service.tagger is None:
        status = StatusResponse(status="not ready", reason=service.fault)
        return JSONResponse(status.model_dump(), 503)
    return StatusResponse(status="ready")


@probes.get("/metrics", tags=["probes"], response_class=Response)
async def metrics(service: Shared) -> Response:
    """Prometheus metrics in text form."""
    content = prometheus_client.generate_latest(service.metrics.registry)
    return Response(content, media_type=prometheus_client.CONTENT_TYPE_LATEST)
