"""Quality of every contender on the same held-out rows, with thresholds tuned on training rows held out from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.tagger.types import Topic
from tests.benchmarks.corpus import Split
from tests.benchmarks.peers import Contender
from tests.benchmarks.peers.peer import Floats
from training import LabelledData
from training.calibrate import best_f1_thresholds
from training.metrics import evaluation_of
from training.split import folds_by_article


@dataclass(frozen=True)
class Quality:
    """F1 on the held-out rows, 0..1."""

    micro_f1: float
    macro_f1: float


def quality_of(contender: Contender, split: Split, folds: int) -> Quality:
    """Decide at each topic's threshold of best F1, and compare with the labels."""
    decided = contender.fitted.scores(split.test.texts) >= thresholds_of(contender, split.training, split.topics, folds)
    ids = [topic.id for topic in split.topics]
    found = evaluation_of(ids, split.test.targets(split.topics), None, decided)
    return Quality(found.micro_f1, found.macro_f1)


def thresholds_of(contender: Contender, data: LabelledData, topics: Sequence[Topic], folds: int) -> Floats:
    """For each topic the threshold (K,) of best F1 on training rows that were held out in turn."""
    if contender.fit is None:
        assert contender.fitted.thresholds is not None
        return contender.fitted.thresholds
    targets = data.targets(topics)
    scores = np.zeros(targets.shape)
    for fitted_on, held in folds_by_article(data.articles, folds, seed=0):
        part = replace(data, rows=tuple(data.rows[place] for place in fitted_on))
        scores[held] = contender.fit(part, topics).scores([data.rows[place].text for place in held])
    return np.asarray(best_f1_thresholds(scores, targets, data.weights), dtype=np.float64)
