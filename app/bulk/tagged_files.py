"""Reads what `rasid tag` wrote, in whatever format, as tables of one shape."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from app.bulk.manifest import MANIFEST, run_facts_of
from app.bulk.opening import LONGEST_LINE
from app.tagger import InputError, Topic

_ROWS = 4096
_NEEDED = frozenset({"id", "start", "end", "topics", "scores"})
_LISTS = ("topics", "scores", "notes")
_WHOLE_NUMBERS = ("start", "end", "words", "unknown")
COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("topics", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
        ("nearest", pa.string()),
        ("margin", pa.float32()),
        ("notes", pa.list_(pa.string())),
        ("words", pa.int32()),
        ("unknown", pa.int32()),
        ("date", pa.string()),
        ("source", pa.string()),
        ("model_version", pa.string()),
        ("text", pa.string()),
    ]
)
"""The columns that every table has; those that a file lacks are empty."""


def tagged_files(arguments: Sequence[Path]) -> list[Path]:
    """The files that arguments name, those of folders sorted by name. Raises `InputError` if there are none."""
    found: list[Path] = []
    for argument in arguments:
        if argument.is_dir():
            inside = sorted(path for path in argument.iterdir() if path.suffix in _READERS and path.name != MANIFEST)
            found += [path for path in inside if path.is_file() and not path.name.startswith((".", "_"))]
        elif argument.is_file() and argument.suffix in _READERS:
            found.append(argument)
        else:
            raise InputError(f"{argument} is neither a folder nor a file that `rasid tag` writes: give its --out.")
    if not found:
        raise InputError(f"{arguments[0]} holds no tagged passages: run `rasid tag IN --out {arguments[0]}` first.")
    return list(dict.fromkeys(found))


def topics_of(files: Sequence[Path]) -> tuple[Topic, ...]:
    """The topics of the runs that wrote the files; where no manifest lies beside a file, those it has, by id alone."""
    topics: dict[str, Topic] = {}
    for folder in dict.fromkeys(file.parent for file in files):
        facts = run_facts_of(folder)
        if facts:
            topics |= {topic["id"]: Topic(topic["id"], topic["name_ar"], topic["name_en"]) for topic in facts["topics"]}
            continue
        for table in tagged_tables([file for file in files if file.parent == folder]):
            found = table.column("topics").flatten().unique().to_pylist()
            topics |= {topic: Topic(topic, topic, topic) for topic in found if topic not in topics}
    return tuple(topics.values())


def tagged_tables(files: Iterable[Path]) -> Iterator[pa.RecordBatch]:
    """The passages of all files in order, a few thousand at a time. Raises `InputError` if a file is none of ours."""
    for file in files:
        try:
            yield from _READERS[file.suffix](file)
        except (pa.ArrowException, OSError, ValueError, KeyError, csv.Error, msgspec.MsgspecError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else "it isn't what it should be"
            raise InputError(f"{file} can't be read: {reason}: tag its shard anew with `rasid tag`.") from None


def _parquet_tables(path: Path) -> Iterator[pa.RecordBatch]:
    file = pq.ParquetFile(path, pre_buffer=False)
    _check(path, file.schema_arrow.names)
    names = [name for name in COLUMNS.names if name in file.schema_arrow.names]
    for batch in file.iter_batches(_ROWS, columns=names, use_threads=False):
        columns = [
            batch.column(field.name).cast(field.type) if field.name in names else pa.nulls(batch.num_rows, field.type)
            for field in COLUMNS
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=COLUMNS)


def _csv_tables(path: Path) -> Iterator[pa.RecordBatch]:
    csv.field_size_limit(LONGEST_LINE)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        _check(path, reader.fieldnames or ())
        yield from _tables(map(_unflattened, reader))


def _json_tables(path: Path) -> Iterator[pa.RecordBatch]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with path.open("rb") as stream:
        rows = map(decode, stream)
        first = next(rows, None)
        if first is not None:
            _check(path, first)
            yield from _tables(chain([first], rows))


def _tables(rows: Iterable[Mapping[str, Any]]) -> Iterator[pa.RecordBatch]:
    remaining = iter(rows)
    while some := list(islice(remaining, _ROWS)):
        yield pa.RecordBatch.from_pylist(some, schema=COLUMNS)


def _unflattened(row: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {name: value or None for name, value in row.items()}
    for name in _LISTS:
        values[name] = (row.get(name) or "").split("|") if row.get(name) else []
    for name in _WHOLE_NUMBERS:
        values[name] = int(row[name]) if row.get(name) else None
    values["scores"] = [float(item) for item in values["scores"]]
    values["margin"] = float(row["margin"]) if row.get("margin") else None
    return values


def _check(path: Path, names: Iterable[str]) -> None:
    missing = sorted(_NEEDED - set(names))
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}: give files that `rasid tag` wrote.")


_READERS = {".parquet": _parquet_tables, ".csv": _csv_tables, ".jsonl": _json_tables}
