"""The model card that a bundle carries: what it was made of, how good it is, what it isn't for."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.tagger.types import Topic
from training.metrics import Evaluation
from training.rows import LabelledData

_CAVEATS = """## What a score means
A score is the estimated probability that a careful reader would give the passage this topic, in text like the
training rows. The topic is given where the score reaches the topic's threshold. It says what a passage talks about:
it doesn't say that a person, a body or a text is extremist, and isn't fit to decide about people.

## What to expect
The numbers above are from cross-validation by article within the training rows. On other text they are lower: measure
on a few hundred rows of your own (`rasid-train evaluate`) before you rely on them.
"""


def card_of(
    topics: Sequence[Topic], data: LabelledData, metrics: Evaluation, thresholds: npt.NDArray[np.float64]
) -> str:
    """The card in Markdown."""
    lines = [
        "# Model card",
        "",
        "Topics of passages of Arabic reporting on extremist groups: TF-IDF of character n-grams and words, one "
        f"logistic regression for each of {len(topics)} topics, fitted on {len(data.rows):,} labelled passages.",
        "",
        f"Cross-validation: micro-F1 {metrics.micro_f1:.3f}, macro-F1 {metrics.macro_f1:.3f}, "
        f"rows without topic left without one {metrics.no_topic:.3f}, "
        f"expected calibration error {metrics.calibration_error:.3f}.",
        "",
        "| topic | English | rows | precision | recall | F1 | threshold |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {topic.name_ar} (`{topic.id}`) | {topic.name_en} | {found.support} | {found.precision:.2f} "
        f"| {found.recall:.2f} | {found.f1:.2f} | {threshold:.3f} |"
        for topic, found, threshold in zip(topics, metrics.topics, thresholds, strict=True)
    ]
    return "\n".join([*lines, "", _CAVEATS])
