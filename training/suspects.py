"""Labels that a model, fitted without them, finds hard to believe: the first to look at again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.tagger.normalise import Normaliser
from app.tagger.types import Topic
from training.calibrate import platt_scaling
from training.fit import lexicon_of, training_rows
from training.metrics import Floats
from training.options import FitOptions
from training.rows import LabelledData
from training.solve import Progress, held_out_scores

FAR = 0.5
"""A score is far from a label (1 for yes, 0 for no) by more than this."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that a model fitted without its article contradicts: `score` is what that model gave, 0..1."""

    id: str
    line: int
    topic: str
    labelled: bool
    score: float

    @property
    def distance(self) -> float:
        """How far the score is from the label, 0..1."""
        return abs(float(self.labelled) - self.score)


def cross_validated(
    data: LabelledData,
    topics: Sequence[Topic],
    phrases: Mapping[str, Sequence[str]] | None = None,
    options: FitOptions | None = None,
    progress: Progress | None = None,
) -> Floats:
    """Calibrated scores (N, K) of every row by a model that hasn't seen its article, fitted as `fit` would.

    Raises `LabelledDataError` where `fit` does.
    """
    options, progress = options or FitOptions(), progress or (lambda stage, done, total: None)
    rows = training_rows(data, topics, lexicon_of(phrases or {}, Normaliser(options.folding)), options)
    raw = held_out_scores(rows, options, progress)
    slopes, offsets = platt_scaling(raw, rows.targets, rows.weights)
    return np.asarray(1 / (1 + np.exp(-(slopes * raw + offsets))))


def suspicious_labels(data: LabelledData, topics: Sequence[Topic], scores: Floats) -> tuple[Suspect, ...]:
    """The labels, given or withheld, that `scores` (N, K) of `cross_validated` contradict, the farthest first."""
    targets = data.targets(topics)
    distances = np.abs(targets - scores)
    places = np.argsort(-distances, axis=None, kind="stable")[: int((distances > FAR).sum())]
    return tuple(
        Suspect(data.rows[row].id, data.rows[row].line, topics[k].id, bool(targets[row, k]), float(scores[row, k]))
        for row, k in zip(*np.unravel_index(places, distances.shape), strict=True)
    )
