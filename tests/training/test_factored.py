from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression

from app.tagger.features import NgramRange
from app.tagger.lexicon import Lexicon, Phrase
from app.tagger.normalise import Normaliser
from training import LabelledData
from training.factored import FactoredRows
from training.matrix import FactoredCounts, factored_counts, inverse_document_frequency, passages_matrix

TOPICS = ("attacks", "ideology")


@pytest.fixture(scope="module")
def counts(tiny_data: LabelledData) -> FactoredCounts:
    lexicon = Lexicon([Phrase(("داعش",), 0), Phrase(("هجوم",), 1)])
    return factored_counts(tiny_data.texts, Normaliser(), NgramRange(), lexicon)


@pytest.fixture(scope="module")
def targets(tiny_data: LabelledData) -> npt.NDArray[np.bool_]:
    return np.array([[topic in row.labels for topic in TOPICS] for row in tiny_data.rows])


@pytest.mark.parametrize("penalty", [0.1, 10.0, 100.0])
def test_the_factors_give_the_scores_of_scikit_learn_on_their_product(
    counts: FactoredCounts, targets: npt.NDArray[np.bool_], penalty: float
) -> None:
    idf = inverse_document_frequency(counts, min_df=2)
    matrix = passages_matrix(counts, idf, phrase_value=0.3)
    weights = np.random.default_rng(0).integers(1, 4, targets.shape).astype(float)
    rows = FactoredRows.of(counts, idf, phrase_value=0.3)
    found = rows.fit(targets, weights, penalty)
    for topic, scores in enumerate(rows.scores(found).T):
        peer = LogisticRegression(C=penalty, tol=1e-9, max_iter=20_000)
        peer.fit(matrix, targets[:, topic], weights[:, topic])
        assert scores == pytest.approx(peer.decision_function(matrix), abs=1e-3)
    assert matrix[:, rows.kept] @ found[:-1] + found[-1] == pytest.approx(rows.scores(found), abs=1e-4)


def test_a_topic_is_fitted_alone_as_it_is_beside_others(counts: FactoredCounts, targets: npt.NDArray[np.bool_]) -> None:
    rows = FactoredRows.of(counts, inverse_document_frequency(counts, min_df=2), phrase_value=0.3)
    weights = np.ones(targets.shape)
    beside = rows.fit(targets, weights, 10.0)
    for topic in range(len(TOPICS)):
        alone = rows.fit(targets[:, [topic]], weights[:, [topic]], 10.0)
        assert rows.scores(alone)[:, 0] == pytest.approx(rows.scores(beside)[:, topic], abs=1e-3)


def test_rows_without_a_kept_feature_are_fitted_by_their_share(
    counts: FactoredCounts, targets: npt.NDArray[np.bool_]
) -> None:
    nothing = replace(counts, phrases=counts.phrases[:, :0])
    rows = FactoredRows.of(nothing, np.zeros(counts.phi.shape[1]), phrase_value=0.3)
    found = rows.fit(targets, np.ones(targets.shape), 10.0)
    share = targets.mean(axis=0)
    assert found == pytest.approx(np.log(share / (1 - share))[None], abs=1e-3)
