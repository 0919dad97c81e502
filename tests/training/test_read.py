from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training import LabelledData, ReadOptions, load_labelled, load_phrases, load_topics, merged
from training.rows import default_weights
from training.split import folds_by_article

TOPICS = (Topic("attacks", "الهجمات", "Attacks"), Topic("ideology", "الفكر", "Ideology"))


def read(tmp_path: Path, content: str | bytes, encoding: str | None = None) -> LabelledData:
    path = tmp_path / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_labelled(path, TOPICS, ReadOptions(encoding))


def labels(data: LabelledData) -> list[set[str]]:
    return [set(row.labels) for row in data.rows]


PLAIN = "text,labels\nهجوم في السوق,attacks|ideology\nخبر عادي,\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PLAIN.encode(), None),
        (PLAIN.encode("utf-8-sig"), None),
        (PLAIN.encode("utf-16"), None),
        (PLAIN.encode("windows-1256"), "windows-1256"),
        (PLAIN.replace("\n", "\r\n").encode(), None),
        (PLAIN.replace("\n", "\r").encode(), None),
        (PLAIN.replace(",", ";").encode(), None),
        (PLAIN.replace(",", "\t").encode(), None),
        (b"sep=;\r\n" + PLAIN.replace(",", ";").encode(), None),
        (PLAIN.replace("|", ";").encode(), None),
        (PLAIN.replace("attacks|ideology", '"attacks, ideology"').encode(), None),
        (PLAIN.replace("text,labels", " Text ,LABELS").encode(), None),
        ("text,attacks,ideology\nهجوم في السوق,1,1\nخبر عادي,0,\n".encode(), None),
    ],
)
def test_ways_to_write_the_same_rows(tmp_path: Path, content: bytes, encoding: str | None) -> None:
    data = read(tmp_path, content, encoding)
    assert [row.text for row in data.rows] == ["هجوم في السوق", "خبر عادي"]
    assert labels(data) == [{"attacks", "ideology"}, set()]
    assert data.refusals == ()


def test_ids_articles_and_lines(tmp_path: Path) -> None:
    data = read(tmp_path, 'id,article_id,text,labels\na,x,"سطر\nثان",\n,,نص,attacks\n')
    assert [(row.line, row.id, row.article) for row in data.rows] == [(2, "a", "x"), (4, "4", "4")]


@pytest.mark.parametrize(
    ("content", "line", "column", "value"),
    [
        ("text,labels\nنص,attacks\n ,attacks\n", 3, "text", ""),
        ("text,labels\nنص,attack\n", 2, "labels", "attack"),
        ("text,attacks\nنص,maybe\n", 2, "attacks", "maybe"),
        ("text,labels\nنص,attacks,زيادة\n", 2, "", ""),
        ("text,labels\n" + "ن" * 131_073 + ",\n", 2, "text", "131073 characters"),
    ],
)
def test_rows_that_cannot_be_used_are_refused_with_their_place(
    tmp_path: Path, content: str, line: int, column: str, value: str
) -> None:
    (refusal,) = read(tmp_path, content).refusals
    assert (refusal.line, refusal.column, refusal.value) == (line, column, value)
    assert refusal.reason
    assert refusal.cure


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"words,labels\n", "no column 'text' \\(it has words, labels\\)"),
        (b"text,tags\n", "neither a column 'labels'"),
        ("text,labels\nهجوم,attacks\n".encode("windows-1256"), "--encoding windows-1256"),
        (b"text,labels\n\x00", "NUL"),
        ('text,"labels\nنص,attacks\n'.encode(), "header line.*quotes"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(LabelledDataError, match=says):
        read(tmp_path, content)


def test_a_missing_file_and_an_unknown_encoding(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError, match="can't be read"):
        load_labelled(tmp_path / "none.csv", TOPICS)
    with pytest.raises(LabelledDataError, match="no known encoding"):
        read(tmp_path, PLAIN, "klingon")


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
            st.sampled_from(["", "attacks", "ideology", "attacks|ideology", "weather", "attacks;;"]),
        ),
        max_size=12,
    )
)
def test_rows_in_are_rows_accepted_and_refused(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    import csv

    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "labels"), *rows])
    data = load_labelled(path, TOPICS)
    assert data.rows_in == len(rows)
    assert all(row.labels <= {"attacks", "ideology"} for row in data.rows)


def test_topics_files(tmp_path: Path) -> None:
    path = tmp_path / "topics.csv"
    path.write_text("id,name_ar,name_en,keywords\na,أ,A,كلمة| كلمتان \n", "utf-8")
    assert load_topics(path) == (Topic("a", "أ", "A", keywords=("كلمة", "كلمتان")),)
    for content, says in (("id,name_ar\na,أ\n", "name_en"), ("id,name_ar,name_en\na,أ,A\na,ب,B\n", "one id each")):
        path.write_text(content, "utf-8")
        with pytest.raises(LabelledDataError, match=says):
            load_topics(path)


@given(st.lists(st.sampled_from("abcdefghij"), min_size=10, max_size=60), st.integers(2, 5), st.integers(0, 3))
def test_folds_score_every_row_once_and_keep_articles_whole(articles: list[str], folds: int, seed: int) -> None:
    split = folds_by_article(articles, folds, seed)
    assert sorted(int(row) for _, held in split for row in held) == list(range(len(articles)))
    for fitted_on, held in split:
        assert not {articles[row] for row in fitted_on} & {articles[row] for row in held}
        assert len(fitted_on) + len(held) == len(articles)


def test_merged_files_keep_their_rows_apart_and_weighted(tmp_path: Path) -> None:
    one, other = read(tmp_path, PLAIN), read(tmp_path, "text,labels,article_id\nنص,attacks,2\n,,\n")
    assert merged([(one, 1.0)]) is one
    both = merged([(one, 1.0), (other, 10.0)])
    assert both.weights.tolist() == [1.0, 1.0, 10.0]
    assert len(set(both.articles)) == 3
    assert both.refusals == other.refusals
    assert both.sha256 != merged([(one, 1.0), (other, 5.0)]).sha256
    assert default_weights(3) == [1.0, 10.0, 10.0]


def test_lexicon_files(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.csv"
    path.write_text("topic,phrase\nattacks,هجوم انتحاري\nattacks,تفجير\n", "utf-8")
    assert load_phrases(path) == {"attacks": ["هجوم انتحاري", "تفجير"]}
    path.write_text("topic,phrase\nattacks\n", "utf-8")
    assert load_phrases(path) == {"attacks": [""]}
    path.write_text("topic,words\n", "utf-8")
    with pytest.raises(LabelledDataError, match="phrase"):
        load_phrases(path)
