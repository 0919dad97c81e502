"""Label Studio's JSON of annotated tasks, and its JSON-MIN export.

Source: Label Studio documentation, "Task format" and "Export annotations": a list of tasks with `data` and
`annotations`, each with `result` items of type `choices`; JSON-MIN is one flat object an annotation, with the choices
under the name of their question, as a string if there is one and as `{"choices": [...]}` otherwise
(label_studio_sdk, converter.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.tagger.errors import LabelledDataError
from training.convert.content import Record, json_list, json_records, mapping_of, objects_of
from training.convert.rows import Found, Written, collected, refusal, row_of
from training.rows import Finding, LabelledData, LabelledRow

QUESTION, TEXT = "topics", "text"
"""Names of the choices and of the text in the tasks that are written; the labelling setup must use them."""
_NAMES = ("id", "article_id")
_OF_MIN = frozenset((TEXT, *_NAMES, "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"))


def read_label_studio(path: Path) -> LabelledData:
    """Rows of an export: each task with its latest annotation that wasn't cancelled."""
    records = json_records(path)
    found = [record for record in records if isinstance(record, Record)]
    if is_min(found):
        return collected(
            path, [*_min_rows(found, path), *(record for record in records if isinstance(record, Finding))]
        )
    questions = {name for record in found for name in _questions(record)}
    if len(questions) > 1:
        raise LabelledDataError(
            f"{path} holds choices of several questions ({', '.join(sorted(questions))}): keep those of topics only."
        )
    return collected(path, (record if isinstance(record, Finding) else _task_row(record) for record in records))


def write_label_studio(rows: Sequence[LabelledRow]) -> Written:
    """Tasks that Label Studio imports with their annotations; a row without topics is annotated with nothing."""
    return Written(json_list(_task(row) for row in rows), [])


def is_min(records: Sequence[Record]) -> bool:
    """Whether these are records of JSON-MIN."""
    return (
        bool(records)
        and all("data" not in record.fields for record in records)
        and any("annotation_id" in record.fields for record in records)
    )


def _task(row: LabelledRow) -> dict[str, object]:
    choices = {"from_name": QUESTION, "to_name": TEXT, "type": "choices", "value": {"choices": sorted(row.labels)}}
    return {
        "data": {TEXT: row.text, "id": row.id, "article_id": row.article},
        "annotations": [{"result": [choices] if row.labels else []}],
    }


def _task_row(record: Record) -> LabelledRow | Finding:
    annotation = _latest(record)
    if annotation is None:
        return refusal(
            record.line,
            "annotations",
            "",
            "not annotated, or skipped",
            "annotate the task or leave it out of the export",
        )
    labels: list[object] = []
    for item in _choices(annotation):
        chosen = mapping_of(item.get("value")).get("choices")
        labels.extend(chosen if isinstance(chosen, list) else [chosen])
    data = record.part("data")
    column = _text_column(data)
    row_id = data.get("id", record.fields.get("id"))
    columns = (f"data.{column}", "choices")
    return row_of(Found(record.line, data.get(column), labels, row_id, data.get("article_id"), *columns))


def _text_column(data: Mapping[str, object]) -> str:
    """`text`, or the only field that can be one."""
    texts = [name for name, value in data.items() if isinstance(value, str) and name not in _NAMES]
    return texts[0] if TEXT not in data and len(texts) == 1 else TEXT


def _questions(record: Record) -> Iterator[str]:
    annotation = _latest(record)
    for item in _choices(annotation or {}):
        yield str(item.get("from_name"))


def _choices(annotation: Mapping[str, object]) -> list[Mapping[str, object]]:
    return [item for item in objects_of(annotation.get("result")) if item.get("type") == "choices"]


def _latest(record: Record) -> Mapping[str, object] | None:
    done = [item for item in objects_of(record.fields.get("annotations")) if not item.get("was_cancelled")]
    return max(reversed(done), key=_time, default=None)


def _time(annotation: Mapping[str, object]) -> datetime:
    for name in ("updated_at", "created_at"):
        try:
            time = datetime.fromisoformat(str(annotation.get(name)))
        except ValueError:
            continue
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return datetime.min.replace(tzinfo=UTC)


def _min_rows(records: Sequence[Record], path: Path) -> Iterator[LabelledRow | Finding]:
    question = _min_question(records, path)
    tasks: dict[object, Record] = {}
    for record in records:
        task = str(record.fields.get("id", f"line {record.line}"))
        if task not in tasks or _time(record.fields) >= _time(tasks[task].fields):
            tasks[task] = record
    for record in tasks.values():
        fields = record.fields
        labels = _min_labels(fields.get(question, []))
        yield row_of(
            Found(
                record.line,
                fields.get(TEXT),
                labels,
                fields.get("id"),
                fields.get("article_id"),
                labels_column=question,
            )
        )


def _min_question(records: Sequence[Record], path: Path) -> str:
    """The field that holds the choices: one with several somewhere, or the only one it can be."""
    fields = [(name, value) for record in records for name, value in record.fields.items() if name not in _OF_MIN]
    several = {name for name, value in fields if "choices" in mapping_of(value)}
    names = several or {name for name, value in fields if isinstance(value, str)}
    if len(names) != 1:
        raise LabelledDataError(f"{path} doesn't tell which field holds the topics: export it as JSON, not JSON-MIN.")
    return names.pop()


def _min_labels(value: object) -> list[object]:
    if isinstance(value, list):
        return [label for item in value for label in _min_labels(item)]
    chosen = mapping_of(value).get("choices", value)
    return chosen if isinstance(chosen, list) else [chosen]
