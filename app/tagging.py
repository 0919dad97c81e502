"""The two endpoints that tag, as functions of a validated body and the request; `tagging_routes` documents them."""

from starlette.requests import Request

from app.problems import Problem
from app.service import Service
from app.tagger import InputError, Tagger
from app.tagging_answers import BatchResponse, ClassifyResponse, DocumentResult, article_result, passage_results
from app.tagging_requests import BatchRequest, ClassifyRequest


async def classify(body: ClassifyRequest, request: Request) -> ClassifyResponse:
    """Slice an article into passages and tag each with topics."""
    service, tagger = _serving(request)
    try:
        article = await service.tagged(tagger, body.text, body.for_core(service.settings.max_passages))
    except InputError as fault:
        raise Problem(422, "invalid-request", str(fault)) from None
    return {
        "request_id": request.state.request_id,
        "model": service.model_name(tagger),
        "passages": passage_results(article, body.all_scores),
        "article": article_result(article),
    }


async def classify_batch(body: BatchRequest, request: Request) -> BatchResponse:
    """Tag several articles; each gets a result or an error, ids are echoed."""
    service, tagger = _serving(request)
    if len(body.documents) > service.settings.max_documents:
        most = service.settings.max_documents
        raise Problem(422, "too-many-documents", f"{len(body.documents)} documents are more than {most}.")
    results: list[DocumentResult] = []
    for document in body.documents:
        try:
            article = await service.tagged(tagger, document.text, body.for_core(service.settings.max_passages))
        except InputError as fault:
            results.append({"id": document.id, "error": str(fault)})
        else:
            passages = passage_results(article, body.all_scores)
            results.append({"id": document.id, "passages": passages, "article": article_result(article)})
    return {
        "request_id": request.state.request_id,
        "model": service.model_name(tagger),
        "documents": results,
    }


def _serving(request: Request) -> tuple[Service, Tagger]:
    """The service and the version that computes this whole answer."""
    service: Service = request.app.state.service
    tagger = service.ready_tagger()
    request.state.model = tagger.version
    return service, tagger
