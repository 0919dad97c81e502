"""From a labelled CSV to a model's bundle."""

from training.evaluate import evaluate
from training.fit import fit
from training.metrics import Evaluation
from training.options import FitOptions
from training.read import ReadOptions, load_labelled
from training.rows import Finding, LabelledData, LabelledRow, merged
from training.topics_file import load_phrases, load_topics

__all__ = [
    "Evaluation",
    "Finding",
    "FitOptions",
    "LabelledData",
    "LabelledRow",
    "ReadOptions",
    "evaluate",
    "fit",
    "load_labelled",
    "load_phrases",
    "load_topics",
    "merged",
]
