"""The compiled kernel as an engine; a build without a C compiler lacks it."""

from collections.abc import Sequence

from app.tagger.arrays import Array, MappedArray
from app.tagger.features import AdditiveModel
from app.tagger.lexicon import PROCLITICS
from app.tagger.normalise import IN_WORDS, Normaliser
from app.tagger.scorer import PassageScore, PassageScores, WordShares
from app.tagger.vocabulary import Vocabulary

try:
    from app.tagger.kernel.engine import Kernel, Ngrams, Phrases, Reader, UnfitModelError, Weights
except ImportError:  # it was built without a compiler
    KERNEL = False

    class UnfitModelError(Exception):  # type: ignore[no-redef]
        """A model that the kernel can't hold."""
else:
    KERNEL = True
"""Whether the kernel was built."""

__all__ = ["KERNEL", "KernelScorer", "UnfitModelError"]

CACHED_WORDS = 65_536
"""Unseen words whose rows are kept; when full, the cache starts anew."""
CACHED_SPELLINGS = 2 * CACHED_WORDS


class KernelScorer:
    """Scores passages by an additive model in compiled code. Safe to share between threads."""

    engine = "kernel"

    def __init__(self, model: AdditiveModel, normaliser: Normaliser) -> None:
        """Raises `UnfitModelError` if the kernel can't hold `model`: over 1,023 topics, or odd n-grams or words."""
        self.model = model
        phrases = [(phrase.words, phrase.group) for phrase in model.lexicon.phrases]
        groups = model.lexicon.groups
        lines = Vocabulary.of(model.ngrams).lines
        idf, weights = _units(model.ngram_idf, "<f4"), _units(model.ngram_weights, "<f2")
        ngrams = Ngrams(lines, idf, weights, model.topics, model.lengths.shortest, model.lengths.longest)
        reader = Reader(
            IN_WORDS, normaliser.single_forms(), normaliser.word, ngrams, Phrases(phrases, sorted(PROCLITICS), groups)
        )
        rows, shares = _units(model.word_rows, "<f4"), _units(model.phrase_shares, "<f4")
        whole = Weights(rows, shares, list(model.intercepts), list(model.slopes), list(model.offsets))
        self._kernel = Kernel(Vocabulary.of(model.words).lines, reader, whole, phrases, CACHED_WORDS, CACHED_SPELLINGS)

    def score(self, text: str) -> PassageScore:
        """The scores of one passage, in time linear in its length."""
        raw, scores, words, unknown, letters, arabic = self._kernel.score(text)
        return PassageScore(raw, scores, words, unknown, arabic / letters if letters else 0.0)

    def score_many(self, texts: Sequence[str]) -> PassageScores:
        """The scores of N passages at once, without the GIL."""
        import numpy as np

        scores, facts = np.empty((len(texts), self.model.topics)), np.zeros((len(texts), 4), dtype=np.int32)
        self._kernel.score_many(list(texts), scores, facts)
        words, unknown, letters, arabic = facts.T
        return PassageScores(scores, words.tolist(), unknown.tolist(), (arabic / np.maximum(letters, 1)).tolist())

    def shares(self, text: str, topics: list[int]) -> WordShares:
        """The written words' shares in the raw scores of some topics."""
        return WordShares(*self._kernel.explain(text, topics))


def _units(array: Array, dtype: str) -> memoryview:
    """The numbers as the kernel takes them. Raises `UnfitModelError` if they are of another kind."""
    if not isinstance(array, MappedArray):
        import numpy as np

        found = np.asarray(array)
        array = MappedArray(memoryview(found.tobytes()), found.dtype.str, found.shape)
    if array.dtype != dtype:
        raise UnfitModelError(f"an array of it holds {array.dtype}, not {dtype}")
    return array.units
