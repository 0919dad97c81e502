"""From a labelled CSV to a model's bundle: the verbs of `rasid-train` for Python.

>>> import tempfile
>>> from pathlib import Path
>>> from app.tagger import Tagger
>>> from app.tagger.bundle import write_bundle
>>> data = load_labelled("tests/training/feelings.csv")
>>> len(data.rows), len(data.refusals), [topic.id for topic in data.topics()][:2]
(240, 0, ['joy', 'surprise'])
>>> folder = Path(tempfile.mkdtemp())
>>> a, b = (write_bundle(fit(data, data.topics(), options=FitOptions(seed=seed, jobs=1)), folder) for seed in (0, 1))
>>> evaluate(Tagger.open(folder / a), data).rows
240
>>> compare(Tagger.open(folder / a), Tagger.open(folder / b), data).verdict in ("better", "worse")
False
"""

from training.check import Check, check, write_fixed
from training.choose import choose_options
from training.compare import Comparison, compare
from training.convert import load_converted, write_converted
from training.evaluate import evaluate
from training.fit import fit
from training.measurement import Measurement, measurement_of, metrics_json
from training.metrics import Evaluation
from training.options import FitOptions
from training.read import ReadOptions, load_labelled
from training.report import report_page
from training.rows import Finding, LabelledData, LabelledRow, merged
from training.topics_file import load_phrases, load_topics

__all__ = [
    "Check",
    "Comparison",
    "Evaluation",
    "Finding",
    "FitOptions",
    "LabelledData",
    "LabelledRow",
    "Measurement",
    "ReadOptions",
    "check",
    "choose_options",
    "compare",
    "evaluate",
    "fit",
    "load_converted",
    "load_labelled",
    "load_phrases",
    "load_topics",
    "measurement_of",
    "merged",
    "metrics_json",
    "report_page",
    "write_converted",
    "write_fixed",
]
