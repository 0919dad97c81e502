"""The numbers of an archive's report as CSVs."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.bulk.counts import ArchiveCounts
from app.bulk.dates import Period, period_name
from app.bulk.trends import pairs_of, periods_of, trends_of
from app.bulk.writing import told_disk_faults
from app.tagger.durable import replace_file

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_tables(counts: ArchiveCounts, period: Period, page: Path) -> list[Path]:
    """Write the tables beside a page, `report.topics.csv` and so on beside `report.html`; UTF-8 that Excel knows."""
    tables = {
        "summary": _summary(counts),
        "topics": _topics(counts),
        "periods": _periods(counts, period),
        "trends": _trends(counts),
        "sources": _sources(counts),
        "pairs": _pairs(counts),
        "typical": _typical(counts),
    }
    paths = []
    for name, rows in tables.items():
        path = page.with_suffix(f".{name}.csv")
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows([_shown(cell) for cell in row] for row in rows)
        with told_disk_faults(path):
            replace_file(path, stream.getvalue().encode("utf-8-sig"))
        paths.append(path)
    return paths


Rows = Iterable[Sequence[object]]


def _summary(counts: ArchiveCounts) -> Rows:
    yield "what", "count", "share"
    yield "passages", counts.passages, 1
    for note in ("no_topic", "unknown_words", "too_short", "not_arabic"):
        yield note, counts.notes[note], _share(counts.notes[note], counts.passages)
    yield "words", counts.words, 1
    yield "words_unknown", counts.unknown_words, _share(counts.unknown_words, counts.words)
    yield "undated", counts.undated, _share(counts.undated, counts.passages)


def _topics(counts: ArchiveCounts) -> Rows:
    yield "topic", "name_ar", "name_en", "passages", "share"
    for topic, passages in zip(counts.topics, counts.by_topic, strict=True):
        yield topic.id, topic.name_ar, topic.name_en, int(passages), _share(int(passages), counts.passages)


def _periods(counts: ArchiveCounts, period: Period) -> Rows:
    yield period, "topic", "passages", "share", "passages_in_all"
    for found in periods_of(counts, period):
        for topic, passages in zip(counts.topics, found.by_topic, strict=True):
            name = period_name(found.start, period)
            yield name, topic.id, int(passages), _share(int(passages), found.passages), found.passages


def _trends(counts: ArchiveCounts) -> Rows:
    yield "topic", "earlier_share", "later_share", "difference_low", "difference_high", "direction"
    for found in trends_of(counts):
        yield found.topic.id, *map(_rounded, (found.earlier, found.later, found.low, found.high)), found.direction


def _sources(counts: ArchiveCounts) -> Rows:
    yield "source", "topic", "passages", "share", "passages_in_all"
    for source, row in sorted(counts.sources.items(), key=lambda item: (-item[1][-1], item[0])):
        for topic, passages in zip(counts.topics, row[:-1], strict=True):
            yield source, topic.id, int(passages), _share(int(passages), int(row[-1])), int(row[-1])


def _pairs(counts: ArchiveCounts) -> Rows:
    yield "topic", "other", "passages", "lift"
    for found in pairs_of(counts):
        yield found.one.id, found.other.id, found.passages, _rounded(found.lift)


def _typical(counts: ArchiveCounts) -> Rows:
    yield "topic", "id", "start", "end", "score", "text"
    for topic, passages in zip(counts.topics, counts.typical, strict=True):
        for found in passages:
            yield topic.id, found.id, found.start, found.end, found.score, found.text or ""


def _share(part: int, whole: int) -> float | str:
    return _rounded(part / whole) if whole else ""


def _rounded(value: float) -> float:
    return round(value, 6)


def _shown(cell: object) -> object:
    """A spreadsheet would run a text that begins like a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
