"""Passages that are nearly the same: found by the runs of words they share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from app.tagger.normalise import Normaliser
from training.sequences import WordSequences

_RUN = 5
_LIKE = 0.5
_TOO_COMMON = 50
_MIXER = np.uint64(0x9E3779B97F4A7C15)
"""An odd number near 2**64 over the golden ratio: multiplying by it spreads small numbers over all 64 bits."""


@dataclass(frozen=True, slots=True)
class LikePair:
    """Places of two texts, first < second, and the Jaccard similarity (0..1) of their sets of 5-word runs."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str]) -> list[LikePair]:
    """Pairs of texts whose sets of 5-word runs, after normalising, have a Jaccard similarity of .5 or more.

    Of texts that are equal after normalising, each is paired with the first only. Runs that over 50 different texts
    share are formulas and tell nothing. Broder: On the resemblance and containment of documents (1997).
    """
    return like_pairs(WordSequences.of(texts, Normaliser()))


def like_pairs(sequences: WordSequences) -> list[LikePair]:
    """Like `near_duplicates`, for texts whose words are found."""
    first_of: dict[bytes, int] = {}
    pairs = []
    for place in range(len(sequences)):
        first = first_of.setdefault(sequences.numbers_of(place).tobytes(), place)
        if first != place:
            pairs.append(LikePair(first, place, 1.0))
    pairs += _alike(sequences, np.array(list(first_of.values()), dtype=np.intp))
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _alike(sequences: WordSequences, different: npt.NDArray[np.intp]) -> list[LikePair]:
    """The pairs among different texts, whose places are given in rising order."""
    holds = _runs(sequences)[different]
    size = np.diff(holds.indptr)
    frequency = np.bincount(holds.indices, minlength=holds.shape[1])
    telling = holds[:, (frequency > 1) & (frequency <= _TOO_COMMON)]
    shared = sp.triu(telling @ telling.T, k=1).tocoo()
    similarity = shared.data / (size[shared.row] + size[shared.col] - shared.data)
    found = similarity >= _LIKE
    ends = zip(different[shared.row[found]], different[shared.col[found]], similarity[found], strict=True)
    return [LikePair(int(first), int(second), round(float(like), 3)) for first, second, like in ends]


def _runs(sequences: WordSequences) -> sp.csr_matrix:
    """Which runs of words each text holds: (N, runs), 1 where it does."""
    starts = np.arange(max(0, len(sequences.numbers) - _RUN + 1))
    hashed = np.zeros(len(starts), dtype=np.uint64)
    for at in range(_RUN):
        hashed = (hashed ^ sequences.numbers[at : len(hashed) + at].astype(np.uint64)) * _MIXER
        hashed ^= hashed >> np.uint64(29)
    counts = np.maximum(np.diff(sequences.starts) - _RUN + 1, 0)
    ends = np.repeat(sequences.starts[1:], np.diff(sequences.starts))[: len(starts)]
    runs, columns = np.unique(hashed[starts + _RUN <= ends], return_inverse=True)
    rows = np.concatenate([[0], np.cumsum(counts)])
    holds = sp.csr_matrix((np.ones(len(columns), dtype=np.int32), columns, rows), shape=(len(counts), len(runs)))
    holds.sum_duplicates()
    holds.data[:] = 1
    return holds


def grouped(groups: Sequence[str], pairs: Sequence[LikePair]) -> list[str]:
    """Groups such that texts of one group, or of a pair, or of groups tied by pairs, are together: (N,) to (N,)."""
    names, number = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)
    ends: npt.NDArray[np.intp] = np.array([(pair.first, pair.second) for pair in pairs], dtype=np.intp).reshape(-1, 2)
    ties = sp.coo_matrix((np.ones(len(ends)), (number[ends[:, 0]], number[ends[:, 1]])), shape=(len(names), len(names)))
    _, component = connected_components(ties, directed=False)
    first = {found: name for name, found in reversed(list(zip(names, component, strict=True)))}
    return [str(first[component[place]]) for place in number]
