import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tagger import Tagger
from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training import LabelledData
from training.bootstrap import Interval, intervals_of_draws, resampled
from training.compare import FEWEST_ARTICLES, Flip, TopicChange, compare, flips_of, has_fallen, rules, verdict_of
from training.evidence_csv import flips_csv
from training.judged import Judged
from training.rows import LabelledRow


def with_thresholds(tagger: Tagger, version: str = "changed", **changed: float) -> Tagger:
    """The same model, but for the thresholds of some topics."""
    values = [
        changed.get(topic.id, float(old)) for topic, old in zip(tagger.topics, tagger.bundle.thresholds, strict=True)
    ]
    return Tagger(replace(tagger.bundle, thresholds=np.array(values)), version)


@pytest.fixture(scope="module")
def rows(tiny_data: LabelledData, tiny_tagger: Tagger) -> LabelledData:
    ids = {topic.id for topic in tiny_tagger.topics}
    return LabelledData(tuple(replace(row, labels=row.labels & ids) for row in tiny_data.rows[:150]), (), "")


def test_a_model_is_no_better_than_itself(tiny_tagger: Tagger, rows: LabelledData) -> None:
    found = compare(tiny_tagger, tiny_tagger, rows)
    assert found.verdict == "no difference that can be told"
    assert found.flips == found.fallen == found.only_a == found.only_b == ()
    assert found.changes.micro_f1 == Interval(0, 0)
    assert found.a == found.b


def test_a_model_that_gives_nothing_is_worse_and_its_topics_are_named(tiny_tagger: Tagger, rows: LabelledData) -> None:
    silent = with_thresholds(tiny_tagger, attacks=1.1, ideology=1.1)
    found = compare(tiny_tagger, silent, rows)
    assert found.verdict == "worse"
    assert set(found.fallen) == {"attacks", "ideology"}
    assert found.changes.micro_f1.high < 0
    change = next(change for change in found.topics if change.topic.id == "attacks")
    assert (change.f1_b, change.change) == (0, -change.f1_a)
    assert change.interval.low <= change.change <= change.interval.high
    back = compare(silent, tiny_tagger, rows)
    assert (back.verdict, back.fallen) == ("better", ())
    assert back.changes.micro_f1.low == pytest.approx(-found.changes.micro_f1.high)


def test_flips_tell_who_is_right(tiny_tagger: Tagger, rows: LabelledData) -> None:
    silent = with_thresholds(tiny_tagger, attacks=1.1)
    found = compare(tiny_tagger, silent, rows).flips
    assert found
    label_of = {row.id: row.labels for row in rows.rows}
    for flip in found:
        assert (flip.topic, flip.given_by_b) == ("attacks", False)
        assert flip.labelled == ("attacks" in label_of[flip.id])
        assert flip.mended == (not flip.labelled)
        assert flip.score_a == flip.score_b


def test_flips_by_hand() -> None:
    targets = np.array([[True, False]])
    scores = np.array([[0.7, 0.6]])
    a = Judged(("x", "y"), ("1",), targets, scores, np.array([[False, False]]))
    b = replace(a, scores=scores / 2, decided=np.array([[True, True]]))
    data = LabelledData((LabelledRow(2, "r", "r", "نص قصير هنا", frozenset({"x"})),), (), "")
    right, wrong = flips_of(a, b, data)
    assert right == Flip("r", 2, "x", True, True, 0.7, 0.35)
    assert (right.mended, wrong.mended) == (True, False)


def test_flips_csv_tells_both_models_words(tiny_tagger: Tagger, rows: LabelledData) -> None:
    silent = with_thresholds(tiny_tagger, attacks=1.1)
    found = compare(tiny_tagger, silent, rows).flips
    content = flips_csv(tiny_tagger, silent, rows, found).decode("utf-8-sig")
    told = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(told) == len(found)
    for flip, line in zip(found, told, strict=True):
        assert (line["id"], line["line"], line["topic"]) == (flip.id, str(flip.line), "attacks")
        assert (line["given_by"], line["right"]) == ("a", "b" if flip.mended else "a")
        assert line["words_a"].startswith("attacks: ")
        assert line["words_a"] == line["words_b"]
        assert line["text"]


def test_models_are_compared_on_the_topics_that_both_have(tiny_tagger: Tagger, rows: LabelledData) -> None:
    bundle = tiny_tagger.bundle
    renamed = (*bundle.topics[:-1], Topic("weather", "الطقس", "Weather"))
    other = Tagger(replace(bundle, topics=renamed), "other")
    found = compare(tiny_tagger, other, rows)
    assert found.only_a == (bundle.topics[-1].id,)
    assert found.only_b == ("weather",)
    assert [change.topic.id for change in found.topics] == [topic.id for topic in bundle.topics[:-1]]
    alien = Tagger(replace(bundle, topics=tuple(Topic(f"t{k}", "", "") for k in range(len(bundle.topics)))), "alien")
    with pytest.raises(LabelledDataError, match="no topic in common"):
        compare(tiny_tagger, alien, rows)


def test_few_articles_tell_nothing(tiny_tagger: Tagger, rows: LabelledData) -> None:
    silent = with_thresholds(tiny_tagger, attacks=1.1, ideology=1.1)
    one_article = replace(rows, rows=tuple(replace(row, article="one") for row in rows.rows))
    found = compare(tiny_tagger, silent, one_article)
    assert found.articles == 1
    assert found.changes.micro_f1.high < 0
    assert found.verdict == "no difference that can be told"


@pytest.mark.parametrize(
    ("low", "high", "articles", "verdict"),
    [
        (0.01, 0.05, 100, "better"),
        (-0.05, -0.01, 100, "worse"),
        (-0.01, 0.05, 100, "no difference that can be told"),
        (0.0, 0.05, 100, "no difference that can be told"),
        (0.01, 0.05, FEWEST_ARTICLES, "better"),
        (0.01, 0.05, FEWEST_ARTICLES - 1, "no difference that can be told"),
        (float("nan"), float("nan"), 100, "no difference that can be told"),
    ],
)
def test_the_verdict_by_its_rules(low: float, high: float, articles: int, verdict: str) -> None:
    assert verdict_of(Interval(low, high), articles) == verdict


@pytest.mark.parametrize(
    ("support", "f1_b", "high", "fallen"),
    [(5, 0.69, -0.01, True), (4, 0.69, -0.01, False), (5, 0.71, -0.01, False), (5, 0.5, 0.01, False)],
)
def test_a_topic_has_fallen_by_its_rule(support: int, f1_b: float, high: float, fallen: bool) -> None:
    change = TopicChange(Topic("x", "", ""), support, 0.8, f1_b, Interval(-0.5, high))
    assert has_fallen(change) == fallen


def test_the_printed_rules_are_the_docstrings_and_name_the_numbers_in_force() -> None:
    lines = rules().splitlines()
    assert [line[:2] for line in lines if line[0].isdigit()] == ["1.", "2.", "3.", "4."]
    assert f"fewer than {FEWEST_ARTICLES} articles" in rules()
    assert "more than 0.1" in rules()
    assert "Raises" not in rules()


@given(st.integers(0, 1000))
def test_a_paired_interval_is_narrower_than_the_two_models_own(seed: int) -> None:
    """Two models that differ in few decisions: what articles share drops out of the difference."""
    random = np.random.default_rng(seed)
    targets = random.random((200, 2)) < 0.4
    a = Judged(("x", "y"), tuple(map(str, range(200))), targets, None, targets ^ (random.random((200, 2)) < 0.2))
    b = replace(a, decided=a.decided ^ (random.random((200, 2)) < 0.01))
    own = intervals_of_draws(a.topics, resampled(a, 200)).micro_f1
    paired = intervals_of_draws(a.topics, resampled(b, 200).minus(resampled(a, 200))).micro_f1
    assert paired.high - paired.low < own.high - own.low
