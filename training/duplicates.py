"""Passages that are nearly the same: found by the runs of words they share."""

from collections import defaultdict
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
    forms = [tuple(word.form for word in normaliser.words(text)) for text in texts]
    first_of: dict[tuple[str, ...], int] = {}
    pairs = []
    for place, form in enumerate(forms):
        first = first_of.setdefault(form, place)
        if first != place:
            pairs.append(LikePair(first, place, 1.0))
    pairs += _alike(list(first_of.values()), list(first_of))
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _alike(places: list[int], forms: list[tuple[str, ...]]) -> list[LikePair]:
    runs: dict[tuple[str, ...], int] = defaultdict(lambda: len(runs))
    sets = [sorted({runs[form[at : at + _RUN]] for at in range(len(form) - _RUN + 1)}) for form in forms]
    starts = np.cumsum([0, *map(len, sets)])
    columns = np.fromiter((run for found in sets for run in found), dtype=np.int64, count=starts[-1])
    holds = sp.csr_matrix((np.ones(len(columns), dtype=np.int32), columns, starts), shape=(len(forms), len(runs)))
    frequency = np.bincount(columns, minlength=len(runs))
    telling = holds[:, (frequency > 1) & (frequency <= _TOO_COMMON)]
    shared = sp.triu(telling @ telling.T, k=1).tocoo()
    size = np.array([len(found) for found in sets])
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
