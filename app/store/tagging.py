"""Passages as rows: how the model's view of a text becomes columns."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from app.store.clock import new_id, now
from app.store.models import OPEN, Passage
from app.tagger import TaggedPassage, Tagger, TagOptions

_WHOLE = TagOptions(segment="none")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text comes from and who brought it."""

    added_by: str
    article_id: str = ""
    source: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class ModelView:
    """What a model says about a passage; `version` is empty where no model has seen it."""

    topics: tuple[str, ...] = ()
    scores: Mapping[str, float] | None = None
    margin: float | None = None
    version: str = ""

    @classmethod
    def of(cls, tagged: TaggedPassage, tagger: Tagger) -> "ModelView":
        """The view of a passage that `tagger` tagged."""
        scores = {topic: round(score, 6) for topic, score in tagged.scores.items()}
        topics = tuple(sorted(found.topic.id for found in tagged.topics))
        return cls(topics, scores, margin_of(tagged.scores, tagger.thresholds), tagger.version)


def margin_of(scores: Mapping[str, float], thresholds: Mapping[str, float]) -> float:
    """How near a decision is: the least |score - threshold| over topics, in thresholds; 0 is nearest."""
    return min(abs(score - thresholds[topic]) / max(thresholds[topic], 1e-6) for topic, score in scores.items())


def view_of(text: str, tagger: Tagger | None) -> ModelView:
    """The model's view of a whole text; an empty one where there is no model or nothing is written."""
    passages = tagger.tag(text, _WHOLE).passages if tagger else []
    return ModelView.of(passages[0], tagger) if tagger and passages else ModelView()


def new_passage(text: str, start: int, origin: Origin, view: ModelView) -> Passage:
    """A row for a passage that starts at `start` of its article."""
    passage = Passage(
        id=new_id(),
        article_id=origin.article_id,
        start=start,
        end=start + len(text),
        text=text,
        text_sha256=text_digest(text),
        source=origin.source,
        date=origin.date,
        state=OPEN,
        revision=0,
        added_by=origin.added_by,
        time=now(),
    )
    show(passage, view)
    return passage


def show(passage: Passage, view: ModelView) -> None:
    """Write a model's view of a passage into its row."""
    passage.topics = view.topics
    passage.scores = dict(view.scores or {})
    passage.margin = view.margin
    passage.model_version = view.version


def text_digest(text: str) -> str:
    """The digest by which a text is found again."""
    return hashlib.sha256(text.encode()).hexdigest()
