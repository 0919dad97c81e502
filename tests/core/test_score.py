import threading

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

from app.tagger import Tagger, word_table
from app.tagger.features import AdditiveModel, ngrams_of
from app.tagger.normalise import Normaliser
from app.tagger.score import WordTableScorer
from app.tagger.word_table import NgramRows
from tests import arabic
from training import LabelledData
from training.matrix import factored_counts


@pytest.fixture
def scorer(tiny_tagger: Tagger) -> WordTableScorer:
    return WordTableScorer(tiny_tagger.bundle.model, Normaliser(tiny_tagger.bundle.folding))


def reference(texts: list[str], model: AdditiveModel, normaliser: Normaliser) -> np.ndarray:
    """D . Phi . W by scipy, from the n-gram weights, with known words' own part added."""
    counts = factored_counts(texts, normaliser, model.lengths, model.lexicon)
    word_rows, ngram_idf, ngram_weights = map(np.asarray, (model.word_rows, model.ngram_idf, model.ngram_weights))
    idf = np.array([ngram_idf[model.ngrams[n]] if n in model.ngrams else 0.0 for n in counts.ngrams])
    weights = np.zeros((len(counts.ngrams), model.topics))
    for place, ngram in enumerate(counts.ngrams):
        if ngram in model.ngrams:
            weights[place] = ngram_weights[model.ngrams[ngram]]
    phi = counts.phi[:, : len(counts.ngrams)] @ sp.diags(idf)
    shares = phi @ weights
    length = np.asarray(phi.multiply(phi).sum(axis=1)).ravel()
    for place, word in enumerate(counts.words):
        if word in model.words:
            row = word_rows[model.words[word]].astype(np.float64)
            shares[place], length[place] = row[:-1], row[-1]
    norm = np.sqrt(counts.gains.multiply(counts.gains) @ length)
    scaled = np.asarray(counts.gains @ shares) / np.where(norm > 0, norm, 1)[:, None]
    return scaled + counts.phrases @ np.asarray(model.phrase_shares) + model.intercepts


def test_scores_equal_the_reference(scorer: WordTableScorer, corpus: LabelledData) -> None:
    texts = [row.text for row in corpus.rows[250:450]]
    expected = reference(texts, scorer.model, scorer.normaliser)
    found = np.array([scorer.score(text).raw for text in texts])
    assert np.abs(found - expected).max() < 1e-6


def test_a_known_word_has_the_row_that_its_ngrams_and_itself_make(scorer: WordTableScorer) -> None:
    model = scorer.model
    words = list(model.words)[::97]
    for word, from_ngrams in zip(words, NgramRows(model).rows_of(words), strict=True):
        assert np.asarray(model.word_rows)[model.words[word]][-1] > from_ngrams[-1] - 1e-3


def test_rows_of_unseen_words_are_the_sums_of_their_ngrams(scorer: WordTableScorer) -> None:
    model = scorer.model
    idf, weights = np.asarray(model.ngram_idf), np.asarray(model.ngram_weights, dtype=np.float64)
    words = ["داعشستان", "هههههه", "", "ababab", "والمتطرفات", "𐤀𐤁"]
    for word, row in zip(words, NgramRows(model).rows_of(words), strict=True):
        counts = ngrams_of(word, model.lengths)
        values = {
            model.ngrams[gram]: times * float(idf[model.ngrams[gram]])
            for gram, times in counts.items()
            if gram in model.ngrams
        }
        expected = sum((value * weights[number] for number, value in values.items()), np.zeros(model.topics))
        assert np.allclose(row, [*expected, sum(value**2 for value in values.values())], rtol=0, atol=1e-5)


def test_many_passages_score_as_one_by_one(scorer: WordTableScorer, corpus: LabelledData) -> None:
    texts = ["", *(row.text for row in corpus.rows[:600]), "...", "\u0640", ""]
    together, alone = scorer.score_many(texts), [scorer.score(text) for text in texts]
    assert np.allclose(together.scores, [one.scores for one in alone], rtol=0, atol=1e-12)
    assert list(together.words) == [one.words for one in alone]
    assert list(together.unknown) == [one.unknown for one in alone]
    assert list(together.arabic) == [one.arabic for one in alone]


@given(arabic.mixed_text)
def test_any_text_gets_finite_scores_and_the_same_again(tiny_tagger: Tagger, text: str) -> None:
    first, again = np.array(tiny_tagger.scores(text)), np.array(tiny_tagger.scores(text))
    assert np.isfinite(first).all()
    assert ((first >= 0) & (first <= 1)).all()
    assert (first == again).all()


@pytest.mark.parametrize(
    "write",
    [
        arabic.with_marks,
        lambda text: arabic.with_marks(text, arabic.QURANIC),
        arabic.with_tatweel,
        arabic.with_invisible,
        arabic.in_presentation_forms,
        arabic.decomposed,
    ],
)
def test_ways_of_writing_leave_every_score_unchanged(tiny_tagger: Tagger, corpus: LabelledData, write) -> None:  # type: ignore[no-untyped-def]
    for row in corpus.rows[::100]:
        assert write(row.text) != row.text
        assert tiny_tagger.scores(write(row.text)) == tiny_tagger.scores(row.text)


def test_no_word_scores_the_intercepts(scorer: WordTableScorer) -> None:
    found = scorer.score("… 、 !")
    assert list(found.raw) == list(scorer.model.intercepts)
    assert (found.words, found.unknown) == (0, 0)


def test_unknown_words_are_counted(scorer: WordTableScorer) -> None:
    found = scorer.score("قال قال خزعبلنطيق")
    assert (found.words, found.unknown) == (3, 1)


def test_a_full_cache_changes_no_score(
    scorer: WordTableScorer, corpus: LabelledData, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [row.text for row in corpus.rows[1000:1100]]
    expected = [scorer.score(text).raw for text in texts]
    monkeypatch.setattr(word_table, "CACHED_WORDS", 3)
    monkeypatch.setattr(word_table, "CACHED_TOKENS", 40)
    small = WordTableScorer(scorer.model, scorer.normaliser)
    for text, raw in zip(texts, expected, strict=True):
        assert np.allclose(small.score(text).raw, raw, rtol=0, atol=1e-12)


def test_threads_share_a_scorer(scorer: WordTableScorer, corpus: LabelledData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_table, "CACHED_WORDS", 50)
    texts = [row.text for row in corpus.rows[500:700]]
    expected = [scorer.score(text).raw for text in texts]
    shared = WordTableScorer(scorer.model, scorer.normaliser)
    faults: list[str] = []

    def run() -> None:
        for text, raw in zip(texts, expected, strict=True):
            if not np.allclose(shared.score(text).raw, raw, rtol=0, atol=1e-12):
                faults.append(text)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_very_long_words_cost_no_more_than_long_ones(tiny_tagger: Tagger) -> None:
    lengths = tiny_tagger.bundle.model.lengths
    assert len(ngrams_of("ا" * 100_000, lengths)) == len(ngrams_of("ا" * 1000, lengths))


def test_a_word_that_repeats_many_times(scorer: WordTableScorer) -> None:
    assert np.isfinite(scorer.score("داعش " * 1000).raw).all()
