"""What a file holds, before any format is known: text, lines, JSON objects; and JSON as it is written."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.tagger.errors import LabelledDataError
from training.convert.rows import kind_of, refusal
from training.rows import Finding

_LINE_ENDS_BUT_NOT_OF_JSON = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object with its line, or in a JSON list its number, counted from 1."""

    line: int
    fields: Mapping[str, object]

    def part(self, name: str) -> Mapping[str, object]:
        """The object in a field; an empty one if there is none."""
        return mapping_of(self.fields.get(name))


def mapping_of(value: object) -> Mapping[str, object]:
    """A JSON object as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[Mapping[str, object]]:
    """The objects of a JSON list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def decoded(path: Path) -> str:
    """A file's text: UTF-8 with or without BOM, or UTF-16 with BOM."""
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise LabelledDataError(f"{path} can't be read ({fault.strerror}): give the path of a file.") from None
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as fault:
        raise LabelledDataError(f"{path} is no {fault.encoding} (byte {fault.start}): save it as UTF-8.") from None


def lines_of(content: str) -> Iterator[tuple[int, str]]:
    """Lines that aren't blank with their numbers. U+2028 and its like end no line."""
    for number, line in enumerate(content.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.strip():
            yield number, line


def json_records(path: Path) -> list[Record | Finding]:
    """The objects of a JSON list, or of a file with one JSON object a line.

    Raises `LabelledDataError` if the file is neither; an item or line that is no object becomes a refusal.
    """
    content = decoded(path)
    if content.lstrip().startswith("["):
        try:
            items = json.loads(content)
        except (ValueError, RecursionError) as fault:
            place = f" (line {fault.lineno})" if isinstance(fault, json.JSONDecodeError) else ""
            raise LabelledDataError(f"{path} is no JSON{place}: export it again, whole.") from None
        return [_record(number, item) for number, item in enumerate(items, 1)]
    records = [_parsed(number, line) for number, line in lines_of(content)]
    if records and not any(isinstance(record, Record) for record in records):
        raise LabelledDataError(f"{path} holds neither a JSON list nor one JSON object a line: export it as either.")
    return records


def json_lines(objects: Iterable[Mapping[str, object]]) -> str:
    """One JSON object a line. Line ends of Unicode are escaped, as some readers break lines at them."""
    return "".join(f"{_dumped(item)}\n" for item in objects)


def json_list(objects: Iterable[Mapping[str, object]]) -> str:
    """A JSON list with each object on a line of its own."""
    return "[" + ",".join(f"\n{_dumped(item)}" for item in objects) + "\n]\n"


def _dumped(item: Mapping[str, object]) -> str:
    return json.dumps(item, ensure_ascii=False).translate(_LINE_ENDS_BUT_NOT_OF_JSON)


def _parsed(number: int, line: str) -> Record | Finding:
    try:
        return _record(number, json.loads(line))
    except (ValueError, RecursionError):
        return refusal(number, "", "", "no JSON", "write one whole JSON object a line")


def _record(number: int, item: object) -> Record | Finding:
    if isinstance(item, dict):
        return Record(number, item)
    return refusal(number, "", kind_of(item), "no JSON object", "write an object with text and labels")
