"""Weights of every topic by scikit-learn's logistic regression, and scores of rows held out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

from training.duplicates import grouped, near_duplicates
from training.factored import FactoredRows
from training.matrix import FactoredCounts, inverse_document_frequency, passages_matrix
from training.options import FitOptions
from training.rows import LabelledData
from training.split import folds_by_article

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done and how much there is."""

MANY_ROWS = 8_000
"""From so many rows on, weights are found on the factors of the matrix, which is then too large to write out."""


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
        """Raw scores (N, K) of passages, a block of them at a time."""
        blocks = range(0, counts.gains.shape[0], MANY_ROWS)
        places = [np.arange(start, min(start + MANY_ROWS, counts.gains.shape[0])) for start in blocks]
        matrices = (passages_matrix(counts.at(block), self.idf, options.phrase_value) for block in places)
        raw: Floats = np.vstack([matrix @ self.coefficients for matrix in matrices]) + self.intercepts
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
    many = len(rows.targets) >= MANY_ROWS
    factored = FactoredRows.of(rows.counts, idf, options.phrase_value) if many else None
    matrix = None if many else passages_matrix(rows.counts, idf, options.phrase_value)
    width = len(idf) + rows.counts.phrases.shape[1]
    runs = Parallel(n_jobs=options.jobs, return_as="generator")(
        delayed(_fit_factored)(factored, target, rows.weights, options)
        if many
        else delayed(_fit_topic)(matrix, target, rows.weights, options)
        for target in rows.targets.T
    )
    coefficients, intercepts = np.zeros((width, rows.targets.shape[1])), np.zeros(rows.targets.shape[1])
    places = np.arange(width) if factored is None else np.append(factored.kept, np.arange(len(idf), width))
    for topic, found in enumerate(runs):
        coefficients[places, topic], intercepts[topic] = found[:-1], found[-1]
        progress(topic + 1)
    return Weights(idf, coefficients, intercepts)


def _fit_topic(matrix: sp.csr_matrix, target: Bools, weights: Floats, options: FitOptions) -> Floats:
    """Coefficients of one topic and the intercept: (F + V + G + 1,)."""
    if target.all() or not target.any():
        return np.zeros(matrix.shape[1] + 1)
    model = LogisticRegression(
        C=options.penalty,
        solver="liblinear",
        class_weight="balanced" if options.balanced else None,
        random_state=options.seed,
    )
    model.fit(matrix, target, weights)
    return np.append(model.coef_[0], model.intercept_[0])


def _fit_factored(rows: FactoredRows, target: Bools, weights: Floats, options: FitOptions) -> Floats:
    """Coefficients of one topic for the kept features and phrases, and the intercept."""
    if target.all() or not target.any():
        return np.zeros(len(rows.kept) + rows.phrases.shape[1] + 1)
    if options.balanced:
        weights = weights * compute_sample_weight("balanced", target)
    return rows.fit(target, weights, options.penalty)
