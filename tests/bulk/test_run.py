"""A run goes on where it stopped, is pinned to its model and options, and tells what it couldn't use."""

import fcntl
import gzip
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.tagger.bundle import Bundle, write_bundle
from app.tagger.versions import set_current
from tests.bulk.archives import bad_rows, digests, places, rasid, rows_of_texts, tagged, write_csv, write_jsonl
from tests.conftest import ROOT


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_run_tags_every_row_once_and_the_same_again(
    archive: Path, out: Path, tiny_models: Path, texts: list[str]
) -> None:
    result = rasid("tag", archive, "--out", out, "--models", tiny_models, "--segment", "none", "--progress", "none")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == f"done; 60 passages of 3 shards in {out}\n"
    assert places(out) == sorted((f"f{n // 20}-{n % 20}", 0) for n in range(60))
    assert "text" not in {name for row in tagged(out) for name, value in row.items() if value}
    before = digests(out)
    written = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    assert rasid("tag", archive, "--out", out, "--models", tiny_models, "--segment", "none").exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == written
    assert digests(out) == before
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == [".lock"]


def test_jobs_and_formats_do_not_change_what_is_found(archive: Path, tmp_path: Path, tiny_models: Path) -> None:
    found = []
    for number, options in enumerate((["--jobs", 1], ["--jobs", 2], ["--format", "csv"], ["--format", "jsonl"])):
        out = tmp_path / f"out{number}"
        result = rasid(
            "tag", archive, "--out", out, "--models", tiny_models, "--keep-text", "--progress", "none", *options
        )
        assert result.exit_code == 0, result.stderr
        found.append(tagged(out))
    assert found[0] == found[1] == found[2] == found[3]
    assert digests(tmp_path / "out0") == digests(tmp_path / "out1")


def test_a_lost_output_is_made_again_and_new_files_are_added(
    archive: Path, out: Path, tiny_models: Path, texts: list[str]
) -> None:
    arguments = ("tag", archive, "--out", out, "--models", tiny_models, "--segment", "none", "--progress", "none")
    rasid(*arguments)
    before = digests(out)
    lost, cut, *_ = sorted(out.glob("part-*"))
    lost.unlink()
    cut.write_bytes(b"cut")
    (out / "part-orphan-0123456789ab.parquet").write_bytes(b"left by a crash")
    (out / ".drafts").mkdir()
    (out / ".drafts/x.draft").write_bytes(b"left by a crash")
    with (out / "manifest.jsonl").open("ab") as manifest:
        manifest.write(b'{"name": "part-or')
    assert rasid(*arguments).exit_code == 0
    assert digests(out) == before
    write_csv(archive / "f9.csv", rows_of_texts(texts[60:80], "new-"))
    assert rasid(*arguments).stderr == f"done; 80 passages of 4 shards in {out}\n"
    assert len(set(places(out))) == 80
    assert before.items() < digests(out).items()


def test_another_version_is_refused_with_the_cure(
    archive: Path, out: Path, tiny_models: Path, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(tiny_models, models)
    arguments = ("tag", archive, "--out", out, "--progress", "none", "--models")
    rasid(*arguments, models)
    before, old = digests(out), (models / "current").read_text("ascii").split()[0]
    new = write_bundle(replace(tiny_bundle, card="other"), models)
    set_current(models, new)
    (out / next(iter(before))).unlink()
    result = rasid(*arguments, models)
    assert result.exit_code == 1
    told = f"error: {out} was begun with model {old}, not {new}: go on with --models {models}/{old}, "
    assert result.stderr == f"{told}or give another --out.\n"
    assert rasid(*arguments, models / old).exit_code == 0
    assert digests(out) == before


def test_other_options_changed_files_and_foreign_folders_are_refused(
    archive: Path, out: Path, tiny_models: Path, tmp_path: Path
) -> None:
    arguments = ("tag", archive, "--out", out, "--models", tiny_models, "--progress", "none")
    rasid(*arguments)
    result = rasid(*arguments, "--segment", "none", "--format", "csv")
    assert (result.exit_code, "was begun with other options (format, segment)" in result.stderr) == (1, True)
    (archive / "f1.csv").write_text("id,text\n1,نص آخر تماما\n", "utf-8")
    result = rasid(*arguments)
    assert result.stderr == f"error: archive/f1.csv was changed after it was tagged into {out}: give another --out.\n"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("mine", "utf-8")
    result = rasid("tag", archive, "--out", foreign, "--models", tiny_models)
    assert (result.exit_code, "holds other things" in result.stderr) == (1, True)
    assert sorted(path.name for path in foreign.iterdir()) == [".lock", "notes.txt"]


def test_two_runs_in_one_folder_do_not_meet(archive: Path, out: Path, tiny_models: Path) -> None:
    out.mkdir()
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = rasid("tag", archive, "--out", out, "--models", tiny_models)
    assert (result.exit_code, "another process is tagging" in result.stderr) == (1, True)


def test_bad_rows_are_listed_and_the_rest_is_tagged(
    archive: Path, out: Path, tiny_models: Path, texts: list[str]
) -> None:
    with (archive / "f0.csv").open("a", encoding="utf-8") as table:
        table.write(f'broken,"{texts[99]}\nlast,{texts[98].replace(",", " ")},2014-01-01,هسبريس\n')
    write_jsonl(archive / "f4.jsonl", rows_of_texts(["", *texts[100:103]], "j"))
    arguments = ("tag", archive, "--out", out, "--models", tiny_models, "--segment", "none", "--progress", "none")
    result = rasid(*arguments)
    assert result.exit_code == 0
    assert result.stderr == f"done with errors: 2 bad rows, see {out}/errors; 64 passages of 4 shards in {out}\n"
    assert bad_rows(out) == [
        ("archive/f0.csv", "22", "a quote that isn't closed or stands inside a cell"),
        ("archive/f4.jsonl", "1", "empty text"),
    ]
    assert not any(text[:30] in path.read_text("utf-8") for path in (out / "errors").iterdir() for text in texts)
    assert rasid(*arguments).stderr == result.stderr


def test_too_many_bad_rows_stop_the_run_which_goes_on_with_more(
    archive: Path, out: Path, tiny_models: Path, texts: list[str]
) -> None:
    for name, count in (("f3", 2), ("f4", 3)):
        write_csv(archive / f"{name}.csv", rows_of_texts([*texts[:5], *[""] * count, *texts[5:9]], f"{name}-"))
    arguments = ("tag", archive, "--out", out, "--models", tiny_models, "--segment", "none", "--progress", "none")
    result = rasid(*arguments, "--max-errors", 4)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: more than 4 rows are bad: see {out}/errors, then mend them or raise ")
    assert len(bad_rows(out)) == 5
    done = digests(out)
    assert len(done) == 4
    result = rasid(*arguments, "--max-errors", 5)
    assert (result.exit_code, "done with errors: 5 bad rows" in result.stderr) == (0, True)
    assert done.items() < digests(out).items()
    assert len(set(places(out))) == len(places(out)) == 78


def test_files_that_cannot_be_used_are_named_and_the_rest_is_tagged(
    archive: Path, out: Path, tiny_models: Path, texts: list[str]
) -> None:
    cut = gzip.compress(write_csv(archive / "x.csv", rows_of_texts(texts)).read_bytes())[:20_000]
    (archive / "x.csv").unlink()
    (archive / "cut.csv.gz").write_bytes(cut)
    (archive / "columns.csv").write_text("a,b\n1,2\n", "utf-8")
    (archive / "page.jsonl").write_bytes("صفحة\n".encode("windows-1256") * 3)
    arguments = ("tag", archive, "--out", out, "--models", tiny_models, "--segment", "none", "--progress", "none")
    result = rasid(*arguments)
    assert result.exit_code == 1
    columns, gz, page, last = result.stderr.splitlines()
    assert columns.startswith("error: archive/columns.csv has no column 'text'")
    assert gz.startswith("error: archive/cut.csv.gz can't be read: ")
    assert page.startswith(
        "error: archive/page.jsonl has no row that can be used; the first: line 1: bytes that are not"
    )
    assert last == f"stopped short of 3 files; 60 passages of 3 shards in {out}"
    (archive / "cut.csv.gz").write_bytes(gzip.compress((archive / "f0.csv").read_bytes()))
    for name in ("columns.csv", "page.jsonl"):
        (archive / name).unlink()
    assert rasid(*arguments).exit_code == 0
    assert len(places(out)) == 80


def test_folders_of_small_texts_make_one_shard(tmp_path: Path, out: Path, tiny_models: Path, texts: list[str]) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02}.txt").write_text("\n\n".join(texts[number : number + 2]), "utf-8")
    (folder / "30.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "31.txt.gz").write_bytes(gzip.compress(texts[0].encode())[:-9])
    result = rasid("tag", folder, "--out", out, "--models", tiny_models, "--keep-text", "--progress", "none")
    assert "of 1 shards" in result.stderr
    assert {file for file, _, _ in bad_rows(out)} == {"articles/30.txt", "articles/31.txt.gz"}
    rows = [row for row in tagged(out) if "3" not in str(row["id"])[-6:-5]]
    assert len(rows) >= 60
    for row in rows:
        article = (tmp_path / str(row["id"])).read_text("utf-8")
        assert article[row["start"] : row["end"]] == row["text"]  # type: ignore[misc]


def test_progress_as_json(archive: Path, out: Path, tiny_models: Path) -> None:
    result = rasid("tag", archive, "--out", out, "--models", tiny_models, "--segment", "none", "--progress", "json")
    *lines, last = map(json.loads, result.stderr.splitlines()[:-1])
    assert all(line["shards"] == 3 for line in lines)
    assert (last["shards_done"], last["passages"], last["bytes_read"]) == (3, 60, last["bytes"])
    assert last["left_s"] == 0


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--segment", "sentence"], 2, "paragraph or none"),
        (["--format", "xlsx"], 2, "parquet, csv or jsonl"),
        (["--jobs", "0"], 2, "1 or more"),
        (["--encoding", "hex"], 1, "no known encoding"),
        (["--dask", "tcp://127.0.0.1:9"], 1, "no Dask scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_options_that_make_no_sense(
    archive: Path, out: Path, tiny_models: Path, options: list[str], code: int, told: str
) -> None:
    result = rasid("tag", archive, "--out", out, "--models", tiny_models, *options)
    assert result.exit_code == code
    assert told in " ".join(result.stderr.replace("│", " ").split())


BLOCKED = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "pyarrow" else found(name, *rest)
from app.cli import main
sys.argv = ["rasid", {verb!r}, "x", "--out", "y"]
main()
"""


@pytest.mark.parametrize("verb", ["tag", "report", "sample"])
def test_a_missing_library_is_told_in_a_sentence(verb: str) -> None:
    code = BLOCKED.format(verb=verb)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 1
    assert result.stderr == "error: pyarrow isn't installed: run `pip install '.[bulk]'` in Rasid's clone.\n"


def test_serving_imports_none_of_it() -> None:
    code = "import app.main, app.cli, sys; print({'pyarrow', 'fsspec', 'joblib', 'distributed'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout == "set()\n"
