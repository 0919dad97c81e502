"""Tables of tagged passages -> a Parquet, CSV or JSONL file, the same bytes for the same passages."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from app.bulk.plan import OutputFormat
from app.tagger import RasidError
from app.tagger.durable import sync_file

SUFFIXES: dict[OutputFormat, str] = {"parquet": ".parquet", "csv": ".csv", "jsonl": ".jsonl"}
_GROUP_ROWS, _GROUP_BYTES = 65_536, 32 * 2**20
_SEPARATOR = "|"


class OutputError(RasidError):
    """The disk refuses what a run writes."""


@contextmanager
def told_disk_faults(place: Path) -> Iterator[None]:
    """Turn the disk's refusal to write at `place` into an `OutputError` that says how to go on."""
    try:
        yield
    except OSError as fault:
        reason = fault.strerror or str(fault).partition(". Detail")[0]
        raise OutputError(
            f"{place} can't be written: {reason}: free space or mend its rights, then run the same command again."
        ) from None


class TableWriter(AbstractContextManager["TableWriter"]):
    """Writes one new file, which is on the disk when the block is left without an error."""

    def __init__(self, path: Path, format: OutputFormat, schema: pa.Schema) -> None:
        self._path = path
        with told_disk_faults(path):
            self._file: IO[bytes] = path.open("xb")
            self._table = _TABLES[format](self._file, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add passages. Raises `OutputError` if the disk refuses."""
        with told_disk_faults(self._path):
            self._table.write(batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with told_disk_faults(self._path), self._file:
            if kind is None:
                self._table.close()
                sync_file(self._file)
            else:
                self._table.abandon()


class _ParquetTable:
    """Gathers passages until a row group is worth its overhead."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._group: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        self._group.append(batch)
        rows, size = sum(part.num_rows for part in self._group), sum(part.nbytes for part in self._group)
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        if self._group:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        # Arrow would write the end of the file when the writer goes.
        self._writer.is_open = False

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._group, self._schema))
        self._group = []


class _CsvTable:
    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        flat = pa.schema([(name, _flat_type(schema.field(name).type)) for name in schema.names])
        self._writer = pa_csv.CSVWriter(file, flat)
        self._schema = flat

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(
            pa.RecordBatch.from_arrays([_flat(column) for column in batch.columns], schema=self._schema)
        )

    def close(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        """The file has no end of its own."""


class _JsonTable:
    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file = file
        self._encode = msgspec.json.Encoder().encode

    def write(self, batch: pa.RecordBatch) -> None:
        buffer = io.BytesIO()
        for row in batch.to_pylist():
            buffer.write(self._encode({name: _short(value) for name, value in row.items()}) + b"\n")
        self._file.write(buffer.getbuffer())

    def close(self) -> None:
        """The file has no end of its own."""

    def abandon(self) -> None:
        """The file has no end of its own."""


_TABLES: dict[OutputFormat, Callable[[IO[bytes], pa.Schema], Any]] = {
    "parquet": _ParquetTable,
    "csv": _CsvTable,
    "jsonl": _JsonTable,
}


def _flat_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_list(kind) else kind


def _flat(column: pa.Array) -> pa.Array:
    """A list's values as one cell."""
    if not pa.types.is_list(column.type):
        return column
    return pc.binary_join(column.cast(pa.list_(pa.string())), _SEPARATOR)


def _short(value: object) -> object:
    """Scores were rounded as single floats, which as doubles have many more digits."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, list) and value and isinstance(value[0], float):
        return [round(item, 6) for item in value]
    return value
