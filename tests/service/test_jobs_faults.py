"""Training jobs when something goes wrong: bad rows, limits, a full disk, a worker or the service that ends."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from app.jobs.command import JobLimits
from app.jobs.folder import JobsFolder
from app.jobs.job import Job, JobOptions
from app.jobs.limited import main as become_limited
from app.jobs.outcome import Ending, ended_job
from app.jobs.steps import last_progress
from app.main import create_app
from app.settings import Settings
from app.tagger import Tagger
from app.tagger.versions import versions_in
from tests.conftest import ROOT
from tests.core.breaking import Fault, failing, forked, hidden_in
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
    return Path(shutil.copytree(tiny_models, tmp_path / "models" / "tiny"))


@pytest.fixture
def settings(models: Path, state: Path) -> Settings:
    return Settings(models=models, state=state)


@contextmanager
def client_with(settings: Settings, **changed: Any) -> Iterator[TestClient]:
    changed_settings = settings.model_copy(update=changed)
    with TestClient(create_app(changed_settings), base_url=LOCAL, raise_server_exceptions=False) as client:
        yield client


def job_after(client: httpx.Client, rows: bytes, query: str = OWN) -> dict[str, Any]:
    answer = client.post(PATH + query, content=rows, headers=CSV)
    assert answer.status_code == 202, answer.text
    return ended(client, answer.json()["id"])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (f"text,labels\n{CANARY},weather\n{CANARY} نص,weather\n".encode(), "upload.csv has no row that can be used"),
        (f"words,labels\n{CANARY},attacks\n".encode(), "upload.csv: there is no column 'text'"),
        (f"text,labels\n{CANARY} نص,attacks\n".encode(), "1 articles are too few"),
        (b"PK\x03\x04 zip", "upload.csv is a ZIP file"),
        (b"\x81\x8d\x8f\x90" * 50, "upload.csv is no UTF-8"),
    ],
)
def test_rows_that_give_no_model_fail_with_a_reason_and_findings_without_text(
    settings: Settings, state: Path, models: Path, rows: bytes, says: str
) -> None:
    with client_with(settings) as client:
        job = job_after(client, rows, "")
    assert (job["state"], job["reason"]) == ("failed", "refused")
    assert says in job["error"]
    assert str(state) not in job["error"]
    assert job["result"]["version"] is None
    if "weather" in rows.decode(errors="replace"):
        assert job["result"]["findings"]["by_code"] == {"unknown_topic": 2}
        assert [finding["line"] for finding in job["result"]["findings"]["first"]] == [2, 3]
    assert holds(state, CANARY) == []
    assert len(versions_in(models)) == 1


def test_a_job_over_its_time_is_ended(settings: Settings, models: Path) -> None:
    with client_with(settings, job_timeout_s=2.0) as client:
        job = job_after(client, slow_rows())
        assert children_of(job["id"]) == []
    assert (job["state"], job["reason"]) == ("failed", "timed_out")
    assert "over 2 s" in job["error"]
    assert hidden_in(models) == set()


@pytest.mark.parametrize("mib", [60, 150, 300])
def test_a_job_over_its_memory_is_told_so(settings: Settings, mib: int) -> None:
    with client_with(settings, job_memory_bytes=mib << 20) as client:
        job = job_after(client, slow_rows())
    assert (job["state"], job["reason"]) == ("failed", "out_of_memory"), job
    assert "RASID_JOB_MEMORY_BYTES" in job["error"]


def test_an_upload_over_the_limit_leaves_nothing(settings: Settings, state: Path) -> None:
    with client_with(settings, max_upload_bytes=1000) as client:
        for body in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):
            assert client.post(PATH + OWN, content=body, headers=CSV).status_code == 413
        assert client.get(PATH).json() == {"jobs": []}
        assert not (state / "jobs").exists() or {path.name for path in (state / "jobs").iterdir()} == {".lock"}
        assert client.post(PATH + OWN, content=quick_rows(8), headers=CSV).status_code == 202


@pytest.mark.parametrize("kind", ["write", "open", "rename", "mkdir", "fsync"])
def test_a_full_or_failing_disk_is_told_and_leaves_nothing(settings: Settings, state: Path, kind: str) -> None:
    seen = set()
    with client_with(settings) as client:
        for nth in range(1, 40):
            fault = Fault(nth, lasting=False)
            with failing(kind, fault):
                answer = client.post(PATH + OWN, content=quick_rows(), headers=CSV)
            if answer.status_code == 202:
                ended(client, answer.json()["id"])
                break
            seen.add((answer.status_code, answer.json()["type"].split(":")[-1]))
            assert client.get(PATH).json() == {"jobs": []}
            if (state / "jobs").exists():
                assert {path.name for path in (state / "jobs").iterdir()} <= {".lock"}
            shutil.rmtree(state, ignore_errors=True)
        assert answer.status_code == 202
    assert seen == {(507, "disk-full")} if kind == "write" else seen == {(503, "state-unwritable")}


def test_a_jobs_folder_that_cannot_be_made_is_told(settings: Settings) -> None:
    settings.state.mkdir()
    (settings.state / "jobs").write_bytes(b"")
    with client_with(settings) as client:
        answer = client.post(PATH + OWN, content=quick_rows(), headers=CSV)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:rasid:problem:state-unwritable")
        assert client.get(PATH).json() == {"jobs": []}


def test_an_end_that_cannot_be_written_is_an_interrupted_job(settings: Settings, state: Path) -> None:
    with client_with(settings) as client:
        name = client.post(PATH + OWN, content=slow_rows(), headers=CSV).json()["id"]
        under_way(client, name)
        with failing("write", Fault(1, lasting=True)):
            assert client.delete(f"{PATH}/{name}").status_code == 202
            assert ended(client, name)["state"] == "interrupted"
        assert ended(client, name)["state"] == "interrupted"
        assert job_after(client, quick_rows())["state"] == "succeeded"
        assert json.loads((state / "jobs" / name / "job.json").read_bytes())["state"] == "interrupted"


def test_an_upload_that_breaks_off_leaves_nothing_and_frees_the_place(settings: Settings, state: Path) -> None:
    with running(settings) as service:
        head = f"POST {PATH}{OWN} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\nContent-Length: 9999\r\n\r\n"
        with service.connection() as connection:
            connection.sendall(head.encode() + b"text,labels\n")
            wait_for(lambda: len(list((state / "jobs").glob("*"))) == 2)
            busy = service.client.post(PATH + OWN, content=quick_rows(), headers=CSV)
            assert (busy.status_code, busy.json()["type"]) == (409, "urn:rasid:problem:job-running")
        wait_for(lambda: {path.name for path in (state / "jobs").iterdir()} == {".lock"})
        assert job_after(service.client, quick_rows())["state"] == "succeeded"
    assert service.exit_code == 0


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    client: httpx.Client
    exit_code: int | None = None

    def connection(self) -> Any:
        import socket

        return socket.create_connection((self.client.base_url.host, self.client.base_url.port or 80))


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """The service as a process of its own; ended by SIGTERM if it still runs."""
    environment = {**os.environ, "RASID_STATE": str(settings.state), "RASID_MODELS": str(settings.models)}
    command = [sys.executable, "-m", "app", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        log = ""
        while not (address := re.search(r"running on (http://127\.0\.0\.1:\d+)", log)):
            line = process.stderr.readline()
            assert line, f"the service did not start: {log}"
            log += line
        rest = threading.Thread(target=process.stderr.read)
        rest.start()
        try:
            with httpx.Client(base_url=address.group(1), timeout=30) as client:
                service = Running(process, client)
                yield service
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            service.exit_code = process.wait(timeout=25)
            rest.join()


def test_a_killed_worker_takes_its_job_along_and_the_next_start_tells_so(
    settings: Settings, state: Path, models: Path
) -> None:
    with running(settings) as service:
        name = service.client.post(PATH + OWN, content=slow_rows(), headers=CSV).json()["id"]
        under_way(service.client, name)
        assert len(children_of(name)) == 1
        service.process.kill()
    wait_for(lambda: children_of(name) == [], patience_s=2)
    assert (state / "jobs" / name / "upload.csv").exists()
    with client_with(settings) as client:
        assert not (state / "jobs" / name / "upload.csv").exists(), "rows don't outlive the job"
        job = client.get(f"{PATH}/{name}").json()
        assert job["state"] == "interrupted"
        assert "send it again" in job["error"]
        assert job_after(client, quick_rows())["state"] == "succeeded"
    assert hidden_in(models) == set()
    for version in versions_in(models):
        Tagger.open(models / version)


def test_kills_at_any_time_leave_no_orphan_and_no_job_that_runs_for_ever(settings: Settings, state: Path) -> None:
    for pause_s in (0.0, 0.02, 0.1, 0.3, 0.8, 1.5):
        with running(settings) as service:
            name = service.client.post(PATH + OWN, content=slow_rows(), headers=CSV).json()["id"]
            threading.Event().wait(pause_s)
            service.process.kill()
        wait_for(lambda job=name: children_of(job) == [], patience_s=2)  # type: ignore[misc]
        # A process that ends closes its files, and so the lock, a moment after its command line is gone.
        jobs = JobsFolder(state / "jobs")
        wait_for(lambda folder=jobs: folder.settled_jobs()[0].state == "interrupted", patience_s=2)  # type: ignore[misc]


def test_the_end_of_the_service_interrupts_the_job_and_ends_its_events(settings: Settings, state: Path) -> None:
    with running(settings) as service:
        name = service.client.post(PATH + OWN, content=slow_rows(), headers=CSV).json()["id"]
        under_way(service.client, name)
        last: list[str] = []

        def watch() -> None:
            with service.client.stream("GET", f"{PATH}/{name}/events") as answer:
                last.extend(line for line in answer.iter_lines() if line.startswith("data: "))

        watcher = threading.Thread(target=watch)
        watcher.start()
        wait_for(lambda: children_of(name) != [])
        service.process.send_signal(signal.SIGTERM)
        watcher.join(timeout=10)
        assert not watcher.is_alive()
        assert service.process.wait(timeout=25) == 0
    assert json.loads(last[-1].removeprefix("data: "))["state"] == "interrupted"
    assert children_of(name) == []
    assert json.loads((state / "jobs" / name / "job.json").read_bytes())["state"] == "interrupted"


def test_many_watchers_cost_no_threads(settings: Settings) -> None:
    with running(settings) as service:
        name = service.client.post(PATH + OWN, content=slow_rows(), headers=CSV).json()["id"]
        under_way(service.client, name)
        tasks = Path(f"/proc/{service.process.pid}/task")
        request = f"GET {PATH}/{name}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        before = len(list(tasks.iterdir()))
        watchers = []
        for _ in range(300):
            watcher = service.connection()
            watcher.settimeout(30)
            watcher.sendall(request)
            watchers.append(watcher)
        for watcher in watchers:
            assert watcher.recv(15) == b"HTTP/1.1 200 OK"
        assert service.client.post("/v1/classify", json={"text": "نص"}, timeout=5).status_code == 200
        assert len(list(tasks.iterdir())) <= before + 40, "no more than the pool that answers other requests"
        descriptors = Path(f"/proc/{service.process.pid}/fd")
        for watcher in watchers:
            watcher.close()
        wait_for(lambda: len(list(descriptors.iterdir())) < 100, patience_s=10)
        service.client.delete(f"{PATH}/{name}")
        ended(service.client, name)


def a_job(name: str) -> Job:
    return Job.model_validate(
        {
            "id": name,
            "state": "running",
            "source": "upload",
            "options": JobOptions(),
            "caller": "local",
            "created": "2026-01-01T00:00:00Z",
        }
    )


@pytest.mark.parametrize(
    ("ending", "steps", "state", "reason"),
    [
        (Ending(0, None), "", "succeeded", None),
        (Ending(-signal.SIGTERM, "cancelled"), "", "cancelled", None),
        (Ending(-signal.SIGTERM, "interrupted"), "", "interrupted", None),
        (Ending(-signal.SIGTERM, "timed_out"), "error: x\n", "failed", "timed_out"),
        (Ending(-signal.SIGXCPU, None), "", "failed", "timed_out"),
        (Ending(-signal.SIGKILL, None), "", "failed", "out_of_memory"),
        (Ending(1, None), "numpy._core._exceptions._ArrayMemoryError: Unable to allocate\n", "failed", "out_of_memory"),
        (Ending(1, None), '{"stage": "read"}\nerror: FOLDER/upload.csv is bad.\n', "failed", "refused"),
        (Ending(1, None), f"Traceback\nValueError: {CANARY}\n", "failed", "crashed"),
        (Ending(-signal.SIGSEGV, None), "", "failed", "crashed"),
    ],
)
def test_what_the_end_of_a_child_means(
    tmp_path: Path, ending: Ending, steps: str, state: str, reason: str | None
) -> None:
    (tmp_path / "steps.log").write_text(steps.replace("FOLDER", str(tmp_path)), "utf-8")
    job = ended_job(a_job("0" * 16), ending, tmp_path, JobLimits(60, 1 << 30))
    assert (job.state, job.reason) == (state, reason)
    assert job.ended is not None
    assert CANARY not in (job.error or "")
    if reason == "refused":
        assert job.error == "upload.csv is bad."


def test_progress_is_the_last_whole_line(tmp_path: Path) -> None:
    steps = tmp_path / "steps.log"
    assert last_progress(steps) is None
    line = '{"stage": "cross-validate", "done": %d, "total": 80, "percent": 50, "eta_s": null}\n'
    steps.write_text("".join(line % number for number in range(500)) + "a note\n" + (line % 500)[:30], "utf-8")
    found = last_progress(steps)
    assert found is not None
    assert found.done == 499


def test_a_limited_program_does_not_start_without_its_parent_and_keeps_lower_limits() -> None:
    def orphan() -> int:
        try:
            become_limited(os.getppid() + 1, 1 << 30, 10, [sys.executable, "-c", "print()"])
        except SystemExit as end:
            return 7 if end.code == 1 else 8
        return 9

    _, status = os.waitpid(forked(orphan), 0)
    assert os.WEXITSTATUS(status) == 7
    script = (
        "import resource as r; print(r.getrlimit(r.RLIMIT_AS), r.getrlimit(r.RLIMIT_CORE), __import__('os').nice(0))"
    )
    limit = 1 << 29

    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    program = [sys.executable, "-m", "app.jobs.limited", str(os.getpid()), str(1 << 31), "10"]
    said = subprocess.run(
        [*program, sys.executable, "-c", script], cwd=ROOT, preexec_fn=lower, capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == f"({limit}, {limit}) (0, 0) 19"
