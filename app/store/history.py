"""Changes of a review: each is written with its history entry, and settles the passage anew."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.clock import new_id, now
from app.store.models import DISPUTED, DONE, OPEN, HistoryEntry, Passage, Review
from app.store.schemas import Action


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision to be written: who decided what, through whom it came, when if not now.

    `model_version` is that of the model whose tags the reader saw; None means the passage's.
    """

    reviewer: str
    saved_by: str
    topics: tuple[str, ...]
    note: str = ""
    time: str = ""
    model_version: str | None = None
    id: str = ""


def create(session: Session, passage: Passage, decided: Decided, action: Action = "save") -> Review:
    """Write a reader's first decision on a passage."""
    review = Review(
        id=decided.id or new_id(),
        passage_id=passage.id,
        reviewer=decided.reviewer,
        topics_before=passage.topics if passage.model_version else None,
        revision=0,
    )
    session.add(review)
    _write(review, passage, decided)
    _settle(session, passage, _entry(action, review, None))
    return review


def change(session: Session, passage: Passage, review: Review, decided: Decided, action: Action = "change") -> None:
    """Write another decision of the same reader, or the first again after it was withdrawn."""
    before = None if review.withdrawn else review.topics
    _write(review, passage, decided)
    _settle(session, passage, _entry(action, review, before))


def withdraw(session: Session, passage: Passage, review: Review, saved_by: str, action: Action) -> None:
    """Take a review out of all that counts; its row and history stay."""
    before = review.topics
    review.withdrawn = True
    review.saved_by = saved_by
    review.time = now()
    review.revision += 1
    _settle(session, passage, _entry(action, review, before))


def restore(session: Session, passage: Passage, review: Review, state: HistoryEntry, saved_by: str) -> None:
    """Give a review the topics and note that it had after an earlier entry, as a further entry."""
    decided = Decided(
        review.reviewer, saved_by, state.topics_after or (), state.note, model_version=state.model_version
    )
    change(session, passage, review, decided, "undo")


def refuse(session: Session, passage: Passage, review: Review | None, decided: Decided) -> None:
    """Keep a decision that came too late: it stands in the history and counts nowhere."""
    session.add(
        HistoryEntry(
            passage_id=passage.id,
            review_id=review.id if review else None,
            action="refused",
            reviewer=decided.reviewer,
            saved_by=decided.saved_by,
            topics_before=review.topics if review else None,
            topics_after=decided.topics,
            note=decided.note,
            model_version=passage.model_version,
            revision=review.revision if review else 0,
            time=now(),
        )
    )


def states(entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """The entries of a review that undoing goes back through, the present state last; empty if it is withdrawn."""
    stack: list[HistoryEntry] = []
    for entry in entries:
        if entry.action == "undo":
            stack.pop()
        elif entry.action == "delete":
            stack.clear()
        elif entry.action != "refused":
            stack.append(entry)
    return stack


def entries_of(session: Session, review: Review) -> list[HistoryEntry]:
    """The history of one review, oldest first."""
    query = select(HistoryEntry).where(HistoryEntry.review_id == review.id).order_by(HistoryEntry.number)
    return list(session.scalars(query))


def _write(review: Review, passage: Passage, decided: Decided) -> None:
    review.saved_by = decided.saved_by
    review.topics = tuple(sorted(set(decided.topics)))
    review.note = decided.note
    review.time = decided.time or now()
    review.model_version = passage.model_version if decided.model_version is None else decided.model_version
    review.revision += 1
    review.withdrawn = False


def _entry(action: Action, review: Review, before: tuple[str, ...] | None) -> HistoryEntry:
    return HistoryEntry(
        passage_id=review.passage_id,
        review_id=review.id,
        action=action,
        reviewer=review.reviewer,
        saved_by=review.saved_by,
        topics_before=review.topics_before if review.revision == 1 else before,
        topics_after=None if review.withdrawn else review.topics,
        note=review.note,
        model_version=review.model_version,
        revision=review.revision,
        time=now(),
    )


def _settle(session: Session, passage: Passage, entry: HistoryEntry) -> None:
    """Add the entry and give the passage the state that its decisions add up to."""
    session.add(entry)
    session.flush()
    counting = select(Review.topics).where(Review.passage_id == passage.id, ~Review.withdrawn)
    different = set(session.scalars(counting))
    passage.state = DISPUTED if len(different) > 1 else DONE if different else OPEN
    passage.revision += 1
    passage.leased_by = passage.leased_until = None
