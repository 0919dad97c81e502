"""Vowpal Wabbit: hashed words, one logistic function a topic, learnt online in several passes.

Of online gradient descent, its adaptive default and follow-the-regularised-leader, with and without pairs of words,
this was the best on held-out rows.
"""

import random
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import vowpalwabbit

from app.tagger.types import Topic
from tests.benchmarks.peers.normal import normalised
from tests.benchmarks.peers.peer import Fitted, Floats, Scorer
from training import LabelledData

_PASSES = 4
_PROBABILITIES = "--link logistic --probabilities"
"""A saved model forgets these."""


def example(text: str) -> str:
    """The text's normal forms in Vowpal Wabbit's own format."""
    return f"|w {normalised(text)}"


def fit(data: LabelledData, topics: Sequence[Topic]) -> Fitted:
    """Learn the rows in an order drawn anew for each pass; every scorer opens the model that was learnt."""
    folder = tempfile.TemporaryDirectory()
    model = Path(folder.name) / "model.vw"
    _learn(data, topics, model)

    def fresh() -> Scorer:
        # Predictions pile up in an example that is used again: `matrix` takes the latest, a new workspace has none.
        predict = vowpalwabbit.Workspace(f"--testonly --initial_regressor {model} {_PROBABILITIES} --quiet").predict
        return Scorer(lambda texts: [predict(text) for text in texts], predict)

    def matrix(predictions: list[list[float]]) -> Floats:
        return np.array([found[-len(topics) :] for found in predictions])

    # The folder lives as long as what was fitted.
    weakref.finalize(fresh, folder.cleanup)
    return Fitted("Vowpal Wabbit, words, pre-normalised text", fresh, matrix, example)


def _learn(data: LabelledData, topics: Sequence[Topic], model: Path) -> None:
    workspace = vowpalwabbit.Workspace(
        f"--multilabel_oaa {len(topics)} --loss_function logistic {_PROBABILITIES} "
        f"--ftrl --bit_precision 24 --learning_rate 0.5 --final_regressor {model} --quiet"
    )
    number = {topic.id: place for place, topic in enumerate(topics)}
    # Labels that don't ascend would be passed over.
    labels = (",".join(map(str, sorted(number[label] for label in row.labels))) for row in data.rows)
    lines = [f"{numbers} {example(row.text)}" for numbers, row in zip(labels, data.rows, strict=True)]
    random_ = random.Random(0)
    for _ in range(_PASSES):
        random_.shuffle(lines)
        for line in lines:
            workspace.learn(line)
    workspace.finish()
