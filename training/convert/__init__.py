"""Labelled rows from other tools' files and to them: read one format, write another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.tagger.errors import LabelledDataError
from training.convert.annif import read_annif, read_annif_csv, write_annif, write_annif_csv
from training.convert.argilla import read_argilla, write_argilla
from training.convert.detect import FORMATS, format_of, format_of_name
from training.convert.json_lines import read_armpro, read_doccano, write_armpro, write_doccano
from training.convert.label_studio import read_label_studio, write_label_studio
from training.convert.own import read_csv, write_csv
from training.convert.rows import Written, check_rows, counted
from training.convert.word_lines import read_fasttext, read_libmultilabel, write_fasttext, write_libmultilabel
from training.output import write_output
from training.rows import LabelledData, LabelledRow

__all__ = ["FORMATS", "format_of", "load_converted", "write_converted"]


@dataclass(frozen=True, slots=True)
class _Format:
    read: Callable[[Path], LabelledData]
    write: Callable[[Sequence[LabelledRow]], Written]


_FORMATS = {
    "csv": _Format(read_csv, write_csv),
    "label-studio": _Format(read_label_studio, write_label_studio),
    "doccano": _Format(read_doccano, write_doccano),
    "argilla": _Format(read_argilla, write_argilla),
    "annif": _Format(read_annif, write_annif),
    "annif-csv": _Format(read_annif_csv, write_annif_csv),
    "fasttext": _Format(read_fasttext, write_fasttext),
    "libmultilabel": _Format(read_libmultilabel, write_libmultilabel),
    "armpro": _Format(read_armpro, write_armpro),
}


def load_converted(path: str | Path, format: str | None = None) -> LabelledData:
    """Read labelled rows from a file of any format of `FORMATS`; any topic is accepted.

    Without `format` the file's name and content tell it. A row's line is its line in the file, or in a JSON list its
    number. Raises `LabelledDataError` if the file as a whole can't be read; records that can't be used become refusals.
    """
    return _known(format or format_of(path)).read(Path(path))


def write_converted(rows: Sequence[LabelledRow], path: str | Path, format: str | None = None) -> list[str]:
    """Write labelled rows to a file and return sentences on what the format could not hold; none if it held all.

    Without `format` the file's name tells it: `rows.csv`, `rows.tsv` (Annif), or the format's name before the ending,
    as in `rows.label-studio.json`. Raises `LabelledDataError`, before anything is written, if a topic's name can't be
    written. The file is replaced whole or not at all.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "rows.fasttext.txt")
    ...     write_converted([LabelledRow(1, "n7", "n7", "Rain in the north", frozenset({"weather"}))], path)
    ...     path.read_text("utf-8")
    ['The format has no ids: they are left out of 1 row.']
    '__label__weather Rain in the north\\n'
    """
    path = Path(path)
    writer = _known(format or format_of_name(path)).write
    check_rows(rows)
    written = writer(rows)
    write_output(path, written.content.encode())
    weighted = sum(row.weight != 1 for row in rows)
    return written.notes + counted(weighted, "no format has weights: they are left out of")


def _known(name: str) -> _Format:
    if name not in _FORMATS:
        raise LabelledDataError(f"{name!r} is no known format: name one of {', '.join(FORMATS)}.")
    return _FORMATS[name]
