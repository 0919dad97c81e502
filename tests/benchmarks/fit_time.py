"""Time of one fit on all rows, beside scikit-learn's pipeline on the same rows."""

import sys
from functools import partial

from app.tagger.normalise import Normaliser
from tests.benchmarks.corpus import Split, rows_like
from tests.benchmarks.plan import Plan
from tests.benchmarks.rounds import Times, Work, interleaved, ratio
from tests.benchmarks.table import Section, Target, number
from training import FitOptions, LabelledData, load_phrases
from training.baselines import plain_pipeline
from training.fit import lexicon_of, training_rows
from training.solve import fit_weights

OURS, PLAIN = "Rasid", "scikit-learn's pipeline"
_TARGET_ROWS = 10_000
_ROUNDS_OF_MANY = 1


def fit_time(split: Split, plan: Plan) -> Section:
    """The table of fits, and the target that it decides."""
    rows, faster = [], {}
    for count in plan.sizes.fit_rows:
        print(f"  {count:,} rows", file=sys.stderr, flush=True)
        data = rows_like(split.training, count, seed=5)
        many = count > _TARGET_ROWS
        starts = {OURS: partial(_ours, data, split), PLAIN: partial(_plain, data, split)}
        if many and not plan.long:
            del starts[PLAIN]
        times = interleaved(starts, _ROUNDS_OF_MANY if many else plan.sizes.rounds)
        faster[count] = ratio(times[PLAIN].cpu_s, times[OURS].cpu_s).median if PLAIN in times else None
        rows.append(_row(count, times, faster[count]))
    return Section(
        "Fitting",
        f"One fit of all {len(split.topics)} topics on all rows from their texts, one thread, without cross-validation "
        f"on either side; median of {plan.sizes.rounds} interleaved rounds, {_ROUNDS_OF_MANY} beyond {_TARGET_ROWS:,} "
        "rows. Rows beyond those of data/passages.csv are made of pairs of its rows and some invented words.",
        ("rows", "x, CPU", "Rasid, CPU s", "Rasid, wall s", "scikit-learn, CPU s"),
        tuple(rows),
        (Target(f"fit at {_TARGET_ROWS:,} rows, times scikit-learn", 5, faster.get(_TARGET_ROWS)),),
    )


def _row(count: int, times: dict[str, Times], faster: float | None) -> tuple[str, ...]:
    plain = number(times[PLAIN].cpu) if PLAIN in times else "not run"
    ratio_ = number(faster) if faster else ""
    return (f"{count:,}", ratio_, number(times[OURS].cpu), number(times[OURS].wall), plain)


def _ours(data: LabelledData, split: Split) -> Work:
    options, phrases = FitOptions(jobs=1, allow_rare=True), load_phrases("data/lexicon.csv")

    def work() -> None:
        rows = training_rows(data, split.topics, lexicon_of(phrases, Normaliser()), options)
        fit_weights(rows, options, lambda done: None)

    return work


def _plain(data: LabelledData, split: Split) -> Work:
    return lambda: plain_pipeline().fit(data.texts, data.targets(split.topics))
