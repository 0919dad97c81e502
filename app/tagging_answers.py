"""The JSON of tagged articles: plain dictionaries of known shape, so that an answer costs no more than its encoding."""

from typing import NotRequired

from typing_extensions import TypedDict

from app.tagger import TaggedArticle, TaggedPassage, TopicScore


class ModelName(TypedDict):
    """Which model computed an answer."""

    name: str
    version: str


class WordShare(TypedDict):
    """A word (offsets in the article) and its share in the raw score."""

    start: int
    end: int
    share: float


class PassageTopic(TypedDict):
    """A topic that a passage has; with `explain`, `intercept` and all shares add up to `raw`."""

    id: str
    name_ar: str
    name_en: str
    score: float
    threshold: float
    raw: NotRequired[float]
    intercept: NotRequired[float]
    evidence: NotRequired[list[WordShare]]


class PassageResult(TypedDict):
    """A slice of the article, `text[start:end]` in code points, and its topics by falling score."""

    start: int
    end: int
    topics: list[PassageTopic]
    scores: NotRequired[dict[str, float]]
    notes: list[str]


class ArticleTopicResult(TypedDict):
    """A topic of the article: best score, and the passages (by index) that have it."""

    id: str
    score: float
    passages: list[int]


class ArticleResult(TypedDict):
    """What the passages add up to."""

    topics: list[ArticleTopicResult]


class ClassifyResponse(TypedDict):
    """A tagged article."""

    request_id: str
    model: ModelName
    passages: list[PassageResult]
    article: ArticleResult


class DocumentResult(TypedDict):
    """A document's tags, or why it has none."""

    id: str
    passages: NotRequired[list[PassageResult]]
    article: NotRequired[ArticleResult]
    error: NotRequired[str]


class BatchResponse(TypedDict):
    """One result or one error per document, in the order sent."""

    request_id: str
    model: ModelName
    documents: list[DocumentResult]


def passage_results(article: TaggedArticle, all_scores: bool) -> list[PassageResult]:
    """The article's passages as JSON data."""
    return [_passage_result(passage, all_scores) for passage in article.passages]


def article_result(article: TaggedArticle) -> ArticleResult:
    """The article's topics as JSON data."""
    return {
        "topics": [
            {"id": found.topic.id, "score": _shown(found.score), "passages": list(found.passages)}
            for found in article.topics
        ]
    }


def _passage_result(tagged: TaggedPassage, all_scores: bool) -> PassageResult:
    result: PassageResult = {
        "start": tagged.passage.start,
        "end": tagged.passage.end,
        "topics": [_topic_result(found) for found in tagged.topics],
        "notes": list(tagged.notes),
    }
    if all_scores:
        result["scores"] = {topic: _shown(score) for topic, score in tagged.scores.items()}
    return result


def _topic_result(found: TopicScore) -> PassageTopic:
    result: PassageTopic = {
        "id": found.topic.id,
        "name_ar": found.topic.name_ar,
        "name_en": found.topic.name_en,
        "score": _shown(found.score),
        "threshold": found.threshold,
    }
    if why := found.explanation:
        result["raw"], result["intercept"] = why.raw, why.intercept
        words = zip(why.starts, why.ends, why.shares, strict=True)
        result["evidence"] = [{"start": start, "end": end, "share": share} for start, end, share in words if share]
    return result


def _shown(score: float) -> float:
    """A score to 6 decimals: more than it is worth, and the same on every machine."""
    return round(score, 6)
