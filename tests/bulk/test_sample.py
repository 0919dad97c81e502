"""The draw is unsure, diverse, even over topics and months, and always the same."""

import csv
import io
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from app.bulk.sample import POOL, TOO_ALIKE, drawn_from, sample_csv
from app.bulk.tagged_files import COLUMNS
from app.tagger import InputError
from tests.bulk.archives import rasid, tagged

TOPICS = ("attacks", "financing", "ideology")


@pytest.fixture(scope="module")
def rows(texts: list[str]) -> list[dict[str, Any]]:
    """Mostly of one topic and one month, as archives are."""
    rng = random.Random(5)
    return [
        {
            "id": f"p{n}",
            "start": 0,
            "end": len(text),
            "topics": [],
            "scores": [],
            "nearest": rng.choices(TOPICS, (5, 2, 2))[0],
            "margin": round(rng.random(), 4),
            "date": rng.choices(("2014-06-10", "2014-07-10", "2015-01-10", None), (6, 2, 1, 1))[0],
            "text": text,
        }
        for n, text in enumerate(texts)
    ]


def tables_of(rows: list[dict[str, Any]], size: int = 50) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pylist(rows[start : start + size], COLUMNS) for start in range(0, len(rows), size)]


def test_topics_and_months_take_turns(rows: list[dict[str, Any]]) -> None:
    drawn = drawn_from(tables_of(rows), 36)
    assert Counter(found.nearest for found in drawn) == dict.fromkeys(TOPICS, 12)
    assert Counter((found.nearest, found.month) for found in drawn) == {
        (topic, month): 3 for topic in TOPICS for month in ("", "2014-06", "2014-07", "2015-01")
    }
    assert len({found.id for found in drawn}) == 36


def test_only_the_least_sure_are_drawn(rows: list[dict[str, Any]]) -> None:
    for found in drawn_from(tables_of(rows), 10_000):
        same = [row for row in rows if row["nearest"] == found.nearest and (row["date"] or "")[:7] == found.month]
        assert found.margin <= sorted(row["margin"] for row in same)[:POOL][-1]


def test_the_draw_does_not_depend_on_the_tables(rows: list[dict[str, Any]]) -> None:
    assert drawn_from(tables_of(rows), 50) == drawn_from(tables_of(rows, 7), 50)


def test_copies_are_drawn_once(rows: list[dict[str, Any]]) -> None:
    copies = [
        {**rows[n % 2], "id": f"c{n}", "margin": 0.0, "nearest": "attacks", "date": "2014-06-10"} for n in range(40)
    ]
    drawn = drawn_from(tables_of(copies), 10)
    assert Counter(found.text for found in drawn) == {rows[0]["text"]: 1, rows[1]["text"]: 1}
    words = [set(found.text.split()) for found in drawn_from(tables_of(rows), 200)]
    assert all(len(a & b) / len(a | b) < TOO_ALIKE for a in words for b in words if a is not b)


def test_the_command_writes_a_csv_for_the_review_queue(archive: Path, tmp_path: Path, tiny_models: Path) -> None:
    out = tmp_path / "out"
    rasid("tag", archive, "--out", out, "--models", tiny_models, "--keep-text", "--progress", "none")
    result = rasid("sample", out, "--size", 12, "--out", tmp_path / "sample.csv")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'sample.csv'}\n")
    content = (tmp_path / "sample.csv").read_bytes()
    found = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert len(found) == 12
    known = {(row["id"], str(row["start"])): row for row in tagged(out)}
    for row in found:
        source = known[row["id"], row["start"]]
        assert (row["text"], row["date"], row["source"]) == (source["text"], source["date"], source["source"])
        assert row["suggested"] == "|".join(source["topics"])  # type: ignore[arg-type]
    assert rasid("sample", out, "--size", 12).stdout_bytes == content
    few = rasid("sample", out, "--size", 9999)
    assert "passages are unsure and unlike enough" in few.stderr


def test_an_archive_without_text_is_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(InputError, match="tag with `rasid tag --keep-text`"):
        drawn_from(tables_of([{**row, "text": None} for row in rows]), 5)
    assert sample_csv([]).decode("utf-8-sig").startswith("id,start,end,text,")
