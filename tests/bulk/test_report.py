"""An archive's report counts what a plain loop counts, and its page needs nothing and gives nothing away."""

import csv
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bulk.counts import ArchiveCounts, counts_of
from app.bulk.dates import Period, day_of, fitting_period, next_start, period_start
from app.bulk.drawing import course_svg
from app.bulk.page import archive_page
from app.bulk.tagged_files import COLUMNS, tagged_files, tagged_tables, topics_of
from app.bulk.trends import pairs_of, periods_of, trends_of
from app.tagger import InputError, Topic
from tests.bulk.archives import rasid, tagged

TOPICS = tuple(Topic(id, f"موضوع {id}", id) for id in ("attacks", "financing", "ideology", "victims"))
IDS = [topic.id for topic in TOPICS]

passages = st.fixed_dictionaries(
    {
        "id": st.text("abc١٢", min_size=1, max_size=3),
        "start": st.integers(0, 99),
        "end": st.integers(100, 199),
        "topics": st.lists(st.sampled_from(IDS), unique=True, max_size=4),
        "notes": st.lists(st.sampled_from(["no_topic", "unknown_words", "too_short"]), unique=True),
        "date": st.one_of(st.none(), st.dates(date(2013, 1, 1), date(2019, 12, 31)).map(str), st.just("أمس")),
        "source": st.sampled_from([None, "هسبريس", "BBC", "الجزيرة"]),
        "model_version": st.just("0123456789ab"),
        "words": st.integers(0, 99),
        "unknown": st.integers(0, 9),
    }
)


def tables_of(rows: list[dict[str, Any]], size: int = 7) -> list[pa.RecordBatch]:
    full = [{**row, "scores": [0.9 - 0.1 * place for place in range(len(row["topics"]))]} for row in rows]
    return [pa.RecordBatch.from_pylist(full[start : start + size], COLUMNS) for start in range(0, len(full), size)]


def rows_of(shares: list[tuple[date, list[str]]]) -> list[dict[str, Any]]:
    return [
        {"id": str(n), "start": 0, "end": 9, "topics": topics, "notes": [], "date": str(day), "source": "BBC"}
        for n, (day, topics) in enumerate(shares)
    ]


@settings(deadline=None)
@given(st.lists(passages, max_size=40), st.sampled_from(["week", "month", "year"]))
def test_counts_are_those_of_a_plain_loop(rows: list[dict[str, Any]], period: Period) -> None:
    counts = counts_of(tables_of(rows), TOPICS)
    assert counts.passages == len(rows)
    assert dict(zip(IDS, counts.by_topic.tolist(), strict=True)) == {
        id: sum(id in row["topics"] for row in rows) for id in IDS
    }
    together = Counter(frozenset(pair) for row in rows for pair in combinations(row["topics"], 2))
    for i, j in combinations(range(4), 2):
        assert counts.together[i, j] == counts.together[j, i] == together[frozenset((IDS[i], IDS[j]))]
    assert counts.notes == Counter(note for row in rows for note in row["notes"])
    assert counts.words == sum(row["words"] for row in rows)
    assert counts.unknown_words == sum(row["unknown"] for row in rows)
    assert counts.undated == sum(row["date"] in (None, "أمس") for row in rows)
    for source, row in counts.sources.items():
        mine = [other for other in rows if other["source"] == source]
        assert row.tolist() == [*(sum(id in other["topics"] for other in mine) for id in IDS), len(mine)]
    periods = periods_of(counts, period)
    assert sum(found.passages for found in periods) == len(rows) - counts.undated
    for found in periods:
        mine = [row for row in rows if (day := day_of(row["date"])) and period_start(day, period) == found.start]
        assert found.passages == len(mine)
        assert found.by_topic.tolist() == [sum(id in row["topics"] for row in mine) for id in IDS]
    for topic, best in zip(IDS, counts.typical, strict=True):
        scores = {}
        for row in rows:
            if topic in row["topics"]:
                score = 0.9 - 0.1 * row["topics"].index(topic)
                scores[row["id"]] = max(score, scores.get(row["id"], 0))
        assert [passage.score for passage in best] == pytest.approx(sorted(scores.values(), reverse=True)[:5], abs=1e-5)
        assert len({passage.id for passage in best}) == len(best)
    archive_page(counts, period, "x")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2014-06-29", date(2014, 6, 29)),
        ("2014-06-29T10:00:00+03:00", date(2014, 6, 29)),
        ("2014/6/9", date(2014, 6, 9)),
        ("20140629", date(2014, 6, 29)),
        ("٢٠١٤-٠٦-٢٩", date(2014, 6, 29)),
        ("2014-06", date(2014, 6, 1)),
        ("2014-13-01", None),
        ("29/06/2014", None),
        ("201406291", None),
        ("", None),
        (None, None),
    ],
)
def test_dates(written: str | None, day: date | None) -> None:
    assert day_of(written) == day


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(["week", "month", "year"]))
def test_periods_follow_each_other(day: date, period: Period) -> None:
    start = period_start(day, period)
    after = next_start(start, period)
    assert start <= day < after
    assert period_start(after, period) == after
    assert period_start(after - timedelta(days=1), period) == start


def test_the_period_fits_the_span() -> None:
    first = date(2014, 1, 1)
    spans = {100: "week", 1000: "month", 6000: "year"}
    assert {span: fitting_period([first, first + timedelta(days=span)]) for span in spans} == spans


def test_rising_and_falling_topics_are_told_apart_from_noise() -> None:
    days = [date(2014, 1, 1) + timedelta(days=n) for n in range(400)]
    rows = []
    for n, day in enumerate(days):
        topics = ["attacks"] if n % 4 == 0 else []
        topics += ["financing"] if n % 10 < (1 if n < 200 else 4) else []
        topics += ["ideology"] if n % 10 < (5 if n < 200 else 2) else []
        rows.append((day, topics))
    found = {trend.topic.id: trend for trend in trends_of(counts_of(tables_of(rows_of(rows)), TOPICS))}
    assert list(found) == ["financing", "attacks", "victims", "ideology"]
    assert {id: trend.direction for id, trend in found.items()} == {
        "financing": 1,
        "attacks": 0,
        "victims": 0,
        "ideology": -1,
    }
    assert (found["financing"].earlier, found["financing"].later) == (0.1, 0.4)
    # Newcombe's interval of 20/200 against 80/200, by his formula 10.
    assert (found["financing"].low, found["financing"].high) == pytest.approx((0.21788, 0.37722), abs=2e-4)
    assert trends_of(counts_of(tables_of(rows_of([(days[0], [])] * 9)), TOPICS)) == []


def test_topics_that_go_together_come_first() -> None:
    day = date(2014, 1, 1)
    rows = [(day, ["attacks", "victims"])] * 10 + [(day, ["ideology", "financing"])] * 4 + [(day, [])] * 86
    rows += [(day, ["attacks", "ideology"])] * 5 + [(day, ["ideology"])] * 45 + [(day, ["attacks"])] * 50
    pairs = pairs_of(counts_of(tables_of(rows_of(rows)), TOPICS))
    assert [(pair.one.id, pair.other.id, pair.passages) for pair in pairs] == [
        ("attacks", "victims", 10),
        ("attacks", "ideology", 5),
    ]
    assert pairs[0].lift == pytest.approx(10 / (65 * 10 / 200))


def test_a_course_has_a_gap_where_nothing_was_written() -> None:
    drawn = course_svg([0.1, 0.2, None, 0.3, None], ["2014-01", "2014-02", "2014-03", "2014-04", "2014-05"], 'a<"b')
    root = ElementTree.fromstring(drawn)
    assert root.get("aria-label") == 'a<"b'
    assert len(root.findall("polyline")) == len(root.findall("circle")) == 1
    labels = [element.text for element in root.findall("text")]
    assert labels == ["0%", "15%", "30%", "2014-01", "2014-02", "2014-04", "2014-05"]
    for name, down in (("polyline", 0.1), ("polyline", 0.2)):
        points = [tuple(map(float, point.split(","))) for point in root.find(name).get("points").split()]  # type: ignore[union-attr]
        assert points[0 if down == 0.1 else 1][1] == pytest.approx(10 + 90 * (1 - down / 0.3), abs=0.06)


@pytest.fixture
def out(archive: Path, tmp_path: Path, tiny_models: Path) -> Path:
    rasid("tag", archive, "--out", tmp_path / "out", "--models", tiny_models, "--keep-text", "--progress", "none")
    return tmp_path / "out"


def test_the_page_and_its_tables_say_the_same(out: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = rasid("report", out, "--out", page, "--title", "<أرشيف>")
    assert result.exit_code == 0, result.stderr
    names = ("summary", "topics", "periods", "trends", "sources", "pairs", "typical")
    assert result.stdout.split() == [str(page), *(str(tmp_path / f"report.{name}.csv") for name in names)]
    text = page.read_text("utf-8")
    assert "&lt;أرشيف&gt;" in text
    assert not re.search(r"https?:|<script|<link|src=|url\(", text)
    rows = tagged(out)
    with (tmp_path / "report.topics.csv").open(encoding="utf-8-sig", newline="") as stream:
        topics = list(csv.DictReader(stream))
    assert len(topics) == 4
    for found in topics:
        count = sum(found["topic"] in row["topics"] for row in rows)  # type: ignore[operator]
        assert int(found["passages"]) == count
        assert float(found["share"]) == pytest.approx(count / len(rows), abs=1e-6)
        cells = rf"{found['name_ar']}.*?<span dir=\"ltr\">{count}</span>.*?{100 * count / len(rows):.1f}%"
        assert re.search(cells, text, re.DOTALL)
    assert len(re.findall("<svg", text)) == 4
    assert rasid("report", out, "--out", page, "--by", "day").exit_code == 2


def test_texts_are_shown_only_where_they_were_kept(archive: Path, out: Path, tmp_path: Path, tiny_models: Path) -> None:
    kept = next(str(row["text"]) for row in tagged(out) if row["topics"])[:40]
    rasid("report", out, "--out", tmp_path / "kept.html")
    rasid("tag", archive, "--out", tmp_path / "bare", "--models", tiny_models, "--progress", "none")
    rasid("report", tmp_path / "bare", "--out", tmp_path / "bare.html")
    words = re.compile(re.escape(kept.split(maxsplit=1)[1]))
    assert any(words.search(path.read_text("utf-8")) for path in tmp_path.glob("kept*")) or "<blockquote" in (
        tmp_path / "kept.html"
    ).read_text("utf-8")
    for path in tmp_path.glob("bare*.*"):
        assert not words.search(path.read_text("utf-8"))
    assert "<blockquote" not in (tmp_path / "bare.html").read_text("utf-8")


def test_other_files_and_unfit_archives(tmp_path: Path) -> None:
    rows = rows_of([(date(2014, 1, 1), ["attacks"])] * 5)
    for row in rows:
        row["notes"] = ["unknown_words"]
    file = tmp_path / "own.parquet"
    pq.write_table(pa.Table.from_batches(tables_of(rows)).drop_columns(["text", "nearest"]), file)
    assert rasid("report", file, "--out", tmp_path / "r.html").exit_code == 0
    assert "the model may not fit this archive" in (tmp_path / "r.html").read_text("utf-8")
    assert topics_of([file]) == (Topic("attacks", "attacks", "attacks"),)
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / "foreign.parquet")
    (tmp_path / "cut.parquet").write_bytes(file.read_bytes()[:100])
    (tmp_path / "empty").mkdir()
    for name in ("foreign.parquet", "cut.parquet", "empty", "none"):
        result = rasid("report", tmp_path / name, "--out", tmp_path / "r.html")
        assert result.exit_code == 1
        assert re.fullmatch(r"error: \S+ .+\.\n", result.stderr)


def test_more_sources_than_memory_should_hold_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.bulk.counts.MOST_SOURCES", 2)
    rows = [{**row, "source": f"s{n % 5}"} for n, row in enumerate(rows_of([(date(2014, 1, 1), [])] * 50))]
    counts: ArchiveCounts = counts_of(tables_of(rows), TOPICS)
    assert {name: int(row[-1]) for name, row in counts.sources.items()} == {"s0": 10, "s1": 10, "…": 30}
    assert replace(counts).passages == 50
    assert isinstance(counts.by_topic, np.ndarray)


def test_missing_inputs_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a folder nor a file"):
        tagged_files([tmp_path / "none.parquet"])
    assert list(tagged_tables([])) == []
