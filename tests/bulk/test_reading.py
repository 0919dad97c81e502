"""Every format is read row by row; a bad row costs itself, is told by its line, and its text is told nowhere."""

import csv
import gzip
import io
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bulk import opening
from app.bulk.csv_rows import csv_rows
from app.bulk.inputs import found_inputs
from app.bulk.opening import opened
from app.bulk.reading import rows_of, text_rows
from app.bulk.rows import BROKEN, EMPTY, TOO_LONG, BadRow, Columns, SourceRow
from app.tagger import InputError
from tests.arabic import mixed_text
from tests.bulk.archives import COLUMNS, rows_of_texts, write_csv, write_jsonl

ATTACK = "انفجرت سيارة مفخخة في سوق شعبي، وأعلن «داعش» مسؤوليته."
TRIAL = "قضت المحكمة بسجن خمسة متهمين\nبعد إدانتهم بتمويل جماعة متطرفة."


def read(path: Path, columns: Columns | None = None) -> list[SourceRow | BadRow]:
    (file,) = found_inputs([str(path)])
    with opened(file) as source:
        return list(rows_of(file, source, columns or Columns()))


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def good(rows: list[SourceRow | BadRow]) -> list[tuple[int, str]]:
    return [(row.place, row.text) for row in rows if isinstance(row, SourceRow)]


def bad(rows: list[SourceRow | BadRow]) -> list[tuple[int, str]]:
    return [(row.place, row.reason) for row in rows if isinstance(row, BadRow)]


def parquet(path: Path, **columns: pa.Array) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_all_formats_give_the_same_rows(tmp_path: Path) -> None:
    rows = rows_of_texts([ATTACK, TRIAL, "خبر قصير"])
    expected = [(text, id, when, source) for id, text, when, source in rows]
    table = {name: pa.array([row[place] for row in rows]) for place, name in enumerate(COLUMNS)}
    paths = [
        write_csv(tmp_path / "a.csv", rows),
        write_jsonl(tmp_path / "a.jsonl", rows),
        parquet(tmp_path / "a.parquet", **table),
    ]
    for path in paths[:2]:
        paths.append(written(path.with_suffix(f"{path.suffix}.gz"), gzip.compress(path.read_bytes())))
        squeezed = pa.compress(path.read_bytes(), "zstd", asbytes=True)
        paths.append(written(path.with_suffix(f"{path.suffix}.zst"), squeezed))
    for path in paths:
        found = [row for row in read(path) if isinstance(row, SourceRow)]
        assert [(row.text, row.id, row.date, row.source) for row in found] == expected, path.name


@settings(deadline=None)
@given(st.lists(st.tuples(mixed_text, mixed_text), min_size=1, max_size=8))
def test_whatever_a_csv_writer_writes_is_read(pairs: list[tuple[str, str]]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(("id", "text"))
    begins = []
    for pair in pairs:
        begins.append(len(_lines(stream.getvalue())) + 1)
        writer.writerow(pair)
    lines = opening.Lines(io.StringIO(stream.getvalue(), newline=""))
    rows = list(csv_rows(lines, Columns(), "a.csv"))
    assert [row.place for row in rows] == begins
    for row, (id, text) in zip(rows, pairs, strict=True):
        if text.strip():
            assert isinstance(row, SourceRow)
            assert (row.id or "", row.text) == (id, text)
        else:
            assert row == BadRow(row.place, EMPTY)


def _lines(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('bad,"نص لم يغلق', "a quote that isn't closed or stands inside a cell"),
        ('bad,"نص" مقتبس,', "a quote that isn't closed or stands inside a cell"),
        ("bad", "1 cells, the header has 2"),
        ("bad,نص,زائد,x", "4 cells, the header has 2"),
        ("bad,", EMPTY),
        ("bad,   ", EMPTY),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 5])
def test_a_bad_line_costs_one_row(tmp_path: Path, line: str, reason: str, place: int) -> None:
    lines = [f'r{number},"{ATTACK} {number}"' for number in range(5)]
    lines.insert(place, line)
    rows = read(written(tmp_path / "a.csv", "\n".join(["id,text", *lines]) + "\n"))
    assert bad(rows) == [(place + 2, reason)]
    assert [row.id for row in rows if isinstance(row, SourceRow)] == [f"r{number}" for number in range(5)]
    assert [place for place, _ in good(rows)] == [n + 2 + (n >= place) for n in range(5)]


def test_an_unclosed_quote_before_a_million_lines_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("opening", "csv_rows"):
        monkeypatch.setattr(f"app.bulk.{module}.LONGEST_LINE", 2000)
    lines = ["id,text", 'bad,"لم يغلق', *(f"r{number},{ATTACK}" for number in range(200)), f'q,"{"ن" * 3000}"', "z,نص"]
    rows = read(written(tmp_path / "a.csv", "\n".join(lines)))
    assert bad(rows) == [(2, TOO_LONG), (203, TOO_LONG)]
    assert len(good(rows)) == 201


def test_broken_bytes_cost_one_row_in_every_format(tmp_path: Path) -> None:
    broken = ATTACK.encode()[:11] + b"\xff" + ATTACK.encode()[11:]
    table = b"id,text\n1,%s\n2,%s\n3,%s\n" % (ATTACK.encode(), broken, ATTACK.encode())
    assert bad(read(written(tmp_path / "a.csv", table))) == [(3, BROKEN)]
    objects = b"".join(b'{"text": "%s"}\n' % text for text in (ATTACK.encode(), broken, ATTACK.encode()))
    rows = read(written(tmp_path / "a.jsonl", objects))
    assert (bad(rows), [place for place, _ in good(rows)]) == ([(2, BROKEN)], [1, 3])
    texts = pa.array([ATTACK.encode(), broken, ATTACK.encode()], pa.binary())
    column = pa.Array.from_buffers(pa.string(), 3, texts.buffers())
    rows = read(parquet(tmp_path / "a.parquet", text=column))
    assert (bad(rows), [place for place, _ in good(rows)]) == ([(2, BROKEN)], [1, 3])
    rows = read(written(tmp_path / "a.txt", b"\n".join([ATTACK.encode(), broken, ATTACK.encode()])))
    assert (bad(rows), [place for place, _ in good(rows)]) == ([(2, BROKEN)], [1, 3])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1}', "no text under 'text'"),
        ('{"text": null}', EMPTY),
        ('{"text": " "}', EMPTY),
        ('{"text": 7}', "'text' holds no text"),
        ('{"text": "نص", "id": [1]}', "an id, date or source that is no text or number"),
        ('{"text": "نص"', "no JSON object"),
        ('{"text": "\\ud800"}', "no JSON object"),
        ("[" * 5000, "no JSON object"),
        ('["نص"]', "no JSON object"),
    ],
)
def test_a_bad_json_line_costs_one_row(tmp_path: Path, line: str, reason: str) -> None:
    sound = json.dumps({"text": ATTACK, "id": 12}, ensure_ascii=False)
    rows = read(written(tmp_path / "a.jsonl", f"{sound}\n\n{line}\n{sound}\n"))
    assert bad(rows) == [(3, reason)]
    assert [(row.place, row.id) for row in rows if isinstance(row, SourceRow)] == [(1, "12"), (4, "12")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("first", ["", "sep={}\n"])
def test_the_header_shows_the_delimiter(tmp_path: Path, delimiter: str, first: str) -> None:
    table = first.format(delimiter) + f"id{delimiter}text\n7{delimiter}{ATTACK}\n"
    (row,) = read(written(tmp_path / "a.csv", table))
    assert isinstance(row, SourceRow)
    assert (row.id, row.text) == ("7", ATTACK)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1256"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "a.csv", f"id,text\r\n7,{ATTACK}\r\n".encode(encoding))
    columns = Columns(encoding="windows-1256" if encoding == "windows-1256" else "utf-8")
    assert good(read(path, columns)) == [(2, ATTACK)]


def test_a_column_that_is_missing_is_told_without_any_text(tmp_path: Path) -> None:
    long = " ".join([ATTACK] * 3)
    path = written(tmp_path / "a.csv", f"number,{long}\n1,{ATTACK}\n")
    with pytest.raises(InputError, match=r"a\.csv has no column 'text' but number: name it") as told:
        read(path)
    assert ATTACK not in str(told.value)
    named = Columns(id="key", named=frozenset({"id"}))
    with pytest.raises(InputError, match="no column 'key'"):
        read(written(tmp_path / "b.csv", f"id,text\n1,{ATTACK}\n"), named)
    with pytest.raises(InputError, match="no column 'key'"):
        read(parquet(tmp_path / "b.parquet", text=pa.array([ATTACK])), named)
    assert bad(read(written(tmp_path / "b.jsonl", '{"text": "نص"}\n'), named)) == [(1, "nothing under 'key'")]


def test_parquet_columns_of_other_types(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet",
        text=pa.array([ATTACK, None, ATTACK]).dictionary_encode(),
        id=pa.array([1, 2, None]),
        date=pa.array([date(2014, 6, 29)] * 3),
    )
    rows = read(path)
    assert bad(rows) == [(2, EMPTY)]
    assert [(row.id, row.date) for row in rows if isinstance(row, SourceRow)] == [
        ("1", "2014-06-29"),
        (None, "2014-06-29"),
    ]
    with pytest.raises(InputError, match="column 'text' holds list"):
        read(parquet(tmp_path / "b.parquet", text=pa.array([[ATTACK]])))


@settings(deadline=None)
@given(st.lists(st.one_of(mixed_text, st.sampled_from(["\r\n", "\r", "\n"])), max_size=10))
def test_lines_of_a_text_file_tell_where_they_begin(parts: list[str]) -> None:
    article = "".join(parts).removeprefix("\ufeff")
    lines = opening.Lines(io.StringIO(article, newline=""))
    rows = [row for row in text_rows(lines, "a.txt") if isinstance(row, SourceRow)]
    assert all(article[row.offset : row.offset + len(row.text)] == row.text for row in rows)
    assert "".join(row.text for row in rows).split() == article.split()


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.zst", "a.parquet"])
def test_a_file_that_ends_in_the_middle_is_told(tmp_path: Path, name: str, texts: list[str]) -> None:
    whole = write_csv(tmp_path / "whole.csv", rows_of_texts(texts)).read_bytes()
    if name == "a.jsonl.zst":
        lines = write_jsonl(tmp_path / "whole.jsonl", rows_of_texts(texts)).read_bytes()
        content = pa.compress(lines, "zstd", asbytes=True)
    elif name == "a.csv.gz":
        content = gzip.compress(whole)
    else:
        content = parquet(tmp_path / "whole.parquet", text=pa.array(texts)).read_bytes()
    path = written(tmp_path / name, content[: len(content) // 2])
    with pytest.raises(InputError, match=rf"{name} can't be read: .+: fetch or export it anew\.") as told:
        read(path)
    assert not any(text[:20] in str(told.value) for text in texts)
