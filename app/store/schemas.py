"""The JSON of articles, passages, reviews and the queue as the store gives it.

Times are ISO 8601 in UTC, ids are opaque, topics are ids of the model's topics in alphabetical order.
"""

from typing import Literal

from pydantic import BaseModel

Strategy = Literal["uncertain", "diverse", "disagreement"]
ExportFormat = Literal["csv", "excel", "json"]
Action = Literal["save", "change", "undo", "import", "refused", "delete"]


class Review(BaseModel):
    """A reader's decision. `revision` counts its changes, `passage_revision` all readers' decisions on the passage.

    `topics_before` is what the model had said, null where that isn't known. A withdrawn review counts nowhere.
    """

    id: str
    passage_id: str
    article_id: str
    reviewer: str
    topics_before: list[str] | None
    topics: list[str]
    model_version: str
    note: str
    time: str
    revision: int
    passage_revision: int
    withdrawn: bool


class ReviewWithText(Review):
    """A review with the passage's text, where it comes from and its place in the article."""

    text: str
    source: str
    date: str
    start: int
    end: int


class ReviewPage(BaseModel):
    """Reviews, newest first; `next` is the cursor of the following page, null on the last."""

    reviews: list[ReviewWithText]
    next: str | None


class HistoryItem(BaseModel):
    """Something that happened on a passage. `refused` is a decision that came too late and doesn't count.

    `topics_after` is null where the review was withdrawn or the passage erased.
    """

    number: int
    review_id: str | None
    action: Action
    reviewer: str
    saved_by: str
    topics_before: list[str] | None
    topics_after: list[str] | None
    note: str
    model_version: str
    revision: int
    time: str


class HistoryResponse(BaseModel):
    """All that happened on a review's passage, oldest first; entries of the review itself have its `review_id`."""

    review: Review
    entries: list[HistoryItem]


class StoredPassage(BaseModel):
    """A passage as the model saw it: `topics` it reached, `scores` of all topics.

    `margin` is how near the model is to deciding otherwise, 0 being nearest, null if no model saw the passage.
    """

    id: str
    article_id: str
    start: int
    end: int
    topics: list[str]
    scores: dict[str, float]
    margin: float | None
    model_version: str
    state: Literal["open", "done", "disputed", "deleted"]
    revision: int
    source: str
    date: str


class Decision(BaseModel):
    """What one reader decided on a passage."""

    review_id: str
    reviewer: str
    topics: list[str]
    note: str
    time: str
    revision: int


class PassageWithText(StoredPassage):
    """A passage with its text and the readers' decisions."""

    text: str
    decisions: list[Decision]


class ArticleSummary(BaseModel):
    """An article without its text; `reviewed` of its `passages` have a decision."""

    id: str
    title: str
    source: str
    date: str
    saved_by: str
    time: str
    passages: int
    reviewed: int


class SavedArticle(ArticleSummary):
    """The answer to saving an article: its passages by place, without text, and the reviews that came with it."""

    tagged: list[StoredPassage]
    reviews: list[Review]


class ArticleResponse(ArticleSummary):
    """An article with its text and passages."""

    text: str
    tagged: list[PassageWithText]


class ArticlePage(BaseModel):
    """Articles, newest first; `next` is the cursor of the following page, null on the last."""

    articles: list[ArticleSummary]
    next: str | None


class NextPassage(BaseModel):
    """The passage to review next, kept for this reader until `lease_until` (seconds since 1970); null if none is left.

    `left` counts the passages that the strategy could still give this reader, this one included.
    """

    passage: PassageWithText | None
    left: int
    lease_until: float | None


class TopicProgress(BaseModel):
    """A topic's passages: those that the model gave it, and those that a reader gave it."""

    id: str
    tagged: int
    reviewed: int


class ReaderProgress(BaseModel):
    """How many passages a reader has decided."""

    reviewer: str
    reviews: int


class ProgressResponse(BaseModel):
    """How far the queue is: `total` is `open` plus `done` plus `disputed`; `skipped` are this reader's."""

    total: int
    open: int
    done: int
    disputed: int
    skipped: int
    topics: list[TopicProgress]
    readers: list[ReaderProgress]


class RowFault(BaseModel):
    """Why a row wasn't taken: its line (or number in a JSON list, from 1), column, reason and cure."""

    line: int
    column: str
    reason: str


class ImportResponse(BaseModel):
    """What an import did: `rows` = created + changed + unchanged + refused; the first 100 faults."""

    rows: int
    created: int
    changed: int
    unchanged: int
    refused: int
    errors: list[RowFault]


class QueueResponse(BaseModel):
    """What an upload did: passages added and those already there; the first 100 faults of refused rows."""

    rows: int
    added: int
    known: int
    refused: int
    errors: list[RowFault]


class DisagreementItem(BaseModel):
    """A passage whose readers differ: nothing is learnt from it."""

    passage_id: str
    readers: list[str]


class CappedItem(BaseModel):
    """A caller that brought more rows than one may: how many of the oldest are left out."""

    name: str
    left_out: int


class MergeResponse(BaseModel):
    """What a retrain would learn: `rows`; `protected` passages stay as the golden set and the shipped labels are."""

    rows: int
    disagreements: list[DisagreementItem]
    capped: list[CappedItem]
    protected: int
