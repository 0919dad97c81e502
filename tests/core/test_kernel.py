"""The compiled kernel gives what the NumPy engine gives, for any text, with caches that overflow, from any thread."""

import random
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from app.tagger import Tagger, compiled
from app.tagger.compiled import KERNEL, KernelScorer, UnfitModelError
from app.tagger.engines import ENGINE_VARIABLE, scorer_for
from app.tagger.errors import RasidError
from app.tagger.features import NgramRange, ngrams_of
from app.tagger.normalise import Normaliser
from app.tagger.score import WordTableScorer
from tests import arabic
from tests.core.fuzz_kernel import inputs
from training import LabelledData

pytestmark = pytest.mark.skipif(not KERNEL, reason="the kernel wasn't built: there was no C compiler")


@pytest.fixture(scope="module")
def shipped() -> Tagger:
    return Tagger.open("models/default")


@pytest.fixture(scope="module")
def peer(shipped: Tagger) -> WordTableScorer:
    return WordTableScorer(shipped.bundle.model, Normaliser(shipped.bundle.folding))


@pytest.fixture(scope="module")
def kernel(shipped: Tagger) -> KernelScorer:
    return KernelScorer(shipped.bundle.model, Normaliser(shipped.bundle.folding))


@pytest.fixture
def crowded(shipped: Tagger, monkeypatch: pytest.MonkeyPatch) -> KernelScorer:
    """A kernel whose caches hold next to nothing."""
    monkeypatch.setattr(compiled, "CACHED_WORDS", 3)
    monkeypatch.setattr(compiled, "CACHED_SPELLINGS", 20)
    return KernelScorer(shipped.bundle.model, Normaliser(shipped.bundle.folding))


def assert_equal(kernel: KernelScorer, peer: WordTableScorer, text: str) -> None:
    found, expected = kernel.score(text), peer.score(text)
    assert (found.words, found.unknown) == (expected.words, expected.unknown)
    assert found.arabic == pytest.approx(expected.arabic)
    assert found.raw == pytest.approx(expected.raw, abs=1e-4)
    assert found.scores == pytest.approx(expected.scores, abs=1e-5)
    ours, theirs = kernel.shares(text, [0, 7]), peer.shares(text, [0, 7])
    assert (ours.starts, ours.ends) == (theirs.starts, theirs.ends)
    assert np.allclose(ours.shares, theirs.shares, rtol=0, atol=1e-5)


@given(arabic.mixed_text)
def test_any_text_scores_as_in_numpy(kernel: KernelScorer, peer: WordTableScorer, text: str) -> None:
    assert_equal(kernel, peer, text)


def test_changed_bytes_score_as_in_numpy(crowded: KernelScorer, peer: WordTableScorer, corpus: LabelledData) -> None:
    for text in inputs(400, 5, corpus.texts):
        assert_equal(crowded, peer, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "ً" * 5000,
        "ـ" * 5000,
        "ا" * 5000,
        "ﷺ ﷺ ﷺ صلى الله عليه وسلم ﷽",
        "أ" + "ٔ" * 40,
        "\ud83d \udc00 نص",
        "𝐀𝐁 😀 نص 𐤀𐤁𐤂",
        "داعش " * 3000,
        "İstanbul ΣΑΣ straße ﬁ",
        "الموصل_القديمة ٢٠١٤ 2014 ۲۰۱۴",
    ],
)
def test_odd_texts_score_as_in_numpy(
    kernel: KernelScorer, crowded: KernelScorer, peer: WordTableScorer, text: str
) -> None:
    assert_equal(kernel, peer, text)
    assert_equal(crowded, peer, text)
    assert_equal(kernel, peer, f"واصل {text} وأعلن التنظيم {text}")


@pytest.mark.parametrize(
    "write", [arabic.with_marks, arabic.with_tatweel, arabic.with_invisible, arabic.in_presentation_forms]
)
def test_ways_of_writing_leave_every_score_unchanged(kernel: KernelScorer, corpus: LabelledData, write) -> None:  # type: ignore[no-untyped-def]
    for row in corpus.rows[::100]:
        assert kernel.score(write(row.text)).scores == pytest.approx(kernel.score(row.text).scores, abs=1e-12)


def test_many_passages_score_as_one_by_one(kernel: KernelScorer, corpus: LabelledData) -> None:
    texts = [*corpus.texts[:300], "", "ابتداء"]
    many = kernel.score_many(texts)
    assert many.scores.shape == (len(texts), kernel.model.topics)
    for place, text in enumerate(texts):
        one = kernel.score(text)
        assert many.scores[place] == pytest.approx(one.scores, abs=1e-12)
        assert (many.words[place], many.unknown[place]) == (one.words, one.unknown)
        assert many.arabic[place] == pytest.approx(one.arabic)
    assert kernel.score_many([]).scores.shape == (0, kernel.model.topics)


def test_threads_share_a_kernel(crowded: KernelScorer, corpus: LabelledData) -> None:
    """Long texts are scored without the GIL: all threads write into the same few places of the cache."""
    texts = [" ".join(corpus.texts[start : start + 20]) for start in range(0, 400, 20)]
    expected = [crowded.score(text).scores for text in texts]
    faults: list[int] = []

    def read() -> None:
        for _ in range(3):
            for place, text in enumerate(texts):
                if crowded.score(text).scores != pytest.approx(expected[place], abs=1e-9):
                    faults.append(place)
            many = crowded.score_many(texts).scores
            faults.extend(np.flatnonzero(np.abs(many - expected).max(axis=1) > 1e-9).tolist())

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_the_engine_can_be_named(shipped: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    model, normaliser = shipped.bundle.model, Normaliser(shipped.bundle.folding)
    assert scorer_for(model, normaliser).engine == "kernel"
    assert scorer_for(model, normaliser, "numpy").engine == "numpy"
    monkeypatch.setenv(ENGINE_VARIABLE, "numpy")
    assert Tagger.open("models/default").engine == "numpy"
    monkeypatch.setenv(ENGINE_VARIABLE, "abacus")
    with pytest.raises(RasidError, match="numpy or kernel"):
        scorer_for(model, normaliser)


def test_a_model_that_the_kernel_cannot_hold_gets_the_other_engine(tiny_tagger: Tagger) -> None:
    model, normaliser = tiny_tagger.bundle.model, Normaliser(tiny_tagger.bundle.folding)
    for unfit in (
        replace(model, lengths=NgramRange(2, 9)),
        replace(model, word_rows=np.asarray(model.word_rows).astype(np.float64)),
        replace(model, words={**model.words, "كلمةزائدة": len(model.words)}),
        replace(model, words={("ه" * 300 if row == 0 else word): row for word, row in model.words.items()}),
    ):
        with pytest.raises(UnfitModelError):
            KernelScorer(unfit, normaliser)
    assert scorer_for(replace(model, lengths=NgramRange(2, 9)), normaliser).engine == "numpy"
    with pytest.raises(RasidError, match="can't hold"):
        scorer_for(replace(model, lengths=NgramRange(2, 9)), normaliser, "kernel")


def test_ngrams_of_hundreds_of_letters_and_with_gaps_score_as_in_numpy(shipped: Tagger) -> None:
    """A trie's step names 63 letters, the others take several; here n-grams lack beginnings and come unsorted."""
    random_, model = random.Random(0), shipped.bundle.model
    letters = [chr(0x4E00 + number) for number in range(300)] + list("ابتثجحخ")
    words = ["".join(random_.choices(letters, k=random_.randint(1, 9))) for _ in range(300)]
    grams = list(dict.fromkeys(gram for word in words for gram in ngrams_of(word, model.lengths)))
    random_.shuffle(grams)
    grams = [gram for gram in grams[: len(grams) * 2 // 3] if len(gram) != 3]
    drawn = np.random.default_rng(0)
    other = replace(
        model,
        ngrams={gram: number for number, gram in enumerate(grams)},
        ngram_idf=drawn.uniform(1, 5, len(grams)).astype(np.float32),
        ngram_weights=drawn.normal(size=(len(grams), model.topics)).astype(np.float16),
    )
    normaliser = Normaliser(shipped.bundle.folding)
    kernel, peer = KernelScorer(other, normaliser), WordTableScorer(other, normaliser)
    assert any(peer.score(word).raw != list(model.intercepts) for word in words)
    for start in range(0, len(words), 7):
        assert_equal(kernel, peer, " ".join([*words[start : start + 7], "داعشستان", words[start]]))


def test_wrong_shapes_are_refused(kernel: KernelScorer) -> None:
    inner = kernel._kernel
    with pytest.raises(ValueError, match="scores is"):
        inner.score_many(["نص"], np.empty((2, kernel.model.topics)), np.zeros((1, 4), dtype=np.int32))
    with pytest.raises(ValueError, match="facts is"):
        inner.score_many(["نص"], np.empty((1, kernel.model.topics)), np.zeros((1, 3), dtype=np.int32))
    with pytest.raises(IndexError):
        inner.explain("نص", [kernel.model.topics])
    with pytest.raises(TypeError):
        inner.score(b"bytes")  # type: ignore[arg-type]
