"""The same on a Dask scheduler, whose workers are processes that may die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bulk.archives import digests, places, rasid, rows_of_texts, write_csv
from tests.conftest import ROOT

pytest.importorskip("distributed", reason="the extra dask isn't installed")

SCHEDULER = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file")


@pytest.fixture
def archive(tmp_path: Path, texts: list[str]) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for number in range(8):
        rows = [row for copy in range(4) for row in rows_of_texts(texts[:250], f"{number}-{copy}-")]
        write_csv(folder / f"t{number}.csv", rows)
    return folder


def started(stack: ExitStack, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]], env=environment
        )
    )
    stack.callback(process.kill)
    return process


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """The address of a scheduler, and two workers."""
    facts = tmp_path / "scheduler.json"
    with ExitStack() as stack:
        started(stack, "scheduler", *SCHEDULER, str(facts))
        alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--scheduler-file", str(facts))
        workers = [started(stack, "worker", *alone, "--local-directory", str(tmp_path)) for _ in range(2)]
        from distributed import Client

        with Client(scheduler_file=str(facts), timeout="60s") as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        yield address, workers


def test_a_worker_that_is_killed_loses_nothing(
    archive: Path, cluster: tuple[str, list["subprocess.Popen[bytes]"]], tiny_models: Path, tmp_path: Path
) -> None:
    address, workers = cluster
    arguments = ("tag", str(archive), "--models", str(tiny_models), "--segment", "none", "--progress", "none")
    assert rasid(*arguments, "--out", tmp_path / "expected").exit_code == 0
    out = tmp_path / "out"
    run = subprocess.Popen(
        [sys.executable, "-m", "app", *arguments, "--out", str(out), "--dask", address],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    while run.poll() is None and len(digests(out)) < 2:
        time.sleep(0.01)
    assert run.poll() is None
    workers[0].send_signal(signal.SIGKILL)
    _, err = run.communicate(timeout=120)
    assert run.returncode == 0, err
    assert err.endswith(f"done; 8,000 passages of 8 shards in {out}\n")
    assert digests(out) == digests(tmp_path / "expected")
    assert len(set(places(out))) == 8000
    assert not (out / ".drafts").exists()


def test_a_scheduler_without_workers_is_told(archive: Path, tiny_models: Path, tmp_path: Path) -> None:
    facts = tmp_path / "scheduler.json"
    with ExitStack() as stack:
        started(
            stack, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(facts)
        )
        from distributed import Client

        with Client(scheduler_file=str(facts), timeout="60s") as client:
            address = client.scheduler.address
        result = rasid("tag", archive, "--out", tmp_path / "out", "--models", tiny_models, "--dask", address)
    assert (result.exit_code, f"the Dask scheduler at {address} has no worker" in result.stderr) == (1, True)
