"""Rules that data/passages.csv keeps, whoever adds to it."""

import csv
from collections import Counter, defaultdict

import pytest

from app.tagger.normalise import Normaliser
from app.tagger.types import Topic
from tests.conftest import ROOT
from training import LabelledData

FORMULAS_AT_MOST = 8
"""Runs of 8 words that two passages may share: standing formulas, such as a group's or an office's full name."""


@pytest.fixture(scope="module")
def words(corpus: LabelledData) -> list[list[str]]:
    normaliser = Normaliser()
    return [[word.form for word in normaliser.words(text)] for text in corpus.texts]


def runs(words: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def test_columns_and_ids() -> None:
    with (ROOT / "data/passages.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "article_id", "text", "labels", "register", "region"]
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows)


def test_no_two_passages_share_a_run_of_8_words_outside_formulas(words: list[list[str]]) -> None:
    holders = Counter(run for passage in words for run in runs(passage, 8))
    shared = [run for run, count in holders.items() if count > 1]
    assert len(shared) <= FORMULAS_AT_MOST, shared


def test_no_two_passages_are_alike(words: list[list[str]]) -> None:
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    grams = [runs(passage, 5) for passage in words]
    for place, found in enumerate(grams):
        for gram in found:
            holders[gram].append(place)
    together = Counter((a, b) for places in holders.values() for a in places for b in places if a < b)
    alike = [pair for pair, count in together.items() if count / len(grams[pair[0]] | grams[pair[1]]) >= 0.35]
    assert alike == []


def test_every_topic_has_rows_and_a_quarter_has_none(corpus: LabelledData, topics: tuple[Topic, ...]) -> None:
    count = Counter(label for row in corpus.rows for label in row.labels)
    assert min(count[topic.id] for topic in topics) >= 250
    assert 0.25 <= sum(not row.labels for row in corpus.rows) / len(corpus.rows) <= 0.30


def test_near_miss_pairs_differ_in_their_labels(corpus: LabelledData) -> None:
    articles: dict[str, list[frozenset[str]]] = defaultdict(list)
    for row in corpus.rows:
        articles[row.article].append(row.labels)
    pairs = [labels for labels in articles.values() if len(labels) == 2]
    assert len(pairs) >= 200
    assert all(first != second for first, second in pairs)


def test_lexicon_phrases_are_of_known_topics_and_short(
    phrases: dict[str, list[str]], topics: tuple[Topic, ...]
) -> None:
    assert set(phrases) == {topic.id for topic in topics}
    for entries in phrases.values():
        assert len(set(entries)) == len(entries)
        assert all(1 <= len(entry.split()) <= 4 for entry in entries)
