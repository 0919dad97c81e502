"""The models that the long runs break: small, of the repository's own data, fitted in a second."""

from pathlib import Path

from app.tagger.bundle import Bundle
from tests.conftest import ROOT, TINY_TOPICS
from training import FitOptions, LabelledData, fit, load_labelled, load_phrases, load_topics


def small_bundle(rows: int = 300) -> Bundle:
    """A model of four topics."""
    topics = load_topics(ROOT / "data/topics.csv")
    data = load_labelled(ROOT / "data/passages.csv", topics)
    few = tuple(topic for topic in topics if topic.id in TINY_TOPICS)
    phrases = load_phrases(Path(ROOT / "data/lexicon.csv"))
    return fit(LabelledData(data.rows[:rows], (), "0" * 64), few, phrases, FitOptions(folds=3, jobs=1))
