"""Reviews as a file: CSV that trains as it is, a form that is safe to open in Excel, or JSON."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.database import Store
from app.store.models import DELETED, Passage, Review
from app.store.schemas import ExportFormat

FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""How a cell begins that a spreadsheet may run, full-width forms included (OWASP, CSV injection)."""
_IN_MEMORY = 8_388_608
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """A review as it leaves the store and comes back: one reader's decision, `labels` joined by `|`.

    The columns up to `date` are those of a labelled CSV, so the file trains as it is.
    """

    text: str
    labels: str
    id: str
    article_id: str
    source: str
    date: str
    reviewer: str
    time: str
    model_version: str
    passage_id: str
    note: str


COLUMNS = tuple(field.name for field in fields(ReviewRecord))


def exported(store: Store, form: ExportFormat) -> IO[bytes]:
    """A file of all reviews that count, by id, at its beginning; close it after use.

    It is written in one transaction, thus one moment of the store, before the first byte is read: a slow reader holds
    up nobody who saves. CSV and Excel are UTF-8 with CR LF line ends.
    """
    return store.read(lambda session: _written(session, form))


def records(session: Session) -> Iterator[ReviewRecord]:
    """All reviews that count, by id."""
    columns = {
        "text": Passage.text,
        "labels": Review.topics,
        "id": Review.id,
        "article_id": Passage.article_id,
        "source": Passage.source,
        "date": Passage.date,
        "reviewer": Review.reviewer,
        "time": Review.time,
        "model_version": Review.model_version,
        "passage_id": Passage.id,
        "note": Review.note,
    }
    query = select(*(column.label(name) for name, column in columns.items())).select_from(Review)
    query = query.join(Passage, Passage.id == Review.passage_id)
    query = query.where(~Review.withdrawn, Passage.state != DELETED).order_by(Review.id)
    for row in session.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)).mappings():
        yield ReviewRecord(**{**row, "labels": "|".join(row["labels"])})


def neutral(cell: str) -> str:
    """The cell, behind an apostrophe if a spreadsheet would take it for a formula.

    >>> neutral("=1+1"), neutral("1+1")
    ("'=1+1", '1+1')
    """
    start = cell.lstrip(" \u00a0")[:1]
    return f"'{cell}" if start and start in FORMULA_STARTS else cell


def _written(session: Session, form: ExportFormat) -> IO[bytes]:
    file = cast("IO[bytes]", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - handed to the caller
    try:
        text = TextIOWrapper(file, "utf-8-sig" if form == "excel" else "utf-8", newline="")
        if form == "json":
            _write_json(session, text)
        else:
            _write_csv(session, text, for_excel=form == "excel")
        text.flush()
        text.detach()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _write_csv(session: Session, text: TextIOWrapper, for_excel: bool) -> None:
    # Every cell in quotes, so that no other separator of a spreadsheet cuts one in two.
    writer = csv.writer(text, quoting=csv.QUOTE_ALL if for_excel else csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for record in records(session):
        cells = [getattr(record, name) for name in COLUMNS]
        writer.writerow(map(neutral, cells) if for_excel else cells)


def _write_json(session: Session, text: TextIOWrapper) -> None:
    """A list of objects with the columns' names, `labels` as a list, one object a line."""
    text.write("[")
    for number, record in enumerate(records(session)):
        found = {name: getattr(record, name) for name in COLUMNS}
        found["labels"] = record.labels.split("|") if record.labels else []
        text.write((",\n" if number else "\n") + json.dumps(found, ensure_ascii=False))
    text.write("\n]\n")
