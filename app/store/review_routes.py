"""The endpoints of single reviews, under /v1/reviews."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response

from app.shared import Responses, problem
from app.store.access import AtDesk, Desk
from app.store.article_routes import AWAY, CHANGE, MISSING, Cursor, Limit
from app.store.requests import ReviewChange, ReviewRequest, UndoRequest
from app.store.schemas import HistoryResponse, MergeResponse, Review, ReviewPage
from app.strict_json import StrictRoute

if TYPE_CHECKING:
    from app.store.database import Store
    from app.store.deciding import Sender
    from app.store.learning import MergedReviews

_STALE: Responses = {409: problem("Somebody decided meanwhile, or there is a review, or nothing to undo")}
_OWN: Responses = {**CHANGE, **MISSING, **_STALE, 403: problem("It is another reader's"), 428: problem("No revision")}
Filter = Annotated[str, Query(max_length=200)]

reviews_api = APIRouter(prefix="/v1/reviews", route_class=StrictRoute, tags=["reviews"])


@reviews_api.post("", status_code=201, responses={**CHANGE, **MISSING, **_STALE})
async def save_review(body: ReviewRequest, desk: AtDesk, response: Response) -> Review:
    """Save a decision on a passage; each reader has one review of it.

    With the passage's `revision` the answer is 409 if another reader decided meanwhile, and the history keeps what was
    refused; without it both decisions stand side by side.
    """
    from app.store.deciding import decide

    desk.check_topics(body.topics)
    revision = desk.revision(body.revision) if desk.if_match else body.revision
    sender = _sender(desk, body.model_dump_json())
    return _tagged(response, await desk.run(lambda store: decide(store, body, sender, revision)))


@reviews_api.put("/{id}", responses=_OWN)
async def change_review(id: str, body: ReviewChange, desk: AtDesk, response: Response) -> Review:
    """Change one's own review; 409 if it has another revision by now, and the history keeps what was refused."""
    from app.store.deciding import decide_again

    desk.check_topics(body.topics)
    revision = desk.revision(body.revision)
    sender = _sender(desk, body.model_dump_json())
    return _tagged(response, await desk.run(lambda store: decide_again(store, id, body, sender, revision)))


@reviews_api.post("/{id}/undo", responses=_OWN)
async def undo_review(id: str, desk: AtDesk, response: Response, body: UndoRequest | None = None) -> Review:
    """Take one's latest step back, as a further entry of the history; the first step back withdraws the review."""
    from app.store.deciding import undo

    revision = desk.revision(body.revision if body else None)
    sender = _sender(desk, str(revision))
    return _tagged(response, await desk.run(lambda store: undo(store, id, sender, revision)))


@reviews_api.get("", responses=AWAY)
async def reviews(
    desk: AtDesk,
    reviewer: Filter = "",
    topic: Filter = "",
    article_id: Filter = "",
    passage_id: Filter = "",
    withdrawn: bool = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> ReviewPage:
    """The reviews with their texts, newest first."""
    from app.store.reviews import ReviewFilter, list_reviews

    chosen = ReviewFilter(reviewer, topic, article_id, passage_id, withdrawn, cursor, limit)
    return await desk.run(lambda store: store.read(lambda session: list_reviews(session, chosen)))


@reviews_api.get("/merged", responses=AWAY)
async def merged(desk: AtDesk) -> MergeResponse:
    """What a retrain from the reviews would learn now: how many rows, and what it would leave out and why."""
    return MergeResponse.model_validate(await desk.run(_merged), from_attributes=True)


@reviews_api.get("/{id}/history", responses=MISSING)
async def history(id: str, desk: AtDesk) -> HistoryResponse:
    """All that happened on the review's passage, by any reader, oldest first."""
    from app.store.reviews import review_history

    return await desk.run(lambda store: store.read(lambda session: review_history(session, id)))


def _merged(store: "Store") -> "MergedReviews":
    """In a thread, import and all: both take a while when they are first asked for."""
    from app.store.learning import merged_reviews

    return merged_reviews(store)


def _sender(desk: Desk, content: str) -> "Sender":
    from app.store.deciding import Sender

    return Sender(desk.reviewer, desk.caller_key(content), desk.service.ready_tagger())


def _tagged(response: Response, review: Review) -> Review:
    """The review, with its revision as the answer's ETag."""
    response.headers["ETag"] = f'"{review.revision}"'
    return review
