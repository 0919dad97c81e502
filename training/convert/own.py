"""Rasid's own labelled CSV: columns id, article_id, text, and labels joined by `|`."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from training.convert.rows import Written, edge_notes, refuse_labels
from training.read import load_labelled
from training.rows import LabelledData, LabelledRow

_BETWEEN_LABELS = frozenset("|;,\u061b\u060c\r\n")
"""Bar, semicolons, commas and line ends, the Arabic semicolon and comma beside the others."""


def read_csv(path: Path) -> LabelledData:
    """Rows of a labelled CSV with whatever topics it names."""
    return load_labelled(path, None)


def write_csv(rows: Sequence[LabelledRow]) -> Written:
    """A labelled CSV of these rows. Reading it strips the text, so blanks at its ends get a note."""
    refuse_labels(rows, _fault)
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\r\n")
    writer.writerow(("id", "article_id", "text", "labels"))
    writer.writerows((row.id, row.article, row.text.strip(), "|".join(sorted(row.labels))) for row in rows)
    return Written(content.getvalue(), edge_notes(rows))


def _fault(label: str) -> str:
    if _BETWEEN_LABELS & set(label):
        return "bars, semicolons, commas and line ends part the topics of a CSV"
    return "a CSV's topics in square brackets are a list" if label.startswith("[") else ""
