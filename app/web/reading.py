"""A tagged article as the page shows it: certainty in words, notes, and the words that decided by strength."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.tagger import TaggedArticle, TaggedPassage, TopicScore
from app.web.topic_styles import ShownTopic

SURE, LIKELY = 0.85, 0.6
"""Scores, which are calibrated probabilities, from which a topic is called sure or likely."""
_LEVELS = ((0.6, 3), (0.3, 2), (0.1, 1))
"""A word's strength by its share beside the strongest word of the topic in the passage."""

Certainty = Literal["sure", "likely", "unsure"]


@dataclass(frozen=True, slots=True)
class Strength:
    """How much a word spoke for a topic: `level` 3 is strong, 2 middling, 1 weak."""

    topic: str
    level: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a passage: a word that decided, the strongest of its topics first, or plain text between."""

    text: str
    strengths: tuple[Strength, ...] = ()
    style: str = ""

    @property
    def marks(self) -> str:
        """The strengths as an attribute's value: `attacks:3 victims:1`."""
        return " ".join(f"{found.topic}:{found.level}" for found in self.strengths)


@dataclass(frozen=True, slots=True)
class DecidingWord:
    """A word with its strength, for the list of a topic's words."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic of a passage, with the words that spoke for it, strongest first."""

    topic: ShownTopic
    certainty: Certainty
    score: float
    threshold: float
    words: tuple[DecidingWord, ...]


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A passage of the page; `number` counts from 1."""

    number: int
    start: int
    end: int
    pieces: tuple[Piece, ...]
    topics: tuple[FoundTopic, ...]
    notes: tuple[str, ...]


def shown_passages(text: str, article: TaggedArticle, topics: Mapping[str, ShownTopic]) -> list[ShownPassage]:
    """The passages of `text`, which was tagged with evidence."""
    return [_shown(number, text, passage, topics) for number, passage in enumerate(article.passages, 1)]


def certainty(score: float) -> Certainty:
    """A score as a word."""
    return "sure" if score >= SURE else "likely" if score >= LIKELY else "unsure"


def _shown(number: int, text: str, tagged: TaggedPassage, topics: Mapping[str, ShownTopic]) -> ShownPassage:
    strengths: dict[tuple[int, int], list[Strength]] = defaultdict(list)
    found = []
    for each in tagged.topics:
        levels = _levels(each)
        for place, level in levels.items():
            strengths[place].append(Strength(each.topic.id, level))
        found.append(_found(text, each, levels, topics[each.topic.id]))
    pieces = _pieces(text, (tagged.passage.start, tagged.passage.end), strengths, topics)
    return ShownPassage(
        number, tagged.passage.start, tagged.passage.end, tuple(pieces), tuple(found), tuple(tagged.notes)
    )


def _levels(found: TopicScore) -> dict[tuple[int, int], int]:
    """The strength of each word that spoke for the topic, by its place."""
    evidence = found.explanation.evidence if found.explanation else ()
    strongest = max((word.share for word in evidence), default=0.0)
    levels = {}
    for word in evidence:
        level = next((level for least, level in _LEVELS if word.share >= least * strongest > 0), 0)
        if level:
            levels[word.start, word.end] = level
    return levels


def _found(text: str, found: TopicScore, levels: Mapping[tuple[int, int], int], topic: ShownTopic) -> FoundTopic:
    by_word: dict[str, int] = {}
    for (start, end), level in sorted(levels.items(), key=lambda item: (-item[1], item[0])):
        by_word.setdefault(text[start:end], level)
    words = tuple(DecidingWord(word, level) for word, level in by_word.items())
    return FoundTopic(topic, certainty(found.score), found.score, found.threshold, words)


def _pieces(
    text: str,
    span: tuple[int, int],
    strengths: Mapping[tuple[int, int], Sequence[Strength]],
    topics: Mapping[str, ShownTopic],
) -> Iterator[Piece]:
    at, stop = span
    for start, end in sorted(strengths):
        if start > at:
            yield Piece(text[at:start])
        ordered = tuple(sorted(strengths[start, end], key=lambda found: -found.level))
        yield Piece(text[start:end], ordered, topics[ordered[0].topic].style)
        at = end
    if at < stop:
        yield Piece(text[at:stop])
