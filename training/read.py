"""Labelled rows from a CSV file; every row is accepted or refused with its line, column, value and cure."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training.columns import Columns, columns_of
from training.encoding import Decoded, decoded, read_bytes
from training.row_reader import RowReader
from training.rows import Finding, LabelledData, LabelledRow
from training.table import Table, table_of


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a labelled CSV where it doesn't tell by itself."""

    encoding: str | None = None
    text_column: str | None = None
    labels_column: str | None = None
    unscramble: bool = False
    """Repair text that was decoded wrongly before it was saved, instead of refusing it."""


@dataclass(frozen=True)
class LabelledFile:
    """A labelled CSV as it stands on disk, taken apart but not judged."""

    table: Table
    columns: Columns
    decoded: Decoded
    sha256: str


def open_labelled(path: Path, topics: Sequence[Topic] | None, options: ReadOptions) -> LabelledFile:
    """Decode a file, split it into records and find its columns; `LabelledDataError` if that can't be done."""
    content = read_bytes(path)
    text = decoded(path, content, options.encoding)
    try:
        table = table_of(text.text)
        columns = columns_of(table, topics, options.text_column, options.labels_column)
    except LabelledDataError as fault:
        raise LabelledDataError(f"{path}: {fault}") from None
    return LabelledFile(table, columns, text, hashlib.sha256(content).hexdigest())


def load_labelled(
    path: str | Path, topics: Sequence[Topic] | None = None, options: ReadOptions | None = None
) -> LabelledData:
    """Read a labelled CSV: `text` and `labels` (parted by `|`, `;` or `,`), or one 0/1 column per topic.

    Labels may be ids or names of `topics` in any spelling that folds to the same; without `topics` any label is one.
    Where every row has one label and passages repeat with others, the rows of a passage are joined. Empty labels are a
    valid answer. Rows that can't be used become refusals; `LabelledDataError` if the file as a whole can't be read.
    """
    options = options or ReadOptions()
    return labelled_data(open_labelled(Path(path), topics, options), topics, options)


def labelled_data(file: LabelledFile, topics: Sequence[Topic] | None, options: ReadOptions) -> LabelledData:
    """The rows and refusals of a file that was opened with the same topics and options."""
    reader = RowReader(file.table, file.columns, topics, options.unscramble)
    outcomes = [reader.row(record) for record in file.table.records]
    rows, joined = _joined([outcome for outcome in outcomes if isinstance(outcome, LabelledRow)])
    refusals = tuple(outcome for outcome in outcomes if isinstance(outcome, Finding))
    notices = (*_guess_notice(file.decoded), *_join_notice(joined), *reader.notices())
    return LabelledData(tuple(rows), refusals, file.sha256, notices, joined, file.decoded.encoding)


def _joined(rows: list[LabelledRow]) -> tuple[list[LabelledRow], int]:
    """One row a passage where the file has one row per pair of passage and label; else the rows as they are."""
    if any(len(row.labels) > 1 for row in rows):
        return rows, 0
    passages: dict[str, list[LabelledRow]] = defaultdict(list)
    for row in rows:
        passages[row.text].append(row)
    repeated = [found for found in passages.values() if len({row.labels for row in found if row.labels}) > 1]
    if len(repeated) * 20 < len(passages) or any(len({row.labels for row in found}) < len(found) for found in repeated):
        return rows, 0
    whole = [replace(found[0], labels=frozenset().union(*(row.labels for row in found))) for found in passages.values()]
    return whole, len(rows) - len(whole)


def _guess_notice(decoded_file: Decoded) -> list[Finding]:
    if not decoded_file.guessed:
        return []
    name = decoded_file.encoding
    return [Finding("encoding", 0, "", name, f"no UTF-8: read as {name}", f"give --encoding {name} if that is right")]


def _join_notice(joined: int) -> list[Finding]:
    if not joined:
        return []
    reason = f"one row per pair of text and label: {joined} rows joined to others of the same text"
    return [Finding("joined", 0, "labels", f"{joined} rows", reason, "nothing, if that is meant")]
