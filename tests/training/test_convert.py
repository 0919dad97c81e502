import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tagger.errors import InputError, LabelledDataError
from tests.arabic import HARAKAT, INVISIBLE, LETTERS
from training.convert import _FORMATS, FORMATS, format_of, load_converted, write_converted
from training.rows import LabelledData, LabelledRow

RAIN = "أمطار غزيرة على الشمال غدًا"
MATCH = "فاز الفريق بالمباراة 3-1"
PLAIN = "صباح الخير"
KEEPS_TEXT = ("label-studio", "doccano", "argilla", "annif-csv", "armpro")
ONE_LINE = ("annif", "fasttext", "libmultilabel")
NO_IDS = ("annif", "fasttext")
KEEPS_ARTICLES = (*KEEPS_TEXT, "csv")
JSON_FORMATS = ("label-studio", "doccano", "argilla", "armpro")


def read(path: Path, content: str | bytes, format: str | None = None) -> LabelledData:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_converted(path, format)


def jsonl(*objects: object) -> str:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in objects)


def row(text: str, *labels: str, line: int = 1, id: str = "", article: str = "") -> LabelledRow:
    return LabelledRow(line, id or f"n{line}", article or id or f"n{line}", text, frozenset(labels))


def found(data: LabelledData) -> list[tuple[str, str, str, list[str]]]:
    return [(row.id, row.article, row.text, sorted(row.labels)) for row in data.rows]


LABEL_STUDIO = json.dumps(
    [
        {
            "id": 7,
            "project": 1,
            "data": {"text": RAIN},
            "annotations": [
                {
                    "id": 12,
                    "result": [
                        {
                            "id": "Dx_aB91ISN",
                            "from_name": "subject",
                            "to_name": "passage",
                            "type": "choices",
                            "origin": "manual",
                            "value": {"choices": ["weather", "north"]},
                        }
                    ],
                    "was_cancelled": False,
                    "created_at": "2024-03-09T22:16:08.728353Z",
                    "updated_at": "2024-03-10T22:16:08.728378Z",
                },
                {"id": 13, "result": [], "was_cancelled": True, "updated_at": "2024-03-12T22:16:08Z"},
                {"id": 11, "result": [], "was_cancelled": False, "updated_at": "2024-03-09T22:16:08Z"},
            ],
            "predictions": [],
        },
        {
            "id": 8,
            "data": {"text": PLAIN, "id": "p8", "article_id": "a1"},
            "annotations": [{"result": [], "was_cancelled": False}],
        },
    ]
)
LABEL_STUDIO_MIN = json.dumps(
    [
        {
            "text": RAIN,
            "id": 7,
            "subject": {"choices": ["weather", "north"]},
            "annotator": 1,
            "annotation_id": 12,
            "created_at": "2024-03-09T22:16:08.728353Z",
            "updated_at": "2024-03-09T22:16:08.728378Z",
            "lead_time": 4.3,
        },
        {
            "text": PLAIN,
            "id": "p8",
            "article_id": "a1",
            "subject": "weather",
            "annotator": 1,
            "annotation_id": 13,
            "updated_at": "2024-03-09T22:16:08Z",
        },
        {
            "text": PLAIN,
            "id": "p8",
            "article_id": "a1",
            "annotator": 2,
            "annotation_id": 14,
            "updated_at": "2024-03-10T22:16:08Z",
        },
    ]
)
DOCCANO = jsonl(
    {"id": 7, "text": RAIN, "label": ["weather", "north"], "Comments": []},
    {"id": "p8", "text": PLAIN, "label": [], "article_id": "a1"},
)
DOCCANO_OLD = jsonl(
    {"id": 7, "data": RAIN, "labels": ["weather", "north"]},
    {"id": "p8", "data": PLAIN, "labels": [], "meta": {"article_id": "a1"}},
)
ARGILLA = json.dumps(
    [
        {
            "id": "7",
            "fields": {"text": RAIN},
            "metadata": {},
            "suggestions": {"subject": {"value": ["sport"], "score": 0.7, "agent": "model"}},
            "responses": {
                "subject": [
                    {"value": ["north", "weather"], "user_id": "4d6f", "status": "submitted"},
                    {"value": ["sport"], "user_id": "9e1a", "status": "draft"},
                ],
                "remark": [{"value": "عبارة واضحة", "user_id": "4d6f", "status": "submitted"}],
            },
            "vectors": {},
            "status": "completed",
            "_server_id": "e1",
        },
        {
            "id": "p8",
            "fields": {"text": PLAIN},
            "metadata": {"article_id": "a1"},
            "suggestions": {},
            "responses": {"subject": [{"value": [], "user_id": "4d6f"}]},
        },
    ]
)
ARMPRO = jsonl(
    {
        "page_id": "7",
        "paragraph_id": "7",
        "paragraph": RAIN,
        "labels": ["weather", "north"],
        "page_domain": "x.example",
    },
    {"page_id": "a1", "paragraph_id": "p8", "paragraph": PLAIN, "labels": ["no_technique"], "type": "paragraph"},
)
ANNIF_CSV = (
    "document_id,article_id,text,subject_uris\n"
    f"7,,{RAIN},<http://www.example.org/onto/weather> <http://example.org/places#north>\n"
    f"p8,a1,{PLAIN},\n"
)
CSV = f"id,article_id,text,labels\n7,,{RAIN},weather|north\np8,a1,{PLAIN},\n"
WITH_IDS = [("7", "7", RAIN, ["north", "weather"]), ("p8", "a1", PLAIN, [])]


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (CSV, "csv"),
        (LABEL_STUDIO, "label-studio"),
        (LABEL_STUDIO_MIN, "label-studio"),
        (DOCCANO, "doccano"),
        (DOCCANO_OLD, "doccano"),
        (ARGILLA, "argilla"),
        (jsonl(*json.loads(ARGILLA)), "argilla"),
        (ARMPRO, "armpro"),
        (ANNIF_CSV, "annif-csv"),
    ],
)
def test_real_shapes_with_ids_are_known_and_read(tmp_path: Path, content: str, format: str) -> None:
    data = read(tmp_path / "rows", content)
    assert format_of(tmp_path / "rows") == format
    assert found(data) == WITH_IDS
    assert data.refusals == ()
    assert found(read(tmp_path / "rows", content.encode("utf-8-sig"), format)) == WITH_IDS


@pytest.mark.parametrize(
    ("content", "format", "ids"),
    [
        (f"__label__weather __label__north {RAIN}\n\n{PLAIN}\n", "fasttext", ["1", "3"]),
        (f"__label__weather __label__north\t{RAIN}\r\n{PLAIN}", "fasttext", ["1", "2"]),
        (
            f"{RAIN}\t<http://example.org/weather> <http://example.org/onto#north>\n{PLAIN}\t\n",
            "annif",
            ["1", "2"],
        ),
        (f"7\tweather north\t{RAIN}\np8\t\t{PLAIN}\n", "libmultilabel", ["7", "p8"]),
        (f"weather north\t{RAIN}\n\t{PLAIN}\n", "libmultilabel", ["1", "2"]),
    ],
)
def test_real_shapes_of_lines_are_known_and_read(tmp_path: Path, content: str, format: str, ids: list[str]) -> None:
    data = read(tmp_path / "rows.txt", content)
    assert format_of(tmp_path / "rows.txt") == format
    assert [(row.id, row.text, sorted(row.labels)) for row in data.rows] == [
        (ids[0], RAIN, ["north", "weather"]),
        (ids[1], PLAIN, []),
    ]


def test_paragraphs_without_page_belong_to_the_page_in_their_id(tmp_path: Path) -> None:
    data = read(tmp_path / "rows", jsonl({"paragraph_id": "AB_c-04_008", "text": RAIN, "labels": [], "type": "text"}))
    assert (data.rows[0].id, data.rows[0].article) == ("AB_c-04_008", "AB_c-04")


PIECES = st.one_of(
    st.sampled_from(LETTERS + HARAKAT + INVISIBLE + "ـ \"',;|\t\n\r\u2028\u2029\x85\x0c٠١٢3456aZé{}[]<>\\/😀"),
    st.sampled_from(["__label__", " __label__x", "__label__ ", '"text"', "sep=;", "NA", "\r\n", "\ufeff"]),
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
)
TEXTS = st.lists(PIECES, min_size=1, max_size=12).map("".join).filter(lambda text: bool(text.strip()))
NAMES = st.text(LETTERS + "abcXYZ019_-.%/#", min_size=1, max_size=8)
LABELS = st.frozensets(st.sampled_from(["weather", "sport", "الطقس", "a/b#c", "50%", "x_y-z"]), max_size=3)
ROWS = st.lists(
    st.builds(LabelledRow, line=st.just(1), id=NAMES, article=NAMES, text=TEXTS, labels=LABELS, weight=st.just(1.0)),
    max_size=6,
    unique_by=lambda row: row.id,
)


def flat(text: str) -> str:
    for broken in ("\t", "\r", "\n"):
        text = text.strip().replace(broken, "\n")
    while "\n\n" in text:
        text = text.replace("\n\n", "\n")
    return text.replace("\n", " ")


@pytest.mark.parametrize("format", FORMATS)
@given(rows=ROWS)
def test_what_a_format_holds_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, format: str, rows: list[LabelledRow]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows"
    notes = write_converted(rows, path, format)
    data = load_converted(path, format)
    assert data.refusals == ()
    assert [row.labels for row in data.rows] == [row.labels for row in rows]
    text: Callable[[str], str] = {**dict.fromkeys(KEEPS_TEXT, str), "csv": str.strip}.get(format, flat)
    assert [row.text for row in data.rows] == [text(row.text) for row in rows]
    if format not in NO_IDS:
        assert [row.id for row in data.rows] == [row.id for row in rows]
    if format in KEEPS_ARTICLES:
        assert [row.article for row in data.rows] == [row.article for row in rows]
    changed = sum(text(row.text) != row.text for row in rows)
    assert any("of the text" in note for note in notes) == bool(changed)
    assert not path.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("format", JSON_FORMATS)
@given(rows=ROWS)
def test_topics_may_have_any_name_in_json(
    tmp_path_factory: pytest.TempPathFactory, format: str, rows: list[LabelledRow]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows"
    named = [replace(row, labels=frozenset({"a, b|c;d", "الطقس في الشمال", "سطر\nثان"})) for row in rows]
    write_converted(named, path, format)
    assert [row.labels for row in load_converted(path, format).rows] == [row.labels for row in named]


@pytest.mark.parametrize("content", [LABEL_STUDIO, DOCCANO, ARGILLA, ARMPRO, ANNIF_CSV, CSV])
@pytest.mark.parametrize("format", KEEPS_ARTICLES)
def test_from_any_format_to_any_other(tmp_path: Path, content: str, format: str) -> None:
    write_converted(read(tmp_path / "from", content).rows, tmp_path / "to", format)
    assert format_of(tmp_path / "to") == format
    assert found(load_converted(tmp_path / "to")) == WITH_IDS


def test_notes_say_what_is_lost(tmp_path: Path) -> None:
    rows = [
        row("سطر\nثان", "weather", id="x", article="a"),
        row(" مطر\t", id="2", article="2"),
        row("قال __label__x", id="3"),
    ]
    assert write_converted(rows, tmp_path / "rows.fasttext") == [
        "The format has no ids: they are left out of 1 row.",
        "The format has no articles: they are left out of 1 row.",
        "Line ends and tabs of the text became spaces in 1 row.",
        "Blanks at the ends of the text are left out in 1 row.",
        "Words that begin with __label__ are labels to fastText; the text holds one in 1 row.",
    ]
    assert write_converted(rows, tmp_path / "rows.csv") == ["Blanks at the ends of the text are left out in 1 row."]
    assert write_converted([replace(rows[0], id="n\t1", weight=10.0)], tmp_path / "rows", "libmultilabel")[-2:] == [
        "Line ends, tabs and blanks of the id changed in 1 row.",
        "No format has weights: they are left out of 1 row.",
    ]
    assert "no empty answers" in write_converted(rows, tmp_path / "rows", "argilla")[0]
    assert write_converted(rows, tmp_path / "rows", "doccano") == []


@pytest.mark.parametrize(
    ("label", "format"),
    [
        ("north wind", "fasttext"),
        ("north wind", "libmultilabel"),
        ("wind, rain", "csv"),
        ("wind|rain", "csv"),
        ("مطر، ريح", "csv"),
        ("[wind]", "csv"),
        ("no_technique", "armpro"),
        ("", "doccano"),
        (" wind", "argilla"),
    ],
)
def test_topics_that_cannot_be_written_stop_before_writing(tmp_path: Path, label: str, format: str) -> None:
    path = tmp_path / "rows"
    path.write_text("as before", "utf-8")
    with pytest.raises(LabelledDataError, match=r"row 2 \(id 'n2'\) can't be written.*rename") as error:
        write_converted([row(RAIN, "weather"), row(MATCH, label, line=2)], path, format)
    assert path.read_text("utf-8") == "as before"
    assert [file.name for file in tmp_path.iterdir()] == ["rows"]
    assert MATCH not in str(error.value)


@pytest.mark.parametrize(
    ("bad", "says"), [(row(" "), "empty text"), (row("نص\0"), "NUL"), (row("نص\ud800"), "surrogate")]
)
def test_rows_that_no_format_holds(tmp_path: Path, bad: LabelledRow, says: str) -> None:
    with pytest.raises(LabelledDataError, match=says):
        write_converted([bad], tmp_path / "rows.csv")
    assert list(tmp_path.iterdir()) == []


SECRET = "نص لا يظهر"
DONE = {"result": [], "was_cancelled": False}


@pytest.mark.parametrize(
    ("content", "format", "line", "column", "value"),
    [
        (jsonl({"text": RAIN, "label": []}) + SECRET, "doccano", 2, "", ""),
        (jsonl({"text": RAIN, "label": []}, [SECRET]), "doccano", 2, "", "a list"),
        (jsonl({"label": ["weather"]}), "doccano", 1, "text", "nothing"),
        (jsonl({"text": SECRET}), "doccano", 1, "label", "nothing"),
        (jsonl({"text": SECRET, "label": [[0, 3, "weather"]]}), "doccano", 1, "label", "a list"),
        (jsonl({"text": 5, "label": []}), "doccano", 1, "text", "a number"),
        (jsonl({"text": " ", "label": []}), "doccano", 1, "text", ""),
        (jsonl({"text": "ن" * 131_073, "label": []}), "doccano", 1, "text", "131073 characters"),
        ('{"text": "ن\\ud800", "label": []}\n', "doccano", 1, "text", ""),
        ('{"text": "نص", "label": [], "id": "\\u0000"}\n', "doccano", 1, "id", ""),
        (jsonl({"paragraph_id": "a_1", "labels": []}), "armpro", 1, "paragraph", "nothing"),
        (json.dumps([{"data": {"text": SECRET}, "annotations": []}]), "label-studio", 1, "annotations", ""),
        (
            json.dumps([{"data": {"text": SECRET}, "annotations": [{**DONE, "was_cancelled": True}]}]),
            "label-studio",
            1,
            "annotations",
            "",
        ),
        (json.dumps([{"data": {"image": 1}, "annotations": [DONE]}]), "label-studio", 1, "data.text", "nothing"),
        (
            json.dumps([{"data": {"text": SECRET}, "annotations": [{"result": [{"type": "choices"}]}]}]),
            "label-studio",
            1,
            "choices",
            "nothing",
        ),
        (json.dumps([{"fields": {}, "suggestions": {}, "responses": {}}]), "argilla", 1, "topics", ""),
        (
            json.dumps([{"fields": {"text": SECRET}, "suggestions": {"t": {"value": ["a"], "agent": "model"}}}]),
            "argilla",
            1,
            "topics",
            "",
        ),
        (
            json.dumps([{"fields": {"text": SECRET}, "responses": {"t": [{"value": ["a"]}, {"value": ["b"]}]}}]),
            "argilla",
            1,
            "t",
            "2 answers",
        ),
        (json.dumps([{"fields": {}, "responses": {"t": [{"value": ["a"]}]}}]), "argilla", 1, "fields.text", "nothing"),
        (f"{SECRET} __label__weather\n", "fasttext", 1, "labels", ""),
        ("__label__weather\n", "fasttext", 1, "text", ""),
        (f"{SECRET}\n", "annif", 1, "subjects", ""),
        (f"weather\t{SECRET}\n", "annif", 1, "subjects", ""),
        (f"text,subject_uris\n{SECRET},weather\n", "annif-csv", 2, "subject_uris", ""),
        (f"text,subject_uris\n{SECRET},<a>,b\n", "annif-csv", 2, "", ""),
        (f"1\tweather\t{RAIN}\n2\tweather\t{SECRET}\tx\n", "libmultilabel", 2, "", "4 columns"),
    ],
)
def test_records_that_cannot_be_used_are_refused_with_their_place(
    tmp_path: Path, content: str, format: str, line: int, column: str, value: str
) -> None:
    (refusal,) = read(tmp_path / "rows", content, format).refusals
    assert (refusal.line, refusal.column, refusal.value) == (line, column, value)
    assert refusal.reason
    assert refusal.cure
    assert SECRET not in str(refusal)


@pytest.mark.parametrize("format", JSON_FORMATS)
@given(
    records=st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["text", "label", "labels", "data", "annotations", "result", "value", "choices", "type", "id"]
                    )
                    | st.sampled_from(
                        ["fields", "responses", "suggestions", "paragraph", "agent", "metadata", "from_name"]
                    ),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=12,
        ),
        max_size=4,
    )
)
def test_records_of_any_shape_are_accepted_or_refused(
    tmp_path_factory: pytest.TempPathFactory, format: str, records: list[object]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows"
    path.write_text(json.dumps(records), "utf-8")
    try:
        data = load_converted(path, format)
    except LabelledDataError:
        return
    assert len(data.rows) + len(data.refusals) == len(records)


@pytest.mark.parametrize(
    ("content", "format", "says"),
    [
        (f'[{{"text": "{SECRET}"', "doccano", r"is no JSON \(line 1\)"),
        ("[" * 100_000, "argilla", "is no JSON"),
        (f"{SECRET}\nثان\n", "armpro", "neither a JSON list nor one JSON object a line"),
        ('"text"', "label-studio", "neither a JSON list"),
        (RAIN.encode("windows-1256"), "fasttext", "is no utf-8"),
        (f"text,label\n{SECRET},a\n", "annif-csv", "no column 'subject_uris'"),
        (f'text,subject_uris\n"{SECRET},\n', "annif-csv", "record from line 2.*quotes"),
        (f"{SECRET}\n", "libmultilabel", "lines of 1 columns"),
        ("نص\t<http://a.example/x> <http://b.example/x>\n", "annif", "one topic"),
        (
            json.dumps(
                [
                    {
                        "data": {"text": SECRET},
                        "annotations": [
                            {
                                "result": [
                                    {"type": "choices", "from_name": name, "value": {"choices": ["a"]}}
                                    for name in ("topic", "mood")
                                ]
                            }
                        ],
                    }
                ]
            ),
            "label-studio",
            "several questions \\(mood, topic\\)",
        ),
        (
            json.dumps([{"text": SECRET, "topic": "a", "mood": "b", "annotation_id": 1}]),
            "label-studio",
            "export it as JSON, not JSON-MIN",
        ),
        (
            json.dumps([{"fields": {"text": SECRET}, "responses": {n: [{"value": ["a"]}] for n in ("x", "y")}}]),
            "argilla",
            "several questions \\(x, y\\)",
        ),
        (PLAIN, "csv", "no column 'text'"),
        (PLAIN, "spacy", "no known format: name one of csv, label-studio"),
        (PLAIN, None, "one of csv, label-studio, doccano"),
        ("", None, "doesn't tell its format"),
        ('{"sentence": "x"}', None, "doesn't tell its format"),
    ],
)
def test_files_that_are_not_the_format(tmp_path: Path, content: str | bytes, format: str | None, says: str) -> None:
    with pytest.raises(LabelledDataError, match=says) as error:
        read(tmp_path / "rows", content, format)
    assert SECRET not in str(error.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError, match="can't be read"):
        load_converted(tmp_path / "none.json")
    with pytest.raises(InputError, match="can't be written"):
        write_converted([row(RAIN)], tmp_path / "none" / "rows.csv")


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("rows.csv", "csv"),
        ("rows.tsv", "annif"),
        ("rows.annif.csv", "annif-csv"),
        ("Rows.Doccano.jsonl", "doccano"),
        ("label-studio.json", "label-studio"),
        ("rows.fasttext.txt", "fasttext"),
    ],
)
def test_names_tell_formats(tmp_path: Path, name: str, format: str) -> None:
    write_converted([row(RAIN, "weather")], tmp_path / name)
    assert format_of(tmp_path / name) == format
    assert load_converted(tmp_path / name, format).texts == [RAIN]


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.txt", "rows"])
def test_names_that_tell_no_format_to_write(tmp_path: Path, name: str) -> None:
    with pytest.raises(LabelledDataError, match="one of csv, label-studio"):
        write_converted([row(RAIN)], tmp_path / name)


def test_people_overrule_what_was_written_to_argilla(tmp_path: Path) -> None:
    path = tmp_path / "rows.argilla.json"
    write_converted([row(RAIN, "weather"), row(PLAIN, line=2)], path)
    records = json.loads(path.read_text("utf-8"))
    assert [row.labels for row in load_converted(path).rows] == [{"weather"}, set()]
    records[0]["responses"] = {"topics": [{"value": ["north"], "user_id": "4d6f"}]}
    path.write_text(json.dumps(records), "utf-8")
    assert [row.labels for row in load_converted(path).rows] == [{"north"}, set()]


def test_every_format_has_a_reader_and_a_writer() -> None:
    assert tuple(_FORMATS) == FORMATS
