"""Everything that is wrong with a labelled CSV, or deserves a look, and the clean file that it could be."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.tagger.types import Topic
from training.columns import Columns
from training.duplicates import near_duplicates
from training.encoding import ARABIC_LETTER
from training.labels import LabelNames
from training.options import FEWEST_ROWS
from training.output import write_output
from training.read import LabelledFile, ReadOptions, labelled_data, open_labelled
from training.rows import Finding, LabelledData, LabelledRow

_MARK = b"\xef\xbb\xbf"
_COLUMNS = ("id", "article_id", "text", "labels")


@dataclass(frozen=True)
class Check:
    """A labelled CSV judged: `data` as `load_labelled` gives it, `warnings` about rows that are used all the same."""

    file: LabelledFile
    data: LabelledData
    warnings: tuple[Finding, ...]

    def summary(self) -> dict[str, Any]:
        """All of it but the texts, for JSON: counts, rows by topic, and the findings."""
        topics = Counter(label for row in self.data.rows for label in row.labels)
        refused = [{"kind": "refused", **asdict(finding)} for finding in self.data.refusals]
        return {
            "encoding": self.data.encoding,
            "delimiter": self.file.table.delimiter,
            "rows": self.data.rows_in,
            "accepted": len(self.data.rows) + self.data.joined,
            "refused": len(self.data.refusals),
            "joined": self.data.joined,
            "passages": len(self.data.rows),
            "no_topic": sum(not row.labels for row in self.data.rows),
            "topics": dict(sorted(topics.items())),
            "findings": refused + [{"kind": "warning", **asdict(finding)} for finding in self.warnings],
        }


def check(path: str | Path, topics: Sequence[Topic] | None = None, options: ReadOptions | None = None) -> Check:
    """Read a labelled CSV and look at it as a whole: duplicates, contradictions, splits, rare topics, its language.

    Raises `LabelledDataError` if the file as a whole can't be read.
    """
    options = options or ReadOptions()
    file = open_labelled(Path(path), topics, options)
    data = labelled_data(file, topics, options)
    warnings = (
        *data.notices,
        *_alike(data.rows),
        *_straddling(file, data.rows),
        *_rare(data, topics),
        *([] if topics is not None else _lookalikes(data)),
        *_language(data.rows),
    )
    return Check(file, data, warnings)


def write_fixed(checked: Check, path: Path) -> Path:
    """Write the rows that can be used as a clean CSV, the others beside it as `<name>.refused.csv`; return that path.

    Both are UTF-8 with a byte order mark, so that Excel shows them right. A repeated row (same text, same labels) goes
    to the refused ones, unless rows of its text have other labels: those stay for the user to settle. Other columns are
    kept as they are. What is at `path` is replaced at one stroke.
    """
    columns, header = checked.file.columns, checked.file.table.header
    records = {record.line: record.cells for record in checked.file.table.records}
    others = [place for place in range(len(header)) if place not in _used(columns)]
    kept: list[list[str]] = []
    refused = list(checked.data.refusals)
    seen: dict[str, int] = {}
    unsettled = _contradicted(checked.data.rows)
    for row in checked.data.rows:
        first = seen.setdefault(row.text, row.line)
        if first != row.line and row.text not in unsettled:
            reason, cure = f"the same as line {first}", "nothing: it is left out"
            refused.append(Finding("repeated", row.line, "text", "", reason, cure))
            continue
        cells = records[row.line]
        extra = [cells[place] if place < len(cells) else "" for place in others]
        kept.append([row.id, row.article, row.text, "|".join(sorted(row.labels)), *extra])
    write_output(path, _csv([*_COLUMNS, *(_other_name(header[place], place) for place in others)], kept))
    beside = path.with_name(f"{path.stem}.refused.csv")
    lines = [
        [str(finding.line), finding.column, finding.value, finding.reason, finding.cure, *records.get(finding.line, ())]
        for finding in sorted(refused, key=lambda finding: finding.line)
    ]
    write_output(beside, _csv(["line", "column", "value", "reason", "cure", *header], lines))
    return beside


def _contradicted(rows: Sequence[LabelledRow]) -> set[str]:
    """Texts of rows that disagree about the labels."""
    labels: dict[str, frozenset[str]] = {}
    return {row.text for row in rows if labels.setdefault(row.text, row.labels) != row.labels}


def _other_name(name: str, place: int) -> str:
    """A column's name in the clean file, where the first four have theirs."""
    if not name:
        return f"column {place + 1}"
    return f"{name} (column {place + 1})" if name in _COLUMNS else name


def _used(columns: Columns) -> set[int | None]:
    return {columns.text, columns.labels, columns.id, columns.article, *columns.topics.values()}


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    content = io.StringIO()
    # With CR LF the writer quotes either of them in a cell.
    csv.writer(content, lineterminator="\r\n").writerows([header, *rows])
    return _MARK + content.getvalue().encode(errors="surrogateescape")


def _alike(rows: Sequence[LabelledRow]) -> list[Finding]:
    found = []
    for pair in near_duplicates([row.text for row in rows]):
        one, other = rows[pair.first], rows[pair.second]
        where = f"line {one.line}"
        if pair.similarity == 1 and one.labels != other.labels:
            differ = "|".join(sorted(one.labels ^ other.labels))
            reason, cure = f"the same text as {where}, other labels", "decide which labels are right"
            found.append(Finding("contradiction", other.line, "labels", differ, reason, cure))
        elif pair.similarity == 1:
            reason, cure = f"the same text as {where}", "delete one of the two"
            found.append(Finding("repeated", other.line, "text", "", reason, cure))
        elif one.article != other.article:
            reason = f"nearly the same text as {where}"
            cure = "give both the same article_id, or delete one"
            found.append(Finding("near_duplicate", other.line, "text", f"{pair.similarity:.2f}", reason, cure))
    return found


def _straddling(file: LabelledFile, rows: Sequence[LabelledRow]) -> list[Finding]:
    """Articles with rows in more than one split, where the file has a column `split`."""
    place = file.columns.split
    if place is None:
        return []
    cells = {record.line: record.cells for record in file.table.records}
    splits: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        splits[row.article].setdefault(cells[row.line][place].strip() if place < len(cells[row.line]) else "", row.line)
    cure = "put all rows of an article into one split"
    return [
        Finding(
            "straddling", max(lines.values()), "split", "|".join(lines), f"article {name} is in several splits", cure
        )
        for name, lines in splits.items()
        if len(lines) > 1
    ]


def _rare(data: LabelledData, topics: Sequence[Topic] | None) -> list[Finding]:
    count = Counter(label for row in data.rows for label in row.labels)
    names = [topic.id for topic in topics] if topics is not None else sorted(count)
    cure = f"label {FEWEST_ROWS} or more, or fit with --allow-rare"
    return [
        Finding("rare_topic", 0, "labels", name, f"{count[name]} rows are too few to fit", cure)
        for name in names
        if count[name] < FEWEST_ROWS
    ]


def _lookalikes(data: LabelledData) -> list[Finding]:
    names = LabelNames.found_in(label for row in data.rows for label in row.labels)
    return [
        Finding("alike_labels", 0, "labels", one, f"much like {other!r}", "if they mean the same, write one of them")
        for one, other in names.lookalikes()
    ]


def _language(rows: Sequence[LabelledRow]) -> list[Finding]:
    """One finding for all rows without any Arabic letter."""
    lines = [row.line for row in rows if not ARABIC_LETTER.search(row.text)]
    if not lines:
        return []
    reason = f"no Arabic letter in {len(lines)} rows, this is the first"
    return [Finding("not_arabic", lines[0], "text", f"{len(lines)} rows", reason, "nothing, if that is meant")]
