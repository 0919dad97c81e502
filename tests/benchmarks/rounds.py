"""Times of several contenders in interleaved rounds, so that a slow minute of the machine strikes all of them."""

import gc
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Times:
    """Seconds of each round: CPU time of the whole process with all its threads, and wall clock."""

    cpu_s: tuple[float, ...]
    wall_s: tuple[float, ...]

    @property
    def cpu(self) -> float:
        """Median CPU seconds."""
        return statistics.median(self.cpu_s)

    @property
    def wall(self) -> float:
        """Median wall clock seconds."""
        return statistics.median(self.wall_s)


@dataclass(frozen=True)
class Ratio:
    """A ratio of each round's pair of times: the median and the extremes."""

    median: float
    low: float
    high: float


def interleaved(starts: Mapping[str, Callable[[], Work]], rounds: int) -> dict[str, Times]:
    """Time the work of every contender once a round; each round begins with another one.

    A start is called before each round, untimed, and gives the work: so every round can begin with cold caches.
    """
    cpu: dict[str, list[float]] = {name: [] for name in starts}
    wall: dict[str, list[float]] = {name: [] for name in starts}
    for number in range(rounds):
        for name in rotated(list(starts), number):
            work = starts[name]()
            gc.collect()
            cpu_then, wall_then = time.process_time(), time.perf_counter()
            work()
            cpu[name].append(time.process_time() - cpu_then)
            wall[name].append(time.perf_counter() - wall_then)
        print(f"  round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return {name: Times(tuple(cpu[name]), tuple(wall[name])) for name in starts}


def rotated(names: Sequence[str], by: int) -> list[str]:
    """The names in the same circle, beginning `by` places later."""
    place = by % len(names)
    return [*names[place:], *names[:place]]


def ratio(of: Sequence[float], to: Sequence[float]) -> Ratio:
    """`of` over `to`, round by round: what both shared, as a slow minute, falls out before the median is taken."""
    found = [a / b for a, b in zip(of, to, strict=True)]
    return Ratio(statistics.median(found), min(found), max(found))
