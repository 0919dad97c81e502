"""How the topics given lately differ from those given in cross-validation."""

import math
from collections import deque
from collections.abc import Mapping
from functools import cache
from typing import Any

from prometheus_client import Gauge

WINDOW = 2000
"""Passages of a worker that count as lately."""
FEWEST_PASSAGES = 500
"""Passages below which chance alone moves a share too far to speak of drift."""


class TopicWindow:
    """Counts, in gauges, how many of the last `WINDOW` passages there are and which topics they were given."""

    def __init__(self, passages: Gauge, topics: Gauge) -> None:
        self._passages = passages
        self._gauge = cache(topics.labels)
        self._counts: dict[str, int] = {}
        self._given: deque[tuple[str, ...]] = deque()

    def add(self, topics: tuple[str, ...]) -> None:
        """Count a passage with its topics; the oldest one leaves a full window."""
        changed = dict.fromkeys(topics, 1)
        if len(self._given) == WINDOW:
            for topic in self._given.popleft():
                changed[topic] = changed.get(topic, 0) - 1
        else:
            self._passages.set(len(self._given) + 1)
        self._given.append(topics)
        for topic, step in changed.items():
            if step:
                self._count(topic, self._counts.get(topic, 0) + step)

    def clear(self) -> None:
        """Begin anew, as after a swap of the model."""
        self._given.clear()
        self._passages.set(0)
        for topic in self._counts:
            self._count(topic, 0)

    def _count(self, topic: str, count: int) -> None:
        self._counts[topic] = count
        self._gauge(topic).set(count)


def trained_shares(training: Mapping[str, Any]) -> dict[str, float]:
    """The share of passages that cross-validation gave each topic: support * recall / precision / rows.

    These are the model's own answers on unseen rows, so that what it gives now can be held against them. Empty if the
    facts of training lack a number.
    """
    measured = training.get("cross_validation", {})
    try:
        return {
            topic: facts["support"] * facts["recall"] / (facts["precision"] or 1.0) / measured["rows"]
            for topic, facts in measured["topics"].items()
        }
    except (KeyError, TypeError, AttributeError, ZeroDivisionError):
        return {}


def distance(one: float, other: float) -> float:
    """The Jensen-Shannon distance, 0..1, of having a topic or not, given two shares.

    It is the square root of the divergence in bits (Lin 1991, "Divergence measures based on the Shannon entropy"; a
    metric by Endres and Schindelin 2003).

    >>> distance(0.1, 0.1), distance(0.0, 1.0), round(distance(0.1, 0.2), 2)
    (0.0, 1.0, 0.12)
    """
    return math.sqrt(max(0.0, _bits((one + other) / 2) - (_bits(one) + _bits(other)) / 2))


def drift(given: Mapping[str, float], trained: Mapping[str, float]) -> float:
    """The largest `distance` of a topic's share given lately from the one in training; other topics don't count."""
    return max((distance(given.get(topic, 0.0), share) for topic, share in trained.items()), default=0.0)


def _bits(share: float) -> float:
    return -sum(p * math.log2(p) for p in (share, 1.0 - share) if p > 0.0)
