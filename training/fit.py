"""Fits a model: cross-validation by article, one-vs-rest logistic regression, calibration, thresholds, bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import scipy.sparse as sp

from app.tagger.bundle import Bundle, Golden
from app.tagger.errors import LabelledDataError
from app.tagger.features import AdditiveModel
from app.tagger.lexicon import Lexicon, Phrase, without_article
from app.tagger.normalise import Folding, Normaliser
from app.tagger.score import WordTableScorer
from app.tagger.types import Topic
from training.calibrate import best_f1_thresholds, platt_scaling, precision_thresholds
from training.card import card_of
from training.duplicates import like_pairs
from training.matrix import FactoredCounts, counts_of
from training.metrics import Evaluation, evaluation_of
from training.options import FEWEST_ROWS, FitOptions
from training.rows import LabelledData
from training.sequences import WordSequences
from training.solve import Bools, Floats, Progress, TrainingRows, Weights, fit_weights, held_out_scores

_GOLDEN_PASSAGES = 8


def fit(
    data: LabelledData,
    topics: Sequence[Topic],
    phrases: Mapping[str, Sequence[str]] | None = None,
    options: FitOptions | None = None,
    progress: Progress | None = None,
) -> Bundle:
    """Fit a model on labelled rows, with groups of standing phrases as features.

    Raises `LabelledDataError` if a topic has fewer than 5 rows, or no row is without it, or there are fewer articles
    than folds, or no words. Equal data, options and library versions give an equal bundle.
    """
    options, progress = options or FitOptions(), progress or (lambda stage, done, total: None)
    targets = data.targets(topics)
    progress("count words", 0, 1)
    lexicon = lexicon_of(phrases or {}, Normaliser(options.folding))
    rows = training_rows(data, topics, lexicon, options)
    progress("count words", 1, 1)
    held_out = held_out_scores(rows, options, progress)
    slopes, offsets = platt_scaling(held_out, targets, data.weights)
    calibrated = 1 / (1 + np.exp(-(slopes * held_out + offsets)))
    thresholds = _thresholds(calibrated, rows, options)
    weights = fit_weights(rows, options, lambda done: progress("fit on all rows", done, len(topics)))
    model = replace(
        _additive_model(rows.counts, weights, lexicon, options), slopes=slopes.tolist(), offsets=offsets.tolist()
    )
    metrics = evaluation_of([topic.id for topic in topics], targets, calibrated, calibrated >= thresholds)
    return Bundle(
        topics=tuple(topics),
        thresholds=thresholds.tolist(),
        model=model,
        folding=options.folding,
        golden=_golden(data, model, options.folding),
        card=card_of(topics, data, metrics, thresholds),
        training=_training_facts(data, options, metrics),
    )


def lexicon_of(phrases: Mapping[str, Sequence[str]], normaliser: Normaliser) -> Lexicon:
    """The phrases in normal form, each once, their groups numbered in the order of names."""
    found: dict[Phrase, None] = {}
    for group, name in enumerate(sorted(phrases)):
        for phrase in phrases[name]:
            first, *rest = [word.form for word in normaliser.words(phrase)] or [""]
            if without_article(first):
                found[Phrase((without_article(first), *rest), group)] = None
    return Lexicon(list(found))


def training_rows(data: LabelledData, topics: Sequence[Topic], lexicon: Lexicon, options: FitOptions) -> TrainingRows:
    """The rows as a fit needs them; `LabelledDataError` if they can't give a model."""
    targets = data.targets(topics)
    _refuse_few_articles(data.articles, options)
    _refuse_unfit(targets, topics, options)
    sequences = WordSequences.of(data.texts, Normaliser(options.folding))
    if not sequences.forms:
        raise LabelledDataError("no row holds a word: nothing can be learnt from marks alone.")
    counts = counts_of(sequences, options.lengths, lexicon)
    rows = TrainingRows.of(data, targets, counts, like_pairs(sequences))
    _refuse_few_articles(rows.groups, options)
    return rows


def _refuse_few_articles(articles: Sequence[str], options: FitOptions) -> None:
    found = len(set(articles))
    if found < options.folds:
        raise LabelledDataError(
            f"{found} articles are too few for {options.folds} folds (like ones count once): add rows."
        )


def _refuse_unfit(targets: Bools, topics: Sequence[Topic], options: FitOptions) -> None:
    if not topics:
        raise LabelledDataError("no row has a label: label some rows, or give a topics file.")
    fewest = 1 if options.allow_rare else FEWEST_ROWS
    for topic, rows in zip(topics, targets.sum(axis=0), strict=True):
        if rows < fewest:
            way = "" if options.allow_rare else ", or fit with --allow-rare"
            raise LabelledDataError(f"topic {topic.id} has {rows} rows: label {fewest} or more, drop the topic{way}.")
        if rows == len(targets):
            raise LabelledDataError(f"every row has topic {topic.id}: add rows without it.")


def _thresholds(calibrated: Floats, rows: TrainingRows, options: FitOptions) -> Floats:
    """One threshold a topic (K,) by the rule that the options name."""
    if options.precision is not None:
        return precision_thresholds(calibrated, rows.targets, rows.weights, options.precision)
    if options.expected_f1 is None:
        return best_f1_thresholds(calibrated, rows.targets, rows.weights)
    return np.full(rows.targets.shape[1], options.expected_f1 / 2)


def _additive_model(counts: FactoredCounts, weights: Weights, lexicon: Lexicon, options: FitOptions) -> AdditiveModel:
    """The weights in the form that serves; a known word's row is made of the very numbers an unseen word's is."""
    split, idf = len(counts.ngrams), weights.idf
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
        intercepts=weights.intercepts.tolist(),
        slopes=[1.0] * len(weights.intercepts),
        offsets=[0.0] * len(weights.intercepts),
    )


def _golden(data: LabelledData, model: AdditiveModel, folding: Folding) -> tuple[Golden, ...]:
    """A few rows, spread over the data, with the scores that an opened bundle must give them."""
    scorer = WordTableScorer(model, Normaliser(folding))
    step = max(1, len(data.rows) // _GOLDEN_PASSAGES)
    texts = [row.text for row in data.rows[::step][:_GOLDEN_PASSAGES]]
    return tuple(Golden(text, tuple(round(score, 6) for score in scorer.score(text).scores)) for text in texts)


def _training_facts(data: LabelledData, options: FitOptions, metrics: Evaluation) -> dict[str, Any]:
    chosen = asdict(options)
    del chosen["jobs"]
    return {
        "options": chosen,
        "data": {"rows": len(data.rows), "articles": len(set(data.articles)), "sha256": data.sha256},
        "libraries": {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "pyarabic")},
        "cross_validation": metrics.summary(),
    }
