"""Passages that are nearly the same: found by the runs of words they share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from app.tagger.normalise import Normaliser

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
    normaliser = Normaliser()
    number: dict[str, int] = {}
    first_of: dict[bytes, int] = {}
    pairs, different = [], []
    for place, text in enumerate(texts):
        words = [number.setdefault(word.form, len(number)) for word in normaliser.words(text)]
        form = np.array(words, dtype=np.uint64)
        first = first_of.setdefault(form.tobytes(), place)
        if first == place:
            different.append(_runs(form))
        else:
            pairs.append(LikePair(first, place, 1.0))
    pairs += _alike(list(first_of.values()), different)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _runs(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The runs of a text's words, each as one 64-bit number, sorted."""
    if len(words) < _RUN:
        return np.empty(0, dtype=np.uint64)
    hashed = np.zeros(len(words) - _RUN + 1, dtype=np.uint64)
    for at in range(_RUN):
        hashed = (hashed ^ words[at : len(hashed) + at]) * _MIXER
        hashed ^= hashed >> np.uint64(29)
    return np.unique(hashed)


def _alike(places: list[int], sets: list[npt.NDArray[np.uint64]]) -> list[LikePair]:
    size = np.array([len(found) for found in sets], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(size)])
    runs, columns = np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *sets]), return_inverse=True)
    frequency = np.bincount(columns, minlength=len(runs))
    holds = sp.csr_matrix((np.ones(len(columns), dtype=np.int32), columns, starts), shape=(len(sets), len(runs)))
    telling = holds[:, (frequency > 1) & (frequency <= _TOO_COMMON)]
    shared = sp.triu(telling @ telling.T, k=1).tocoo()
    similarity = shared.data / (size[shared.row] + size[shared.col] - shared.data)
    found = similarity >= _LIKE
    ends = zip(shared.row[found], shared.col[found], similarity[found], strict=True)
    at = [(min(places[a], places[b]), max(places[a], places[b]), float(like)) for a, b, like in ends]
    return [LikePair(first, second, round(like, 3)) for first, second, like in at]


def grouped(groups: Sequence[str], pairs: Sequence[LikePair]) -> list[str]:
    """Groups such that texts of one group, or of a pair, or of groups tied by pairs, are together: (N,) to (N,)."""
    names, number = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)
    ends: npt.NDArray[np.intp] = np.array([(pair.first, pair.second) for pair in pairs], dtype=np.intp).reshape(-1, 2)
    ties = sp.coo_matrix((np.ones(len(ends)), (number[ends[:, 0]], number[ends[:, 1]])), shape=(len(names), len(names)))
    _, component = connected_components(ties, directed=False)
    first = {found: name for name, found in reversed(list(zip(names, component, strict=True)))}
    return [str(first[component[place]]) for place in number]
