"""Counts of an archive's tagged passages, in one pass and bounded memory."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.bulk.dates import day_of
from app.tagger import Topic

Ints = npt.NDArray[np.int64]
TYPICAL = 5
"""Passages shown for each topic."""
MOST_SOURCES = 5000
OTHER_SOURCES = "…"
"""Sources met after so many others are counted together."""


@dataclass(frozen=True, slots=True)
class TypicalPassage:
    """A passage with one of the highest scores of a topic; `text` is None unless it was kept."""

    id: str
    start: int
    end: int
    score: float
    text: str | None


@dataclass(frozen=True)
class ArchiveCounts:
    """What an archive holds. `together` (K, K) counts passages by two of their topics, by one on the diagonal.

    `days` and `sources` have for each of them the passages of each topic and, last, all its passages (K + 1,).
    """

    topics: tuple[Topic, ...]
    passages: int
    words: int
    unknown_words: int
    together: Ints
    days: dict[date, Ints]
    sources: dict[str, Ints]
    notes: Counter[str]
    versions: tuple[str, ...]
    typical: tuple[tuple[TypicalPassage, ...], ...]

    @property
    def by_topic(self) -> Ints:
        """Passages of each topic (K,)."""
        return self.together.diagonal()

    @property
    def undated(self) -> int:
        """Passages without a date that can be read."""
        return self.passages - sum(int(row[-1]) for row in self.days.values())


def counts_of(tables: Iterable[pa.RecordBatch], topics: Sequence[Topic]) -> ArchiveCounts:
    """Count the passages of tables as `tagged_tables` gives them. A topic that isn't among `topics` isn't counted."""
    counting = _Counting(topics)
    for table in tables:
        counting.add(table)
    return ArchiveCounts(
        topics=tuple(topics),
        passages=counting.passages,
        words=counting.words,
        unknown_words=counting.unknown_words,
        together=counting.together,
        days=counting.days,
        sources=counting.sources,
        notes=counting.notes,
        versions=tuple(sorted(counting.versions)),
        typical=tuple(tuple(best.passages) for best in counting.best),
    )


class _Counting:
    def __init__(self, topics: Sequence[Topic]) -> None:
        self.size = len(topics)
        self.ids = pa.array([topic.id for topic in topics], pa.string())
        self.passages = self.words = self.unknown_words = 0
        self.together = np.zeros((self.size, self.size), dtype=np.int64)
        self.days: dict[date, Ints] = {}
        self.sources: dict[str, Ints] = {}
        self.notes: Counter[str] = Counter()
        self.versions: set[str] = set()
        self.best = [_Best() for _ in topics]

    def add(self, table: pa.RecordBatch) -> None:
        lists = table.column("topics")
        owner = lists.value_parent_indices().to_numpy(zero_copy_only=False)
        topic = pc.index_in(lists.flatten(), self.ids).to_numpy(zero_copy_only=False)
        scores = table.column("scores").flatten().to_numpy(zero_copy_only=False)
        known = ~np.isnan(topic.astype(float))
        owner, topic, scores = owner[known], topic[known].astype(int), scores[known]
        reached = np.zeros((table.num_rows, self.size + 1), dtype=np.int64)
        reached[owner, topic] = 1
        reached[:, -1] = 1
        self.passages += table.num_rows
        self.words += pc.sum(table.column("words"), min_count=0).as_py()
        self.unknown_words += pc.sum(table.column("unknown"), min_count=0).as_py()
        alone = reached[:, :-1].astype(np.float64)
        self.together += (alone.T @ alone).astype(np.int64)
        self._group(table, reached)
        self.notes.update(table.column("notes").flatten().to_pylist())
        self.versions.update(version for version in table.column("model_version").unique().to_pylist() if version)
        for number, best in enumerate(self.best):
            mine = topic == number
            best.add(table, owner[mine], scores[mine])

    def _group(self, table: pa.RecordBatch, reached: Ints) -> None:
        for row, counts in _sums(table.column("date"), reached):
            day = day_of(row)
            if day:
                self.days[day] = self.days.get(day, 0) + counts
        for row, counts in _sums(table.column("source"), reached):
            if row is None:
                continue
            key = row if row in self.sources or len(self.sources) < MOST_SOURCES else OTHER_SOURCES
            self.sources[key] = self.sources.get(key, 0) + counts


def _sums(column: pa.Array, reached: Ints) -> Iterable[tuple[str | None, Ints]]:
    """The sum of the rows of `reached` for each value of a column."""
    values = column.dictionary_encode(null_encoding="encode")
    codes = values.indices.to_numpy(zero_copy_only=False)
    sums = np.zeros((len(values.dictionary), reached.shape[1]), dtype=np.int64)
    np.add.at(sums, codes, reached)
    return zip(values.dictionary.to_pylist(), sums, strict=True)


class _Best:
    """The passages with the highest scores of one topic, each id once."""

    def __init__(self) -> None:
        self.passages: list[TypicalPassage] = []

    def add(self, table: pa.RecordBatch, rows: Ints, scores: npt.NDArray[np.float32]) -> None:
        least = self.passages[-1].score if len(self.passages) == TYPICAL else -1.0
        better = np.flatnonzero(scores > least)
        for place in better[np.argsort(-scores[better], kind="stable")]:
            if len(self.passages) == TYPICAL and scores[place] <= self.passages[-1].score:
                return
            self._insert(table, int(rows[place]), float(scores[place]))

    def _insert(self, table: pa.RecordBatch, row: int, score: float) -> None:
        score = round(score, 6)
        id, start, end, text = (table.column(name)[row].as_py() for name in ("id", "start", "end", "text"))
        same = [other for other in self.passages if id == other.id or (text is not None and text == other.text)]
        if any(other.score >= score for other in same):
            return
        self.passages = [other for other in self.passages if other not in same]
        self.passages.append(TypicalPassage(id, start, end, score, text))
        self.passages.sort(key=lambda passage: -passage.score)
        del self.passages[TYPICAL:]
