"""Properties of the CSV reader: what a CSV writer wrote comes back, what broke breaks alone, in linear time."""

import csv
import io
import re
import time
from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tagger.errors import LabelledDataError
from tests.arabic import words
from training.table import Record, clean_name, table_of

cells = st.text(
    st.one_of(
        st.sampled_from('ابتث ,;\t|"\n\r\u0085\u2028\ufeff'),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=20,
)
LINE_END = re.compile("\r\n|\n|\r")


def written(rows: Sequence[Sequence[str]], delimiter: str, quoting: Literal[0, 1, 2], end: str) -> str:
    content = io.StringIO()
    csv.writer(content, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return content.getvalue()


def names(columns: int) -> list[str]:
    return [f"c{place}" for place in range(columns)]


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    columns = draw(st.integers(2, 5))
    return draw(st.lists(st.lists(cells, min_size=columns, max_size=columns), max_size=8))


@given(
    rows=tables(),
    delimiter=st.sampled_from(",;\t|"),
    # With LF or CR alone, the writer quotes all it must only if it quotes everything.
    way=st.sampled_from(
        [
            (csv.QUOTE_MINIMAL, "\r\n"),
            (csv.QUOTE_NONNUMERIC, "\n"),
            *((csv.QUOTE_ALL, end) for end in ("\n", "\r", "\r\n")),
        ]
    ),
    told=st.booleans(),
)
def test_what_a_writer_wrote_comes_back_line_by_line(
    rows: list[list[str]], delimiter: str, way: tuple[Literal[0, 1, 2], str], told: bool
) -> None:
    quoting, end = way
    header = names(len(rows[0]) if rows else 2)
    mark = f"sep={delimiter}{end}" if told else ""
    table = table_of(mark + written([header, *rows], delimiter, quoting, end))
    assert table.header == tuple(header)
    assert table.delimiter == delimiter
    assert [record.cells for record in table.records] == [tuple(row) for row in rows]
    assert not any(record.fault for record in table.records)
    before = [mark + written([header, *rows[:place]], delimiter, quoting, end) for place in range(len(rows))]
    assert [record.line for record in table.records] == [1 + len(LINE_END.findall(text)) for text in before]


# Passages begin with a letter; of a lost quote before a cell that begins with a delimiter nobody could tell the end.
passages = st.lists(st.one_of(words, st.sampled_from([",", ";", "،", ', "قال"', '"نعم",', "."])), max_size=8).flatmap(
    lambda further: words.map(lambda first: " ".join([first, *further]))
)


@st.composite
def quoted_files(draw: st.DrawFn) -> tuple[list[list[str]], int, int, bool]:
    """Rows of passages and short cells, the place of the passages, the row that loses a quote, and if all is quoted."""
    columns = draw(st.integers(3, 5))
    place = draw(st.integers(0, columns - 1))
    short = st.sampled_from(["", "attacks", "attacks|ideology", "12"])
    rows = [
        [draw(passages) if column == place else draw(short) for column in range(columns)]
        for _ in range(draw(st.integers(1, 7)))
    ]
    return rows, place, draw(st.integers(0, len(rows) - 1)), draw(st.booleans())


def line_of(row: Sequence[str], place: int, all_quoted: bool, broken: bool = False) -> str:
    """A row as a line whose passage is quoted; if it is broken, without the quote behind the passage."""
    quoted = ['"' + cell.replace('"', '""') + '"' if all_quoted or at == place else cell for at, cell in enumerate(row)]
    if broken:
        quoted[place] = quoted[place][:-1]
    return ",".join(quoted) + "\n"


@given(quoted_files())
def test_a_lost_closing_quote_costs_its_row_alone(file: tuple[list[list[str]], int, int, bool]) -> None:
    rows, place, lost, all_quoted = file
    lines = [line_of(row, place, all_quoted, broken=at == lost) for at, row in enumerate(rows)]
    table = table_of(line_of(names(len(rows[0])), 0, all_quoted=False) + "".join(lines))
    assert [record.line for record in table.records] == list(range(2, len(rows) + 2))
    for at, (record, row) in enumerate(zip(table.records, rows, strict=True)):
        if at != lost:
            assert record == Record(at + 2, tuple(row))
    assert table.records[lost].fault
    assert "".join(table.records[lost].cells) == lines[lost].rstrip("\n").replace(",", "")


@given(st.lists(st.text('ab," \n\r;', max_size=12), min_size=1, max_size=12), st.sampled_from(",;"))
def test_any_lines_at_all_are_told_in_order(lines: list[str], delimiter: str) -> None:
    """No line stands for two records; what stands before a record's line and behind the last one's is read."""
    content = f"a{delimiter}b\n" + "\n".join(lines)
    table = table_of(content)
    begins = [record.line for record in table.records]
    assert begins == sorted(set(begins))
    split = list(io.StringIO(content, newline=""))
    assert all(2 <= line <= len(split) for line in begins)
    told = "".join(cell for record in table.records for cell in record.cells)
    for letter in "ab":
        assert told.count(letter) == content.count(letter) - 1


@pytest.mark.parametrize(
    "line",
    [
        '"نص,attacks\n',
        'نص",attacks\n',
        '1,"نص\n',
        '""نص,attacks\n',
        'نص","attacks\n',  # the first and the last quote of each line lost: every record would go on to the end
    ],
)
def test_odd_quotes_in_all_lines_are_read_in_linear_time(line: str) -> None:
    start = time.perf_counter()
    table = table_of("text,labels\n" + line * 100_000)
    assert time.perf_counter() - start < 120
    assert [record.line for record in table.records] == sorted({record.line for record in table.records})
    assert len(table.records) >= 50_000


def test_a_record_of_many_lines_and_one_of_too_many() -> None:
    poem = "بيت من الشعر\n" * 250
    assert table_of(f'text,labels\n"{poem}",attacks\n').records == (Record(2, (poem, "attacks")),)
    first, *further = table_of(f'text,labels\n"{poem * 2}",attacks\n').records
    assert (first.line, first.fault) == (2, "a quote isn't closed")
    assert further[0].line == 3


def test_names_are_cleaned_and_empty_files_refused() -> None:
    assert clean_name(" \ufeffThe\u200f  Text\u00a0 ") == "the text"
    assert clean_name("a\udcff") == "a\ufffd"
    with pytest.raises(LabelledDataError, match="empty"):
        table_of("\n\n")
