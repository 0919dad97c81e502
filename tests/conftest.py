"""What all tests share: the repository's own data, a tiny model, the shipped model."""

from pathlib import Path

import pytest
from hypothesis import settings

from app.tagger import Tagger
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.types import Topic
from app.tagger.versions import set_current
from training import FitOptions, LabelledData, fit, load_labelled, load_phrases, load_topics

# A test says what is so, never how fast: machines differ.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
TINY_TOPICS = ("attacks", "counterterrorism", "foreign_fighters", "ideology")


@pytest.fixture(scope="session")
def topics() -> tuple[Topic, ...]:
    return load_topics(ROOT / "data/topics.csv")


@pytest.fixture(scope="session")
def corpus(topics: tuple[Topic, ...]) -> LabelledData:
    return load_labelled(ROOT / "data/passages.csv", topics)


@pytest.fixture(scope="session")
def tiny_topics(topics: tuple[Topic, ...]) -> tuple[Topic, ...]:
    return tuple(topic for topic in topics if topic.id in TINY_TOPICS)


@pytest.fixture(scope="session")
def tiny_data(corpus: LabelledData) -> LabelledData:
    return LabelledData(corpus.rows[:300], (), "0" * 64)


@pytest.fixture(scope="session")
def phrases() -> dict[str, list[str]]:
    return load_phrases(ROOT / "data/lexicon.csv")


@pytest.fixture(scope="session")
def tiny_bundle(tiny_data: LabelledData, tiny_topics: tuple[Topic, ...], phrases: dict[str, list[str]]) -> Bundle:
    return fit(tiny_data, tiny_topics, phrases, FitOptions(folds=3, jobs=1))


@pytest.fixture(scope="session")
def tiny_models(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of versions with the tiny model as the current one. Not to be changed by tests."""
    models = tmp_path_factory.mktemp("models") / "tiny"
    version = write_bundle(tiny_bundle, models)
    set_current(models, version)
    return models


@pytest.fixture(scope="session")
def tiny_tagger(tiny_models: Path) -> Tagger:
    return Tagger.open(tiny_models)


@pytest.fixture(scope="session")
def shipped_tagger() -> Tagger:
    return Tagger.open(ROOT / "models/default")
