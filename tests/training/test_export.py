import json
import random
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from app.tagger import Tagger
from app.tagger.errors import InputError
from app.tagger.normalise import Folding, Normaliser
from tests.arabic import (
    INVISIBLE,
    LETTERS,
    PERSIAN,
    QURANIC,
    decomposed,
    in_presentation_forms,
    with_invisible,
    with_marks,
    with_tatweel,
)
from training import LabelledData
from training.export import export_joblib

ELSEWHERE = """
import importlib.abc, json, sys

class Refused(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("app", "training", "tests", "pyarabic"):
            raise ModuleNotFoundError(f"{name} is refused")

sys.meta_path.insert(0, Refused())
try:
    import app
except ModuleNotFoundError:
    pass
else:
    sys.exit("the hook refuses nothing")

import joblib
from sklearn.base import clone

texts = json.load(open("texts.json", encoding="utf-8"))
pipeline = joblib.load(sys.argv[1])
joblib.dump(pipeline, "again.joblib")
again = joblib.load("again.joblib")
found = {
    "scores": pipeline.predict_proba(texts).tolist(),
    "decisions": pipeline.predict(texts).tolist(),
    "again": again.predict_proba(texts).tolist(),
    "features": [len(entry) for entry in clone(pipeline["words"]).transform(texts)],
}
json.dump(found, open("found.json", "w"))
"""


@dataclass(frozen=True)
class Case:
    """A tagger, its exported file, 200 texts, and what the file says of them where Rasid can't be imported."""

    tagger: Tagger
    file: Path
    texts: list[str]
    found: dict[str, Any]


def texts_to_score(corpus: LabelledData, tagger: Tagger) -> list[str]:
    chance = random.Random(5)
    rows = [row.text for row in chance.sample(corpus.rows, 100)]
    unseen = [
        " ".join("".join(chance.choices(LETTERS, k=chance.randint(2, 14))) for _ in range(chance.randint(1, 9)))
        for _ in range(20)
    ]
    phrases = [" ".join(phrase.words) for phrase in chance.sample(tagger.bundle.model.lexicon.phrases, 15)]
    rewritten = [
        change(text)
        for change, texts in (
            (with_marks, rows[:6]),
            (lambda text: with_marks(text, QURANIC), rows[6:10]),
            (with_tatweel, rows[10:16]),
            (with_invisible, rows[16:22]),
            (in_presentation_forms, rows[22:28]),
            (decomposed, rows[28:34]),
            (lambda text: text.translate(str.maketrans("كيه", "کیہ")), rows[34:40]),
            (lambda text: f"{text} {text[:40]} ١٢٣ ۴۵۶ 2014", rows[40:45]),
            (lambda text: text.replace(" ", "_"), rows[45:48]),
        )
        for text in texts
    ]
    written = [
        "",
        " \n\t",
        "_",
        "،؟!",
        INVISIBLE,
        "ًٌٍ",
        "ـــ",
        PERSIAN,
        "ISIS claimed the attack in Mosul, 12 killed; Éditions Σίσυφος ΑΣ.Α",
        "قتل " * 300 + "زرقبلطش " * 300,
        "زرقبلطش زرقبلطش زرقبلطشن",
        "ا" * 500,
        "ﷺ ﷲ ﷽ ﴾قتل﴿ ﷼",
        "\x00قتل\x00",
        "漢字 हिन्दी 🙂",
        "هجوم",
        "والهجوم الانتحاري",
    ]
    return [*rows, *unseen, *phrases, *rewritten, *written]


def with_other_options(tagger: Tagger) -> Tagger:
    """No letters folded, another threshold for each topic: the same rows serve."""
    thresholds = np.linspace(0.02, 0.6, len(tagger.topics)).tolist()
    return Tagger(replace(tagger.bundle, folding=Folding(*[False] * 4), thresholds=thresholds), "other")


@pytest.fixture(scope="module", params=["tiny", "tiny, other options", "shipped"])
def case(request: pytest.FixtureRequest, corpus: LabelledData, tmp_path_factory: pytest.TempPathFactory) -> Case:
    tagger: Tagger = request.getfixturevalue("shipped_tagger" if request.param == "shipped" else "tiny_tagger")
    if "other" in request.param:
        tagger = with_other_options(tagger)
    folder = tmp_path_factory.mktemp("elsewhere")
    texts = texts_to_score(corpus, tagger)
    (folder / "texts.json").write_text(json.dumps(texts), "utf-8")
    export_joblib(tagger, folder / "model.joblib")
    command = [sys.executable, "-W", "error", "-c", ELSEWHERE, "model.joblib"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return Case(tagger, folder / "model.joblib", texts, json.loads((folder / "found.json").read_text()))


def test_scores_are_the_taggers_where_rasid_cannot_be_imported(case: Case) -> None:
    expected = np.array([case.tagger.scores(text) for text in case.texts])
    assert expected.shape == (200, len(case.tagger.topics))
    np.testing.assert_allclose(case.found["scores"], expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(case.found["again"], case.found["scores"])


def test_the_texts_hold_what_could_go_wrong(case: Case) -> None:
    scored = [case.tagger._scorer.score(text) for text in case.texts]
    intercepts = case.tagger.bundle.model.intercepts
    only_unknown = [found for found in scored if found.unknown == found.words > 0]
    assert sum(not np.allclose(found.raw, intercepts) for found in only_unknown) > 20
    assert sum(found.words - found.unknown for found in scored) > 1000
    assert sum(found.unknown for found in scored) > 500
    normaliser, lexicon = Normaliser(case.tagger.bundle.folding), case.tagger.bundle.model.lexicon
    texts_with_phrases = [text for text in case.texts if lexicon.places([word.form for word in normaliser.words(text)])]
    assert len(texts_with_phrases) > 15
    assert case.found["features"][case.texts.index("")] == 0
    assert max(case.found["features"]) > 20


def test_decisions_are_scores_at_or_above_each_topics_threshold(case: Case) -> None:
    scores = np.array([case.tagger.scores(text) for text in case.texts])
    expected = scores >= np.array(case.tagger.bundle.thresholds)
    np.testing.assert_array_equal(np.array(case.found["decisions"]), expected)
    assert expected.any(axis=0).all()
    assert (expected != (scores >= 0.5)).any()


def test_the_pipeline_says_what_it_is(case: Case) -> None:
    pipeline = joblib.load(case.file)
    assert pipeline.topic_ids == [topic.id for topic in case.tagger.topics]
    assert pipeline.thresholds.tolist() == list(case.tagger.bundle.thresholds)
    assert pipeline.versions["model"] == case.tagger.version
    assert pipeline.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"scikit-learn", "numpy", "scipy", "joblib", "cloudpickle"} < set(pipeline.versions)


def test_a_features_weight_is_its_share_in_the_raw_score(case: Case) -> None:
    pipeline = joblib.load(case.file)
    model = case.tagger.bundle.model
    names = pipeline["features"].get_feature_names_out().tolist()
    word = next(iter(model.words))
    for topic, classifier in enumerate(pipeline["topics"].estimators_):
        share = classifier.estimator_.coef_[0, names.index(f"word={word}")]
        assert share == pytest.approx(model.slopes[topic] * np.asarray(model.word_rows)[model.words[word], topic])


def test_one_text_in_place_of_several_is_refused(case: Case) -> None:
    with pytest.raises(ValueError, match="give a list of texts"):
        joblib.load(case.file).predict_proba("قتل")


def test_a_file_is_replaced_whole(tiny_tagger: Tagger, tmp_path: Path) -> None:
    file = tmp_path / "model.joblib"
    file.write_text("old")
    export_joblib(tiny_tagger, file)
    assert joblib.load(file).versions["model"] == tiny_tagger.version
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_told_in_one_sentence(tiny_tagger: Tagger, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere/model.joblib can't be written: No such file or directory; give"):
        export_joblib(tiny_tagger, tmp_path / "nowhere/model.joblib")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="can't be written"):
        export_joblib(tiny_tagger, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
