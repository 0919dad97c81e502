"""Whatever is killed, and wherever the disk refuses: each passage once, the same bytes as in an undisturbed run."""

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bulk.archives import digests, places, rasid, rows_of_texts, tagged, write_csv, write_jsonl
from tests.conftest import ROOT
from tests.service.running import within

RUN_KILLS, WORKER_KILLS = 14, 20
_LONGEST_S = 120


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Path:
    """Sixteen tables of thirty passages and forty small articles."""
    folder = tmp_path_factory.mktemp("crash") / "archive"
    (folder / "articles").mkdir(parents=True)
    for number in range(16):
        rows = rows_of_texts(texts[30 * number : 30 * number + 30], f"{number}-")
        (write_csv if number % 2 else write_jsonl)(folder / f"t{number:02}.{'csv' if number % 2 else 'jsonl'}", rows)
    for number in range(40):
        (folder / f"articles/{number}.txt").write_text("\n".join(texts[480 + number : 482 + number]), "utf-8")
    return folder


def started(
    archive: Path, out: Path, models: Path, before_start: Callable[[], None] | None = None
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "app", "tag", str(archive), "--out", str(out), "--models", str(models)]
    return subprocess.Popen(
        [*command, "--jobs", "2", "--keep-text", "--progress", "none"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=before_start,
    )


def ended(run: "subprocess.Popen[str]") -> tuple[int, str]:
    _, err = run.communicate(timeout=_LONGEST_S)
    return run.returncode, err


@pytest.fixture(scope="module")
def undisturbed(archive: Path, tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody disturbed."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert ended(started(archive, out, tiny_models))[0] == 0
    assert len(places(out)) == len(set(places(out))) == 16 * 30 + 80
    return out


def workers_of(run: int) -> list[int]:
    try:
        children = Path(f"/proc/{run}/task/{run}/children").read_text().split()
        return [int(pid) for pid in children if b"popen_loky" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_run_that_is_killed_again_and_again(
    archive: Path, undisturbed: Path, tiny_models: Path, tmp_path: Path
) -> None:
    rng = random.Random(11)
    expected, kills, begun, seen_half_done = digests(undisturbed), 0, 0, 0
    out = tmp_path / "0"
    while kills < RUN_KILLS:
        run = started(archive, out, tiny_models)
        # Starting takes most of the time of such a small run: half of the kills wait until it writes.
        patient = kills % 2
        while patient and run.poll() is None and not list(out.glob(".drafts/*.draft")):
            time.sleep(0.01)
        # And half of those until a shard is done, however slow the machine is.
        while kills % 4 == 3 and run.poll() is None and not digests(out):
            time.sleep(0.01)
        time.sleep(0 if kills % 4 == 3 else rng.uniform(0, 0.7 if patient else 3.0))
        if run.poll() is None:
            # Of every other run the workers live on for a while.
            os.killpg(run.pid, signal.SIGKILL) if kills % 4 < 2 else run.kill()
            kills += 1
        ended(run)
        found = digests(out)
        assert found.items() <= expected.items()
        seen_half_done += 0 < len(found) < len(expected)
        if len(found) == len(expected):
            begun += 1
            out = tmp_path / str(begun)
    for number in range(begun + 1):
        assert ended(started(archive, tmp_path / str(number), tiny_models))[0] == 0
        assert digests(tmp_path / str(number)) == expected
        assert places(tmp_path / str(number)) == places(undisturbed)
    assert seen_half_done > 2


def test_workers_that_are_killed_again_and_again(
    archive: Path, undisturbed: Path, tiny_models: Path, tmp_path: Path
) -> None:
    rng = random.Random(12)
    kills = begun = 0
    while kills < WORKER_KILLS:
        begun += 1
        out = tmp_path / str(begun)
        run = started(archive, out, tiny_models)
        while run.poll() is None:
            time.sleep(rng.uniform(0.05, 1.0))
            if kills < WORKER_KILLS and (workers := workers_of(run.pid)):
                os.kill(rng.choice(workers), signal.SIGKILL)
                kills += 1
        code, err = ended(run)
        assert code == 0, err
        assert digests(out) == digests(undisturbed)
        assert tagged(out) == tagged(undisturbed)


def test_a_shard_that_kills_every_worker_is_named(
    archive: Path, tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.bulk.run.MOST_LOSSES", 3)
    out, ending = tmp_path / "out", threading.Event()

    def kill_what_begins() -> None:
        while not ending.wait(0.002):
            if list(out.glob(".drafts/*.progress")):
                for pid in workers_of(os.getpid()):
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_what_begins)
    killer.start()
    arguments = ("tag", archive / "t01.csv", "--out", out, "--models", tiny_models, "--progress", "none")
    result = rasid(*arguments)
    ending.set()
    killer.join()
    assert result.exit_code == 1
    assert "error: the worker that tags t01.csv died 3 times: look whether memory is short" in result.stderr
    assert rasid(*arguments).exit_code == 0
    assert len(places(out)) == 30


def dies(_: object) -> None:
    os._exit(1)


def test_workers_that_die_as_they_start_do_not_go_on_forever(
    archive: Path, tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.bulk.run.MOST_FALSE_STARTS", 3)
    monkeypatch.setattr("app.bulk.engines.tag_shard", dies)
    result = rasid("tag", archive / "t01.csv", "--out", tmp_path / "out", "--models", tiny_models, "--progress", "none")
    assert (result.exit_code, "error: 3 workers died as they started" in result.stderr) == (1, True)


@pytest.mark.parametrize("bytes_a_file", [400, 5_000])
def test_a_disk_that_refuses_ends_the_run_clearly(
    archive: Path, undisturbed: Path, tiny_models: Path, tmp_path: Path, bytes_a_file: int
) -> None:
    out = tmp_path / "out"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, resource.RLIM_INFINITY))

    code, err = ended(started(archive, out, tiny_models, limit))
    assert code == 1
    told = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(told) == 1
    assert told[0].endswith("File too large: free space or mend its rights, then run the same command again.")
    assert not list(out.glob(".drafts/*"))
    assert digests(out).items() <= digests(undisturbed).items()
    assert ended(started(archive, out, tiny_models))[0] == 0
    assert digests(out) == digests(undisturbed)


def test_workers_do_not_outlive_a_run_that_is_killed(archive: Path, tiny_models: Path, tmp_path: Path) -> None:
    run = started(archive, tmp_path / "out", tiny_models)
    while not list(tmp_path.glob("out/.drafts/*.progress")):
        time.sleep(0.01)
    workers = workers_of(run.pid)
    run.kill()
    ended(run)
    assert workers
    assert within(10, lambda: not any(map(lives, workers)))


def test_a_run_that_is_interrupted_ends_its_workers(
    archive: Path, undisturbed: Path, tiny_models: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run = started(archive, out, tiny_models)
    while run.poll() is None and not (workers := workers_of(run.pid)):
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    code, err = ended(run)
    assert (code, err) == (130, "stopped: the same command goes on from here\n")
    assert workers
    assert within(10, lambda: not any(map(lives, workers)))
    assert ended(started(archive, out, tiny_models))[0] == 0
    assert digests(out) == digests(undisturbed)
