"""The same tagging as a function for Spark's `mapInArrow` and `mapInPandas` and for Dask's `map_partitions`."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from app.bulk.plan import TagPlan
from app.bulk.rows import SourceRow, is_sound
from app.bulk.tagging import BatchTagger, output_schema

if TYPE_CHECKING:
    import pandas as pd

_SPARK_TYPES = {"string": "string", "int64": "bigint", "int32": "int", "float": "float"}


def tagged_batches(batches: Iterable[pa.RecordBatch], plan: TagPlan) -> Iterator[pa.RecordBatch]:
    """Tag the rows of Arrow tables: `df.mapInArrow(partial(tagged_batches, plan=plan), spark_schema(plan))`.

    The columns are those of the plan and the output is that of `rasid tag`. A row without text gives no passage; one
    without an id is called by its number in the partition, from 1.
    """
    return BatchTagger(plan).batches(_rows(batches, plan))


def tagged_frames(frames: "Iterable[pd.DataFrame]", plan: TagPlan) -> "Iterator[pd.DataFrame]":
    """Tag the rows of pandas frames: `df.mapInPandas(partial(tagged_frames, plan=plan), spark_schema(plan))`."""
    for table in tagged_batches((pa.RecordBatch.from_pandas(frame) for frame in frames), plan):
        yield table.to_pandas()


def tagged_frame(frame: "pd.DataFrame", plan: TagPlan) -> "pd.DataFrame":
    """Tag the rows of one frame: `frames.map_partitions(tagged_frame, plan, meta=tagged_meta(plan))` with Dask."""
    tables = list(tagged_batches([pa.RecordBatch.from_pandas(frame)], plan))
    return pa.Table.from_batches(tables, output_schema(plan)).to_pandas()


def tagged_meta(plan: TagPlan) -> "pd.DataFrame":
    """An empty frame with the columns that `tagged_frame` gives."""
    return output_schema(plan).empty_table().to_pandas()


def spark_schema(plan: TagPlan) -> str:
    """The output's columns as Spark's data definition language has them."""
    return ", ".join(f"`{field.name}` {_spark_type(field.type)}" for field in output_schema(plan))


def _spark_type(kind: pa.DataType) -> str:
    return f"array<{_spark_type(kind.value_type)}>" if pa.types.is_list(kind) else _SPARK_TYPES[str(kind)]


def _rows(batches: Iterable[pa.RecordBatch], plan: TagPlan) -> Iterator[SourceRow]:
    place = 0
    columns = {"text": plan.columns.text, **plan.columns.extras()}
    for batch in batches:
        values = {
            what: batch.column(name).cast(pa.string()).to_pylist()
            for what, name in columns.items()
            if name in batch.schema.names
        }
        for row, text in enumerate(values["text"]):
            place += 1
            if text and is_sound(text):
                cells = [values[what][row] if what in values else None for what in ("id", "date", "source")]
                yield SourceRow(place, text, cells[0], cells[1], cells[2])
