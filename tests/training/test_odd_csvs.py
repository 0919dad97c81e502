"""Broken and odd CSVs, and what each gets: rows accepted and refused, findings, encoding, or one sentence."""

import csv
import gzip
import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.tagger.errors import LabelledDataError
from tests.training.odd_rows import MARKET, NEWS, TALK, TOPICS
from training.check import check, write_fixed
from training.read import ReadOptions, load_labelled

TEXTS = (MARKET, TALK, NEWS)
ROWS = f"text,labels\n{MARKET},attacks\n{TALK},ideology\n{NEWS},\n"
LABELS = [{"attacks"}, {"ideology"}, set()]
WIDE = f'id,text,labels\n1,"{MARKET}",attacks\n2,"{TALK}",ideology\n3,"{NEWS}",\n'
UNQUOTED = f"id,text,labels\n1,{MARKET},attacks\n2,{TALK},ideology\n3,{NEWS},\n"


def unclosed(content: str, line: int) -> str:
    """The content with the closing quote of a line's text lost, or an opening one set before it."""
    lines = content.split("\n")
    place = lines[line - 1]
    lines[line - 1] = place.replace('",', ",", 1) if '",' in place else place.replace(",", ',"', 1)
    return "\n".join(lines)


PLAIN = ReadOptions()


@dataclass(frozen=True)
class Case:
    content: str | bytes
    labels: list[set[str]] = field(default_factory=lambda: LABELS)
    refused: tuple[tuple[int, str], ...] = ()
    warned: frozenset[str] = frozenset()
    encoding: str = "utf-8"
    options: ReadOptions = PLAIN
    any_topic: bool = False
    joined: int = 0


def kept(*places: int) -> list[set[str]]:
    return [LABELS[place] for place in places]


GOOD = {
    "plain": Case(ROWS),
    "byte order mark": Case(ROWS.encode("utf-8-sig")),
    "UTF-16 with mark": Case(ROWS.encode("utf-16"), encoding="utf-16"),
    "UTF-16 little-endian, no mark": Case(
        ROWS.encode("utf-16-le"), encoding="utf-16-le", warned=frozenset({"encoding"})
    ),
    "UTF-16 big-endian, no mark": Case(ROWS.encode("utf-16-be"), encoding="utf-16-be", warned=frozenset({"encoding"})),
    "UTF-32": Case(ROWS.encode("utf-32"), encoding="utf-32"),
    "windows-1256": Case(ROWS.encode("cp1256"), encoding="windows-1256", warned=frozenset({"encoding"})),
    "ISO 8859-6": Case(ROWS.encode("iso-8859-6"), encoding="iso-8859-6", warned=frozenset({"encoding"})),
    "Mac Arabic": Case(
        ROWS.replace("شهود", "شهود ١٢").encode("mac-arabic"), encoding="mac-arabic", warned=frozenset({"encoding"})
    ),
    "named windows-1256": Case(ROWS.encode("cp1256"), encoding="windows-1256", options=ReadOptions("windows-1256")),
    "one broken byte": Case(
        ROWS.encode().replace("شهود".encode(), "شهود".encode() + b"\xff"), kept(1, 2), ((2, "broken_bytes"),)
    ),
    "semicolons": Case(ROWS.replace(",", ";")),
    "tabs": Case(ROWS.replace(",", "\t")),
    "bars": Case(ROWS.replace(",", "|")),
    "sep=;": Case("sep=;\n" + ROWS.replace(",", ";")),
    "sep= of a tab that was lost": Case("sep=\r\n" + ROWS.replace(",", "\t")),
    "quoted sep=": Case('"sep=;"\n' + ROWS.replace(",", ";")),
    "CR LF": Case(ROWS.replace("\n", "\r\n")),
    "CR": Case(ROWS.replace("\n", "\r")),
    "mixed line ends": Case(ROWS.replace("\n", "\r\n", 2)),
    "no line end at the end": Case(ROWS.rstrip("\n")),
    "blank lines": Case("\n" + ROWS.replace("\n", "\n\n")),
    "line end in a cell": Case(WIDE.replace("قبل", "\nقبل")),
    "quotes in a cell": Case(WIDE.replace("السوق", '""السوق""')),
    "cells all quoted": Case(
        f'"text","labels"\n"{MARKET}","attacks"\n"{TALK}","ideology"\n"{NEWS}",""\n',
    ),
    "unclosed quote, first row": Case(unclosed(WIDE, 2), kept(1, 2), ((2, "quote"),)),
    "unclosed quote, middle row": Case(unclosed(WIDE, 3), kept(0, 2), ((3, "quote"),)),
    "unclosed quote, last row": Case(unclosed(WIDE, 4), kept(0, 1), ((4, "quote"),)),
    "unclosed quote before bare rows": Case(unclosed(UNQUOTED, 2), kept(1, 2), ((2, "quote"),)),
    "unclosed quote, two columns": Case(
        f'text,labels\n"{MARKET},attacks\n{TALK},ideology\n{NEWS},\n', kept(1, 2), ((2, "quote"),)
    ),
    "two unclosed quotes": Case(unclosed(unclosed(WIDE, 2), 4), kept(1), ((2, "quote"), (4, "quote"))),
    "letters behind a quote": Case(WIDE.replace('شهود",', 'شهود"؟,'), kept(1, 2), ((2, "quote"),)),
    "too few cells": Case(ROWS.replace(",ideology", ""), kept(0, 2), ((3, "ragged"),)),
    "too many cells": Case(ROWS.replace(",ideology", ",ideology,زيادة"), kept(0, 2), ((3, "ragged"),)),
    "empty cells at the end": Case(ROWS.replace(",ideology", ",ideology,,,")),
    "an article's comma not quoted": Case(ROWS.replace("من المدينة", "من, المدينة"), kept(1, 2), ((2, "ragged"),)),
    "cell too long": Case(ROWS.replace(MARKET, "ن" * 131_073), kept(1, 2), ((2, "cell_too_long"),)),
    "empty text": Case(ROWS.replace(MARKET, " "), kept(1, 2), ((2, "empty_text"),)),
    "row of commas": Case(ROWS + ",\n", LABELS, ((5, "empty_text"),)),
    "Arabic column names": Case(ROWS.replace("text,labels", "النص,التصنيف")),
    "capitals and spaces in names": Case(ROWS.replace("text,labels", " Text , LABELS\u200f")),
    "columns named": Case(
        ROWS.replace("text,labels", "Body,Themes"), options=ReadOptions(text_column="body", labels_column="themes")
    ),
    "another column stands twice": Case(ROWS.replace("text,labels", "text,labels,x,x").replace("\n", ",,\n")[:-3]),
    "labels by bars": Case(ROWS.replace(",attacks", ",attacks|ideology"), [{"attacks", "ideology"}, *kept(1, 2)]),
    "labels by semicolons": Case(ROWS.replace(",attacks", ",attacks;ideology"), [{"attacks", "ideology"}, *kept(1, 2)]),
    "labels by commas": Case(ROWS.replace(",attacks", ',"attacks, ideology"'), [{"attacks", "ideology"}, *kept(1, 2)]),
    "labels by Arabic commas": Case(
        ROWS.replace(",attacks", ",attacks، ideology"), [{"attacks", "ideology"}, *kept(1, 2)]
    ),
    "labels as a list": Case(
        ROWS.replace(",attacks", ",\"['attacks', 'ideology']\""), [{"attacks", "ideology"}, *kept(1, 2)]
    ),
    "separators to spare": Case(ROWS.replace(",attacks", ",|attacks||")),
    "labels in another spelling": Case(ROWS.replace(",attacks", ",ATTACKS"), warned=frozenset({"label_spelling"})),
    "labels with spaces": Case(
        ROWS.replace(",attacks", ",Foreign Fighters"),
        [{"foreign_fighters"}, *kept(1, 2)],
        warned=frozenset({"label_spelling"}),
    ),
    "labels by Arabic name": Case(ROWS.replace(",ideology", ",الفكر والعقيده"), warned=frozenset({"label_spelling"})),
    "unknown label": Case(ROWS.replace(",ideology", ",weather"), kept(0, 2), ((3, "unknown_topic"),)),
    "misspelt label": Case(ROWS.replace(",ideology", ",idealogy"), kept(0, 2), ((3, "unknown_topic"),)),
    "one column per topic": Case(f"text,attacks,ideology\n{MARKET},1,0\n{TALK},,1\n{NEWS},0,0\n"),
    "one column per topic, Arabic yes": Case(f"text,attacks,ideology\n{MARKET},نعم,لا\n{TALK},لا,نعم\n{NEWS},,\n"),
    "neither 0 nor 1": Case(
        f"text,attacks,ideology\n{MARKET},1,0\n{TALK},2,1\n{NEWS},0,0\n", kept(0, 2), ((3, "not_0_or_1"),)
    ),
    "columns of 0 and 1, any topic": Case(
        f"id,text,war,sport\n1,{MARKET},1,0\n2,{TALK},1,1\n", [{"war"}, {"war", "sport"}], any_topic=True
    ),
    "one row per pair": Case(
        f"text,label\n{MARKET},attacks\n{MARKET},ideology\n{TALK},ideology\n{NEWS},\n",
        [{"attacks", "ideology"}, *kept(1, 2)],
        warned=frozenset({"joined"}),
        joined=1,
    ),
    "labels alike, any topic": Case(
        ROWS.replace(",ideology", ",Attacks"),
        [{"Attacks"}, {"Attacks"}, set()],
        warned=frozenset({"label_spelling"}),
        any_topic=True,
    ),
    "labels nearly alike, any topic": Case(
        ROWS.replace(",ideology", ",attackes"),
        [{"attacks"}, {"attackes"}, set()],
        warned=frozenset({"alike_labels"}),
        any_topic=True,
    ),
    "labels with commas in a file of bars, any topic": Case(
        ROWS.replace(",attacks", ',"war, crime|sport"'), [{"war, crime", "sport"}, *kept(1, 2)], any_topic=True
    ),
    "exact duplicate": Case(ROWS + f"{NEWS},\n", [*LABELS, set()], warned=frozenset({"repeated"})),
    "same text, other labels": Case(
        ROWS.replace(",ideology", ",ideology|attacks") + f"{NEWS},attacks\n",
        [{"attacks"}, {"ideology", "attacks"}, set(), {"attacks"}],
        warned=frozenset({"contradiction"}),
    ),
    "near duplicate": Case(
        ROWS + NEWS.replace("الصيف", "الشتاء") + ",\n", [*LABELS, set()], warned=frozenset({"near_duplicate"})
    ),
    "article in two splits": Case(
        f"article_id,text,labels,split\na,{MARKET},attacks,train\na,{TALK},ideology,test\nb,{NEWS},,test\n",
        warned=frozenset({"straddling"}),
    ),
    "UTF-8 read as windows-1252": Case(
        ROWS.replace(MARKET, MARKET.encode().decode("latin-1")), kept(1, 2), ((2, "mojibake"),)
    ),
    "UTF-8 read as windows-1256": Case(
        ROWS.replace(MARKET, MARKET.encode().decode("cp1256")), kept(1, 2), ((2, "mojibake"),)
    ),
    "the same, repaired": Case(
        ROWS.replace(MARKET, MARKET.encode().decode("cp1256")),
        warned=frozenset({"repaired"}),
        options=ReadOptions(unscramble=True),
    ),
    "two characters that could be one letter": Case(ROWS.replace(MARKET, "ط¡")),
    "letters lost": Case(ROWS.replace(MARKET, "??? ???? ?? ?????"), kept(1, 2), ((2, "lost_letters"),)),
    "no word": Case(ROWS.replace(MARKET, "،؟ …"), warned=frozenset({"no_words", "not_arabic"})),
    "no Arabic": Case(ROWS.replace(MARKET, "An attack in the market"), warned=frozenset({"not_arabic"})),
    "a formula": Case(ROWS.replace(MARKET, f"=1+1 {MARKET}")),
    "header alone": Case("text,labels\n", []),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_a_file_gets(name: str, tmp_path: Path) -> None:
    case = GOOD[name]
    path = tmp_path / "rows.csv"
    path.write_bytes(case.content.encode() if isinstance(case.content, str) else case.content)
    checked = check(path, None if case.any_topic else TOPICS, case.options)
    data = checked.data
    assert [set(row.labels) for row in data.rows] == case.labels
    assert tuple((finding.line, finding.code) for finding in data.refusals) == case.refused
    assert {finding.code for finding in checked.warnings} - {"rare_topic"} == case.warned
    assert (data.encoding, data.joined) == (case.encoding, case.joined)
    summary = checked.summary()
    assert summary["accepted"] + summary["refused"] == summary["rows"]
    for finding in (*data.refusals, *checked.warnings):
        assert finding.reason
        assert finding.cure
        assert not any(text in str(finding) for text in TEXTS)


@pytest.mark.parametrize("name", GOOD)
def test_the_mended_file_is_clean_and_loses_no_row(name: str, tmp_path: Path) -> None:
    case = GOOD[name]
    path, clean = tmp_path / "rows.csv", tmp_path / "clean.csv"
    path.write_bytes(case.content.encode() if isinstance(case.content, str) else case.content)
    topics = None if case.any_topic else TOPICS
    checked = check(path, topics, case.options)
    refused = load_refused(write_fixed(checked, clean))
    again = load_labelled(clean, topics)
    assert again.refusals == ()
    assert len(again.rows) + again.joined + refused == checked.data.rows_in - checked.data.joined
    kept_rows = {(row.id, row.text, row.labels) for row in again.rows}
    if not again.joined:
        assert kept_rows <= {(row.id, row.text, row.labels) for row in checked.data.rows}


def load_refused(path: Path) -> int:
    csv.field_size_limit(1_000_000)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        return len(list(csv.reader(file))) - 1


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return content.getvalue()


BAD: dict[str, tuple[bytes, str, ReadOptions]] = {
    "XLSX": (zipped(), "is a ZIP file .Excel's .xlsx is one.*save its table as CSV", ReadOptions()),
    "XLS": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file", ReadOptions()),
    "PDF": (b"%PDF-1.7\n", "PDF file", ReadOptions()),
    "gzip": (gzip.compress(b"text,labels\n"), "gzip file", ReadOptions()),
    "Parquet": (b"PAR1\x15", "Parquet file", ReadOptions()),
    "SQLite": (b"SQLite format 3\0", "SQLite file", ReadOptions()),
    "NUL characters": (b"text,labels\na\0b,attacks\n", "NUL characters", ReadOptions()),
    "empty": (b"", "empty: give a CSV", ReadOptions()),
    "blank": (b"\n \n", "empty: give a CSV", ReadOptions()),
    "no text column": (b"words,labels\n", "no column 'text' .it has words, labels", ReadOptions()),
    "misspelt text column": (b"txet,labels\n", "give --text-column 'txet'", ReadOptions()),
    "misspelt labels column": (b"text,lables\n", "give --labels-column 'lables'", ReadOptions()),
    "labels column that isn't there": (b"text,labels\n", "no column 'topics'", ReadOptions(labels_column="topics")),
    "no labels column": (b"text,source\n", "neither a column 'labels' nor one per topic", ReadOptions()),
    "text column twice": (b"text,labels,text\n", "more than once .columns 1 and 3", ReadOptions()),
    "labels column twice": (b"labels,text,labels\n", "more than once .columns 1 and 3", ReadOptions()),
    "header missing": (f"{MARKET},attacks\n".encode(), "no column 'text'", ReadOptions()),
    "unclosed quote in the header": (b'text,"labels\nx,attacks\n', "header line", ReadOptions()),
    "few words of windows-1256": ("text,labels\nسلام,\n".encode("cp1256"), "--encoding windows-1256", ReadOptions()),
    "another language's code page": (
        "text,labels\nДобрый день товарищ,\n".encode("cp1251"),
        "no other encoding is plausible",
        ReadOptions(),
    ),
    "named wrongly": (ROWS.encode("cp1256"), "is no utf-8 .byte", ReadOptions("utf-8")),
    "no such encoding": (ROWS.encode(), "no known encoding", ReadOptions("klingon")),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_gets_one_sentence(name: str, tmp_path: Path) -> None:
    content, says, options = BAD[name]
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(LabelledDataError, match=says) as fault:
        load_labelled(path, TOPICS, options)
    assert "\n" not in str(fault.value)
    assert not any(text in str(fault.value) for text in TEXTS)


def test_there_are_enough_cases() -> None:
    assert len(GOOD) + len(BAD) >= 60


def test_the_mended_file_keeps_other_columns_and_leaves_repeated_rows_out(tmp_path: Path) -> None:
    path, clean = tmp_path / "rows.csv", tmp_path / "clean.csv"
    rows = f"source,text,labels\nجريدة,{MARKET},Attacks\nوكالة,{MARKET},attacks\n,{NEWS},weather\n"
    path.write_text(rows, "utf-8")
    beside = write_fixed(check(path, TOPICS), clean)
    assert clean.read_text("utf-8-sig") == f"id,article_id,text,labels,source\n2,2,{MARKET},attacks,جريدة\n"
    refused = beside.read_text("utf-8-sig").splitlines()
    assert refused[0] == "line,column,value,reason,cure,source,text,labels"
    assert [line.split(",")[0] for line in refused[1:]] == ["3", "4"]
    assert clean.read_bytes().startswith(b"\xef\xbb\xbf")
