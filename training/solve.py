"""Weights of every topic by logistic regression, and scores of rows held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from sklearn.utils.class_weight import compute_sample_weight

from training.duplicates import LikePair, grouped
from training.factored import FactoredRows
from training.matrix import FactoredCounts, inverse_document_frequency, passages_matrix
from training.options import FitOptions
from training.rows import LabelledData
from training.split import folds_by_article

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done and how much there is."""

_TOGETHER = 8
"""So many topics are fitted together: one pass over the rows serves all of them."""
_BLOCK = 8_000


@dataclass(frozen=True)
class TrainingRows:
    """N rows to fit on: counts, targets (N, K), weights (N,); rows of one of the groups (N) are never split."""

    counts: FactoredCounts
    targets: Bools
    weights: Floats
    groups: tuple[str, ...]

    @classmethod
    def of(
        cls, data: LabelledData, targets: Bools, counts: FactoredCounts, pairs: Sequence[LikePair]
    ) -> "TrainingRows":
        """Rows grouped by article, and the articles of rows that are nearly the same together."""
        return cls(counts, targets, data.weights, tuple(grouped(data.articles, pairs)))

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
        blocks = range(0, counts.gains.shape[0], _BLOCK)
        places = [np.arange(start, min(start + _BLOCK, counts.gains.shape[0])) for start in blocks]
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
    factors = FactoredRows.of(rows.counts, idf, options.phrase_value)
    width, topics = len(idf) + rows.counts.phrases.shape[1], np.arange(rows.targets.shape[1])
    # Topics are parted alike however many jobs there are: sums of another shape could round otherwise.
    batches = np.split(topics, topics[::_TOGETHER][1:])
    runs = Parallel(n_jobs=options.jobs, return_as="generator")(
        delayed(_fitted)(factors, rows.targets[:, batch], rows.weights, options) for batch in batches
    )
    coefficients, intercepts = np.zeros((width, len(topics))), np.zeros(len(topics))
    for batch, found in zip(batches, runs, strict=True):
        coefficients[np.ix_(factors.kept, batch)], intercepts[batch] = found[:-1], found[-1]
        progress(int(batch[-1]) + 1)
    return Weights(idf, coefficients, intercepts)


def _fitted(rows: FactoredRows, targets: Bools, weights: Floats, options: FitOptions) -> Floats:
    """Coefficients of topics (N, K) for the kept features and phrases and, last, the intercepts: (F + G + 1, K)."""
    found = np.zeros((len(rows.kept) + 1, targets.shape[1]))
    varied = np.flatnonzero(targets.any(axis=0) & ~targets.all(axis=0))
    classes = [compute_sample_weight("balanced" if options.balanced else None, targets[:, topic]) for topic in varied]
    if len(varied):
        weights_of_each = weights[:, None] * np.column_stack(classes)
        found[:, varied] = rows.fit(targets[:, varied], weights_of_each, options.penalty)
    return found
