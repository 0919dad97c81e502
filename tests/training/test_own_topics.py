"""Data of quite another domain, feelings in everyday messages, goes all the way with no change of code."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.tagger import Tagger
from app.tagger.errors import LabelledDataError
from app.tagger.versions import current_version, versions_in
from training import FitOptions, LabelledData, LabelledRow, fit, load_labelled
from training.calibrate import precision_thresholds
from training.choose import candidates_of, choose_options, mean_average_precision
from training.cli import app
from training.options import FEWEST_ROWS
from training.solve import TrainingRows

HERE = Path(__file__).parent
FEELINGS, TOPICS = HERE / "feelings.csv", HERE / "feelings_topics.csv"
NAMES = {"joy", "sadness", "anger", "fear", "surprise", "hope"}
runner = CliRunner()


def run(*arguments: object) -> tuple[int, str, str]:
    result = runner.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "feelings"
    code, _, _ = run("fit", FEELINGS, "--topics-from-labels", "--out", folder, "--jobs", 1)
    assert code == 0
    return folder


def test_check_finds_nothing_to_refuse() -> None:
    code, out, _ = run("check", FEELINGS, "--topics", TOPICS, "--format", "json")
    assert code == 0
    summary = json.loads(out)
    assert (summary["rows"], summary["refused"], set(summary["topics"])) == (240, 0, NAMES)


def test_the_first_version_is_put_in_use_and_the_next_is_not(models: Path) -> None:
    first = current_version(models)
    assert {topic.id for topic in Tagger.open(models).topics} == NAMES
    code, out, err = run("fit", FEELINGS, "--topics", TOPICS, "--out", models, "--jobs", 1, "--seed", 7)
    assert code == 0
    assert current_version(models) == first != out.strip()
    assert f"rasid models promote {out.strip()}" in err
    assert out.strip() in versions_in(models)


def test_a_cross_validated_model_beats_chance(models: Path) -> None:
    measured = Tagger.open(models).bundle.training["cross_validation"]
    assert measured["macro_f1"] > 0.35


def test_evaluate_writes_the_page_the_numbers_and_the_errors(models: Path, tmp_path: Path) -> None:
    page, numbers, errors = tmp_path / "report.html", tmp_path / "metrics.json", tmp_path / "errors.csv"
    files = ("--report", page, "--metrics", numbers, "--errors", errors)
    code, out, err = run("evaluate", FEELINGS, "--models", models, "--no-baselines", *files)
    assert code == 0
    assert "the figures flatter" in err
    assert set(out.split()) >= NAMES
    assert set(json.loads(numbers.read_text("utf-8"))["topics"]) == NAMES
    assert "surprise" in page.read_text("utf-8")
    assert errors.read_text("utf-8-sig").startswith("id,line,missed,")


def test_compare_tells_a_verdict_and_its_rules(models: Path) -> None:
    version = current_version(models)
    code, out, _ = run("compare", version, version, "--on", FEELINGS, "--models", models)
    assert code == 0
    assert "no difference that can be told" in out
    assert "The rules:" in out


def test_convert_and_export(models: Path, tmp_path: Path) -> None:
    there, back = tmp_path / "rows.label-studio.json", tmp_path / "back.csv"
    assert run("convert", FEELINGS, there)[0] == run("convert", there, back)[0] == 0
    rows = [(row.id, row.article, row.text, row.labels) for row in load_labelled(FEELINGS).rows]
    assert [(row.id, row.article, row.text, row.labels) for row in load_labelled(back).rows] == rows
    assert run("export", tmp_path / "model.joblib", "--models", models)[0] == 0
    assert (tmp_path / "model.joblib").stat().st_size > 10_000


def test_nested_choice_gives_a_candidate_and_an_honest_figure() -> None:
    data = load_labelled(FEELINGS)
    candidates = candidates_of(FitOptions(folds=3, jobs=1))[::3]
    choice = choose_options(data, data.topics(), candidates=candidates)
    assert choice.best in candidates
    assert [found.options for found in choice.candidates] == candidates
    assert 0.2 < choice.nested < 1
    assert max(found.average_precision for found in choice.candidates) == pytest.approx(choice.nested, abs=0.15)


def test_mean_average_precision_is_over_topics_that_occur() -> None:
    targets = np.array([[True, False], [False, False]])
    assert mean_average_precision(targets, np.array([[2.0, 1.0], [1.0, 2.0]])) == 1.0


def rows_of(labels: list[str], text: str = "خبر عن الطقس رقم") -> LabelledData:
    words = ["صحو", "غائم", "ماطر", "عاصف", "حار", "بارد", "معتدل", "رطب", "جاف", "مشمس"]
    rows = [
        LabelledRow(
            number + 2,
            str(number),
            str(number),
            f"{text} {words[number % 10] * (number // 10 + 1)}",
            frozenset(label.split("|") if label else ()),
        )
        for number, label in enumerate(labels)
    ]
    return LabelledData(tuple(rows), (), "0" * 64)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (rows_of([""] * 20), "no row has a label"),
        (rows_of(["a"] * 20), "every row has topic a"),
        (rows_of(["a"] * (FEWEST_ROWS - 1) + [""] * 20), "or fit with --allow-rare"),
        (rows_of(["a"] * 3), "3 articles are too few"),
    ],
)
def test_what_cannot_be_fitted_is_refused(data: LabelledData, says: str) -> None:
    with pytest.raises(LabelledDataError, match=says):
        fit(data, data.topics(), options=FitOptions(jobs=1))


def test_rows_without_a_word_are_refused_as_a_whole() -> None:
    rows = tuple(
        LabelledRow(place, str(place), str(place), "،" * (place + 1), frozenset("a" if place % 2 else ()))
        for place in range(20)
    )
    data = LabelledData(rows, (), "0" * 64)
    with pytest.raises(LabelledDataError, match="no row holds a word"):
        fit(data, data.topics(), options=FitOptions(jobs=1))


def test_nearly_equal_rows_count_as_one_article() -> None:
    text = "أعلنت وزارة التعليم موعد بدء العام الدراسي الجديد في جميع مدارس البلاد صباح يوم الأحد المقبل"
    rows = tuple(LabelledRow(n, str(n), str(n), text, frozenset("a" if n % 2 else ())) for n in range(20))
    data = LabelledData(rows, (), "0" * 64)
    with pytest.raises(LabelledDataError, match="1 articles are too few"):
        fit(data, data.topics(), options=FitOptions(jobs=1))


def test_rare_topics_are_fitted_on_request() -> None:
    data = rows_of(["a"] * 2 + [""] * 20)
    bundle = fit(data, data.topics(), options=FitOptions(jobs=1, allow_rare=True))
    assert [topic.id for topic in bundle.topics] == ["a"]


def test_a_file_with_nothing_to_fit_writes_nothing(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text,labels\nخبر عن الطقس,a\nخبر آخر عن الطقس,a\n", "utf-8")
    code, out, err = run("fit", rows, "--topics-from-labels", "--out", tmp_path / "models")
    assert (code, out) == (1, "")
    assert "error: " in err
    assert not (tmp_path / "models").exists()


def test_precision_thresholds_reach_the_precision_they_promise() -> None:
    random = np.random.default_rng(0)
    scores = random.random((400, 3)).round(2)
    targets = random.random((400, 3)) < scores
    weights = random.integers(1, 4, 400).astype(float)
    for column, threshold in enumerate(precision_thresholds(scores, targets, weights, 0.8)):
        given = scores[:, column] >= threshold
        assert np.average(targets[given, column], weights=weights[given]) >= 0.8
        lower = scores[:, column] >= threshold - 0.01
        assert lower.sum() == given.sum() or np.average(targets[lower, column], weights=weights[lower]) < 0.8


def test_precision_thresholds_give_the_highest_score_where_none_reaches_it() -> None:
    scores, targets = np.array([[0.9], [0.4]]), np.array([[False], [True]])
    assert precision_thresholds(scores, targets, np.ones(2), 0.9).tolist() == [0.9]


def test_batches_of_topics_give_the_same_numbers_with_more_jobs(
    tiny_data: LabelledData, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, options = LabelledData(tiny_data.rows[:120], (), "0" * 64), FitOptions(jobs=1, folds=2, allow_rare=True)
    topics = data.topics()[:3]
    monkeypatch.setattr("training.solve._TOGETHER", 2)
    one, two = (fit(data, topics, options=replace(options, jobs=jobs)) for jobs in (1, 2))
    assert (one.model.word_rows == two.model.word_rows).all()
    assert (one.model.ngram_weights == two.model.ngram_weights).all()
    assert list(one.model.slopes) == list(two.model.slopes)


def test_subsets_of_training_rows_keep_their_groups(tiny_data: LabelledData) -> None:
    from app.tagger.features import NgramRange
    from app.tagger.lexicon import Lexicon
    from app.tagger.normalise import Normaliser
    from training.matrix import factored_counts

    counts = factored_counts(tiny_data.texts[:6], Normaliser(), NgramRange(), Lexicon([]))
    data = LabelledData(tiny_data.rows[:6], (), "")
    rows = TrainingRows.of(data, np.eye(6, dtype=bool), counts, [])
    some = rows.at(np.array([4, 1]))
    assert some.groups == (rows.groups[4], rows.groups[1])
    assert some.targets.tolist() == np.eye(6, dtype=bool)[[4, 1]].tolist()
    assert some.counts.gains.shape[0] == 2


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed", reason="the extra dask isn't installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_fits_the_same_version(models: Path, scheduler: str, tmp_path: Path) -> None:
    code, out, err = run("fit", FEELINGS, "--topics-from-labels", "--out", tmp_path / "models", "--dask", scheduler)
    assert code == 0, err
    assert out.strip() == current_version(models)


def test_a_dask_scheduler_that_does_not_answer_is_told(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    arguments = ("--topics-from-labels", "--out", tmp_path / "models", "--dask", "tcp://127.0.0.1:9")
    code, _, err = run("fit", FEELINGS, *arguments)
    assert code == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in err
