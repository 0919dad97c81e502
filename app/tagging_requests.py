"""The JSON of requests to tag."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.strict_json import plain_text
from app.tagger import TagOptions

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
