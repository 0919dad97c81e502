"""Speed and quality beside the peers, written to RESULTS.md: `make bench`. What can be set: see `plan`."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from threadpoolctl import threadpool_limits

from tests.benchmarks.bulk import bulk
from tests.benchmarks.corpus import Source, Split, source_of, split_of
from tests.benchmarks.evidence import evidence
from tests.benchmarks.fit_time import fit_time
from tests.benchmarks.http_rate import http_rate
from tests.benchmarks.judge import quality_of
from tests.benchmarks.machine import libraries, machine
from tests.benchmarks.peers import Contenders, fitted_contenders
from tests.benchmarks.plan import Plan
from tests.benchmarks.scaling import over_length, over_topics
from tests.benchmarks.service import first_answer, private_memory
from tests.benchmarks.single import single
from tests.benchmarks.table import Section, markdown_section, targets_table

RESULTS = Path(__file__).parent / "RESULTS.md"


def sections_of(plan: Plan, split: Split, source: Source) -> dict[str, Callable[[], Section]]:
    """Every section by name, in the order of the results; contenders are fitted when the first section needs them."""

    @cache
    def contenders() -> Contenders:
        return fitted_contenders(split.training, split.topics)

    def with_quality() -> Section:
        quality = {}
        for contender in contenders().all:
            print(f"  judge {contender.fitted.name}", file=sys.stderr, flush=True)
            quality[contender.fitted.name] = quality_of(contender, split, plan.sizes.folds)
        return bulk(contenders(), quality, source, plan.sizes)

    return {
        "bulk": with_quality,
        "single": lambda: single(contenders(), source, plan.sizes),
        "evidence": lambda: evidence(contenders().bundle, source, plan.sizes),
        "length": lambda: over_length(contenders().bundle, source, plan.sizes),
        "topics": lambda: over_topics(contenders().bundle, source, plan.sizes),
        "fit": lambda: fit_time(split, plan),
        "start": lambda: first_answer(source, plan.sizes),
        "memory": lambda: private_memory(source),
        "http": lambda: http_rate(source, plan.sizes),
    }


def main() -> None:
    """Measure, and write or print the results."""
    plan = Plan.of()
    split = split_of(plan)
    about = f"Machine: {machine()}.\n\nLibraries: {libraries()}.\n\nAgain: `{plan.command()}`."
    sections = sections_of(plan, split, source_of(plan, split))
    if unknown := plan.only - set(sections):
        raise SystemExit(f"BENCH_ONLY names no section: {', '.join(sorted(unknown))}; there are {', '.join(sections)}.")
    found = []
    with threadpool_limits(1):
        for name, measured in sections.items():
            if not plan.only or name in plan.only:
                print(name, file=sys.stderr, flush=True)
                found.append(measured())
                print(markdown_section(found[-1]), file=sys.stderr, flush=True)
    targets = [target for section in found for target in section.targets]
    parts = ["# Speed beside the peers", about, f"Quality: {split.name}.", "## Targets", targets_table(targets)]
    results = "\n\n".join([*parts, *map(markdown_section, found)]) + "\n"
    if plan.written:
        RESULTS.write_text(results, "utf-8")
    else:
        print(results)


if __name__ == "__main__":
    main()
