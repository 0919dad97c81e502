"""A CSV's text -> its header and records with their line numbers; a broken record never takes its neighbours along."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.tagger.errors import LabelledDataError

LONGEST_CELL = 131_072
_MOST_LINES = 300
"""Of a record: bounds the search for the end of a quote, so that reading stays linear."""
_DELIMITERS = ",;\t|"
_BROKEN = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile("[\ufeff\u200b-\u200f\u202a-\u202e\u2066-\u2069\u00a0]")
"""Zero-width characters, bidi controls, the no-break space."""


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row. `line` is where it begins, from 1; `fault` says why its cells can't be told apart."""

    line: int
    cells: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True)
class Table:
    """A CSV: names of the columns, cleaned for comparing, and the records in order."""

    header: tuple[str, ...]
    delimiter: str
    records: tuple[Record, ...]


class _Lines:
    """The lines of a text, one after the other up to `end`; `place` may be set back."""

    def __init__(self, text: str) -> None:
        self.all = list(io.StringIO(text, newline=""))
        self.place = 0
        self.end = len(self.all)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.place >= self.end:
            raise StopIteration
        self.place += 1
        return self.all[self.place - 1]


def table_of(text: str) -> Table:
    """Split a CSV into records.

    The delimiter is what a first line `sep=;` says, else the comma, semicolon, tab or bar that parts the header best.
    Lines end in LF, CR LF or CR; quoted cells may hold any of them. Where a quote isn't closed, the record is that one
    line, with a fault, and reading goes on at the next. Raises `LabelledDataError` on an empty text.
    """
    lines = _Lines(text)
    told = _told_delimiter(lines)
    while lines.place < len(lines.all) and not lines.all[lines.place].strip():
        lines.place += 1
    if lines.place >= len(lines.all):
        raise LabelledDataError("the file is empty: give a CSV with the columns text and labels.")
    delimiter = told or _best_delimiter(lines.all[lines.place])
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = tuple(clean_name(name) for name in next(reader))
    except csv.Error as fault:
        raise LabelledDataError(f"the header line can't be read ({fault}): close its quotes.") from None
    return Table(header, delimiter, tuple(_records(lines, delimiter, len(header))))


def clean_name(name: str) -> str:
    """A column's name for comparing: small letters, single spaces, no invisible characters, broken bytes as \ufffd."""
    return " ".join(_BROKEN.sub("\ufffd", _UNSEEN.sub("", name)).lower().split())


def _told_delimiter(lines: _Lines) -> str | None:
    """What `sep=…` on the first line says; Excel writes it, and a tab may be lost behind it."""
    first = lines.all[0].rstrip("\r\n").strip(' "') if lines.all else ""
    if not first.lower().startswith("sep=") or len(first) > len("sep=;"):
        return None
    lines.place = 1
    return first[len("sep=") :] or "\t"


def _best_delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _records(lines: _Lines, delimiter: str, width: int) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while lines.place < len(lines.all):
        start = lines.place
        lines.end = min(len(lines.all), start + _MOST_LINES)
        try:
            cells = next(reader)
        except csv.Error as fault:
            cells, reason = [], _reason(str(fault))
        else:
            # Of a record that goes on behind a line with all its cells, and hasn't the header's number of cells then,
            # a quote swallowed further rows.
            whole = len(_roughly(lines.all[start], delimiter)) >= width
            swallowed = lines.place > start + 1 and len(cells) != width and whole
            reason = "a quote isn't closed" if swallowed else ""
        if reason:
            lines.place = start + 1
            yield Record(start + 1, tuple(_roughly(lines.all[start], delimiter)), reason)
        elif (cells and any(cell.strip() for cell in cells)) or len(cells) > 1:
            yield Record(start + 1, tuple(cells))


def _reason(fault: str) -> str:
    """What the standard library's words for a fault mean."""
    if "field limit" in fault:
        return "a cell is too long, or its quote isn't closed"
    if "unexpected end" in fault:
        return "a quote isn't closed"
    return "a quote is opened or closed at the wrong place"


def _roughly(line: str, delimiter: str) -> list[str]:
    """The cells of one line, whatever its quotes do."""
    return line.rstrip("\r\n").split(delimiter)
