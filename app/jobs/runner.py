"""Runs a worker's training job to its end: the child's exit, a cancellation, its time limit or the service's end."""

import asyncio
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from app.jobs.command import JobLimits, start_child
from app.jobs.folder import JobsFolder
from app.jobs.job import Job
from app.jobs.lock import HeldLock
from app.jobs.outcome import Cut, Ending, ended_job
from app.logs import log_event
from app.tagger.durable import locked
from app.tagger.folders import LOCK, remove_leftovers

POLL_S = 0.25
GRACE_S = 5.0
"""How long a child has between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job runs: its command, under which limits, and the folder of models that it writes into."""

    program: Sequence[str]
    limits: JobLimits
    models: Path


class Runner:
    """The training job of one worker; `stopping` tells whether the service is about to end."""

    def __init__(self, folder: JobsFolder, stopping: Callable[[], bool]) -> None:
        self._folder = folder
        self._stopping = stopping
        self._stopped = False
        self._cancelled = ""
        self._task: asyncio.Task[None] | None = None

    def start(self, job: Job, plan: Plan, held: HeldLock) -> asyncio.Task[None]:
        """Start a job, whose state is written, and take over the lock. Raises `OSError` if there can be no child.

        Called in the thread of the event loop: the child dies with the thread that starts it.
        """
        child = start_child(plan.program, self._folder.path / job.id, plan.limits, held.descriptor)
        self._task = asyncio.create_task(self._run(job, plan, held, child))
        return self._task

    def cancel(self, name: str) -> None:
        """End this job, if it is the one that runs here."""
        self._cancelled = name

    async def stop(self) -> None:
        """End the job that runs, marked as interrupted, and come back when that is done."""
        self._stopped = True
        if self._task is not None:
            await self._task

    async def _run(self, job: Job, plan: Plan, held: HeldLock, child: subprocess.Popen[bytes]) -> None:
        try:
            cut = await self._watch(job, child, plan.limits.timeout_s)
            await run_in_threadpool(self._end, job, plan, Ending(child.returncode, cut))
        except OSError as fault:
            # Whoever looks next finds the lock free and tells the job as interrupted.
            log_event("training job's end not written", logging.ERROR, job=job.id, reason=fault.strerror)
        finally:
            if child.poll() is None:
                _signal(child, signal.SIGKILL)
            held.release()

    async def _watch(self, job: Job, child: subprocess.Popen[bytes], timeout_s: float) -> Cut | None:
        """Wait for the child, and end it where there is a reason, which is returned."""
        deadline = time.monotonic() + timeout_s
        while child.poll() is None:
            if cut := self._reason_to_end(job, late=time.monotonic() > deadline):
                await _terminate(child)
                return cut
            await asyncio.sleep(POLL_S)
        return None

    def _reason_to_end(self, job: Job, late: bool) -> Cut | None:
        if self._stopped or self._stopping():
            return "interrupted"
        if self._cancelled == job.id or self._folder.cancel_asked(job.id):
            return "cancelled"
        return "timed_out" if late else None

    def _end(self, job: Job, plan: Plan, ending: Ending) -> None:
        ended = ended_job(job, ending, self._folder.path / job.id, plan.limits)
        if ended.state != "succeeded":
            with suppress(OSError), locked(plan.models / LOCK):
                remove_leftovers(plan.models)
        self._folder.end(ended)
        log_event("training job ended", job=job.id, state=ended.state, reason=ended.reason, code=ending.code)


async def _terminate(child: subprocess.Popen[bytes]) -> None:
    """End a child and all it started: asked first, by force after `GRACE_S`."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        _signal(child, sign)
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline:
            if child.poll() is not None:
                return
            await asyncio.sleep(0.05)


def _signal(child: subprocess.Popen[bytes], sign: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, sign)
