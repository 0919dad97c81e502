"""The short text corpora of Annif: a TSV, and a CSV with columns text and subject_uris.

Source: Annif wiki, "Document corpus formats": `text<TAB><URI> <URI>`; the CSV's header has at least text and
subject_uris, URIs stand in angle brackets and are parted by white space, other columns are metadata, document_id is
the document's id. Annif knows topics by URI only: a topic is written below TOPIC_URI, and of any other URI the last
part of its path, or its fragment, is read as the topic.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

from app.tagger.errors import LabelledDataError
from training.convert.content import decoded, lines_of
from training.convert.rows import (
    Found,
    Written,
    collected,
    line_notes,
    lost_names,
    one_line,
    refusal,
    row_of,
    written_lines,
)
from training.rows import Finding, LabelledData, LabelledRow
from training.table import LONGEST_CELL

TOPIC_URI = "https://rasid.invalid/topic/"
"""Before a topic's percent-encoded id; `.invalid` never names a real host (RFC 2606)."""
_URI = re.compile(r"<(\S+)>|([A-Za-z][A-Za-z0-9+.-]*:\S+)")
_COLUMNS = ("document_id", "article_id", "text", "subject_uris")


class _Subjects:
    """The URIs of one file with the topics read from them; no two of them may give the same topic."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._uris: dict[str, str] = {}

    def topics(self, cell: str) -> list[str] | None:
        """The topics in a cell; None if something in it is no URI."""
        found = [_URI.fullmatch(word) for word in cell.split()]
        topics = [self._topic(match[1] or match[2]) for match in found if match]
        return topics if all(found) and all(topics) else None

    def _topic(self, uri: str) -> str:
        last = re.split("[/#]", uri.rstrip("/#"))[-1]
        try:
            topic = unquote(last, errors="strict").strip()
        except UnicodeDecodeError:
            topic = last
        if topic and self._uris.setdefault(topic, uri) != uri:
            raise LabelledDataError(
                f"{self._path}: the URIs {self._uris[topic]!r} and {uri!r} both end in {topic!r}, so they would become "
                "one topic: rename one of the two."
            )
        return topic


def read_annif(path: Path) -> LabelledData:
    """Rows of Annif's TSV."""
    return collected(path, _tsv_rows(path))


def write_annif(rows: Sequence[LabelledRow]) -> Written:
    """Annif's TSV of these rows."""
    lines = (f"{one_line(row.text)}\t{_uris(row)}" for row in rows)
    return Written(written_lines(lines), lost_names(rows, ids=False, articles=False) + line_notes(rows))


def read_annif_csv(path: Path) -> LabelledData:
    """Rows of Annif's CSV."""
    return collected(path, _csv_rows(path))


def write_annif_csv(rows: Sequence[LabelledRow]) -> Written:
    """Annif's CSV of these rows, with ids and articles."""
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows((row.id, row.article, row.text, _uris(row)) for row in rows)
    return Written(content.getvalue(), [])


def _uris(row: LabelledRow) -> str:
    return " ".join(f"<{TOPIC_URI}{quote(label, safe='')}>" for label in sorted(row.labels))


def _tsv_rows(path: Path) -> Iterator[LabelledRow | Finding]:
    subjects = _Subjects(path)
    for number, line in lines_of(decoded(path)):
        text, tab, cell = line.partition("\t")
        topics = subjects.topics(cell)
        if not tab:
            yield refusal(number, "subjects", "", "no tab", "write a tab behind the text, then the URIs")
        elif topics is None:
            yield _no_uri(number, "subjects")
        else:
            yield row_of(Found(number, text.strip(), topics))


def _csv_rows(path: Path) -> Iterator[LabelledRow | Finding]:
    content = decoded(path)
    csv.field_size_limit(max(len(content), LONGEST_CELL))
    reader = csv.DictReader(io.StringIO(content, newline=""), restkey="", strict=True)
    missing = [name for name in ("text", "subject_uris") if name not in (reader.fieldnames or ())]
    if missing:
        raise LabelledDataError(f"{path} has no column {missing[0]!r}: Annif's CSV has text and subject_uris.")
    subjects = _Subjects(path)
    line = reader.line_num + 1
    try:
        for record in reader:
            yield _csv_row(line, record, subjects)
            line = reader.line_num + 1
    except csv.Error as fault:
        raise LabelledDataError(f"{path}, record from line {line}: {fault}; close the quotes of that record.") from None


def _csv_row(line: int, record: dict[str, str | None], subjects: _Subjects) -> LabelledRow | Finding:
    if "" in record:
        return refusal(line, "", "", "more cells than the header has columns", "put the text in quotes")
    topics = subjects.topics(record["subject_uris"] or "")
    if topics is None:
        return _no_uri(line, "subject_uris")
    row_id = record.get("document_id") or record.get("id")
    return row_of(Found(line, record["text"] or "", topics, row_id, record.get("article_id")))


def _no_uri(line: int, column: str) -> Finding:
    return refusal(line, column, "", "not only URIs", "write each URI in angle brackets, blanks between them")
