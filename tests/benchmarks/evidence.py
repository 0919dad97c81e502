"""What the words that decided cost beside the scores alone."""

from collections.abc import Callable, Mapping, Sequence

from app.tagger import Tagger, TagOptions
from app.tagger.bundle import Bundle
from tests.benchmarks.corpus import PASSAGE_WORDS, Source
from tests.benchmarks.peers import rasid
from tests.benchmarks.plan import Sizes
from tests.benchmarks.rounds import Work, interleaved, ratio
from tests.benchmarks.table import Section, Target, number

_PLAIN, _EXPLAINED = TagOptions(segment="none"), TagOptions(segment="none", explain=True)


def evidence(bundle: Bundle, source: Source, sizes: Sizes) -> Section:
    """Time passages that have a topic: scores, shares of the words in those topics, whole answers with and without."""
    tagger = Tagger(bundle, "benchmark")
    tagged = {text: tagger.tag(text, _PLAIN) for text in source.passages(sizes.single_passages, seed=3)}
    places = {topic.id: place for place, topic in enumerate(bundle.topics)}
    topics = {
        text: [places[topic.topic.id] for topic in found.topics] for text, found in tagged.items() if found.topics
    }
    starts: dict[str, Callable[[], Work]] = {}
    for engine in rasid.ENGINES:
        starts |= _engine_starts(bundle, engine, topics)
    starts |= {
        "Tagger.tag": lambda: lambda: [tagger.tag(text, _PLAIN) for text in topics],
        "Tagger.tag, with evidence": lambda: lambda: [tagger.tag(text, _EXPLAINED) for text in topics],
    }
    times = interleaved(starts, sizes.rounds)
    names = list(times)
    pairs = dict(zip(names[1::2], names[::2], strict=True))
    over = {name: ratio(times[name].cpu_s, times[base].cpu_s).median for name, base in pairs.items()}
    rows = (
        (
            name,
            number(times[name].cpu / len(topics) * 1e6),
            f"{number(over[name])} x {pairs[name]}" if name in over else "",
        )
        for name in names
    )
    return Section(
        "Evidence",
        f"{len(topics):,} passages of {PASSAGE_WORDS} words that have a topic "
        f"({sum(map(len, topics.values())) / len(topics):.1f} each), warm caches, median of {sizes.rounds} rounds; "
        f"`Tagger` by the engine {tagger.engine}.",
        ("", "CPU µs a passage", "cost"),
        tuple(rows),
        tuple(Target(f"{name}, cost over {pairs[name]}", 2, found, most=True) for name, found in over.items()),
    )


def _engine_starts(bundle: Bundle, engine: str, topics: Mapping[str, Sequence[int]]) -> dict[str, Callable[[], Work]]:
    scorer, name = rasid.engine_of(bundle, engine), rasid.name_of(engine)
    for text in topics:
        scorer.score(text)
    return {
        f"{name}, scores": lambda: lambda: [scorer.score(text) for text in topics],
        f"{name}, words' shares": lambda: (
            lambda: [scorer.shares(text, list(reached)) for text, reached in topics.items()]
        ),
    }
