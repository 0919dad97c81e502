"""Two models on the same labelled rows: what changed, where, and whether it can be told from chance."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.tagger import Tagger
from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training.bootstrap import Interval, Intervals, intervals_of_draws, resampled
from training.judged import Judged, judged
from training.metrics import MACRO_SUPPORT, Evaluation, evaluation_of
from training.rows import LabelledData

FEWEST_ARTICLES = 20
MOST_FALL = 0.1
Verdict = Literal["better", "worse", "no difference that can be told"]


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision on which A and B differ, with both scores; `given_by_b` or else by A."""

    id: str
    line: int
    topic: str
    labelled: bool
    given_by_b: bool
    score_a: float
    score_b: float

    @property
    def mended(self) -> bool:
        """Whether B is right, and so A wrong."""
        return self.given_by_b == self.labelled


@dataclass(frozen=True, slots=True)
class TopicChange:
    """A topic's F1 by A and B, and the interval of B's less A's (paired bootstrap over articles)."""

    topic: Topic
    support: int
    f1_a: float
    f1_b: float
    interval: Interval

    @property
    def change(self) -> float:
        """B's F1 less A's."""
        return self.f1_b - self.f1_a


@dataclass(frozen=True)
class Comparison:
    """B against A on the topics that both have; `changes` are the intervals of B's measures less A's.

    `only_a` and `only_b` are ids of topics that the other lacks, `fallen` ids of those that rule 4 of `compare` names.
    """

    a: Evaluation
    b: Evaluation
    articles: int
    changes: Intervals
    topics: tuple[TopicChange, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    flips: tuple[Flip, ...]
    verdict: Verdict
    fallen: tuple[str, ...]


def compare(a: Tagger, b: Tagger, data: LabelledData) -> Comparison:
    """Measure both models on `data` and judge B against A by these rules.

    1. The measure is micro-F1 over the topics that both models have. Its change, B less A, has a 95 % interval from a
       paired bootstrap: 1000 draws, each of as many articles as there are, with replacement, the same for both models.
    2. B is better if the whole interval is above 0, and worse if the whole interval is below 0.
    3. Otherwise, and always with fewer than 20 articles, there is no difference that can be told.
    4. Whatever the verdict, a topic with 5 or more rows whose F1 falls by more than 0.1, with its whole interval
       below 0, is named as fallen.

    Raises `LabelledDataError` if the models share no topic.
    """
    shared = tuple(topic for topic in b.topics if topic.id in {other.id for other in a.topics})
    if not shared:
        raise LabelledDataError(f"{a.version} and {b.version} have no topic in common: compare models of one taxonomy.")
    by_a, by_b = judged(a, data, shared), judged(b, data, shared)
    own_a, own_b = (evaluation_of(rows.topics, rows.targets, rows.scores, rows.decided) for rows in (by_a, by_b))
    changes = intervals_of_draws(by_a.topics, resampled(by_b).minus(resampled(by_a)))
    topics = tuple(
        TopicChange(topic, was.support, was.f1, now.f1, found.f1)
        for topic, was, now, found in zip(shared, own_a.topics, own_b.topics, changes.topics, strict=True)
    )
    articles = len(set(data.articles))
    return Comparison(
        a=own_a,
        b=own_b,
        articles=articles,
        changes=changes,
        topics=topics,
        only_a=_missing(a, b),
        only_b=_missing(b, a),
        flips=flips_of(by_a, by_b, data),
        verdict=verdict_of(changes.micro_f1, articles),
        fallen=tuple(change.topic.id for change in topics if has_fallen(change)),
    )


def rules() -> str:
    """The rules of the verdict, as `compare` states them, to be printed beside it."""
    lines = [line.strip() for line in (compare.__doc__ or "").splitlines()]
    first = next(place for place, line in enumerate(lines) if line.startswith("1."))
    last = next(place for place, line in enumerate(lines) if line.startswith("Raises"))
    told = "\n".join(f"   {line}" if not line[:1].isdigit() else line for line in lines[first : last - 1])
    return told.strip()


def verdict_of(change: Interval, articles: int) -> Verdict:
    """Rules 2 and 3 of `compare`."""
    if articles < FEWEST_ARTICLES:
        return "no difference that can be told"
    if change.low > 0:
        return "better"
    return "worse" if change.high < 0 else "no difference that can be told"


def has_fallen(change: TopicChange) -> bool:
    """Rule 4 of `compare`."""
    return change.support >= MACRO_SUPPORT and change.change < -MOST_FALL and change.interval.high < 0


def flips_of(a: Judged, b: Judged, data: LabelledData) -> tuple[Flip, ...]:
    """Every decision on which A and B differ, in the order of rows, then topics."""
    if a.scores is None or b.scores is None:
        raise ValueError("flips are told with scores")
    return tuple(
        Flip(
            id=data.rows[row].id,
            line=data.rows[row].line,
            topic=a.topics[k],
            labelled=bool(a.targets[row, k]),
            given_by_b=bool(b.decided[row, k]),
            score_a=float(a.scores[row, k]),
            score_b=float(b.scores[row, k]),
        )
        for row, k in zip(*np.nonzero(a.decided != b.decided), strict=True)
    )


def _missing(model: Tagger, other: Tagger) -> tuple[str, ...]:
    there = {topic.id for topic in other.topics}
    return tuple(topic.id for topic in model.topics if topic.id not in there)
