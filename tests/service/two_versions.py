"""Two versions of the tiny model that answer differently, and what each would answer."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.tagger import Tagger
from app.tagger.bundle import Bundle, Golden, write_bundle
from app.tagger.versions import set_current


@dataclass(frozen=True)
class TwoVersions:
    """A folder of versions; `first` is in use, no score of `second` is equal to one of `first`."""

    models: Path
    first: str
    second: str

    def taggers(self) -> dict[str, Tagger]:
        """A tagger of each version that shares nothing with the service's."""
        return {version: Tagger.open(self.models / version) for version in (self.first, self.second)}


def two_versions(models: Path, bundle: Bundle) -> TwoVersions:
    first = write_bundle(bundle, models)
    second = write_bundle(with_other_scores(bundle), models)
    set_current(models, first)
    return TwoVersions(models, first, second)


def with_other_scores(bundle: Bundle) -> Bundle:
    other = replace(bundle, model=replace(bundle.model, offsets=np.asarray(bundle.model.offsets) + 0.5))
    tagger = Tagger(other, "not written yet")
    golden = tuple(
        Golden(entry.text, tuple(float(score) for score in tagger.scores(entry.text))) for entry in bundle.golden
    )
    return replace(other, golden=golden)


def with_micro_f1(bundle: Bundle, micro_f1: float) -> Bundle:
    measured = {**bundle.training["cross_validation"], "micro_f1": micro_f1}
    return replace(bundle, training={**bundle.training, "cross_validation": measured})


def expected_answer(tagger: Tagger, text: str) -> list[dict[str, Any]]:
    """What the passages of `text` must have in an answer with all scores, if `tagger` gave it."""
    return [
        {
            "slice": (found.passage.start, found.passage.end),
            "topics": [(topic.topic.id, round(topic.score, 6), topic.threshold) for topic in found.topics],
            "scores": {topic: round(score, 6) for topic, score in found.scores.items()},
        }
        for found in tagger.tag(text).passages
    ]


def found_answer(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The same of an answer."""
    return [
        {
            "slice": (found["start"], found["end"]),
            "topics": [(topic["id"], topic["score"], topic["threshold"]) for topic in found["topics"]],
            "scores": found["scores"],
        }
        for found in body["passages"]
    ]
