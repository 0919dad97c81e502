"""CSVs as they break in real hands: in every encoding and with every delimiter, quotes lost anywhere, cells shifted."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import pytest

from app.tagger.errors import LabelledDataError
from tests.training.odd_rows import MARKET, NEWS, TALK, TOPICS
from training.check import Check, check
from training.read import ReadOptions, load_labelled

HOUSE = "زار الوفد بيت الأمير في القرية التي تقع بين الجبل و البحر"
TEXTS = (MARKET, TALK, NEWS, HOUSE)
LABELS = ("attacks", "ideology", "", "foreign_fighters")
PLAIN = ReadOptions()


def judged(tmp_path: Path, content: bytes | str, options: ReadOptions = PLAIN, any_topic: bool = False) -> Check:
    """A file checked; whatever it holds, no row is lost, and no finding shows a passage or leaves its reader alone."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    checked = check(path, None if any_topic else TOPICS, options)
    data = checked.data
    assert checked.summary()["rows"] == len(data.rows) + data.joined + len(data.refusals)
    for finding in (*data.refusals, *checked.warnings):
        assert finding.reason
        assert finding.cure
        for text in TEXTS:
            assert text not in str(finding)
            assert " ".join(text.split()[:4]) not in str(finding), "nor a part of it"
    return checked


def refused(checked: Check) -> list[tuple[int, str]]:
    return [(finding.line, finding.code) for finding in checked.data.refusals]


def warned(checked: Check) -> set[str]:
    return {finding.code for finding in checked.warnings} - {"rare_topic"}


def written(delimiter: str = ",", columns: int = 2, quoting: Literal[0, 1] = csv.QUOTE_MINIMAL, end: str = "\n") -> str:
    """Four passages with 2, 3 (an id) or 4 (a source) columns; lines 2 to 5 of the file."""
    content = io.StringIO()
    writer = csv.writer(content, delimiter=delimiter, quoting=quoting, lineterminator=end)
    for number, (text, label) in enumerate(zip(("text", *TEXTS), ("labels", *LABELS), strict=True)):
        row = ["id" if number == 0 else f"n{number}", text, label, "source" if number == 0 else "جريدة"]
        writer.writerow(row[1:3] if columns == 2 else row[:columns])
    return content.getvalue()


ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "windows-1256",
    "iso-8859-6",
    "mac-arabic",
)


@pytest.mark.parametrize(("encoding", "delimiter"), [*product(ENCODINGS, ",;\t|")])
def test_every_encoding_with_every_delimiter(encoding: str, delimiter: str, tmp_path: Path) -> None:
    content = written(delimiter, columns=4).encode(encoding)
    for options in (PLAIN, ReadOptions(encoding)):
        checked = judged(tmp_path, content, options)
        assert [row.text for row in checked.data.rows] == list(TEXTS)
        assert [row.labels for row in checked.data.rows] == [{label} - {""} for label in LABELS]
        assert refused(checked) == []
        assert checked.file.table.delimiter == delimiter
    guessed = encoding in ("utf-16-le", "utf-16-be", "windows-1256", "iso-8859-6", "mac-arabic")
    assert warned(judged(tmp_path, content)) == ({"encoding"} if guessed else set())


@pytest.mark.parametrize(("mark", "end"), [*product(("", "sep={}{}", '"sep={}"{}'), ("\n", "\r\n", "\r"))])
def test_every_line_end_with_and_without_a_told_delimiter(mark: str, end: str, tmp_path: Path) -> None:
    checked = judged(tmp_path, mark.format(";", end) + written(";", quoting=csv.QUOTE_ALL, end=end))
    assert [row.line for row in checked.data.rows] == [line + bool(mark) for line in (2, 3, 4, 5)]
    assert [row.text for row in checked.data.rows] == list(TEXTS)


def without_closing_quote(content: str, line: int, text: str) -> str:
    """A text of that line in quotes whose closing one is lost."""
    lines = content.split("\n")
    lines[line - 1] = lines[line - 1].replace(f'"{text}"', text).replace(text, f'"{text}')
    return "\n".join(lines)


def without_opening_quote(content: str, line: int, text: str) -> str:
    lines = content.split("\n")
    lines[line - 1] = lines[line - 1].replace(f'"{text}"', text).replace(text, f'{text}"')
    return "\n".join(lines)


QUOTINGS: dict[str, Literal[0, 1]] = {"bare": csv.QUOTE_MINIMAL, "quoted": csv.QUOTE_ALL}


@pytest.mark.parametrize(("line", "columns", "neighbours"), [*product((2, 3, 5), (2, 3, 4), QUOTINGS)])
def test_an_unclosed_quote_costs_its_own_row_only(line: int, columns: int, neighbours: str, tmp_path: Path) -> None:
    content = written(columns=columns, quoting=QUOTINGS[neighbours])
    checked = judged(tmp_path, without_closing_quote(content, line, TEXTS[line - 2]))
    assert refused(checked) == [(line, "quote")]
    assert [row.line for row in checked.data.rows] == [other for other in (2, 3, 4, 5) if other != line]
    assert {row.text for row in checked.data.rows} == set(TEXTS) - {TEXTS[line - 2]}


@pytest.mark.parametrize(("line", "columns"), [*product((2, 3, 5), (2, 3, 4))])
def test_a_quote_that_was_never_opened_costs_nothing(line: int, columns: int, tmp_path: Path) -> None:
    content = without_opening_quote(written(columns=columns, quoting=csv.QUOTE_ALL), line, TEXTS[line - 2])
    assert [row.text.rstrip('"') for row in judged(tmp_path, content).data.rows] == list(TEXTS)


def test_unclosed_quotes_in_all_rows_cost_all_rows_but_no_more(tmp_path: Path) -> None:
    content = written(columns=3)
    for line, text in zip((2, 3, 4, 5), TEXTS, strict=True):
        content = without_closing_quote(content, line, text)
    assert refused(judged(tmp_path, content)) == [(line, "quote") for line in (2, 3, 4, 5)]


def test_a_lost_quote_in_the_last_cell(tmp_path: Path) -> None:
    content = written(columns=3, quoting=csv.QUOTE_ALL).replace('"attacks"', '"attacks')
    assert refused(judged(tmp_path, content)) == [(2, "quote")]


def test_rows_joined_by_two_slips_of_the_pen_are_told(tmp_path: Path) -> None:
    """A quote opened in one row and closed in the next is sound CSV; that the first line was a row shows."""
    content = f'id,text,labels\n1,"{MARKET},attacks\n2,{TALK}",ideology\n3,{NEWS},\n'
    checked = judged(tmp_path, content)
    assert ("swallowed", 2) in {(finding.code, finding.line) for finding in checked.warnings}
    two_lines = f'id,text,labels\n1,"{MARKET}, ثم\n{TALK}",attacks\n'
    assert warned(judged(tmp_path, two_lines)) == set()


@dataclass(frozen=True)
class Case:
    """A file; the lines of its accepted rows with their labels; refusals; the codes of its warnings."""

    content: Callable[[], str | bytes]
    rows: dict[int, set[str]]
    refused: tuple[tuple[int, str], ...] = ()
    warned: frozenset[str] = frozenset()
    options: ReadOptions = PLAIN
    any_topic: bool = False


def spoilt(encoding: str, lost: str) -> str:
    """UTF-8 read as another encoding, with one byte lost on the way."""
    return MARKET.encode().decode(encoding).replace(lost, "", 1)


ALL = {2: {"attacks"}, 3: {"ideology"}, 4: set[str](), 5: {"foreign_fighters"}}
CASES = {
    # Line ends in cells
    "cell of two lines, rows with further empty cells": Case(
        lambda: f'text,labels\n"{MARKET}\n{TALK}",attacks,,\n{NEWS},,,\n', {2: {"attacks"}, 4: set()}
    ),
    "cell of two lines, the optional last cell left out": Case(
        lambda: f'text,labels,source\n"{MARKET}\n{TALK}",attacks\n{NEWS},,\n', {2: {"attacks"}, 4: set()}
    ),
    "cell of two lines, labels with a bare comma": Case(
        lambda: f'text,labels\n"{MARKET}\n{TALK}",attacks,ideology\n{NEWS},\n', {4: set()}, ((2, "ragged"),)
    ),
    "cell of two lines, labels left out": Case(
        lambda: f'text,labels\n"{MARKET}\n{TALK}"\n{NEWS},\n', {4: set()}, ((2, "ragged"),)
    ),
    "blank lines in a cell": Case(lambda: f'text,labels\n"{MARKET}\n\n\n{TALK}",attacks\n', {2: {"attacks"}}),
    "CR in a cell": Case(lambda: f'text,labels\n"{MARKET}\r{TALK}",attacks\n{NEWS},\n', {2: {"attacks"}, 4: set()}),
    "line end in a name": Case(lambda: f'text,"labels\n"\n{MARKET},attacks\n', {3: {"attacks"}}),
    "CR CR LF": Case(lambda: written(end="\r\r\n"), {line * 2 - 1: ALL[line] for line in ALL}),
    "spaces before a quote": Case(lambda: f'text,labels\n{MARKET}, "attacks"\n', {}, ((2, "unknown_topic"),)),
    # Encodings
    "byte order mark and one broken byte": Case(
        lambda: written().encode("utf-8-sig").replace("شهود".encode(), "شهود".encode() + b"\xff"),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "broken_bytes"),),
    ),
    "a broken byte in another column": Case(
        lambda: written(columns=4).encode().replace("جريدة".encode(), b"\xff", 1),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "broken_bytes"),),
    ),
    "a broken byte in the labels, any topic": Case(
        lambda: written().encode().replace(b"attacks", b"atta\xffcks"),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "broken_bytes"),),
        any_topic=True,
    ),
    "UTF-8 named as such, with a mark": Case(
        lambda: written().encode("utf-8-sig"), ALL, options=ReadOptions(encoding="utf8")
    ),
    "a mark inside the file": Case(lambda: written().replace(MARKET, "\ufeff" + MARKET), ALL),
    "mojibake of a text that ends in meem": Case(
        lambda: written().replace(MARKET, (MARKET + " السلام").encode().decode("latin-1")),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "mojibake"),),
    ),
    "mojibake of a text that ends in meem, repaired": Case(
        lambda: written().replace(MARKET, (MARKET + " السلام").encode().decode("latin-1")),
        ALL,
        warned=frozenset({"repaired"}),
        options=ReadOptions(unscramble=True),
    ),
    "mojibake of windows-1252 that lost a byte": Case(
        lambda: written().replace(MARKET, spoilt("latin-1", "\x84")),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "mojibake"),),
    ),
    "mojibake of windows-1256 that lost a byte can't be repaired": Case(
        lambda: written().replace(MARKET, spoilt("cp1256", "\u2021")),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "mojibake"),),
        options=ReadOptions(unscramble=True),
    ),
    "letters that look like mojibake": Case(lambda: written().replace(MARKET, "ظط"), ALL),
    "replacement characters": Case(
        lambda: written().replace(MARKET, "\ufffd" * 40),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "lost_letters"),),
    ),
    "a question with three marks": Case(lambda: written().replace(MARKET, MARKET + "???"), ALL),
    # Rows
    "rows of delimiters": Case(lambda: written(columns=3) + ",,\n" * 2, ALL, ((6, "empty_text"), (7, "empty_text"))),
    "lines of spaces": Case(lambda: written().replace("\n", "\n  \n"), {line * 2 - 1: ALL[line] for line in ALL}),
    "a row of one empty quoted cell": Case(lambda: written() + '""\n', ALL),
    "text of spaces and marks that don't show": Case(
        lambda: written().replace(MARKET, "\u200f \u00a0"),
        ALL,
        warned=frozenset({"no_words", "not_arabic"}),
    ),
    "a long cell in another column": Case(
        lambda: written(columns=4).replace("جريدة", "ن" * 131_073, 1),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "cell_too_long"),),
    ),
    "the longest cell": Case(lambda: written().replace(MARKET, "ن" * 131_072), ALL),
    "a long cell in quotes": Case(
        lambda: written(quoting=csv.QUOTE_ALL).replace(MARKET, "ن " * 70_000),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "cell_too_long"),),
    ),
    "a passage in the labels' place": Case(
        lambda: written(columns=4).replace(f"{MARKET},attacks,", f"{MARKET},{TALK} {NEWS},"),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "label_too_long"),),
    ),
    "a passage in the labels' place, any topic": Case(
        lambda: written(columns=4).replace(f"{MARKET},attacks,", f"{MARKET},{TALK} {NEWS},"),
        {line: ALL[line] for line in (3, 4, 5)},
        ((2, "label_too_long"),),
        any_topic=True,
    ),
    # Labels
    "the same label twice": Case(lambda: written().replace("attacks", "attacks|attacks|attacks"), ALL),
    "labels as JSON": Case(lambda: written().replace("attacks", '"[""attacks""]"'), ALL),
    "no labels as a list": Case(lambda: written().replace(f"{NEWS},", f"{NEWS},[]"), ALL),
    "labels on lines": Case(
        lambda: written().replace("attacks", '"attacks\nideology"'),
        {2: {"attacks", "ideology"}, 4: {"ideology"}, 5: set(), 6: {"foreign_fighters"}},
    ),
    "yaa and alif maqsura alike, any topic": Case(
        lambda: f"text,labels\n{MARKET},أمني\n{TALK},أمني\n{NEWS},أمنى\n",
        {2: {"أمني"}, 3: {"أمني"}, 4: {"أمني"}},
        warned=frozenset({"label_spelling"}),
        any_topic=True,
    ),
    "taa marbuta and haa alike, any topic": Case(
        lambda: f"text,labels\n{MARKET},سياسة\n{TALK},سياسة\n{NEWS},سياسه\n",
        {2: {"سياسة"}, 3: {"سياسة"}, 4: {"سياسة"}},
        warned=frozenset({"label_spelling"}),
        any_topic=True,
    ),
    "spaces, underscores and hyphens alike, any topic": Case(
        lambda: f"text,labels\n{MARKET},war crimes\n{TALK},war crimes\n{NEWS},war_crimes\n{HOUSE},War-Crimes\n",
        {line: {"war crimes"} for line in (2, 3, 4, 5)},
        warned=frozenset({"label_spelling"}),
        any_topic=True,
    ),
    # Columns of 0 and 1
    "columns named in Arabic and in another spelling": Case(
        lambda: f"text,الهجمات,Foreign Fighters\n{MARKET},1,0\n{TALK},0,1\n",
        {2: {"attacks"}, 3: {"foreign_fighters"}},
    ),
    "ticks of many kinds": Case(
        lambda: f"text,attacks,ideology\n{MARKET},TRUE,no\n{TALK},x,1.0\n{NEWS},False,0.0\n",
        {2: {"attacks"}, 3: {"attacks", "ideology"}, 4: set()},
    ),
    "a column of 0 and 1 that is no topic": Case(
        lambda: f"text,attacks,idealogy\n{MARKET},1,0\n{TALK},0,1\n",
        {2: {"attacks"}, 3: set()},
        warned=frozenset({"unknown_column"}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_file_gets(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    checked = judged(tmp_path, case.content(), case.options, case.any_topic)
    assert {row.line: set(row.labels) for row in checked.data.rows} == case.rows
    assert tuple(refused(checked)) == case.refused
    assert warned(checked) == case.warned


REFUSED_FILES: dict[str, tuple[Callable[[], bytes], str, ReadOptions]] = {
    "UTF-8 named windows-1256": (lambda: written().encode(), "is UTF-8, not windows-1256", ReadOptions("windows-1256")),
    "UTF-8 with a mark named windows-1252": (
        lambda: written().encode("utf-8-sig"),
        "is UTF-8, not windows-1252: leave out --encoding",
        ReadOptions("windows-1252"),
    ),
    "UTF-8 named UTF-16": (lambda: written().encode(), "is UTF-8, not utf-16", ReadOptions("utf-16")),
    "windows-1256 named UTF-8": (lambda: written().encode("cp1256"), "is no utf-8 .byte", ReadOptions("utf-8")),
    "a codec that is no encoding": (lambda: written().encode(), "no known encoding", ReadOptions("hex")),
    "UTF-16 cut in the middle of a character": (lambda: written().encode("utf-16")[:-1], "is no utf-16", PLAIN),
    "a Latin text of windows-1252": (
        lambda: "text,labels\nL'été dernier à la plage était très chaud,attacks\n".encode("cp1252"),
        "no other encoding is plausible",
        PLAIN,
    ),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 4, "rows.csv", PLAIN),
    "only a mark": (lambda: b"\xef\xbb\xbf", "the file is empty", PLAIN),
    "only sep=": (lambda: b"sep=;\n", "the file is empty", PLAIN),
    "a header that opens a quote before quoted rows": (
        lambda: written(quoting=csv.QUOTE_ALL).replace('"labels"', '"labels').encode(),
        "the header line can't be read.*close its quotes",
        PLAIN,
    ),
    "a short passage for a header": (lambda: "وقع هجوم في السوق,attacks\n".encode(), "a long name", PLAIN),
    "a topic in two columns": (
        lambda: f"text,attacks,الهجمات\n{MARKET},1,0\n".encode(),
        "columns 'attacks' and 'الهجمات' mean the same topic",
        PLAIN,
    ),
}


@pytest.mark.parametrize("name", REFUSED_FILES)
def test_a_file_that_cannot_be_read_gets_one_sentence(name: str, tmp_path: Path) -> None:
    content, says, options = REFUSED_FILES[name]
    path = tmp_path / "rows.csv"
    path.write_bytes(content())
    with pytest.raises(LabelledDataError, match=says) as fault:
        load_labelled(path, TOPICS, options)
    assert "\n" not in str(fault.value)
    assert not any(" ".join(text.split()[:4]) in str(fault.value) for text in TEXTS)
