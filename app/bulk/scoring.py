"""Scores, topics reached and notes of many passages: the one place where bulk work asks the tagger."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.tagger import Passage, TaggedPassage, Tagger, TagOptions

_WHOLE = TagOptions(segment="none")


@dataclass(frozen=True, slots=True)
class Judged:
    """Of N passages: `scores` (N, K) in the order of the model's topics, `reached` (N, K), and the notes of each."""

    scores: npt.NDArray[np.float64]
    reached: npt.NDArray[np.bool_]
    notes: list[tuple[str, ...]]


def judged(tagger: Tagger, passages: Sequence[Passage]) -> Judged:
    """Judge passages by the rules and thresholds of `Tagger.tag`."""
    column = {topic.id: k for k, topic in enumerate(tagger.topics)}
    scores = np.empty((len(passages), len(column)))
    reached = np.zeros(scores.shape, dtype=bool)
    tagged = _tagged(tagger, passages)
    for row, found in enumerate(tagged):
        scores[row] = list(found.scores.values())
        reached[row, [column[topic.topic.id] for topic in found.topics]] = True
    return Judged(scores, reached, [found.notes for found in tagged])


def _tagged(tagger: Tagger, passages: Sequence[Passage]) -> list[TaggedPassage]:
    return [found for passage in passages for found in tagger.tag(passage.text, _WHOLE).passages]
