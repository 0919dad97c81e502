"""One record of a labelled CSV -> a labelled row, or the reason why it can't be used."""

import re
from collections import defaultdict
from collections.abc import Sequence

from app.tagger.types import Topic
from training.columns import FALSE, TRUE, Columns
from training.encoding import is_scrambled, unscrambled
from training.labels import LabelNames, label_splitter, labels_in
from training.rows import Finding, LabelledRow
from training.table import LONGEST_CELL, Record, Table

_BROKEN = re.compile("[\ud800-\udfff]")
_LOST = re.compile(r"\?{3,}|\ufffd")
_SHOWN = 40
_RENAMED = 20
_LONGEST_LABEL = 80


class RowReader:
    """Judges the records of one file; remembers what was read other than as written."""

    def __init__(self, table: Table, columns: Columns, topics: Sequence[Topic] | None, unscramble: bool) -> None:
        self.columns, self.header, self.unscramble = columns, table.header, unscramble
        self.delimiter = table.delimiter
        place = self.columns.labels
        cells = [] if place is None else [record.cells[place] for record in table.records if _has(record, place)]
        self.splitter = label_splitter(cells, all_separators=topics is not None)
        if topics is not None:
            self.names = LabelNames.of_topics(topics)
        else:
            self.names = LabelNames.found_in(label for cell in cells for label in labels_in(cell, self.splitter))
        self.renamed: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.repaired: list[int] = []
        self.wordless: list[int] = []
        self.swallowed: list[int] = []

    def row(self, record: Record) -> LabelledRow | Finding:
        """The row of a record, or why it can't be used."""
        if fault := self._shape_fault(record):
            return fault
        written = record.cells[self.columns.text]
        text = written.strip()
        # White space at the end may be the second byte of a letter.
        if meant := unscrambled(written):
            if not self.unscramble:
                cure = "save the file as UTF-8 again from its source, or mend it with `rasid-train check --fix`"
                return self._finding("mojibake", record, "text", "", "UTF-8 read as another encoding", cure)
            text = meant.strip()
            self.repaired.append(record.line)
        if fault := self._text_fault(record, text):
            return fault
        labels = self._labels(record)
        if isinstance(labels, Finding):
            return labels
        if not any(character.isalnum() for character in text):
            self.wordless.append(record.line)
        if self._swallows(record):
            self.swallowed.append(record.line)
        row_id = self._cell(record, self.columns.id) or str(record.line)
        article = self._cell(record, self.columns.article) or row_id
        return LabelledRow(record.line, row_id, article, text, labels)

    def notices(self) -> list[Finding]:
        """What was read other than as it is written, a line for each spelling."""
        found = []
        for (written, meant), lines in sorted(self.renamed.items(), key=lambda item: item[1])[:_RENAMED]:
            reason, cure = f"read as {meant!r} in {len(lines)} rows", f"write {meant!r}"
            found.append(Finding("label_spelling", lines[0], "labels", written[:_SHOWN], reason, cure))
        found += [Finding("repaired", line, "text", "", "wrongly decoded text", "look at it") for line in self.repaired]
        found += [Finding("no_words", line, "text", "", "text without a word", "delete it") for line in self.wordless]
        reason, cure = "its text holds what looks like the end of a row", "close its quote behind the text"
        found += [Finding("swallowed", line, "text", "", reason, cure) for line in self.swallowed]
        return found + [self._strange(name) for name in self.columns.strange]

    def _strange(self, name: str) -> Finding:
        near = self.names.nearest(name)
        cure = f"did you mean {near!r}?" if near else "nothing, if it is no topic"
        return Finding("unknown_column", 0, name[:_SHOWN], "", "a column of 0 and 1 that is no topic", cure)

    def _swallows(self, record: Record) -> bool:
        """Whether the text's first line alone ends as a row would: with its further cells, known labels among them."""
        first, *further = record.cells[self.columns.text].splitlines()
        if not further or self.columns.labels is None:
            return False
        behind, place = first.split(self.delimiter), self.columns.labels - self.columns.text
        if place < 0 or len(behind) != len(self.header) - self.columns.text:
            return False
        labels = labels_in(behind[place], self.splitter)
        return bool(labels) and all(self.names.id_of(label) is not None for label in labels)

    def _shape_fault(self, record: Record) -> Finding | None:
        cells, width = record.cells, len(self.header)
        long = [place for place, cell in enumerate(cells) if len(cell) > LONGEST_CELL]
        if long:
            column = self.header[long[0]] if long[0] < width else ""
            value, cure = f"{len(cells[long[0]])} characters", "cut it into passages"
            return self._finding("cell_too_long", record, column, value, "not a passage", cure)
        if record.fault:
            return self._finding("quote", record, "", "", record.fault, 'close the quotes, write "" for a quote inside')
        broken = [place for place, cell in enumerate(cells) if _BROKEN.search(cell)]
        if broken:
            column, cure = self.header[broken[0]] if broken[0] < width else "", "save the file as UTF-8 again"
            return self._finding("broken_bytes", record, column, "", "bytes that are no UTF-8", cure)
        if not any(cell.strip() for cell in cells):
            return self._finding("empty_text", record, "text", "", "empty text", "write the passage or delete the row")
        if any(cell.strip() for cell in cells[width:]):
            cure = "put the text in quotes"
            return self._finding("ragged", record, "", "", f"{len(cells)} cells, the header has {width}", cure)
        if len(cells) <= self.columns.last_needed:
            cure = "add the missing cells, the labels may be empty"
            return self._finding("ragged", record, "", "", f"{len(cells)} cells, the header has {width}", cure)
        return None

    def _text_fault(self, record: Record, text: str) -> Finding | None:
        if not text:
            return self._finding("empty_text", record, "text", "", "empty text", "write the passage or delete the row")
        if is_scrambled(text):
            reason, cure = "UTF-8 read as another encoding, with bytes lost", "take the text from its source again"
            return self._finding("mojibake", record, "text", "", reason, cure)
        if sum(len(found) for found in _LOST.findall(text)) * 2 > len(text):
            cure = "take the text from its source again"
            return self._finding(
                "lost_letters", record, "text", "", "its letters were lost and became ? or \ufffd", cure
            )
        return None

    def _labels(self, record: Record) -> frozenset[str] | Finding:
        if self.columns.labels is None:
            return self._ticked(record)
        column, found = self.header[self.columns.labels], set()
        for label in labels_in(record.cells[self.columns.labels], self.splitter):
            if len(label) > _LONGEST_LABEL:
                value, cure = f"{len(label)} characters", "put the text in quotes, so that it stays one cell"
                return self._finding("label_too_long", record, column, value, "text in place of a label", cure)
            meant = self.names.id_of(label)
            if meant is None:
                near = self.names.nearest(label)
                cure = f"did you mean {near!r}?" if near else "use an id of the topics file or add it there"
                return self._finding("unknown_topic", record, column, label, "unknown topic", cure)
            if meant != label:
                self.renamed[label, meant].append(record.line)
            found.add(meant)
        return frozenset(found)

    def _ticked(self, record: Record) -> frozenset[str] | Finding:
        found = set()
        for topic, place in self.columns.topics.items():
            cell = record.cells[place].strip().lower()
            if cell not in TRUE | FALSE:
                cure = "write 1 for yes, 0 or nothing for no"
                return self._finding("not_0_or_1", record, self.header[place], cell, "neither 0 nor 1", cure)
            if cell in TRUE:
                found.add(topic)
        return frozenset(found)

    def _cell(self, record: Record, place: int | None) -> str:
        return record.cells[place].strip() if place is not None and _has(record, place) else ""

    def _finding(self, code: str, record: Record, column: str, value: str, reason: str, cure: str) -> Finding:
        return Finding(code, record.line, column, value[:_SHOWN], reason, cure)


def _has(record: Record, place: int) -> bool:
    return not record.fault and place < len(record.cells)
