import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from app.examples import ARTICLE
from app.tagger import Tagger
from tests import arabic

ATTACK = "انفجرت سيارة مفخخة في سوق شعبي وقتل عشرة أشخاص وأعلن تنظيم داعش مسؤوليته عن الهجوم الانتحاري."


def test_an_article_comes_back_as_tagged_slices(client: TestClient, tiny_tagger: Tagger) -> None:
    answer = client.post("/v1/classify", json={"text": ARTICLE})
    body = answer.json()
    assert answer.status_code == 200
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["model"] == {"name": "tiny", "version": tiny_tagger.version}
    assert [ARTICLE[p["start"] : p["end"]] for p in body["passages"]] == ARTICLE.split("\n")
    assert (body["passages"][2]["topics"], body["passages"][2]["notes"]) == ([], ["no_topic"])
    first = body["passages"][0]["topics"][0]
    assert set(first) == {"id", "name_ar", "name_en", "score", "threshold"}
    assert first["score"] >= first["threshold"]
    assert {topic["id"] for topic in body["article"]["topics"]} == {
        topic["id"] for passage in body["passages"] for topic in passage["topics"]
    }


def test_offsets_count_code_points(client: TestClient) -> None:
    article = f"\U0001f4f0 أخبار\n{ATTACK}"
    passages = client.post("/v1/classify", json={"text": article}).json()["passages"]
    assert article[passages[1]["start"] : passages[1]["end"]] == ATTACK


def test_explain_adds_up(client: TestClient) -> None:
    (passage,) = client.post("/v1/classify", json={"text": ATTACK, "explain": True}).json()["passages"]
    for topic in passage["topics"]:
        assert topic["intercept"] + sum(word["share"] for word in topic["evidence"]) == pytest.approx(topic["raw"])
        assert all(ATTACK[word["start"] : word["end"]].isalpha() for word in topic["evidence"])


def test_all_scores_thresholds_and_segment(client: TestClient, tiny_tagger: Tagger) -> None:
    request = {"text": f"{ATTACK}\n{ATTACK}", "all_scores": True, "segment": "none", "thresholds": {"ideology": 0}}
    (passage,) = client.post("/v1/classify", json=request).json()["passages"]
    assert set(passage["scores"]) == {topic.id for topic in tiny_tagger.topics}
    assert 0 in [topic["threshold"] for topic in passage["topics"] if topic["id"] == "ideology"]


@pytest.mark.parametrize("text", ["", " \n "])
def test_nothing_to_tag_is_an_answer(client: TestClient, text: str) -> None:
    body = client.post("/v1/classify", json={"text": text}).json()
    assert body["passages"] == []
    assert body["article"] == {"topics": []}


def test_a_batch_has_a_result_or_an_error_for_each(client: TestClient) -> None:
    documents = [{"id": "خبر-1", "text": ATTACK}, {"id": "2", "text": "سطر\n" * 300}, {"id": "2", "text": ""}]
    body = client.post("/v1/classify/batch", json={"documents": documents}).json()
    assert [found["id"] for found in body["documents"]] == ["خبر-1", "2", "2"]
    assert body["documents"][0]["passages"][0]["topics"]
    assert body["documents"][1] == {"id": "2", "error": "300 passages are more than 256: send the article in parts."}
    assert body["documents"][2]["passages"] == []


@given(text=arabic.mixed_text)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_answered(client: TestClient, text: str) -> None:
    answer = client.post("/v1/classify", json={"text": text, "explain": True})
    assert answer.status_code == (422 if "\0" in text else 200)


def test_a_long_text_is_tagged_in_a_thread_with_the_same_result(client: TestClient) -> None:
    long = f"{ATTACK}\n" * 250
    passages = client.post("/v1/classify", json={"text": long}).json()["passages"]
    short = client.post("/v1/classify", json={"text": ATTACK}).json()["passages"]
    assert len(passages) == 250
    assert passages[0] == short[0]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 422, "Field required"),
        (b"{", 400, "isn't JSON"),
        (b"\xff\xfe{}", 400, "isn't UTF-8"),
        (b'{"text": NaN}', 400, "NaN"),
        (b'{"text": "a", "text": "b"}', 400, "same name twice"),
        (b"[" * 100_000, 400, "too deeply"),
        (b'{"text": ' + b"9" * 5000 + b"}", 400, "number that is too long"),
        (b'{"text": "\\ud800 SECRET"}', 422, "surrogate"),
        (b'{"text": "SECRET \\u0000"}', 422, "NUL"),
        (b'{"text": 5}', 422, "valid string"),
        (b'{"text": null}', 422, "valid string"),
        (b'["SECRET"]', 422, "dictionary"),
        (b'{"text": "a", "SECRET": 1}', 422, "Extra inputs"),
        (b'{"text": "a", "segment": "SECRET"}', 422, "'paragraph' or 'none'"),
        (b'{"text": "a", "thresholds": {"SECRET": 0.5}}', 422, "unknown topics"),
        (b'{"text": "a", "thresholds": {"attacks": 2}}', 422, "less than or equal to 1"),
        (b'{"text": "a", "explain": "yes"}', 422, "valid boolean"),
        (json.dumps({"text": "SECRET\n" * 257}).encode(), 422, "257 passages"),
    ],
)
def test_bad_requests_get_a_problem_that_repeats_nothing(
    client: TestClient, body: bytes, status: int, says: str
) -> None:
    answer = client.post("/v1/classify", content=body, headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert problem["status"] == status
    assert problem["type"].startswith("urn:rasid:problem:")
    assert says in problem["detail"] + json.dumps(problem.get("errors", []))
    assert "SECRET" not in answer.text


@pytest.mark.parametrize(
    ("request_body", "says"),
    [
        ({"documents": []}, "at least 1"),
        ({"documents": [{"id": "", "text": "نص"}]}, "at least 1"),
        ({"documents": [{"id": "1", "text": "نص"}] * 65}, "65 documents are more than 64"),
        ({"documents": [{"id": "1"}]}, "/documents/0/text"),
    ],
)
def test_bad_batches(client: TestClient, request_body: dict[str, Any], says: str) -> None:
    answer = client.post("/v1/classify/batch", json=request_body)
    assert answer.status_code == 422
    assert says in answer.text
