import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from training.calibrate import best_f1_thresholds, platt_scaling
from training.metrics import evaluation_of

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
