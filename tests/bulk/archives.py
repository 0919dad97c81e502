"""Archives for the tests, made of the corpus's own passages, and what tagging made of them."""

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
from typer.testing import CliRunner, Result

from app.bulk.tagged_files import tagged_files, tagged_tables
from app.cli import app

COLUMNS = ("id", "text", "date", "source")


def rasid(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def rows_of_texts(texts: Sequence[str], prefix: str = "p") -> list[tuple[str, str, str, str]]:
    sources = ("الجزيرة نت", "الشرق الأوسط", "هسبريس")
    return [
        (f"{prefix}{number}", text, f"20{14 + number % 4}-{1 + number % 12:02}-15", sources[number % 3])
        for number, text in enumerate(texts)
    ]


def write_csv(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return path


def write_jsonl(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    lines = [json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def tagged(out: Path) -> list[dict[str, object]]:
    """The passages that a run wrote, as rows."""
    return pa.Table.from_batches(tagged_tables(tagged_files([out]))).to_pylist()


def places(out: Path) -> list[tuple[object, object]]:
    """Where each passage lies, as often as it was written."""
    return sorted((row["id"], row["start"]) for row in tagged(out))


def digests(out: Path) -> dict[str, str]:
    """The hash of every output."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("part-*"))}


def bad_rows(out: Path) -> list[tuple[str, str, str]]:
    """File, line and reason of all bad rows."""
    found = []
    for path in sorted((out / "errors").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            found += [(row["file"], row["line"], row["reason"]) for row in csv.DictReader(stream)]
    return found
