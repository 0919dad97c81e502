"""Scores, topics reached and notes of many passages: the one place where bulk work asks the tagger."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.tagger import Tagger
from app.tagger.tagger import UNJUDGED, notes_of

NO_TOPIC = "no_topic"


@dataclass(frozen=True, slots=True)
class Judged:
    """Of N passages: `scores` (N, K) in the order of the model's topics, and `reached` (N, K).

    `judged` (N,) says which say enough to be judged, `notes`, `words` and `unknown` have an entry for each.
    """

    scores: npt.NDArray[np.float64]
    reached: npt.NDArray[np.bool_]
    judged: npt.NDArray[np.bool_]
    notes: list[list[str]]
    words: Sequence[int]
    unknown: Sequence[int]


def judged(tagger: Tagger, passages: Sequence[str]) -> Judged:
    """Judge passages by the rules and thresholds of `Tagger.tag`."""
    found = tagger.score_many(passages)
    scores = np.asarray(found.scores, dtype=np.float64)
    thresholds = np.array([tagger.thresholds[topic.id] for topic in tagger.topics])
    notes = list(map(notes_of, found.words, found.unknown, found.arabic))
    clear = np.array([UNJUDGED.isdisjoint(some) for some in notes], dtype=bool)
    reached = (scores >= thresholds) & clear[:, None]
    for row in np.flatnonzero(~reached.any(axis=1)):
        notes[row].append(NO_TOPIC)
    return Judged(scores, reached, clear, notes, found.words, found.unknown)
