"""A training job's changes as server-sent events, read from disk, so that any worker can tell of any job."""

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi.sse import ServerSentEvent

from app.jobs.job import JobDetails
from app.jobs.jobs import Jobs

POLL_S = 0.5
_LOOK_S = 2.0
"""How often a job is read though its files haven't changed: its worker may have died."""
_LAST_S = 10.0
"""How long the end of a job is waited for when the service stops."""


async def job_events(jobs: Jobs, name: str) -> AsyncIterator[ServerSentEvent]:
    """The job as it is, then after each change, until it has ended; ids count from 1.

    A caller that comes again gets the whole job as it is then, whatever the last event it saw.
    """
    told: JobDetails | None = None
    mark: tuple[int, ...] | None = None
    number, looked, stopped = 0, 0.0, 0.0
    while True:
        now = time.monotonic()
        before, mark = mark, jobs.folder.mark(name)
        if mark != before or now - looked > _LOOK_S:
            looked = now
            job = jobs.folder.job(name)
            if job is None:
                return
            if job != told:
                told, number = job, number + 1
                yield ServerSentEvent(event="job", id=str(number), data=job)
            if job.state != "running":
                return
        stopped = stopped or (now if jobs.stopping else 0.0)
        if stopped and now - stopped > _LAST_S:
            return
        await asyncio.sleep(POLL_S)
