"""What every scoring engine takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.tagger.features import AdditiveModel

if TYPE_CHECKING:
    from app.tagger.arrays import Floats


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
