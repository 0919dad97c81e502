"""Bulk tagging says of every passage what `Tagger.tag` says, and every format writes the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from app.bulk.plan import OutputFormat, TagPlan
from app.bulk.rows import SourceRow
from app.bulk.tagged_files import tagged_tables
from app.bulk.tagging import BatchTagger
from app.bulk.writing import SUFFIXES, OutputError, TableWriter
from app.tagger import Tagger, TagOptions

ODD = [
    "كلمتان فقط",
    "Only Latin letters are in this passage.",
    "ژژژژ چچچچچ پپپپپ گگگگگ",
    "  خبر بلا موضوع عن الطقس  \n",
]


def as_rows(tables: list[pa.RecordBatch]) -> list[dict[str, Any]]:
    return pa.Table.from_batches(tables).to_pylist()


@pytest.fixture(scope="module")
def articles(texts: list[str]) -> list[SourceRow]:
    """Articles of several passages, one far too long for one batch, and odd ones."""
    found = ["\n\n".join(texts[start : start + 3]) for start in range(0, 90, 3)] + ["\n".join(texts * 3), *ODD]
    return [SourceRow(n, text, f"a{n}", "2014-06-29", "هسبريس") for n, text in enumerate(found)]


@pytest.mark.parametrize("segment", ["paragraph", "none"])
def test_passages_topics_scores_and_notes_are_those_of_the_tagger(
    plan: TagPlan, tiny_tagger: Tagger, articles: list[SourceRow], segment: Any
) -> None:
    tables = list(BatchTagger(replace(plan, segment=segment, keep_text=True, all_scores=True)).batches(articles))
    rows = iter(as_rows(tables))
    notes = set()
    for article in articles:
        for expected in tiny_tagger.tag(article.text, TagOptions(segment=segment)).passages:
            row = next(rows)
            place = expected.passage
            assert (row["id"], row["start"], row["end"], row["text"]) == (
                article.id,
                place.start,
                place.end,
                place.text,
            )
            assert row["topics"] == [topic.topic.id for topic in expected.topics]
            assert row["scores"] == pytest.approx([topic.score for topic in expected.topics], abs=1e-6)
            assert row["all_scores"] == pytest.approx(list(expected.scores.values()), abs=1e-6)
            assert row["notes"] == list(expected.notes)
            assert (row["words"], row["unknown"]) == (expected.words, expected.unknown)
            assert (row["date"], row["source"], row["model_version"]) == ("2014-06-29", "هسبريس", plan.version)
            notes.update(expected.notes)
            margins = {id: abs(score - tiny_tagger.thresholds[id]) for id, score in expected.scores.items()}
            if {"too_short", "not_arabic"} & set(expected.notes):
                assert (row["nearest"], row["margin"]) == (None, None)
            else:
                assert row["margin"] == pytest.approx(min(margins.values()), abs=1e-6)
                assert margins[row["nearest"]] == pytest.approx(row["margin"], abs=1e-6)
    assert next(rows, None) is None
    assert notes == {"too_short", "not_arabic", "unknown_words", "no_topic"}


def test_tables_stay_small(plan: TagPlan, texts: list[str]) -> None:
    rows = (SourceRow(n, texts[n % 600], str(n)) for n in range(3000))
    assert [table.num_rows for table in BatchTagger(plan).batches(rows)][:2] == [1024, 1024]
    assert list(BatchTagger(plan).batches([])) == []


def test_offsets_of_a_text_file_count_from_its_beginning(plan: TagPlan) -> None:
    lines = ["سطر أول من الخبر.\r\n", "  سطر ثان من الخبر. \n", "سطر أخير"]
    rows = [SourceRow(n, line, "a.txt", offset=len("".join(lines[:n]))) for n, line in enumerate(lines)]
    article = "".join(lines)
    found = as_rows(list(BatchTagger(replace(plan, keep_text=True)).batches(rows)))
    assert [article[row["start"] : row["end"]] for row in found] == [line.strip() for line in lines]
    assert [row["text"] for row in found] == [line.strip() for line in lines]


def test_all_formats_hold_the_same_and_the_same_bytes_again(
    plan: TagPlan, articles: list[SourceRow], tmp_path: Path
) -> None:
    tagger = BatchTagger(replace(plan, keep_text=True))
    quoted = [SourceRow(0, 'قال "نعم"، ثم\tغاب,\nوعاد', 'id,"1"', None, None)]
    read: dict[OutputFormat, list[dict[str, Any]]] = {}
    for format in ("parquet", "csv", "jsonl"):
        content = []
        for again in "ab":
            path = tmp_path / f"{again}{SUFFIXES[format]}"
            with TableWriter(path, format, tagger.schema) as writer:
                for table in tagger.batches([*quoted, *articles]):
                    writer.write(table)
            content.append(path.read_bytes())
        assert content[0] == content[1]
        read[format] = as_rows(list(tagged_tables([path])))
    assert len(read["parquet"]) > 1800
    assert read["csv"] == read["parquet"]
    assert read["jsonl"] == read["parquet"]


def test_a_disk_that_refuses_is_told(plan: TagPlan, tmp_path: Path) -> None:
    tagger = BatchTagger(plan)
    with pytest.raises(
        OutputError, match=r"none/a\.csv can't be written: No such file .+ run the same command again\."
    ):
        TableWriter(tmp_path / "none" / "a.csv", "csv", tagger.schema)


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_a_full_disk_is_told(
    plan: TagPlan, tmp_path: Path, format: OutputFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = BatchTagger(plan)
    monkeypatch.setattr(Path, "open", lambda path, mode: open("/dev/full", "wb"))  # noqa: PTH123, SIM115

    def write() -> None:
        with TableWriter(tmp_path / "a", format, tagger.schema) as writer:
            for table in tagger.batches(SourceRow(n, "نص من ثلاث كلمات", str(n)) for n in range(3000)):
                writer.write(table)

    with pytest.raises(OutputError, match=r"a can't be written: .*No space left on device"):
        write()
