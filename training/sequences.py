"""The words of many texts as numbers: normalised once for all that counts or compares them."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from app.tagger.normalise import Normaliser, raw_words_list


@dataclass(frozen=True)
class WordSequences:
    """N texts as sequences of words.

    `forms` are the different normalised words, sorted; `numbers` (words of all texts) are places in it, text after
    text: those of text n are `numbers[starts[n] : starts[n + 1]]`, so `starts` is (N + 1,).
    """

    forms: tuple[str, ...]
    numbers: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str], normaliser: Normaliser) -> "WordSequences":
        """The normalised words of each text, in order."""
        spellings = _Spellings(normaliser)
        found, starts = array("i"), array("q", [0])
        for text in texts:
            found.extend(chain.from_iterable(map(spellings.__getitem__, raw_words_list(text))))
            starts.append(len(found))
        forms = tuple(sorted(spellings.numbers))
        place = np.empty(len(forms), dtype=np.int32)
        place[[spellings.numbers[form] for form in forms]] = np.arange(len(forms), dtype=np.int32)
        return cls(forms, place[np.array(found, dtype=np.int32)], np.array(starts, dtype=np.int64))

    def __len__(self) -> int:
        """How many texts, N."""
        return len(self.starts) - 1

    def numbers_of(self, text: int) -> npt.NDArray[np.int32]:
        """The numbers of one text's words."""
        return self.numbers[self.starts[text] : self.starts[text + 1]]


class _Spellings(dict[str, tuple[int, ...]]):
    """The numbers of the words that a written word stands for, found once: words repeat in their spellings too."""

    def __init__(self, normaliser: Normaliser) -> None:
        super().__init__()
        self.numbers: dict[str, int] = {}
        self._normaliser = normaliser

    def __missing__(self, raw: str) -> tuple[int, ...]:
        forms = self._normaliser.word(raw).split()
        found = tuple(self.numbers.setdefault(form, len(self.numbers)) for form in forms)
        self[raw] = found
        return found
