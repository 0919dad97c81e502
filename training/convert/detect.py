"""Which format a file has, by its name and by what is in it."""

from pathlib import Path

from app.tagger.errors import LabelledDataError
from training.convert.content import Record, decoded, json_records, lines_of
from training.convert.json_lines import ARMPRO_TEXTS, DOCCANO_LABELS, DOCCANO_TEXTS
from training.convert.word_lines import PREFIX

FORMATS = (
    "csv",
    "label-studio",
    "doccano",
    "argilla",
    "annif",
    "annif-csv",
    "fasttext",
    "libmultilabel",
    "armpro",
)
"""The names of all formats."""
_BY_ENDING = {".csv": "csv", ".tsv": "annif"}
_LOOKED_AT = 20


def format_of_name(path: Path) -> str:
    """The format that a file to be written gets by its name: `rows.csv`, `rows.tsv`, `rows.doccano.jsonl` …"""
    name = _named(path) or _BY_ENDING.get(path.suffix.lower())
    if name is None:
        raise _unclear(path)
    return name


def format_of(path: str | Path) -> str:
    """The format of a file by its name, `rows.doccano.jsonl`, or else by its content.

    Raises `LabelledDataError` if that doesn't tell it.
    """
    path = Path(path)
    if named := _named(path):
        return named
    content = decoded(path)
    if content.lstrip()[:1] in ("[", "{"):
        name = _json_format(path)
    else:
        name = _table_format([line for _, line in lines_of(content)][:_LOOKED_AT], path)
    if name is None:
        raise _unclear(path)
    return name


def _named(path: Path) -> str | None:
    """The format whose name is a part of the file's name; `annif` before `.csv` means Annif's CSV."""
    named = [part for part in path.name.lower().split(".") if part in FORMATS[1:]]
    if named and named[-1] == "annif" and path.suffix.lower() == ".csv":
        return "annif-csv"
    return named[-1] if named else None


def _json_format(path: Path) -> str | None:
    record = next((found for found in json_records(path) if isinstance(found, Record)), None)
    names = set(record.fields) if record else set()
    if "annotation_id" in names or {"data", "annotations"} <= names:
        return "label-studio"
    if record and record.part("fields"):
        return "argilla"
    if "paragraph_id" in names and names & set(ARMPRO_TEXTS):
        return "armpro"
    if names & set(DOCCANO_TEXTS) and names & set(DOCCANO_LABELS):
        return "doccano"
    return None


def _table_format(lines: list[str], path: Path) -> str | None:
    header = {name.strip(' "').lower() for name in (lines or [""])[0].replace(";", ",").replace("\t", ",").split(",")}
    tabs = [line.count("\t") for line in lines]
    if {"text", "subject_uris"} <= header:
        return "annif-csv"
    if "text" in header and ("labels" in header or path.suffix.lower() in _BY_ENDING):
        return "csv"
    if lines and lines[0].lower().startswith("sep="):
        return "csv"
    if any(line.lstrip().startswith(PREFIX) for line in lines):
        return "fasttext"
    if any(_are_uris(line.partition("\t")[2]) for line in lines):
        return "annif"
    if lines and tabs[0] in (1, 2) and len(set(tabs)) == 1:
        return "libmultilabel"
    return None


def _are_uris(cell: str) -> bool:
    words = cell.split()
    return bool(words) and all(word.startswith("<") and word.endswith(">") for word in words)


def _unclear(path: Path) -> LabelledDataError:
    return LabelledDataError(f"{path} doesn't tell its format: name it, one of {', '.join(FORMATS)}.")
