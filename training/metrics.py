"""Multi-label measures of scores and decisions against labels."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MACRO_SUPPORT = 5
"""The macro average is over topics with at least so many rows: an F1 over fewer says nothing."""
_BINS = 10


@dataclass(frozen=True, slots=True)
class TopicResult:
    """One topic's measures, each 0..1; `support` is its number of rows."""

    topic: str
    support: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Evaluation:
    """Measures over rows and topics.

    `micro_f1` is over all decisions, `macro_f1` the mean over topics with 5 or more rows, `no_topic` the share of rows
    without topic that got none, `calibration_error` the expected calibration error over all scores (10 equal bins;
    NaN where the decisions came without scores).
    """

    rows: int
    topics: tuple[TopicResult, ...]
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_f1: float
    exact_match: float
    no_topic: float
    calibration_error: float

    def summary(self) -> dict[str, Any]:
        """Plain numbers to 4 decimals, for a manifest or JSON."""
        found: dict[str, Any] = {
            name: round(value, 4) for name, value in asdict(self).items() if isinstance(value, float) and value == value
        }
        by_topic = {}
        for result in self.topics:
            numbers = asdict(result)
            topic = numbers.pop("topic")
            by_topic[topic] = {name: round(value, 4) for name, value in numbers.items()}
        return {"rows": self.rows, **found, "topics": by_topic}


def evaluation_of(topics: Sequence[str], targets: Bools, scores: Floats | None, decided: Bools) -> Evaluation:
    """Compare decisions (N, K), and scores where there are any, with targets (N, K)."""
    hits, missed, wrong = targets & decided, targets & ~decided, decided & ~targets
    results = tuple(
        TopicResult(topic, int(targets[:, k].sum()), *_precision_recall_f1(hits[:, k], missed[:, k], wrong[:, k]))
        for k, topic in enumerate(topics)
    )
    supported = [found.f1 for found in results if found.support >= MACRO_SUPPORT]
    precision, recall, f1 = _precision_recall_f1(hits, missed, wrong)
    empty = ~targets.any(axis=1)
    return Evaluation(
        rows=len(targets),
        topics=results,
        micro_precision=precision,
        micro_recall=recall,
        micro_f1=f1,
        macro_f1=float(np.mean(supported)) if supported else float("nan"),
        exact_match=float((targets == decided).all(axis=1).mean()),
        no_topic=float((~decided[empty]).all(axis=1).mean()) if empty.any() else float("nan"),
        calibration_error=float("nan") if scores is None else _calibration_error(scores.ravel(), targets.ravel()),
    )


def _precision_recall_f1(hits: Bools, missed: Bools, wrong: Bools) -> tuple[float, float, float]:
    """All three are 0 where nothing was there and nothing decided."""
    right, lost, false = int(hits.sum()), int(missed.sum()), int(wrong.sum())
    return (
        right / max(right + false, 1),
        right / max(right + lost, 1),
        2 * right / max(2 * right + lost + false, 1),
    )


def _calibration_error(scores: Floats, targets: Bools) -> float:
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for number in range(_BINS):
        inside = bins == number
        if inside.any():
            error += inside.mean() * abs(scores[inside].mean() - targets[inside].mean())
    return float(error)
