"""Argilla's records as `dataset.records.to_list()` and `to_json()` give them.

Source: Argilla 2 documentation, "Import and export", and argilla/records/_resource.py: `{"id", "fields": {"text"},
"metadata", "suggestions": {question: {"value", "score", "agent"}}, "responses": {question: [{"value", "user_id"}]}}`.
An answer needs the id of an Argilla user, which labelled rows don't have, so rows are written as suggestions of the
agent AGENT. When reading, people's submitted answers count, and without one the suggestions of AGENT; suggestions of
any other agent are guesses of a model. Argilla refuses an empty answer (its server's validators/response_values.py),
so the metadata say for how many topics a row was written.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.tagger.errors import LabelledDataError
from training.convert.content import Record, json_list, json_records, mapping_of, objects_of
from training.convert.rows import Found, Written, collected, counted, refusal, row_of, strings_of
from training.rows import Finding, LabelledData, LabelledRow

AGENT, QUESTION, COUNT = "rasid-labels", "topics", "topic_count"
_USUAL_QUESTIONS = (QUESTION, "labels", "label")
_SETTLED = (None, "submitted")


def read_argilla(path: Path) -> LabelledData:
    """Rows of exported records. A record whose annotators disagree is refused."""
    records = json_records(path)
    question = _question([record for record in records if isinstance(record, Record)], path)
    return collected(path, (record if isinstance(record, Finding) else _row(record, question) for record in records))


def write_argilla(rows: Sequence[LabelledRow]) -> Written:
    """Records that `Dataset.records.from_json` takes, for a text field `text` and a multi-label question `topics`."""
    notes = counted(
        sum(not row.labels for row in rows),
        "Argilla takes no empty answers: nothing is suggested, for people to skip, in",
    )
    return Written(json_list(_record(row) for row in rows), notes)


def _record(row: LabelledRow) -> dict[str, object]:
    suggestion = {"value": sorted(row.labels), "score": None, "agent": AGENT}
    return {
        "id": row.id,
        "fields": {"text": row.text},
        "metadata": {"article_id": row.article, COUNT: len(row.labels)},
        "suggestions": {QUESTION: suggestion} if row.labels else {},
        "responses": {},
    }


def _row(record: Record, question: str) -> LabelledRow | Finding:
    answers = [strings_of(value) for value in _answers(record, question)]
    for answer in answers:
        if not isinstance(answer, list):
            return row_of(_found(record, answer, question))
    settled = {frozenset(map(str, answer)) for answer in answers if isinstance(answer, list)}
    if len(settled) > 1:
        return refusal(
            record.line, question, f"{len(answers)} answers", "annotators disagree", "settle it and keep one answer"
        )
    if answers:
        return row_of(_found(record, answers[0], question))
    suggestion = mapping_of(record.part("suggestions").get(question))
    if suggestion.get("agent") == AGENT:
        return row_of(_found(record, strings_of(suggestion.get("value")), question))
    if not suggestion and record.part("metadata").get(COUNT) == 0:
        return row_of(_found(record, [], question))
    return refusal(record.line, question, "", "no submitted answer", "answer the record or leave it out of the export")


def _found(record: Record, labels: object, question: str) -> Found:
    fields, metadata = record.part("fields"), record.part("metadata")
    texts = [name for name, value in fields.items() if isinstance(value, str)]
    column = texts[0] if "text" not in fields and len(texts) == 1 else "text"
    return Found(
        record.line,
        fields.get(column),
        labels,
        record.fields.get("id"),
        metadata.get("article_id"),
        f"fields.{column}",
        question,
    )


def _answers(record: Record, question: str) -> Iterator[object]:
    for response in objects_of(record.part("responses").get(question)):
        if response.get("status") in _SETTLED:
            yield response.get("value")


def _question(records: Sequence[Record], path: Path) -> str:
    """The question on topics: the only one, the only one with lists for answers, or one with a usual name."""
    values = [(name, value) for record in records for name, value in _values(record)]
    lists = {name for name, value in values if isinstance(value, list)}
    names = lists or {name for name, _ in values}
    usual = [name for name in _USUAL_QUESTIONS if name in names]
    if len(names) > 1 and not usual:
        raise LabelledDataError(
            f"{path} holds answers to several questions ({', '.join(sorted(names))}): keep those on topics only."
        )
    return usual[0] if usual else next(iter(names), QUESTION)


def _values(record: Record) -> Iterator[tuple[str, object]]:
    parts: Mapping[str, object] = record.part("responses")
    for name in parts:
        for value in _answers(record, name):
            yield name, value
    for name, suggestion in record.part("suggestions").items():
        if mapping_of(suggestion).get("agent") == AGENT:
            yield name, mapping_of(suggestion).get("value")
