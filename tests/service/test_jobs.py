"""Training jobs over HTTP: from the upload to the result, one at a time, cancelled, watched."""

import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.jobs.folder import KEPT_JOBS
from app.main import create_app
from app.settings import Settings
from app.tagger import Tagger
from app.tagger.versions import current_version, versions_in
from tests.core.breaking import hidden_in
from tests.service.conftest import LOCAL
from tests.service.jobs_by_hand import (
    CANARY,
    CSV,
    OWN,
    PATH,
    children_of,
    ended,
    holds,
    quick_rows,
    slow_rows,
    under_way,
    wait_for,
)


@pytest.fixture
def models(tiny_models: Path, tmp_path: Path) -> Path:
    """The tiny model in a folder that jobs may write into."""
    return Path(shutil.copytree(tiny_models, tmp_path / "models" / "tiny"))


@pytest.fixture
def settings(models: Path, state: Path) -> Settings:
    return Settings(models=models, state=state)


def begun(client: TestClient, query: str = OWN, rows: bytes | None = None) -> str:
    answer = client.post(PATH + query, content=quick_rows() if rows is None else rows, headers=CSV)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{job['id']}"
    assert job["state"] == "running"
    return str(job["id"])


def test_an_upload_becomes_a_version_that_is_not_in_use(client: TestClient, models: Path, state: Path) -> None:
    before = current_version(models)
    name = begun(client)
    job = ended(client, name)
    assert job["state"] == "succeeded", job
    version = job["result"]["version"]
    assert Tagger.open(models / version).bundle.training["data"]["rows"] == 40
    assert current_version(models) == before
    assert job["result"]["comparison"]["with"] == before
    assert job["result"]["files"][0]["accepted"] == 40
    assert {path.name for path in (state / "jobs" / name).iterdir()} == {"job.json", "result.json"}
    assert holds(state, CANARY) == []
    assert client.get("/v1/topics").json()["model"]["version"] == before


def test_topics_are_those_of_the_current_model_unless_told_otherwise(client: TestClient, models: Path) -> None:
    rows = "\n".join((Path(__file__).parents[2] / "data/passages.csv").read_text("utf-8").splitlines()[:400])
    job = ended(client, begun(client, "?hold_out=0.2", rows.encode("utf-16")))
    assert job["state"] == "succeeded", job
    assert set(job["result"]["comparison"]["topics"]) == {topic.id for topic in Tagger.open(models).topics}
    assert job["result"]["files"][0]["encoding"] == "utf-16"
    assert job["result"]["files"][0]["refused"] > 0, "rows of other topics are refused"
    assert job["result"]["held_out"]["rows"] > 20


def test_shipped_rows_are_fitted_too_and_count_a_tenth(
    client: TestClient, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert client.post(f"{PATH}{OWN}&with_shipped=true", content=quick_rows(), headers=CSV).status_code == 409
    (tmp_path / "data").mkdir()
    (tmp_path / "data/passages.csv").write_bytes(quick_rows(canary="شائع"))
    job = ended(client, begun(client, f"{OWN}&with_shipped=true"))
    assert job["state"] == "succeeded", job
    files = job["result"]["files"]
    assert [(file["name"], file["accepted"]) for file in files] == [("passages.csv", 40), ("upload.csv", 40)]


def test_one_job_runs_at_a_time(client: TestClient, models: Path) -> None:
    name = begun(client, rows=slow_rows())
    second = client.post(PATH + OWN, content=quick_rows(), headers=CSV)
    assert second.status_code == 409
    assert second.json()["type"] == "urn:rasid:problem:job-running"
    assert name in second.json()["detail"]
    assert "of local" in second.json()["detail"]
    client.delete(f"{PATH}/{name}")
    ended(client, name)
    assert ended(client, begun(client))["state"] == "succeeded"


def test_many_at_once_start_one(client: TestClient, state: Path) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.append(client.post(PATH + OWN, content=quick_rows(), headers=CSV).status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [202, 409, 409, 409]
    jobs = client.get(PATH).json()["jobs"]
    assert len(jobs) == 1
    assert {path.name for path in (state / "jobs").iterdir()} == {".lock", jobs[0]["id"]}
    ended(client, jobs[0]["id"])


def test_a_cancelled_job_ends_at_once_and_leaves_nothing(client: TestClient, models: Path, state: Path) -> None:
    versions = versions_in(models)
    name = begun(client, rows=slow_rows())
    under_way(client, name)
    assert len(children_of(name)) == 1
    assert client.delete(f"{PATH}/{name}").status_code == 202
    wait_for(lambda: client.get(f"{PATH}/{name}").json()["state"] == "cancelled", patience_s=6)
    assert children_of(name) == []
    assert versions_in(models) == versions
    assert hidden_in(models) == set()
    assert [path.name for path in (state / "jobs" / name).iterdir()] == ["job.json"]
    again = client.delete(f"{PATH}/{name}")
    assert (again.status_code, again.json()["type"]) == (409, "urn:rasid:problem:job-ended")


def test_another_worker_tells_of_the_job_and_cancels_it(client: TestClient, settings: Settings) -> None:
    name = begun(client, rows=slow_rows())
    with TestClient(create_app(settings), base_url=LOCAL) as other:
        under_way(other, name)
        assert other.post(PATH + OWN, content=quick_rows(), headers=CSV).status_code == 409
        assert other.delete(f"{PATH}/{name}").status_code == 202
        assert ended(other, name)["state"] == "cancelled"
    assert client.get(PATH).json()["jobs"][0]["state"] == "cancelled"


def test_progress_is_told_while_a_job_runs(client: TestClient) -> None:
    name = begun(client, rows=slow_rows())
    under_way(client, name)
    progress = client.get(f"{PATH}/{name}").json()["progress"]
    assert set(progress) <= {"stage", "done", "total", "percent", "eta_s"}
    assert 0 <= progress["percent"] < 100
    assert children_of(name)
    niceness = os.getpriority(os.PRIO_PROCESS, children_of(name)[0])
    assert niceness == 19
    client.delete(f"{PATH}/{name}")
    ended(client, name)


def events_of(client: TestClient, name: str, headers: dict[str, str] | None = None) -> Iterator[dict[str, str]]:
    with client.stream("GET", f"{PATH}/{name}/events", headers=headers) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            if line:
                key, _, value = line.partition(": ")
                event[key] = value
            else:
                yield event
                event = {}


def test_events_tell_each_change_and_end_with_the_job(client: TestClient) -> None:
    name = begun(client)
    events = list(events_of(client, name))
    jobs = [json.loads(event["data"]) for event in events]
    assert [event["event"] for event in events] == ["job"] * len(events)
    assert [event["id"] for event in events] == [str(number + 1) for number in range(len(events))]
    assert {job["state"] for job in jobs[:-1]} == {"running"}
    assert jobs[-1]["state"] == "succeeded"
    percents = [job["progress"]["percent"] for job in jobs if job["progress"]]
    assert percents == sorted(percents)
    assert client.get(f"{PATH}/{name}").json()["result"] == jobs[-1]["result"]


def test_events_of_an_ended_job_are_its_end_whatever_was_seen(client: TestClient) -> None:
    name = begun(client)
    ended(client, name)
    (event,) = events_of(client, name, {"Last-Event-ID": "7"})
    assert json.loads(event["data"])["state"] == "succeeded"


def test_unknown_jobs_are_not_found(client: TestClient) -> None:
    for name in ("0" * 16, "..%2f..", "x" * 300, ".lock", "%00"):
        for path in (f"{PATH}/{name}", f"{PATH}/{name}/events"):
            answer = client.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert client.delete(f"{PATH}/{'0' * 16}").status_code == 404


def test_asking_makes_no_folder(client: TestClient, state: Path) -> None:
    assert client.get(PATH).json() == {"jobs": []}
    client.get(f"{PATH}/{'0' * 16}")
    assert not state.exists()


@pytest.mark.parametrize(
    "query", ["?weight=0", "?weight=nan", "?hold_out=0.9", "?with_shipped=perhaps", "?colour=red", "?weight=inf"]
)
def test_options_that_make_no_sense_are_refused_before_anything_is_kept(
    client: TestClient, state: Path, query: str
) -> None:
    assert client.post(PATH + query, content=quick_rows(), headers=CSV).status_code == 422
    assert not state.exists()


def test_an_empty_upload_is_refused_and_leaves_nothing(client: TestClient, state: Path) -> None:
    assert client.post(PATH + OWN, content=b"", headers=CSV).status_code in (415, 422)
    answer = client.post(PATH + OWN, content=iter([b"", b""]), headers=CSV)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:rasid:problem:empty-upload")
    assert {path.name for path in (state / "jobs").iterdir()} == {".lock"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"from": "reviews"}, 501),
        ({"from": "elsewhere"}, 422),
        ({"from": "reviews", "weight": "2"}, 422),
        ({"from": "reviews", "colour": "red"}, 422),
        ({}, 422),
        ([], 422),
    ],
)
def test_json_asks_for_the_reviews_that_nobody_keeps_yet(
    client: TestClient, state: Path, body: object, status: int
) -> None:
    client.get("/v1/training-jobs")  # jobs begin with the first request about them
    client.app.state.jobs.export_reviews = None  # type: ignore[attr-defined]
    assert client.post(PATH, json=body).status_code == status


def test_reviews_become_a_version(client: TestClient, state: Path) -> None:
    client.get("/v1/training-jobs")  # jobs begin with the first request about them
    client.app.state.jobs.export_reviews = lambda path: path.write_bytes(quick_rows())  # type: ignore[attr-defined]
    answer = client.post(
        f"{PATH}?weight=2&hold_out=0.1", json={"from": "reviews", "topics_from_labels": True, "weight": 3}
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["options"] == {
        "with_shipped": False,
        "weight": 3,
        "topics_from_labels": True,
        "hold_out": 0.1,
    }
    job = ended(client, answer.json()["id"])
    assert (job["state"], job["source"]) == ("succeeded", "reviews")
    client.get("/v1/training-jobs")  # jobs begin with the first request about them
    client.app.state.jobs.export_reviews = lambda path: path.write_bytes(b"text,labels\r\n")  # type: ignore[attr-defined]
    none = client.post(PATH, json={"from": "reviews"})
    assert (none.status_code, none.json()["type"]) == (409, "urn:rasid:problem:no-reviews")
    assert {path.name for path in (state / "jobs").iterdir()} == {".lock", job["id"]}


def test_the_last_jobs_are_kept(client: TestClient, state: Path) -> None:
    first = begun(client)
    job = ended(client, first)
    kept = (state / "jobs" / first / "job.json").read_text("utf-8")
    for number in range(KEPT_JOBS + 4):
        older = state / "jobs" / f"{number:016x}"
        older.mkdir()
        created = f"2020-01-01T00:{number:02d}:00Z"
        content = kept.replace(first, older.name).replace(job["created"], created)
        (older / "job.json").write_text(content, "utf-8")
    second = begun(client)
    ended(client, second)
    jobs = [found["id"] for found in client.get(PATH).json()["jobs"]]
    assert len(jobs) == KEPT_JOBS
    assert jobs[:2] == [second, first]
    assert f"{KEPT_JOBS + 3:016x}" in jobs
    assert f"{0:016x}" not in jobs


def test_one_version_alone_cannot_be_retrained(models: Path, state: Path) -> None:
    settings = Settings(models=models / current_version(models), state=state)
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        answer = client.post(PATH, content=quick_rows(), headers=CSV)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:rasid:problem:one-version")


def test_jobs_are_counted_by_state(client: TestClient) -> None:
    ended(client, begun(client))
    wait_for(lambda: 'rasid_jobs{state="succeeded"} 1.0' in client.get("/metrics").text)
    assert 'rasid_jobs{state="running"} 0.0' in client.get("/metrics").text
