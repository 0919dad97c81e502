"""Rows of an input file, whatever its format, one after the other."""

from collections.abc import Iterator, Mapping

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from app.bulk.csv_rows import csv_rows
from app.bulk.inputs import InputFile
from app.bulk.opening import Lines, LineTooLongError, OpenInput
from app.bulk.rows import BROKEN, EMPTY, TOO_LONG, BadRow, Columns, SourceRow, is_sound
from app.tagger import InputError

_PARQUET_ROWS = 1024
_PARQUET_BUFFER = 2**20


def rows_of(file: InputFile, source: OpenInput, columns: Columns) -> Iterator[SourceRow | BadRow]:
    """The rows of an open file. Raises `InputError` if it lacks a column."""
    if file.format == "parquet":
        return _parquet_rows(source, columns, file.name)
    lines = Lines(source.text(columns.encoding))
    if file.format == "csv":
        return csv_rows(lines, columns, file.name)
    return _json_rows(lines, columns) if file.format == "jsonl" else text_rows(lines, file.name)


def text_rows(lines: Lines, name: str) -> Iterator[SourceRow | BadRow]:
    """Every line that isn't blank. The file is one article: a passage never goes past a line's end anyway."""
    offset = 0
    while True:
        place = lines.begin()
        try:
            line = next(lines)
        except StopIteration:
            return
        except LineTooLongError:
            raise InputError(f"{name}, line {place}: {TOO_LONG}.") from None
        if not is_sound(line):
            yield BadRow(place, BROKEN)
        elif not line.isspace():
            yield SourceRow(place, line, name, offset=offset)
        offset += len(line)


def _json_rows(lines: Lines, columns: Columns) -> Iterator[SourceRow | BadRow]:
    while True:
        place = lines.begin()
        try:
            line = next(lines)
        except StopIteration:
            return
        except LineTooLongError:
            yield BadRow(place, TOO_LONG)
            continue
        if line.isspace():
            continue
        try:
            yield _json_row(place, msgspec.json.decode(line), columns)
        except UnicodeEncodeError:
            yield BadRow(place, BROKEN)
        except (msgspec.DecodeError, RecursionError):
            yield BadRow(place, "no JSON object")


def _json_row(place: int, item: object, columns: Columns) -> SourceRow | BadRow:
    if not isinstance(item, Mapping):
        return BadRow(place, "no JSON object")
    text = item.get(columns.text)
    if text is None:
        return BadRow(place, f"no text under {columns.text!r}" if columns.text not in item else EMPTY)
    if not isinstance(text, str):
        return BadRow(place, f"{columns.text!r} holds no text")
    if not text.strip():
        return BadRow(place, EMPTY)
    extras = {what: item.get(column) for what, column in columns.extras().items()}
    missing = [column for what, column in columns.extras().items() if what in columns.named and column not in item]
    if missing:
        return BadRow(place, f"nothing under {missing[0]!r}")
    if any(isinstance(value, list | dict) for value in extras.values()):
        return BadRow(place, "an id, date or source that is no text or number")
    return SourceRow(place, text, _written(extras["id"]), _written(extras["date"]), _written(extras["source"]))


def _written(value: object) -> str | None:
    return None if value in (None, "") else str(value)


def _parquet_rows(source: OpenInput, columns: Columns, name: str) -> Iterator[SourceRow | BadRow]:
    # Without pre-buffering and with a buffer, a row group of any size is read piece by piece.
    file = pq.ParquetFile(source.raw, pre_buffer=False, buffer_size=_PARQUET_BUFFER)
    names = set(file.schema_arrow.names)
    wanted = {"text": columns.text, **columns.extras()}
    missing = [column for what, column in wanted.items() if what in {"text", *columns.named} and column not in names]
    if missing:
        raise InputError(f"{name} has no column {missing[0]!r}: name it, for instance --text-column.")
    there = {what: column for what, column in wanted.items() if column in names}
    place = 0
    for batch in file.iter_batches(_PARQUET_ROWS, columns=sorted(set(there.values())), use_threads=False):
        values = {what: _strings(batch.column(column), column, name) for what, column in there.items()}
        for row in range(batch.num_rows):
            place += 1
            yield _parquet_row(place, {what: column[row] for what, column in values.items()})


def _parquet_row(place: int, values: Mapping[str, str | bytes | None]) -> SourceRow | BadRow:
    cells: dict[str, str | None] = {}
    try:
        for what, value in values.items():
            cells[what] = value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return BadRow(place, BROKEN)
    text = cells.pop("text")
    if text is None or not text.strip():
        return BadRow(place, EMPTY)
    return SourceRow(place, text, cells.get("id") or None, cells.get("date") or None, cells.get("source") or None)


def _strings(column: pa.Array, column_name: str, name: str) -> list[str | bytes | None]:
    """A column's values as text, or as bytes where one of them is no UTF-8."""
    try:
        text = column.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(f"{name}: column {column_name!r} holds {column.type}, not text: name another.") from None
    try:
        values: list[str | bytes | None] = text.to_pylist()
    except UnicodeDecodeError:
        values = text.cast(pa.large_binary()).to_pylist()
    return values
