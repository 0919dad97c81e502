"""fastText, one against all: on raw text and on text normalised beforehand, with words alone and with subwords."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import fasttext
import numpy as np

from app.tagger.types import Topic
from tests.benchmarks.peers.normal import normalised
from tests.benchmarks.peers.peer import Fit, Fitted, Floats, Scorer, always
from training import LabelledData


def one_line(text: str) -> str:
    """The text as fastText takes it."""
    return text.replace("\n", " ")


def fits() -> dict[str, Fit]:
    """Each way to use fastText by name."""
    return {
        f"fastText, {words}, {text}": partial(_fit, f"fastText, {words}, {text}", prepared, longest)
        for words, longest in (("words", 0), ("subwords", 5))
        for text, prepared in (("raw text", one_line), ("pre-normalised text", normalised))
    }


def _fit(
    name: str, prepared: Callable[[str], str], longest: int, data: LabelledData, topics: Sequence[Topic]
) -> Fitted:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.txt"
        lines = (" ".join(f"__label__{label}" for label in sorted(row.labels) or ["none"]) for row in data.rows)
        texts = map(prepared, data.texts)
        path.write_text("".join(f"{labels} {text}\n" for labels, text in zip(lines, texts, strict=True)), "utf-8")
        model = fasttext.train_supervised(
            str(path),
            loss="ova",
            dim=60,
            epoch=40,
            lr=0.4,
            wordNgrams=2,
            minn=2 if longest else 0,
            maxn=longest,
            bucket=200_000,
            thread=2,
            verbose=0,
        )
    column = {f"__label__{topic.id}": place for place, topic in enumerate(topics)}

    def matrix(predictions: Any) -> Floats:
        scores = np.zeros((len(predictions[0]), len(topics)))
        for place, (labels, values) in enumerate(zip(*predictions, strict=True)):
            for label, value in zip(labels, values, strict=True):
                if label in column:
                    scores[place, column[label]] = value
        return scores

    predict = partial(model.predict, k=-1)
    return Fitted(name, always(Scorer(predict, predict)), matrix, prepared)
