"""Archives in stores that fsspec reaches: read as from the disk, and told in one sentence if they can't be."""

import gzip
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import fsspec
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from app.bulk.inputs import found_inputs, shards_of
from app.bulk.plan import TagPlan
from app.bulk.shard import ShardTask, tag_shard
from app.tagger import InputError
from tests.bulk.archives import rasid, rows_of_texts, write_csv, write_jsonl


class BotoCoreError(Exception):
    """Stands for botocore's, which is no `OSError`."""


class Refusing(MemoryFileSystem):
    """A store that fails in every way asked for: at the listing, or later at the reading."""

    protocol = "refusing"
    store: dict[str, Any] = {}  # noqa: RUF012
    at_listing: Exception | None = None
    at_reading: Exception | None = None

    def info(self, path: str, **options: object) -> Any:
        if self.at_listing:
            raise self.at_listing
        return super().info(path, **options)

    def isdir(self, path: str) -> bool:
        return False

    def _open(self, path: str, *arguments: Any, **options: Any) -> Any:
        if self.at_reading:
            raise self.at_reading
        return super()._open(path, *arguments, **options)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Refusing]]:
    library = ModuleType("botocore.exceptions")
    library.BotoCoreError = library.ClientError = BotoCoreError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "botocore.exceptions", library)
    fsspec.register_implementation("refusing", Refusing, clobber=True)
    fsspec.filesystem("refusing").pipe("refusing://a.csv", b"text\n")
    yield Refusing
    Refusing.at_listing = Refusing.at_reading = None


FAULTS = [
    (PermissionError("Access Denied"), "its store refuses"),
    (BotoCoreError("Unable to locate credentials."), "Unable to locate credentials"),
    (FileNotFoundError("news/a.csv"), "nothing is there"),
    (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
]


@pytest.mark.parametrize(("fault", "told"), FAULTS)
def test_a_store_that_cannot_be_listed_is_told(refusing: type[Refusing], fault: Exception, told: str) -> None:
    refusing.at_listing = fault
    with pytest.raises(InputError, match=rf"^refusing://a.csv can't be read: {told}: give files, .+\.$"):
        found_inputs(["refusing://a.csv"])


@pytest.mark.parametrize(("fault", "told"), FAULTS)
def test_a_store_that_goes_away_ends_its_shard_and_nothing_else(
    refusing: type[Refusing], fault: Exception, told: str, plan: TagPlan, tmp_path: Path
) -> None:
    (shard,) = shards_of(found_inputs(["refusing://a.csv"]))
    refusing.at_reading = fault
    done = tag_shard(ShardTask(shard, "a", str(tmp_path), plan, "parquet"))
    assert done.fault == f"a.csv can't be read: {told}: run the same command again, or export it anew."


def test_a_store_gives_what_the_disk_gives(tmp_path: Path, texts: list[str], plan: TagPlan) -> None:
    disk, store = tmp_path / "أرشيف", fsspec.filesystem("memory")
    (disk / "sub").mkdir(parents=True)
    write_csv(disk / "sub/أخبار 1.csv", rows_of_texts(texts[:20]))
    lines = write_jsonl(tmp_path / "b.jsonl", rows_of_texts(texts[20:40])).read_bytes()
    (disk / "b.jsonl.gz").write_bytes(gzip.compress(lines))
    (disk / "c.txt").write_text("\n".join(texts[40:50]), "utf-8")
    store.put(f"{disk}/", "/stored/أرشيف", recursive=True)
    found = {}
    for root in (str(disk), "memory://stored/أرشيف"):
        for shard in shards_of(found_inputs([root])):
            name = shard.files[0].name
            folder = tmp_path / f"drafts-{len(found)}"
            folder.mkdir()
            done = tag_shard(ShardTask(shard, "a", str(folder), replace(plan, segment="none"), "parquet"))
            assert done.fault is None
            found[root, name] = pq.read_table(done.draft)
    names = {name for _, name in found}
    assert names == {"أرشيف/sub/أخبار 1.csv", "أرشيف/b.jsonl.gz", "أرشيف/c.txt"}
    for name in names:
        assert found[str(disk), name].num_rows >= 10
        assert found[str(disk), name] == found["memory://stored/أرشيف", name]


def test_the_output_is_no_url(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_csv(tmp_path / "a.csv", []).parent)
    result = rasid("tag", "a.csv", "--out", "s3://news/out", "--models", tiny_models)
    told = "error: --out s3:/news/out is a URL: give a folder of this machine and copy it when the run is done.\n"
    assert (result.exit_code, result.stderr) == (1, told)
    assert not (tmp_path / "s3:").exists()
