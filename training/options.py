"""The choices of a fit."""

from dataclasses import dataclass, field

from app.tagger.features import NgramRange
from app.tagger.normalise import Folding

FEWEST_ROWS = 5
"""A topic with fewer rows is refused unless it is asked for."""


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Choices of a fit; all but `jobs` are part of the version."""

    penalty: float = 10.0
    """C of the logistic regression: larger fits closer."""
    min_df: int = 2
    """Features of fewer passages are left out."""
    lengths: NgramRange = field(default_factory=NgramRange)
    folding: Folding = field(default_factory=Folding)
    phrase_value: float = 0.3
    """Value of a group of phrases that a passage holds, beside features that have the length 1 together."""
    expected_f1: float | None = 0.65
    """The F1 to expect on the text to be tagged: every topic's threshold is half of it, which is where calibrated
    probabilities give the best F1 (Lipton, Elkan, Narayanaswamy: Optimal thresholding of classifiers to maximize F1
    measure, 2014). None takes each topic's best threshold on held-out rows, for text that is just like the rows."""
    precision: float | None = None
    """If given, every topic's threshold is the lowest that reaches this precision on held-out rows."""
    balanced: bool = False
    """Let a topic's rows weigh as much as all rows without it."""
    allow_rare: bool = False
    """Fit topics with fewer than 5 rows too."""
    folds: int = 5
    seed: int = 0
    jobs: int = -1
    """Processor cores to use; -1 is all."""
