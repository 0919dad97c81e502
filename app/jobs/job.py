"""What a training job is: its options, its states, and what is told about it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["running", "succeeded", "failed", "cancelled", "interrupted"]
Source = Literal["upload", "reviews"]
SERVICE_ENDED = "The service ended while the job ran: send it again."
Reason = Literal["refused", "timed_out", "out_of_memory", "crashed"]


class JobOptions(BaseModel):
    """What a caller can choose about a retrain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    with_shipped: bool = Field(False, description="fit on the rows in data/passages.csv too")
    weight: float | None = Field(
        None, ge=0.01, le=1000, allow_inf_nan=False, description="how much a row counts; 10 beside shipped rows, else 1"
    )
    topics_from_labels: bool = Field(False, description="every label is a topic, instead of the current model's topics")
    hold_out: float = Field(
        0.0, ge=0, le=0.5, description="share of the articles that both versions are compared on instead of fitted"
    )


class ReviewsRequest(JobOptions):
    """A retrain on the analysts' reviews instead of an upload."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    source: Literal["reviews"] = Field(alias="from", description="which rows to fit on")

    def options_over(self, others: JobOptions) -> JobOptions:
        """The options given here, and for the rest `others`."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"source"}}
        return others.model_copy(update=given)


class Job(BaseModel):
    """A training job as it's kept on disk; times are UTC.

    `reason` names the kind of failure: `refused` means that the rows or options can't give a model, `error` says why.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    state: State
    source: Source
    options: JobOptions
    caller: str = Field(description="name of the key that asked for it")
    created: datetime
    ended: datetime | None = None
    reason: Reason | None = None
    error: str | None = None


class JobProgress(BaseModel):
    """How far a running job is; `percent` (0..100) is of the whole job, `eta_s` isn't there while it can't be told."""

    stage: str
    done: int
    total: int
    percent: int
    eta_s: int | None = None


class JobDetails(Job):
    """A job with its progress while it runs, and its result once it has ended.

    The result holds the new `version` (which isn't in use before somebody promotes it), how each file was read, the
    findings without any text, the cross-validated measures, and the comparison with the version in use.
    """

    progress: JobProgress | None = None
    result: dict[str, Any] | None = None


class JobsResponse(BaseModel):
    """The last jobs, the latest first."""

    jobs: list[Job]


FIELD_NAMES = frozenset({*JobOptions.model_fields, "from"})
"""All names that a request may hold."""
