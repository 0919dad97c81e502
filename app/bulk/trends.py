"""Counts of an archive -> what moves, what goes together, what a period holds."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from app.bulk.counts import ArchiveCounts, Ints
from app.bulk.dates import Period, next_start, period_start
from app.tagger import Topic

_FEWEST_TOGETHER = 5
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Trend:
    """A topic's share among the earlier half of the dated passages and among the later half.

    `low` and `high` bound the difference later - earlier (Newcombe's 95 % interval for passages drawn one by one;
    passages of one article hang together, so it is rather too narrow).
    """

    topic: Topic
    earlier: float
    later: float
    low: float
    high: float

    @property
    def direction(self) -> int:
        """1 for rising, -1 for falling, 0 if it can't be told."""
        return (self.low > 0) - (self.high < 0)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two topics that share passages; `lift` is how many times more often than if they had nothing to do."""

    one: Topic
    other: Topic
    passages: int
    lift: float


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """A period that begins with day `start`: its passages, and those of each topic (K,)."""

    start: date
    passages: int
    by_topic: Ints


def periods_of(counts: ArchiveCounts, period: Period) -> list[PeriodCounts]:
    """All periods from the first to the last that has a passage, empty ones with them."""
    sums: dict[date, Ints] = {}
    for day, row in counts.days.items():
        start = period_start(day, period)
        sums[start] = sums.get(start, 0) + row
    if not sums:
        return []
    empty = np.zeros(len(counts.topics) + 1, dtype=np.int64)
    found, start = [], min(sums)
    while start <= max(sums):
        row = sums.get(start, empty)
        found.append(PeriodCounts(start, int(row[-1]), row[:-1]))
        start = next_start(start, period)
    return found


def trends_of(counts: ArchiveCounts) -> list[Trend]:
    """Of all topics, the strongest rise first; none if all passages are of one day or undated."""
    days = sorted(counts.days)
    running = np.cumsum([counts.days[day][-1] for day in days])
    if len(days) < 2:
        return []
    # The day that would cross the middle belongs to the later half.
    cut = max(1, int(np.searchsorted(running, running[-1] / 2, side="right")))
    earlier = np.sum([counts.days[day] for day in days[:cut]], axis=0)
    later = np.sum([counts.days[day] for day in days[cut:]], axis=0)
    if cut == len(days):
        return []
    found = [_trend(topic, earlier[[k, -1]], later[[k, -1]]) for k, topic in enumerate(counts.topics)]
    return sorted(found, key=lambda trend: (trend.earlier - trend.later, trend.topic.id))


def pairs_of(counts: ArchiveCounts) -> list[Pair]:
    """Topics that share at least five passages, the closest first."""
    return sorted(_pairs(counts), key=lambda pair: (-pair.lift, pair.one.id, pair.other.id))


def _pairs(counts: ArchiveCounts) -> Iterator[Pair]:
    for i, j in combinations(range(len(counts.topics)), 2):
        shared = int(counts.together[i, j])
        if shared >= _FEWEST_TOGETHER:
            expected = float(counts.by_topic[i]) * float(counts.by_topic[j]) / counts.passages
            yield Pair(counts.topics[i], counts.topics[j], shared, shared / expected)


def _trend(topic: Topic, earlier: Ints, later: Ints) -> Trend:
    p, q = float(earlier[0] / earlier[1]), float(later[0] / later[1])
    low_p, high_p = _wilson(p, int(earlier[1]))
    low_q, high_q = _wilson(q, int(later[1]))
    low = q - p - math.hypot(q - low_q, high_p - p)
    return Trend(topic, p, q, low, q - p + math.hypot(high_q - q, p - low_p))


def _wilson(share: float, size: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share among `size`."""
    middle = share + _Z**2 / (2 * size)
    around = _Z * math.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2))
    return (middle - around) / (1 + _Z**2 / size), (middle + around) / (1 + _Z**2 / size)
