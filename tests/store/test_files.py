"""Reviews out of the store and back: exact in the plain forms, harmless in a spreadsheet, each refused row told."""

import csv
import json
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import app as cli
from app.settings import Settings
from app.store.database import Store
from app.store.export import COLUMNS, FORMULA_STARTS, neutral
from app.tagger.types import Topic
from tests.arabic import mixed_text
from tests.conftest import TINY_TOPICS
from tests.store.saving import decision, export_of, imported, saved
from tests.store.test_reviews_http import ARRESTS, ARTICLE, ATTACK, reviewed
from training import load_labelled

texts = st.one_of(
    mixed_text, st.text(st.sampled_from("=+-@\t\r\n\",;|'\u200f\ufeffاب"), max_size=12), st.just("=1+1")
).filter(lambda text: bool(text.strip()) and "\0" not in text)
names = st.sampled_from(["huda", "omar", "=زيد", "a,b", 'q"'])
decisions = st.lists(
    st.tuples(texts, names, st.sets(st.sampled_from(TINY_TOPICS)), texts, st.sampled_from(["", "a1"])), max_size=6
)


def filled(folder: str, chosen: list[Any]) -> Store:
    store = Store(Settings(state=Path(folder) / "one"))
    for text, reviewer, topics, note, article in {(row[0], row[1], row[4]): row for row in chosen}.values():
        saved(store, text, decision(reviewer, *topics, note=note), article)
    return store


def table(content: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode(encoding), newline=""), strict=True))


@settings(max_examples=15, deadline=None)
@given(decisions)
def test_what_an_export_wrote_comes_back_exactly(chosen: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, two = filled(folder, chosen), Store(Settings(state=Path(folder) / "two"))
        content = export_of(one)
        assert [(row["text"], row["note"]) for row in table(content)] == [
            (row["text"], row["note"]) for row in json.loads(export_of(one, "json"))
        ]
        done = imported(two, Path(folder) / "reviews.csv", content)
        assert (done.created, done.refused) == (len(table(content)), 0)
        assert export_of(two) == content
        assert export_of(two, "json") == export_of(one, "json")
        for store in (one, two):
            again = imported(store, Path(folder) / "reviews.csv", content)
            assert again.unchanged == again.rows
            assert export_of(store) == content
        one.close()
        two.close()


@settings(max_examples=15, deadline=None)
@given(decisions)
def test_no_cell_of_the_excel_form_is_a_formula(chosen: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = filled(folder, chosen)
        plain, excel = export_of(store), export_of(store, "excel")
        assert excel.startswith("\ufeff".encode())
        for row, exact in zip(table(excel, "utf-8-sig"), table(plain), strict=True):
            for name in COLUMNS:
                assert row[name][:1] not in {*FORMULA_STARTS} - {""}
                assert row[name] in (exact[name], f"'{exact[name]}")
        store.close()


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "＝1", "\n-1"])
def test_cells_that_a_spreadsheet_would_run_are_neutral(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


def test_export_and_import_over_http(client: TestClient, store: Store, tmp_path: Path) -> None:
    reviewed(client, f"{ATTACK}\r\n=1", ["attacks"], article_id="a1", source="وكالة", date="2020-01-01", note="-ب")
    reviewed(client, ARRESTS, [])
    plain = client.get("/v1/reviews/export")
    assert plain.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in plain.headers["Content-Disposition"]
    head = ["text", "labels", "id", "article_id", "source", "date", "reviewer", "time", "model_version"]
    assert list(table(plain.content)[0])[:9] == head
    other = Store(Settings(state=tmp_path / "other"))
    assert imported(other, tmp_path / "x.csv", plain.content).created == 2
    assert export_of(other) == plain.content
    other.close()
    back = client.post("/v1/reviews/import", content=plain.content, headers={"Content-Type": "text/csv"})
    assert back.json() == {"rows": 2, "created": 0, "changed": 0, "unchanged": 2, "refused": 0, "errors": []}
    as_json = client.get("/v1/reviews/export?format=json")
    assert client.post("/v1/reviews/import", json=as_json.json()).json()["unchanged"] == 2
    assert client.get("/v1/reviews/export?format=excel").content.startswith("\ufeff".encode())
    assert client.get("/v1/reviews/export?format=xml").status_code == 422


def test_the_export_trains_as_it_is(client: TestClient, tiny_topics: tuple[Topic, ...], tmp_path: Path) -> None:
    reviewed(client, ATTACK, ["attacks", "ideology"], article_id="a1")
    reviewed(client, f"=1 {ARRESTS}", [])
    (tmp_path / "reviews.csv").write_bytes(client.get("/v1/reviews/export").content)
    data = load_labelled(tmp_path / "reviews.csv", tiny_topics)
    assert data.refusals == ()
    assert (data.rows[0].text, data.rows[0].article) == (ATTACK, "a1")
    assert data.rows[0].labels == frozenset({"attacks", "ideology"})
    assert data.rows[1].text == f"=1 {ARRESTS}"


def test_each_refused_row_is_told_without_its_text(client: TestClient) -> None:
    good = f"{ATTACK},attacks,,2020-01-31"
    rows = [good, ",attacks,,", "SECRET,nothing_known,,", "SECRET,attacks,a b,", "SECRET,,,yesterday", "SECRET,,,,,"]
    content = "text;labels;id;time\r\n".replace(";", ",") + "\r\n".join(rows)
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "x"}
    answer = client.post("/v1/reviews/import", content=content.encode("utf-16"), headers=headers)
    body = answer.json()
    assert (body["rows"], body["created"], body["refused"]) == (6, 1, 5)
    assert [(fault["line"], fault["column"]) for fault in body["errors"]] == [
        (3, "text"),
        (4, "labels"),
        (5, "id"),
        (6, "time"),
        (7, ""),
    ]
    assert "SECRET" not in answer.text
    anyway = client.post("/v1/reviews/import?any_topic=true", content=content.encode(), headers=headers)
    assert anyway.json()["created"] == 1


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"a,b\r\n1,2\r\n", "text/csv", 422),
        ("text\r\nب".encode("windows-1256"), "text/csv", 422),
        ("text\r\nبيان عن هجوم".encode("windows-1256"), "text/csv; charset=windows-1256", 200),
        (b"text\r\nx", "text/csv; charset=no-such", 422),
        (b'text\r\n"x', "text/csv", 422),
        (b"", "text/csv", 422),
        (b'{"text": "x"}', "application/json", 422),
        (b"x", "application/xml", 415),
    ],
)
def test_files_that_cannot_be_read_are_refused(client: TestClient, content: bytes, kind: str, status: int) -> None:
    answer = client.post("/v1/reviews/import", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text


def test_a_label_studio_export_is_imported(client: TestClient) -> None:
    choice = {"type": "choices", "from_name": "t", "to_name": "x", "value": {"choices": ["الهجمات"]}}
    made = {"completed_by": {"id": 3, "email": "huda@example.org"}, "created_at": "2024-05-01T10:00:00Z"}
    tasks = [
        {"data": {"text": ATTACK}, "annotations": [{**made, "result": [choice]}]},
        {"data": {"text": ARRESTS}, "annotations": [{"result": [], "completed_by": 4}, {"was_cancelled": True}]},
        {"data": {"text": "SECRET"}, "annotations": []},
        "SECRET",
    ]
    answer = client.post("/v1/reviews/import", json=tasks)
    assert (answer.json()["created"], [fault["line"] for fault in answer.json()["errors"]]) == (2, [3, 4])
    assert "SECRET" not in answer.text
    found = {review["text"]: review for review in client.get("/v1/reviews").json()["reviews"]}
    assert found[ATTACK]["topics"] == ["attacks"]
    assert found[ATTACK]["reviewer"] == "label-studio:huda@example.org"
    assert found[ATTACK]["time"] == "2024-05-01T10:00:00.000000+00:00"
    assert (found[ARRESTS]["topics"], found[ARRESTS]["reviewer"]) == ([], "label-studio:4")
    assert client.post("/v1/reviews/import", json=tasks).json()["unchanged"] == 2


def test_an_older_decision_changes_nothing(client: TestClient) -> None:
    row = {"text": ATTACK, "labels": ["attacks"], "reviewer": "huda", "time": "2024-05-02T00:00:00+00:00"}
    assert client.post("/v1/reviews/import", json=[row]).json()["created"] == 1
    late = {**row, "labels": [], "time": "2024-05-01T00:00:00+00:00"}
    assert client.post("/v1/reviews/import", json=[late]).json()["unchanged"] == 1
    newer = {**row, "labels": [], "time": "2024-05-03T02:00:00+02:00"}
    assert client.post("/v1/reviews/import", json=[newer]).json()["changed"] == 1
    (review,) = client.get("/v1/reviews").json()["reviews"]
    assert (review["topics"], review["time"]) == ([], "2024-05-03T00:00:00.000000+00:00")


def test_texts_for_the_queue_come_from_files(client: TestClient) -> None:
    rows = f'article_id;text\r\na1;"{ARTICLE}"\r\na2;\r\n'
    answer = client.post("/v1/queue", content=rows.encode(), headers={"Content-Type": "text/csv"})
    assert answer.json() | {"errors": []} == {"rows": 2, "added": 3, "known": 0, "refused": 1, "errors": []}
    assert client.post("/v1/queue", content=rows.encode(), headers={"Content-Type": "text/csv"}).json()["known"] == 3
    passage = client.get("/v1/reviews/next").json()["passage"]
    assert ARTICLE[passage["start"] : passage["end"]] == passage["text"]
    assert passage["article_id"] == "a1"
    again = client.post("/v1/queue", json={"texts": [{"text": ARTICLE, "article_id": "a1"}]})
    assert again.json()["known"] == 3
    assert client.post("/v1/queue", json={"texts": [{"SECRET": 1}]}).status_code == 422


def test_the_commands_bring_reviews_out_and_back(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(store, ATTACK, decision("huda", "attacks", note="=ب"))
    monkeypatch.setenv("RASID_STATE", str(settings.state))
    monkeypatch.setenv("RASID_DATABASE_URL", settings.database_url)
    runner = CliRunner()
    file = tmp_path / "reviews.csv"
    assert runner.invoke(cli, ["reviews", "export", str(file)]).exit_code == 0
    assert file.read_bytes() == export_of(store)
    command = ["reviews", "import", "--models", str(settings.models)]
    same = runner.invoke(cli, [*command, str(file)])
    assert (same.exit_code, same.stdout) == (0, "0 created, 0 changed, 1 unchanged, 0 refused\n")
    as_json = tmp_path / "reviews.json"
    runner.invoke(cli, ["reviews", "export", "--format", "json", str(as_json)])
    monkeypatch.setenv("RASID_STATE", str(tmp_path / "other"))
    monkeypatch.setenv("RASID_DATABASE_URL", "")
    assert "1 created" in runner.invoke(cli, [*command, str(as_json)]).stdout
    assert runner.invoke(cli, ["reviews", "export"]).stdout_bytes == file.read_bytes()
    refused = runner.invoke(cli, [*command, "-"], input=f"text,labels\n{ARRESTS},no_topic\n".encode())
    assert refused.exit_code == 1
    assert "line 2, column 'labels'" in refused.stderr
    assert runner.invoke(cli, [*command, "nowhere.csv"]).exit_code == 1
