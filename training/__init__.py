"""From a labelled CSV to a model's bundle."""

from training.evaluate import evaluate
from training.fit import FitOptions, fit
from training.metrics import Evaluation
from training.read import LabelledData, LabelledRow, Refusal, load_labelled, load_phrases, load_topics, merged

__all__ = [
    "Evaluation",
    "FitOptions",
    "LabelledData",
    "LabelledRow",
    "Refusal",
    "evaluate",
    "fit",
    "load_labelled",
    "load_phrases",
    "load_topics",
    "merged",
]
