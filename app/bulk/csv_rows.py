"""Rows of a CSV, each with its line; a broken quote costs one row, not those behind it."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.bulk.opening import LONGEST_LINE, Lines, LineTooLongError
from app.bulk.rows import BROKEN, EMPTY, TOO_LONG, BadRow, Columns, SourceRow, is_sound
from app.tagger import InputError

_DELIMITERS = ",;\t|"
_SHOWN, _LONGEST_SHOWN = 12, 24


@dataclass(frozen=True, slots=True)
class _Header:
    delimiter: str
    names: tuple[str, ...]

    def place(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None


def csv_rows(lines: Lines, columns: Columns, name: str) -> Iterator[SourceRow | BadRow]:
    """The rows of the CSV called `name`, whose first line names the columns and shows the delimiter.

    Raises `InputError` if a column is missing.
    """
    csv.field_size_limit(LONGEST_LINE)
    header = _header(lines, columns, name)
    places = {what: header.place(column) for what, column in columns.extras().items()}
    text_place = header.names.index(columns.text)
    last_needed = max(text_place, *(place for place in places.values() if place is not None), 0)
    # A lenient reader would quietly join rows after a quote that nobody closed.
    reader = csv.reader(lines, delimiter=header.delimiter, strict=True)
    while True:
        line = lines.begin()
        try:
            cells = next(reader)
            fault = _shape_fault(cells, len(header.names), last_needed)
        except StopIteration:
            return
        except LineTooLongError:
            cells, fault = [], TOO_LONG
        except csv.Error:
            cells, fault = [], "a quote that isn't closed or stands inside a cell"
        if fault:
            lines.give_back()
        elif not cells:
            continue
        elif not all(map(is_sound, cells)):
            fault = BROKEN
        elif not cells[text_place].strip():
            fault = EMPTY
        if fault:
            yield BadRow(line, fault)
        else:
            extras = {what: None if place is None else cells[place] or None for what, place in places.items()}
            yield SourceRow(line, cells[text_place], extras["id"], extras["date"], extras["source"])


def _shape_fault(cells: Sequence[str], width: int, last_needed: int) -> str | None:
    if cells and (len(cells) <= last_needed or any(cell.strip() for cell in cells[width:])):
        return f"{len(cells)} cells, the header has {width}"
    return None


def _header(lines: Lines, columns: Columns, name: str) -> _Header:
    wanted = {columns.text, *(column for what, column in columns.extras().items() if what in columns.named)}
    try:
        first = next(lines, "")
        if first.lower().startswith("sep="):
            first = next(lines, "")
        headers = [_Header(delimiter, _names(first, delimiter)) for delimiter in _DELIMITERS]
    except (csv.Error, LineTooLongError):
        headers = []
    for header in headers:
        if wanted <= set(header.names):
            return header
    best = max(headers, key=lambda header: len(header.names), default=_Header(",", ()))
    missing = sorted(wanted - set(best.names))
    raise InputError(
        f"{name} has no column {missing[0]!r} but {_told(best.names)}: name it, for instance --text-column."
    )


def _names(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), []))


def _told(names: Sequence[str]) -> str:
    """Column names to show. A long one may be a passage, in a file without a header."""
    shown = [name for name in names if 0 < len(name) <= _LONGEST_SHOWN][:_SHOWN]
    return ", ".join(shown) or "other ones"
