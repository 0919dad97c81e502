from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.tagger import Tagger
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.errors import LabelledDataError
from app.tagger.lexicon import Lexicon, Phrase
from app.tagger.normalise import Normaliser
from app.tagger.types import Topic
from app.tagger.versions import current_version
from tests.conftest import ROOT
from training import FitOptions, LabelledData, evaluate, fit, merged
from training.evaluate import evaluate_baselines
from training.matrix import factored_counts, inverse_document_frequency, passages_matrix

OPTIONS = FitOptions(folds=3)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_fitting_twice_gives_the_same_bytes(
    phrases: dict[str, list[str]],
    tiny_bundle: Bundle,
    tiny_data: LabelledData,
    tiny_topics: tuple[Topic, ...],
    tmp_path: Path,
) -> None:
    first = write_bundle(tiny_bundle, tmp_path / "one")
    again = write_bundle(fit(tiny_data, tiny_topics, phrases, replace(OPTIONS, jobs=2)), tmp_path / "two")
    assert first == again
    assert files(tmp_path / "one" / first) == files(tmp_path / "two" / again)


def test_other_options_give_another_version(
    phrases: dict[str, list[str]],
    tiny_bundle: Bundle,
    tiny_data: LabelledData,
    tiny_topics: tuple[Topic, ...],
    tmp_path: Path,
) -> None:
    other = fit(tiny_data, tiny_topics, phrases, replace(OPTIONS, penalty=1.0))
    assert write_bundle(other, tmp_path) != write_bundle(tiny_bundle, tmp_path)


def test_the_shipped_model_is_what_the_data_gives(
    phrases: dict[str, list[str]], corpus: LabelledData, topics: tuple[Topic, ...], tmp_path: Path
) -> None:
    shipped = ROOT / "models/default"
    version = write_bundle(fit(corpus, topics, phrases), tmp_path)
    assert version == current_version(shipped)
    assert files(tmp_path / version) == files(shipped / version)
    assert sum(len(content) for content in files(shipped / version).values()) < 8 * 1024 * 1024


def test_progress_is_told_to_the_end(tiny_data: LabelledData, tiny_topics: tuple[Topic, ...]) -> None:
    told: list[tuple[str, int, int]] = []
    fit(tiny_data, tiny_topics, {}, replace(OPTIONS, jobs=1), lambda *step: told.append(step))
    last = {stage: (done, total) for stage, done, total in told}
    assert last == {"count words": (1, 1), "cross-validate": (12, 12), "fit on all rows": (4, 4)}


def test_a_fitted_model_beats_the_simple_baselines_on_rows_it_has_not_seen(
    phrases: dict[str, list[str]], corpus: LabelledData, tiny_topics: tuple[Topic, ...], tmp_path: Path
) -> None:
    training = LabelledData(corpus.rows[:800], (), "")
    held = LabelledData(
        tuple(replace(row, labels=row.labels & {topic.id for topic in tiny_topics}) for row in corpus.rows[800:1200]),
        (),
        "",
    )
    tagger = Tagger.open(tmp_path / write_bundle(fit(training, tiny_topics, phrases), tmp_path))
    own = evaluate(tagger, held)
    baselines = evaluate_baselines(tiny_topics, training, held)
    assert set(baselines) == {"majority", "keywords", "scikit-learn, plain", "scikit-learn, tuned thresholds"}
    assert own.micro_f1 > max(baselines[name].micro_f1 for name in ("majority", "keywords", "scikit-learn, plain"))
    assert own.calibration_error < 0.1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda row: replace(row, labels=row.labels - {"attacks"}), "attacks has 0 rows"),
        (lambda row: replace(row, labels=row.labels | {"attacks"}), "every row has topic attacks"),
        (lambda row: replace(row, article="one"), "1 articles are too few"),
    ],
)
def test_data_that_cannot_be_fitted_is_refused(
    tiny_data: LabelledData, tiny_topics: tuple[Topic, ...], change, says: str
) -> None:  # type: ignore[no-untyped-def]
    data = replace(tiny_data, rows=tuple(change(row) for row in tiny_data.rows))
    with pytest.raises(LabelledDataError, match=says):
        fit(data, tiny_topics, options=OPTIONS)


def test_idf_counts_passages_and_drops_rare_features(tiny_tagger: Tagger) -> None:
    normaliser = Normaliser(tiny_tagger.bundle.folding)
    lengths = tiny_tagger.bundle.model.lengths
    lexicon = Lexicon([Phrase(("كتاب",), 0)])
    counts = factored_counts(["باب باب", "باب كتاب", "قلم"], normaliser, lengths, lexicon)
    idf = inverse_document_frequency(counts, min_df=2)
    split = len(counts.ngrams)
    assert idf[split + counts.words.index("باب")] == pytest.approx(np.log(4 / 3) + 1)
    assert idf[split + counts.words.index("قلم")] == 0
    assert idf[counts.ngrams.index("اب")] == pytest.approx(np.log(4 / 3) + 1)
    matrix = passages_matrix(counts, idf, phrase_value=0.5)
    assert matrix.shape == (3, split + 3 + 1)
    assert matrix[:, -1].toarray().ravel().tolist() == [0, 0.5, 0]
    assert np.isfinite(matrix.data).all()


def test_rows_that_weigh_more_count_more(tiny_data: LabelledData, tiny_topics: tuple[Topic, ...]) -> None:
    """Three attack passages with the label withheld pull their topic down, the more the more they weigh."""
    attacks = [row for row in tiny_data.rows if "attacks" in row.labels][:3]
    withheld = LabelledData(tuple(replace(row, labels=frozenset()) for row in attacks), (), "")

    def score(weight: float) -> float:
        model = fit(merged([(tiny_data, 1.0), (withheld, weight)]), tiny_topics, options=OPTIONS)
        tagger = Tagger(model, "")
        place = [topic.id for topic in tiny_topics].index("attacks")
        return float(np.mean([tagger.scores(row.text)[place] for row in attacks]))

    assert score(20.0) < score(1.0)


def test_thresholds_are_half_the_expected_f1_or_the_best_of_each_topic(
    tiny_bundle: Bundle, tiny_data: LabelledData, tiny_topics: tuple[Topic, ...]
) -> None:
    assert list(tiny_bundle.thresholds) == [0.325] * len(tiny_topics)
    best = fit(tiny_data, tiny_topics, options=replace(OPTIONS, expected_f1=None)).thresholds
    assert len(set(best)) == len(tiny_topics)
