"""The benchmark of an archive, with tiny sizes."""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.benchmarks.archive import OURS, ArchivePlan, measured, section_of
from tests.benchmarks.shards import Recipe, sentences_of, write_sample, write_shards
from tests.benchmarks.table import markdown_section
from tests.benchmarks.watched import watched
from training import LabelledData, load_topics

BURN = "import time; held = bytearray(80 * 2**20)\nwhile time.process_time() < 0.4: pass"


def test_shards_are_recombined_sentences_and_the_same_again(tmp_path: Path) -> None:
    recipe = Recipe(["أولى.", "ثانية.", "ثالثة."], passages=25, shard_passages=10)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    shards, other = (write_shards(tmp_path / name, recipe) for name in ("one", "other"))
    tables = [pq.read_table(file) for file in shards.files]
    assert [table.num_rows for table in tables] == [10, 10, 5]
    assert [one for table in tables for one in table["id"].to_pylist()] == [str(place) for place in range(25)]
    texts = [text for table in tables for text in table["text"].to_pylist()]
    assert len(set(texts)) > 3
    assert set(texts) <= {" ".join(pair) for pair in itertools.product(recipe.sentences, repeat=2)}
    assert shards.text_bytes == sum(len(text.encode()) for text in texts)
    assert [file.read_bytes() for file in shards.files] == [file.read_bytes() for file in other.files]
    made = write_shards(tmp_path / "other", replace(recipe, invented=0.5))
    assert made.text_bytes != shards.text_bytes


def test_a_sample_has_passages_of_several_shards_each_once(tmp_path: Path) -> None:
    shards = write_shards(tmp_path, Recipe(["أولى.", "ثانية."], passages=250, shard_passages=10))
    sample = write_sample(shards, 23, tmp_path / "sample.parquet")
    ids = pq.read_table(sample.files[0])["id"].to_pylist()
    assert sample.passages == len(ids) == len(set(ids)) == 23
    assert len({int(one) // 10 for one in ids}) > 5


def test_sentences_end_where_a_passage_says_so_and_come_once() -> None:
    assert sentences_of(["قال نعم. هل جاء؟ لا", "لا"]) == ["قال نعم.", "هل جاء؟", "لا"]


def test_a_watched_command_counts_what_its_children_took(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])"]
    stages = itertools.count()
    found = watched(command, lambda: next(stages), tmp_path / "log")
    assert found.cpu_s >= 0.4
    assert found.wall_s >= 0.4
    assert 80 < found.peak_mib < 200
    assert [look.stage for look in found.looks] == list(range(len(found.looks)))
    assert max(look.mib for look in found.looks) <= found.peak_mib
    assert found.mib_in(len(found.looks)) is None


def test_a_watched_command_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no such shelf"):
        watched([sys.executable, "-c", "raise SystemExit('no such shelf')"], lambda: 0, tmp_path / "log")


def test_the_whole_of_it_is_measured_in_one_table(tmp_path: Path, corpus: LabelledData) -> None:
    plan = ArchivePlan(passages=3_000, shard_passages=1_000, sample=100, rounds=1, folder=tmp_path)
    found = measured(plan, replace(corpus, rows=corpus.rows[:300]), load_topics("data/topics.csv"))
    assert (found.archive.passages, len(found.archive.files), found.sample.passages) == (3_000, 3, 100)
    assert all(times.cpu > 0 for times in found.times.values())
    assert found.run.cpu_s > 0
    assert 30 < found.run.peak_mib < 512
    assert not list(tmp_path.iterdir())
    section = section_of(plan, found)
    assert [row[0].startswith(OURS) for row in section.rows] == [True, True, False]
    assert markdown_section(section).count("\n|") == 5


def test_sizes_come_from_the_environment() -> None:
    assert ArchivePlan.of({}) == ArchivePlan()
    told = ArchivePlan.of({"BENCH_PASSAGES": "7", "BENCH_INVENTED": "0.2", "BENCH_FOLDER": "x", "BENCH_SAMPLE": "5"})
    assert told == ArchivePlan(passages=7, sample=5, invented=0.2, folder=Path("x"))
    assert told.command() == "BENCH_PASSAGES=7 BENCH_SAMPLE=5 BENCH_INVENTED=0.2 python -m tests.benchmarks.archive"
