import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tagger.types import Topic
from training.check import check, write_fixed
from training.read import ReadOptions, load_labelled
from training.rows import LabelledData

TOPICS = (Topic("attacks", "الهجمات", "Attacks"), Topic("ideology", "الفكر", "Ideology"))
MARKET = "وقع هجوم في السوق القديم من المدينة قبل يومين على ما قال شهود"
TALK = "تحدث الباحث عن الفكر الذي كان وراء ذلك في هذه البلاد بعد الحرب"
NEWS = "أعلنت الوزارة موعد الامتحانات في كل المدارس مع بداية الصيف"


def saved(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "rows.csv"
    path.write_bytes(content.encode(errors="surrogateescape"))
    return path


def cells_of(path: Path) -> list[list[str]]:
    csv.field_size_limit(1_000_000)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        return list(csv.reader(file, strict=True))


def as_read(data: LabelledData) -> list[tuple[str, str, str, frozenset[str]]]:
    return [(row.id, row.article, row.text, row.labels) for row in data.rows]


MIXED = (
    "id,text,labels,source\n"
    f"a,{MARKET},attacks|ideology,=cmd()\n"
    f"b,{TALK},idealogy,جريدة\n"
    f"c,{MARKET},attacks|ideology,وكالة\n"
    f"d,{NEWS},,@SUM(1)\n"
    "e, ,attacks,\n"
    f'f,"{NEWS},,\n'
    f"g,{TALK},الفكر,\n"
)


def test_the_summary_is_json_and_counts_every_row(tmp_path: Path) -> None:
    summary = check(saved(tmp_path, MIXED), TOPICS).summary()
    assert json.loads(json.dumps(summary)) == summary
    findings = summary.pop("findings")
    assert summary == {
        "encoding": "utf-8",
        "delimiter": ",",
        "rows": 7,
        "accepted": 4,
        "refused": 3,
        "joined": 0,
        "passages": 4,
        "no_topic": 1,
        "topics": {"attacks": 2, "ideology": 3},
    }
    assert [(found["line"], found["code"]) for found in findings if found["kind"] == "refused"] == [
        (3, "unknown_topic"),
        (6, "empty_text"),
        (7, "quote"),
    ]
    assert {found["code"] for found in findings if found["kind"] == "warning"} == {
        "label_spelling",
        "repeated",
        "rare_topic",
    }
    assert findings[0] == {
        "kind": "refused",
        "code": "unknown_topic",
        "line": 3,
        "column": "labels",
        "value": "idealogy",
        "reason": "unknown topic",
        "cure": "did you mean 'ideology'?",
    }


def test_the_summary_of_a_file_with_broken_bytes_can_be_printed(tmp_path: Path) -> None:
    path = saved(tmp_path, f"text,labels,\udcff\n{MARKET},attacks,\udcff\n{TALK},\udcff,\n{NEWS * 40},,\n")
    summary = check(path).summary()
    assert json.dumps(summary, ensure_ascii=False).encode()
    assert summary["refused"] == 2


def test_the_summary_counts_joined_rows(tmp_path: Path) -> None:
    checked = check(saved(tmp_path, f"text,labels\n{MARKET},attacks\n{MARKET},ideology\n{NEWS},\n"), TOPICS)
    summary = checked.summary()
    assert [summary[name] for name in ("rows", "accepted", "refused", "joined", "passages")] == [3, 3, 0, 1, 2]
    assert summary["topics"] == {"attacks": 1, "ideology": 1}


def test_the_clean_file_has_the_good_rows_and_the_other_file_the_rest(tmp_path: Path) -> None:
    checked = check(saved(tmp_path, MIXED), TOPICS)
    beside = write_fixed(checked, tmp_path / "clean.csv")
    assert beside == tmp_path / "clean.refused.csv"
    assert cells_of(tmp_path / "clean.csv") == [
        ["id", "article_id", "text", "labels", "source"],
        ["a", "a", MARKET, "attacks|ideology", "=cmd()"],
        ["d", "d", NEWS, "", "@SUM(1)"],
        ["g", "g", TALK, "ideology", ""],
    ]
    header, *refused = cells_of(beside)
    assert header == ["line", "column", "value", "reason", "cure", "id", "text", "labels", "source"]
    assert [row[:3] for row in refused] == [
        ["3", "labels", "idealogy"],
        ["4", "text", ""],
        ["6", "text", ""],
        ["7", "", ""],
    ]
    assert refused[0][5:] == ["b", TALK, "idealogy", "جريدة"]
    assert refused[1][3] == "the same as line 2"
    assert all(row[3] and row[4] for row in refused)
    again = load_labelled(tmp_path / "clean.csv", TOPICS)
    assert again.refusals == ()
    assert checked.data.rows_in == len(again.rows) + len(refused) + checked.data.joined


def test_formulas_stay_as_they_are(tmp_path: Path) -> None:
    """The clean file is the user's own text: a quote set before `=` would come back as a letter of the passage."""
    rows = [f"{sign}1+1 {MARKET} {number}" for number, sign in enumerate("=+-@\t")]
    checked = check(saved(tmp_path, "text,labels\n" + "".join(f"{text},\n" for text in rows)), TOPICS)
    write_fixed(checked, tmp_path / "clean.csv")
    assert [cells[2] for cells in cells_of(tmp_path / "clean.csv")[1:]] == [text.strip() for text in rows]


def test_repaired_text_is_written_repaired(tmp_path: Path) -> None:
    scrambled = {code: MARKET.encode().decode(code) for code in ("latin-1", "cp1256")}
    path = saved(tmp_path, "text,labels\n" + "".join(f"{text},attacks\n" for text in scrambled.values()))
    assert check(path, TOPICS).summary()["refused"] == 2
    write_fixed(check(path, TOPICS, ReadOptions(unscramble=True)), tmp_path / "clean.csv")
    (row,) = load_labelled(tmp_path / "clean.csv", TOPICS).rows
    assert row.text == MARKET
    assert [cells[0] for cells in cells_of(tmp_path / "clean.refused.csv")] == ["line", "3"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_in_cells_come_through(end: str, tmp_path: Path) -> None:
    content = f'text,labels,source\n"{MARKET}{end}{TALK}",attacks,"a{end}b"\n{NEWS},,\n'
    checked = check(saved(tmp_path, content), TOPICS)
    write_fixed(checked, tmp_path / "clean.csv")
    assert as_read(load_labelled(tmp_path / "clean.csv", TOPICS)) == as_read(checked.data)
    assert cells_of(tmp_path / "clean.csv")[1][4] == f"a{end}b"


@pytest.mark.parametrize("name", ["text", "labels", "Text", "النص"])
def test_columns_named_by_the_user_beside_columns_of_the_usual_names(name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, f"body,tags,{name},\n{MARKET},attacks,old,x\n{TALK},ideology,older,y\n")
    checked = check(path, TOPICS, ReadOptions(text_column="body", labels_column="tags"))
    write_fixed(checked, tmp_path / "clean.csv")
    assert as_read(load_labelled(tmp_path / "clean.csv", TOPICS)) == as_read(checked.data)
    assert [cells[-2:] for cells in cells_of(tmp_path / "clean.csv")[1:]] == [["old", "x"], ["older", "y"]]


def test_one_column_per_topic_becomes_labels(tmp_path: Path) -> None:
    path = saved(tmp_path, f"text,attacks,ideology,source\n{MARKET},1,1,a\n{NEWS},0,0,b\n")
    write_fixed(check(path, TOPICS), tmp_path / "clean.csv")
    assert cells_of(tmp_path / "clean.csv") == [
        ["id", "article_id", "text", "labels", "source"],
        ["2", "2", MARKET, "attacks|ideology", "a"],
        ["3", "3", NEWS, "", "b"],
    ]


def test_labels_that_disagree_stay_for_the_user_to_settle(tmp_path: Path) -> None:
    """Two readers of three said `attacks`: with one of the two gone, the rows would look like one row per label."""
    path = saved(tmp_path, f"text,labels\n{MARKET},attacks\n{MARKET},attacks\n{MARKET},ideology\n{NEWS},\n{NEWS},\n")
    checked = check(path, TOPICS)
    write_fixed(checked, tmp_path / "clean.csv")
    again = load_labelled(tmp_path / "clean.csv", TOPICS)
    assert again.joined == 0
    assert as_read(again) == as_read(checked.data)[:-1]


cells = st.text(
    st.one_of(st.sampled_from('بتث ,;|"\n\r=?؟'), st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    max_size=20,
)


@given(
    st.lists(
        st.tuples(cells, st.sampled_from(["", "attacks", "Ideology", "attacks|ideology", "weather", "[]"]), cells),
        max_size=10,
    ),
    st.booleans(),
)
def test_no_row_is_lost_between_the_two_files(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], unscramble: bool
) -> None:
    folder = tmp_path_factory.mktemp("check")
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text", "labels", "source"), *rows])
    checked = check(folder / "rows.csv", TOPICS, ReadOptions(unscramble=unscramble))
    refused = len(cells_of(write_fixed(checked, folder / "clean.csv"))) - 1
    again = load_labelled(folder / "clean.csv", TOPICS)
    assert again.refusals == ()
    assert again.joined == 0
    assert checked.data.rows_in == len(rows) == len(again.rows) + refused + checked.data.joined
    assert set(as_read(again)) <= set(as_read(checked.data))
    assert {(row.text, row.labels) for row in again.rows} == {(row.text, row.labels) for row in checked.data.rows}
    assert json.dumps(checked.summary())
