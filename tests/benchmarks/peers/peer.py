"""What every contender offers once it is fitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.tagger.types import Topic
from training import LabelledData

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scorer:
    """The calls that are timed: scores of many texts, and of one; `Fitted.matrix` reads what `many` gives."""

    many: Callable[[list[str]], Any]
    one: Callable[[str], Any]


@dataclass(frozen=True)
class Fitted:
    """A contender fitted on rows.

    `fresh` gives a scorer with cold caches. `prepared` is done to a text beforehand and never timed, as is `matrix`,
    which makes (N, K) scores of what a scorer gives. `thresholds` (K,) only if its own fit found them on held-out rows.
    `remembers` says that a scorer keeps words from call to call, and so is faster once it has met many.
    """

    name: str
    fresh: Callable[[], Scorer]
    matrix: Callable[[Any], Floats] = np.asarray
    prepared: Callable[[str], str] = str
    thresholds: Floats | None = None
    remembers: bool = False

    def scores(self, texts: Sequence[str]) -> Floats:
        """Scores (N, K)."""
        return self.matrix(self.fresh().many([self.prepared(text) for text in texts]))


Fit = Callable[[LabelledData, Sequence[Topic]], Fitted]


def always(scorer: Scorer) -> Callable[[], Scorer]:
    """For a scorer that keeps nothing between calls."""
    return lambda: scorer
