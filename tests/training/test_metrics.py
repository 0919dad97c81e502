import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from training.baselines import plain_pipeline
from training.bootstrap import article_draws, intervals_of, resampled
from training.calibrate import best_f1_thresholds, platt_scaling
from training.judged import Judged
from training.metrics import evaluation_of, score_bins

TOPICS = ["a", "b", "c"]


@pytest.fixture
def decisions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    targets = random.random((200, 3)) < (0.4, 0.2, 0.01)
    scores = np.clip(targets * 0.4 + random.random((200, 3)) * 0.6, 0, 1)
    return targets, scores, scores > 0.5


def test_measures_are_scikit_learns(decisions: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    targets, scores, decided = decisions
    found = evaluation_of(TOPICS, targets, scores, decided)
    assert found.micro_f1 == pytest.approx(f1_score(targets, decided, average="micro"))
    assert found.micro_precision == pytest.approx(precision_score(targets, decided, average="micro"))
    assert found.micro_recall == pytest.approx(recall_score(targets, decided, average="micro"))
    per_topic = f1_score(targets, decided, average=None, zero_division=0)
    assert [topic.f1 for topic in found.topics] == pytest.approx(list(per_topic))
    supported = targets.sum(axis=0) >= 5
    assert found.macro_f1 == pytest.approx(per_topic[supported].mean())
    assert found.exact_match == pytest.approx((targets == decided).all(axis=1).mean())
    by_sample = f1_score(targets, decided, average="samples", zero_division=1.0)
    assert found.sample_f1 == pytest.approx(by_sample)
    for k, topic in enumerate(found.topics):
        assert topic.average_precision == pytest.approx(average_precision_score(targets[:, k], scores[:, k]))


def test_measures_by_hand() -> None:
    """Three rows: one right, one with `b` missed and `c` given instead, one without topic that got `a`."""
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=bool)
    decided = np.array([[1, 0, 0], [1, 0, 1], [1, 0, 0]], dtype=bool)
    scores = np.array([[0.9, 0.1, 0.0], [0.6, 0.2, 0.7], [0.8, 0.3, 0.0]])
    found = evaluation_of(TOPICS, targets, scores, decided)
    a, b, c = found.topics
    assert (a.support, a.precision, a.recall, a.f1) == (2, 2 / 3, 1, 4 / 5)
    assert a.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert (b.precision, b.recall, b.f1, b.average_precision) == (0, 0, 0, 1 / 2)
    assert (c.support, c.f1) == (0, 0)
    assert np.isnan(c.average_precision)
    assert (found.micro_precision, found.micro_recall, found.micro_f1) == (2 / 4, 2 / 3, 4 / 7)
    assert np.isnan(found.macro_f1)
    assert found.sample_f1 == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert (found.exact_match, found.no_topic) == (1 / 3, 0)


def test_calibration_by_hand() -> None:
    scores, targets = np.array([[0.05, 0.15, 1.0]]), np.array([[False, True, True]])
    low, middle, top = score_bins(scores, targets)
    assert (low.low, low.high, low.count, low.positives, low.mean_score) == (0, 0.1, 1, 0, 0.05)
    assert (middle.share, top.low, top.share) == (1, 0.9, 1)
    found = evaluation_of(TOPICS, targets, scores, targets)
    assert found.calibration_error == pytest.approx((0.05 + 0.85 + 0) / 3)


def test_the_summary_that_a_manifest_keeps_has_no_new_numbers(
    decisions: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    summary = evaluation_of(TOPICS, *decisions).summary()
    assert set(summary) == {
        *("rows", "topics", "micro_precision", "micro_recall", "micro_f1"),
        *("macro_f1", "exact_match", "no_topic", "calibration_error"),
    }
    assert set(summary["topics"]["a"]) == {"support", "precision", "recall", "f1"}


@st.composite
def judged_rows(draw: st.DrawFn) -> Judged:
    """Any labels, decisions and scores of a few rows in a few articles."""
    rows = draw(st.integers(1, 25))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    targets, decided = (random.random((rows, 3)) < draw(st.floats(0, 1)) for _ in range(2))
    scores = random.integers(0, draw(st.integers(1, 20)) + 1, size=(rows, 3)) / 20
    articles = tuple(str(number) for number in random.integers(0, draw(st.integers(1, rows)), size=rows))
    return Judged(tuple(TOPICS), articles, targets, scores, decided)


@given(judged_rows(), st.randoms(use_true_random=False))
def test_every_measure_is_between_0_and_1_and_the_order_of_rows_is_nothing(rows: Judged, random) -> None:  # type: ignore[no-untyped-def]
    order = random.sample(range(len(rows.articles)), len(rows.articles))
    found = evaluation_of(TOPICS, rows.targets, rows.scores, rows.decided)
    again = evaluation_of(TOPICS, rows.targets[order], rows.scores[order], rows.decided[order])
    names = ("micro_precision", "micro_recall", "micro_f1", "macro_f1", "sample_f1", "exact_match", "no_topic")
    for name in (*names, "calibration_error"):
        value = getattr(found, name)
        assert np.isnan(value) or 0 <= value <= 1
        assert getattr(again, name) == pytest.approx(value, nan_ok=True)
    for topic, other in zip(found.topics, again.topics, strict=True):
        for name in ("precision", "recall", "f1", "average_precision"):
            value = getattr(topic, name)
            assert np.isnan(value) or 0 <= value <= 1
            assert getattr(other, name) == pytest.approx(value, nan_ok=True)


@given(judged_rows())
def test_a_draw_measures_what_its_rows_would(rows: Judged) -> None:
    """Each draw's numbers are those of `evaluation_of` over the rows of the articles drawn, repeated."""
    names = sorted(set(rows.articles))
    draws = article_draws(len(names), resamples=3, seed=4)
    found = resampled(rows, resamples=3, seed=4)
    for number, draw in enumerate(draws):
        count_of = dict(zip(names, draw.astype(int), strict=True))
        places = [place for place, name in enumerate(rows.articles) for _ in range(count_of[name])]
        slow = evaluation_of(TOPICS, rows.targets[places], rows.scores[places], rows.decided[places])
        for name in ("macro_f1", "sample_f1", "exact_match", "no_topic"):
            assert getattr(found, name)[number] == pytest.approx(getattr(slow, name), nan_ok=True)
        if rows.targets[places].any():
            assert found.micro_f1[number] == pytest.approx(slow.micro_f1)
        for k, topic in enumerate(slow.topics):
            assert found.average_precision[number, k] == pytest.approx(topic.average_precision, nan_ok=True)
            if topic.support:
                assert found.f1[number, k] == pytest.approx(topic.f1)
                assert found.recall[number, k] == pytest.approx(topic.recall)


def test_a_draw_takes_as_many_articles_as_there_are() -> None:
    draws = article_draws(50, resamples=200, seed=0)
    assert draws.shape == (200, 50)
    assert (draws.sum(axis=1) == 50).all()
    assert (draws == article_draws(50, resamples=200, seed=0)).all()
    assert draws.var() == pytest.approx(49 / 50, abs=0.05)


def test_intervals_are_those_of_resampling_rows_one_by_one(
    decisions: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    targets, scores, decided = decisions
    articles = [str(place // 2) for place in range(200)]
    found = intervals_of(Judged(tuple(TOPICS), tuple(articles), targets, scores, decided))
    random, drawn = np.random.default_rng(7), []
    for _ in range(1000):
        places = [place for name in random.integers(100, size=100) for place in (2 * name, 2 * name + 1)]
        slow = evaluation_of(TOPICS, targets[places], None, decided[places])
        drawn.append((slow.micro_f1, slow.macro_f1, slow.topics[0].recall))
    low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    fast = (found.micro_f1, found.macro_f1, found.topics[0].recall)
    assert [interval.low for interval in fast] == pytest.approx(list(low), abs=0.012)
    assert [interval.high for interval in fast] == pytest.approx(list(high), abs=0.012)


def test_intervals_hold_the_measure_and_shrink_with_more_articles() -> None:
    random, widths = np.random.default_rng(2), []
    for rows in (60, 2000):
        targets = random.random((rows, 3)) < 0.3
        scores = np.clip(targets * 0.4 + random.random((rows, 3)) * 0.6, 0, 1)
        judged = Judged(tuple(TOPICS), tuple(map(str, range(rows))), targets, scores, scores > 0.5)
        point, around = evaluation_of(TOPICS, targets, scores, judged.decided), intervals_of(judged)
        for topic, interval in zip(point.topics, around.topics, strict=True):
            for name in ("precision", "recall", "f1", "average_precision"):
                assert getattr(interval, name).low <= getattr(topic, name) <= getattr(interval, name).high
        assert around.micro_f1.low < point.micro_f1 < around.micro_f1.high
        widths.append(around.micro_f1.high - around.micro_f1.low)
    assert widths[1] < widths[0] / 3


def test_a_topic_without_rows_has_no_interval() -> None:
    targets = np.zeros((30, 3), dtype=bool)
    rows = Judged(tuple(TOPICS), tuple(map(str, range(30))), targets, targets * 0.5, ~targets)
    around = intervals_of(rows)
    assert np.isnan([around.topics[0].f1.low, around.topics[0].average_precision.high, around.macro_f1.low]).all()
    assert (around.topics[0].precision.low, around.no_topic.high) == (0, 0)


def test_no_topic_counts_rows_without_topic_only() -> None:
    targets = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)
    decided = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 0]], dtype=bool)
    found = evaluation_of(TOPICS, targets, None, decided)
    assert found.no_topic == 0.5
    assert np.isnan(found.calibration_error)
    assert "calibration_error" not in found.summary()


def test_platt_scaling_calibrates() -> None:
    random = np.random.default_rng(1)
    raw = random.normal(size=(4000, 1))
    targets = random.random((4000, 1)) < 1 / (1 + np.exp(-(2 * raw - 1)))
    slopes, offsets = platt_scaling(raw, targets, np.ones(4000))
    assert slopes[0] == pytest.approx(2, abs=0.2)
    assert offsets[0] == pytest.approx(-1, abs=0.2)
    scores = 1 / (1 + np.exp(-(slopes * raw + offsets)))
    assert evaluation_of(["a"], targets, scores, scores > 0.5).calibration_error < 0.03


def test_thresholds_have_the_best_f1(decisions: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    targets, scores, _ = decisions
    thresholds = best_f1_thresholds(scores, targets, np.ones(200))
    best = f1_score(targets[:, 0], scores[:, 0] >= thresholds[0])
    assert best == pytest.approx(max(f1_score(targets[:, 0], scores[:, 0] >= t) for t in np.unique(scores[:, 0])))
    assert average_precision_score(targets[:, 0], scores[:, 0]) > 0.5


def test_the_plain_pipeline_shares_a_matrix_that_no_thread_will_sort() -> None:
    texts = ["في السوق اليوم", "في السوق غدا", "اليوم غدا"]
    features = plain_pipeline()[:-1].fit_transform(texts)
    assert features.has_canonical_format
