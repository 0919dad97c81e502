"""The endpoints under /v1/training-jobs."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import EventSourceResponse
from fastapi.sse import ServerSentEvent
from pydantic import ValidationError

from app.jobs import examples
from app.jobs.events import job_events
from app.jobs.job import Job, JobDetails, JobOptions, JobsResponse, ReviewsRequest
from app.jobs.jobs import JobRequest, Jobs
from app.jobs.rows import write_reviews, write_upload
from app.problems import Problem
from app.shared import BODY_PROBLEMS, Responses, problem
from app.strict_json import StrictRoute

_CSV = "text/csv"


async def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


Shared = Annotated[Jobs, Depends(_jobs)]
Name = Annotated[str, Path(alias="id", description="16 hex digits", examples=[examples.JOB["id"]])]


async def _existing(jobs: Shared, name: Name) -> str:
    """The name of a job that there is: an answer that is a stream can't become a 404 any more."""
    return jobs.details(name).id


_NO_JOB: Responses = {404: problem("No such training job"), 422: BODY_PROBLEMS[422]}
_DISK: Responses = {
    503: problem("No model is open, the service stops, or its state folder can't be written"),
    507: problem("The disk is full"),
}
_POST: Responses = {
    202: {
        "description": "The job runs",
        "headers": {"Location": {"description": "where to ask about it", "schema": {"type": "string"}}},
    },
    **BODY_PROBLEMS,
    409: problem("Another job runs, or what it needs isn't there"),
    415: problem("Neither CSV nor JSON"),
    501: problem("The service keeps no reviews, or can't train"),
    **_DISK,
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _CSV: {"schema": {"type": "string", "format": "binary"}, "examples": examples.CSV},
            "application/json": {
                "schema": ReviewsRequest.model_json_schema(),
                "examples": examples.FROM_REVIEWS,
            },
        },
    }
}

jobs_api = APIRouter(prefix="/v1/training-jobs", route_class=StrictRoute, tags=["training"])


@jobs_api.post("", status_code=202, responses=_POST, openapi_extra=_BODY, response_model_exclude_none=True)
async def begin_job(request: Request, response: Response, options: Annotated[JobOptions, Query()], jobs: Shared) -> Job:
    """Fit a new version on a labelled CSV (the body, in any encoding) or on the reviews, beside the serving.

    One job runs at a time. It never puts a version in use: look at its result, then promote the version. With JSON the
    options may be in the body, which wins over the query. The rows are removed when the job has ended.
    """
    caller = getattr(getattr(request.state, "caller", None), "name", "local")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _CSV:
        job = await jobs.begin(JobRequest("upload", options, caller, partial(write_upload, request.stream())))
    elif kind == "application/json":
        asked = (await _reviews_request(request)).options_over(options)
        job = await jobs.begin(JobRequest("reviews", asked, caller, partial(write_reviews, jobs.export_reviews)))
    else:
        raise Problem(415, "content-type", "Send a CSV with Content-Type: text/csv, or JSON.")
    response.headers["Location"] = f"/v1/training-jobs/{job.id}"
    return job


@jobs_api.get("", response_model_exclude_none=True)
def list_jobs(jobs: Shared) -> JobsResponse:
    """The last 50 jobs, the latest first, those of earlier runs of the service too."""
    return JobsResponse(jobs=jobs.all())


@jobs_api.get("/{id}", responses={200: examples.JOB_ANSWER, **_NO_JOB}, response_model_exclude_none=True)
def show_job(jobs: Shared, name: Name) -> JobDetails:
    """A job: its state, its progress while it runs, its result once it has ended."""
    return jobs.details(name)


@jobs_api.get("/{id}/events", responses=_NO_JOB, response_class=EventSourceResponse)
async def watch_job(jobs: Shared, name: Annotated[str, Depends(_existing)]) -> AsyncIterator[ServerSentEvent]:
    """The job (as `GET /v1/training-jobs/{id}` gives it) now and after each change, as server-sent events `job`.

    The last event has the final state. A comment each 15 s keeps the connection alive.
    """
    async for event in job_events(jobs, name):
        yield event


@jobs_api.delete(
    "/{id}",
    status_code=202,
    responses={**_NO_JOB, 409: problem("The job has ended"), **_DISK},
    response_model_exclude_none=True,
)
def cancel_job(jobs: Shared, name: Name) -> JobDetails:
    """Ask for the end of a running job; it's `cancelled` within seconds and leaves no version behind."""
    return jobs.cancel(name)


async def _reviews_request(request: Request) -> ReviewsRequest:
    try:
        return ReviewsRequest.model_validate(await request.json())
    except ValidationError as fault:
        faults = fault.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**found, "loc": ("body", *found["loc"])} for found in faults]) from None
