"""Weights of every topic by scikit-learn's logistic regression, and scores of rows held out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

from training.duplicates import grouped, near_duplicates
from training.matrix import FactoredCounts, inverse_document_frequency, passages_matrix
from training.options import FitOptions
from training.rows import LabelledData
from training.split import folds_by_article

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done and how much there is."""

MANY_ROWS = 30_000
"""From so many rows on, weights are found in single precision and by a solver that makes no copy of the matrix."""


@dataclass(frozen=True)
class TrainingRows:
    """N rows to fit on: counts, targets (N, K), weights (N,); rows of one of the groups (N) are never split."""

    counts: FactoredCounts
    targets: Bools
    weights: Floats
    groups: tuple[str, ...]

    @classmethod
    def of(cls, data: LabelledData, targets: Bools, counts: FactoredCounts) -> "TrainingRows":
        """Rows grouped by article, and articles that hold nearly the same text together."""
        groups = grouped(data.articles, near_duplicates(data.texts))
        return cls(counts, targets, data.weights, tuple(groups))

    def at(self, places: npt.NDArray[np.intp]) -> "TrainingRows":
        """Some of the rows."""
        groups = tuple(self.groups[place] for place in places)
        return TrainingRows(self.counts.at(places), self.targets[places], self.weights[places], groups)


@dataclass(frozen=True)
class Weights:
    """One linear function a topic: `idf` (F + V,), coefficients (F + V + G, K), intercepts (K,)."""

    idf: Floats
    coefficients: Floats
    intercepts: Floats

    def scores(self, counts: FactoredCounts, options: FitOptions) -> Floats:
        """Raw scores (N, K) of passages."""
        raw: Floats = passages_matrix(counts, self.idf, options.phrase_value) @ self.coefficients + self.intercepts
        return raw


def held_out_scores(rows: TrainingRows, options: FitOptions, progress: Progress) -> Floats:
    """Raw scores (N, K) of every row by weights that were found without its group."""
    scores = np.zeros(rows.targets.shape)
    folds = folds_by_article(rows.groups, options.folds, options.seed)
    topics = rows.targets.shape[1]
    for number, (fitted_on, held) in enumerate(folds):

        def show(done: int, before: int = number * topics) -> None:
            progress("cross-validate", before + done, len(folds) * topics)

        weights = fit_weights(rows.at(fitted_on), options, show)
        scores[held] = weights.scores(rows.counts.at(held), options)
    return scores


def fit_weights(rows: TrainingRows, options: FitOptions, progress: Callable[[int], None]) -> Weights:
    """Weights of every topic; `progress` is called with the number of topics that are done."""
    idf = inverse_document_frequency(rows.counts, options.min_df)
    matrix = passages_matrix(rows.counts, idf, options.phrase_value, single=len(rows.targets) >= MANY_ROWS)
    runs = Parallel(n_jobs=options.jobs, return_as="generator")(
        delayed(_fit_topic)(matrix, target, rows.weights, options) for target in rows.targets.T
    )
    fitted = []
    for done, result in enumerate(runs, start=1):
        fitted.append(result)
        progress(done)
    return Weights(idf, np.column_stack([found[:-1] for found in fitted]), np.array([found[-1] for found in fitted]))


def _fit_topic(matrix: object, target: Bools, weights: Floats, options: FitOptions) -> Floats:
    """Weights of one topic, the intercept last: (features + 1,)."""
    if target.all() or not target.any():
        return np.zeros(matrix.shape[1] + 1)  # type: ignore[attr-defined]
    model = LogisticRegression(
        C=options.penalty,
        solver="lbfgs" if len(target) >= MANY_ROWS else "liblinear",
        class_weight="balanced" if options.balanced else None,
        random_state=options.seed,
        max_iter=300,
    )
    model.fit(matrix, target, weights)
    return np.append(model.coef_[0], model.intercept_[0]).astype(np.float64)
