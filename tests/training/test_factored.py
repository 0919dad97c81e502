import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from app.tagger.features import NgramRange
from app.tagger.lexicon import Lexicon, Phrase
from app.tagger.normalise import Normaliser
from training import LabelledData
from training.factored import FactoredRows
from training.matrix import factored_counts, inverse_document_frequency, passages_matrix


@pytest.mark.parametrize("penalty", [1.0, 10.0])
def test_the_factors_give_the_scores_of_scikit_learn_on_their_product(tiny_data: LabelledData, penalty: float) -> None:
    lexicon = Lexicon([Phrase(("داعش",), 0), Phrase(("هجوم",), 1)])
    counts = factored_counts(tiny_data.texts, Normaliser(), NgramRange(), lexicon)
    idf = inverse_document_frequency(counts, min_df=2)
    matrix = passages_matrix(counts, idf, phrase_value=0.3)
    target = np.array(["attacks" in row.labels for row in tiny_data.rows])
    weights = np.random.default_rng(0).integers(1, 4, len(target)).astype(float)
    rows = FactoredRows.of(counts, idf, phrase_value=0.3)
    found = rows.fit(target, weights, penalty)
    peer = LogisticRegression(C=penalty, tol=1e-8, max_iter=2000).fit(matrix, target, weights)
    assert rows.scores(found) == pytest.approx(peer.decision_function(matrix), abs=0.05)
    places = np.append(rows.kept, np.arange(len(idf), matrix.shape[1]))
    assert matrix[:, places] @ found[:-1] + found[-1] == pytest.approx(rows.scores(found), abs=1e-9)
