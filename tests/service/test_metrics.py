from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.parser import text_string_to_metric_families
from scipy.spatial.distance import jensenshannon

from app import drift
from app.drift import FEWEST_PASSAGES, TopicWindow, distance, trained_shares
from app.main import create_app
from app.metrics import Metrics
from app.settings import Settings
from app.tagger import Tagger
from app.tagger.bundle import Bundle
from tests.service.conftest import LOCAL
from tests.service.two_versions import two_versions

PASSAGE = "أعلنت وزارة الداخلية تفكيك خلية إرهابية في العاصمة."
NO_TOPIC = "تفوز البلدية بجائزة أجمل حديقة عامة في المدينة."


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Values by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_words_and_those_training_never_saw_are_counted(client: TestClient, tiny_tagger: Tagger) -> None:
    text = f"{PASSAGE}\nزخرفتمهلكة عجائبيون"
    client.post("/v1/classify", json={"text": text})
    found = samples(client.get("/metrics").text)
    passages = tiny_tagger.tag(text).passages
    assert found["rasid_words_total",] == sum(passage.words for passage in passages) == 10
    assert found["rasid_unknown_words_total",] == sum(passage.unknown for passage in passages) >= 2
    assert found["rasid_passages_total",] == 2
    assert found["rasid_passages_without_topic_total",] == sum(not passage.topics for passage in passages) >= 1


def test_shares_of_topics_stand_beside_those_of_training(client: TestClient, tiny_tagger: Tagger) -> None:
    client.post("/v1/classify", json={"text": "\n".join([PASSAGE, NO_TOPIC, NO_TOPIC, NO_TOPIC])})
    found = samples(client.get("/metrics").text)
    trained = trained_shares(tiny_tagger.bundle.training)
    assert set(trained) == {topic.id for topic in tiny_tagger.topics}
    given_topics = [found.topic.id for found in tiny_tagger.tag(PASSAGE).passages[0].topics]
    assert given_topics
    for topic, share in trained.items():
        assert found["rasid_topic_share", "training", topic] == pytest.approx(share)
        assert found["rasid_topic_share", "served", topic] == (0.25 if topic in given_topics else 0)
    assert ("rasid_drift",) not in found


def test_drift_is_told_of_enough_passages_and_begins_anew_with_a_version(tmp_path: Path, tiny_bundle: Bundle) -> None:
    pair = two_versions(tmp_path / "tiny", tiny_bundle)
    with TestClient(create_app(Settings(models=pair.models)), base_url=LOCAL) as client:
        for _ in range(FEWEST_PASSAGES // 250):
            client.post("/v1/classify", json={"text": "\n".join([NO_TOPIC] * 250)})
        found = samples(client.get("/metrics").text)
        trained = trained_shares(tiny_bundle.training)
        assert found["rasid_window_passages",] == FEWEST_PASSAGES
        assert found["rasid_drift",] == pytest.approx(max(distance(0.0, share) for share in trained.values()))
        assert found["rasid_drift",] > 0.2
        client.post(f"/v1/models/{pair.second}/promote")
        found = samples(client.get("/metrics").text)
        assert found["rasid_window_passages",] == 0
        assert ("rasid_drift",) not in found


def test_what_cross_validation_gave_is_what_drift_is_held_against() -> None:
    topics = {"attacks": {"support": 100, "recall": 0.8, "precision": 0.5}, "victims": {"support": 0, "recall": 0.0}}
    measured = {"rows": 400, "topics": {"attacks": topics["attacks"]}}
    assert trained_shares({"cross_validation": measured}) == {"attacks": 0.4}
    for odd in ({}, {"cross_validation": None}, {"cross_validation": {"rows": 0, "topics": topics}}):
        assert trained_shares(odd) == {}


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_distance_is_that_of_scipy(one: float, other: float) -> None:
    expected = jensenshannon([one, 1 - one], [other, 1 - other], base=2)
    assert distance(one, other) == pytest.approx(np.nan_to_num(expected), abs=1e-6)
    assert distance(one, other) == distance(other, one)


def test_a_full_window_forgets_its_oldest_passages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "WINDOW", 3)
    registry = CollectorRegistry()
    window = TopicWindow(Gauge("passages", "", registry=registry), Gauge("topics", "", ["topic"], registry=registry))

    def counted() -> dict[str, float]:
        return {topic: registry.get_sample_value("topics", {"topic": topic}) or 0 for topic in "ab"}

    for topics in (("a", "b"), ("a",), ()):
        window.add(topics)
    assert (registry.get_sample_value("passages"), counted()) == (3, {"a": 2, "b": 1})
    window.add(("b",))
    assert (registry.get_sample_value("passages"), counted()) == (3, {"a": 1, "b": 1})
    for _ in range(3):
        window.add(())
    assert counted() == {"a": 0, "b": 0}
    window.add(("a",))
    window.clear()
    assert (registry.get_sample_value("passages"), counted()) == (0, {"a": 0, "b": 0})


def test_jobs_are_a_gauge_by_state() -> None:
    metrics = Metrics()
    metrics.jobs.labels("running").set(1)
    assert samples(metrics.text().decode())["rasid_jobs", "running"] == 1


def test_failures_count_as_what_the_caller_saw(client: TestClient) -> None:
    client.app.state.service.ready_tagger = lambda: 1 / 0  # type: ignore[attr-defined]
    with pytest.raises(ZeroDivisionError):
        TestClient(client.app, base_url=LOCAL).post("/v1/classify", json={"text": "نص"})
    found = samples(client.get("/metrics").text)
    assert found["rasid_requests_total", "/v1/classify", "500"] == 1
    assert found["rasid_request_seconds_count", "/v1/classify"] == 1
