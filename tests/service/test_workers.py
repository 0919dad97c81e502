"""Several workers behind one address: they count together, swap together and come back."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.tagger.bundle import Bundle
from tests.service.running import RunningService, running_service, within
from tests.service.two_versions import TwoVersions, two_versions

WORKERS = 2
REACH_S = 5.0
TEXT = {"text": "تفوز البلدية بجائزة أجمل حديقة عامة.\nطقس اليوم غائم في الشمال."}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Bundle) -> TwoVersions:
    return two_versions(tmp_path_factory.mktemp("workers") / "tiny", tiny_bundle)


@pytest.fixture(scope="module")
def service(pair: TwoVersions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASID_STATE", str(tmp_path_factory.mktemp("state")))
        with running_service(pair.models, "--workers", str(WORKERS)) as service:
            assert within(30, lambda: serving(service, pair.first) == WORKERS)
            yield service


def serving(service: RunningService, version: str) -> int:
    """How many workers serve `version`."""
    lines = [line for line in service.get("/metrics").text.splitlines() if f'version="{version}"' in line]
    return int(float(lines[0].rsplit(" ", 1)[1])) if lines else 0


def pids(service: RunningService) -> list[int]:
    """The workers that were started, oldest first."""
    lines = [json.loads(line) for line in service.lines]
    return [line["pid"] for line in lines if line["event"] == "worker started"]


def test_metrics_are_those_of_all_workers(service: RunningService) -> None:
    before = service.metric("rasid_passages_total")
    for _ in range(40):
        assert service.post("/v1/classify", TEXT).status_code == 200
    assert {service.metric("rasid_passages_total") for _ in range(10)} == {before + 80}
    assert service.metric('rasid_requests_total{route="/v1/classify",status="200"}') >= 40


def test_a_promotion_reaches_every_worker_in_time(service: RunningService, pair: TwoVersions) -> None:
    for path, version in ((f"{pair.second}/promote", pair.second), ("rollback", pair.first)):
        answer = service.post(f"/v1/models/{path}")
        promoted = time.monotonic()
        assert answer.json()["model"]["version"] == version
        assert within(REACH_S, lambda version=version: serving(service, version) == WORKERS)  # type: ignore[misc]
        assert time.monotonic() - promoted < REACH_S
        found = {service.post("/v1/classify", TEXT).json()["model"]["version"] for _ in range(20)}
        assert found == {version}


def test_a_killed_worker_comes_back_and_its_counts_stay(service: RunningService, pair: TwoVersions) -> None:
    service.post("/v1/classify", TEXT)
    before = service.metric("rasid_passages_total")
    victim = pids(service)[-1]
    os.kill(victim, signal.SIGKILL)
    assert within(30, lambda: len(pids(service)) > WORKERS)
    assert within(30, lambda: serving(service, pair.first) == WORKERS)
    assert service.metric("rasid_passages_total") == before
    assert any(json.loads(line).get("exit_code") == -signal.SIGKILL for line in service.lines)


def test_workers_end_when_their_parent_is_killed(pair: TwoVersions) -> None:
    with running_service(pair.models, "--workers", str(WORKERS)) as service:
        workers = pids(service)
        environment = Path(f"/proc/{workers[0]}/environ").read_bytes().split(b"\0")
        (folder,) = (line.partition(b"=")[2] for line in environment if line.startswith(b"PROMETHEUS_MULTIPROC_DIR="))
        assert Path(os.fsdecode(folder)).is_dir()
        service.process.kill()
        service.process.wait()
        assert within(30, lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        assert not Path(os.fsdecode(folder)).exists()
