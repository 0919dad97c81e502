"""Data sets of one JSON object a passage: doccano's exports and the ArMPro corpus.

doccano: `{"id", "text", "label": ["a", "b"]}`, other fields are metadata; older versions write `data` for `text` and
`labels` or `categories` for `label` (doccano's export code, pipeline/factories.py and models.py, for text
classification; JSONL or a JSON list).
ArMPro: `{"page_id", "paragraph_id", "paragraph", "labels": ["a"]}` (files multilabel/*.jsonl of the ArMPro repository;
version 1 and the coarse set write `no_technique` for no label, version 2 an empty list).
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from training.convert.content import Record, json_records
from training.convert.content import json_lines as written_lines
from training.convert.rows import Found, Written, collected, refuse_labels, row_of, strings_of
from training.rows import Finding, LabelledData, LabelledRow

DOCCANO_TEXTS = ("text", "data")
DOCCANO_LABELS = ("label", "labels", "categories", "cats")
ARMPRO_TEXTS = ("paragraph", "text")
ARMPRO_NONE = "no_technique"
_PARAGRAPH_NUMBER = re.compile(r"_\d+$")


def read_doccano(path: Path) -> LabelledData:
    """Rows of doccano's JSONL or JSON for text classification."""
    return _read(path, _doccano_row)


def write_doccano(rows: Sequence[LabelledRow]) -> Written:
    """JSONL that doccano imports; ids and articles become metadata."""
    objects = ({"id": row.id, "article_id": row.article, "text": row.text, "label": sorted(row.labels)} for row in rows)
    return Written(written_lines(objects), [])


def read_armpro(path: Path) -> LabelledData:
    """Rows of ArMPro's multi-label set; the paragraphs of a page are an article."""
    return _read(path, _armpro_row)


def write_armpro(rows: Sequence[LabelledRow]) -> Written:
    """JSONL as ArMPro writes it, with `no_technique` for no label."""
    refuse_labels(rows, lambda label: "in ArMPro it stands for no label" if label == ARMPRO_NONE else "")
    objects = (
        {
            "page_id": row.article,
            "paragraph_id": row.id,
            "paragraph": row.text,
            "labels": sorted(row.labels) or [ARMPRO_NONE],
        }
        for row in rows
    )
    return Written(written_lines(objects), [])


def _read(path: Path, row: Callable[[Record], LabelledRow | Finding]) -> LabelledData:
    return collected(path, (found if isinstance(found, Finding) else row(found) for found in json_records(path)))


def _doccano_row(record: Record) -> LabelledRow | Finding:
    fields, meta = record.fields, record.part("meta")
    text_column = next((name for name in DOCCANO_TEXTS if name in fields), "text")
    labels_column = next((name for name in DOCCANO_LABELS if name in fields), "label")
    return row_of(
        Found(
            record.line,
            fields.get(text_column),
            strings_of(fields.get(labels_column)),
            fields.get("id", meta.get("id")),
            fields.get("article_id", meta.get("article_id")),
            text_column,
            labels_column,
        )
    )


def _armpro_row(record: Record) -> LabelledRow | Finding:
    fields = record.fields
    text_column = next((name for name in ARMPRO_TEXTS if name in fields), ARMPRO_TEXTS[0])
    labels = strings_of(fields.get("labels"))
    if isinstance(labels, list):
        labels = [label for label in labels if label != ARMPRO_NONE]
    paragraph = fields.get("paragraph_id")
    page = fields.get("page_id")
    if page is None and isinstance(paragraph, str):
        page = _PARAGRAPH_NUMBER.sub("", paragraph)
    return row_of(Found(record.line, fields.get(text_column), labels, paragraph, page, text_column))
