"""The JSON of answers about the service itself."""

from typing import Any

from pydantic import BaseModel

from app.tagger import Tagger
from app.tagging_answers import ModelName


class TopicResult(BaseModel):
    """A topic of the model and its threshold."""

    id: str
    name_ar: str
    name_en: str
    definition: str
    group: str
    threshold: float


class TopicsResponse(BaseModel):
    """The taxonomy of the model that serves."""

    model: ModelName
    topics: list[TopicResult]


class ModelSummary(BaseModel):
    """A version, its cross-validation, and whether it serves; `fault` says why it can't be read."""

    version: str
    serves: bool
    rows: int | None = None
    micro_f1: float | None = None
    macro_f1: float | None = None
    fault: str | None = None


class ModelsResponse(BaseModel):
    """All versions, oldest first."""

    name: str
    models: list[ModelSummary]


class ModelDetails(BaseModel):
    """What a version says about itself."""

    summary: ModelSummary
    training: dict[str, Any]
    card: str


class Limits(BaseModel):
    """What a request may hold."""

    max_body_bytes: int
    max_passages: int
    max_documents: int
    receive_timeout_s: float


class ServiceResponse(BaseModel):
    """What this service is and where its parts are."""

    service: str
    version: str
    model: ModelName | None
    engine: str | None
    limits: Limits
    links: dict[str, str]


class StatusResponse(BaseModel):
    """Whether the service lives or is ready, and if not, why."""

    status: str
    reason: str | None = None


def topic_results(tagger: Tagger) -> list[TopicResult]:
    """The model's topics as JSON data."""
    return [
        TopicResult(
            id=topic.id,
            name_ar=topic.name_ar,
            name_en=topic.name_en,
            definition=topic.definition,
            group=topic.group,
            threshold=tagger.thresholds[topic.id],
        )
        for topic in tagger.topics
    ]
