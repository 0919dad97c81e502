"""Scores of passages by a table of words' rows: the engine in NumPy, which is always there and tells what is right."""

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt

from app.tagger.features import AdditiveModel
from app.tagger.normalise import Normaliser, arabic_share, raw_words
from app.tagger.scorer import PassageScore, PassageScores, WordShares
from app.tagger.word_table import ALONE, BEGINS, BEGINS_ALONE, SECOND, Beginnings, NgramRows, WordTable

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]

BATCH = 256
"""Passages whose words are looked up and added up at once."""
_GAIN = np.array([0.0, *(1.0 + math.log(n) for n in range(1, 256))])


@dataclass(frozen=True, slots=True)
class _Read:
    """N passages as sequences of rows of a table: all of them in a row (n,), and where each passage ends (N,)."""

    table: WordTable
    rows: Integers
    ends: Integers

    @property
    def lengths(self) -> Integers:
        """Words of each passage, (N,)."""
        return self.ends - np.concatenate(([0], self.ends[:-1]))


@dataclass(frozen=True, slots=True)
class _Types:
    """The word types of N passages, passage by passage: whose each is, its row's number, its count and `g(count)`."""

    passages: Integers
    rows: Integers
    counts: Integers
    gains: Floats


class WordTableScorer:
    """Scores passages by an additive model. Safe to share between threads."""

    engine = "numpy"

    def __init__(self, model: AdditiveModel, normaliser: Normaliser) -> None:
        self.model = model
        self.normaliser = normaliser
        self._intercepts, self._slopes, self._offsets = map(np.asarray, (model.intercepts, model.slopes, model.offsets))
        self._phrase_shares = np.asarray(model.phrase_shares)
        self._beginnings = Beginnings(model, NgramRows(model))
        self._growing = threading.Lock()
        self._table = WordTable(self._beginnings)

    def score(self, text: str) -> PassageScore:
        """The scores of one passage, in time linear in its length; the intercepts where no word says anything."""
        read = self._read([_tokens(text)])
        types = _types(read)
        rows = read.table.rows[types.rows]
        norm = math.sqrt(float((types.gains * types.gains) @ rows[:, -1])) or 1.0
        raw = self._intercepts + (types.gains @ rows[:, :-1]) / norm
        for group in {group for _, group, _ in _phrases(read)}:
            raw += self._phrase_shares[group]
        unknown = int(np.count_nonzero(read.rows >= self._beginnings.known))
        return PassageScore(raw.tolist(), self._calibrated(raw).tolist(), len(read.rows), unknown, arabic_share(text))

    def score_many(self, texts: Sequence[str]) -> PassageScores:
        """The scores of N passages at once."""
        scores = np.empty((len(texts), self.model.topics))
        words: list[int] = []
        unknown: list[int] = []
        for start in range(0, len(texts), BATCH):
            read = self._read([_tokens(text) for text in texts[start : start + BATCH]])
            scores[start : start + BATCH] = self._calibrated(self._raw(read))
            words += read.lengths.tolist()
            unknown += self._unknown(read)
        return PassageScores(scores, words, unknown, [arabic_share(text) for text in texts])

    def shares(self, text: str, topics: list[int]) -> WordShares:
        """The written words' shares in the raw scores of some topics."""
        matches = list(raw_words(text))
        written = [match.group() for match in matches]
        read = self._read([written])
        types = _types(read)
        weights = types.gains / types.counts / _norms(read, types)[0]
        share_of_type = weights[:, None] * read.table.rows[types.rows][:, topics]
        share_of_form = share_of_type[np.searchsorted(types.rows, read.rows)]
        for group, places in _places_of_groups(read).items():
            share_of_form[places] += self._phrase_shares[group, topics] / len(places)
        until = np.zeros((len(read.rows) + 1, len(topics)))
        np.cumsum(share_of_form, axis=0, out=until[1:])
        ends = list(accumulate((len(read.table.rows_of_token[word]) for word in written), initial=0))
        shares = until[ends[1:]] - until[ends[:-1]]
        return WordShares([match.start() for match in matches], [match.end() for match in matches], shares.T.tolist())

    def _read(self, tokens: Sequence[list[str]]) -> _Read:
        """Look the tokens of N passages up in one table."""
        table = self._table
        try:
            found = [_rows(table, own) for own in tokens]
        except KeyError:
            table = self._grown(tokens)
            found = [_rows(table, own) for own in tokens]
        ends = np.array(list(accumulate(map(len, found))), dtype=np.int64)
        return _Read(table, np.fromiter(chain.from_iterable(found), np.int64, ends[-1]), ends)

    def _grown(self, tokens: Sequence[list[str]]) -> WordTable:
        """A table that knows all tokens: the present one, or a new one where that is full."""
        with self._growing:
            if self._table.full:
                self._table = WordTable(self._beginnings)
            table = self._table
            known = table.rows_of_token
            unmet = [token for token in dict.fromkeys(chain.from_iterable(tokens)) if token not in known]
            table.learn(unmet, self.normaliser)
        return table

    def _raw(self, read: _Read) -> Floats:
        """Raw scores, (N, K)."""
        types = _types(read)
        sums = _sums(types, types.gains[:, None] * read.table.rows[types.rows, :-1], len(read.ends))
        raw = self._intercepts + sums / _norms(read, types)
        for passage, group in {(passage, group) for passage, group, _ in _phrases(read)}:
            raw[passage] += self._phrase_shares[group]
        return raw

    def _calibrated(self, raw: Floats) -> Floats:
        found: Floats = 1.0 / (1.0 + np.exp(np.maximum(np.minimum(-self._slopes * raw - self._offsets, 500), -500)))
        return found

    def _unknown(self, read: _Read) -> list[int]:
        """How many words of each passage training never kept, (N,)."""
        is_unknown = read.rows >= self._beginnings.known
        owners = np.repeat(np.arange(len(read.ends)), read.lengths)
        found: list[int] = np.bincount(owners[is_unknown], minlength=len(read.ends)).tolist()
        return found


def _tokens(text: str) -> list[str]:
    """Stretches of text between spaces; an underscore parts words as a space does."""
    return text.replace("_", " ").split()


def _rows(table: WordTable, tokens: list[str]) -> list[int]:
    """The rows of tokens in order. Raises `KeyError` for a token that the table never met."""
    return list(chain.from_iterable(map(table.rows_of_token.__getitem__, tokens)))


def _types(read: _Read) -> _Types:
    if len(read.ends) == 1:
        rows, counts = np.unique(read.rows, return_counts=True)
        passages = np.zeros_like(rows)
    else:
        size = len(read.table.rows)
        owners = np.repeat(np.arange(len(read.ends)) * size, read.lengths)
        found, counts = np.unique(owners + read.rows, return_counts=True)
        passages, rows = np.divmod(found, size)
    few = counts.max(initial=0) < len(_GAIN)
    return _Types(passages, rows, counts, _GAIN[counts] if few else 1.0 + np.log(counts))


def _sums(types: _Types, values: Floats, passages: int) -> Floats:
    """The sums (N, …) of values (n, …) of types over those of each passage."""
    sums = np.zeros((passages, *values.shape[1:]))
    if len(values):
        starts = np.concatenate(([0], np.flatnonzero(types.passages[1:] != types.passages[:-1]) + 1))
        sums[types.passages[starts]] = np.add.reduceat(values, starts)
    return sums


def _norms(read: _Read, types: _Types) -> Floats:
    """The norms (N, 1), 1 where no word has a length."""
    squares = _sums(types, types.gains * types.gains * read.table.rows[types.rows, -1], len(read.ends))
    return np.sqrt(np.where(squares > 0, squares, 1.0))[:, None]


def _phrases(read: _Read) -> Iterator[tuple[int, int, range]]:
    """Each phrase found: its passage, its group and the places of its words in `read.rows`."""
    followers, roles = read.table.followers, read.table.roles[read.rows]
    found = roles & BEGINS_ALONE
    found[:-1] |= (roles[:-1] & BEGINS) * (roles[1:] & SECOND)
    for place in found.nonzero()[0].tolist():
        passage = int(read.ends.searchsorted(place, side="right"))
        end = min(place + read.table.longest_phrase, read.ends[passage])
        first, *others = read.rows[place:end].tolist()
        for second in (ALONE, *others[:1]):
            start = 0 if second == ALONE else 1
            for rest, group in followers[first].get(second, ()):
                if tuple(others[start : start + len(rest)]) == rest:
                    yield passage, group, range(place, place + 1 + start + len(rest))


def _places_of_groups(read: _Read) -> dict[int, list[int]]:
    """For each group of phrases that is there, the places of its words in `read.rows`."""
    places: dict[int, set[int]] = {}
    for _, group, span in _phrases(read):
        places.setdefault(group, set()).update(span)
    return {group: sorted(found) for group, found in sorted(places.items())}
