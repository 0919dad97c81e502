"""Texts to review that come as a file or list: cut into passages, tagged, put into the queue."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.database import Store
from app.store.errors import BadReviewError
from app.store.models import DELETED, Passage
from app.store.schemas import QueueResponse
from app.store.tagging import ModelView, Origin, new_passage, text_digest
from app.store.upload import Faults, UploadedRow
from app.strict_json import plain_text
from app.tagger import Tagger

_ROWS_AT_ONCE = 100
_LONGEST_TEXT = 1_048_576
_LONGEST = {"article_id": 200, "id": 200, "source": 500, "date": 40}


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    start: int
    origin: Origin
    view: ModelView


def add_texts(store: Store, rows: Iterable[UploadedRow], tagger: Tagger, caller: str, faults: Faults) -> QueueResponse:
    """Put the passages of each row's `text` into the queue, 100 rows a transaction; known passages stay as they are.

    Rows may also have `article_id` (else `id`), `source` and `date`. Rows that can't be used become faults.
    """
    read = added = known = 0
    usable = _usable(rows, faults)
    while part := list(islice(usable, _ROWS_AT_ONCE)):
        read += len(part)
        found = [passage for row in part for passage in _passages(row.cells, tagger, caller)]
        new = store.write(lambda session, found=found: _add(session, found))  # type: ignore[misc]
        added += new
        known += len(found) - new
    return QueueResponse(rows=read + faults.count, added=added, known=known, refused=faults.count, errors=faults.shown)


def text_rows(text: TextIOWrapper) -> Iterator[UploadedRow]:
    """A plain text as rows, one a written line. Raises `BadReviewError` if it isn't in its encoding."""
    try:
        for number, line in enumerate(text, 1):
            if line.strip():
                yield UploadedRow(number, {"text": line})
    except UnicodeDecodeError as fault:
        raise BadReviewError(f"The file isn't {text.encoding}: save it as UTF-8 and send it again.") from fault


def _usable(rows: Iterable[UploadedRow], faults: Faults) -> Iterator[UploadedRow]:
    for row in rows:
        fault = _fault(row.cells)
        if fault:
            faults.add(row.line, *fault)
        else:
            yield row


def _fault(cells: Mapping[str, str]) -> tuple[str, str] | None:
    """The column at fault and why, or None for a row that can be used."""
    for name, longest in {"text": _LONGEST_TEXT, **_LONGEST}.items():
        value = cells.get(name, "")
        try:
            plain_text(value)
        except ValueError as fault:
            return name, f"it {fault}: take it out"
        if len(value) > longest:
            return name, f"it is longer than {longest} characters: shorten it"
    if not cells.get("text", "").strip():
        return "text", "it is empty: write a text, or leave the row out"
    return None


def _passages(cells: Mapping[str, str], tagger: Tagger, caller: str) -> Iterator[_Found]:
    article_id = cells.get("article_id") or cells.get("id", "")
    origin = Origin(caller, article_id, cells.get("source", ""), cells.get("date", ""))
    for tagged in tagger.tag(cells["text"]).passages:
        yield _Found(tagged.passage.text, tagged.passage.start, origin, ModelView.of(tagged, tagger))


def _add(session: Session, found: Iterable[_Found]) -> int:
    """Add the passages whose text the article doesn't have yet, and say how many."""
    added = 0
    for passage in found:
        place = (passage.origin.article_id, text_digest(passage.text))
        query = select(Passage.id).where(
            Passage.article_id == place[0], Passage.text_sha256 == place[1], Passage.state != DELETED
        )
        if session.scalars(query.limit(1)).first() is None:
            session.add(new_passage(passage.text, passage.start, passage.origin, passage.view))
            session.flush()
            added += 1
    return added
