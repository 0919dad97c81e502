"""A reader's requests to the store, from JSON to answer: once per idempotency key, stale ones kept as refused."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.store import reviews
from app.store.articles import save_article
from app.store.database import Store
from app.store.errors import BadReviewError, StaleEditError
from app.store.history import Decided
from app.store.idempotency import RequestKey, once
from app.store.requests import ArticleRequest, ReviewChange, ReviewRequest
from app.store.schemas import Review, SavedArticle
from app.store.tagging import Origin, view_of
from app.tagger import InputError, Tagger, TagOptions


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a request, with which idempotency key, and the model that tags what is saved."""

    reviewer: str
    key: RequestKey
    tagger: Tagger


def keep_article(store: Store, request: ArticleRequest, sender: Sender, max_passages: int) -> SavedArticle:
    """Tag and keep an article. Raises `BadReviewError` if it can't be, for instance with too many passages."""
    try:
        tagged = sender.tagger.tag(request.text, TagOptions(request.segment, max_passages=max_passages))
    except InputError as fault:
        raise BadReviewError(str(fault)) from None
    if not tagged.passages:
        raise BadReviewError("The text holds no passage: write something.")

    def work(session: Session) -> SavedArticle:
        return save_article(session, request, tagged, sender.tagger, sender.reviewer)

    return once(store, sender.key, SavedArticle, work)


def decide(store: Store, request: ReviewRequest, sender: Sender, revision: int | None) -> Review:
    """Save a decision on a passage of the store, or on a text, which is then saved with it."""
    decided = Decided(sender.reviewer, sender.reviewer, tuple(request.topics), request.note)
    if request.text is not None and not request.text.strip():
        raise BadReviewError("The text is blank: write the passage.")
    view = view_of(request.text, sender.tagger) if request.text is not None else None
    origin = Origin(sender.reviewer, request.article_id, request.source, request.date)
    passage_id = request.passage_id or ""

    def work(session: Session) -> Review:
        nonlocal passage_id
        if request.text is None or view is None:
            passage = reviews.passage_for(session, passage_id)
        else:
            passage = reviews.passage_of_text(session, request.text, origin, view)
            passage_id = passage.id
        return reviews.save_review(session, passage, decided, revision)

    try:
        return once(store, sender.key, Review, work)
    except StaleEditError:
        store.write(lambda session: reviews.refuse_on_passage(session, passage_id, decided))
        raise


def decide_again(store: Store, review_id: str, change: ReviewChange, sender: Sender, revision: int) -> Review:
    """Change the reader's own review."""
    decided = Decided(sender.reviewer, sender.reviewer, tuple(change.topics), change.note)

    def work(session: Session) -> Review:
        return reviews.change_review(session, review_id, decided, revision)

    try:
        return once(store, sender.key, Review, work)
    except StaleEditError:
        store.write(lambda session: reviews.refuse_on_review(session, review_id, decided))
        raise


def undo(store: Store, review_id: str, sender: Sender, revision: int) -> Review:
    """Take the reader's latest step on a review back."""
    return once(
        store, sender.key, Review, lambda session: reviews.undo_review(session, review_id, sender.reviewer, revision)
    )
