"""The training jobs of a service: asked for, started, told, cancelled, and ended with the service."""

import asyncio
import errno
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from starlette.concurrency import run_in_threadpool

from app.jobs.command import SHIPPED_ROWS, JobLimits, training_command, write_topics
from app.jobs.folder import UPLOAD, JobsFolder
from app.jobs.job import Job, JobDetails, JobOptions, Source, State
from app.jobs.lock import HeldLock
from app.jobs.runner import Plan, Runner
from app.logs import log_event
from app.problems import Problem
from app.service import Service
from app.tagger.bundle import MANIFEST
from app.tagger.types import Topic

ExportReviews = Callable[[Path], None]
"""Writes all reviews to a new file as a labelled CSV with a header line; called in a thread, raises `OSError`."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TRIES = 20


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job that is asked for: `write_rows` writes its rows to a new file, and raises `Problem` or `OSError`."""

    source: Source
    options: JobOptions
    caller: str
    write_rows: Callable[[Path], Awaitable[None]]


class Jobs:
    """The jobs of one app. `export_reviews` is set by whoever keeps the reviews."""

    def __init__(self, service: Service) -> None:
        settings = service.settings
        self.folder = JobsFolder((settings.state / "jobs").absolute())
        self.export_reviews: ExportReviews | None = None
        self._service = service
        self._limits = JobLimits(settings.job_timeout_s, settings.job_memory_bytes)
        self._runner = Runner(self.folder, lambda: service.stopping)

    @property
    def stopping(self) -> bool:
        """Whether the service is about to end."""
        return self._service.stopping

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While the service runs: mark the jobs that died with an earlier one, and end the job that runs at the end."""
        await run_in_threadpool(self.folder.tidy)
        await run_in_threadpool(self.all)
        try:
            yield
        finally:
            await self._runner.stop()

    def all(self) -> list[Job]:
        """The last jobs, the latest first."""
        jobs = self.folder.settled_jobs()
        states = Counter(job.state for job in jobs)
        for state in get_args(State):
            self._service.metrics.jobs.labels(state).set(states[state])
        return jobs

    def details(self, name: str) -> JobDetails:
        """One job. Raises a 404 `Problem` if there is none of this name."""
        job = self.folder.job(name)
        if job is None:
            raise Problem(404, "no-such-job", "There is no such training job: see /v1/training-jobs.")
        return job

    async def begin(self, request: JobRequest) -> Job:
        """Start a job. Raises a `Problem` if one runs already or it can't be; nothing is left of it then."""
        topics = self._topics(request.options)
        self._refuse_unfit(request.options)
        name = secrets.token_hex(8)
        try:
            held = await self._lock()
            try:
                job = await self._started(name, request, topics, held)
            except BaseException:
                self.folder.remove(name)
                held.release()
                raise
        except OSError as fault:
            raise disk_problem(fault) from None
        await run_in_threadpool(self.all)
        return job

    def cancel(self, name: str) -> JobDetails:
        """Ask for a job's end, which comes within seconds, by whichever worker runs it. Raises a `Problem`."""
        job = self.details(name)
        if job.state != "running":
            raise Problem(409, "job-ended", "The training job has ended: there is nothing to cancel.")
        self._runner.cancel(name)
        try:
            self.folder.ask_to_cancel(name)
        except FileNotFoundError:
            return self.details(name)
        except OSError as fault:
            raise disk_problem(fault) from None
        return job

    async def _started(self, name: str, request: JobRequest, topics: tuple[Topic, ...], held: HeldLock) -> Job:
        folder = await run_in_threadpool(self.folder.prepare, name)
        await request.write_rows(folder / UPLOAD)
        job = Job(
            id=name,
            state="running",
            source=request.source,
            options=request.options,
            caller=request.caller,
            created=datetime.now(UTC),
        )
        models = self._service.settings.models
        plan = Plan(training_command(folder, models, request.options), self._limits, models)
        await run_in_threadpool(write_topics, folder, topics)
        await run_in_threadpool(self.folder.write, job)
        self._runner.start(job, plan, held).add_done_callback(lambda _: self.all())
        log_event("training job started", job=name, source=request.source, caller=request.caller)
        return job

    async def _lock(self) -> HeldLock:
        """The lock, once nobody holds it who only looks. Raises a 409 `Problem` if a job runs, and `OSError`."""
        for _ in range(_TRIES):
            held = await run_in_threadpool(self.folder.lock)
            if held is not None:
                return held
            running = await run_in_threadpool(self.folder.running)
            if running is not None:
                says = f"Training job {running.id} of {running.caller} is running: wait for its end or cancel it."
                raise Problem(409, "job-running", says)
            await asyncio.sleep(0.05)
        raise Problem(409, "job-running", "The rows of another training job are arriving: wait for its end.")

    def _topics(self, options: JobOptions) -> tuple[Topic, ...]:
        return () if options.topics_from_labels else self._service.ready_tagger().topics

    def _refuse_unfit(self, options: JobOptions) -> None:
        if find_spec("sklearn") is None:
            detail = (
                "Training isn't installed: run the image that retrains, or `pip install '.[train]'` in Rasid's clone."
            )
            raise Problem(501, "no-training", detail)
        if self.stopping:
            raise Problem(503, "stopping", "The service is shutting down: try again in a moment.")
        if (self._service.settings.models / MANIFEST).exists():
            raise Problem(409, "one-version", "The service was started with one version: start it with their folder.")
        if options.with_shipped and not SHIPPED_ROWS.is_file():
            raise Problem(409, "no-shipped-rows", f"The service has no {SHIPPED_ROWS}: leave out with_shipped.")


def disk_problem(fault: OSError) -> Problem:
    """507 for a full disk, 503 for one that can't be written."""
    if fault.errno in _NO_SPACE:
        return Problem(507, "disk-full", "The disk of the service is full: make room, then send it again.")
    return Problem(
        503, "state-unwritable", "The service can't write its state folder: check RASID_STATE and its rights."
    )
