"""scikit-learn: words and characters as its guide has it, which is what all ratios are to; and words alone."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from app.tagger.types import Topic
from tests.benchmarks.peers.peer import Fitted, Scorer, always
from training import LabelledData
from training.baselines import plain_pipeline

REFERENCE = "scikit-learn, words 1-2 and char_wb 2-5"


def fit_words_and_characters(data: LabelledData, topics: Sequence[Topic]) -> Fitted:
    """The pipeline that Rasid is measured against in quality too."""
    return _fitted(REFERENCE, plain_pipeline(), data, topics)


def fit_words(data: LabelledData, topics: Sequence[Topic]) -> Fitted:
    """The same without characters: much faster, and blind to the forms of a word."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    classifier = OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear"))
    return _fitted("scikit-learn, words 1-2", make_pipeline(vectorizer, classifier), data, topics)


def _fitted(name: str, pipeline: Pipeline, data: LabelledData, topics: Sequence[Topic]) -> Fitted:
    pipeline.fit(data.texts, data.targets(topics))
    return Fitted(name, always(Scorer(pipeline.predict_proba, lambda text: pipeline.predict_proba([text])[0])))
