"""Scores of passages, one look-up a word: the engine in NumPy, which is always there and tells what is right."""

import math
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt

from app.tagger.features import AdditiveModel, ngrams_of
from app.tagger.lexicon import Phrase, places_of
from app.tagger.normalise import Normaliser, arabic_share, raw_words, raw_words_list
from app.tagger.scorer import PassageScore, PassageScores, WordShares
from app.tagger.vocabulary import Vocabulary

Floats = npt.NDArray[np.floating]

CACHED_WORDS = 8192
"""Unseen words whose rows are kept; when full, the cache starts anew."""
CACHED_SPELLINGS = 8 * CACHED_WORDS
LONGEST_CACHED_SPELLING = 64
_GAIN = np.array([0.0, *(1.0 + math.log(n) for n in range(1, 256))])


@dataclass(frozen=True, slots=True)
class WordRows:
    """The n word types of a passage, and how they add up to its raw score.

    `of_spelling` names the types of every written word in order (a ligature can stand for several); `counts`, `gains`
    and `rows` have n entries, `rows` being (n, K + 1); `unknown` counts the written words that training never kept.
    `phrases` gives, for each group of the lexicon that is there, the places of its words in the sequence of all types.
    """

    of_spelling: Sequence[tuple[int, ...]]
    counts: Counter[int]
    gains: Floats
    rows: Floats
    norm: float
    unknown: int
    phrases: dict[int, list[int]]


@dataclass(slots=True)
class _Cache:
    """One generation of rows, known words first, unseen ones behind. Only ever added to."""

    table: Floats
    row_of_word: dict[str, int]
    forms: list[str]
    starting: dict[int, tuple[Phrase, ...]] = field(default_factory=dict)
    rows_of_spelling: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        return len(self.row_of_word) >= len(self.table) or len(self.rows_of_spelling) >= CACHED_SPELLINGS


class WordTableScorer:
    """Scores passages by an additive model. Safe to share between threads."""

    engine = "numpy"

    def __init__(self, model: AdditiveModel, normaliser: Normaliser) -> None:
        self.model = model
        self.normaliser = normaliser
        self._known = len(model.words)
        self._ngrams = Vocabulary.of(model.ngrams).numbers
        self._intercepts, self._slopes, self._offsets = map(np.asarray, (model.intercepts, model.slopes, model.offsets))
        self._idf, self._weights = np.asarray(model.ngram_idf), np.asarray(model.ngram_weights)
        self._phrase_shares = np.asarray(model.phrase_shares)
        self._growing = threading.Lock()
        self._cache = self._fresh_cache()

    def score(self, text: str) -> PassageScore:
        """The scores of one passage, in time linear in its length; the intercepts where no word says anything."""
        found = self.word_rows(raw_words_list(text))
        raw = self._intercepts + (found.gains @ found.rows[:, :-1]) / found.norm
        for group in found.phrases:
            raw += self._phrase_shares[group]
        scores = 1.0 / (1.0 + np.exp(-np.clip(self._slopes * raw + self._offsets, -500, 500)))
        return PassageScore(raw.tolist(), scores.tolist(), found.counts.total(), found.unknown, arabic_share(text))

    def score_many(self, texts: Sequence[str]) -> PassageScores:
        """The scores of N passages at once."""
        found = [self.score(text) for text in texts]
        return PassageScores(
            np.array([passage.scores for passage in found]).reshape(len(found), self.model.topics),
            [passage.words for passage in found],
            [passage.unknown for passage in found],
            [passage.arabic for passage in found],
        )

    def shares(self, text: str, topics: list[int]) -> WordShares:
        """The written words' shares in the raw scores of some topics."""
        matches = list(raw_words(text))
        found = self.word_rows([match.group() for match in matches])
        firsts = [0, *accumulate(map(len, found.of_spelling))][:-1]
        order = {row: place for place, row in enumerate(found.counts)}
        share_of_type = (found.gains / list(found.counts.values()) / found.norm)[:, None] * found.rows[:, topics]
        shares = []
        for column, topic in enumerate(topics):
            of_type = share_of_type[:, column].tolist()
            extra: dict[int, float] = {}
            for group, places in found.phrases.items():
                for place in places:
                    extra[place] = extra.get(place, 0.0) + float(self._phrase_shares[group, topic]) / len(places)
            shares.append(
                [
                    sum(of_type[order[row]] + extra.get(first + i, 0.0) for i, row in enumerate(rows))
                    for rows, first in zip(found.of_spelling, firsts, strict=True)
                ]
            )
        return WordShares([match.start() for match in matches], [match.end() for match in matches], shares)

    def word_rows(self, spellings: Sequence[str]) -> WordRows:
        """The rows that make up the score of a passage, given its written words."""
        cache, spill = self._cache, _Spill()
        known = cache.rows_of_spelling
        of_spelling = [known.get(spelling) or self._rows_of(spelling, cache, spill) for spelling in spellings]
        sequence = list(chain.from_iterable(of_spelling))
        counts = Counter(sequence)
        unknown = sum(count for row, count in counts.items() if row >= self._known)
        phrases = _phrases(sequence, cache, spill)
        if cache.full and cache is self._cache:
            self._cache = self._fresh_cache()
        gains = _gains(list(counts.values()))
        rows = _gathered(list(counts), cache.table, spill)
        norm = math.sqrt(float((gains * gains) @ rows[:, -1])) or 1.0
        return WordRows(of_spelling, counts, gains, rows, norm, unknown, phrases)

    def row_of_unseen(self, word: str) -> Floats:
        """The row (K + 1,) of a word that training never kept, from its n-grams: shares, then the squared length."""
        numbers = self._ngrams
        counts = ngrams_of(word, self.model.lengths)
        known = [(numbers[gram], count) for gram, count in counts.items() if gram in numbers]
        row = np.zeros(self.model.topics + 1)
        if known:
            ids, times = np.array(known, dtype=np.int64).T
            values = times * self._idf[ids].astype(np.float64)
            row[:-1] = values @ self._weights[ids].astype(np.float64)
            row[-1] = values @ values
        return row

    def _fresh_cache(self) -> _Cache:
        table = np.zeros((self._known + CACHED_WORDS, self.model.topics + 1))
        table[: self._known] = np.asarray(self.model.word_rows)
        words = Vocabulary.of(self.model.words).numbers
        return _Cache(table, dict(words), list(words))

    def _rows_of(self, spelling: str, cache: _Cache, spill: "_Spill") -> tuple[int, ...]:
        """Row numbers of a spelling met for the first time; numbers past the table are rows of `spill`."""
        forms = self.normaliser.word(spelling).split()
        with self._growing:
            rows = tuple(self._row(form, cache, spill) for form in forms)
            for row, form in zip(rows, forms, strict=True):
                if beginning := self.model.lexicon.starting_with(form):
                    (cache if row < len(cache.table) else spill).starting[row] = beginning
            kept = all(row < len(cache.table) for row in rows) and len(cache.rows_of_spelling) < CACHED_SPELLINGS
            if kept and len(spelling) <= LONGEST_CACHED_SPELLING:
                cache.rows_of_spelling[spelling] = rows
        return rows

    def _row(self, form: str, cache: _Cache, spill: "_Spill") -> int:
        row = cache.row_of_word.get(form, spill.row_of_word.get(form))
        if row is None:
            values = self.row_of_unseen(form)
            row = len(cache.row_of_word)
            if row < len(cache.table):
                cache.table[row] = values
                cache.forms.append(form)
                cache.row_of_word[form] = row
            else:
                row += len(spill.rows)
                spill.row_of_word[form] = row
                spill.rows.append(values)
                spill.forms.append(form)
        return row


@dataclass(slots=True)
class _Spill:
    """Rows of one passage's unseen words that found no place in the cache."""

    row_of_word: dict[str, int] = field(default_factory=dict)
    rows: list[Floats] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    starting: dict[int, tuple[Phrase, ...]] = field(default_factory=dict)


def _phrases(sequence: list[int], cache: _Cache, spill: _Spill) -> dict[int, list[int]]:
    begin = {
        place: found
        for place, row in enumerate(sequence)
        if (found := cache.starting.get(row) or spill.starting.get(row))
    }
    if not begin:
        return {}
    size = len(cache.table)
    return places_of(begin, [cache.forms[row] if row < size else spill.forms[row - size] for row in sequence])


def _gains(counts: list[int]) -> Floats:
    """`g(tf) = 1 + ln tf` for each count."""
    return _GAIN[counts] if max(counts, default=0) < len(_GAIN) else 1.0 + np.log(counts)


def _gathered(ids: list[int], table: Floats, spill: _Spill) -> Floats:
    if not spill.rows:
        return table[ids]
    rows = np.empty((len(ids), table.shape[1]))
    for place, row in enumerate(ids):
        rows[place] = table[row] if row < len(table) else spill.rows[row - len(table)]
    return rows
