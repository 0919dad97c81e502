"""Names of labels as people write them -> the ids that are meant."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from app.tagger.normalise import Folding, Normaliser
from app.tagger.types import Topic

_SEPARATORS = ("|", ";\u061b", ",\u060c\n")
"""Bar; semicolons; commas and line ends, the Arabic ones beside the others."""
_EVERY = re.compile(f"[{re.escape(''.join(_SEPARATORS))}]")
_LIST = re.compile(r"\s*\[(.*)\]\s*", re.DOTALL)
_PARTS = re.compile(r"[\s_\-]+")
_FOLDED = Normaliser(Folding())


def label_key(name: str) -> str:
    """What spellings of a label have in common: small letters, folded Arabic letters, no marks, `_`, `-` or spaces.

    >>> label_key("Foreign Fighters") == label_key("foreign_fighters")
    True
    """
    return _PARTS.sub("", _FOLDED.word(unicodedata.normalize("NFKC", name.strip())).casefold())


class LabelNames:
    """The labels that a file may use, by any of their spellings."""

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._ids = dict(spellings)

    @classmethod
    def of_topics(cls, topics: Sequence[Topic]) -> "LabelNames":
        """Ids and names of topics, in that order where two have the same key."""
        spellings: dict[str, str] = {}
        for names in ([topic.id for topic in topics], [t.name_ar for t in topics], [t.name_en for t in topics]):
            for topic, name in zip(topics, names, strict=True):
                spellings.setdefault(label_key(name), topic.id)
        return cls(spellings)

    @classmethod
    def found_in(cls, labels: Iterable[str]) -> "LabelNames":
        """Whatever names there are: the most frequent spelling of a key stands for all, the first in a tie."""
        count = Counter(labels)
        spellings: dict[str, str] = {}
        for label in sorted(count, key=lambda name: (-count[name], name)):
            spellings.setdefault(label_key(label), label)
        return cls(spellings)

    def id_of(self, label: str) -> str | None:
        """The id that `label` means, None if it means none."""
        return self._ids.get(label_key(label))

    def nearest(self, label: str) -> str | None:
        """The id whose spelling is nearest to an unknown label, None if none is near."""
        near = get_close_matches(label_key(label), list(self._ids), n=1, cutoff=0.75)
        return self._ids[near[0]] if near else None

    def lookalikes(self) -> list[tuple[str, str]]:
        """Pairs of ids so alike that one may be a slip of the pen."""
        keys = sorted(self._ids)
        found = []
        for place, key in enumerate(keys):
            found += [(self._ids[near], self._ids[key]) for near in get_close_matches(key, keys[place + 1 :], 3, 0.88)]
        return found


def label_splitter(cells: Iterable[str], all_separators: bool) -> re.Pattern[str]:
    """What parts the labels of a cell.

    With `all_separators`, any of bar, semicolon, comma and line end. Else the first of these that any cell has, so that
    a label such as `war, crime` stays whole in a file that uses bars.
    """
    if all_separators:
        return _EVERY
    used = set().union(*map(set, cells))
    kind = next((kind for kind in _SEPARATORS if used & set(kind)), _SEPARATORS[0])
    return re.compile(f"[{re.escape(kind)}]")


def labels_in(cell: str, splitter: re.Pattern[str]) -> list[str]:
    """The labels of a cell, each once, in order; a list as Python or JSON writes it is taken apart.

    >>> labels_in("['a', 'b']", label_splitter([], all_separators=True))
    ['a', 'b']
    """
    if found := _LIST.fullmatch(cell):
        parts = [part.strip().strip("'\"") for part in _EVERY.split(found[1])]
    else:
        parts = splitter.split(cell)
    return list(dict.fromkeys(part for label in parts if (part := label.strip())))
