"""How much the benchmark measures, from the environment.

| variable | meaning |
|---|---|
| `BENCH_QUICK=1` | small sizes, to try the benchmark out; printed, not written |
| `BENCH_ONLY=bulk,service` | some sections only; printed, not written |
| `BENCH_CSV=file` | quality on this labelled CSV, fitted on all of data/passages.csv, not on a fifth of its articles |
| `BENCH_ARCHIVE=file.xz` | speed on these paragraphs, one a line, instead of on recombined passages |
| `BENCH_LONG=1` | scikit-learn fits the largest number of rows too |
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sizes:
    """Rounds, and how much is measured in each; `training_rows` None are all rows."""

    rounds: int
    passages: int
    single_passages: int
    met_before: int
    training_rows: int | None
    folds: int
    fit_rows: tuple[int, ...]
    http_seconds: int


FULL = Sizes(
    rounds=5,
    passages=2_000,
    single_passages=500,
    met_before=20_000,
    training_rows=None,
    folds=3,
    fit_rows=(1_000, 10_000, 50_000),
    http_seconds=3,
)
QUICK = Sizes(
    rounds=2,
    passages=500,
    single_passages=200,
    met_before=500,
    training_rows=1_500,
    folds=2,
    fit_rows=(500, 1_000),
    http_seconds=1,
)


@dataclass(frozen=True)
class Plan:
    """What to measure; `only` empty means every section, `written` whether the results file is written anew."""

    sizes: Sizes
    only: frozenset[str]
    csv: Path | None
    archive: Path | None
    long: bool
    written: bool

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Plan":
        quick = bool(environment.get("BENCH_QUICK"))
        only = frozenset(environment.get("BENCH_ONLY", "").replace(",", " ").split())
        csv, archive = environment.get("BENCH_CSV"), environment.get("BENCH_ARCHIVE")
        return cls(
            sizes=QUICK if quick else FULL,
            only=only,
            csv=Path(csv) if csv else None,
            archive=Path(archive) if archive else None,
            long=bool(environment.get("BENCH_LONG")),
            written=not quick and not only,
        )

    def command(self) -> str:
        """The command that measures the same again; files outside the repository by name only."""
        given = {
            "BENCH_QUICK": "1" if self.sizes is QUICK else "",
            "BENCH_ONLY": ",".join(sorted(self.only)),
            "BENCH_CSV": self.csv.name if self.csv else "",
            "BENCH_ARCHIVE": self.archive.name if self.archive else "",
            "BENCH_LONG": "1" if self.long else "",
        }
        return " ".join(["make bench", *(f"{name}={value}" for name, value in given.items() if value)])
