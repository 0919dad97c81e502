import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.tagger import Tagger
from tests.conftest import ROOT, TINY_TOPICS
from training import LabelledData
from training.cli import app

runner = CliRunner()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, tiny_data: LabelledData) -> Path:
    """A folder with topics.csv and rows.csv of four topics."""
    folder = tmp_path_factory.mktemp("files")
    header, *lines = (ROOT / "data/topics.csv").read_text("utf-8").splitlines()
    kept = [line for line in lines if line.split(",")[0] in TINY_TOPICS]
    (folder / "topics.csv").write_text("\n".join([header, *kept]), "utf-8")
    rows = [
        f'"{row.text.replace(chr(34), chr(39))}",{"|".join(row.labels & set(TINY_TOPICS))}' for row in tiny_data.rows
    ]
    (folder / "rows.csv").write_text("\n".join(["text,labels", *rows]), "utf-8")
    return folder


def run(*arguments: object) -> tuple[int, str, str]:
    result = runner.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_check_counts_rows_and_topics(files: Path) -> None:
    code, out, _ = run("check", files / "rows.csv", "--topics", files / "topics.csv")
    assert code == 0
    assert "300 rows: 300 accepted, 0 refused" in out


def test_check_lists_refusals_and_exits_1(files: Path) -> None:
    (files / "bad.csv").write_text("text,labels\nنص,attacks\nنص,weather\n,\n", "utf-8")
    code, out, _ = run("check", files / "bad.csv", "--topics", files / "topics.csv")
    assert code == 1
    assert "line 3, column 'labels', value 'weather': unknown topic" in out
    assert "3 rows: 1 accepted, 2 refused" in out


def test_check_says_how_topics_of_ones_own_are_named(files: Path) -> None:
    (files / "own.csv").write_bytes("text;labels\r\nأمطار غزيرة على المدينة غدا;طقس\r\n".encode("windows-1256"))
    code, out, err = run("check", files / "own.csv", "--topics", files / "topics.csv")
    assert code == 1
    assert "warning: value 'windows-1256': no UTF-8" in out
    assert err == "No row has a topic that is known: topics of your own need --topics FILE or --topics-from-labels.\n"


def test_fit_then_evaluate(files: Path) -> None:
    topics = ("--topics", files / "topics.csv")
    code, out, err = run("fit", files / "rows.csv", *topics, "--out", files / "model", "--jobs", 1)
    assert code == 0
    assert Tagger.open(files / "model").version == out.strip()
    assert "cross-validated micro-F1" in err
    evaluate = ("evaluate", files / "rows.csv", *topics, "--models", files / "model", "--training", files / "rows.csv")
    code, out, _ = run(*evaluate)
    assert code == 0
    for name in ("majority", "keywords", "scikit-learn", "rasid", "foreign_fighters", "micro F1"):
        assert name in out
    code, out, err = run(*evaluate, "--json", "--no-baselines")
    assert "the figures flatter" in err
    measured = json.loads(out)
    assert measured["data"]["rows"] == 300
    assert set(measured["topics"]) == set(TINY_TOPICS)


def test_fit_on_two_files(files: Path) -> None:
    arguments = (
        "fit",
        files / "rows.csv",
        files / "rows.csv",
        "--topics",
        files / "topics.csv",
        "--out",
        files / "two",
    )
    code, _, _ = run(*arguments, "--best-thresholds")
    assert code == 0
    assert Tagger.open(files / "two").bundle.training["data"]["rows"] == 600
    assert run(*arguments, "--weight", 1)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", "nowhere.csv"), "can't be read"),
        (("fit", "data/topics.csv"), "no column 'text'"),
        (("evaluate", "data/passages.csv", "--models", "nowhere"), "no file `current`"),
    ],
)
def test_errors_are_one_sentence_on_stderr(arguments: tuple[str, ...], says: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert says in err
    assert len(err.strip().splitlines()) == 1


def test_output_that_cannot_be_written_is_one_sentence(files: Path) -> None:
    topics, nowhere = ("--topics", files / "topics.csv"), files / "nowhere" / "out"
    for arguments in (
        ("check", files / "rows.csv", *topics, "--fix", nowhere),
        ("convert", files / "rows.csv", nowhere.with_suffix(".csv")),
        ("export", nowhere),
    ):
        code, _, err = run(*arguments)
        assert code == 1
        assert "can't be written: No such file or directory; give a file in a folder that is there." in err


def test_a_damaged_current_does_not_hide_the_version_that_was_fitted(files: Path) -> None:
    arguments = ("fit", files / "rows.csv", "--topics", files / "topics.csv", "--out", files / "damaged", "--jobs", 1)
    version = run(*arguments)[1].strip()
    (files / "damaged" / "current").write_text("", "ascii")
    code, out, err = run(*arguments)
    assert (code, out.strip()) == (0, version)
    assert f"not in use yet: `rasid models promote {version}" in err


def test_without_the_libraries_of_training_one_sentence() -> None:
    code = "import sys; sys.modules['sklearn'] = None; from app.rasid_train import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: sklearn isn't installed: run `pip install '.[train]'` in Rasid's clone.\n"


def test_the_installed_command_is_the_one_that_looks_for_its_libraries() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert scripts == {"rasid": "app.cli:main", "rasid-train": "app.rasid_train:main"}
