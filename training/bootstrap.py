"""Bootstrap intervals over articles: how far a measure may be from what more text of the kind would give.

Whole articles are drawn, with replacement, since passages of one article are alike (cluster bootstrap: Davison and
Hinkley, Bootstrap methods and their application, 1997, 3.8). A draw is a row of counts, so that all draws of all counts
are one product of matrices.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from training.judged import Judged
from training.metrics import MACRO_SUPPORT, Bools, Floats, sample_f1

RESAMPLES = 1000
Drawing = Callable[[npt.NDArray[Any] | sp.csr_matrix], Floats]
"""From values of rows (N, ...) to their sums over each draw (R, ...)."""
_TAIL = 2.5


@dataclass(frozen=True, slots=True)
class Interval:
    """The 95 % percentile interval of a measure; both ends are NaN where no draw has the measure."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TopicIntervals:
    """One topic's intervals, over the draws in which the topic occurs (precision: is given)."""

    topic: str
    precision: Interval
    recall: Interval
    f1: Interval
    average_precision: Interval


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of the measures of `Evaluation`, by the same names."""

    topics: tuple[TopicIntervals, ...]
    micro_precision: Interval
    micro_recall: Interval
    micro_f1: Interval
    macro_f1: Interval
    sample_f1: Interval
    exact_match: Interval
    no_topic: Interval


@dataclass(frozen=True)
class Resampled:
    """Measures of R draws: (R, K) for each topic, (R,) over all; NaN where a draw doesn't have the measure."""

    precision: Floats
    recall: Floats
    f1: Floats
    average_precision: Floats
    micro_precision: Floats
    micro_recall: Floats
    micro_f1: Floats
    macro_f1: Floats
    sample_f1: Floats
    exact_match: Floats
    no_topic: Floats

    def minus(self, other: "Resampled") -> "Resampled":
        """The differences of two models' measures, draw by draw."""
        return Resampled(
            **{each.name: getattr(self, each.name) - getattr(other, each.name) for each in fields(Resampled)}
        )


def article_draws(articles: int, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each article is drawn in each draw of as many articles: (resamples, articles)."""
    chosen = np.random.default_rng(seed).integers(articles, size=(resamples, articles))
    places = chosen + articles * np.arange(resamples)[:, None]
    counts = np.bincount(places.ravel(), minlength=resamples * articles)
    return np.asarray(counts.reshape(resamples, articles), dtype=np.float64)


def resampled(rows: Judged, resamples: int = RESAMPLES, seed: int = 0) -> Resampled:
    """The measures of every draw; equal articles, `resamples` and `seed` give equal draws, so that models pair."""
    names, article = np.unique(np.array(rows.articles), return_inverse=True)
    draws = article_draws(len(names), resamples, seed)
    of_article = sp.csr_matrix((np.ones(len(article)), (article, np.arange(len(article)))))

    def drawn(values: npt.NDArray[Any] | sp.csr_matrix) -> Floats:
        """Sums of per-row values (N, ...) over each draw: (R, ...)."""
        return np.asarray(draws @ (of_article @ values.astype(np.float64)))

    targets, decided = rows.targets, rows.decided
    empty = ~targets.any(axis=1)
    right, given, wanted = drawn(targets & decided), drawn(decided), drawn(targets)
    f1 = _ratio(2 * right, np.where(wanted > 0, given + wanted, 0))
    total = draws @ np.bincount(article)
    return Resampled(
        precision=_ratio(right, given),
        recall=_ratio(right, wanted),
        f1=f1,
        average_precision=_average_precisions(rows, drawn),
        micro_precision=_ratio(right.sum(axis=1), given.sum(axis=1)),
        micro_recall=_ratio(right.sum(axis=1), wanted.sum(axis=1)),
        micro_f1=_ratio(2 * right.sum(axis=1), given.sum(axis=1) + wanted.sum(axis=1)),
        macro_f1=_macro(f1, wanted),
        sample_f1=drawn(sample_f1(targets, decided)) / total,
        exact_match=drawn((targets == decided).all(axis=1)) / total,
        no_topic=_ratio(drawn(empty & ~decided.any(axis=1)), drawn(empty)),
    )


def intervals_of(rows: Judged, resamples: int = RESAMPLES, seed: int = 0) -> Intervals:
    """95 % percentile intervals of all measures of `rows`, over `resamples` draws of its articles."""
    return intervals_of_draws(rows.topics, resampled(rows, resamples, seed))


def intervals_of_draws(topics: tuple[str, ...], draws: Resampled) -> Intervals:
    """95 % percentile intervals of measures, or of differences of measures, that were drawn."""

    def over_all(values: Floats) -> Interval:
        return interval_of(values[:, None])[0]

    columns = (draws.precision, draws.recall, draws.f1, draws.average_precision)
    by_topic = zip(topics, *map(interval_of, columns), strict=True)
    return Intervals(
        topics=tuple(TopicIntervals(*found) for found in by_topic),
        micro_precision=over_all(draws.micro_precision),
        micro_recall=over_all(draws.micro_recall),
        micro_f1=over_all(draws.micro_f1),
        macro_f1=over_all(draws.macro_f1),
        sample_f1=over_all(draws.sample_f1),
        exact_match=over_all(draws.exact_match),
        no_topic=over_all(draws.no_topic),
    )


def interval_of(draws: Floats) -> list[Interval]:
    """The interval of each column of (R, K) draws, past those that are NaN."""
    intervals = []
    for values in draws.T:
        there = values[~np.isnan(values)]
        low, high = np.percentile(there, [_TAIL, 100 - _TAIL]) if len(there) else (np.nan, np.nan)
        intervals.append(Interval(float(low), float(high)))
    return intervals


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))


def _macro(f1: Floats, wanted: Floats) -> Floats:
    """Means over the topics with enough rows in the draw, as `evaluation_of` has it."""
    enough = wanted >= MACRO_SUPPORT
    return _ratio(np.where(enough, f1, 0).sum(axis=1), enough.sum(axis=1).astype(np.float64))


def _average_precisions(rows: Judged, drawn: Drawing) -> Floats:
    """Average precision of each topic in each draw: (R, K), NaN throughout where there are no scores."""
    if rows.scores is None:
        return drawn(np.zeros(rows.targets.shape)) * np.nan
    topics = range(len(rows.topics))
    return np.column_stack([_average_precision(rows.scores[:, k], rows.targets[:, k], drawn) for k in topics])


def _average_precision(scores: Floats, targets: Bools, drawn: Drawing) -> Floats:
    """Precision at each positive row's score, averaged over the drawn positive rows: (R,).

    Rows fall into steps, one for each score that a positive row has: a step takes the rows from that score up to the
    next higher one. So only sums over steps are drawn, not single rows.
    """
    levels = np.unique(scores[targets])[::-1]
    if not len(levels):
        return drawn(np.zeros(len(scores))) * np.nan
    step = np.searchsorted(-levels, -scores)
    counted = step < len(levels)
    places = np.flatnonzero(counted)
    members = sp.csr_matrix((np.ones(len(places)), (places, step[counted])), shape=(len(scores), len(levels)))
    positives = drawn(members.multiply(targets[:, None]).tocsr())
    ranked = drawn(members)
    precision = _ratio(positives.cumsum(axis=1), ranked.cumsum(axis=1))
    averages = _ratio(np.where(positives > 0, precision * positives, 0).sum(axis=1), positives.sum(axis=1))
    return np.asarray(np.minimum(averages, 1.0))
