"""Which strategy of the review queue teaches most: 200 simulated reviews on the project's own rows.

    python -m tests.benchmarks.review_loop [--seeds 5] [--out FILE]

By seed: a third of the articles is held out; 600 rows of the rest are the start; a reader then reveals the labels of
200 rows, 50 at a time, which the queue's own functions choose by the model fitted so far. Prints the macro- and
micro-F1 on the held-out rows by strategy and number of reviews, as means over the seeds with the differences from
random, seed by seed.
"""

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from app.store.queue import _LOOKED_AT as LOOKED_AT
from app.store.sampling import spread_order
from app.store.tagging import margin_of
from app.tagger import Tagger
from app.tagger.bundle import Bundle
from app.tagger.types import Topic
from training import FitOptions, LabelledData, LabelledRow, fit, load_labelled, load_phrases, load_topics
from training.metrics import evaluation_of

ROOT = Path(__file__).parents[2]
STRATEGIES = ("random", "uncertain", "diverse")
START, REVIEWS, BATCH = 600, 200, 50


@dataclass(frozen=True, slots=True)
class Point:
    """What a model knew after a number of reviews."""

    seed: int
    strategy: str
    reviews: int
    macro_f1: float
    micro_f1: float


@dataclass(frozen=True)
class Material:
    """What all runs share."""

    rows: tuple[LabelledRow, ...]
    topics: tuple[Topic, ...]
    phrases: Mapping[str, Sequence[str]]

    def fitted(self, rows: Sequence[LabelledRow]) -> Bundle:
        """A model of the rows, with the options of the shipped one."""
        return fit(
            LabelledData(tuple(rows), (), "0" * 64), self.topics, self.phrases, FitOptions(jobs=1, allow_rare=True)
        )


@dataclass(frozen=True)
class Split:
    """One seed's rows."""

    held_out: list[LabelledRow]
    start: list[LabelledRow]
    pool: list[LabelledRow]


def split_of(material: Material, seed: int) -> Split:
    """A third of the articles held out; the start drawn from the rest."""
    chance = random.Random(seed)
    articles = sorted({row.article for row in material.rows})
    chance.shuffle(articles)
    held = set(articles[: len(articles) // 3])
    rest = [row for row in material.rows if row.article not in held]
    chance.shuffle(rest)
    return Split([row for row in material.rows if row.article in held], rest[:START], rest[START:])


def measured(bundle: Bundle, split: Split, material: Material) -> tuple[float, float]:
    """Macro- and micro-F1 on the held-out rows."""
    tagger = Tagger(bundle, "0" * 12)
    scores = np.array([tagger.scores(row.text) for row in split.held_out])
    targets = LabelledData(tuple(split.held_out), (), "").targets(material.topics)
    found = evaluation_of([topic.id for topic in material.topics], targets, scores, scores >= bundle.thresholds)
    summary = found.summary()
    return summary["macro_f1"], summary["micro_f1"]


def chosen(strategy: str, bundle: Bundle, pool: list[LabelledRow], reviewed: list[LabelledRow], seed: int) -> list[int]:
    """Places in the pool of the next rows to review, in the order that the queue would give them."""
    if strategy == "random":
        return random.Random(seed).sample(range(len(pool)), BATCH)
    tagger = Tagger(bundle, "0" * 12)
    ids = [topic.id for topic in bundle.topics]

    def profile(row: LabelledRow) -> dict[str, float]:
        return dict(zip(ids, map(float, tagger.scores(row.text)), strict=True))

    profiles = [profile(row) for row in pool]
    margins = [margin_of(scores, tagger.thresholds) for scores in profiles]
    order = sorted(range(len(pool)), key=lambda place: (margins[place], place))
    if strategy == "uncertain":
        return order[:BATCH]
    seen = [profile(row) for row in reviewed[-LOOKED_AT:]]
    picked: list[int] = []
    for _ in range(BATCH):
        near = order[:LOOKED_AT]
        place = near[spread_order([profiles[place] for place in near], seen[-LOOKED_AT:])[0]]
        order.remove(place)
        picked.append(place)
        seen.append(profiles[place])
    return picked


def run(material: Material, seed: int) -> list[Point]:
    """All strategies from one start."""
    split = split_of(material, seed)
    first = material.fitted(split.start)
    points = []
    for strategy in STRATEGIES:
        bundle, rows, pool = first, list(split.start), list(split.pool)
        for done in range(0, REVIEWS + 1, BATCH):
            points.append(Point(seed, strategy, done, *measured(bundle, split, material)))
            if done < REVIEWS:
                places = chosen(strategy, bundle, pool, rows[START:], seed * 1000 + done)
                rows += [pool[place] for place in places]
                pool = [row for place, row in enumerate(pool) if place not in set(places)]
                bundle = material.fitted(rows)
    return points


def told(points: Sequence[Point]) -> str:
    """The curves as a table, and the last differences from random seed by seed."""
    seeds = sorted({point.seed for point in points})
    lines = ["reviews   " + "  ".join(f"{name:>15}" for name in STRATEGIES) + "    (macro-F1 / micro-F1)"]
    for reviews in range(0, REVIEWS + 1, BATCH):
        cells = []
        for name in STRATEGIES:
            found = [point for point in points if (point.strategy, point.reviews) == (name, reviews)]
            macro = np.mean([point.macro_f1 for point in found])
            micro = np.mean([point.micro_f1 for point in found])
            cells.append(f"{macro:7.4f} /{micro:7.4f}")
        lines.append(f"{reviews:7}   " + "  ".join(cells))
    last = {(point.seed, point.strategy): point.macro_f1 for point in points if point.reviews == REVIEWS}
    for name in STRATEGIES[1:]:
        gains = np.array([last[seed, name] - last[seed, "random"] for seed in seeds])
        error = gains.std(ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
        shown = " ".join(f"{gain:+.4f}" for gain in gains)
        lines.append(f"{name} - random after {REVIEWS}: {gains.mean():+.4f} (standard error {error:.4f}; {shown})")
    return "\n".join(lines)


def main() -> None:
    """Run all seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the points as JSON")
    options = parser.parse_args()
    topics = load_topics(ROOT / "data/topics.csv")
    rows = load_labelled(ROOT / "data/passages.csv", topics).rows
    material = Material(rows, topics, load_phrases(ROOT / "data/lexicon.csv"))
    points = [point for seed in range(options.seeds) for point in run(material, seed)]
    print(told(points))
    if options.out:
        options.out.write_text(json.dumps([asdict(point) for point in points], indent=1), "utf-8")


if __name__ == "__main__":
    main()
