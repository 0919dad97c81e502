"""Files, folders, globs and URLs name the files to tag, each once."""

import os
from pathlib import Path

import fsspec
import pytest

from app.bulk.inputs import SHARD_BYTES, InputFile, found_inputs, shards_of
from app.bulk.run import output_name
from app.tagger import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "أرشيف"
    for name in ("a.csv", "b/c.jsonl.gz", "b/d.PARQUET", "e.txt.zst", "notes.md", ".hidden.csv", "_done/x.csv"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def names(found: list[InputFile]) -> list[str]:
    return [file.name for file in found]


def test_a_folder_gives_what_is_below_it(folder: Path) -> None:
    found = found_inputs([str(folder)])
    assert names(found) == ["أرشيف/a.csv", "أرشيف/b/c.jsonl.gz", "أرشيف/b/d.PARQUET", "أرشيف/e.txt.zst"]
    assert [file.format for file in found] == ["csv", "jsonl", "parquet", "text"]
    assert [file.compression for file in found] == [None, "gzip", None, "zstd"]


def test_globs_and_files_overlap_without_harm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(found_inputs([f"{folder}/*.csv", f"{folder}/**/*.gz"])) == ["أرشيف/a.csv", "أرشيف/b/c.jsonl.gz"]
    assert len(found_inputs([f"{folder}/a.csv", str(folder / "a.csv"), f"file://{folder}/a.csv"])) == 1
    monkeypatch.chdir(folder)
    assert found_inputs(["a.csv"]) == found_inputs([str(folder / "a.csv")])


def test_what_names_nothing_is_told(folder: Path) -> None:
    for argument in (f"{folder}/none.csv", f"{folder}/*.parquet", "nothing://x"):
        with pytest.raises(InputError, match=r"^\S+ (has no|can't be) .+\.$"):
            found_inputs([argument])
    with pytest.raises(InputError, match="--input-format"):
        found_inputs([f"{folder}/notes.md"])
    assert names(found_inputs([f"{folder}/notes.md"], "text")) == ["notes.md"]
    (folder / "b/a.csv").write_bytes(b"x")
    with pytest.raises(InputError, match=r"two files are both a\.csv"):
        found_inputs([f"{folder}/a.csv", f"{folder}/b/a.csv"])


def test_the_output_folder_is_no_input(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/part-a.parquet").write_bytes(b"x")
    assert len(found_inputs([str(folder)], out=folder / "out")) == 4


def test_urls_of_other_stores(folder: Path) -> None:
    store = fsspec.filesystem("memory")
    store.pipe("/shelf/a.csv", b"text\n")
    store.pipe("/shelf/b.jsonl", b"{}\n")
    found = found_inputs(["memory://shelf"])
    assert [(file.path, file.size) for file in found] == [("memory:///shelf/a.csv", 5), ("memory:///shelf/b.jsonl", 3)]
    before = found[0].stamp
    store.pipe("/shelf/a.csv", b"text\n")
    assert found_inputs(["memory://shelf"])[0].stamp != before
    with pytest.raises(InputError, match=r"can't be reached: s3fs isn't installed: pip install s3fs\.$"):
        found_inputs(["s3://bucket/a.csv"])


def test_a_name_that_is_no_utf8_is_told_in_utf8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.csv"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"text\n")
    (found,) = found_inputs([str(tmp_path)])
    assert found.name.encode()


def test_small_texts_share_a_shard_and_its_name_tells_it() -> None:
    def text(name: str, size: int) -> InputFile:
        return InputFile(f"/a/{name}", name, "text", size, "")

    files = [text(f"{number}.txt", SHARD_BYTES // 3) for number in range(7)]
    files.insert(2, InputFile("/a/t.csv", "t.csv", "csv", 1, ""))
    files.insert(5, text("large.txt", SHARD_BYTES))
    shards = list(shards_of(files))
    assert sorted(file.path for shard in shards for file in shard.files) == sorted(file.path for file in files)
    assert [len(shard.files) for shard in shards] == [1, 3, 1, 3, 1]
    assert len({output_name(shard) for shard in shards}) == 5
    assert output_name(shards[0]).startswith("part-t-")
