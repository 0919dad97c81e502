"""The contenders, each fitted on the same rows; what can't be imported here is left out and named."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from app.tagger.bundle import Bundle
from app.tagger.types import Topic
from tests.benchmarks.peers import rasid
from tests.benchmarks.peers.peer import Fit, Fitted
from training import LabelledData


@dataclass(frozen=True)
class Contender:
    """A contender and how to fit it once more, for thresholds; `fit` None if the fit found them itself."""

    fitted: Fitted
    fit: Fit | None


@dataclass(frozen=True)
class Contenders:
    """All that are measured, Rasid's bundle, and a line for each that is left out."""

    all: tuple[Contender, ...]
    bundle: Bundle
    left_out: tuple[str, ...]


def fitted_contenders(data: LabelledData, topics: Sequence[Topic]) -> Contenders:
    """Fit every contender on the rows."""
    _say("Rasid")
    bundle = rasid.fit(data, topics)
    found = [Contender(rasid.fitted(bundle, engine), None) for engine in rasid.ENGINES]
    left_out: list[str] = []
    for module, fits in _PEERS.items():
        try:
            named = fits(import_module(f"{__name__}.{module}"))
        except ImportError as fault:
            left_out.append(f"{module} is left out: {fault.name or 'a library'} can't be imported here.")
            continue
        for name, fit in named.items():
            _say(name)
            found.append(Contender(fit(data, topics), fit))
    return Contenders(tuple(found), bundle, tuple(left_out))


_PEERS: dict[str, Callable[..., dict[str, Fit]]] = {
    "scikit_learn": lambda module: {"words and characters": module.fit_words_and_characters, "words": module.fit_words},
    "fasttext": lambda module: module.fits(),
    "onnx": lambda module: {"ONNX Runtime": module.fit},
    "tokenizers": lambda module: {"HF tokenizers": module.fit},
    "vowpal_wabbit": lambda module: {"Vowpal Wabbit": module.fit},
}


def _say(name: str) -> None:
    print(f"  fit {name}", file=sys.stderr, flush=True)
