"""Labelled passages as the factored matrix `X = D . Phi` of the additive model, in scipy's sparse form."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from app.tagger.features import NgramRange, ngrams_of
from app.tagger.lexicon import Lexicon, places_of
from app.tagger.normalise import Normaliser
from training.sequences import WordSequences

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
    return counts_of(WordSequences.of(texts, normaliser), lengths, lexicon)


def counts_of(sequences: WordSequences, lengths: NgramRange, lexicon: Lexicon) -> FactoredCounts:
    """Like `factored_counts`, for texts whose words are found."""
    words = sequences.forms
    counted = [ngrams_of(word, lengths) for word in words]
    ngrams = tuple(sorted(set().union(*counted)))
    place = {ngram: column for column, ngram in enumerate(ngrams)}
    ngram_rows = _SparseRows()
    for ngram_counts in counted:
        ngram_rows.add({place[ngram]: count for ngram, count in ngram_counts.items()})
    phi = sp.csr_matrix(sp.hstack([ngram_rows.matrix(len(ngrams)), sp.identity(len(words))], format="csr"))
    return FactoredCounts(words, ngrams, _gains(sequences), phi, _phrases(sequences, lexicon))


def _gains(sequences: WordSequences) -> sp.csr_matrix:
    """D (N, V)."""
    starts = sequences.starts.astype(np.int32 if len(sequences.numbers) < 2**31 else np.int64)
    ones = np.ones(len(sequences.numbers), dtype=np.int32)
    times = sp.csr_matrix((ones, sequences.numbers.copy(), starts), shape=(len(sequences), len(sequences.forms)))
    times.sum_duplicates()
    return sp.csr_matrix((1 + np.log(times.data), times.indices, times.indptr), shape=times.shape)


def _phrases(sequences: WordSequences, lexicon: Lexicon) -> sp.csr_matrix:
    """Which groups of phrases each text holds: (N, G)."""
    starting = [lexicon.starting_with(form) for form in sequences.forms]
    found = _SparseRows()
    for text in range(len(sequences)):
        numbers = sequences.numbers_of(text).tolist()
        places = {place: starting[number] for place, number in enumerate(numbers) if starting[number]}
        found.add(dict.fromkeys(places_of(places, [sequences.forms[number] for number in numbers]), 1))
    return found.matrix(lexicon.groups)


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


class _SparseRows:
    """A sparse matrix that grows by rows, in flat arrays: 100,000 passages as dictionaries would fill a gigabyte."""

    def __init__(self) -> None:
        self._columns, self._values, self._starts = array("i"), array("d"), array("q", [0])

    def add(self, row: Mapping[int, float]) -> None:
        """A further row, its values by column."""
        self._columns.extend(row)
        self._values.extend(row.values())
        self._starts.append(len(self._columns))

    def matrix(self, width: int) -> sp.csr_matrix:
        """The rows so far."""
        columns = np.array(self._columns, dtype=np.int32)
        starts = np.array(self._starts, dtype=np.int32 if len(columns) < 2**31 else np.int64)
        matrix = sp.csr_matrix((np.array(self._values), columns, starts), shape=(len(starts) - 1, width))
        matrix.sort_indices()
        return matrix
