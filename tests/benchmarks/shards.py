"""An archive of any size out of the project's own corpus: Parquet shards of recombined sentences."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.corpus import with_invented_words

SENTENCES = 2
"""Sentences of a passage, drawn anew for each: about as many words as the corpus's own passages have."""
_SENTENCE_END = re.compile(r"(?<=[.!؟])\s+")
_GROUP_ROWS = 5_000
_SAMPLED_SHARDS = 10
_SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string())])


@dataclass(frozen=True)
class Recipe:
    """How many passages to make of which sentences, the passages of a shard, and the share of words to invent."""

    sentences: Sequence[str]
    passages: int
    shard_passages: int
    invented: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Shards:
    """Files, and what they hold together; the bytes are of the texts in UTF-8."""

    files: tuple[Path, ...]
    passages: int
    text_bytes: int


def sentences_of(texts: Sequence[str]) -> list[str]:
    """The sentences of all texts in order, each once."""
    return list(dict.fromkeys(sentence for text in texts for sentence in _SENTENCE_END.split(text)))


def write_shards(folder: Path, recipe: Recipe) -> Shards:
    """Write the shards one row group after the other, in memory that doesn't grow with their number."""
    files, text_bytes = [], 0
    for first in range(0, recipe.passages, recipe.shard_passages):
        files.append(folder / f"shard-{len(files):04}.parquet")
        with pq.ParquetWriter(files[-1], _SCHEMA, compression="zstd") as writer:
            for start, texts in _groups(recipe, first, min(first + recipe.shard_passages, recipe.passages)):
                ids = [str(start + place) for place in range(len(texts))]
                writer.write_table(pa.table({"id": ids, "text": texts}, _SCHEMA))
                text_bytes += sum(len(text.encode()) for text in texts)
    return Shards(tuple(files), recipe.passages, text_bytes)


def write_sample(shards: Shards, count: int, path: Path) -> Shards:
    """Write one file of passages drawn from row groups of several shards, spread over all of them; `count` at most."""
    random_ = random.Random(count)
    chosen = shards.files[:: -(-len(shards.files) // _SAMPLED_SHARDS)]
    parts = []
    for place, file in enumerate(chosen):
        table = pq.ParquetFile(file).read_row_group(0)
        wanted = count * (place + 1) // len(chosen) - count * place // len(chosen)
        parts.append(table.take(random_.sample(range(table.num_rows), min(wanted, table.num_rows))))
    sample = pa.concat_tables(parts)
    pq.write_table(sample, path, compression="zstd")
    return Shards((path,), sample.num_rows, sum(len(text.encode()) for text in sample["text"].to_pylist()))


def _groups(recipe: Recipe, first: int, end: int) -> Iterator[tuple[int, list[str]]]:
    """The passages from `first` on as row groups, each with the number of its first one."""
    for start in range(first, end, _GROUP_ROWS):
        random_ = random.Random(f"{recipe.seed} {start}")
        texts = [
            " ".join(random_.choices(recipe.sentences, k=SENTENCES))
            for _ in range(start, min(start + _GROUP_ROWS, end))
        ]
        yield start, with_invented_words(texts, recipe.invented, start) if recipe.invented else texts
