"""Which options fit these rows best, and how good that choice is on rows that had no say in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import average_precision_score

from app.tagger.normalise import Normaliser
from app.tagger.types import Topic
from training.fit import lexicon_of, training_rows
from training.options import FitOptions
from training.rows import LabelledData
from training.solve import Bools, Floats, Progress, TrainingRows, fit_weights, held_out_scores
from training.split import folds_by_article

INNER_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """Options that were tried and the mean average precision of their held-out scores, over topics."""

    options: FitOptions
    average_precision: float


@dataclass(frozen=True)
class Choice:
    """The best of the candidates; `nested` is the mean average precision of choosing anew inside every fold.

    A candidate's own figure flatters the one that is chosen; the nested one doesn't. Varma and Simon: Bias in error
    estimation when using cross-validation for model selection (2006).
    """

    candidates: tuple[Candidate, ...]
    nested: float

    @property
    def best(self) -> FitOptions:
        """The options of the best candidate, the first of equals."""
        return max(self.candidates, key=lambda candidate: candidate.average_precision).options


def candidates_of(options: FitOptions) -> list[FitOptions]:
    """What is tried: four strengths of the penalty, each with and without balanced topics."""
    return [
        replace(options, penalty=c, balanced=balanced) for c in (1.0, 3.0, 10.0, 30.0) for balanced in (False, True)
    ]


def choose_options(
    data: LabelledData,
    topics: Sequence[Topic],
    phrases: Mapping[str, Sequence[str]] | None = None,
    candidates: Sequence[FitOptions] | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Try every candidate by cross-validation, and the trying itself by nested cross-validation.

    The candidates share folding, lengths and folds. Raises `LabelledDataError` where `fit` does.
    """
    candidates = candidates or candidates_of(FitOptions())
    progress = progress or (lambda stage, done, total: None)
    first = candidates[0]
    rows = training_rows(data, topics, lexicon_of(phrases or {}, Normaliser(first.folding)), first)
    folds = folds_by_article(rows.groups, first.folds, first.seed)
    steps, done = len(candidates) * (len(folds) + 1), 0
    tried, nested = [], np.zeros(rows.targets.shape)
    for options in candidates:
        tried.append(Candidate(options, _precision_of(rows, options)))
        progress("choose options", done := done + 1, steps)
    for fitted_on, held in folds:
        inside, found = rows.at(fitted_on), []
        for options in candidates:
            found.append(Candidate(options, _precision_of(inside, replace(options, folds=INNER_FOLDS))))
            progress("choose options", done := done + 1, steps)
        best = Choice(tuple(found), 0.0).best
        nested[held] = fit_weights(inside, best, lambda _: None).scores(rows.counts.at(held), best)
    return Choice(tuple(tried), mean_average_precision(rows.targets, nested))


def _precision_of(rows: TrainingRows, options: FitOptions) -> float:
    return mean_average_precision(rows.targets, held_out_scores(rows, options, lambda stage, done, total: None))


def mean_average_precision(targets: Bools, scores: Floats) -> float:
    """Average precision, averaged over the topics that any row has: targets and scores are (N, K)."""
    there = targets.any(axis=0)
    return float(average_precision_score(targets[:, there], scores[:, there], average="macro"))
