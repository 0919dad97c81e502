"""What a model has to beat: the most frequent topic, a keyword list, and scikit-learn's plain pipeline."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from app.tagger.normalise import Normaliser
from app.tagger.types import Topic
from training.calibrate import best_f1_thresholds
from training.rows import LabelledData
from training.split import folds_by_article

Bools = npt.NDArray[np.bool_]
_PROCLITICS = "(?:[\u0648\u0641]?[\u0628\u0643\u0644]?(?:\u0627\u0644|\u0644\u0644)?)"
"""One-letter conjunctions and prepositions, and the article, that Arabic writes in one word with the next."""
_DEFINITE = "\u0627\u0644"


def majority_baseline(topics: Sequence[Topic], training: LabelledData, data: LabelledData) -> Bools:
    """Every passage gets the one topic that most training rows have: (rows, topics)."""
    decided = np.zeros((len(data.rows), len(topics)), dtype=bool)
    decided[:, training.targets(topics).sum(axis=0).argmax()] = True
    return decided


def keyword_baseline(topics: Sequence[Topic], data: LabelledData) -> Bools:
    """A passage gets each topic of which it holds a keyword, after normalising and past proclitics: (rows, topics)."""
    normaliser = Normaliser()

    def normal(text: str) -> str:
        return " ".join(word.form for word in normaliser.words(text))

    patterns = [
        re.compile(
            "|".join(rf"\b{_PROCLITICS}{normal(word).removeprefix(_DEFINITE)}\b" for word in topic.keywords) or r"(?!)"
        )
        for topic in topics
    ]
    texts = [normal(text) for text in data.texts]
    return np.array([[bool(pattern.search(text)) for pattern in patterns] for text in texts])


def plain_baseline(topics: Sequence[Topic], training: LabelledData, data: LabelledData) -> dict[str, Bools]:
    """scikit-learn as its guide has it, on the same training rows, with its own decision and with tuned thresholds."""
    targets = training.targets(topics)
    texts = np.array(training.texts, dtype=object)
    held_out = np.zeros(targets.shape)
    with parallel_config(backend="threading", n_jobs=-1):
        for fitted_on, held in folds_by_article(training.articles, folds=3, seed=0):
            held_out[held] = plain_pipeline().fit(texts[fitted_on], targets[fitted_on]).predict_proba(texts[held])
        scores = plain_pipeline().fit(texts, targets).predict_proba(data.texts)
    return {
        "scikit-learn, plain": scores >= 0.5,
        "scikit-learn, tuned thresholds": scores >= best_f1_thresholds(held_out, targets, training.weights),
    }


def plain_pipeline() -> Pipeline:
    """TF-IDF of words 1-2 and characters 2-5 within words, then one logistic regression per topic."""
    features = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)),
        ]
    )
    classifier = OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear"))
    return make_pipeline(features, FunctionTransformer(_canonical, accept_sparse=True), classifier)


def _canonical(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """The matrix with sorted indices: else each thread that fits a topic would sort the shared one in place."""
    matrix.sum_duplicates()
    return matrix
