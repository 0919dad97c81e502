"""Scores of many passages at once: CPU time of every contender over scikit-learn's, and a UTF-8 decode as the bound."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.corpus import PASSAGE_WORDS, Source
from tests.benchmarks.judge import Quality
from tests.benchmarks.known_words import unknown_share, with_known_words
from tests.benchmarks.peers import Contenders, rasid
from tests.benchmarks.peers.peer import Fitted
from tests.benchmarks.peers.scikit_learn import REFERENCE
from tests.benchmarks.plan import Sizes
from tests.benchmarks.rounds import Times, Work, interleaved, ratio
from tests.benchmarks.table import Section, Target, number

DECODE = "UTF-8 decode of the same bytes"
_FASTEST_FASTTEXT = "fastText, words, pre-normalised text"


def bulk(contenders: Contenders, quality: Mapping[str, Quality], source: Source, sizes: Sizes) -> Section:
    """The table of passages, and the targets that it decides."""
    passages = source.passages(sizes.passages)
    before = source.passages(sizes.met_before, seed=3)
    known = with_known_words(passages, contenders.bundle)
    loads = {
        "CPU": Load(passages, before),
        "CPU, the first of an archive": Load(passages, []),
        "CPU, known": Load(known, before),
    }
    times = {name: _times(contenders, load, sizes.rounds) for name, load in loads.items()}
    main = times["CPU"]
    megabytes = sum(len(text.encode()) for text in passages) / 1e6

    def row(name: str) -> tuple[str, ...]:
        faster, f1 = ratio(main[REFERENCE].cpu_s, main[name].cpu_s), quality.get(name)
        return (
            name,
            *(number(ratio(found[REFERENCE].cpu_s, found[name].cpu_s).median) for found in times.values()),
            f"{number(faster.low)}-{number(faster.high)}",
            number(ratio(main[REFERENCE].wall_s, main[name].wall_s).median),
            number(len(passages) / main[name].cpu),
            number(megabytes / main[name].cpu),
            f"{f1.micro_f1:.3f} / {f1.macro_f1:.3f}" if f1 else "",
        )

    unseen = [unknown_share(texts, contenders.bundle) for texts in (passages, known)]
    return Section(
        "Bulk: scores of many passages",
        f"{len(passages):,} passages of {PASSAGE_WORDS} words ({source.name}), all topics' scores of all passages, "
        f"one thread, median of {sizes.rounds} interleaved rounds. Columns with x say how many times faster than "
        f"scikit-learn's pipeline of the same round. Rasid keeps words that it has met: it has met {len(before):,} "
        "other passages of the same source before, as in the middle of an archive, and none where *the first of an "
        f"archive* is said. Words that the model doesn't know: {unseen[0]:.0%}; {unseen[1]:.0%} where *known*: each is "
        "replaced by one that it knows." + "".join(f" {line}" for line in contenders.left_out),
        ("", *(f"x, {name}" for name in times), "rounds", "x, wall", "passages/s", "MB/s", "micro / macro F1"),
        tuple(row(name) for name in sorted(main, key=lambda name: -main[name].cpu)),
        _targets(times),
    )


@dataclass(frozen=True)
class Load:
    """Passages to time, and those that a scorer with a memory has met before."""

    passages: Sequence[str]
    before: Sequence[str]


def _times(contenders: Contenders, load: Load, rounds: int) -> dict[str, Times]:
    starts = {contender.fitted.name: _start(contender.fitted, load) for contender in contenders.all}
    encoded = [text.encode() for text in load.passages]
    starts[DECODE] = lambda: lambda: [one.decode() for one in encoded]
    return interleaved(starts, rounds)


def _start(fitted: Fitted, load: Load) -> Callable[[], Work]:
    texts = [fitted.prepared(text) for text in load.passages]
    before = [fitted.prepared(text) for text in load.before] if fitted.remembers else []

    def start() -> Work:
        scorer = fitted.fresh()
        scorer.many([*before, texts[0]])
        return lambda: scorer.many(texts)

    return start


def _targets(times: Mapping[str, Mapping[str, Times]]) -> tuple[Target, ...]:
    """All in the middle of an archive; those over scikit-learn with its first passages and known words too."""
    found = []
    for load, of in (
        ("CPU", ""),
        ("CPU, the first of an archive", ", the first of an archive"),
        ("CPU, known", ", known words"),
    ):
        reference = times[load][REFERENCE]
        for engine, name, least in (("kernel", "kernel", 100), ("numpy", "NumPy", 20)):
            own = times[load].get(rasid.name_of(engine))
            found.append(Target(f"bulk, {name}, times scikit-learn{of}", least, _faster(reference, own)))
    main = times["CPU"]
    kernel = main.get(rasid.name_of("kernel"))
    return (
        *found,
        Target(
            "bulk, kernel, times fastText (words) on pre-normalised text",
            3,
            _faster(main.get(_FASTEST_FASTTEXT), kernel),
        ),
        Target("bulk, kernel, cost over a UTF-8 decode", 5, _faster(kernel, main[DECODE]), most=True),
    )


def _faster(than: Times | None, own: Times | None) -> float | None:
    return ratio(than.cpu_s, own.cpu_s).median if than and own else None
