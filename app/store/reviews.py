"""Reviews: saving, changing, undoing, listing, each decision with optimistic locking."""

from dataclasses import dataclass

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from app.store import history
from app.store.answers import history_item, review_answer, review_with_text
from app.store.errors import (
    AlreadyReviewedError,
    NothingToUndoError,
    NotYourReviewError,
    StaleEditError,
    UnknownItemError,
)
from app.store.history import Decided
from app.store.models import DELETED, HistoryEntry, Passage, Review
from app.store.schemas import HistoryResponse, ReviewPage
from app.store.schemas import Review as ReviewAnswer
from app.store.tagging import ModelView, Origin, new_passage, text_digest

_STALE = "Somebody else decided on this meanwhile: read it again and send your decision with its present revision."


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which reviews to list; empty strings mean all. `before` is a cursor, the id of the last review that was seen."""

    reviewer: str = ""
    topic: str = ""
    article_id: str = ""
    passage_id: str = ""
    withdrawn: bool = False
    before: str = ""
    limit: int = 50


def passage_for(session: Session, passage_id: str) -> Passage:
    """The passage of that id, held until the end of the transaction. Raises `UnknownItemError`."""
    passage = session.get(Passage, passage_id, with_for_update=True)
    if passage is None or passage.state == DELETED:
        raise UnknownItemError("There is no such passage: see GET /v1/reviews/next.")
    return passage


def passage_of_text(session: Session, text: str, origin: Origin, view: ModelView, start: int | None = None) -> Passage:
    """The passage of this text in this article, made where there is none; held until the end of the transaction."""
    query = select(Passage).where(
        Passage.text_sha256 == text_digest(text), Passage.article_id == origin.article_id, Passage.state != DELETED
    )
    if start is not None:
        query = query.where(Passage.start == start)
    found = session.scalars(query.order_by(Passage.start).limit(1).with_for_update()).first()
    if found is None:
        found = new_passage(text, start or 0, origin, view)
        session.add(found)
        session.flush()
    return found


def save_review(session: Session, passage: Passage, decided: Decided, revision: int | None) -> ReviewAnswer:
    """Write a reader's decision on a passage that had `revision` when the reader saw it (None: never mind).

    Raises `StaleEditError` if it has another by now, `AlreadyReviewedError` if the reader has a review of it.
    """
    mine = review_by(session, passage, decided.reviewer)
    if mine is not None and not mine.withdrawn:
        raise AlreadyReviewedError(f"You have a review of this passage: change it with PUT /v1/reviews/{mine.id}.")
    if revision is not None and revision != passage.revision:
        raise StaleEditError(_STALE)
    if mine is None:
        mine = history.create(session, passage, decided)
    else:
        history.change(session, passage, mine, decided, "save")
    return review_answer(mine, passage)


def change_review(session: Session, review_id: str, decided: Decided, revision: int) -> ReviewAnswer:
    """Write another decision into a reader's own review.

    Raises `UnknownItemError`, `NotYourReviewError`, or `StaleEditError` if the review has another revision by now.
    """
    review, passage = _own(session, review_id, decided.reviewer)
    if revision != review.revision:
        raise StaleEditError(_STALE)
    history.change(session, passage, review, decided)
    return review_answer(review, passage)


def undo_review(session: Session, review_id: str, reviewer: str, revision: int) -> ReviewAnswer:
    """Take a reader's latest step back as a further entry of the history; the first step back withdraws the review.

    Raises as `change_review` does, and `NothingToUndoError` for a withdrawn review.
    """
    review, passage = _own(session, review_id, reviewer)
    if revision != review.revision:
        raise StaleEditError(_STALE)
    states = history.states(history.entries_of(session, review))
    if not states:
        raise NothingToUndoError("This review is withdrawn already: there is nothing to undo.")
    if len(states) == 1:
        history.withdraw(session, passage, review, reviewer, "undo")
    else:
        history.restore(session, passage, review, states[-2], reviewer)
    return review_answer(review, passage)


def refuse_on_passage(session: Session, passage_id: str, decided: Decided) -> None:
    """Keep a stale decision on a passage in its history, so that nothing that a reader decided is lost.

    A passage that isn't in the store has no history to keep it in.
    """
    passage = session.get(Passage, passage_id, with_for_update=True)
    if passage is None:
        return
    history.refuse(session, passage, review_by(session, passage, decided.reviewer), decided)


def refuse_on_review(session: Session, review_id: str, decided: Decided) -> None:
    """Keep a stale change of a review in its history."""
    review = session.get_one(Review, review_id)
    history.refuse(session, passage_for(session, review.passage_id), review, decided)


def review_history(session: Session, review_id: str) -> HistoryResponse:
    """All that happened on the review's passage, by any reader. Raises `UnknownItemError`."""
    review = session.get(Review, review_id)
    if review is None:
        raise UnknownItemError(_NO_REVIEW)
    passage = session.get_one(Passage, review.passage_id)
    query = select(HistoryEntry).where(HistoryEntry.passage_id == passage.id).order_by(HistoryEntry.number)
    entries = [history_item(entry) for entry in session.scalars(query)]
    return HistoryResponse(review=review_answer(review, passage), entries=entries)


def list_reviews(session: Session, chosen: ReviewFilter) -> ReviewPage:
    """A page of reviews, newest id first."""
    query = select(Review, Passage).join(Passage, Passage.id == Review.passage_id)
    query = query.where(Passage.state != DELETED, Review.withdrawn == chosen.withdrawn)
    if chosen.reviewer:
        query = query.where(Review.reviewer == chosen.reviewer)
    if chosen.topic:
        query = query.where(type_coerce(Review.topics, Text).contains(f"|{chosen.topic}|", autoescape=True))
    if chosen.article_id:
        query = query.where(Passage.article_id == chosen.article_id)
    if chosen.passage_id:
        query = query.where(Passage.id == chosen.passage_id)
    if chosen.before:
        query = query.where(Review.id < chosen.before)
    rows = session.execute(query.order_by(Review.id.desc()).limit(chosen.limit + 1)).all()
    shown = [review_with_text(review, passage) for review, passage in rows[: chosen.limit]]
    return ReviewPage(reviews=shown, next=shown[-1].id if len(rows) > chosen.limit else None)


def review_by(session: Session, passage: Passage, reviewer: str) -> Review | None:
    """A reader's review of a passage, withdrawn or not."""
    query = select(Review).where(Review.passage_id == passage.id, Review.reviewer == reviewer)
    return session.scalars(query).one_or_none()


_NO_REVIEW = "There is no such review: see GET /v1/reviews."


def _own(session: Session, review_id: str, reviewer: str) -> tuple[Review, Passage]:
    """The review and its passage, both held; whoever else decides on the passage waits."""
    found = session.get(Review, review_id)
    if found is None:
        raise UnknownItemError(_NO_REVIEW)
    passage = passage_for(session, found.passage_id)
    session.refresh(found)
    if found.reviewer != reviewer:
        raise NotYourReviewError("Only its reader changes a review: save your own with POST /v1/reviews.")
    return found, passage
