"""Answers as frozen dataclasses; fields that a later service adds are passed over."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

Json = Mapping[str, Any]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Which model computed an answer."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Share:
    """A word, `text[start:end]` of the article, and its share in a topic's raw score."""

    start: int
    end: int
    share: float


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic that a passage has; `evidence` is there if it was asked for, and adds up with `intercept` to `raw`."""

    id: str
    name_ar: str
    name_en: str
    score: float
    threshold: float
    raw: float | None = None
    intercept: float | None = None
    evidence: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A slice of the article, `text[start:end]` in code points, topics by falling score, and all scores if asked."""

    start: int
    end: int
    topics: tuple[FoundTopic, ...]
    notes: tuple[str, ...]
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArticleTopic:
    """A topic of the article: its best score, and the numbers of the passages that have it."""

    id: str
    score: float
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Classified:
    """A tagged article."""

    request_id: str
    model: ModelVersion
    passages: tuple[FoundPassage, ...]
    topics: tuple[ArticleTopic, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a batch with its tags, or with the reason in `error` why it has none."""

    id: str
    passages: tuple[FoundPassage, ...] = ()
    topics: tuple[ArticleTopic, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The documents of a batch, in the order sent."""

    request_id: str
    model: ModelVersion
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the model that serves."""

    id: str
    name_ar: str
    name_en: str
    definition: str
    group: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Version:
    """A version on the service's disk, its cross-validation, and whether it serves; `fault` says what is wrong."""

    version: str
    serves: bool
    rows: int | None = None
    micro_f1: float | None = None
    macro_f1: float | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The version that was put in use, and the model that the answering process serves now."""

    request_id: str
    in_use: str
    model: ModelVersion


@dataclass(frozen=True, slots=True)
class Job:
    """A training job; `result` is as the service's API page tells it, and `percent` is there while it runs."""

    id: str
    state: str
    source: str
    caller: str
    reason: str | None = None
    error: str | None = None
    percent: int | None = None
    result: Json | None = None

    @property
    def version(self) -> str | None:
        """The new version, once the job has succeeded."""
        return self.result.get("version") if self.result else None


def classified(answer: Json) -> Classified:
    """A tagged article."""
    return Classified(answer["request_id"], _model(answer), _passages(answer), _article(answer))


def batch(answer: Json) -> Batch:
    """A tagged batch."""
    documents = tuple(
        Document(found["id"], error=found["error"])
        if "error" in found
        else Document(found["id"], _passages(found), _article(found))
        for found in answer["documents"]
    )
    return Batch(answer["request_id"], _model(answer), documents)


def topics(answer: Json) -> tuple[Topic, ...]:
    """The taxonomy."""
    return tuple(_known(Topic, found) for found in answer["topics"])


def versions(answer: Json) -> tuple[Version, ...]:
    """All versions, oldest first."""
    return tuple(_known(Version, found) for found in answer["models"])


def changed(answer: Json) -> Changed:
    """A change of the version in use."""
    return Changed(answer["request_id"], answer["in_use"], _model(answer))


def job(answer: Json) -> Job:
    """A training job."""
    return _known(Job, {**answer, "percent": (answer.get("progress") or {}).get("percent")})


def _model(answer: Json) -> ModelVersion:
    return _known(ModelVersion, answer["model"])


def _passages(answer: Json) -> tuple[FoundPassage, ...]:
    return tuple(
        _known(
            FoundPassage,
            {**found, "topics": tuple(_topic(topic) for topic in found["topics"]), "notes": tuple(found["notes"])},
        )
        for found in answer["passages"]
    )


def _topic(found: Json) -> FoundTopic:
    evidence = tuple(_known(Share, share) for share in found.get("evidence", ()))
    return _known(FoundTopic, {**found, "evidence": evidence})


def _article(answer: Json) -> tuple[ArticleTopic, ...]:
    found = answer["article"]["topics"]
    return tuple(ArticleTopic(topic["id"], topic["score"], tuple(topic["passages"])) for topic in found)


def _known(made: type[Made], found: Json) -> Made:
    """An instance of a dataclass from the fields that it has."""
    names = {each.name for each in fields(made)}  # type: ignore[arg-type]
    return made(**{name: value for name, value in found.items() if name in names})
