"""Articles, reviews and the queue as pages use them, on SQLite and on PostgreSQL."""

import subprocess
import sys
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.access import store_of
from tests.conftest import ROOT

ATTACK = "انفجرت سيارة مفخخة في سوق شعبي وأعلن تنظيم داعش مسؤوليته عن الهجوم."
ARRESTS = "اعتقلت الشرطة خلية إرهابية كانت تخطط لتفجيرات وأحالتها إلى المحكمة."
WEATHER = "طقس اليوم غائم في الشمال مع فرصة لهطول أمطار خفيفة."
ARTICLE = f"{ATTACK}\n\n{ARRESTS}\n{WEATHER}"


def as_reader(client: TestClient, name: str, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The same client, calling by a key of that name."""
    monkeypatch.setattr("app.store.access.caller_name", lambda _: name)
    return client


def queued(client: TestClient, *texts: str) -> None:
    answer = client.post("/v1/queue", json={"texts": [{"text": text} for text in texts]})
    assert answer.status_code == 200, answer.text


def next_of(client: TestClient, strategy: str = "uncertain", **query: str) -> Any:
    answer = client.get("/v1/reviews/next", params={"strategy": strategy, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["passage"]


def reviewed(client: TestClient, text: str, topics: list[str], **more: Any) -> Any:
    answer = client.post("/v1/reviews", json={"text": text, "topics": topics, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def history_of(client: TestClient, review_id: str) -> list[tuple[str, str, Any]]:
    entries = client.get(f"/v1/reviews/{review_id}/history").json()["entries"]
    return [(entry["action"], entry["reviewer"], entry["topics_after"]) for entry in entries]


def test_an_article_is_kept_with_its_tags_and_decisions(client: TestClient) -> None:
    passages = client.post("/v1/classify", json={"text": ARTICLE}).json()["passages"]
    first, second = passages[:2]
    decision = {"start": second["start"], "end": second["end"], "topics": ["counterterrorism"], "note": "واضح"}
    saved = client.post("/v1/articles", json={"text": ARTICLE, "title": "خبر", "reviews": [decision]})
    assert saved.status_code == 201
    body = saved.json()
    assert saved.headers["Location"] == f"/v1/articles/{body['id']}"
    assert [(passage["start"], passage["end"]) for passage in body["tagged"]] == [
        (passage["start"], passage["end"]) for passage in passages
    ]
    assert body["tagged"][0]["topics"] == [topic["id"] for topic in first["topics"]]
    assert (body["passages"], body["reviewed"]) == (3, 1)
    assert ATTACK not in saved.text
    found = client.get(f"/v1/articles/{body['id']}").json()
    assert found["text"] == ARTICLE
    assert [passage["text"] for passage in found["tagged"]] == [ATTACK, ARRESTS, WEATHER]
    (made,) = found["tagged"][1]["decisions"]
    assert (made["topics"], made["note"], made["reviewer"]) == (["counterterrorism"], "واضح", "local")
    (listed,) = client.get("/v1/articles").json()["articles"]
    assert (listed["id"], listed["title"], listed["reviewed"]) == (body["id"], "خبر", 1)
    # The other two passages wait in the queue.
    assert client.get("/v1/reviews/progress").json()["open"] == 2


def test_a_decision_that_is_on_no_passage_saves_nothing(client: TestClient) -> None:
    answer = client.post("/v1/articles", json={"text": ARTICLE, "reviews": [{"start": 1, "end": 2, "topics": []}]})
    assert answer.status_code == 422
    assert client.get("/v1/articles").json() == {"articles": [], "next": None}


def test_an_erased_article_leaves_its_history_without_text(client: TestClient, settings: Settings) -> None:
    saved = client.post("/v1/articles", json={"text": ARTICLE}, headers={"Idempotency-Key": "a"}).json()
    review = client.post("/v1/reviews", json={"passage_id": saved["tagged"][0]["id"], "topics": ["attacks"]}).json()
    assert client.delete(f"/v1/articles/{saved['id']}").status_code == 204
    assert client.get(f"/v1/articles/{saved['id']}").status_code == 404
    assert client.delete(f"/v1/articles/{saved['id']}").status_code == 404
    assert history_of(client, review["id"]) == [("save", "local", ["attacks"]), ("delete", "local", None)]
    assert client.get("/v1/reviews/progress").json()["total"] == 0
    assert client.get("/v1/reviews/export").text.count("\r\n") == 1
    assert client.put(f"/v1/reviews/{review['id']}", json={"topics": [], "revision": 2}).status_code == 404
    file = settings.state / "store.sqlite"
    if file.exists():
        assert ATTACK[:40].encode() not in file.read_bytes()


def test_a_review_is_changed_undone_and_its_history_kept(client: TestClient) -> None:
    review = reviewed(client, ATTACK, ["attacks"])
    path = f"/v1/reviews/{review['id']}"
    assert (review["revision"], review["withdrawn"], review["reviewer"]) == (1, False, "local")
    changed = client.put(path, json={"topics": ["ideology", "attacks"], "note": "ب"}, headers={"If-Match": '"1"'})
    assert changed.headers["ETag"] == '"2"'
    assert changed.json()["topics"] == ["attacks", "ideology"]
    back = client.post(f"{path}/undo", headers={"If-Match": '"2"'}).json()
    assert (back["topics"], back["note"], back["revision"]) == (["attacks"], "", 3)
    gone = client.post(f"{path}/undo", json={"revision": 3}).json()
    assert gone["withdrawn"] is True
    assert client.post(f"{path}/undo", json={"revision": 4}).json()["type"].endswith("nothing-to-undo")
    assert client.get("/v1/reviews").json()["reviews"] == []
    assert client.get("/v1/reviews/progress").json()["open"] == 1
    again = reviewed(client, ATTACK, [])
    assert (again["id"], again["revision"]) == (review["id"], 5)
    assert [entry[0] for entry in history_of(client, review["id"])] == ["save", "change", "undo", "undo", "save"]
    assert client.post(f"{path}/undo", json={"revision": 5}).json()["withdrawn"] is True


def test_a_stale_change_is_refused_and_kept_in_the_history(client: TestClient) -> None:
    review = reviewed(client, ATTACK, ["attacks"])
    path = f"/v1/reviews/{review['id']}"
    assert client.put(path, json={"topics": [], "revision": 1}).status_code == 200
    late = client.put(path, json={"topics": ["ideology"], "revision": 1})
    assert (late.status_code, late.json()["type"]) == (409, "urn:rasid:problem:stale-edit")
    assert history_of(client, review["id"]) == [
        ("save", "local", ["attacks"]),
        ("change", "local", []),
        ("refused", "local", ["ideology"]),
    ]
    assert client.get("/v1/reviews").json()["reviews"][0]["topics"] == []
    assert client.put(path, json={"topics": []}).status_code == 428
    assert client.put(path, json={"topics": []}, headers={"If-Match": "*"}).status_code == 422
    assert client.put("/v1/reviews/none", json={"topics": [], "revision": 1}).status_code == 404


def test_a_revision_of_a_text_that_is_not_kept_is_stale(client: TestClient) -> None:
    answer = client.post("/v1/reviews", json={"text": ATTACK, "topics": [], "revision": 5})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:rasid:problem:stale-edit")
    assert client.get("/v1/reviews/progress").json()["total"] == 0


def test_two_readers_on_one_passage(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(client, ATTACK)
    passage = next_of(as_reader(client, "huda", monkeypatch))
    decision = {"passage_id": passage["id"], "revision": passage["revision"]}
    first = client.post("/v1/reviews", json={**decision, "topics": ["attacks"]})
    assert first.status_code == 201
    as_reader(client, "omar", monkeypatch)
    late = client.post("/v1/reviews", json={**decision, "topics": ["ideology"]})
    assert (late.status_code, late.json()["type"]) == (409, "urn:rasid:problem:stale-edit")
    kept = [("save", "huda", ["attacks"]), ("refused", "omar", ["ideology"])]
    assert history_of(client, first.json()["id"]) == kept
    seen = first.json()["passage_revision"]
    second = client.post("/v1/reviews", json={**decision, "revision": seen, "topics": ["ideology"]})
    assert second.status_code == 201
    assert history_of(client, first.json()["id"]) == [*kept, ("save", "omar", ["ideology"])]
    assert client.put(f"/v1/reviews/{first.json()['id']}", json={"topics": [], "revision": 1}).status_code == 403
    again = client.post("/v1/reviews", json={"passage_id": passage["id"], "topics": []})
    assert (again.status_code, again.json()["type"]) == (409, "urn:rasid:problem:already-reviewed")
    disputed = next_of(client, "disagreement")
    assert {found["reviewer"]: found["topics"] for found in disputed["decisions"]} == {
        "huda": ["attacks"],
        "omar": ["ideology"],
    }
    assert next_of(as_reader(client, "zaid", monkeypatch), "disagreement")["id"] == passage["id"]


def test_readers_are_given_different_passages(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(client, ATTACK, ARRESTS, WEATHER)
    mine = next_of(as_reader(client, "huda", monkeypatch))
    assert next_of(client)["id"] == mine["id"]
    others = next_of(as_reader(client, "omar", monkeypatch))
    assert others["id"] != mine["id"]
    third = next_of(client, skip=others["id"])
    assert third["id"] not in (mine["id"], others["id"])
    assert next_of(client, skip=third["id"]) is None
    assert client.get("/v1/reviews/progress").json()["skipped"] == 2
    monkeypatch.setattr("app.store.queue.LEASE_S", -1.0)
    assert next_of(as_reader(client, "huda", monkeypatch))["id"] == mine["id"]
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert next_of(as_reader(client, "zaid", monkeypatch)) is not None
    assert client.get("/v1/reviews/next", params={"skip": "none"}).status_code == 404


def test_the_queue_begins_where_the_model_is_least_sure(client: TestClient) -> None:
    queued(client, ATTACK, ARRESTS, WEATHER)
    thresholds = {topic["id"]: topic["threshold"] for topic in client.get("/v1/topics").json()["topics"]}
    margins = []
    while (passage := next_of(client)) is not None:
        margin = min(abs(score - thresholds[topic]) / thresholds[topic] for topic, score in passage["scores"].items())
        assert passage["margin"] == pytest.approx(margin, abs=1e-4)
        margins.append(margin)
        client.post("/v1/reviews", json={"passage_id": passage["id"], "topics": passage["topics"], "revision": 0})
    assert len(margins) == 3
    assert margins == sorted(margins)
    progress = client.get("/v1/reviews/progress").json()
    assert (progress["total"], progress["done"], progress["readers"]) == (3, 3, [{"reviewer": "local", "reviews": 3}])
    assert all(topic["tagged"] == topic["reviewed"] for topic in progress["topics"])


def test_diverse_gives_what_is_unlike_the_reviewed(client: TestClient, corpus: Any) -> None:
    queued(client, *(row.text for row in corpus.rows[400:430]))
    for _ in range(3):
        passage = next_of(client, "diverse")
        client.post("/v1/reviews", json={"passage_id": passage["id"], "topics": [], "revision": 0})
    assert next_of(client, "diverse") is not None


def test_lists_are_paged_and_filtered(client: TestClient) -> None:
    for number in range(5):
        reviewed(client, f"{ATTACK} {number}", ["attacks"] if number % 2 else ["ideology"], article_id=f"a{number}")
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = client.get("/v1/reviews", params={"limit": 2, "cursor": cursor}).json()
        seen += [review["article_id"] for review in page["reviews"]]
        cursor = page["next"]
    assert seen == ["a4", "a3", "a2", "a1", "a0"]
    for query, expected in (
        ({"topic": "attacks"}, ["a3", "a1"]),
        ({"topic": "attack_"}, []),
        ({"article_id": "a2"}, ["a2"]),
        ({"reviewer": "nobody"}, []),
    ):
        found = client.get("/v1/reviews", params=query).json()["reviews"]
        assert [review["article_id"] for review in found] == expected


def test_an_idempotency_key_answers_once(client: TestClient) -> None:
    body = {"text": ATTACK, "topics": ["attacks"]}
    first, second = (client.post("/v1/reviews", json=body, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(history_of(client, first.json()["id"])) == 1
    other = client.post("/v1/reviews", json={**body, "topics": []}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["type"]) == (422, "urn:rasid:problem:idempotency-key-reused")
    path = f"/v1/reviews/{first.json()['id']}"
    for _ in range(2):
        undone = client.post(f"{path}/undo", json={"revision": 1}, headers={"Idempotency-Key": "k2"})
        assert undone.json()["revision"] == 2
    articles = [client.post("/v1/articles", json={"text": ARTICLE}, headers={"Idempotency-Key": "k3"}) for _ in "ab"]
    assert articles[0].json() == articles[1].json()
    assert len(client.get("/v1/articles").json()["articles"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"topics": []},
        {"text": ATTACK, "passage_id": "x", "topics": []},
        {"text": " \n", "topics": []},
        {"text": "a\0b", "topics": []},
        {"text": ATTACK, "topics": ["no_such_topic"]},
        {"text": ATTACK, "topics": [], "revision": -1},
        {"text": ATTACK, "topics": [], "SECRET": 1},
    ],
)
def test_reviews_that_cannot_be_used_are_refused(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post("/v1/reviews", json=body)
    assert answer.status_code == 422
    assert "SECRET" not in answer.text
    assert ATTACK not in answer.text
    assert client.get("/v1/reviews").json()["reviews"] == []


def test_a_new_version_tags_the_open_passages_anew(client: TestClient, settings: Settings) -> None:
    from sqlalchemy import update

    from app.store.database import Store
    from app.store.models import Passage

    queued(client, ATTACK)
    before = next_of(client)
    other = update(Passage).values(model_version="0" * 12, margin=9.0, scores={}, topics=())
    store = Store(settings)
    store.write(lambda session: session.execute(other))
    store.close()
    assert next_of(client) == before


def test_the_store_is_closed_with_the_service(settings: Settings) -> None:
    service = create_app(settings)
    with TestClient(service, base_url="http://127.0.0.1") as client:
        reviewed(client, ATTACK, [])
        store = store_of(service.state.service)
        assert store.is_open
    assert not store.is_open


def test_importing_the_app_loads_no_database_library() -> None:
    code = "import sys, app.main; app.main.create_app(); assert not {'sqlalchemy', 'alembic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
