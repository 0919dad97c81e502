from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app import __version__
from app.main import create_app
from app.settings import Settings
from app.tagger import Tagger
from tests.service.conftest import LOCAL


def test_the_service_describes_itself(client: TestClient, tiny_tagger: Tagger) -> None:
    body = client.get("/v1/").json()
    assert body["version"] == __version__
    assert body["model"] == {"name": "tiny", "version": tiny_tagger.version}
    assert body["engine"] == tiny_tagger.engine
    assert body["limits"] == {
        "max_body_bytes": 1_048_576,
        "max_passages": 256,
        "max_documents": 64,
        "receive_timeout_s": 10.0,
    }
    for name in ("topics", "models", "openapi", "docs"):
        assert client.get(body["links"][name]).status_code == 200


def test_topics_have_names_and_thresholds(client: TestClient, tiny_tagger: Tagger) -> None:
    body = client.get("/v1/topics").json()
    assert [topic["id"] for topic in body["topics"]] == [topic.id for topic in tiny_tagger.topics]
    assert [topic["name_ar"] for topic in body["topics"]] == [topic.name_ar for topic in tiny_tagger.topics]
    assert all(0 < topic["threshold"] < 1 for topic in body["topics"])


def test_models_and_one_model(client: TestClient, tiny_tagger: Tagger) -> None:
    (summary,) = client.get("/v1/models").json()["models"]
    assert summary["version"] == tiny_tagger.version
    assert summary["serves"] is True
    assert summary["rows"] == 300
    details = client.get(f"/v1/models/{tiny_tagger.version}").json()
    assert details["summary"] == summary | {"fault": None}
    assert details["card"].startswith("# Model card")
    assert client.get("/v1/models/000000000000").status_code == 404


def test_a_version_alone_can_be_served(tiny_models: Path, tiny_tagger: Tagger) -> None:
    with TestClient(create_app(Settings(models=tiny_models / tiny_tagger.version)), base_url=LOCAL) as client:
        assert [model["version"] for model in client.get("/v1/models").json()["models"]] == [tiny_tagger.version]
        assert client.get("/readyz").status_code == 200


def test_without_a_model_the_service_lives_but_is_not_ready(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(models=tmp_path)), base_url=LOCAL) as client:
        assert client.get("/livez").json() == {"status": "alive"}
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "rasid-train fit" in ready.json()["reason"]
        for answer in (client.post("/v1/classify", json={"text": "نص"}), client.get("/v1/topics")):
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:rasid:problem:no-model"
        assert client.get("/v1/").json()["model"] is None
        assert client.get("/v1/models").json() == {"name": tmp_path.name, "models": []}
    with TestClient(create_app(Settings(models=tmp_path / "nowhere")), base_url=LOCAL) as client:
        assert client.get("/v1/models").status_code == 503


def test_metrics_count_what_was_done(client: TestClient, tiny_tagger: Tagger) -> None:
    client.post("/v1/classify", json={"text": "تفوز البلدية بجائزة أجمل حديقة عامة.\nطقس اليوم غائم في الشمال."})
    client.post("/v1/classify", content=b"{", headers={"Content-Type": "application/json"})
    client.get("/nowhere/SECRET")
    text = client.get("/metrics").text
    assert 'rasid_requests_total{route="/v1/classify",status="200"} 1.0' in text
    assert 'rasid_requests_total{route="/v1/classify",status="400"} 1.0' in text
    assert 'rasid_requests_total{route="unmatched",status="404"} 1.0' in text
    assert "rasid_passages_total 2.0" in text
    assert f'rasid_model_info{{engine="{tiny_tagger.engine}",version="{tiny_tagger.version}"}} 1.0' in text
    assert "SECRET" not in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/classify", 405),
        ("DELETE", "/v1/topics", 405),
        ("GET", "/v1/nowhere", 404),
    ],
)
def test_routing_errors_are_problems(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


def test_a_crash_is_a_problem_and_logs_no_text(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    app: FastAPI = create_app(settings)
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as client:
        app.state.service.ready_tagger = lambda: 1 / 0
        answer = client.post("/v1/classify", json={"text": "SECRET"})
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:rasid:problem:internal-error"
    assert "ZeroDivisionError" in caplog.text
    assert "SECRET" not in caplog.text + answer.text


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASID_MAX_PASSAGES", "7")
    monkeypatch.setenv("RASID_PORT", "9000")
    assert (Settings().max_passages, Settings().port) == (7, 9000)


def test_openapi_has_arabic_examples_and_problems(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    classify = schema["paths"]["/v1/classify"]["post"]
    examples = classify["requestBody"]["content"]["application/json"]["examples"]
    assert "وزارة الداخلية" in examples["article"]["value"]["text"]
    for example in examples.values():
        assert client.post("/v1/classify", json=example["value"]).status_code == 200
    assert "application/problem+json" in classify["responses"]["422"]["content"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
