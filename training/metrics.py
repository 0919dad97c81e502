"""Multi-label measures of scores and decisions against labels."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MACRO_SUPPORT = 5
"""The macro average is over topics with at least so many rows: an F1 over fewer says nothing."""
_BINS = 10
_SUMMARY = ("micro_precision", "micro_recall", "micro_f1", "macro_f1", "exact_match", "no_topic", "calibration_error")
_SUMMARY_OF_TOPIC = ("support", "precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class TopicResult:
    """One topic's measures, each 0..1; `support` is its number of rows.

    `average_precision` is the mean precision over all thresholds (scikit-learn's); NaN without scores or without rows.
    """

    topic: str
    support: int
    precision: float
    recall: float
    f1: float
    average_precision: float


@dataclass(frozen=True)
class Evaluation:
    """Measures over rows and topics.

    `micro_f1` is over all decisions, `macro_f1` the mean over topics with 5 or more rows, `sample_f1` the mean of the
    rows' own F1 (1 for a row without topic that got none), `exact_match` the share of rows with all topics right,
    `no_topic` the share of rows without topic that got none, `calibration_error` the expected calibration error over
    all scores (10 equal bins; NaN where the decisions came without scores).
    """

    rows: int
    topics: tuple[TopicResult, ...]
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_f1: float
    sample_f1: float
    exact_match: float
    no_topic: float
    calibration_error: float

    def summary(self) -> dict[str, Any]:
        """Plain numbers to 4 decimals that a manifest keeps: a new one here gives every model a new version."""
        values = asdict(self)
        overall = {name: round(values[name], 4) for name in _SUMMARY if values[name] == values[name]}
        by_topic = {
            topic["topic"]: {name: round(topic[name], 4) for name in _SUMMARY_OF_TOPIC} for topic in values["topics"]
        }
        return {"rows": self.rows, **overall, "topics": by_topic}


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """The scores in `low` <= score < `high` (the last bin takes 1 too): how many, how many of rows with the topic.

    `mean_score` is what they promise, `share` what they keep.
    """

    low: float
    high: float
    count: int
    positives: int
    mean_score: float

    @property
    def share(self) -> float:
        """The share of rows that have the topic, 0..1."""
        return self.positives / self.count


def evaluation_of(topics: Sequence[str], targets: Bools, scores: Floats | None, decided: Bools) -> Evaluation:
    """Compare decisions (N, K), and scores where there are any, with targets (N, K)."""
    hits = targets & decided
    right, given, wanted = hits.sum(axis=0), decided.sum(axis=0), targets.sum(axis=0)
    results = tuple(
        TopicResult(
            topic,
            int(wanted[k]),
            *_precision_recall_f1(int(right[k]), int(given[k]), int(wanted[k])),
            float("nan") if scores is None else average_precision(scores[:, k], targets[:, k]),
        )
        for k, topic in enumerate(topics)
    )
    supported = [found.f1 for found in results if found.support >= MACRO_SUPPORT]
    precision, recall, f1 = _precision_recall_f1(int(right.sum()), int(given.sum()), int(wanted.sum()))
    empty = ~targets.any(axis=1)
    return Evaluation(
        rows=len(targets),
        topics=results,
        micro_precision=precision,
        micro_recall=recall,
        micro_f1=f1,
        macro_f1=float(np.mean(supported)) if supported else float("nan"),
        sample_f1=float(sample_f1(targets, decided).mean()),
        exact_match=float((targets == decided).all(axis=1).mean()),
        no_topic=float((~decided[empty]).all(axis=1).mean()) if empty.any() else float("nan"),
        calibration_error=float("nan") if scores is None else _calibration_error(scores, targets),
    )


def sample_f1(targets: Bools, decided: Bools) -> Floats:
    """Each row's F1 (N,) over its topics; 1 where it has no topic and got none."""
    sizes = targets.sum(axis=1) + decided.sum(axis=1)
    return np.where(sizes == 0, 1.0, 2 * (targets & decided).sum(axis=1) / np.maximum(sizes, 1))


def average_precision(scores: Floats, targets: Bools) -> float:
    """scikit-learn's average precision of one topic's scores (N,); NaN if no row has the topic."""
    # Its sum of steps may end a rounding error above 1.
    return min(float(average_precision_score(targets, scores)), 1.0) if targets.any() else float("nan")


def score_bins(scores: Floats, targets: Bools, bins: int = _BINS) -> tuple[ScoreBin, ...]:
    """Scores of any shape in equal bins over 0..1; empty bins are left out."""
    scores, targets = scores.ravel(), targets.ravel()
    number = np.minimum((scores * bins).astype(int), bins - 1)
    counts = np.bincount(number, minlength=bins)
    positives = np.bincount(number, weights=targets, minlength=bins)
    sums = np.bincount(number, weights=scores, minlength=bins)
    return tuple(
        ScoreBin(place / bins, (place + 1) / bins, int(counts[place]), int(positives[place]), sums[place] / count)
        for place, count in enumerate(counts.tolist())
        if count
    )


def _precision_recall_f1(right: int, given: int, wanted: int) -> tuple[float, float, float]:
    """All three are 0 where nothing was there and nothing decided."""
    return right / max(given, 1), right / max(wanted, 1), 2 * right / max(given + wanted, 1)


def _calibration_error(scores: Floats, targets: Bools) -> float:
    return float(
        sum(found.count * abs(found.mean_score - found.share) for found in score_bins(scores, targets)) / scores.size
    )
