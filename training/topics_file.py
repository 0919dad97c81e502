"""Topics and lexicons from CSV files."""

from collections.abc import Iterator
from pathlib import Path

from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training.encoding import decoded, read_bytes
from training.table import table_of


def load_topics(path: str | Path) -> tuple[Topic, ...]:
    """Read a topics file: columns id, name_ar, name_en, and if wanted group, definition and keywords parted by `|`."""
    topics = tuple(
        Topic(
            id=row["id"],
            name_ar=row["name_ar"],
            name_en=row["name_en"],
            definition=row.get("definition", ""),
            group=row.get("group", ""),
            keywords=tuple(word.strip() for word in row.get("keywords", "").split("|") if word.strip()),
        )
        for row in _rows(Path(path), ("id", "name_ar", "name_en"))
    )
    ids = [topic.id for topic in topics]
    if not ids or len(set(ids)) < len(ids) or not all(ids):
        raise LabelledDataError(f"{path} must hold topics with one id each: remove empty and repeated ids.")
    return topics


def load_phrases(path: str | Path) -> dict[str, list[str]]:
    """Read a lexicon: columns topic and phrase; phrases of a topic are one group of features."""
    groups: dict[str, list[str]] = {}
    for row in _rows(Path(path), ("topic", "phrase")):
        groups.setdefault(row["topic"], []).append(row["phrase"])
    return groups


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Every row by the header's names, a missing cell as an empty one."""
    try:
        table = table_of(decoded(path, read_bytes(path)).text)
    except LabelledDataError as fault:
        raise LabelledDataError(f"{path}: {fault}") from None
    missing = [name for name in needed if name not in table.header]
    if missing:
        raise LabelledDataError(f"{path} has no column {missing[0]!r}: add it to the header line.")
    for record in table.records:
        if record.fault:
            raise LabelledDataError(f"{path}, line {record.line}: {record.fault}; mend that line.")
        cells = [cell.strip() for cell in record.cells] + [""] * (len(table.header) - len(record.cells))
        yield dict(zip(table.header, cells, strict=False))
