"""What the model sees of a word: its character n-grams and itself.

`phi(t)` of a word type `t` is the vector of its idf-weighted n-grams (counted, with a space at both ends, as
scikit-learn's `char_wb` does) and of the word as a whole. A passage is `x = sum_t g(tf_t) phi(t) / norm` with
`g(tf) = 1 + ln tf` (Manning, Raghavan, Schuetze: Introduction to Information Retrieval, 6.4.1) and
`norm^2 = sum_t g(tf_t)^2 |phi(t)|^2`. Since all sums run over word types, one row per type,
`(phi(t) . W, |phi(t)|^2)`, is all that scoring needs: `AdditiveModel` holds these rows. Each group of phrases of the
lexicon adds its own row of weights, outside the norm, where the passage holds one of its phrases.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.tagger.arrays import Array
from app.tagger.lexicon import Lexicon

LONGEST_WORD = 40
"""Words are read up to this many letters: no Arabic word is longer, and cost stays linear in the text."""


@dataclass(frozen=True, slots=True)
class NgramRange:
    """Lengths of the character n-grams, both ends included."""

    shortest: int = 2
    longest: int = 5


def ngrams_of(word: str, lengths: NgramRange) -> Counter[str]:
    """The character n-grams of a normalised word with a space at both ends, counted.

    >>> sorted(ngrams_of("من", NgramRange(2, 3)))
    [' م', ' من', 'من', 'من ', 'ن ']
    """
    padded = f" {word[:LONGEST_WORD]} "
    return Counter(
        padded[start : start + length]
        for length in range(lengths.shortest, min(lengths.longest, len(padded)) + 1)
        for start in range(len(padded) - length + 1)
    )


@dataclass(frozen=True)
class AdditiveModel:
    """A fitted linear model in the form that serves.

    With V known words, F n-grams, K topics and G groups of phrases: `word_rows` is (V, K + 1), a word's share in each
    topic's raw score before the norm and, last, `|phi|^2`; `ngram_idf` is (F,), `ngram_weights` is (F, K),
    `phrase_shares` is (G, K); `intercepts`, `slopes` and `offsets` are (K,). The score of topic k is
    `sigmoid(slopes[k] * raw[k] + offsets[k])` (Platt, 1999).
    """

    words: Mapping[str, int]
    word_rows: Array
    ngrams: Mapping[str, int]
    ngram_idf: Array
    ngram_weights: Array
    lengths: NgramRange
    lexicon: Lexicon
    phrase_shares: Array
    intercepts: Sequence[float]
    slopes: Sequence[float]
    offsets: Sequence[float]

    @property
    def topics(self) -> int:
        """How many topics, K."""
        return len(self.intercepts)
