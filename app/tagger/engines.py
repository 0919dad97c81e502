"""The choice of an engine: the compiled kernel where it was built, else NumPy."""

import os

from app.tagger.errors import RasidError
from app.tagger.features import AdditiveModel
from app.tagger.normalise import Normaliser
from app.tagger.scorer import Scorer

ENGINE_VARIABLE = "RASID_ENGINE"
"""`numpy` or `kernel` in this variable of the environment settles the choice, for measuring and for doubts."""


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
