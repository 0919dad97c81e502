"""The endpoints that work through the queue, and those that files go in and out by."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from app.problems import Problem
from app.shared import Responses
from app.store.access import AtDesk
from app.store.article_routes import AWAY, CHANGE, MISSING
from app.store.requests import QueueRequest
from app.store.schemas import ExportFormat, ImportResponse, NextPassage, ProgressResponse, QueueResponse, Strategy
from app.strict_json import StrictRoute

if TYPE_CHECKING:
    from app.store.database import Store

_CSV, _JSON, _TEXT = "text/csv", "application/json", "text/plain"
_IN_MEMORY = 8_388_608
_BLOCK_BYTES = 65_536
_FILES: Responses = {
    200: {
        "description": "The reviews",
        "content": {_CSV: {"schema": {"type": "string"}}, _JSON: {"schema": {"type": "array"}}},
    }
}
_CSV_BODY = {"schema": {"type": "string", "format": "binary"}}
_IMPORT_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {_CSV: _CSV_BODY, _JSON: {"schema": {"type": "array"}}}}
}
_QUEUE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {_CSV: _CSV_BODY, _TEXT: _CSV_BODY, _JSON: {"schema": QueueRequest.model_json_schema()}},
    }
}

queue_api = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["reviews"])


@queue_api.get("/reviews/next", responses=MISSING)
async def next_passage(
    desk: AtDesk,
    strategy: Strategy = "diverse",
    skip: Annotated[str, Query(max_length=64, description="id of a passage not to be given again")] = "",
) -> NextPassage:
    """The passage to review next, kept for this reader for 10 minutes; asking again gives the same one.

    `uncertain`: where the model is nearest to deciding otherwise. `diverse`: of those, the one least like what was
    reviewed, which taught most in simulation (tests/benchmarks/review_loop.py). `disagreement`: where readers decided
    differently, to any reader.
    """
    from app.store.queue import Asked, next_passage, rescore

    asked, tagger = Asked(desk.reviewer, strategy, skip), desk.service.tagger

    def work(store: "Store") -> NextPassage:
        if tagger is not None:
            store.write(lambda session: rescore(session, tagger))
        return store.write(lambda session: next_passage(session, asked))

    return await desk.run(work)


@queue_api.get("/reviews/progress", responses=AWAY)
async def progress(desk: AtDesk) -> ProgressResponse:
    """How far the queue is, by topic and by reader."""
    from app.store.queue import progress

    return await desk.run(lambda store: store.read(lambda session: progress(session, desk.reviewer)))


@queue_api.get("/reviews/export", response_class=StreamingResponse, responses={**_FILES, **AWAY})
async def export(desk: AtDesk, format: ExportFormat = "csv") -> StreamingResponse:
    """All reviews of one moment: `csv` trains as it is, `excel` is safe to open in a spreadsheet, `json` is a list."""
    from app.store.export import exported

    file = await desk.run(lambda store: exported(store, format))
    ending = "json" if format == "json" else "csv"
    headers = {"Content-Disposition": f'attachment; filename="reviews.{ending}"'}
    kind = _JSON if format == "json" else f"{_CSV}; charset=utf-8"
    return StreamingResponse(_blocks(file), media_type=kind, headers=headers)


@queue_api.post("/reviews/import", responses=CHANGE, openapi_extra=_IMPORT_BODY)
async def import_reviews(
    request: Request,
    desk: AtDesk,
    any_topic: Annotated[bool, Query(description="take topics that the model doesn't have")] = False,
) -> ImportResponse:
    """Bring reviews back: a CSV as the export writes it, the JSON export, or Label Studio's JSON export.

    Rows are taken one by one, and each refused one is told. Sending a file again changes nothing.
    """
    from app.store.importing import ImportContext, import_reviews
    from app.store.json_rows import json_rows
    from app.store.upload import Faults, csv_rows, decoded

    kind = _kind(request, _CSV)
    context, faults = ImportContext(desk.reviewer, desk.service.ready_tagger(), any_topic), Faults()
    if kind == _JSON:
        items = await request.json()
        if not isinstance(items, list):
            raise Problem(422, "invalid-request", "Send a list: of reviews, or of Label Studio tasks.")
        topics = desk.service.ready_tagger().topics
        rows = json_rows(items, topics, faults)
        return await desk.run(lambda store: import_reviews(store, rows, context, faults))
    charset = _charset(request)
    with await _received(request) as file:

        def work(store: "Store") -> ImportResponse:
            with decoded(file, charset) as text:
                return import_reviews(store, csv_rows(text, faults), context, faults)

        return await desk.run(work)


@queue_api.post("/queue", responses=CHANGE, openapi_extra=_QUEUE_BODY)
async def add_to_queue(request: Request, desk: AtDesk) -> QueueResponse:
    """Put texts into the queue: a CSV with a column `text` (and `article_id`, `source`, `date`), plain text, or JSON.

    Texts are cut into passages and tagged; a passage that the queue has already stays as it is.
    """
    from app.store.upload import Faults, UploadedRow, csv_rows, decoded
    from app.store.uploaded_texts import add_texts, text_rows

    kind, tagger, faults = _kind(request, _CSV, _TEXT), desk.service.ready_tagger(), Faults()
    if kind == _JSON:
        texts = (await _queue_request(request)).texts
        rows = [UploadedRow(number, text.model_dump()) for number, text in enumerate(texts, 1)]
        return await desk.run(lambda store: add_texts(store, rows, tagger, desk.reviewer, faults))
    charset = _charset(request)
    with await _received(request) as file:

        def work(store: "Store") -> QueueResponse:
            with decoded(file, charset) as text:
                found = csv_rows(text, faults) if kind == _CSV else text_rows(text)
                return add_texts(store, found, tagger, desk.reviewer, faults)

        return await desk.run(work)


async def _queue_request(request: Request) -> QueueRequest:
    try:
        return QueueRequest.model_validate(await request.json())
    except ValidationError as fault:
        faults = fault.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**found, "loc": ("body", *found["loc"])} for found in faults]) from None


async def _received(request: Request) -> IO[bytes]:
    """The body as a file, on the disk where it is large."""
    file = cast("IO[bytes]", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - closed by the caller
    try:
        async for part in request.stream():
            file.write(part)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _kind(request: Request, *others: str) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (_JSON, *others):
        raise Problem(415, "content-type", f"Send {' or '.join(others)}, or JSON, and say so in Content-Type.")
    return kind


def _charset(request: Request) -> str:
    parameters = request.headers.get("content-type", "").lower().partition(";")[2]
    return parameters.strip().removeprefix("charset=").strip('"') if "charset=" in parameters else ""


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK_BYTES):
            yield block
