"""How good a model is on labelled rows, beside baselines made from the same training data."""

from collections.abc import Sequence

import numpy as np

from app.tagger import Tagger, TagOptions
from app.tagger.types import Topic
from training.baselines import keyword_baseline, majority_baseline, plain_baseline
from training.metrics import Evaluation, evaluation_of
from training.read import LabelledData


def evaluate(tagger: Tagger, data: LabelledData) -> Evaluation:
    """Tag each row as one passage, as the service would, and compare with its labels."""
    topics = [topic.id for topic in tagger.topics]
    tagged = [tagger.tag(row.text, TagOptions(segment="none")).passages[0] for row in data.rows]
    scores = np.array([[passage.scores[topic] for topic in topics] for passage in tagged])
    decided = np.array(
        [[topic in {found.topic.id for found in passage.topics} for topic in topics] for passage in tagged]
    )
    return evaluation_of(topics, data.targets(tagger.topics), scores, decided)


def evaluate_baselines(topics: Sequence[Topic], training: LabelledData, data: LabelledData) -> dict[str, Evaluation]:
    """Baselines built from `topics` and `training`, measured on `data`."""
    ids = [topic.id for topic in topics]
    targets = data.targets(topics)
    decisions = {
        "majority": majority_baseline(topics, training, data),
        "keywords": keyword_baseline(topics, data),
        **plain_baseline(topics, training, data),
    }
    return {name: evaluation_of(ids, targets, None, decided) for name, decided in decisions.items()}
