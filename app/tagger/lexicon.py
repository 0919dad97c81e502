"""Standing phrases of the press, in groups: that a passage holds one of a group is a feature of its own.

Single words and n-grams miss what a phrase says at once ("claimed the attack"); a group lets a phrase that training saw
rarely count like its common fellows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

_ARTICLE = "\u0627\u0644"
_FOR_THE = "\u0644\u0644"
PROCLITICS = frozenset(
    "".join(parts)
    for parts in product(("", "\u0648", "\u0641"), ("", "\u0628", "\u0643", "\u0644"), ("", _ARTICLE, _FOR_THE))
)
"""Conjunctions, prepositions and the article, which Arabic writes in one word with the next."""
_LONGEST_PROCLITIC = max(map(len, PROCLITICS))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase in normalised words, the first without proclitics, and the number of its group."""

    words: tuple[str, ...]
    group: int


class Lexicon:
    """Finds phrases in sequences of normalised words.

    >>> lexicon = Lexicon([Phrase(("هجوم", "انتحاري"), 0)])
    >>> lexicon.places(["والهجوم", "انتحاري", "هجوم", "بري"])
    {0: [0, 1]}
    """

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self.phrases = tuple(phrases)
        self.groups = 1 + max((phrase.group for phrase in phrases), default=-1)
        self._by_first: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            self._by_first.setdefault(phrase.words[0], []).append(phrase)

    def starting_with(self, form: str) -> tuple[Phrase, ...]:
        """The phrases that a word can begin, whatever proclitics it carries."""
        found: list[Phrase] = []
        for length in range(min(_LONGEST_PROCLITIC, len(form)) + 1):
            if form[:length] in PROCLITICS:
                found += self._by_first.get(form[length:], ())
        return tuple(found)

    def places(self, forms: Sequence[str]) -> dict[int, list[int]]:
        """For each group found, the places in `forms` of all words of its phrases, in order."""
        return places_of({place: self.starting_with(form) for place, form in enumerate(forms)}, forms)


def places_of(starting: dict[int, tuple[Phrase, ...]], forms: Sequence[str]) -> dict[int, list[int]]:
    """Like `Lexicon.places`, given which phrases can begin at which place."""
    found: dict[int, set[int]] = {}
    for place, phrases in starting.items():
        for phrase in phrases:
            end = place + len(phrase.words)
            if tuple(forms[place + 1 : end]) == phrase.words[1:]:
                found.setdefault(phrase.group, set()).update(range(place, end))
    return {group: sorted(places) for group, places in sorted(found.items())}


def without_article(form: str) -> str:
    """A normalised word without the article, as a phrase's first word has to be."""
    return form.removeprefix(_ARTICLE)
