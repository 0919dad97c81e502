"""Uploaded files as rows: CSV in any of its usual forms, plain text, JSON."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO

from app.store.errors import BadReviewError
from app.store.schemas import RowFault

MOST_FAULTS = 100
_LONGEST_CELL = 100_000_000
_HEADER_BYTES = 65_536
_SEPARATORS = ",;\t"
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, slots=True)
class UploadedRow:
    """A row of a file: its first line (or its number in a JSON list), from 1, and its cells by column."""

    line: int
    cells: Mapping[str, str]


class Faults:
    """Counts refused rows and keeps the first of their faults."""

    def __init__(self) -> None:
        self.count = 0
        self.shown: list[RowFault] = []

    def add(self, line: int, column: str, reason: str) -> None:
        """Refuse a row; `reason` says what is wrong and what to do, never what the row holds."""
        self.count += 1
        if len(self.shown) < MOST_FAULTS:
            self.shown.append(RowFault(line=line, column=column, reason=reason))


def decoded(file: IO[bytes], charset: str) -> TextIOWrapper:
    """The file as text, from its beginning: by its byte order mark, else by `charset`, else UTF-8.

    Closing it closes both. Raises `BadReviewError` for a charset that Python doesn't know.
    """
    start = file.read(4)
    file.seek(0)
    by_mark = next((name for mark, name in _BOMS.items() if start.startswith(mark)), None)
    try:
        codecs.lookup(charset or "utf-8")
    except LookupError:
        raise BadReviewError("The charset of the Content-Type isn't known: send the file as UTF-8.") from None
    return TextIOWrapper(file, by_mark or charset or "utf-8", newline="")


def csv_rows(text: TextIOWrapper, faults: Faults) -> Iterator[UploadedRow]:
    """The rows of a CSV with a header that has a column `text`; rows that can't be read become faults.

    The separator is the comma, semicolon or tab that gives the header that column. Raises `BadReviewError` if no
    separator does, or the file isn't in its encoding.
    """
    csv.field_size_limit(_LONGEST_CELL)
    try:
        start = text.read(_HEADER_BYTES)
        text.seek(0)
        separator = _separator(start)
        reader = csv.reader(text, delimiter=separator, strict=True)
        header = [name.strip().lower() for name in next(reader)]
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            if len(cells) > len(header):
                faults.add(line, "", "it has more cells than the header: put cells that hold the separator in quotes")
            elif cells:
                yield UploadedRow(line, dict(zip(header, cells, strict=False)))
    except UnicodeDecodeError as fault:
        raise BadReviewError(f"The file isn't {text.encoding}: save it as UTF-8 and send it again.") from fault
    except csv.Error as fault:
        raise BadReviewError(f"The CSV can't be read after line {reader.line_num}: {fault}.") from None


def _separator(start: str) -> str:
    for separator in _SEPARATORS:
        header = next(csv.reader(start.splitlines()[:1], delimiter=separator), [])
        if "text" in {name.strip().lower() for name in header}:
            return separator
    raise BadReviewError("The CSV has no column named text: write text,labels,... into its first line.")
