"""Rows of words: made from n-grams, kept by written token, and the phrases that a word can begin."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from app.tagger.features import LONGEST_WORD, AdditiveModel
from app.tagger.lexicon import PROCLITICS
from app.tagger.normalise import Normaliser, raw_words_list
from app.tagger.vocabulary import Vocabulary

if TYPE_CHECKING:
    from app.tagger.arrays import Floats

CACHED_WORDS = 65_536
"""Unseen words whose rows are kept; when there are more, the table starts anew."""
CACHED_TOKENS = 4 * CACHED_WORDS
CACHED_CHARACTERS = 16 * CACHED_TOKENS
_AFTER_PROCLITIC = {proclitic[0] for proclitic in PROCLITICS if proclitic}
_LONGEST_PROCLITIC = max(map(len, PROCLITICS))

Followers = dict[int, list[tuple[tuple[int, ...], int]]]
"""By the row of a phrase's second word: the rows of the others and the number of the group."""
ALONE = -1
"""In place of the second word's row, for phrases of one word."""
BEGINS, BEGINS_ALONE, SECOND = 1, 2, 4
"""Roles of a word in phrases, as bits: it begins some of several words, it is one, it is the second of some."""


class NgramRows:
    """Makes the rows of words from their n-grams."""

    def __init__(self, model: AdditiveModel) -> None:
        self._numbers = Vocabulary.of(model.ngrams).numbers
        self._idf, self._weights = np.asarray(model.ngram_idf, dtype=np.float64), np.asarray(model.ngram_weights)
        self._lengths, self._topics = model.lengths, model.topics
        self._spans: dict[int, list[range]] = {}
        shortest = model.lengths.shortest
        self._closed = all(gram[:-1] in self._numbers for gram in self._numbers if len(gram) > shortest)

    def rows_of(self, words: Sequence[str]) -> "Floats":
        """The rows (N, K + 1) of words that training never kept: shares, then the squared length."""
        numbers: list[int] = []
        repeated: dict[int, int] = {}
        starts, places = [], []
        for place, word in enumerate(words):
            found = self._ngrams_of(word)
            if found:
                starts.append(len(numbers))
                places.append(place)
                if len(counts := dict.fromkeys(found)) < len(found):
                    repeated |= {len(numbers) + at: found.count(number) for at, number in enumerate(counts)}
                numbers += counts
        rows = np.zeros((len(words), self._topics + 1))
        if numbers:
            ids = np.array(numbers, dtype=np.intp)
            values = self._idf[ids]
            values[list(repeated)] *= list(repeated.values())
            rows[places, :-1] = np.add.reduceat(values.astype(np.float32)[:, None] * self._weights[ids], starts)
            rows[places, -1] = np.add.reduceat(values * values, starts)
        return rows

    def _ngrams_of(self, word: str) -> list[int]:
        """The numbers of a word's n-grams; where the beginning of each is one too, none is sought past a failure."""
        padded, found = f" {word[:LONGEST_WORD]} ", []
        number_of, closed = self._numbers.get, self._closed
        for start, stops in enumerate(self._spans.get(len(padded)) or self._spans_of(len(padded))):
            for stop in stops:
                number = number_of(padded[start:stop])
                if number is not None:
                    found.append(number)
                elif closed:
                    break
        return found

    def _spans_of(self, size: int) -> list[range]:
        """The ends of the n-grams that begin at each place of a word of `size` letters, kept for the next such word."""
        shortest, longest = self._lengths.shortest, self._lengths.longest
        spans = [range(start + shortest, min(start + longest, size) + 1) for start in range(size - shortest + 1)]
        self._spans[size] = spans
        return spans


class Beginnings:
    """What every table begins with: the known words, then those of phrases, always with the same numbers."""

    def __init__(self, model: AdditiveModel, ngrams: NgramRows) -> None:
        self.ngrams = ngrams
        self.known = len(model.words)
        self.row_of_form = dict(Vocabulary.of(model.words).numbers)
        phrases = model.lexicon.phrases
        others = [
            word for word in dict.fromkeys(chain(*(phrase.words for phrase in phrases))) if word not in model.words
        ]
        self.row_of_form |= {word: self.known + number for number, word in enumerate(others)}
        self.rows = np.vstack([np.asarray(model.word_rows), ngrams.rows_of(others)]).astype(np.float32)
        self.roles = np.zeros(len(self.rows), dtype=np.uint8)
        self.longest_phrase = max((len(phrase.words) for phrase in phrases), default=0)
        self._followers_of: dict[str, Followers] = {}
        for phrase in phrases:
            second, *rest = [self.row_of_form[word] for word in phrase.words[1:]] or [ALONE]
            followers = self._followers_of.setdefault(phrase.words[0], {})
            followers.setdefault(second, []).append((tuple(rest), phrase.group))
            if second != ALONE:
                self.roles[second] |= SECOND

    def followers_of(self, form: str) -> Followers | None:
        """What can follow a word in the phrases that it can begin, whatever proclitics it carries; None if none."""
        found = self._followers_of.get(form)
        if form[:1] in _AFTER_PROCLITIC:
            for cut in range(1, min(_LONGEST_PROCLITIC, len(form)) + 1):
                more = self._followers_of.get(form[cut:])
                if more and form[:cut] in PROCLITICS:
                    both = chain((found or {}).items(), more.items())
                    found = {}
                    for second, endings in both:
                        found[second] = found.get(second, []) + endings
        return found


class WordTable:
    """One generation of rows and of tokens, the stretches between spaces, whose rows are known. Only ever added to.

    `rows` is (n, K + 1) and `roles` in phrases (n,), n being at least the rows that there are; `rows_of_token`
    gives each token's words in order, mostly one.
    """

    def __init__(self, beginnings: Beginnings) -> None:
        self.rows = beginnings.rows
        self.roles = beginnings.roles.copy()
        self.longest_phrase = beginnings.longest_phrase
        self.followers: dict[int, Followers] = {}
        self.rows_of_token: dict[str, tuple[int, ...]] = {}
        self._beginnings = beginnings
        self._row_of_form = dict(beginnings.row_of_form)
        self._characters = 0

    @property
    def full(self) -> bool:
        """Whether it is time for the next generation: what one text adds is never refused."""
        return (
            len(self._row_of_form) >= len(self._beginnings.rows) + CACHED_WORDS
            or len(self.rows_of_token) >= CACHED_TOKENS
            or self._characters >= CACHED_CHARACTERS
        )

    def learn(self, tokens: Sequence[str], normaliser: Normaliser) -> None:
        """Add tokens; one thread at a time. Readers see a token when all that belongs to it is there."""
        written = [raw_words_list(token) for token in tokens]
        forms = iter(normaliser.each(list(chain.from_iterable(written))))
        forms_of = [[form for _ in words for form in next(forms).split()] for words in written]
        self._add_rows([form for form in dict.fromkeys(chain.from_iterable(forms_of)) if form not in self._row_of_form])
        for token, own in zip(tokens, forms_of, strict=True):
            rows = tuple([self._row_of_form[form] for form in own])
            self._note_followers(rows, own)
            self._characters += len(token)
            self.rows_of_token[token] = rows

    def _add_rows(self, forms: Sequence[str]) -> None:
        first = len(self._row_of_form)
        end = first + len(forms)
        if end > len(self.rows):
            more = max(end, 2 * len(self.rows)) - len(self.rows)
            self.roles = np.append(self.roles, np.zeros(more, dtype=np.uint8))
            self.rows = np.vstack([self.rows, np.zeros((more, self.rows.shape[1]), dtype=np.float32)])
        self.rows[first:end] = self._beginnings.ngrams.rows_of(forms)
        self._row_of_form.update(zip(forms, range(first, end), strict=True))

    def _note_followers(self, rows: Iterable[int], forms: Iterable[str]) -> None:
        for row, form in zip(rows, forms, strict=True):
            if found := self._beginnings.followers_of(form):
                self.followers[row] = found
                self.roles[row] |= (BEGINS if found.keys() - {ALONE} else 0) | (BEGINS_ALONE if ALONE in found else 0)
