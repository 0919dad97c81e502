"""The core: Arabic passages in, topics out. No web, no environment, no printing."""

from app.tagger.errors import BundleError, InputError, RasidError
from app.tagger.tagger import Tagger, TagOptions
from app.tagger.types import (
    ArticleTopic,
    Evidence,
    Passage,
    TaggedArticle,
    TaggedPassage,
    Topic,
    TopicScore,
    Word,
)

__all__ = [
    "ArticleTopic",
    "BundleError",
    "Evidence",
    "InputError",
    "Passage",
    "RasidError",
    "TagOptions",
    "TaggedArticle",
    "TaggedPassage",
    "Tagger",
    "Topic",
    "TopicScore",
    "Word",
]
