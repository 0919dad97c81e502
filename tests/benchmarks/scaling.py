"""How cost grows with the length of a passage and with the number of topics."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.tagger.bundle import Bundle
from tests.benchmarks.corpus import PASSAGE_WORDS, Source
from tests.benchmarks.peers import rasid
from tests.benchmarks.plan import Sizes
from tests.benchmarks.rounds import Work, interleaved, ratio
from tests.benchmarks.table import Section, Target, number

LENGTHS = (20, 50, 100, 200, 500, 1_000, 2_000)
TOPICS = (16, 64, 256)
_WORDS_A_ROUND = 200_000


def over_length(bundle: Bundle, source: Source, sizes: Sizes) -> Section:
    """Cost of a word in passages of different lengths, the same number of words of each length."""
    budget = min(_WORDS_A_ROUND, sizes.passages * PASSAGE_WORDS)
    texts = {length: source.passages(budget // length, words=length, seed=length) for length in LENGTHS}
    starts = {
        f"{engine} {length}": _start(bundle, engine, texts[length]) for engine in rasid.ENGINES for length in LENGTHS
    }
    times = interleaved(starts, sizes.rounds)

    def cost(engine: str, length: int) -> float:
        return times[f"{engine} {length}"].cpu / (len(texts[length]) * length)

    rows = []
    for length in LENGTHS:
        relative = (number(cost(engine, length) / cost(engine, LENGTHS[0])) for engine in rasid.ENGINES)
        micros = (number(cost(engine, length) * length * 1e6) for engine in rasid.ENGINES)
        rows.append((f"{length:,}", *relative, *micros))
    return Section(
        "Cost over the length of a passage",
        f"CPU time of a word over that in passages of {LENGTHS[0]} words (linear is 1 or less), and of a passage.",
        (
            "words",
            *(f"{rasid.name_of(engine)}, a word" for engine in rasid.ENGINES),
            *(f"{rasid.name_of(engine)}, µs a passage" for engine in rasid.ENGINES),
        ),
        tuple(rows),
        tuple(
            Target(
                f"cost of a word at {LENGTHS[-1]:,} words over {LENGTHS[0]}, {engine}",
                1.1,
                cost(engine, LENGTHS[-1]) / cost(engine, LENGTHS[0]),
                most=True,
            )
            for engine in rasid.ENGINES
        ),
    )


def over_topics(bundle: Bundle, source: Source, sizes: Sizes) -> Section:
    """Cost with synthetic weights for more topics, over that with as many as are shipped."""
    passages = source.passages(sizes.passages // 4, seed=4)
    bundles = {topics: with_topics(bundle, topics) for topics in TOPICS}
    starts = {
        f"{engine} {topics}": _start(bundles[topics], engine, passages) for engine in rasid.ENGINES for topics in TOPICS
    }
    times = interleaved(starts, sizes.rounds)
    rows = []
    for topics in TOPICS:
        found = [ratio(times[f"{e} {topics}"].cpu_s, times[f"{e} {TOPICS[0]}"].cpu_s).median for e in rasid.ENGINES]
        micros = [times[f"{e} {topics}"].cpu / len(passages) * 1e6 for e in rasid.ENGINES]
        rows.append((str(topics), *map(number, (*found, *micros))))
    return Section(
        "Cost over the number of topics",
        f"CPU time over that of {TOPICS[0]} topics, weights drawn at random, passages of {PASSAGE_WORDS} words.",
        (
            "topics",
            *(f"{rasid.name_of(engine)}, cost" for engine in rasid.ENGINES),
            *(f"{rasid.name_of(engine)}, µs a passage" for engine in rasid.ENGINES),
        ),
        tuple(rows),
    )


def with_topics(bundle: Bundle, topics: int) -> Bundle:
    """The bundle's words and n-grams with random weights for so many topics."""
    model, random = bundle.model, np.random.default_rng(0)

    def drawn(*shape: int) -> npt.NDArray[np.float32]:
        return random.normal(size=shape).astype(np.float32)

    lengths = np.asarray(model.word_rows, dtype=np.float32)[:, -1:]
    wider = replace(
        model,
        word_rows=np.hstack([drawn(len(model.words), topics), lengths]),
        ngram_weights=drawn(len(model.ngrams), topics).astype(np.float16),
        phrase_shares=drawn(model.lexicon.groups, topics),
        intercepts=(0.0,) * topics,
        slopes=(1.0,) * topics,
        offsets=(0.0,) * topics,
    )
    return replace(bundle, model=wider, thresholds=(0.5,) * topics)


def _start(bundle: Bundle, engine: str, texts: Sequence[str]) -> Callable[[], Work]:
    fitted = rasid.fitted(bundle, engine)

    def start() -> Work:
        scorer = fitted.fresh()
        return lambda: scorer.many(list(texts))

    return start
