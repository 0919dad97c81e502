"""The JSON that is sent to the store: articles to keep, decisions, texts to review."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.strict_json import plain_text

Text = Annotated[str, AfterValidator(plain_text)]
Line = Annotated[Text, Field(max_length=500)]
Name = Annotated[Text, Field(max_length=200)]
Note = Annotated[Text, Field(max_length=2000)]
Topics = Annotated[list[Name], Field(max_length=200)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PassageReview(_Request):
    """A decision on one passage of an article that is being saved: `text[start:end]` is the passage."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    topics: Topics
    note: Note = ""


class ArticleRequest(_Request):
    """An article to keep. The service slices and tags it; `reviews` are what the analyst decided on some passages."""

    text: Text = Field(min_length=1)
    title: Line = ""
    source: Line = ""
    date: Annotated[Text, Field(max_length=40)] = ""
    segment: Literal["paragraph", "none"] = "paragraph"
    reviews: list[PassageReview] = []


class ReviewRequest(_Request):
    """A decision on a passage that is in the store (`passage_id`), or on a text that it saves too (`text`).

    `revision` is that of the passage as the reader saw it; if another reader decided meanwhile, the answer is 409.
    """

    passage_id: Name | None = None
    text: Annotated[Text, Field(min_length=1, max_length=100_000)] | None = None
    article_id: Name = ""
    source: Line = ""
    date: Annotated[Text, Field(max_length=40)] = ""
    topics: Topics
    note: Note = ""
    revision: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_passage(self) -> "ReviewRequest":
        if (self.passage_id is None) == (self.text is None):
            raise ValueError("give either passage_id or text")
        return self


class ReviewChange(_Request):
    """Another decision of the same reader; `revision` is that of the review, here or as `If-Match: "revision"`."""

    topics: Topics
    note: Note = ""
    revision: int | None = Field(None, ge=0)


class UndoRequest(_Request):
    """Which state of the review is to be taken back: its `revision`, here or as `If-Match: "revision"`."""

    revision: int | None = Field(None, ge=0)


class QueueText(_Request):
    """A text to review; it is cut into passages."""

    text: Text
    article_id: Name = ""
    source: Line = ""
    date: Annotated[Text, Field(max_length=40)] = ""


class QueueRequest(_Request):
    """Texts to review, as JSON; a CSV or plain text can be sent as it is."""

    texts: list[QueueText] = Field(min_length=1)


FIELD_NAMES = frozenset(
    name
    for schema in (ArticleRequest, PassageReview, ReviewRequest, ReviewChange, UndoRequest, QueueRequest, QueueText)
    for name in schema.model_fields
)
"""All names that a request may hold."""
