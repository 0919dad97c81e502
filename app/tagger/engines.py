"""What every scoring engine gives, and the choice of one: the compiled kernel where it was built, else NumPy."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.tagger.errors import RasidError
from app.tagger.features import AdditiveModel
from app.tagger.normalise import Normaliser

if TYPE_CHECKING:
    from app.tagger.arrays import Floats

ENGINE_VARIABLE = "RASID_ENGINE"
"""`numpy` or `kernel` in this variable of the environment settles the choice, for measuring and for doubts."""


@dataclass(frozen=True, slots=True)
class PassageScore:
    """What a passage's words say.

    `raw` and `scores` (K,) are before and after calibration; `unknown` of its `words` weren't in training; `arabic` is
    the share, 0..1, of Arabic letters among its letters.
    """

    raw: Sequence[float]
    scores: Sequence[float]
    words: int
    unknown: int
    arabic: float


@dataclass(frozen=True, slots=True)
class PassageScores:
    """The same for N passages: `scores` (N, K) after calibration, the others of length N."""

    scores: "Floats"
    words: Sequence[int]
    unknown: Sequence[int]
    arabic: Sequence[float]


@dataclass(frozen=True, slots=True)
class WordShares:
    """Where a passage's n written words are, in code points, and for each topic asked for their n shares."""

    starts: Sequence[int]
    ends: Sequence[int]
    shares: Sequence[Sequence[float]]


class Scorer(Protocol):
    """Scores passages by an additive model; safe to share between threads. Engines give equal numbers to 1e-5."""

    engine: str
    model: AdditiveModel

    def score(self, text: str) -> PassageScore:
        """The scores of one passage, in time linear in its length."""

    def score_many(self, texts: Sequence[str]) -> PassageScores:
        """The scores of N passages at once."""

    def shares(self, text: str, topics: list[int]) -> WordShares:
        """The written words' shares in the raw scores of some topics, which make them up with the intercept."""


def scorer_for(model: AdditiveModel, normaliser: Normaliser, engine: str | None = None) -> Scorer:
    """The fastest engine that is built and can hold `model`, or the one named.

    Raises `RasidError` if the one named isn't there.
    """
    named = engine or os.environ.get(ENGINE_VARIABLE, "")
    if named not in ("", "numpy", "kernel"):
        raise RasidError(f"{ENGINE_VARIABLE} is {named!r}: name the engine numpy or kernel, or none.")
    if named != "numpy":
        from app.tagger.compiled import KERNEL, KernelScorer, UnfitModelError

        try:
            if KERNEL:
                return KernelScorer(model, normaliser)
        except UnfitModelError as reason:
            if named:
                raise RasidError(f"The kernel can't hold this model: {reason}.") from None
        if named:
            raise RasidError("The kernel wasn't built: install Rasid again where there is a C compiler.")
    from app.tagger.score import WordTableScorer

    return WordTableScorer(model, normaliser)
