"""How good a model is on labelled rows, beside baselines made from the same training data."""

from collections.abc import Sequence

from app.tagger import Tagger
from app.tagger.types import Topic
from training.baselines import keyword_baseline, majority_baseline, plain_baseline
from training.judged import judged
from training.metrics import Evaluation, evaluation_of
from training.rows import LabelledData


def evaluate(tagger: Tagger, data: LabelledData) -> Evaluation:
    """Tag each row as one passage, as the service would, and compare with its labels."""
    rows = judged(tagger, data)
    return evaluation_of(rows.topics, rows.targets, rows.scores, rows.decided)


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
