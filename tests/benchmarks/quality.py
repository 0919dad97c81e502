"""Rasid's quality beside its peers', each fitted on the same rows: `make quality`.

Cross-validation of data/passages.csv by article, and the labelled CSV that QUALITY_CSV names; the intervals are 95 %
bootstrap intervals over articles. QUALITY_ARCHIVES names .xz files of paragraphs whose typical wording the corpus
should hold. QUALITY_SKIP_CV leaves the cross-validation out.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.tagger.normalise import Normaliser
from app.tagger.score import WordTableScorer
from app.tagger.types import Topic
from tests.benchmarks.coverage import coverage
from tests.benchmarks.judge import thresholds_of
from tests.benchmarks.peers import Contender, fasttext
from training import LabelledData, fit, load_labelled, load_phrases, load_topics
from training.baselines import keyword_baseline, majority_baseline, plain_baseline
from training.bootstrap import intervals_of
from training.judged import Judged
from training.metrics import evaluation_of
from training.split import folds_by_article

Bools = npt.NDArray[np.bool_]
Peer = Callable[[LabelledData, LabelledData], dict[str, Bools]]
FOLDS = 5


def rows_of(data: LabelledData, places: npt.NDArray[np.intp]) -> LabelledData:
    return LabelledData(tuple(data.rows[place] for place in places), (), data.sha256)


def peers(topics: Sequence[Topic]) -> list[Peer]:
    """Every contender: training rows and test rows in, decisions (rows, topics) by name out."""
    phrases = load_phrases("data/lexicon.csv")

    def rasid(training: LabelledData, test: LabelledData) -> dict[str, Bools]:
        bundle = fit(training, topics, phrases)
        scorer = WordTableScorer(bundle.model, Normaliser(bundle.folding))
        scores = scorer.score_many(test.texts).scores
        return {"Rasid": scores >= bundle.thresholds}

    return [
        rasid,
        lambda training, test: {"majority": majority_baseline(topics, training, test)},
        lambda _, test: {"keywords": keyword_baseline(topics, test)},
        lambda training, test: plain_baseline(topics, training, test),
        lambda training, test: {"fastText": fasttext_decisions(topics, training, test)},
    ]


def fasttext_decisions(topics: Sequence[Topic], training: LabelledData, test: LabelledData) -> Bools:
    """fastText, one-vs-all, on normalised text with subwords; thresholds tuned on held-out rows."""
    fit = fasttext.fits()["fastText, subwords, pre-normalised text"]
    contender = Contender(fit(training, topics), fit)
    return contender.fitted.scores(test.texts) >= thresholds_of(contender, training, topics, folds=3)


def interval(topics: Sequence[Topic], test: LabelledData, decided: Bools) -> tuple[str, str, str]:
    """Micro-F1, macro-F1 and share of no-topic rows left without one, the first two with intervals."""
    ids, targets = tuple(topic.id for topic in topics), test.targets(topics)
    found = intervals_of(Judged(ids, tuple(test.articles), targets, None, decided))
    whole = evaluation_of(ids, targets, None, decided)
    return (
        f"{whole.micro_f1:.3f} ({found.micro_f1.low:.3f}-{found.micro_f1.high:.3f})",
        f"{whole.macro_f1:.3f} ({found.macro_f1.low:.3f}-{found.macro_f1.high:.3f})",
        f"{whole.no_topic:.3f}",
    )


def print_table(title: str, topics: Sequence[Topic], test: LabelledData, decisions: dict[str, Bools]) -> None:
    print(f"\n{title}: {len(test.rows)} rows\n\n| | micro-F1 | macro-F1 | no topic |\n|---|---|---|---|")
    for name, decided in decisions.items():
        print(f"| {name} | {' | '.join(interval(topics, test, decided))} |", flush=True)


def cross_validated(topics: Sequence[Topic], data: LabelledData) -> dict[str, Bools]:
    decisions: dict[str, Bools] = {}
    for fitted_on, held in folds_by_article(data.articles, FOLDS, seed=1):
        for peer in peers(topics):
            for name, decided in peer(rows_of(data, fitted_on), rows_of(data, held)).items():
                decisions.setdefault(name, np.zeros((len(data.rows), len(topics)), dtype=bool))[held] = decided
    return decisions


def main() -> None:
    topics = load_topics("data/topics.csv")
    data = load_labelled("data/passages.csv", topics)
    for archive in os.environ.get("QUALITY_ARCHIVES", "").split():
        found = coverage(data.texts, Path(archive))
        print(f"typical of {found.archive}: {found.words:.3f} of the words, {found.pairs:.3f} of the pairs are covered")
    if path := os.environ.get("QUALITY_CSV"):
        test = load_labelled(path, topics)
        decisions = {name: decided for peer in peers(topics) for name, decided in peer(data, test).items()}
        print_table("Labelled CSV", topics, test, decisions)
    if "QUALITY_SKIP_CV" not in os.environ:
        print_table("Cross-validation by article", topics, data, cross_validated(topics, data))


if __name__ == "__main__":
    main()
