"""Cross-validation folds that keep an article's passages together."""

import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]


def folds_by_article(articles: Sequence[str], folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """`folds` pairs (rows to fit on, rows to score); every row is scored once, no article is on both sides.

    Articles are shuffled by `seed` and dealt out so that the folds' sizes differ by an article at most.
    """
    names = sorted(set(articles))
    random.Random(seed).shuffle(names)  # noqa: S311 - a split needs no secret
    fold_of = {name: place % folds for place, name in enumerate(names)}
    held = np.array([fold_of[article] for article in articles])
    return [(np.flatnonzero(held != fold), np.flatnonzero(held == fold)) for fold in range(folds)]
