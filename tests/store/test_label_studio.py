"""Rasid as Label Studio calls it: the bodies are those that label-studio-ml-backend's own tests and docs show."""

from typing import Any

from fastapi.testclient import TestClient

from app.tagger import Tagger
from tests.store.test_reviews_http import ATTACK, WEATHER, history_of

CONFIG = """<View>
  <Text name="passage" value="$body"/>
  <Choices name="about" toName="passage" choice="multiple">
    <Choice value="Attacks"/><Choice value="الفكر والعقيدة والحاضنة"/>
  </Choices>
</View>"""


def request_of(*texts: str) -> dict[str, Any]:
    return {
        "tasks": [{"id": number, "data": {"body": text}, "annotations": []} for number, text in enumerate(texts)],
        "model_version": None,
        "project": "1.1700000000",
        "label_config": CONFIG,
        "params": {"login": None, "password": None, "context": None},
    }


def test_a_project_connects(client: TestClient, tiny_tagger: Tagger) -> None:
    assert client.get("/label-studio/health").json() == {"status": "UP", "model_class": "Rasid"}
    body = {"project": "1.1700000000", "schema": CONFIG, "hostname": "http://h", "access_token": "SECRET"}
    answer = client.post("/label-studio/setup", json=body)
    assert answer.json() == {"model_version": tiny_tagger.version}


def test_tasks_are_pre_annotated(client: TestClient, tiny_tagger: Tagger) -> None:
    body = client.post("/label-studio/predict", json=request_of(ATTACK, WEATHER, "")).json()
    assert body["model_version"] == tiny_tagger.version
    attack, weather, blank = body["results"]
    (found,) = attack["result"]
    assert (found["from_name"], found["to_name"], found["type"]) == ("about", "passage", "choices")
    assert "Attacks" in found["value"]["choices"]
    assert set(attack) == {"result", "score", "model_version"}
    tagged = tiny_tagger.tag(ATTACK).passages[0]
    reached = {topic.topic.id for topic in tagged.topics}
    sure = min(score if topic in reached else 1 - score for topic, score in tagged.scores.items())
    assert abs(attack["score"] - sure) < 1e-5
    assert (weather["result"], blank["result"], blank["score"]) == ([], [], 0.0)


def test_a_setup_without_names_gets_topic_ids(client: TestClient) -> None:
    tasks = {"tasks": [{"data": {"text": ATTACK}}]}
    (result,) = client.post("/label-studio/predict", json=tasks).json()["results"]
    assert "attacks" in result["result"][0]["value"]["choices"]
    assert result["result"][0]["from_name"] == "topics"
    odd = {"tasks": [{"data": {"text": 3}}], "label_config": "<!DOCTYPE x [<!ENTITY a 'b'>]><View>&a;<"}
    assert client.post("/label-studio/predict", json=odd).json()["results"][0]["result"] == []
    assert client.post("/label-studio/predict", json={"tasks": [{"data": {}}] * 300}).status_code == 422


def annotation_event(action: str, choices: list[str], **more: Any) -> dict[str, Any]:
    value = {"from_name": "about", "to_name": "passage", "type": "choices", "value": {"choices": choices}}
    made = {"id": 7, "completed_by": 3, "result": [value], "updated_at": "2024-05-01T10:00:00.5Z", **more}
    return {"action": action, "annotation": made, "task": {"id": 1, "data": {"body": ATTACK}}, "project": {"id": 1}}


def test_annotations_become_reviews(client: TestClient) -> None:
    made = client.post("/label-studio/webhook", json=annotation_event("ANNOTATION_CREATED", ["Attacks"]))
    assert (made.status_code, made.json()["created"]) == (201, 1)
    later = annotation_event("ANNOTATION_UPDATED", [], updated_at="2024-05-01T11:00:00Z")
    assert client.post("/label-studio/webhook", json=later).json()["changed"] == 1
    assert client.post("/label-studio/webhook", json=later).json()["unchanged"] == 1
    (review,) = client.get("/v1/reviews").json()["reviews"]
    assert (review["text"], review["topics"], review["reviewer"]) == (ATTACK, [], "label-studio:3")
    reader = "label-studio:3"
    assert history_of(client, review["id"]) == [("import", reader, ["attacks"]), ("import", reader, [])]


def test_other_events_are_answered_and_ignored(client: TestClient) -> None:
    for action in ("TASKS_CREATED", "START_TRAINING", "ANNOTATIONS_DELETED"):
        answer = client.post("/label-studio/webhook", json={"action": action, "project": {"id": 1}})
        assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    bare = client.post("/label-studio/webhook", json={"action": "ANNOTATION_CREATED"})
    unknown = client.post("/label-studio/webhook", json=annotation_event("ANNOTATION_CREATED", ["SECRET"]))
    assert (bare.status_code, unknown.status_code) == (422, 422)
    assert "SECRET" not in unknown.text
    assert client.get("/v1/reviews").json()["reviews"] == []
