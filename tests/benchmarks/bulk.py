"""Scores of many passages at once: CPU time of every contender over scikit-learn's, and a UTF-8 decode as the bound."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from app.tagger.bundle import Bundle
from app.tagger.normalise import Normaliser, raw_words_list
from tests.benchmarks.corpus import PASSAGE_WORDS, Source, with_known_words
from tests.benchmarks.judge import Quality
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
    plain = replace(source, invented=0.0).passages(sizes.passages) if source.invented else []
    loads = {"CPU": passages, "CPU, nothing invented": plain, "CPU, known": _known_words(contenders.bundle, passages)}
    times = {name: _times(contenders, texts, sizes.rounds) for name, texts in loads.items() if texts}
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

    unseen = {name: _unknown_share(contenders.bundle, loads[name]) for name in times}
    return Section(
        "Bulk: scores of many passages",
        f"{len(passages):,} passages of {PASSAGE_WORDS} words ({source.name}), all topics' scores of all passages, "
        f"one thread, cold caches, median of {sizes.rounds} interleaved rounds. Columns with x say how many times "
        "faster than scikit-learn's pipeline of the same round. Words that the model doesn't know: "
        f"{', '.join(f'{share:.0%} ({name})' for name, share in unseen.items())}; where *known*, each of these is "
        "replaced by one that it knows." + "".join(f" {line}" for line in contenders.left_out),
        ("", *(f"x, {name}" for name in times), "rounds", "x, wall", "passages/s", "MB/s", "micro / macro F1"),
        tuple(row(name) for name in sorted(main, key=lambda name: -main[name].cpu)),
        _targets(main),
    )


def _times(contenders: Contenders, passages: list[str], rounds: int) -> dict[str, Times]:
    starts = {contender.fitted.name: _start(contender.fitted, passages) for contender in contenders.all}
    encoded = [text.encode() for text in passages]
    starts[DECODE] = lambda: lambda: [one.decode() for one in encoded]
    return interleaved(starts, rounds)


def _start(fitted: Fitted, passages: Sequence[str]) -> Callable[[], Work]:
    texts = [fitted.prepared(text) for text in passages]

    def start() -> Work:
        scorer = fitted.fresh()
        scorer.many(texts[:1])
        return lambda: scorer.many(texts)

    return start


def _targets(times: Mapping[str, Times]) -> tuple[Target, ...]:
    kernel, python = times.get(rasid.name_of("kernel")), times[rasid.name_of("numpy")]
    fasttext = times.get(_FASTEST_FASTTEXT)

    def faster(than: Times | None, own: Times | None) -> float | None:
        return ratio(than.cpu_s, own.cpu_s).median if than and own else None

    return (
        Target("bulk, kernel, times scikit-learn", 100, faster(times[REFERENCE], kernel)),
        Target("bulk, NumPy, times scikit-learn", 20, faster(times[REFERENCE], python)),
        Target("bulk, kernel, times fastText (words) on pre-normalised text", 3, faster(fasttext, kernel)),
        Target("bulk, kernel, cost over a UTF-8 decode", 5, faster(kernel, times[DECODE]), most=True),
    )


def _known_words(bundle: Bundle, passages: Sequence[str]) -> list[str]:
    is_known = _is_known(bundle)
    words = sorted({word for text in passages[:2_000] for word in raw_words_list(text) if is_known(word)})
    return with_known_words(passages, words, is_known)


def _unknown_share(bundle: Bundle, passages: Sequence[str]) -> float:
    is_known = _is_known(bundle)
    words = [word for text in passages[:2_000] for word in raw_words_list(text)]
    return sum(not is_known(word) for word in words) / len(words)


def _is_known(bundle: Bundle) -> Callable[[str], bool]:
    normaliser, known = Normaliser(bundle.folding), bundle.model.words
    return lambda word: all(form in known for form in normaliser.word(word).split())
