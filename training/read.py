"""Labelled rows and topics from CSV files; every row is accepted or refused with its line, column, value and cure."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic

LONGEST_CELL = 131_072
OWN_WEIGHT = 10.0
"""How much a row of one's own counts beside a row of the shipped corpus."""
_SEPARATORS = "|;,"
_DELIMITERS = ",;\t"
_TRUE, _FALSE = frozenset({"1", "1.0", "true"}), frozenset({"", "0", "0.0", "false"})


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A passage and its topic ids; `line` counts from 1, `article` groups rows that must not straddle a split.

    `weight` says how much the row counts in a fit: as much as so many rows of weight 1.
    """

    line: int
    id: str
    article: str
    text: str
    labels: frozenset[str]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that can't be used: where, why, and what to do. `value` never is the row's text."""

    line: int
    column: str
    value: str
    reason: str
    cure: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column!r}, value {self.value!r}: {self.reason}; {self.cure}"


@dataclass(frozen=True)
class LabelledData:
    """What a labelled CSV holds. `len(rows) + len(refusals)` is the number of its rows."""

    rows: tuple[LabelledRow, ...]
    refusals: tuple[Refusal, ...]
    sha256: str

    @property
    def texts(self) -> list[str]:
        """The accepted rows' texts."""
        return [row.text for row in self.rows]

    @property
    def articles(self) -> list[str]:
        """The accepted rows' article ids."""
        return [row.article for row in self.rows]

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """The accepted rows' weights."""
        return np.array([row.weight for row in self.rows])

    def targets(self, topics: Sequence[Topic]) -> npt.NDArray[np.bool_]:
        """Which topics each row has: (rows, topics)."""
        return np.array([[topic.id in row.labels for topic in topics] for row in self.rows], dtype=bool)


def load_topics(path: str | Path) -> tuple[Topic, ...]:
    """Read a topics file: columns id, name_ar, name_en, and if wanted group, definition and keywords parted by `|`."""
    reader = _reader(_decoded(Path(path), None), Path(path))
    missing = [name for name in ("id", "name_ar", "name_en") if name not in (reader.fieldnames or ())]
    if missing:
        raise LabelledDataError(f"{path} has no column {missing[0]!r}: add it to the header line.")
    topics = tuple(
        Topic(
            id=row["id"].strip(),
            name_ar=row["name_ar"].strip(),
            name_en=row["name_en"].strip(),
            definition=(row.get("definition") or "").strip(),
            group=(row.get("group") or "").strip(),
            keywords=tuple(word.strip() for word in (row.get("keywords") or "").split("|") if word.strip()),
        )
        for row in reader
    )
    ids = [topic.id for topic in topics]
    if not ids or len(set(ids)) < len(ids) or not all(ids):
        raise LabelledDataError(f"{path} must hold topics with one id each: remove empty and repeated ids.")
    return topics


def load_phrases(path: str | Path) -> dict[str, list[str]]:
    """Read a lexicon: columns topic and phrase; phrases of a topic are one group of features."""
    reader = _reader(_decoded(Path(path), None), Path(path))
    if not {"topic", "phrase"} <= set(reader.fieldnames or ()):
        raise LabelledDataError(f"{path} lacks a column 'topic' or 'phrase': add it to the header line.")
    groups: dict[str, list[str]] = {}
    for row in reader:
        groups.setdefault((row["topic"] or "").strip(), []).append((row["phrase"] or "").strip())
    return groups


def load_labelled(path: str | Path, topics: Sequence[Topic], encoding: str | None = None) -> LabelledData:
    """Read a labelled CSV: `text` and `labels` (ids joined by `|`, `;` or `,`) or one 0/1 column per topic.

    UTF-8 (with or without BOM) and UTF-16 with BOM are known by themselves, any other encoding must be named. Comma,
    semicolon and tab part the columns, a first line `sep=;` is obeyed. Empty labels are a valid answer.
    Raises `LabelledDataError` if the file as a whole can't be read; rows that can't be used become refusals.
    """
    path = Path(path)
    reader = _reader(_decoded(path, encoding), path)
    columns = _label_columns(reader.fieldnames or (), topics, path)
    known = {topic.id for topic in topics}
    rows: list[LabelledRow] = []
    refusals: list[Refusal] = []
    for line, record in _records(reader, path):
        outcome = _row(line, record, columns, known)
        if isinstance(outcome, Refusal):
            refusals.append(outcome)
        else:
            rows.append(outcome)
    return LabelledData(tuple(rows), tuple(refusals), hashlib.sha256(path.read_bytes()).hexdigest())


def default_weights(files: int) -> list[float]:
    """Rows of the first file count 1, those of further files, a user's own, more."""
    return [1.0, *[OWN_WEIGHT] * (files - 1)]


def merged(parts: Sequence[tuple[LabelledData, float]]) -> LabelledData:
    """Several files as one, the rows of each with a weight; articles of different files are different articles.

    One file of weight 1 stays as it is.
    """
    if len(parts) == 1 and parts[0][1] == 1:
        return parts[0][0]
    rows = [
        replace(row, article=f"{number}/{row.article}", weight=weight)
        for number, (data, weight) in enumerate(parts)
        for row in data.rows
    ]
    refusals = [refusal for data, _ in parts for refusal in data.refusals]
    digest = hashlib.sha256("".join(f"{data.sha256} {weight}\n" for data, weight in parts).encode())
    return LabelledData(tuple(rows), tuple(refusals), digest.hexdigest())


def _decoded(path: Path, encoding: str | None) -> str:
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise LabelledDataError(f"{path} can't be read ({fault.strerror}): give the path of a CSV file.") from None
    marked = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding or marked)
    except LookupError:
        raise LabelledDataError(f"{encoding!r} is no known encoding: try windows-1256 or utf-8.") from None
    except UnicodeDecodeError as fault:
        raise LabelledDataError(
            f"{path} is no {fault.encoding} (byte {fault.start}): save it as UTF-8 or name its encoding, "
            "for instance --encoding windows-1256."
        ) from None


def _reader(content: str, path: Path) -> "csv.DictReader[str]":
    if "\x00" in content:
        raise LabelledDataError(f"{path} holds NUL bytes: it is no CSV file; export it as CSV (UTF-8).")
    csv.field_size_limit(max(len(content), LONGEST_CELL))
    first, _, rest = content.partition("\n")
    told = first.strip().lower().removeprefix("sep=")
    if first.lower().startswith("sep=") and len(told) <= 1:
        content, delimiter = rest, told or "\t"
    else:
        delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter, restkey="", strict=True)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    return reader


def _label_columns(header: Iterable[str], topics: Sequence[Topic], path: Path) -> list[str]:
    """The columns that hold labels: `labels` alone, or those named after topics."""
    names = list(header)
    if "text" not in names:
        raise LabelledDataError(f"{path} has no column 'text' (it has {', '.join(names) or 'none'}): name it so.")
    if "labels" in names:
        return ["labels"]
    columns = [topic.id for topic in topics if topic.id in names]
    if not columns:
        raise LabelledDataError(f"{path} has neither a column 'labels' nor one per topic: add one of the two.")
    return columns


def _records(reader: "csv.DictReader[str]", path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Each record with the line that it begins on."""
    line = reader.line_num + 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as fault:
        raise LabelledDataError(f"{path}, record from line {line}: {fault}; close the quotes of that record.") from None


def _row(line: int, record: dict[str, str | None], columns: list[str], known: set[str]) -> LabelledRow | Refusal:
    text = (record.get("text") or "").strip()
    if "" in record:
        return Refusal(line, "", "", "more cells than the header has columns", "put the text in quotes")
    if not text:
        return Refusal(line, "text", "", "empty text", "write the passage or delete the row")
    if len(text) > LONGEST_CELL:
        return Refusal(line, "text", f"{len(text)} characters", "not a passage", "cut it into passages")
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Refusal(line, "text", "", "half of a surrogate pair", "save the file as UTF-8 again")
    labels: set[str] = set()
    if columns == ["labels"]:
        cell = record.get("labels") or ""
        for separator in _SEPARATORS:
            cell = cell.replace(separator, "|")
        labels = {label for part in cell.split("|") if (label := part.strip())}
        unknown = sorted(labels - known)
        if unknown:
            return Refusal(line, "labels", unknown[0], "unknown topic", "use an id of the topics file or add it there")
    else:
        for column in columns:
            cell = (record.get(column) or "").strip().lower()
            if cell not in _TRUE | _FALSE:
                return Refusal(line, column, cell[:40], "neither 0 nor 1", "write 1 for yes, 0 or nothing for no")
            if cell in _TRUE:
                labels.add(column)
    row_id = (record.get("id") or "").strip() or str(line)
    return LabelledRow(line, row_id, (record.get("article_id") or "").strip() or row_id, text, frozenset(labels))
