"""What the end of a training child means for its job."""

import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from app.jobs.command import JobLimits
from app.jobs.folder import STEPS, UPLOAD
from app.jobs.job import SERVICE_ENDED, Job, Reason
from app.jobs.steps import last_words

Cut = Literal["cancelled", "interrupted", "timed_out"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended: its exit code, or the signal less than 0; `cut` says why the worker ended it, if it did."""

    code: int
    cut: Cut | None


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: Reason
    error: str


def ended_job(job: Job, ending: Ending, folder: Path, limits: JobLimits) -> Job:
    """The job, whose folder is `folder`, with the state that its child's ending means."""
    now = datetime.now(UTC)
    if ending.cut == "cancelled":
        return job.model_copy(update={"state": "cancelled", "ended": now})
    if ending.cut == "interrupted":
        return job.model_copy(update={"state": "interrupted", "ended": now, "error": SERVICE_ENDED})
    if ending.code == 0 and ending.cut is None:
        return job.model_copy(update={"state": "succeeded", "ended": now})
    failure = _failure(ending, folder, limits)
    return job.model_copy(update={"state": "failed", "ended": now, "reason": failure.reason, "error": failure.error})


def _failure(ending: Ending, folder: Path, limits: JobLimits) -> _Failure:
    if ending.cut == "timed_out" or ending.code == -signal.SIGXCPU:
        most = f"{limits.timeout_s:g} s"
        return _Failure("timed_out", f"The job took over {most}: send fewer rows or raise RASID_JOB_TIMEOUT_S.")
    words = last_words(folder / STEPS)
    # Nobody but the system, when memory is short, sends SIGKILL to a child whose worker lives.
    if words.out_of_memory or ending.code == -signal.SIGKILL:
        return _Failure(
            "out_of_memory",
            f"The job needs more memory than the {limits.memory_bytes} bytes that it may fill, or than there is: "
            "send fewer rows or raise RASID_JOB_MEMORY_BYTES.",
        )
    if words.error:
        return _Failure("refused", words.error.replace(str(folder / UPLOAD), UPLOAD))
    return _Failure("crashed", f"The training process ended with code {ending.code}: tell whoever runs the service.")
