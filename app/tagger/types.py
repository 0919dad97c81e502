"""The data that the core hands around: frozen, with places as half-open code point spans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """What a passage can be about.

    `keywords` serve the keyword baseline only; the model never sees them.
    """

    id: str
    name_ar: str
    name_en: str
    definition: str = ""
    group: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """A normalised word and its place: `text[start:end]` is what was written."""

    start: int
    end: int
    form: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A slice of an article: `article[start:end] == text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A word's share in a topic's raw score; the place is in the article."""

    start: int
    end: int
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a passage has its raw score: `intercept` plus all shares equals `raw`.

    `starts`, `ends` (places in the article) and `shares` have one entry for each written word; a word that training
    knew nothing of has a share of 0 and isn't evidence.
    """

    raw: float
    intercept: float
    starts: Sequence[int]
    ends: Sequence[int]
    shares: Sequence[float]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The words that have a share, in order."""
        words = zip(self.starts, self.ends, self.shares, strict=True)
        return tuple(Evidence(start, end, share) for start, end, share in words if share)


@dataclass(frozen=True, slots=True)
class TopicScore:
    """A topic that a passage reached: `score` (calibrated, 0..1) is at or above `threshold`."""

    topic: Topic
    score: float
    threshold: float
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class TaggedPassage:
    """A passage with its topics by falling score, all scores by topic id, and notes.

    Notes are `too_short`, `not_arabic`, `unknown_words` and `no_topic`. `unknown` of its `words` weren't in training.
    """

    passage: Passage
    topics: tuple[TopicScore, ...]
    scores: Mapping[str, float]
    notes: tuple[str, ...]
    words: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class ArticleTopic:
    """A topic of a whole article: its best score and the passages (by index) that carry it."""

    topic: Topic
    score: float
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaggedArticle:
    """All passages of an article in order, and the topics they add up to."""

    passages: Sequence[TaggedPassage]
    topics: Sequence[ArticleTopic]
