"""Tags an archive shard by shard, whatever happens to the workers."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from app.bulk.engines import Engine
from app.bulk.inputs import InputFile, Shard, shards_of
from app.bulk.manifest import BAD_ROWS, Manifest
from app.bulk.progress import Progress, told_by
from app.bulk.shard import Counts, ShardDone, ShardTask
from app.tagger import InputError, RasidError

MOST_LOSSES = 10
"""How often a worker may die over one shard before the shard is taken for the reason."""
MOST_FALSE_STARTS = 30
"""How many workers may die before they begin a shard while no shard gets done."""
_LOOK_EVERY_S = 0.5
_LONGEST_STEM = 80


class TooManyBadRowsError(RasidError):
    """More rows are bad than `--max-errors` allows."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended: its shards and counts, those of earlier runs with them, and why files couldn't be used."""

    shards: int
    counts: Counts
    faults: tuple[str, ...]

    def told(self, out: Path) -> list[str]:
        """The end of a run into `out` as lines to read."""
        bad = self.counts.bad_rows
        state = f"stopped short of {len(self.faults)} files" if self.faults else "done"
        state += f" with errors: {bad:,} bad rows, see {out / BAD_ROWS}" if bad else ""
        end = f"{state}; {self.counts.passages:,} passages of {self.shards} shards in {out}"
        return [*(f"error: {fault}" for fault in self.faults), end]


def run(
    manifest: Manifest,
    files: Sequence[InputFile],
    engine: Engine,
    max_bad_rows: int | None,
    show: Callable[[Progress], None],
) -> RunResult:
    """Tag what isn't done of `files` and note each shard as soon as it is.

    A shard whose worker dies is tagged anew. Raises `OutputError` if the disk refuses, `TooManyBadRowsError`, and
    `InputError` if a shard kills its worker again and again; what was done until then stays done.
    """
    left = {file.path for file in manifest.left_of(files)}
    remaining = [tuple(file for file in shard.files if file.path in left) for shard in shards_of(files)]
    shards = [Shard(kept) for kept in remaining if kept]
    with closing(engine):
        state = _Run(manifest, engine, max_bad_rows, shards)
        for now in state.steps():
            show(now)
    return RunResult(len(manifest.done), manifest.totals, tuple(sorted(state.faults)))


@dataclass
class _Run:
    manifest: Manifest
    engine: Engine
    max_bad_rows: int | None
    shards: Sequence[Shard]
    faults: list[str] = field(default_factory=list)
    running: "dict[Future[ShardDone], ShardTask]" = field(default_factory=dict)
    losses: dict[str, int] = field(default_factory=dict)
    false_starts: int = 0
    shards_in_all: int = 0
    bytes_in_all: int = 0

    def __post_init__(self) -> None:
        self.shards_in_all = len(self.manifest.done) + len(self.shards)
        self.bytes_in_all = self.manifest.totals.bytes_read + sum(shard.size for shard in self.shards)

    def steps(self) -> Iterator[Progress]:
        """Do all shards; give the state of things twice a second."""
        waiting = deque(self.shards)
        while waiting or self.running:
            while waiting and len(self.running) < self.engine.slots:
                self._start(self._task(waiting.popleft()))
            ended, _ = wait(self.running, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
            for future in ended:
                self._end(future)
            yield self._progress()

    def _task(self, shard: Shard) -> ShardTask:
        budget = None if self.max_bad_rows is None else self.max_bad_rows - self.manifest.totals.bad_rows
        facts, drafts = self.manifest.facts, str(self.manifest.drafts.absolute())
        return ShardTask(shard, output_name(shard), drafts, facts.plan, facts.format, budget)

    def _start(self, task: ShardTask) -> None:
        task.progress.unlink(missing_ok=True)
        self.running[self.engine.submit(task)] = task

    def _end(self, future: "Future[ShardDone]") -> None:
        task = self.running.pop(future)
        try:
            found = future.result()
        except self.engine.lost:
            self._lose(task)
            return
        if found.too_many:
            self.manifest.publish_bad_rows(task.name, found)
            self._stop_for_bad_rows()
        elif found.fault:
            self.manifest.publish_bad_rows(task.name, found)
            self.faults.append(found.fault)
        else:
            self.manifest.publish(task.name, task.shard.files, found)
            self.false_starts = 0
            if self.max_bad_rows is not None and self.manifest.totals.bad_rows > self.max_bad_rows:
                self._stop_for_bad_rows()

    def _lose(self, task: ShardTask) -> None:
        if not task.progress.exists():
            self.false_starts += 1
            if self.false_starts >= MOST_FALSE_STARTS:
                raise InputError(f"{MOST_FALSE_STARTS} workers died as they started: look whether memory is short.")
        else:
            self.losses[task.name] = self.losses.get(task.name, 0) + 1
            if self.losses[task.name] >= MOST_LOSSES:
                raise InputError(
                    f"the worker that tags {task.shard.files[0].name} died {MOST_LOSSES} times: look whether memory is "
                    "short, then run the same command again."
                )
        self._start(task)

    def _stop_for_bad_rows(self) -> None:
        raise TooManyBadRowsError(
            f"more than {self.max_bad_rows} rows are bad: see {self.manifest.out / BAD_ROWS}, then mend them or raise "
            "--max-errors and run the same command again."
        )

    def _progress(self) -> Progress:
        counts = sum((told_by(task.progress) for task in self.running.values()), self.manifest.totals)
        return Progress(len(self.manifest.done), self.shards_in_all, counts, self.bytes_in_all)


def output_name(shard: Shard) -> str:
    """The name of a shard's output, without its ending: of its first file, and a hash that tells it from others."""
    first = PurePosixPath(shard.files[0].name).name.split(".")[0][:_LONGEST_STEM]
    digest = hashlib.sha256("\n".join(file.path for file in shard.files).encode("utf-8", "surrogateescape"))
    return f"part-{first}-{digest.hexdigest()[:12]}"
