"""From what a record holds to a row or a refusal, and from rows to what a format can hold of them."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.tagger.errors import LabelledDataError
from training.rows import Finding, LabelledData, LabelledRow
from training.table import LONGEST_CELL

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_BREAKS = re.compile(r"[\t\n\r]+")
_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "nothing"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a record holds, unchecked; the columns say where text and labels were looked for."""

    line: int
    text: object
    labels: object
    id: object = None
    article: object = None
    text_column: str = "text"
    labels_column: str = "labels"


@dataclass(frozen=True, slots=True)
class Written:
    """A file's content, and in sentences what of the rows it does not hold."""

    content: str
    notes: list[str]


def refusal(line: int, column: str, value: str, reason: str, cure: str) -> Finding:
    """Why the record on that line, or of that number, can't be used."""
    return Finding("record", line, column, value, reason, cure)


def row_of(found: Found) -> LabelledRow | Finding:
    """The row of a record, its text untouched, or why it can't be used."""
    line, text, labels = found.line, found.text, found.labels
    if not isinstance(text, str):
        return refusal(line, found.text_column, kind_of(text), "no text", "write the passage as a string")
    if not text.strip():
        return refusal(line, found.text_column, "", "empty text", "write the passage or delete the record")
    if len(text) > LONGEST_CELL:
        return refusal(line, found.text_column, f"{len(text)} characters", "not a passage", "cut it into passages")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        others = [label for label in labels if not isinstance(label, str)] if isinstance(labels, list) else [labels]
        return refusal(line, found.labels_column, kind_of(others[0]), "no topic's name", "write a list of strings")
    row_id = _name(found.id) or str(line)
    row = LabelledRow(
        line, row_id, _name(found.article) or row_id, text, frozenset(label.strip() for label in labels) - {""}
    )
    places = ((found.text_column, [text]), (found.labels_column, labels), ("id", [row.id, row.article]))
    for column, values in places:
        if any(_NO_TEXT.search(value) for value in values):
            return refusal(line, column, "", "a NUL or half of a surrogate pair", "save the file as UTF-8 again")
    return row


def collected(path: Path, outcomes: Iterable[LabelledRow | Finding]) -> LabelledData:
    """Rows and refusals of a file, in its order."""
    rows: list[LabelledRow] = []
    refusals: list[Finding] = []
    for outcome in outcomes:
        if isinstance(outcome, Finding):
            refusals.append(outcome)
        else:
            rows.append(outcome)
    return LabelledData(tuple(rows), tuple(refusals), hashlib.sha256(path.read_bytes()).hexdigest())


def kind_of(value: object) -> str:
    """What kind of JSON value this is, in words."""
    return _KINDS.get(type(value), "a number")


def strings_of(value: object) -> object:
    """One string as a list of it, anything else as it is."""
    return [value] if isinstance(value, str) else value


def check_rows(rows: Sequence[LabelledRow]) -> None:
    """Raise `LabelledDataError` for what no format can hold: an empty text, half a surrogate pair, a blank topic."""
    for number, row in enumerate(rows, 1):
        if not row.text.strip():
            raise LabelledDataError(f"Row {number} (id {row.id!r}) has an empty text: leave it out.")
        if any(_NO_TEXT.search(value) for value in (row.text, row.id, row.article, *row.labels)):
            raise LabelledDataError(f"Row {number} holds a NUL or half of a surrogate pair: read it as UTF-8 again.")
    refuse_labels(
        rows, lambda label: "" if label and label == label.strip() else "it is empty or has blanks at its ends"
    )


def refuse_labels(rows: Sequence[LabelledRow], fault: Callable[[str], str]) -> None:
    """Raise `LabelledDataError` for the first topic with a fault: `fault` gives the reason, or nothing."""
    for number, row in enumerate(rows, 1):
        for label in sorted(row.labels):
            if why := fault(label):
                raise LabelledDataError(
                    f"The topic {label[:40]!r} of row {number} (id {row.id!r}) can't be written: {why}; "
                    "rename the topic or choose another format."
                )


def one_line(text: str) -> str:
    """The text with every run of line ends and tabs as one space, without blanks at its ends."""
    return _BREAKS.sub(" ", text.strip())


def written_lines(lines: Iterable[str]) -> str:
    """A file of these lines. A first U+FEFF would be read as a byte order mark, so a blank goes before it."""
    content = "".join(f"{line}\n" for line in lines)
    return f" {content}" if content.startswith("\ufeff") else content


def line_notes(rows: Sequence[LabelledRow]) -> list[str]:
    """What `one_line` changes in these rows' texts."""
    breaks = sum(bool(_BREAKS.search(row.text.strip())) for row in rows)
    return counted(breaks, "line ends and tabs of the text became spaces in") + edge_notes(rows)


def edge_notes(rows: Sequence[LabelledRow]) -> list[str]:
    """How many texts begin or end with blanks, for formats that don't keep them."""
    return counted(sum(row.text != row.text.strip() for row in rows), "blanks at the ends of the text are left out in")


def lost_names(rows: Sequence[LabelledRow], *, ids: bool, articles: bool) -> list[str]:
    """Notes for a format with a place for ids or articles, or without: what reading it back can't restore."""
    lost_ids = 0 if ids else sum(row.id != str(number) for number, row in enumerate(rows, 1))
    lost_articles = 0 if articles else sum(row.article != row.id for row in rows)
    return counted(lost_ids, "the format has no ids: they are left out of") + counted(
        lost_articles, "the format has no articles: they are left out of"
    )


def counted(count: int, what: str) -> list[str]:
    """A sentence on so many rows; none if there are none."""
    return [f"{what[0].upper()}{what[1:]} {count} {'row' if count == 1 else 'rows'}."] if count else []


def _name(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
