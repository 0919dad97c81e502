"""The folder of a run: which version and options it was begun with, and which files are done.

`manifest.jsonl` has the run on its first line and then a line for each shard that is done. Outputs are written under
`.drafts` and renamed into place before their line is added; what has no line is removed when the run goes on.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from app.bulk.inputs import InputFile
from app.bulk.plan import OutputFormat, TagPlan
from app.bulk.shard import Counts, ShardDone
from app.bulk.writing import SUFFIXES, told_disk_faults
from app.tagger import InputError, Topic
from app.tagger.durable import append_line, make_folder, replace_file, sync_folder

MANIFEST = "manifest.jsonl"
BAD_ROWS = "errors"
_DRAFTS, _LOCK = ".drafts", ".lock"
_LAYOUT = 1


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run is pinned to. `topics` are those of the model, as its tables use them."""

    plan: TagPlan
    format: OutputFormat
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class DoneShard:
    """A shard that is done: its files, as they were, and its output."""

    name: str
    files: tuple[InputFile, ...]
    output_bytes: int
    counts: Counts


class Manifest:
    """The state of a run's folder. Made by `run_folder`, which holds the folder's lock."""

    def __init__(self, out: Path, facts: RunFacts) -> None:
        self.out = out
        self.facts = facts
        self.drafts = out / _DRAFTS
        self.done: dict[str, DoneShard] = {}
        self.totals = Counts()
        """Of all shards done."""

    def left_of(self, files: Sequence[InputFile]) -> list[InputFile]:
        """The files that aren't done. Raises `InputError` if one has changed since it was done."""
        done = {file.path: file for shard in self.done.values() for file in shard.files}
        for file in files:
            if file.path in done and (done[file.path].size, done[file.path].stamp) != (file.size, file.stamp):
                raise InputError(f"{file.name} was changed after it was tagged into {self.out}: give another --out.")
        return [file for file in files if file.path not in done]

    def publish(self, name: str, files: tuple[InputFile, ...], found: ShardDone) -> None:
        """Put a shard's drafts in place and note it as done. Raises `OutputError` if the disk refuses."""
        with told_disk_faults(self.out):
            draft = Path(found.draft)
            shard = DoneShard(name, files, draft.stat().st_size, found.counts)
            self.publish_bad_rows(name, found)
            draft.replace(self._output(name))
            sync_folder(self.out)
            append_line(self.out / MANIFEST, json.dumps(asdict(shard)).encode())
        self._add(shard)

    def publish_bad_rows(self, name: str, found: ShardDone) -> None:
        """Put the list of a shard's bad rows in place, whether the shard can be used or not."""
        path = self.out / BAD_ROWS / f"{name}.csv"
        with told_disk_faults(path):
            if found.bad_rows_draft is None:
                path.unlink(missing_ok=True)
            else:
                make_folder(path.parent)
                Path(found.bad_rows_draft).replace(path)
                sync_folder(path.parent)

    def clean(self) -> None:
        """Remove drafts, and outputs that a crash left unnoted."""
        with told_disk_faults(self.out):
            shutil.rmtree(self.drafts, ignore_errors=True)
            known = {self._output(name) for name in self.done}
            for path in self.out.glob(f"part-*{SUFFIXES[self.facts.format]}"):
                if path not in known:
                    path.unlink(missing_ok=True)

    def load(self) -> None:
        """Read which shards are done; those whose output is gone or cut count as not done."""
        for line in (self.out / MANIFEST).read_bytes().splitlines()[1:]:
            shard = _shard(line)
            if shard and _size(self._output(shard.name)) == shard.output_bytes:
                self._add(shard)

    def _add(self, shard: DoneShard) -> None:
        if shard.name not in self.done:
            self.done[shard.name] = shard
            self.totals += shard.counts

    def _output(self, name: str) -> Path:
        return self.out / f"{name}{SUFFIXES[self.facts.format]}"


@contextmanager
def run_folder(out: Path, facts: RunFacts) -> Iterator[Manifest]:
    """Begin a run in a folder, or go on with the one there, as the only process that does.

    Raises `InputError` if the run there was begun otherwise, if another process is at it or if the folder holds other
    things.
    """
    with told_disk_faults(out):
        make_folder(out)
        descriptor = os.open(out / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"another process is tagging into {out}: wait for it or give another --out.") from None
        manifest = Manifest(out, facts)
        _begin(manifest)
        manifest.clean()
        with told_disk_faults(out):
            manifest.drafts.mkdir()
        try:
            yield manifest
        finally:
            # A disk that is full needs the room.
            shutil.rmtree(manifest.drafts, ignore_errors=True)
    finally:
        os.close(descriptor)


def run_facts_of(folder: Path) -> dict[str, Any] | None:
    """What the manifest of a folder says of its run, or None where there is none."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            facts = json.loads(file.readline())
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _begin(manifest: Manifest) -> None:
    out, facts = manifest.out, _written(manifest.facts)
    begun = run_facts_of(out)
    if begun is None:
        if {path.name for path in out.iterdir()} - {_LOCK}:
            raise InputError(f"{out} holds other things than a run: give an empty or a new folder.")
        with told_disk_faults(out):
            replace_file(out / MANIFEST, json.dumps(facts, ensure_ascii=False).encode() + b"\n")
        return
    if begun.get("model_version") != facts["model_version"]:
        raise InputError(
            f"{out} was begun with model {begun.get('model_version')}, not {facts['model_version']}: go on with "
            f"--models {manifest.facts.plan.bundle.removesuffix(facts['model_version'])}{begun.get('model_version')}, "
            "or give another --out."
        )
    changed = sorted(key for key in facts if begun.get(key) != facts[key])
    if changed:
        raise InputError(
            f"{out} was begun with other options ({', '.join(changed)}): go on with the same, or give another --out."
        )
    manifest.load()


def _written(facts: RunFacts) -> dict[str, Any]:
    """A run as the manifest's first line has it; where the model lies isn't part of it."""
    plan = asdict(replace(facts.plan, bundle=""))
    columns = plan.pop("columns")
    del plan["bundle"]
    columns["named"] = sorted(columns["named"])
    topics = [{"id": topic.id, "name_ar": topic.name_ar, "name_en": topic.name_en} for topic in facts.topics]
    return {
        "layout": _LAYOUT,
        "model_version": facts.plan.version,
        "format": facts.format,
        **plan,
        "columns": columns,
        "topics": topics,
    }


def _shard(line: bytes) -> DoneShard | None:
    """A shard from its line; None for a line that a crash cut."""
    try:
        told = json.loads(line)
        files = tuple(InputFile(**file) for file in told["files"])
        return DoneShard(told["name"], files, told["output_bytes"], Counts(**told["counts"]))
    except (ValueError, TypeError, KeyError):
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
