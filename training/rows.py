"""What a labelled file holds: rows, and findings about those that can't be used or deserve a look."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.tagger.types import Topic

OWN_WEIGHT = 10.0
"""How much a row of one's own counts beside a row of the shipped corpus."""


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A passage and its topic ids; `line` counts from 1, `article` groups rows that must not straddle a split.

    `weight` says how much the row counts in a fit: as much as so many rows of weight 1.
    """

    line: int
    id: str
    article: str
    text: str
    labels: frozenset[str]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a file: where, what, and what to do. `value` never is the row's text.

    `code` names the kind of finding, for programs; `line` 0 and an empty `column` mean the file as a whole.
    """

    code: str
    line: int
    column: str
    value: str
    reason: str
    cure: str

    def __str__(self) -> str:
        line = f"line {self.line}, " if self.line else ""
        column = f"column {self.column!r}, " if self.column else ""
        return f"{line}{column}value {self.value!r}: {self.reason}; {self.cure}"


@dataclass(frozen=True)
class LabelledData:
    """What a labelled file holds.

    `len(rows) + joined + len(refusals)` is the number of its rows: `joined` of them told a further label of a passage
    that another row had brought. `notices` are about rows that are used all the same.
    """

    rows: tuple[LabelledRow, ...]
    refusals: tuple[Finding, ...]
    sha256: str
    notices: tuple[Finding, ...] = ()
    joined: int = 0
    encoding: str = "utf-8"

    @property
    def rows_in(self) -> int:
        """The number of rows of the file, used or not."""
        return len(self.rows) + self.joined + len(self.refusals)

    @property
    def texts(self) -> list[str]:
        """The accepted rows' texts."""
        return [row.text for row in self.rows]

    @property
    def articles(self) -> list[str]:
        """The accepted rows' article ids."""
        return [row.article for row in self.rows]

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """The accepted rows' weights."""
        return np.array([row.weight for row in self.rows])

    def targets(self, topics: Sequence[Topic]) -> npt.NDArray[np.bool_]:
        """Which topics each row has: (rows, topics)."""
        return np.array([[topic.id in row.labels for topic in topics] for row in self.rows], dtype=bool)

    def topics(self) -> tuple[Topic, ...]:
        """Topics made of the labels alone, by falling number of rows, then name: the label is id and name."""
        count = Counter(label for row in self.rows for label in row.labels)
        return tuple(Topic(label, label, label) for label in sorted(count, key=lambda label: (-count[label], label)))


def default_weights(files: int) -> list[float]:
    """Rows of the first file count 1, those of further files, a user's own, more."""
    return [1.0, *[OWN_WEIGHT] * (files - 1)]


def merged(parts: Sequence[tuple[LabelledData, float]]) -> LabelledData:
    """Several files as one, the rows of each with a weight; articles of different files are different articles.

    One file of weight 1 stays as it is.
    """
    if len(parts) == 1 and parts[0][1] == 1:
        return parts[0][0]
    rows = [
        replace(row, article=f"{number}/{row.article}", weight=weight)
        for number, (data, weight) in enumerate(parts)
        for row in data.rows
    ]
    refusals = [refusal for data, _ in parts for refusal in data.refusals]
    digest = hashlib.sha256("".join(f"{data.sha256} {weight}\n" for data, weight in parts).encode())
    return LabelledData(tuple(rows), tuple(refusals), digest.hexdigest())
