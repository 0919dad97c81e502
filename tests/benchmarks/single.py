"""Scores of one passage a call: what a service pays for a request."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tests.benchmarks.corpus import PASSAGE_WORDS, Source
from tests.benchmarks.known_words import with_known_words
from tests.benchmarks.peers import Contenders, rasid
from tests.benchmarks.peers.peer import Fitted
from tests.benchmarks.peers.scikit_learn import REFERENCE
from tests.benchmarks.plan import Sizes
from tests.benchmarks.rounds import Times, Work, interleaved, ratio
from tests.benchmarks.table import Section, Target, number

_COMPARED = (REFERENCE, *map(rasid.name_of, rasid.ENGINES))
_WARM_UP = 100
"""Passages scored before each round by everybody, other ones than are timed."""


def single(contenders: Contenders, source: Source, sizes: Sizes) -> Section:
    """The table of single passages, and the targets that it decides."""
    passages = source.passages(sizes.single_passages, seed=1)
    warm_up, before = source.passages(_WARM_UP, seed=2), source.passages(sizes.met_before, seed=3)
    latencies: dict[str, list[float]] = {contender.fitted.name: [] for contender in contenders.all}
    starts = {
        contender.fitted.name: _start(
            contender.fitted,
            passages,
            [*(before if contender.fitted.remembers else []), *warm_up],
            latencies[contender.fitted.name],
        )
        for contender in contenders.all
    }
    times = interleaved(starts, sizes.rounds)
    known = with_known_words(passages, contenders.bundle)
    again = interleaved(
        {
            contender.fitted.name: _start(contender.fitted, known, warm_up, [])
            for contender in contenders.all
            if contender.fitted.name in _COMPARED
        },
        sizes.rounds,
    )
    p50, p99 = ({name: float(np.percentile(found, q)) for name, found in latencies.items()} for q in (50, 99))

    def row(name: str) -> tuple[str, ...]:
        faster = ratio(times[REFERENCE].cpu_s, times[name].cpu_s)
        return (
            name,
            number(faster.median),
            number(ratio(again[REFERENCE].cpu_s, again[name].cpu_s).median) if name in again else "",
            f"{number(faster.low)}-{number(faster.high)}",
            number(p50[REFERENCE] / p50[name]),
            number(p50[name] * 1e6),
            number(p99[name] * 1e6),
        )

    return Section(
        "Single passages",
        f"{len(passages):,} passages of {PASSAGE_WORDS} words ({source.name}), one a call, after {_WARM_UP} others, "
        f"and for Rasid, which keeps words that it has met, {len(before):,} more; "
        f"median of {sizes.rounds} interleaved rounds; p50 and p99 over all calls. Where *known*, each word that "
        "the model doesn't know is replaced by one that it does.",
        ("", "x, CPU", "x, CPU, known", "rounds", "x, p50", "p50, µs", "p99, µs"),
        tuple(row(name) for name in sorted(times, key=lambda name: -times[name].cpu)),
        (*_targets(times, ""), *_targets(again, ", known words")),
    )


def _start(
    fitted: Fitted, passages: Sequence[str], warm_up: Sequence[str], latencies: list[float]
) -> Callable[[], Work]:
    texts, before = [fitted.prepared(text) for text in passages], [fitted.prepared(text) for text in warm_up]

    def start() -> Work:
        scorer, clock = fitted.fresh(), time.perf_counter
        score = scorer.one
        scorer.many(before)
        for text in before[-_WARM_UP:]:
            score(text)

        def work() -> None:
            stamps = [clock()]
            for text in texts:
                score(text)
                stamps.append(clock())
            latencies.extend(np.diff(stamps).tolist())

        return work

    return start


def _targets(times: Mapping[str, Times], load: str) -> tuple[Target, ...]:
    found = []
    for engine, name, least in (("kernel", "kernel", 300), ("numpy", "NumPy", 25)):
        own = times.get(rasid.name_of(engine))
        faster = ratio(times[REFERENCE].cpu_s, own.cpu_s).median if own else None
        found.append(Target(f"single passage, {name}, times scikit-learn{load}", least, faster))
    return tuple(found)
