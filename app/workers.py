"""Keeps several server processes alive behind one socket, and ends them together.

uvicorn's own supervisor isn't used: it holds the listening socket until the last worker has ended, so that callers hang
meanwhile, looks for dead workers only twice a second, and leaves workers behind when it is killed itself. Workers are
forked from a process that has imported everything and done nothing else, so that they share its memory.
"""

import logging
import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from app.logs import log_event, start_logs
from app.settings import Settings

END_S = 24.0
"""Longest time from SIGTERM until workers that are still there are killed."""
RESTART_S = 1.0
"""Least time between two starts of a worker."""
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_MEMORY = Path("/dev/shm")  # noqa: S108
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["app.preloaded"])


@dataclass(frozen=True, slots=True)
class Plan:
    """What every worker gets."""

    settings: Settings
    listener: socket.socket
    metrics: Path


@dataclass(frozen=True, slots=True)
class _Worker:
    process: ForkServerProcess
    started: float


def serve_with_workers(settings: Settings) -> int:
    """Serve with `settings.workers` processes until SIGTERM or SIGINT; return the exit code, 0 after an orderly end.

    A worker that dies is started again.
    """
    logs = start_logs(2, lambda: None)
    try:
        with _metrics_folder() as metrics, _woken_by_signals() as woken:
            code = _Crew(Plan(settings, _listener(settings), metrics)).run(woken)
        log_event("all workers stopped", exit_code=code)
    finally:
        logs.stop()
    return code


class _Crew:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._workers: list[_Worker] = []

    def run(self, woken: socket.socket) -> int:
        """Keep all places filled until `woken` can be read or a worker can't start; then end all."""
        code = 0
        self._fill()
        while code == 0 and woken not in (ready := wait([woken, *self._sentinels()])):
            code = self._bury([worker for worker in self._workers if worker.process.sentinel in ready])
            if code == 0:
                self._fill()
        return self._end() or code

    def _sentinels(self) -> list[int]:
        return [worker.process.sentinel for worker in self._workers]

    def _fill(self) -> None:
        while len(self._workers) < self._plan.settings.workers:
            process = _forking.Process(target=_work, args=(self._plan,))
            process.start()
            self._workers.append(_Worker(process, time.monotonic()))
            log_event("worker started", pid=process.pid)

    def _bury(self, dead: list[_Worker]) -> int:
        """Forget workers that ended; the exit code if one couldn't start and so no other could, else 0."""
        for worker in dead:
            self._workers.remove(worker)
            worker.process.join()
            _forget_gauges(worker.process.pid, self._plan.metrics)
            code = worker.process.exitcode
            log_event("worker died", logging.ERROR, pid=worker.process.pid, exit_code=code)
            if code == STARTUP_FAILURE:
                return STARTUP_FAILURE
            time.sleep(max(0.0, worker.started + RESTART_S - time.monotonic()))
        return 0

    def _end(self) -> int:
        """End all workers; 0 if each ended in order."""
        self._plan.listener.close()
        deadline = time.monotonic() + END_S
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.exitcode is None:
                log_event("worker killed", logging.ERROR, pid=worker.process.pid)
                worker.process.kill()
                worker.process.join()
        return int(any(worker.process.exitcode == -signal.SIGKILL for worker in self._workers))


def _work(plan: Plan) -> None:
    """What a worker does; it ends in order when its parent is gone."""
    from app.serving import serve

    threading.Thread(target=_follow_parent, args=(plan.metrics,), name="parent", daemon=True).start()
    serve(plan.settings, plan.listener, plan.metrics)


def _follow_parent(metrics: Path) -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        # A parent that was killed couldn't.
        shutil.rmtree(metrics, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)


def _listener(settings: Settings) -> socket.socket:
    """A socket that listens already, so that callers wait for the first worker instead of being refused."""
    config = uvicorn.Config("", host=settings.host, port=settings.port, log_config=None)
    listener = config.bind_socket()
    listener.listen(config.backlog)
    return listener


@contextmanager
def _metrics_folder() -> Iterator[Path]:
    """A folder in memory where there is one, so that a full disk stops no count."""
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="rasid-metrics-", dir=memory))
    os.environ[METRICS_VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        del os.environ[METRICS_VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def _forget_gauges(pid: int | None, folder: Path) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    with suppress(OSError):
        mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


@contextmanager
def _woken_by_signals() -> Iterator[socket.socket]:
    """A socket that can be read once SIGTERM or SIGINT has come."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    reader.setblocking(False)
    signal.set_wakeup_fd(writer.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(-1)
        reader.close()
        writer.close()
