"""Rows as the JSON that goes out."""

from collections.abc import Sequence

from app.store.models import HistoryEntry, Passage
from app.store.models import Review as ReviewRow
from app.store.schemas import Decision, HistoryItem, PassageWithText, Review, ReviewWithText, StoredPassage


def review_answer(row: ReviewRow, passage: Passage) -> Review:
    """A review without the passage's text."""
    return Review(
        id=row.id,
        passage_id=row.passage_id,
        article_id=passage.article_id,
        reviewer=row.reviewer,
        topics_before=listed(row.topics_before),
        topics=list(row.topics),
        model_version=row.model_version,
        note=row.note,
        time=row.time,
        revision=row.revision,
        passage_revision=passage.revision,
        withdrawn=row.withdrawn,
    )


def review_with_text(row: ReviewRow, passage: Passage) -> ReviewWithText:
    """A review with the passage's text and place."""
    return ReviewWithText(
        **review_answer(row, passage).model_dump(),
        text=passage.text,
        source=passage.source,
        date=passage.date,
        start=passage.start,
        end=passage.end,
    )


def passage_answer(passage: Passage) -> StoredPassage:
    """A passage without its text."""
    return StoredPassage.model_validate(
        {name: getattr(passage, name) for name in StoredPassage.model_fields} | {"topics": list(passage.topics)}
    )


def passage_with_text(passage: Passage, reviews: Sequence[ReviewRow]) -> PassageWithText:
    """A passage with its text and the decisions that count, oldest first."""
    decisions = [
        Decision(
            review_id=row.id,
            reviewer=row.reviewer,
            topics=list(row.topics),
            note=row.note,
            time=row.time,
            revision=row.revision,
        )
        for row in sorted(reviews, key=lambda row: (row.time, row.id))
        if not row.withdrawn
    ]
    return PassageWithText(**passage_answer(passage).model_dump(), text=passage.text, decisions=decisions)


def history_item(entry: HistoryEntry) -> HistoryItem:
    """An entry of the history."""
    return HistoryItem.model_validate(
        {name: getattr(entry, name) for name in HistoryItem.model_fields}
        | {"topics_before": listed(entry.topics_before), "topics_after": listed(entry.topics_after)}
    )


def listed(topics: tuple[str, ...] | None) -> list[str] | None:
    """Topics as JSON has them."""
    return None if topics is None else list(topics)
