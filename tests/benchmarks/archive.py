"""An archive of millions of passages through `rasid tag`, and plain scikit-learn on a sample of the same shards.

    python -m tests.benchmarks.archive

| variable | meaning |
|---|---|
| `BENCH_PASSAGES=5000000` | passages of the archive |
| `BENCH_FOLDER=folder` | where shards and results lie while it runs (1.3 GB for 5,000,000); else the temporary folder |
| `BENCH_SAMPLE=20000` | passages of the sample |
| `BENCH_INVENTED=0.2` | share of words replaced by invented ones, which no model knows; none if left out |
"""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from app.bulk.inputs import InputFile, Shard
from app.bulk.plan import TagPlan, pinned_bundle
from app.bulk.plan import _opened as opened_taggers
from app.bulk.shard import ShardTask, tag_shard
from app.tagger.types import Topic
from tests.benchmarks.machine import machine
from tests.benchmarks.peers.scikit_learn import REFERENCE, fit_words_and_characters
from tests.benchmarks.rounds import Times, Work, interleaved, ratio
from tests.benchmarks.shards import SENTENCES, Recipe, Shards, sentences_of, write_sample, write_shards
from tests.benchmarks.table import Section, Target, markdown_section, number, targets_table
from tests.benchmarks.watched import Watched, watched
from training import LabelledData, load_labelled, load_topics

MODELS = Path("models/default")
OURS = "Rasid"
_BATCH = 1024


@dataclass(frozen=True)
class ArchivePlan:
    """How much is tagged; the shards of `passages` lie under `folder`, or in the temporary folder if None."""

    passages: int = 5_000_000
    shard_passages: int = 100_000
    sample: int = 20_000
    rounds: int = 3
    invented: float = 0.0
    folder: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "ArchivePlan":
        folder = environment.get("BENCH_FOLDER")
        return cls(
            passages=int(environment.get("BENCH_PASSAGES") or cls.passages),
            sample=int(environment.get("BENCH_SAMPLE") or cls.sample),
            invented=float(environment.get("BENCH_INVENTED") or cls.invented),
            folder=Path(folder) if folder else None,
        )

    def command(self) -> str:
        """The command that measures the same again."""
        given = f"BENCH_PASSAGES={self.passages} BENCH_SAMPLE={self.sample}"
        given += f" BENCH_INVENTED={self.invented:g}" if self.invented else ""
        return f"{given} python -m tests.benchmarks.archive"


@dataclass(frozen=True)
class Measured:
    """The whole archive through `rasid tag`, and both on the sample, round by round."""

    archive: Shards
    run: Watched
    sample: Shards
    times: Mapping[str, Times]


def measured(plan: ArchivePlan, data: LabelledData, topics: Sequence[Topic]) -> Measured:
    """Make the archive, tag it, and time both on a sample of it; scikit-learn is fitted on the rows."""
    with tempfile.TemporaryDirectory(prefix="rasid-archive-", dir=plan.folder) as root, threadpool_limits(1):
        folder = Path(root)
        (folder / "shards").mkdir()
        _say(f"make {plan.passages:,} passages")
        recipe = Recipe(sentences_of(data.texts), plan.passages, plan.shard_passages, plan.invented)
        archive = write_shards(folder / "shards", recipe)
        _say("tag them")
        run = _tagged(folder, archive)
        sample = write_sample(archive, plan.sample, folder / "sample.parquet")
        _say(f"fit {REFERENCE}")
        scores = fit_words_and_characters(data, topics).fresh().many
        starts = {OURS: _ours(sample, folder), REFERENCE: lambda: lambda: _plain(sample, folder, scores)}
        return Measured(archive, run, sample, interleaved(starts, plan.rounds))


def _tagged(folder: Path, archive: Shards) -> Watched:
    """Tag the archive by the command, in one process beside the one that leads; stages are the shards done."""
    out = folder / "tagged"
    command = [sys.executable, "-m", "app", "tag", str(folder / "shards"), "--out", str(out), "--models", str(MODELS)]
    options = ["--segment", "none", "--all-scores", "--jobs", "1", "--progress", "none"]
    run = watched([*command, *options], lambda: len(list(out.glob("part-*"))), folder / "log")
    rows = sum(pq.ParquetFile(path).metadata.num_rows for path in out.glob("part-*"))
    if rows != archive.passages:
        raise RuntimeError(f"{rows:,} of {archive.passages:,} passages were tagged: the run isn't whole.")
    return run


def _ours(sample: Shards, folder: Path) -> Callable[[], Work]:
    """What a worker of `rasid tag` does with a shard, with a model just opened, so that no word is remembered."""
    path = str(sample.files[0])
    shard = Shard((InputFile(path, "sample", "parquet", 0, ""),))
    tagging = TagPlan(pinned_bundle(MODELS), segment="none", all_scores=True)
    task = ShardTask(shard, "sample", str(folder), tagging, "parquet")

    def start() -> Work:
        opened_taggers.cache_clear()
        tagging.tagger()
        return lambda: tag_shard(task)

    return start


def _plain(sample: Shards, folder: Path, scores: Callable[[list[str]], object]) -> None:
    """Read, score and write the sample as a script with scikit-learn would: all topics' scores of each passage."""
    schema = pa.schema([("id", pa.string()), ("all_scores", pa.list_(pa.float32()))])
    file = pq.ParquetFile(sample.files[0], pre_buffer=False)
    with pq.ParquetWriter(folder / "plain.parquet", schema, compression="zstd") as writer:
        for batch in file.iter_batches(_BATCH, use_threads=False):
            found = list(scores(batch.column("text").to_pylist()))  # type: ignore[call-overload]
            writer.write_table(pa.table({"id": batch.column("id"), "all_scores": found}, schema))


def section_of(plan: ArchivePlan, found: Measured) -> Section:
    """The table, and the targets that it decides."""
    plain, ours = found.times[REFERENCE], found.times[OURS]
    run = Times((found.run.cpu_s,), (found.run.wall_s,))
    last, first = found.run.mib_in(len(found.archive.files) - 1), found.run.mib_in(0)
    grown = last / first if last and first else None
    faster = ratio(plain.cpu_s, ours.cpu_s)
    whole = (found.archive.text_bytes / found.run.cpu_s) / (found.sample.text_bytes / plain.cpu)
    memory = f"a process has {number(first or 0)} MiB in the first shard and {number(last or 0)} MiB in the last"
    made = f"each of {SENTENCES} sentences drawn from data/passages.csv"
    made += f", {plan.invented:.0%} of their words replaced by invented ones" if plan.invented else ""
    return Section(
        "An archive",
        f"{plan.passages:,} passages, {made}, in {len(found.archive.files)} Parquet shards, through "
        f"`rasid tag --segment none --all-scores --jobs 1`: {memory}. The sample is {found.sample.passages:,} of them "
        f"from several shards, read from Parquet, scored and written to Parquet by both in {plan.rounds} interleaved "
        f"rounds (medians; {number(faster.low)}-{number(faster.high)} times faster), Rasid with a model just opened. "
        "MB are of the texts in UTF-8, CPU seconds of all processes, those of the whole archive with its start-up.",
        ("", "passages", "CPU s", "wall s", "passages/s a core", "MB/s a core", "peak MiB a process", "x"),
        (
            (*_row(f"{OURS}, the archive", found.archive, run), number(found.run.peak_mib), number(whole)),
            (*_row(f"{OURS}, the sample", found.sample, ours), "", number(faster.median)),
            (*_row(f"{REFERENCE}, the sample", found.sample, plain), "", "1"),
        ),
        (
            Target("peak memory of a process, MiB", 512, found.run.peak_mib, most=True),
            Target("memory in the last shard over that in the first", 1.1, grown, most=True),
        ),
    )


def _row(name: str, shards: Shards, times: Times) -> tuple[str, ...]:
    speeds = (number(shards.passages / times.cpu), number(shards.text_bytes / 1e6 / times.cpu))
    return (name, f"{shards.passages:,}", number(times.cpu), number(times.wall), *speeds)


def _say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print."""
    plan, about = ArchivePlan.of(), f"Machine: {machine()}."
    topics = load_topics("data/topics.csv")
    section = section_of(plan, measured(plan, load_labelled("data/passages.csv", topics), topics))
    parts = [markdown_section(section), targets_table(section.targets), about, f"Again: `{plan.command()}`."]
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
