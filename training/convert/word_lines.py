r"""One passage a line, its topics as words: fastText and LibMultiLabel.

fastText: `__label__a __label__b the text`; the text ends with the line, and a word that begins with `__label__` is
a label wherever it stands (fastText documentation, "Text classification"; its source, dictionary.cc: words end at
ASCII white space). So that such a word in a text survives, a form feed, white space to fastText, stands before the
text that holds one.
LibMultiLabel: `id<TAB>labels parted by spaces<TAB>text`, where the id may be missing (LibMultiLabel documentation,
"Dataset Formats"; its reader data_utils.py).
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.tagger.errors import LabelledDataError
from training.convert.content import decoded, lines_of
from training.convert.rows import (
    Found,
    Written,
    collected,
    counted,
    line_notes,
    lost_names,
    one_line,
    refusal,
    refuse_labels,
    row_of,
    written_lines,
)
from training.rows import Finding, LabelledData, LabelledRow

PREFIX = "__label__"
_BEFORE_TEXT = "\f"
_SPACE = " \t\n\v\f\r\0"
_HEAD = re.compile(rf"[ \t]*(?:{PREFIX}[^{_SPACE}]+(?:[ \t]+|(?={_BEFORE_TEXT})|$))*")
_LABEL = re.compile(rf"{PREFIX}([^{_SPACE}]+)")
_LABEL_IN_TEXT = re.compile(rf"(?:^|[{_SPACE}]){PREFIX}")


def read_fasttext(path: Path) -> LabelledData:
    """Rows of a fastText training file."""
    return collected(path, (_fasttext_row(number, line) for number, line in lines_of(decoded(path))))


def write_fasttext(rows: Sequence[LabelledRow]) -> Written:
    """A fastText training file of these rows."""
    refuse_labels(rows, lambda label: "fastText ends a label at white space" if set(label) & set(_SPACE) else "")
    words = sum(bool(_LABEL_IN_TEXT.search(row.text)) for row in rows)
    notes = [
        *lost_names(rows, ids=False, articles=False),
        *line_notes(rows),
        *counted(words, f"words that begin with {PREFIX} are labels to fastText; the text holds one in"),
    ]
    return Written(written_lines(map(_fasttext_line, rows)), notes)


def read_libmultilabel(path: Path) -> LabelledData:
    """Rows of a LibMultiLabel file with three columns or, without ids, two; its first line tells which."""
    return collected(path, _libmultilabel_rows(path))


def write_libmultilabel(rows: Sequence[LabelledRow]) -> Written:
    """A LibMultiLabel file with ids of these rows."""
    refuse_labels(rows, lambda label: "" if label.split() == [label] else "blanks part the labels of LibMultiLabel")
    ids = [one_line(row.id) or str(number) for number, row in enumerate(rows, 1)]
    lines = [
        f"{row_id}\t{' '.join(sorted(row.labels))}\t{one_line(row.text)}" for row_id, row in zip(ids, rows, strict=True)
    ]
    changed = sum(row_id != row.id for row_id, row in zip(ids, rows, strict=True))
    notes = [
        *lost_names(rows, ids=True, articles=False),
        *line_notes(rows),
        *counted(changed, "line ends, tabs and blanks of the id changed in"),
    ]
    return Written(written_lines(lines), notes)


def _fasttext_row(number: int, line: str) -> LabelledRow | Finding:
    head = _HEAD.match(line)
    end = head.end() if head else 0
    rest = line[end:]
    if not rest.startswith(_BEFORE_TEXT) and _LABEL_IN_TEXT.search(rest):
        return refusal(number, "labels", "", "a label behind the text", "write all labels at the start of the line")
    return row_of(Found(number, rest.strip(), _LABEL.findall(line[:end])))


def _fasttext_line(row: LabelledRow) -> str:
    text = one_line(row.text)
    labels = " ".join(PREFIX + label for label in sorted(row.labels))
    if _LABEL_IN_TEXT.search(text):
        return f"{labels}{_BEFORE_TEXT}{text}"
    return f"{labels} {text}" if labels else text


def _libmultilabel_rows(path: Path) -> Iterator[LabelledRow | Finding]:
    columns = 0
    for number, line in lines_of(decoded(path)):
        cells = line.split("\t")
        columns = columns or len(cells)
        if columns not in (2, 3):
            raise LabelledDataError(f"{path} has lines of {columns} columns: LibMultiLabel has 2 or 3, parted by tabs.")
        if len(cells) != columns:
            yield refusal(
                number, "", f"{len(cells)} columns", f"not {columns} columns", "write tabs between columns only"
            )
        else:
            row_id = cells[0] if columns == 3 else None
            yield row_of(Found(number, cells[-1].strip(), list(cells[-2].split()), row_id))
