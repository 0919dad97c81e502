"""What the README's table of faults says, on a running service: one test for each row."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.tagger.bundle import Bundle, write_bundle
from app.tagger.versions import current_version, set_current
from tests.conftest import ROOT
from tests.core.breaking import hidden_in
from tests.service.jobs_by_hand import CSV, OWN, PATH, ended, quick_rows
from tests.service.running import RunningService, within
from tests.service.two_versions import two_versions
from tests.soak.breaking import Disk, LimitedDisk, jumping_clock, small_disk
from tests.soak.server import Setup, served

TEXT = {"text": "تفوز البلدية بجائزة أجمل حديقة عامة."}
REVIEW = {"text": "طقس اليوم غائم في الشمال.", "topics": []}
REACH_S = 5.0


def tags(service: RunningService) -> bool:
    return service.post("/v1/classify", TEXT).status_code == 200 and service.is_ready()


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def begin_job(service: RunningService) -> httpx.Response:
    return httpx.post(service.url + PATH + OWN, content=quick_rows(), headers=CSV, timeout=30)


def assert_store_away(service: RunningService) -> None:
    for answer in (service.post("/v1/reviews", REVIEW), service.get("/v1/reviews/next")):
        assert problem(answer) == (503, "store-unavailable")
        assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture(params=["limit", "disk"])
def disk_and_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Disk, Path]]:
    with ExitStack() as stack:
        if request.param == "limit":
            yield LimitedDisk(), tmp_path
        else:
            yield stack.enter_context(small_disk(tmp_path / "disk")), tmp_path / "disk"


def test_a_full_disk_stops_changes_but_not_tagging(disk_and_folder: tuple[Disk, Path], tiny_bundle: Bundle) -> None:
    disk, folder = disk_and_folder
    pair, state = two_versions(folder / "tiny", tiny_bundle), folder / "state"
    with served(Setup(pair.models, state=state)) as service:
        disk.fill(service)
        assert problem(begin_job(service)) == (507, "disk-full")
        assert_store_away(service)
        assert problem(service.post(f"/v1/models/{pair.second}/promote")) == (503, "models-unchangeable")
        assert current_version(pair.models) == pair.first
        assert service.get(PATH).json() == {"jobs": []}
        assert tags(service)
        disk.free(service)
        assert within(REACH_S, lambda: service.post("/v1/reviews", REVIEW).status_code == 201)
        assert service.post(f"/v1/models/{pair.second}/promote").status_code == 200
        assert len(service.get("/v1/reviews").json()["reviews"]) == 1
        job = begin_job(service)
        assert job.status_code == 202
        assert service.get(f"{PATH}/{job.json()['id']}").json()["state"] == "running"
        assert hidden_in(pair.models) == set()


def test_a_read_only_disk_lets_the_service_start_and_tag(tmp_path: Path, tiny_bundle: Bundle) -> None:
    with small_disk(tmp_path / "disk") as disk:
        pair, state = two_versions(disk.folder / "tiny", tiny_bundle), disk.folder / "state"
        disk.remount("ro")
        with served(Setup(pair.models, state=state)) as service:
            assert tags(service)
            assert problem(begin_job(service)) == (503, "state-unwritable")
            assert problem(service.post("/v1/reviews", REVIEW)) == (503, "store-unavailable")
            assert problem(service.post(f"/v1/models/{pair.second}/promote")) == (503, "models-unchangeable")
            disk.remount("rw")
            assert within(REACH_S, lambda: service.post("/v1/reviews", REVIEW).status_code == 201)
            assert service.post(f"/v1/models/{pair.second}/promote").status_code == 200


def test_a_missing_or_damaged_model_keeps_the_service_unready_until_there_is_a_good_one(
    tmp_path: Path, tiny_bundle: Bundle
) -> None:
    models = tmp_path / "tiny"
    with served(Setup(models, ready=False)) as service:
        assert problem(service.post("/v1/classify", TEXT)) == (503, "no-model")
        assert service.get("/livez").status_code == 200
        assert service.get("/readyz").json()["reason"]
        version = write_bundle(tiny_bundle, models)
        words = (models / version / "words.txt").read_bytes()
        os.truncate(models / version / "words.txt", 9)
        set_current(models, version)
        assert within(REACH_S, lambda: "words.txt was changed" in service.get("/readyz").json()["reason"])
        assert service.get("/readyz").status_code == 503
        (models / version / "words.txt").write_bytes(words)
        assert within(2 * REACH_S, lambda: tags(service))
        shutil.rmtree(models)
        assert within(REACH_S, lambda: "reason" in service.get("/readyz").json())
        assert tags(service)


@pytest.mark.parametrize("kind", ["unreachable", "damaged"])
def test_a_store_that_is_away_stops_reviews_but_not_tagging(tiny_models: Path, tmp_path: Path, kind: str) -> None:
    state = tmp_path / "state"
    state.mkdir()
    environment = {"RASID_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"} if kind == "unreachable" else {}
    if kind == "damaged":
        (state / "store.sqlite").write_bytes(b"no database " * 1000)
    with served(Setup(tiny_models, environment=environment, state=state)) as service:
        assert_store_away(service)
        answer = service.post(PATH, {"from": "reviews"})
        assert problem(answer) == (503, "store-unavailable")
        assert service.get(PATH).json() == {"jobs": []}
        assert tags(service)
        if kind == "damaged":
            assert (state / "store.sqlite").read_bytes() == b"no database " * 1000
            (state / "store.sqlite").unlink()
            assert within(REACH_S, lambda: service.post("/v1/reviews", REVIEW).status_code == 201)


def test_a_clock_that_jumps_changes_nothing_but_the_times_told(tmp_path: Path, tiny_bundle: Bundle) -> None:
    clock, pair = jumping_clock(tmp_path), two_versions(tmp_path / "tiny", tiny_bundle)
    environment = {**clock.environment, "RASID_RATE_LIMIT": "200/second"}
    with served(Setup(pair.models, environment=environment)) as service:
        for seconds, version in ((4 * 10**8, pair.second), (-(4 * 10**8), pair.first)):
            clock.jump(seconds)
            set_current(pair.models, version)
            assert within(REACH_S, lambda version=version: served_version(service) == version)  # type: ignore[misc]
            assert tags(service)
            assert service.post("/v1/reviews", REVIEW | {"text": f"نص {seconds} قصير جدا"}).status_code == 201
        job = begin_job(service).json()["id"]
        clock.jump(0)
        with httpx.Client(base_url=service.url) as client:
            assert ended(client, job)["state"] == "succeeded"
    years = {int(json.loads(line)["time"][:4]) for line in service.lines}
    assert max(years) - min(years) > 20, "the clock didn't jump"


def served_version(service: RunningService) -> str:
    found: dict[str, Any] = service.get("/v1/").json()
    return str(found["model"]["version"])


def test_a_log_that_takes_nothing_is_counted_and_holds_nothing_up(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RASID_RATE_LIMIT", "")
    monkeypatch.setenv("RASID_STATE", str(tmp_path / "state"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app", "serve", "--port", str(port), "--models", str(tiny_models)]
    with open("/dev/full", "wb") as full, subprocess.Popen(command, cwd=ROOT, stderr=full) as process:  # noqa: PTH123
        service = RunningService(process, url=f"http://127.0.0.1:{port}")  # type: ignore[arg-type]
        try:
            assert within(60, service.is_ready)
            with httpx.Client(base_url=service.url) as client:
                assert {client.post("/v1/classify", json=TEXT).status_code for _ in range(200)} == {200}
            assert within(5, lambda: service.metric("rasid_log_lines_dropped_total") > 100)
            assert service.stop(signal.SIGINT) == 0
        finally:
            process.kill()


def test_no_decision_is_taken_by_the_wall_clock_but_those_written_down() -> None:
    asked = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "app").rglob("*.py")
        if any(name in path.read_text("utf-8") for name in ("time.time()", "time_ns()", "datetime.now(", "utcnow("))
    }
    stamps = {
        "app/jobs/folder.py", "app/jobs/jobs.py", "app/jobs/outcome.py", "app/key_store.py", "app/store/clock.py",
        "app/tagger/promotion.py",
    }  # fmt: skip
    kept_over_restarts = {"app/store/idempotency.py", "app/store/queue.py", "app/web/sessions.py"}
    told_by_others = {"app/client/retries.py"}
    assert asked <= stamps | kept_over_restarts | told_by_others
