"""One shard -> one output file under a temporary name: what a worker does."""

import csv
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from app.bulk.inputs import InputFile, Shard
from app.bulk.opening import OpenInput, opened
from app.bulk.plan import OutputFormat, TagPlan
from app.bulk.reading import rows_of
from app.bulk.rows import BadRow, SourceRow
from app.bulk.tagging import BatchTagger
from app.bulk.writing import TableWriter, told_disk_faults
from app.tagger import InputError
from app.tagger.durable import sync_file

_TELL_EVERY_S = 0.5
_WHOLE_FILE = 0


@dataclass(frozen=True, slots=True)
class ShardTask:
    """A shard to tag: drafts and progress go into the folder `drafts`, under names that begin with `name`.

    At most `bad_rows` rows may be bad, or any number if None.
    """

    shard: Shard
    name: str
    drafts: str
    plan: TagPlan
    format: OutputFormat
    bad_rows: int | None = None

    @property
    def progress(self) -> Path:
        """The file in which the worker tells how far it is."""
        return Path(self.drafts) / f"{self.name}.progress"


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was done: passages written, bad rows met, bytes of input read."""

    passages: int = 0
    bad_rows: int = 0
    bytes_read: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Of both."""
        return Counts(
            self.passages + other.passages, self.bad_rows + other.bad_rows, self.bytes_read + other.bytes_read
        )


@dataclass(frozen=True, slots=True)
class ShardDone:
    """A shard that was tagged: its drafts are on the disk. `fault` says why it can't be used, if it can't."""

    draft: str
    bad_rows_draft: str | None
    counts: Counts
    fault: str | None = None
    too_many: bool = False


class _TooManyBadRowsError(Exception):
    """More rows are bad than the task allows."""


def tag_shard(task: ShardTask) -> ShardDone:
    """Tag a shard. Raises `OutputError` if the disk refuses and `BundleError` if the model can't be opened."""
    work = _Work(task, BatchTagger(task.plan))
    fault, too_many = None, False
    try:
        work.write()
    except InputError as told:
        fault = str(told)
    except _TooManyBadRowsError:
        too_many = True
    finally:
        work.bad.close()
    counts = work.counts()
    if fault is None and not too_many and counts.bad_rows and not counts.passages:
        fault = f"{task.shard.files[0].name} has no row that can be used; {work.bad.first}"
    if fault:
        work.bad.add(task.shard.files[0].name, BadRow(_WHOLE_FILE, fault))
        work.bad.close()
    return ShardDone(str(work.draft), work.bad.draft, counts, fault, too_many)


class _BadRows:
    """The file of a shard's bad rows, made with the first of them."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self.first = ""
        self._path = path
        self._file: TextIO | None = None

    @property
    def draft(self) -> str | None:
        return str(self._path) if self.first else None

    def add(self, name: str, row: BadRow) -> None:
        with told_disk_faults(self._path):
            if self._file is None:
                self._file = self._path.open("a", encoding="utf-8", newline="")
            if not self.first:
                csv.writer(self._file).writerow(("file", "line", "reason"))
                self.first = f"the first: line {row.place}: {row.reason}."
            csv.writer(self._file).writerow((name, row.place or "", row.reason))
        self.count += 1

    def close(self) -> None:
        if self._file:
            with told_disk_faults(self._path), self._file:
                sync_file(self._file.buffer)
            self._file = None


@dataclass
class _Work:
    """A shard in the making."""

    task: ShardTask
    tagger: BatchTagger
    draft: Path = field(init=False)
    bad: _BadRows = field(init=False)
    passages: int = 0
    _read_before: int = 0
    _source: OpenInput | None = None
    _told: float = 0.0

    def __post_init__(self) -> None:
        # A worker that is believed dead may still write: no two attempts share a draft.
        stem = Path(self.task.drafts) / f"{self.task.name}.{uuid4().hex[:12]}"
        self.draft = stem.with_name(f"{stem.name}.draft")
        self.bad = _BadRows(stem.with_name(f"{stem.name}.bad"))

    def write(self) -> None:
        with TableWriter(self.draft, self.task.format, self.tagger.schema) as writer:
            self._tell()
            for batch in self.tagger.batches(self._rows()):
                writer.write(batch)
                self.passages += batch.num_rows
                if time.monotonic() - self._told >= _TELL_EVERY_S:
                    self._tell()

    def counts(self) -> Counts:
        position = self._source.position() if self._source else 0
        return Counts(self.passages, self.bad.count, self._read_before + position)

    def _rows(self) -> Iterator[SourceRow]:
        for file in self.task.shard.files:
            try:
                yield from self._rows_of(file)
            except InputError as fault:
                if len(self.task.shard.files) == 1:
                    raise
                self._refuse(file, BadRow(_WHOLE_FILE, str(fault)))

    def _rows_of(self, file: InputFile) -> Iterator[SourceRow]:
        with ExitStack() as stack:
            self._source = stack.enter_context(opened(file))
            stack.callback(self._leave, file)
            for row in rows_of(file, self._source, self.task.plan.columns):
                if isinstance(row, BadRow):
                    self._refuse(file, row)
                else:
                    yield row if row.id else _named(row, file)

    def _leave(self, file: InputFile) -> None:
        self._source = None
        self._read_before += file.size

    def _refuse(self, file: InputFile, row: BadRow) -> None:
        self.bad.add(file.name, row)
        if self.task.bad_rows is not None and self.bad.count > self.task.bad_rows:
            raise _TooManyBadRowsError

    def _tell(self) -> None:
        """Say how far the shard is."""
        self._told = time.monotonic()
        with told_disk_faults(self.task.progress):
            self.task.progress.write_text(json.dumps(asdict(self.counts())), "ascii")


def _named(row: SourceRow, file: InputFile) -> SourceRow:
    """A row without an id is called by its file and line."""
    return SourceRow(row.place, row.text, f"{file.name}:{row.place}", row.date, row.source, row.offset)
