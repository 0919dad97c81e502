"""How far a run is: read from the workers' files, shown as a bar or as a JSON line a second."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from app.bulk.shard import Counts

ProgressStyle = Literal["bar", "json", "none"]
_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run: `counts` include shards that are in work and those done in earlier runs."""

    shards_done: int
    shards: int
    counts: Counts
    bytes_in_all: int


def told_by(path: Path) -> Counts:
    """What a worker last told of its shard; nothing before it starts or while it writes."""
    try:
        return Counts(**json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return Counts()


@contextmanager
def shown(style: ProgressStyle) -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows the state of a run on stderr, in the style wanted."""
    if style == "bar":
        with _bar() as show:
            yield show
    elif style == "json":
        yield _JsonLines().show
    else:
        yield lambda _: None


class _Rate:
    """Passages a second and seconds left since the first state seen; what earlier runs did doesn't count."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: Progress | None = None

    def of(self, now: Progress) -> tuple[float, float | None]:
        first = self._first = self._first or now
        took_s = max(time.monotonic() - self._began, 1e-3)
        read = now.counts.bytes_read - first.counts.bytes_read
        left_s = (now.bytes_in_all - now.counts.bytes_read) * took_s / read if read > 0 else None
        return max(0, now.counts.passages - first.counts.passages) / took_s, left_s


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeRemainingColumn())
    rate = _Rate()
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("tagging", total=None, told="")

        def show(now: Progress) -> None:
            counts = now.counts
            told = f"{counts.passages:,} passages, {rate.of(now)[0]:,.0f}/s, shard {now.shards_done}/{now.shards}"
            told += f", {counts.bad_rows:,} bad rows" if counts.bad_rows else ""
            bar.update(task, completed=counts.bytes_read, total=now.bytes_in_all, told=told)

        yield show


class _JsonLines:
    def __init__(self) -> None:
        self._rate = _Rate()
        self._last = -_EVERY_S

    def show(self, now: Progress) -> None:
        if time.monotonic() - self._last < _EVERY_S and now.shards_done < now.shards:
            return
        self._last = time.monotonic()
        per_s, left_s = self._rate.of(now)
        line = {
            "shards_done": now.shards_done,
            "shards": now.shards,
            "passages": now.counts.passages,
            "bad_rows": now.counts.bad_rows,
            "bytes_read": now.counts.bytes_read,
            "bytes": now.bytes_in_all,
            "passages_per_s": round(per_s, 1),
            "left_s": None if left_s is None else round(left_s, 1),
        }
        typer.echo(json.dumps(line), err=True)
