"""Rows -> a table of tagged passages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from app.bulk.plan import TagPlan
from app.bulk.rows import SourceRow
from app.bulk.scoring import judged
from app.tagger import Passage
from app.tagger.segment import passages_of, whole_passage

_MOST_PASSAGES, _MOST_CHARACTERS = 1024, 2**20
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class _Place:
    row: SourceRow
    passage: Passage


class BatchTagger:
    """Tags rows by one plan. The columns of its tables are told by `schema`.

    `start` and `end` are code points of the row's text (text files: of the file). `scores` has one score for each of
    `topics`. `nearest` is the topic whose score lies nearest to its threshold and `margin` how far: the smaller, the
    less sure; both are missing where a passage can't be judged. Training never saw `unknown` of its `words`.
    `all_scores` follows the order of the model's topics.
    """

    def __init__(self, plan: TagPlan) -> None:
        self.plan = plan
        self._tagger = plan.tagger()
        self._ids = np.array([topic.id for topic in self._tagger.topics], dtype=object)
        self._rank = np.argsort(np.argsort(self._ids))
        self._thresholds = np.array([self._tagger.thresholds[topic] for topic in self._ids])
        self.schema = output_schema(plan)

    def batches(self, rows: Iterable[SourceRow]) -> Iterator[pa.RecordBatch]:
        """Tables of bounded size with the passages of all rows, in order."""
        places: list[_Place] = []
        characters = 0
        for row in rows:
            found = passages_of(row.text) if self.plan.segment == "paragraph" else whole_passage(row.text)
            places += [_Place(row, passage) for passage in found]
            characters += len(row.text)
            if len(places) >= _MOST_PASSAGES or characters >= _MOST_CHARACTERS:
                yield self._batch(places)
                places, characters = [], 0
        if places:
            yield self._batch(places)

    def _batch(self, places: Sequence[_Place]) -> pa.RecordBatch:
        found = judged(self._tagger, [place.passage.text for place in places])
        row, topic = np.nonzero(found.reached)
        order = np.lexsort((self._rank[topic], -found.scores[row, topic], row))
        row, topic = row[order], topic[order]
        offsets = np.concatenate([[0], np.cumsum(found.reached.sum(axis=1))]).astype(np.int32)
        margins = np.abs(found.scores - self._thresholds)
        nearest = margins.argmin(axis=1)
        rounded = found.scores.round(_DECIMALS).astype(np.float32)
        columns = {
            "id": pa.array([place.row.id or str(place.row.place) for place in places], pa.string()),
            "start": pa.array([place.row.offset + place.passage.start for place in places], pa.int64()),
            "end": pa.array([place.row.offset + place.passage.end for place in places], pa.int64()),
            "topics": pa.ListArray.from_arrays(offsets, pa.array(self._ids[topic], pa.string())),
            "scores": pa.ListArray.from_arrays(offsets, pa.array(rounded[row, topic])),
            "nearest": pa.array(self._ids[nearest], pa.string(), mask=~found.judged),
            "margin": pa.array(
                margins[np.arange(len(places)), nearest].round(_DECIMALS).astype(np.float32), mask=~found.judged
            ),
            "notes": pa.array(found.notes, pa.list_(pa.string())),
            "words": pa.array(found.words, pa.int32()),
            "unknown": pa.array(found.unknown, pa.int32()),
            "date": pa.array([place.row.date for place in places], pa.string()),
            "source": pa.array([place.row.source for place in places], pa.string()),
            "model_version": pa.array([self.plan.version] * len(places), pa.string()),
        }
        if self.plan.all_scores:
            size = len(self._ids)
            ends = np.arange(0, size * len(places) + 1, size, dtype=np.int32)
            columns["all_scores"] = pa.ListArray.from_arrays(ends, pa.array(rounded.ravel()))
        if self.plan.keep_text:
            columns["text"] = pa.array([place.passage.text for place in places], pa.string())
        return pa.RecordBatch.from_pydict(columns, schema=self.schema)


def output_schema(plan: TagPlan) -> pa.Schema:
    """The columns of the tagged passages of a plan."""
    columns = {
        "id": pa.string(),
        "start": pa.int64(),
        "end": pa.int64(),
        "topics": pa.list_(pa.string()),
        "scores": pa.list_(pa.float32()),
        "nearest": pa.string(),
        "margin": pa.float32(),
        "notes": pa.list_(pa.string()),
        "words": pa.int32(),
        "unknown": pa.int32(),
        "date": pa.string(),
        "source": pa.string(),
        "model_version": pa.string(),
    }
    if plan.all_scores:
        columns["all_scores"] = pa.list_(pa.float32())
    if plan.keep_text:
        columns["text"] = pa.string()
    return pa.schema(columns)
