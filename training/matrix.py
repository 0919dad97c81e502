"""Labelled passages as the factored matrix `X = D . Phi` of the additive model, in scipy's sparse form."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from app.tagger.features import NgramRange, ngrams_of
from app.tagger.lexicon import Lexicon
from app.tagger.normalise import Normaliser

_BLOCK = 10_000


@dataclass(frozen=True)
class FactoredCounts:
    """Counts that all folds share. With N passages, V word types, F n-grams:

    `gains` D (N, V) holds `g(tf) = 1 + ln tf`; `phi` (V, F + V) counts each type's n-grams and, in the last V columns,
    the type itself; `phrases` (N, G) is 1 where a passage holds a phrase of a group. Types and n-grams are sorted, so
    equal data gives equal numbers.
    """

    words: tuple[str, ...]
    ngrams: tuple[str, ...]
    gains: sp.csr_matrix
    phi: sp.csr_matrix
    phrases: sp.csr_matrix

    def at(self, places: npt.NDArray[np.intp]) -> "FactoredCounts":
        """The counts of some of the passages."""
        return replace(self, gains=self.gains[places], phrases=self.phrases[places])


def factored_counts(
    texts: Sequence[str], normaliser: Normaliser, lengths: NgramRange, lexicon: Lexicon
) -> FactoredCounts:
    """Count the words of each text and the n-grams of each word, and find the lexicon's phrases."""
    sequences = [[word.form for word in normaliser.words(text)] for text in texts]
    tokens = [Counter(sequence) for sequence in sequences]
    phrases = _sparse([dict.fromkeys(lexicon.places(sequence), 1.0) for sequence in sequences], lexicon.groups)
    words = tuple(sorted(set().union(*tokens))) if tokens else ()
    number = {word: place for place, word in enumerate(words)}
    gains = _sparse(
        [{number[word]: 1 + np.log(count) for word, count in found.items()} for found in tokens], len(words)
    )
    counted = [ngrams_of(word, lengths) for word in words]
    ngrams = tuple(sorted(set().union(*counted))) if counted else ()
    place = {ngram: column for column, ngram in enumerate(ngrams)}
    phi = _sparse([{place[ngram]: count for ngram, count in found.items()} for found in counted], len(ngrams))
    with_words = sp.csr_matrix(sp.hstack([phi, sp.identity(len(words))], format="csr"))
    return FactoredCounts(words, ngrams, gains, with_words, phrases)


def inverse_document_frequency(counts: FactoredCounts, min_df: int) -> npt.NDArray[np.float64]:
    """`ln((1 + N) / (1 + df)) + 1` per feature; 0 where fewer than `min_df` passages have it.

    scikit-learn's smoothed idf (`TfidfTransformer`), counted on passages.
    """
    passages = counts.gains.shape[0]
    features = counts.phi.astype(bool).astype(np.int32)
    frequency = np.zeros(features.shape[1], dtype=np.int64)
    for start in range(0, passages, _BLOCK):
        used = counts.gains[start : start + _BLOCK].astype(bool).astype(np.int32) @ features
        frequency += np.bincount(used.indices, minlength=len(frequency))
    idf: npt.NDArray[np.float64] = np.log((1 + passages) / (1 + frequency)) + 1
    return np.where(frequency >= min_df, idf, 0.0)


def passages_matrix(counts: FactoredCounts, idf: npt.NDArray[np.float64], phrase_value: float) -> sp.csr_matrix:
    """X (N, F + V + G): every passage's features over its norm, `norm^2 = sum_t g(tf)^2 |phi(t)|^2`, and its phrases.

    A group of phrases that is there has the value `phrase_value`, outside the norm.
    """
    weighted = counts.phi @ sp.diags(idf)
    weighted.eliminate_zeros()
    length = np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel()
    norm = np.sqrt(counts.gains.multiply(counts.gains) @ length)
    scaled = sp.diags(1 / np.where(norm > 0, norm, 1)) @ counts.gains
    # One product for both kinds of feature: the matrix is large, and stacking would hold it twice.
    features = sp.csr_matrix(
        sp.hstack([scaled, counts.phrases * phrase_value], format="csr")
        @ sp.block_diag([weighted, sp.identity(counts.phrases.shape[1])], format="csr")
    )
    features.sort_indices()
    return features


def _sparse(rows: Sequence[dict[int, float]], width: int) -> sp.csr_matrix:
    starts = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.fromiter((column for row in rows for column in row), dtype=np.int32, count=starts[-1])
    values = np.fromiter((value for row in rows for value in row.values()), dtype=np.float64, count=starts[-1])
    matrix = sp.csr_matrix((values, columns, starts), shape=(len(rows), width))
    matrix.sort_indices()
    return matrix
