"""Fits a model: cross-validation by article, one-vs-rest logistic regression, calibration, thresholds, bundle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

from app.tagger.bundle import Bundle, Golden
from app.tagger.errors import LabelledDataError
from app.tagger.features import AdditiveModel, NgramRange
from app.tagger.lexicon import Lexicon, Phrase, without_article
from app.tagger.normalise import Folding, Normaliser
from app.tagger.score import WordTableScorer
from app.tagger.types import Topic
from training.calibrate import best_f1_thresholds, platt_scaling
from training.card import card_of
from training.matrix import FactoredCounts, factored_counts, inverse_document_frequency, passages_matrix
from training.metrics import Evaluation, evaluation_of
from training.rows import LabelledData
from training.split import folds_by_article

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done and how much there is."""

FEWEST_ROWS = 5
_GOLDEN_PASSAGES = 8


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Choices of a fit; all but `jobs` are part of the version."""

    penalty: float = 10.0
    """C of the logistic regression: larger fits closer."""
    min_df: int = 2
    """Features of fewer passages are left out."""
    lengths: NgramRange = field(default_factory=NgramRange)
    folding: Folding = field(default_factory=Folding)
    phrase_value: float = 0.3
    """Value of a group of phrases that a passage holds, beside features that have the length 1 together."""
    expected_f1: float | None = 0.6
    """The F1 to expect on the text to be tagged: every topic's threshold is half of it, which is where calibrated
    probabilities give the best F1 (Lipton, Elkan, Narayanaswamy: Optimal thresholding of classifiers to maximize F1
    measure, 2014). None takes each topic's best threshold on held-out rows, for text that is just like the rows."""
    folds: int = 5
    seed: int = 0
    jobs: int = -1
    """Processor cores to use; -1 is all."""


@dataclass(frozen=True)
class _Rows:
    """Rows to fit on: features (N, F), targets (N, K), weights (N,)."""

    matrix: sp.csr_matrix
    targets: Bools
    weights: Floats


@dataclass(frozen=True)
class _Weights:
    coefficients: Floats
    intercepts: Floats


def fit(
    data: LabelledData,
    topics: Sequence[Topic],
    phrases: Mapping[str, Sequence[str]] | None = None,
    options: FitOptions | None = None,
    progress: Progress | None = None,
) -> Bundle:
    """Fit a model on labelled rows, with groups of standing phrases as features.

    Raises `LabelledDataError` if a topic has fewer than 5 rows, or no row is without it, or there are fewer articles
    than folds. Equal data, options and library versions give an equal bundle.
    """
    options, progress = options or FitOptions(), progress or (lambda stage, done, total: None)
    targets = data.targets(topics)
    _refuse_unfit(data, targets, topics, options)
    progress("count words", 0, 1)
    lexicon = _lexicon(phrases or {}, Normaliser(options.folding))
    counts = factored_counts(data.texts, Normaliser(options.folding), options.lengths, lexicon)
    progress("count words", 1, 1)
    held_out = _held_out_scores(counts, data, targets, options, progress)
    slopes, offsets = platt_scaling(held_out, targets, data.weights)
    calibrated = 1 / (1 + np.exp(-(slopes * held_out + offsets)))
    if options.expected_f1 is None:
        thresholds = best_f1_thresholds(calibrated, targets, data.weights)
    else:
        thresholds = np.full(len(topics), options.expected_f1 / 2)
    everything = np.arange(len(data.rows))
    idf = inverse_document_frequency(counts, everything, options.min_df)
    matrix = passages_matrix(counts, idf, options.phrase_value)
    weights = _fit_topics(
        _Rows(matrix, targets, data.weights), options, lambda done, total: progress("fit on all rows", done, total)
    )
    model = _additive_model(counts, idf, weights, lexicon, options)
    model = replace(model, slopes=slopes, offsets=offsets)
    metrics = evaluation_of([topic.id for topic in topics], targets, calibrated, calibrated >= thresholds)
    return Bundle(
        topics=tuple(topics),
        thresholds=thresholds,
        model=model,
        folding=options.folding,
        golden=_golden(data, model, options.folding),
        card=card_of(topics, data, metrics, thresholds),
        training=_training_facts(data, options, metrics),
    )


def _lexicon(phrases: Mapping[str, Sequence[str]], normaliser: Normaliser) -> Lexicon:
    """The phrases in normal form, each once, their groups numbered in the order of names."""
    found: dict[Phrase, None] = {}
    for group, name in enumerate(sorted(phrases)):
        for phrase in phrases[name]:
            first, *rest = [word.form for word in normaliser.words(phrase)] or [""]
            if without_article(first):
                found[Phrase((without_article(first), *rest), group)] = None
    return Lexicon(list(found))


def _refuse_unfit(data: LabelledData, targets: Bools, topics: Sequence[Topic], options: FitOptions) -> None:
    if len(set(data.articles)) < options.folds:
        raise LabelledDataError(f"{len(set(data.articles))} articles are too few for {options.folds} folds: add rows.")
    for topic, rows in zip(topics, targets.sum(axis=0), strict=True):
        if rows < FEWEST_ROWS:
            raise LabelledDataError(f"topic {topic.id} has {rows} rows: label {FEWEST_ROWS} or more, or drop it.")
        if rows == len(data.rows):
            raise LabelledDataError(f"every row has topic {topic.id}: add rows without it.")


def _held_out_scores(
    counts: FactoredCounts, data: LabelledData, targets: Bools, options: FitOptions, progress: Progress
) -> Floats:
    """Raw scores (N, K) of every row by a model that hasn't seen its article."""
    scores = np.zeros(targets.shape)
    folds = folds_by_article(data.articles, options.folds, options.seed)
    total = len(folds) * targets.shape[1]
    for number, (fitted_on, held) in enumerate(folds):
        matrix = passages_matrix(
            counts, inverse_document_frequency(counts, fitted_on, options.min_df), options.phrase_value
        )
        done_before = number * targets.shape[1]
        weights = _fit_topics(
            _Rows(matrix[fitted_on], targets[fitted_on], data.weights[fitted_on]),
            options,
            lambda done, _, before=done_before: progress("cross-validate", before + done, total),  # type: ignore[misc]
        )
        scores[held] = matrix[held] @ weights.coefficients + weights.intercepts
    return scores


def _fit_topics(rows: _Rows, options: FitOptions, progress: Callable[[int, int], None]) -> _Weights:
    topics = rows.targets.shape[1]
    runs = Parallel(n_jobs=options.jobs, return_as="generator")(
        delayed(_fit_topic)(rows, topic, options) for topic in range(topics)
    )
    fitted = []
    for done, result in enumerate(runs, start=1):
        fitted.append(result)
        progress(done, topics)
    return _Weights(np.column_stack([row[:-1] for row in fitted]), np.array([row[-1] for row in fitted]))


def _fit_topic(rows: _Rows, topic: int, options: FitOptions) -> Floats:
    """Weights of one topic, the intercept last: (features + 1,)."""
    matrix, target = rows.matrix, rows.targets[:, topic]
    if target.all() or not target.any():
        return np.zeros(matrix.shape[1] + 1)
    model = LogisticRegression(C=options.penalty, solver="liblinear", random_state=options.seed)
    model.fit(matrix, target, rows.weights)
    return np.append(model.coef_[0], model.intercept_[0])


def _additive_model(
    counts: FactoredCounts, idf: Floats, weights: _Weights, lexicon: Lexicon, options: FitOptions
) -> AdditiveModel:
    """The weights in the form that serves; a known word's row is made of the very numbers an unseen word's is."""
    split = len(counts.ngrams)
    kept = np.flatnonzero(idf[:split])
    ngram_idf = idf[kept].astype(np.float32)
    ngram_weights = weights.coefficients[kept].astype(np.float16)
    own = np.flatnonzero(idf[split:])
    own_idf = idf[split + own]
    phi = counts.phi[own][:, kept] @ sp.diags(ngram_idf.astype(np.float64))
    shares = phi @ ngram_weights.astype(np.float64) + own_idf[:, None] * weights.coefficients[split + own]
    length = np.asarray(phi.multiply(phi).sum(axis=1)).ravel() + own_idf**2
    return AdditiveModel(
        words={counts.words[word]: row for row, word in enumerate(own)},
        word_rows=np.column_stack([shares, length]).astype(np.float32),
        ngrams={counts.ngrams[ngram]: row for row, ngram in enumerate(kept)},
        ngram_idf=ngram_idf,
        ngram_weights=ngram_weights,
        lengths=options.lengths,
        lexicon=lexicon,
        phrase_shares=(weights.coefficients[len(idf) :] * options.phrase_value).astype(np.float32),
        intercepts=weights.intercepts,
        slopes=np.ones_like(weights.intercepts),
        offsets=np.zeros_like(weights.intercepts),
    )


def _golden(data: LabelledData, model: AdditiveModel, folding: Folding) -> tuple[Golden, ...]:
    """A few rows, spread over the data, with the scores that an opened bundle must give them."""
    scorer = WordTableScorer(model, Normaliser(folding))
    step = max(1, len(data.rows) // _GOLDEN_PASSAGES)
    texts = [row.text for row in data.rows[::step][:_GOLDEN_PASSAGES]]
    return tuple(Golden(text, tuple(model.calibrated(scorer.score(text).raw).tolist())) for text in texts)


def _training_facts(data: LabelledData, options: FitOptions, metrics: Evaluation) -> dict[str, Any]:
    chosen = asdict(options)
    del chosen["jobs"]
    return {
        "options": chosen,
        "data": {"rows": len(data.rows), "articles": len(set(data.articles)), "sha256": data.sha256},
        "libraries": {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "pyarabic")},
        "cross_validation": metrics.summary(),
    }
