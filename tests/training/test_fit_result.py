import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.tagger import Tagger
from app.tagger.errors import LabelledDataError
from app.tagger.versions import current_version, versions_in
from training import LabelledData, load_labelled
from training.cli import app
from training.duplicates import near_duplicates
from training.hold_out import parted
from training.progress_lines import SHARES, ProgressLines

HERE = Path(__file__).parent
FEELINGS = HERE / "feelings.csv"
TOPICS = ("--topics", HERE / "feelings_topics.csv")
CANARY = "زمردة"


def fit(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["fit", *map(str, arguments), "--jobs", "1", "--no-lexicon"])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one version in use. Others may be added by tests."""
    models = tmp_path_factory.mktemp("feelings") / "model"
    code, _, err = fit(FEELINGS, *TOPICS, "--out", models)
    assert code == 0, err
    return models


def test_progress_as_json_lines_ends_at_100_percent_and_never_falls(models: Path) -> None:
    code, _, err = fit(FEELINGS, *TOPICS, "--out", models, "--progress", "json")
    assert code == 0
    steps = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    percents = [step["percent"] for step in steps]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert {step["stage"] for step in steps} == set(SHARES) - {"compare"}
    assert all(step["eta_s"] is None or step["eta_s"] >= 0 for step in steps)
    assert sum(SHARES.values()) == 100


def test_unknown_stages_leave_the_percent() -> None:
    lines: list[str] = []
    show = ProgressLines(lines.append)
    show("cross-validate", 5, 5)
    show("polish", 1, 2)
    before, after = (json.loads(line) for line in lines)
    assert after["percent"] == before["percent"] == 80
    assert after["stage"] == "polish"


def test_the_result_tells_version_rows_measures_and_the_comparison_by_cross_validation(
    tmp_path: Path, models: Path
) -> None:
    before = current_version(models)
    more = tmp_path / "more.csv"
    more.write_text("text,labels\n" + "".join(f"{CANARY} سررت {n} كثيرا بالنجاح,joy\n" for n in range(9)), "utf-8")
    result = tmp_path / "result.json"
    code, out, err = fit(FEELINGS, more, *TOPICS, "--out", models, "--result", result)
    assert code == 0, err
    told = json.loads(result.read_bytes())
    assert told["version"] == out.strip() != before
    assert [file["name"] for file in told["files"]] == ["feelings.csv", "more.csv"]
    assert told["files"][1] == {
        "name": "more.csv",
        "encoding": "utf-8",
        "rows": 9,
        "accepted": 9,
        "joined": 0,
        "refused": 0,
    }
    current, new = (Tagger.open(models / v).bundle.training["cross_validation"] for v in (before, told["version"]))
    compared = told["comparison"]
    assert (compared["with"], compared["by"], compared["same_rows"]) == (before, "cross-validation", False)
    assert compared["micro_f1"]["current"] == current["micro_f1"]
    assert compared["micro_f1"]["new"] == new["micro_f1"]
    assert compared["micro_f1"]["change"] == pytest.approx(new["micro_f1"] - current["micro_f1"], abs=1e-4)
    assert compared["topics"]["joy"]["current"] == current["topics"]["joy"]["f1"]
    assert compared["promotable"] == (compared["micro_f1"]["change"] >= -0.01)
    assert told["held_out"] is None
    assert current_version(models) == before


def test_a_lost_topic_is_not_promotable(tmp_path: Path, models: Path) -> None:
    result, topics = tmp_path / "result.json", tmp_path / "topics.csv"
    lines = (HERE / "feelings_topics.csv").read_text("utf-8").splitlines()
    topics.write_text("\n".join(line for line in lines if not line.startswith("joy,")), "utf-8")
    assert fit(FEELINGS, "--topics", topics, "--out", models, "--result", result)[0] == 0
    compared = json.loads(result.read_bytes())["comparison"]
    assert compared["only_current"] == ["joy"]
    assert compared["promotable"] is False


def test_the_first_version_has_nothing_to_compare_with_and_is_not_promoted_against_the_wish(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    code, out, _ = fit(FEELINGS, *TOPICS, "--out", tmp_path / "new", "--no-promote", "--result", result)
    assert code == 0
    assert json.loads(result.read_bytes())["comparison"] is None
    assert versions_in(tmp_path / "new") == [out.strip()]
    assert not (tmp_path / "new" / "current").exists()


def test_a_refused_file_leaves_its_findings_without_any_text(tmp_path: Path, models: Path) -> None:
    bad, result = tmp_path / "bad.csv", tmp_path / "result.json"
    bad.write_text(f"text,labels\nنص عن {CANARY},weather\n,joy\nنص آخر,{CANARY} في خانة الوسوم\n", "utf-8")
    code, _, err = fit(bad, *TOPICS, "--out", models, "--result", result)
    assert code == 1
    assert "has no row that can be used" in err
    told = json.loads(result.read_bytes())
    assert told["version"] is None
    assert told["files"][0]["refused"] == 3
    assert told["findings"]["count"] == 3
    assert [finding["line"] for finding in told["findings"]["first"]] == [2, 3, 4]
    assert all(finding["cure"] for finding in told["findings"]["first"])
    assert CANARY not in result.read_text("utf-8")


def held_out(tmp_path: Path, models: Path) -> dict[str, Any]:
    result = tmp_path / "result.json"
    code, _, err = fit(FEELINGS, *TOPICS, "--out", models, "--result", result, "--hold-out", 0.25)
    assert code == 0, err
    told: dict[str, Any] = json.loads(result.read_bytes())
    return told


def test_held_out_rows_are_not_fitted_and_both_versions_are_measured_on_them(tmp_path: Path, models: Path) -> None:
    told = held_out(tmp_path, models)
    held = told["held_out"]
    assert held["rows"] + told["cross_validation"]["rows"] == 240
    assert 50 <= held["rows"] <= 70
    assert set(held["topics"]) == {"joy", "sadness", "anger", "fear", "surprise", "hope"}
    # The version in use was fitted on these very rows, the new one wasn't.
    assert held["micro_f1"]["current"] > held["micro_f1"]["new"]
    assert held["micro_f1"]["low"] <= held["micro_f1"]["change"] <= held["micro_f1"]["high"]


def test_versions_without_a_common_topic_are_not_compared_on_rows_held_out(tmp_path: Path, models: Path) -> None:
    own, result = tmp_path / "own.csv", tmp_path / "result.json"
    own.write_text(FEELINGS.read_text("utf-8").replace("joy", "delight").replace("sadness", "grief"), "utf-8")
    topics = tmp_path / "topics.csv"
    topics.write_text("id,name_ar,name_en\ndelight,سرور,Delight\ngrief,أسى,Grief\n", "utf-8")
    options = ("--out", models, "--result", result, "--hold-out", 0.2)
    code, _, err = fit(own, "--topics", topics, *options)
    assert code == 0, err
    assert "nothing is compared" in err
    told = json.loads(result.read_bytes())
    assert told["held_out"] is None
    assert told["comparison"]["topics"] == {}


def test_holding_out_parts_no_article_and_no_like_passages(tmp_path: Path) -> None:
    data = load_labelled(FEELINGS)
    twice = replace(data, rows=(*data.rows, *(replace(row, article=f"again {row.id}") for row in data.rows)))
    split = parted(twice, 0.3, seed=0)
    assert len(split.rest.rows) + len(split.held.rows) == len(twice.rows)
    assert {row.text for row in split.rest.rows} & {row.text for row in split.held.rows} == set()
    texts = [row.text for row in (*split.rest.rows, *split.held.rows)]
    border = len(split.rest.rows)
    assert all((pair.first < border) == (pair.second < border) for pair in near_duplicates(texts))
    assert len({twice.sha256, split.rest.sha256, split.held.sha256}) == 3
    assert parted(twice, 0.3, seed=0) == split


def test_one_article_cannot_be_parted() -> None:
    data = load_labelled(FEELINGS)
    one = LabelledData(tuple(replace(row, article="1") for row in data.rows[:4]), (), "0" * 64)
    with pytest.raises(LabelledDataError, match="1 articles are too few to hold out a part"):
        parted(one, 0.5, seed=0)


@pytest.mark.parametrize(
    "arguments", [("--progress", "dots"), ("--hold-out", "0.2"), ("--hold-out", "0.9", "--result", "x.json")]
)
def test_options_that_make_no_sense_are_refused(arguments: tuple[str, ...]) -> None:
    assert fit(FEELINGS, *TOPICS, *arguments)[0] == 2


def test_a_result_that_cannot_be_written_is_one_sentence(tmp_path: Path, models: Path) -> None:
    code, _, err = fit(FEELINGS, *TOPICS, "--out", models, "--result", tmp_path / "nowhere" / "result.json")
    assert code == 1
    assert "result.json can't be written: No such file or directory" in err
