"""The functions for Spark and Dask DataFrames give what `rasid tag` writes."""

from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa
import pytest

from app.bulk.frames import spark_schema, tagged_batches, tagged_frame, tagged_frames, tagged_meta
from app.bulk.plan import TagPlan
from app.bulk.rows import Columns, SourceRow
from app.bulk.tagging import BatchTagger


@pytest.fixture(scope="module")
def own(plan: TagPlan) -> TagPlan:
    """A plan with a column of another name."""
    return replace(plan, columns=Columns(text="نص"), keep_text=True)


@pytest.fixture(scope="module")
def table(texts: list[str]) -> pa.Table:
    values = [*texts[:40], None, " ", *texts[40:60]]
    return pa.table({"id": pa.array(range(len(values))), "نص": values, "date": ["2014-06-29"] * len(values)})


@pytest.fixture(scope="module")
def expected(own: TagPlan, table: pa.Table) -> list[dict[str, Any]]:
    rows = [SourceRow(0, row["نص"], str(row["id"]), row["date"]) for row in table.to_pylist() if row["نص"]]
    return pa.Table.from_batches(BatchTagger(own).batches(rows)).to_pylist()


def test_arrow_tables(own: TagPlan, table: pa.Table, expected: list[dict[str, Any]]) -> None:
    found = pa.Table.from_batches(tagged_batches(table.to_batches(max_chunksize=7), own)).to_pylist()
    assert found == expected
    assert len(found) == 60


def test_rows_without_ids_are_numbered(own: TagPlan, table: pa.Table) -> None:
    found = pa.Table.from_batches(tagged_batches(table.select(["نص"]).to_batches(max_chunksize=9), own))
    assert found.column("id").to_pylist()[38:42] == ["39", "40", "43", "44"]


def test_the_schema_for_spark(own: TagPlan) -> None:
    told = spark_schema(own)
    assert told.startswith("`id` string, `start` bigint, `end` bigint, `topics` array<string>, `scores` array<float>, ")
    assert told.count(",") == len(tagged_meta_names(own)) - 1


def tagged_meta_names(plan: TagPlan) -> list[str]:
    return list(BatchTagger(plan).schema.names)


def test_pandas_frames_with_dask_and_without(own: TagPlan, table: pa.Table, expected: list[dict[str, Any]]) -> None:
    pytest.importorskip("pandas", reason="pandas isn't installed: frames are tested as Arrow tables only")
    frame = table.to_pandas()
    (found,) = tagged_frames([frame], own)
    assert pa.Table.from_pandas(found, schema=BatchTagger(own).schema, preserve_index=False).to_pylist() == expected
    frames = pytest.importorskip("dask.dataframe").from_pandas(frame, npartitions=3)
    computed = frames.map_partitions(partial(tagged_frame, plan=own), meta=tagged_meta(own)).compute(scheduler="sync")
    assert pa.Table.from_pandas(computed, schema=BatchTagger(own).schema, preserve_index=False).to_pylist() == expected
