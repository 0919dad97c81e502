"""The parts of the benchmark that need no peer: rounds, tables, texts and sizes."""

import os
from collections import Counter
from pathlib import Path

import pytest

from app.tagger.bundle import Bundle
from app.tagger.normalise import raw_words_list
from tests.benchmarks.corpus import Source, rows_like, with_invented_words
from tests.benchmarks.known_words import unknown_share, with_known_words
from tests.benchmarks.plan import FULL, QUICK, Plan
from tests.benchmarks.rounds import Ratio, Work, interleaved, ratio, rotated
from tests.benchmarks.table import Section, Target, markdown_section, markdown_table, number, targets_table
from training import LabelledData


def test_every_round_times_all_afresh_and_begins_with_another() -> None:
    begun: list[str] = []

    def start(name: str) -> Work:
        begun.append(name)
        return lambda: sum(range(200_000))

    times = interleaved({name: lambda name=name: start(name) for name in "abc"}, rounds=4)  # type: ignore[misc]
    assert "".join(begun) == "abcbcacababc"
    assert all(len(found.cpu_s) == len(found.wall_s) == 4 for found in times.values())
    assert all(found.cpu > 0 and found.wall > 0 for found in times.values())


def test_what_a_start_does_is_not_timed() -> None:
    def start() -> Work:
        sum(range(3_000_000))
        return lambda: None

    assert interleaved({"a": start}, rounds=1)["a"].cpu < 0.01


def test_a_ratio_is_that_of_each_round_so_that_a_slow_round_falls_out() -> None:
    assert ratio((2.0, 20.0, 4.0), (1.0, 10.0, 1.0)) == Ratio(2.0, 2.0, 4.0)
    assert rotated(["a", "b"], 3) == ["b", "a"]
    with pytest.raises(ValueError, match="zip"):
        ratio((1.0,), (1.0, 2.0))


@pytest.mark.parametrize(
    ("value", "written"),
    [(1234.5, "1,230"), (99.96, "100"), (61.02, "61"), (3.14159, "3.14"), (0.012345, "0.0123"), (0.0, "0")],
)
def test_numbers_have_three_digits(value: float, written: str) -> None:
    assert number(value) == written


def test_targets_are_told_as_met_missed_or_not_measured() -> None:
    found = (Target("speed", 100, 99.9), Target("cost", 5, 5.0, most=True), Target("memory", 10, None, most=True))
    assert [target.met for target in found] == [False, True, None]
    lines = targets_table(found).splitlines()[2:]
    assert lines == [
        "| speed | at least 100 | 99.9 | **missed** |",
        "| cost | at most 5 | 5 | met |",
        "| memory | at most 10 | - | not measured |",
    ]


def test_a_section_is_proper_markdown() -> None:
    section = Section("Title", "", ("", "x"), (("a|b", "1"),))
    assert markdown_section(section) == "## Title\n\n|  | x |\n| --- | ---: |\n| a\\|b | 1 |"
    with pytest.raises(ValueError, match="1 cells"):
        markdown_table(("", "x"), [("a",)])


def test_passages_have_the_length_asked_for_and_are_the_same_every_time(tiny_data: LabelledData) -> None:
    source = Source("rows", tiny_data.texts, invented=0.2)
    passages = source.passages(20, words=33)
    assert {len(passage.split()) for passage in passages} == {33}
    assert passages == source.passages(20, words=33)
    assert passages != source.passages(20, words=33, seed=1)


def test_invented_words_come_as_often_as_asked_some_of_them_again(tiny_data: LabelledData) -> None:
    texts = Source("rows", tiny_data.texts).passages(200)
    known = {word for text in texts for word in text.split()}
    new = Counter(
        word for text in with_invented_words(texts, 0.2, seed=0) for word in text.split() if word not in known
    )
    assert 0.15 < new.total() / (200 * 80) < 0.21
    assert 0.3 < len(new) / new.total() < 0.7


def test_words_that_are_not_known_give_way_to_known_ones(tiny_bundle: Bundle) -> None:
    known = next(word for word in tiny_bundle.model.words if len(word) > 3)
    texts = [f"{known} زغبرطش، {known}"]
    assert unknown_share(texts, tiny_bundle) == pytest.approx(1 / 3)
    assert raw_words_list(with_known_words(texts, tiny_bundle)[0]) == [known, known, known]


def test_rows_beyond_the_data_are_made_with_labels_of_its_rows(tiny_data: LabelledData) -> None:
    count = len(tiny_data.rows) + 30
    made = rows_like(tiny_data, count, seed=0)
    assert made.rows[: len(tiny_data.rows)] == tiny_data.rows
    assert len(made.rows) == len({row.id for row in made.rows}) == count
    labels = {label for row in tiny_data.rows for label in row.labels}
    assert all(row.text and row.labels <= labels for row in made.rows)
    assert rows_like(tiny_data, 10, seed=0).rows == tiny_data.rows[:10]


def test_only_the_whole_benchmark_is_written_down() -> None:
    assert Plan.of({}).written
    assert Plan.of({}).sizes is FULL
    quick = Plan.of({"BENCH_QUICK": "1"})
    assert (quick.written, quick.sizes) == (False, QUICK)
    assert not Plan.of({"BENCH_ONLY": "bulk"}).written


def test_the_command_names_files_without_their_folders() -> None:
    plan = Plan.of({"BENCH_ARCHIVE": os.fspath(Path("/somewhere/archive.txt.xz")), "BENCH_ONLY": "http bulk"})
    assert plan.command() == "make bench BENCH_ONLY=bulk,http BENCH_ARCHIVE=archive.txt.xz"
