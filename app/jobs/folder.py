"""The training jobs on disk, `<state>/jobs/<id>/`, which every worker reads and the one that runs a job writes.

`job.json` is replaced durably at each change of state. `steps.log` is what the child says on its way, `result.json`
what it found, `upload.csv` and `topics.csv` what it reads, and `cancel` asks for its end. Only `job.json` and
`result.json` outlive the job: no text is kept. A folder without `job.json` is an upload that isn't complete.
"""

import json
import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.jobs.job import SERVICE_ENDED, Job, JobDetails
from app.jobs.lock import HeldLock
from app.jobs.steps import last_progress
from app.tagger.durable import make_folder, replace_file

KEPT_JOBS = 50
JOB, STEPS, RESULT, UPLOAD, TOPICS, CANCEL = (
    "job.json",
    "steps.log",
    "result.json",
    "upload.csv",
    "topics.csv",
    "cancel",
)
_LOCK = ".lock"
_ID = re.compile(r"[0-9a-f]{16}")


class JobsFolder:
    """The folder of all jobs; it's made when the first job is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lock(self) -> HeldLock | None:
        """Be the only one who runs a job; None if one runs. Makes the folder where missing; raises `OSError`."""
        make_folder(self.path)
        return HeldLock.take(self.path / _LOCK)

    def prepare(self, name: str) -> Path:
        """Make a new job's folder, after tidying up what earlier ones left. The caller holds the lock."""
        self.settle()
        for old in self.jobs()[KEPT_JOBS - 1 :]:
            shutil.rmtree(self.path / old.id, ignore_errors=True)
        folder = self.path / name
        folder.mkdir(0o700)
        return folder

    def remove(self, name: str) -> None:
        """Remove a job's folder, as far as the system lets."""
        shutil.rmtree(self.path / name, ignore_errors=True)

    def write(self, job: Job) -> None:
        """Keep a job's state; raises `OSError`."""
        replace_file(self.path / job.id / JOB, job.model_dump_json().encode())

    def end(self, job: Job) -> None:
        """Keep the state of a job that has ended, and remove what only a running one needs; raises `OSError`."""
        # The rows first: no text stays, and on a full disk the state gets their room.
        for name in (UPLOAD, TOPICS):
            (self.path / job.id / name).unlink(missing_ok=True)
        self.write(job)
        for name in (STEPS, CANCEL):
            (self.path / job.id / name).unlink(missing_ok=True)

    def jobs(self) -> list[Job]:
        """All jobs, the latest first."""
        names = [path.name for path in self.path.iterdir() if _ID.fullmatch(path.name)] if self.path.is_dir() else []
        found = [job for name in names if (job := self._read(name))]
        return sorted(found, key=lambda job: job.created, reverse=True)

    def running(self) -> Job | None:
        """The job that runs, if any does."""
        return next((job for job in self.settled_jobs() if job.state == "running"), None)

    def settled_jobs(self) -> list[Job]:
        """All jobs, the latest first, those that died with their worker as interrupted."""
        return [self._settled(job) for job in self.jobs()]

    def job(self, name: str) -> JobDetails | None:
        """A job with its progress and result; None if there is none of this name."""
        found = self._read(name) if _ID.fullmatch(name) else None
        if found is None:
            return None
        job = self._settled(found)
        progress = last_progress(self.path / name / STEPS) if job.state == "running" else None
        result = None if job.state == "running" else self._result(name)
        return JobDetails(**dict(job), progress=progress, result=result)

    def mark(self, name: str) -> tuple[int, ...]:
        """Something that changes whenever a job's state or progress does, and costs two calls to tell."""
        found: list[int] = []
        for file in (JOB, STEPS):
            with suppress(OSError):
                facts = (self.path / name / file).stat()
                found += (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        return tuple(found)

    def tidy(self) -> None:
        """Settle what an earlier run of the service left, if no job runs; a disk that refuses is left as it is."""
        if not self.path.is_dir():
            return
        with suppress(OSError):
            held = HeldLock.take(self.path / _LOCK)
            if held is not None:
                with held:
                    self.settle()

    def ask_to_cancel(self, name: str) -> None:
        """Tell the worker that runs a job to end it; raises `OSError`."""
        (self.path / name / CANCEL).touch()

    def cancel_asked(self, name: str) -> bool:
        """Whether somebody asked for a job's end."""
        return (self.path / name / CANCEL).exists()

    def settle(self) -> None:
        """Mark jobs that died with their worker, and remove uploads that were cut off. The caller holds the lock."""
        for path in self.path.iterdir():
            if not _ID.fullmatch(path.name):
                continue
            if not (path / JOB).exists():
                shutil.rmtree(path, ignore_errors=True)
            elif (job := self._read(path.name)) and job.state == "running":
                with suppress(OSError):
                    self.end(_interrupted(job))

    def _settled(self, job: Job) -> Job:
        """The job, marked as interrupted if nobody runs it any more."""
        if job.state != "running":
            return job
        try:
            held = HeldLock.take(self.path / _LOCK)
        except OSError:
            return job
        if held is None:
            return job
        with held:
            self.settle()
            # What can't be written is told all the same.
            found = self._read(job.id) or job
            return _interrupted(found) if found.state == "running" else found

    def _result(self, name: str) -> dict[str, Any] | None:
        try:
            result: dict[str, Any] = json.loads((self.path / name / RESULT).read_bytes())
        except (OSError, ValueError):
            return None
        return result

    def _read(self, name: str) -> Job | None:
        try:
            return Job.model_validate_json((self.path / name / JOB).read_bytes())
        except (OSError, ValidationError):
            return None


def _interrupted(job: Job) -> Job:
    return job.model_copy(update={"state": "interrupted", "ended": datetime.now(UTC), "error": SERVICE_ENDED})
