"""The JSON of requests, and of answers about the service itself; `tagging_answers` has that of tagged articles."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.strict_json import plain_text
from app.tagger import Tagger, TagOptions
from app.tagging_answers import ModelName

Text = Annotated[str, AfterValidator(plain_text)]
Probability = Annotated[float, Field(ge=0, le=1)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TaggingOptions(_Request):
    """What a caller can choose."""

    explain: bool = Field(False, description="give each topic's evidence: the words' shares in its raw score")
    all_scores: bool = Field(False, description="give the scores of all topics for each passage")
    thresholds: dict[str, Probability] = Field({}, description="other thresholds for some topics, by topic id")
    segment: Literal["paragraph", "none"] = Field("paragraph", description="`none` takes the text as one passage")

    def for_core(self, max_passages: int) -> TagOptions:
        """The same choices for the core."""
        return TagOptions(self.segment, self.explain, self.thresholds, max_passages)


class ClassifyRequest(TaggingOptions):
    """An article to tag."""

    text: Text = Field(description="the article, plain text; a line end parts paragraphs")


class Document(_Request):
    """An article of a batch."""

    id: Annotated[Text, Field(min_length=1, max_length=200)]
    text: Text


class BatchRequest(TaggingOptions):
    """Several articles to tag with the same options."""

    documents: list[Document] = Field(min_length=1)


FIELD_NAMES = frozenset({*ClassifyRequest.model_fields, *BatchRequest.model_fields, *Document.model_fields})
"""All names that a request may hold."""


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
