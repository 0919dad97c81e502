"""Labels, scores and decisions of the same rows: what every measure is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.tagger import Tagger, TagOptions
from app.tagger.types import Topic
from training.metrics import Bools, Floats
from training.rows import LabelledData


@dataclass(frozen=True)
class Judged:
    """N rows and K topics: `targets` and `decided` are (N, K), so are `scores` (0..1) where there are any.

    `articles` (N) are the units that a bootstrap draws.
    """

    topics: tuple[str, ...]
    articles: tuple[str, ...]
    targets: Bools
    scores: Floats | None
    decided: Bools


def judged(tagger: Tagger, data: LabelledData, topics: Sequence[Topic] | None = None) -> Judged:
    """Tag each row as one passage, as the service would; of `topics` alone, in their order, if they are named."""
    topics = tagger.topics if topics is None else topics
    ids = tuple(topic.id for topic in topics)
    scores = np.zeros((len(data.rows), len(ids)))
    decided = np.zeros(scores.shape, dtype=bool)
    for place, row in enumerate(data.rows):
        passage = tagger.tag(row.text, TagOptions(segment="none")).passages[0]
        given = {found.topic.id for found in passage.topics}
        scores[place] = [passage.scores[topic] for topic in ids]
        decided[place] = [topic in given for topic in ids]
    return Judged(ids, tuple(data.articles), data.targets(topics), scores, decided)
