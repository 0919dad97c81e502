"""What FastAPI says of the endpoints that tag; `early_routes` answers them."""

from typing import Annotated

from fastapi import APIRouter, Body, Request

from app import examples, tagging
from app.shared import BODY_PROBLEMS, NO_MODEL
from app.tagging_answers import BatchResponse, ClassifyResponse
from app.tagging_requests import BatchRequest, ClassifyRequest

tagging_api = APIRouter(prefix="/v1", tags=["tagging"], responses={**BODY_PROBLEMS, **NO_MODEL})


@tagging_api.post("/classify", description=tagging.classify.__doc__)
async def classify(  # noqa: D103
    body: Annotated[ClassifyRequest, Body(openapi_examples=examples.CLASSIFY_REQUEST)], request: Request
) -> ClassifyResponse:
    return await tagging.classify(body, request)


@tagging_api.post("/classify/batch", description=tagging.classify_batch.__doc__)
async def classify_batch(  # noqa: D103
    body: Annotated[BatchRequest, Body(openapi_examples=examples.BATCH_REQUEST)], request: Request
) -> BatchResponse:
    return await tagging.classify_batch(body, request)
