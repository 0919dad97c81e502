"""Reviews in JSON as rows: the list that an export writes, or Label Studio's export of annotated tasks.

Source of the latter: Label Studio documentation, "Export annotations": tasks with `data` and `annotations`, each with
`completed_by`, `created_at` and `result` items of type `choices`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.store.upload import Faults, UploadedRow
from app.tagger.types import Topic

LABEL_STUDIO = "label-studio"
_TEXT_FIELDS = ("article_id", "source", "date")


def json_rows(items: Sequence[object], topics: Sequence[Topic], faults: Faults) -> Iterator[UploadedRow]:
    """One row a review; items that are neither an exported review nor an annotated task become faults."""
    for number, item in enumerate(items, 1):
        if isinstance(item, dict) and isinstance(item.get("data"), dict):
            rows = list(task_rows(number, item, topics))
            if not rows:
                faults.add(number, "annotations", "the task isn't annotated, or was skipped: annotate it")
            yield from rows
        elif isinstance(item, dict) and isinstance(item.get("text"), str):
            yield UploadedRow(number, _cells(item))
        else:
            faults.add(number, "", "it is neither a review (text, labels) nor a Label Studio task (data, annotations)")


def task_rows(number: int, task: Mapping[str, Any], topics: Sequence[Topic]) -> Iterator[UploadedRow]:
    """The annotations of a Label Studio task that weren't cancelled, one row each; the reader is who completed it."""
    data = task["data"]
    shared = {name: str(data[name]) for name in _TEXT_FIELDS if data.get(name) is not None}
    for annotation in _objects(task.get("annotations")):
        if annotation.get("was_cancelled"):
            continue
        yield UploadedRow(
            number,
            {
                **shared,
                "text": _text_of(data),
                "labels": "|".join(_chosen(annotation, topics)),
                "reviewer": _reader(annotation.get("completed_by")),
                "time": str(annotation.get("updated_at") or annotation.get("created_at") or ""),
                "model_version": _version(annotation),
            },
        )


def topic_of(choice: str, topics: Sequence[Topic]) -> str:
    """The id of the topic that a choice means by its id or one of its names; else the choice itself."""
    for topic in topics:
        if choice in (topic.id, topic.name_ar, topic.name_en):
            return topic.id
    return choice


def _chosen(annotation: Mapping[str, Any], topics: Sequence[Topic]) -> list[str]:
    chosen: set[str] = set()
    for item in _objects(annotation.get("result")):
        value = item.get("value")
        if item.get("type") == "choices" and isinstance(value, dict):
            choices = value.get("choices")
            chosen |= {
                topic_of(str(choice), topics) for choice in (choices if isinstance(choices, list) else [choices])
            }
    return sorted(chosen)


def _text_of(data: Mapping[str, Any]) -> str:
    """The field `text`, or the only one that can be it; empty if there is none."""
    texts = [value for name, value in data.items() if isinstance(value, str) and name not in ("id", *_TEXT_FIELDS)]
    text = data.get("text", texts[0] if len(texts) == 1 else "")
    return text if isinstance(text, str) else ""


def _reader(completed_by: object) -> str:
    """Who annotated: Label Studio gives a number or an account."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return f"{LABEL_STUDIO}:{completed_by}" if completed_by is not None else LABEL_STUDIO


def _version(annotation: Mapping[str, Any]) -> str:
    prediction = annotation.get("prediction")
    return str(prediction.get("model_version") or "") if isinstance(prediction, dict) else ""


def _cells(item: Mapping[str, Any]) -> dict[str, str]:
    labels = item.get("labels")
    cells = {name: value for name, value in item.items() if isinstance(value, str)}
    if isinstance(labels, list):
        cells["labels"] = "|".join(str(label) for label in labels)
    return cells


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
