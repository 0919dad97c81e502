"""The JSON of requests and answers, and how the core's data becomes it."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.strict_json import plain_text
from app.tagger import TaggedArticle, TaggedPassage, Tagger, TagOptions, TopicScore

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


class ModelName(BaseModel):
    """Which model computed an answer."""

    name: str
    version: str


class WordShare(BaseModel):
    """A word (offsets in the article) and its share in the raw score."""

    start: int
    end: int
    share: float


class PassageTopic(BaseModel):
    """A topic that a passage has; with `explain`, `intercept` and all shares add up to `raw`."""

    id: str
    name_ar: str
    name_en: str
    score: float
    threshold: float
    raw: float | None = None
    intercept: float | None = None
    evidence: list[WordShare] | None = None


class PassageResult(BaseModel):
    """A slice of the article, `text[start:end]` in code points, and its topics by falling score."""

    start: int
    end: int
    topics: list[PassageTopic]
    scores: dict[str, float] | None = None
    notes: list[str]


class ArticleTopicResult(BaseModel):
    """A topic of the article: best score, and the passages (by index) that have it."""

    id: str
    score: float
    passages: list[int]


class ArticleResult(BaseModel):
    """What the passages add up to."""

    topics: list[ArticleTopicResult]


class ClassifyResponse(BaseModel):
    """A tagged article."""

    request_id: str
    model: ModelName
    passages: list[PassageResult]
    article: ArticleResult


class DocumentResult(BaseModel):
    """A document's tags, or why it has none."""

    id: str
    passages: list[PassageResult] | None = None
    article: ArticleResult | None = None
    error: str | None = None


class BatchResponse(BaseModel):
    """One result or one error per document, in the order sent."""

    request_id: str
    model: ModelName
    documents: list[DocumentResult]


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


def passage_results(article: TaggedArticle, all_scores: bool) -> list[PassageResult]:
    """The article's passages as JSON data."""
    return [_passage_result(passage, all_scores) for passage in article.passages]


def article_result(article: TaggedArticle) -> ArticleResult:
    """The article's topics as JSON data."""
    return ArticleResult(
        topics=[
            ArticleTopicResult(id=found.topic.id, score=_shown(found.score), passages=list(found.passages))
            for found in article.topics
        ]
    )


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


def _passage_result(tagged: TaggedPassage, all_scores: bool) -> PassageResult:
    return PassageResult(
        start=tagged.passage.start,
        end=tagged.passage.end,
        topics=[_topic_result(found) for found in tagged.topics],
        scores={topic: _shown(score) for topic, score in tagged.scores.items()} if all_scores else None,
        notes=list(tagged.notes),
    )


def _topic_result(found: TopicScore) -> PassageTopic:
    why = found.explanation
    return PassageTopic(
        id=found.topic.id,
        name_ar=found.topic.name_ar,
        name_en=found.topic.name_en,
        score=_shown(found.score),
        threshold=found.threshold,
        raw=why.raw if why else None,
        intercept=why.intercept if why else None,
        evidence=[WordShare(start=w.start, end=w.end, share=w.share) for w in why.evidence] if why else None,
    )


def _shown(score: float) -> float:
    """A score to 6 decimals: more than it is worth, and the same on every machine."""
    return round(score, 6)
