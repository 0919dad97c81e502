"""Cuts an article into passages: paragraphs first, long ones at sentence ends."""

import re
from collections.abc import Iterator

from app.tagger.types import Passage

MAX_WORDS = 120
"""A passage's length at most, in words parted by white space."""

_LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_WRITTEN = re.compile(r"\S+")
_CLOSERS = "\"'\u00bb\u201d\u2019)]"
_SENTENCE_END = re.compile(rf"[.!?\u2026\u061f\u06d4]+[{re.escape(_CLOSERS)}]*$")
_INITIAL = re.compile(r"^\W*\w\.$")
"""A single letter with a full stop is an abbreviation or an initial, not the end of a sentence."""


def passages_of(article: str) -> list[Passage]:
    """The paragraphs of `article`, each of at most 120 words; white space at the edges stays outside.

    A line end always parts. A longer line is cut after the last sentence end that keeps the piece within the limit,
    or at the limit where the line has none.

    >>> [passage.text for passage in passages_of("فقرة أولى.\\n\\nفقرة ثانية.")]
    ['فقرة أولى.', 'فقرة ثانية.']
    """
    found: list[Passage] = []
    for line in _LINE.finditer(article):
        written = line.group()
        if len(words := written.split(maxsplit=MAX_WORDS)) <= MAX_WORDS:
            # Nearly every line is short: no need to find the places of its words.
            if words:
                start, text = line.start() + len(written) - len(written.lstrip()), written.strip()
                found.append(Passage(start, start + len(text), text))
            continue
        for start, end in _windows([match.span() for match in _WRITTEN.finditer(article, *line.span())], article):
            found.append(Passage(start, end, article[start:end]))
    return found


def whole_passage(article: str) -> list[Passage]:
    """The article as one passage, white space at the edges outside; no passage where nothing is written."""
    text = article.strip()
    if not text:
        return []
    start = article.index(text)
    return [Passage(start, start + len(text), text)]


def _windows(words: list[tuple[int, int]], article: str) -> Iterator[tuple[int, int]]:
    first = 0
    while first < len(words):
        stop = min(first + MAX_WORDS, len(words))
        if stop < len(words):
            stop = next((i for i in range(stop, first, -1) if _ends_sentence(article, words[i - 1])), stop)
        yield words[first][0], words[stop - 1][1]
        first = stop


def _ends_sentence(article: str, span: tuple[int, int]) -> bool:
    word = article[slice(*span)]
    return bool(_SENTENCE_END.search(word[-8:])) and not _INITIAL.match(word)
