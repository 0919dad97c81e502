"""Reviews from a file back into the store: what an export wrote comes back exactly, other files as far as they fit."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store import history
from app.store.database import Store
from app.store.export import COLUMNS, ReviewRecord
from app.store.history import Decided
from app.store.models import Passage, Review
from app.store.reviews import passage_of_text, review_by
from app.store.schemas import ImportResponse
from app.store.tagging import ModelView, Origin, new_passage, text_digest, view_of
from app.store.upload import Faults, UploadedRow
from app.strict_json import plain_text
from app.tagger import Tagger

ROWS_AT_ONCE = 200
"""Rows a transaction: others save in between."""
_ID = re.compile(r"[0-9A-Za-z._:@-]{1,64}")
_PARTED = re.compile(r"[|;,]")
_LONGEST = {"text": 100_000, "article_id": 200, "reviewer": 200, "model_version": 200, "date": 40, "note": 2000}
_LONGEST_ELSE = 500


@dataclass(frozen=True)
class ImportContext:
    """Who imports, the model that tags passages (None: none does), and whether its topics are the only ones taken."""

    saved_by: str
    tagger: Tagger | None
    any_topic: bool = False


def import_reviews(store: Store, rows: Iterable[UploadedRow], context: ImportContext, faults: Faults) -> ImportResponse:
    """Bring rows into the store, 200 a transaction; a row that was brought before changes nothing.

    Rows that can't be used become faults. A row whose reader has another decision on the passage changes it, and the
    history says so.
    """
    created = changed = unchanged = 0
    for part in _parts(_records(rows, context, faults)):
        views = [view_of(record.text, context.tagger) for record in part]
        outcome = store.write(lambda session, part=part, views=views: _bring(session, part, views, context))  # type: ignore[misc]
        created += outcome.count("save")
        changed += outcome.count("change")
        unchanged += outcome.count("")
    return ImportResponse(
        rows=created + changed + unchanged + faults.count,
        created=created,
        changed=changed,
        unchanged=unchanged,
        refused=faults.count,
        errors=faults.shown,
    )


def _bring(
    session: Session, part: Sequence[ReviewRecord], views: Sequence[ModelView], context: ImportContext
) -> list[str]:
    return [_bring_one(session, record, view, context) for record, view in zip(part, views, strict=True)]


def _bring_one(session: Session, record: ReviewRecord, view: ModelView, context: ImportContext) -> str:
    """Write a row; `save`, `change`, or nothing where the store has it."""
    passage = _passage(session, record, view, context)
    decided = Decided(
        record.reviewer or context.saved_by,
        context.saved_by,
        tuple(sorted(topic for topic in record.labels.split("|") if topic)),
        record.note,
        record.time,
        record.model_version,
        record.id if record.id and session.get(Review, record.id) is None else "",
    )
    review = review_by(session, passage, decided.reviewer)
    if review is None:
        history.create(session, passage, decided, "import")
        return "save"
    same = (review.topics, review.note) == (decided.topics, decided.note) and not review.withdrawn
    # The latest decision wins, whatever the order in which files and events arrive.
    if (same and record.time in ("", review.time)) or "" < record.time < review.time:
        return ""
    history.change(session, passage, review, replace(decided, saved_by=context.saved_by), "import")
    return "change"


def _passage(session: Session, record: ReviewRecord, view: ModelView, context: ImportContext) -> Passage:
    """The passage that the row names, if it has that text; else the one of that text and article, made if need be."""
    named = session.get(Passage, record.passage_id, with_for_update=True) if record.passage_id else None
    if named is not None and named.text == record.text:
        return named
    origin = Origin(context.saved_by, record.article_id, record.source, record.date)
    if named is None and record.passage_id:
        # Its place in the article isn't in the file; like texts of an article get different ones.
        like = select(func.count()).select_from(Passage)
        like = like.where(Passage.text_sha256 == text_digest(record.text), Passage.article_id == record.article_id)
        passage = new_passage(record.text, session.scalar(like) or 0, origin, view)
        passage.id = record.passage_id
        session.add(passage)
        session.flush()
        return passage
    return passage_of_text(session, record.text, origin, view)


def _parts(records: Iterator[ReviewRecord]) -> Iterator[Sequence[ReviewRecord]]:
    while part := list(islice(records, ROWS_AT_ONCE)):
        yield part


def _records(rows: Iterable[UploadedRow], context: ImportContext, faults: Faults) -> Iterator[ReviewRecord]:
    known = {topic.id for topic in context.tagger.topics} if context.tagger and not context.any_topic else None
    for row in rows:
        record = ReviewRecord(**{name: row.cells.get(name, "") for name in COLUMNS})
        fault = _fault(record, known)
        if fault is None:
            yield replace(record, labels="|".join(_labels(record)), time=_time(record.time))
        else:
            faults.add(row.line, *fault)


def _fault(record: ReviewRecord, known: set[str] | None) -> tuple[str, str] | None:
    """The column at fault and why, or None for a row that can be used."""
    for name in COLUMNS:
        value = getattr(record, name)
        try:
            plain_text(value)
        except ValueError as fault:
            return name, f"it {fault}: take it out"
        if len(value) > _LONGEST.get(name, _LONGEST_ELSE) and name != "labels":
            return name, f"it is longer than {_LONGEST.get(name, _LONGEST_ELSE)} characters: shorten it"
    if not record.text.strip():
        return "text", "it is empty: write the passage, or leave the row out"
    for name in ("id", "passage_id"):
        if getattr(record, name) and not _ID.fullmatch(getattr(record, name)):
            return name, "it isn't an id: leave it empty and one is made"
    if record.time and not _time(record.time):
        return "time", "it isn't a time: write it as 2025-01-31T12:00:00+00:00, or leave it empty"
    labels = _labels(record)
    if any(len(label) > 200 for label in labels) or (known is not None and not known.issuperset(labels)):
        return "labels", "it names a topic that the model doesn't have: use ids of GET /v1/topics"
    return None


def _labels(record: ReviewRecord) -> list[str]:
    return sorted({label.strip() for label in _PARTED.split(record.labels) if label.strip()})


def _time(written: str) -> str:
    """A time as the store writes it; empty if it isn't one."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return ""
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found.astimezone(UTC).isoformat(timespec="microseconds")
