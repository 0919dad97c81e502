"""What runs while the service does: the model, kept at the version in use, and the training jobs once needed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from app.service import Service


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the model at the start; end everything that runs at the end."""
    service: Service = app.state.service
    async with service.model.kept_current(), AsyncExitStack() as until_the_end:
        app.state.until_the_end = until_the_end
        # Jobs of an earlier run have to be settled; where there never were any, a service starts sooner.
        if (service.settings.state / "jobs").is_dir():
            await begin_jobs(app)
        yield


async def begin_jobs(app: FastAPI) -> None:
    """Let `app.state.jobs` be the training jobs, if they aren't there yet."""
    if not hasattr(app.state, "jobs"):
        from app.jobs.jobs import Jobs
        from app.store.access import training_export

        jobs = Jobs(app.state.service)
        jobs.export_reviews = training_export(app.state)
        app.state.jobs = jobs
        until_the_end: AsyncExitStack | None = getattr(app.state, "until_the_end", None)
        if until_the_end:
            await until_the_end.enter_async_context(jobs.kept())
