"""Draws passages to label next: where the model is unsure, unlike each other, evenly over topics and time."""

import csv
import heapq
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from app.bulk.dates import day_of, period_name, period_start
from app.tagger import InputError
from app.tagger.normalise import Normaliser

POOL = 8
"""Passages kept for each topic and month: the ones the model is least sure of."""
TOO_ALIKE = 0.8
"""Two passages that share so much of their words count as one."""
_HEADER = ("id", "start", "end", "text", "suggested", "nearest", "margin", "date", "source", "model_version")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that could be labelled. `month` is empty where it has no date; `suggested` are its topics now."""

    id: str
    start: int
    end: int
    text: str
    suggested: tuple[str, ...]
    nearest: str
    margin: float
    date: str
    source: str
    model_version: str

    @property
    def month(self) -> str:
        """The month of its date."""
        day = day_of(self.date)
        return period_name(period_start(day, "month"), "month") if day else ""


def drawn_from(tables: Iterable[pa.RecordBatch], size: int) -> list[Candidate]:
    """At most `size` passages of tables as `tagged_tables` gives them, the same ones whenever it's called.

    A passage stands for the topic whose threshold its score is nearest to. Topics take turns; within a topic the months
    with the fewest passages drawn do. Of a month's least sure passages the one least like those drawn for its topic is
    taken. Raises `InputError` if the tables hold no text.
    """
    pools = _pools(tables)
    drawing = _Drawing({key: pool.sure_last() for key, pool in pools.items()})
    return drawing.drawn(size)


def sample_csv(candidates: Sequence[Candidate]) -> bytes:
    """The passages as a CSV for the review queue: UTF-8 that Excel knows, a header, a row for each."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(_HEADER)
    for found in candidates:
        suggested = "|".join(found.suggested)
        place = (found.id, found.start, found.end, found.text, suggested, found.nearest, found.margin)
        writer.writerow((*place, found.date, found.source, found.model_version))
    return stream.getvalue().encode("utf-8-sig")


@dataclass(frozen=True, slots=True)
class _Stratum:
    topic: str
    month: str


class _Pool:
    """The least sure passages of a stratum, at most `POOL`."""

    def __init__(self) -> None:
        self.heap: list[tuple[float, int]] = []
        self.kept: dict[int, Candidate] = {}

    def takes(self, margin: float) -> bool:
        return len(self.heap) < POOL or margin < -self.heap[0][0]

    def add(self, number: int, candidate: Candidate) -> None:
        # Of equally unsure ones the first met stays, so that the draw doesn't depend on the heap.
        self.kept[number] = candidate
        heapq.heappush(self.heap, (-candidate.margin, -number))
        if len(self.heap) > POOL:
            del self.kept[-heapq.heappop(self.heap)[1]]

    def sure_last(self) -> list[Candidate]:
        return [self.kept[-number] for _, number in sorted(self.heap, reverse=True)]


def _pools(tables: Iterable[pa.RecordBatch]) -> dict[_Stratum, _Pool]:
    pools: dict[_Stratum, _Pool] = defaultdict(_Pool)
    months: dict[str | None, str] = {}
    number, texts = 0, False
    for table in tables:
        texts = texts or table.column("text").null_count < table.num_rows
        names = ("nearest", "margin", "date", "text")
        nearest, margins, dates, written = (table.column(name).to_pylist() for name in names)
        for row in range(table.num_rows):
            number += 1
            if margins[row] is None or nearest[row] is None or not written[row]:
                continue
            if dates[row] not in months:
                day = day_of(dates[row])
                months[dates[row]] = period_name(period_start(day, "month"), "month") if day else ""
            pool = pools[_Stratum(nearest[row], months[dates[row]])]
            if pool.takes(margins[row]):
                pool.add(number, _candidate(table, row))
    if not texts:
        raise InputError("the tagged passages have no text: tag with `rasid tag --keep-text` to draw from them.")
    return pools


def _candidate(table: pa.RecordBatch, row: int) -> Candidate:
    values = {name: table.column(name)[row].as_py() for name in table.schema.names}
    return Candidate(
        id=values["id"],
        start=values["start"],
        end=values["end"],
        text=values["text"],
        suggested=tuple(values["topics"] or ()),
        nearest=values["nearest"],
        margin=round(values["margin"], 6),
        date=values["date"] or "",
        source=values["source"] or "",
        model_version=values["model_version"] or "",
    )


@dataclass
class _Drawing:
    """A draw in progress: what is left of each stratum, and the words of what is drawn."""

    left: dict[_Stratum, list[Candidate]]
    topics: Counter[str] = field(default_factory=Counter)
    strata: Counter[_Stratum] = field(default_factory=Counter)
    words: dict[str, list[frozenset[str]]] = field(default_factory=lambda: defaultdict(list))
    normaliser: Normaliser = field(default_factory=Normaliser)

    def drawn(self, size: int) -> list[Candidate]:
        found: list[Candidate] = []
        while len(found) < size and self.left:
            turn = min(self.left, key=lambda key: (self.topics[key.topic], key.topic, self.strata[key], key.month))
            taken = self._taken(turn)
            if taken:
                found.append(taken)
                self.topics[turn.topic] += 1
                self.strata[turn] += 1
            if not self.left[turn]:
                del self.left[turn]
        return found

    def _taken(self, turn: _Stratum) -> Candidate | None:
        """The candidate of a stratum that is least like those drawn; those too much like them go."""
        words = {id(found): self._words_of(found) for found in self.left[turn]}
        likeness = {key: self._likeness(turn.topic, found) for key, found in words.items()}
        self.left[turn] = [found for found in self.left[turn] if likeness[id(found)] < TOO_ALIKE]
        if not self.left[turn]:
            return None
        taken = min(self.left[turn], key=lambda found: likeness[id(found)])
        self.left[turn].remove(taken)
        self.words[turn.topic].append(words[id(taken)])
        return taken

    def _words_of(self, candidate: Candidate) -> frozenset[str]:
        return frozenset(word.form for word in self.normaliser.words(candidate.text))

    def _likeness(self, topic: str, words: frozenset[str]) -> float:
        """The largest share of common words with a passage drawn for the topic (Jaccard)."""
        return max((len(words & other) / max(1, len(words | other)) for other in self.words[topic]), default=0.0)
