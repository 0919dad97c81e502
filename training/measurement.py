"""One measurement of one model: all that the report and `metrics.json` tell."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from app.tagger import Tagger
from app.tagger.types import Topic
from training.bootstrap import Interval, Intervals, intervals_of
from training.judged import Judged, judged
from training.metrics import Evaluation, ScoreBin, evaluation_of, score_bins
from training.rows import LabelledData
from training.suspects import Suspect

FORMAT = 1
OVERALL = ("micro_precision", "micro_recall", "micro_f1", "macro_f1", "sample_f1", "exact_match", "no_topic")
BY_TOPIC = ("precision", "recall", "f1", "average_precision")
_HISTOGRAM_BINS = 20


@dataclass(frozen=True, slots=True)
class DataName:
    """Which rows were measured: the file's name, the SHA-256 of its bytes, its number of articles."""

    name: str
    sha256: str
    articles: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """`rows` passages missed the topic `missed` and were wrongly given the topic `given`."""

    missed: str
    given: str
    rows: int


@dataclass(frozen=True)
class Measurement:
    """A model's measures on labelled rows.

    `calibration` are all scores in 10 bins, `histogram` in 20; `confusions` come by falling number of rows;
    `baselines` were measured on the same rows; `suspects` are about the training data, the most suspicious first.
    """

    model: str
    data: DataName
    topics: tuple[Topic, ...]
    evaluation: Evaluation
    intervals: Intervals
    calibration: tuple[ScoreBin, ...]
    histogram: tuple[ScoreBin, ...]
    confusions: tuple[Confusion, ...]
    baselines: Mapping[str, Evaluation] = field(default_factory=dict)
    suspects: tuple[Suspect, ...] = ()


def measurement_of(tagger: Tagger, data: LabelledData, name: str) -> Measurement:
    """Measure a model on labelled rows; `name` is what the report calls them.

    Baselines and suspects are added with `dataclasses.replace`, since they need the training rows.
    """
    rows = judged(tagger, data)
    scores = np.zeros(rows.targets.shape) if rows.scores is None else rows.scores
    return Measurement(
        model=tagger.version,
        data=DataName(name, data.sha256, len(set(data.articles))),
        topics=tagger.topics,
        evaluation=evaluation_of(rows.topics, rows.targets, rows.scores, rows.decided),
        intervals=intervals_of(rows),
        calibration=score_bins(scores, rows.targets),
        histogram=score_bins(scores, rows.targets, _HISTOGRAM_BINS),
        confusions=confusions_of(rows),
    )


def confusions_of(rows: Judged) -> tuple[Confusion, ...]:
    """Every pair of a topic missed and another given instead, in one row, by falling number of rows, then ids."""
    missed, wrong = rows.targets & ~rows.decided, rows.decided & ~rows.targets
    counts = missed.T.astype(int) @ wrong.astype(int)
    found = [
        Confusion(rows.topics[m], rows.topics[g], int(counts[m, g])) for m, g in zip(*np.nonzero(counts), strict=True)
    ]
    return tuple(sorted(found, key=lambda pair: (-pair.rows, pair.missed, pair.given)))


def metrics_json(measurement: Measurement) -> dict[str, Any]:
    """The measurement as plain JSON values: numbers to 4 decimals, null where a measure doesn't exist.

    Keys stay as they are within one `format`; new ones may be added.
    """
    evaluation, intervals = measurement.evaluation, measurement.intervals
    by_topic = zip(measurement.topics, evaluation.topics, intervals.topics, strict=True)
    return {
        "format": FORMAT,
        "model": measurement.model,
        "data": {**asdict(measurement.data), "rows": evaluation.rows},
        "overall": {
            **{name: _measure(getattr(evaluation, name), getattr(intervals, name)) for name in OVERALL},
            "calibration_error": _number(evaluation.calibration_error),
        },
        "topics": {
            topic.id: {
                "name_ar": topic.name_ar,
                "name_en": topic.name_en,
                "support": found.support,
                **{name: _measure(getattr(found, name), getattr(around, name)) for name in BY_TOPIC},
            }
            for topic, found, around in by_topic
        },
        "calibration": [_bin(found) for found in measurement.calibration],
        "histogram": [_bin(found) for found in measurement.histogram],
        "confusions": [asdict(pair) for pair in measurement.confusions],
        "baselines": {name: found.summary() for name, found in measurement.baselines.items()},
        "suspicious_labels": [{**asdict(found), "score": _number(found.score)} for found in measurement.suspects],
    }


def _measure(value: float, interval: Interval) -> dict[str, float | None]:
    return {"value": _number(value), "low": _number(interval.low), "high": _number(interval.high)}


def _bin(found: ScoreBin) -> dict[str, float | None]:
    numbers = {**asdict(found), "share": found.share}
    return {name: _number(value) if isinstance(value, float) else value for name, value in numbers.items()}


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
