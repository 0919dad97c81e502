"""Rasid by each of its engines."""

from collections.abc import Sequence

import numpy as np

from app.tagger.bundle import Bundle
from app.tagger.compiled import KERNEL
from app.tagger.engines import Scorer as Engine
from app.tagger.engines import scorer_for
from app.tagger.normalise import Normaliser
from app.tagger.types import Topic
from tests.benchmarks.peers.peer import Fitted, Scorer
from training import FitOptions, LabelledData, load_phrases
from training import fit as fit_bundle

ENGINES = ("numpy", "kernel") if KERNEL else ("numpy",)
"""Those that can run here."""


def name_of(engine: str) -> str:
    """The contender's name in tables."""
    return f"Rasid, {engine}"


def fit(data: LabelledData, topics: Sequence[Topic]) -> Bundle:
    """Fit as shipped, but with each topic's best threshold on held-out rows, as all contenders have."""
    return fit_bundle(data, topics, load_phrases("data/lexicon.csv"), FitOptions(expected_f1=None))


def engine_of(bundle: Bundle, engine: str) -> Engine:
    """An engine on this bundle, its caches cold."""
    return scorer_for(bundle.model, Normaliser(bundle.folding), engine)


def fitted(bundle: Bundle, engine: str) -> Fitted:
    """The bundle as a contender: calibrated scores of all topics, as `Tagger` gives them."""

    def fresh() -> Scorer:
        scorer = engine_of(bundle, engine)
        return Scorer(lambda texts: scorer.score_many(texts).scores, lambda text: scorer.score(text).scores)

    thresholds = np.asarray(bundle.thresholds, dtype=np.float64)
    return Fitted(name_of(engine), fresh, thresholds=thresholds, remembers=True)
