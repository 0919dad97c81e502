"""The endpoints under /v1/models: which versions there are, and which one serves."""

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path as Folder
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from app.logs import log_event
from app.problems import Problem
from app.schemas import ModelDetails, ModelsResponse, ModelSummary
from app.served_model import UNREADABLE
from app.service import Service
from app.shared import BODY_PROBLEMS, NO_MODEL, RequestId, Shared, problem
from app.strict_json import StrictRoute
from app.tagger import BundleError
from app.tagger.promotion import WorseVersionError, promote, rollback
from app.tagger.versions import VersionFacts
from app.tagging_answers import ModelName
from app.tagging_requests import Text

NO_VERSION = {404: problem("No such version"), 422: BODY_PROBLEMS[422], **NO_MODEL}
CHANGE_PROBLEMS = {
    **BODY_PROBLEMS,
    409: problem("The version is damaged or worse, or there is none to go back to"),
    503: problem("No model is open, or the folder of models can't be changed"),
}
Version = Annotated[str, Path(description="12 hex digits", examples=["b5177193dd85"])]


class PromoteRequest(BaseModel):
    """How to promote."""

    model_config = ConfigDict(extra="forbid", strict=True)

    force: Annotated[Text, Field(max_length=500, pattern=r"\S")] | None = Field(
        None, description="promote a worse version too; the reason goes into the history of versions"
    )


class ChangeResponse(BaseModel):
    """The version that was put in use, and the one that this process serves now."""

    request_id: str
    in_use: str
    model: ModelName


models_api = APIRouter(prefix="/v1/models", route_class=StrictRoute, tags=["models"])


@models_api.get("", responses=NO_MODEL, response_model_exclude_none=True)
def models(service: Shared) -> ModelsResponse:
    """All versions, oldest first, and which one serves."""
    return ModelsResponse(name=service.name, models=[_summary(facts, service) for facts in service.versions()])


@models_api.get("/{version}", responses=NO_VERSION)
def model(version: Version, service: Shared) -> ModelDetails:
    """What one version says about itself: training facts and model card."""
    facts = _facts(version, service)
    try:
        card = "" if facts.fault else (facts.folder / "card.md").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        card = ""
    return ModelDetails(summary=_summary(facts, service), training=dict(facts.training), card=card)


@models_api.post("/{version}/promote", responses={**CHANGE_PROBLEMS, 404: NO_VERSION[404]})
async def promote_version(
    version: Version, service: Shared, request: Request, request_id: RequestId, body: PromoteRequest | None = None
) -> ChangeResponse:
    """Put a version in use; every worker serves it within 5 seconds, and this one when it answers.

    Refused are a version that doesn't open and, unless forced, one that lacks a topic of the version in use or has a
    lower cross-validated F1. Requests under way end with the version they began with.
    """
    await run_in_threadpool(_facts, version, service)
    force = body.force if body else None
    await _change(service, partial(_promoted, service.settings.models, version, force))
    return _changed(service, request, request_id, version)


@models_api.post("/rollback", responses=CHANGE_PROBLEMS)
async def roll_back(service: Shared, request: Request, request_id: RequestId) -> ChangeResponse:
    """Put the version that the one in use replaced in use again, as `promote` does; the one in use may be damaged."""
    version = await _change(service, partial(rollback, service.settings.models))
    return _changed(service, request, request_id, version)


def _promoted(models: Folder, version: str, force: str | None) -> str:
    promote(models, version, force)
    return version


async def _change(service: Service, change: Callable[[], str]) -> str:
    """Make a change of the version in use, return that version, and serve what is in use then.

    Changes wait for each other here, so that they fill one thread at most.
    """
    async with service.changing:
        try:
            return await run_in_threadpool(change)
        except BundleError as fault:
            raise _problem(fault, service.settings.models) from None
        except UNREADABLE as fault:
            detail = f"The version can't be opened ({type(fault).__name__}): fetch it again or fit it anew."
            raise Problem(409, "version-refused", detail) from None
        finally:
            await service.model.look(at_once=True)


def _changed(service: Service, request: Request, request_id: str, version: str) -> ChangeResponse:
    tagger = service.ready_tagger()
    request.state.model = tagger.version
    caller = getattr(getattr(request.state, "caller", None), "name", None)
    log_event("version put in use", version=version, serves=tagger.version, caller=caller, request_id=request_id)
    return ChangeResponse(request_id=request_id, in_use=version, model=service.model_name(tagger))


def _problem(fault: BundleError, models: Folder) -> Problem:
    """409 for what is wrong with the versions, 503 for what the disk refuses; where the folder lies is not told."""
    detail = str(fault).replace(str(models), models.name)
    if isinstance(fault, WorseVersionError):
        return Problem(409, "worse-version", detail)
    cause = fault.__context__
    if isinstance(cause, OSError) and cause.errno not in (errno.ENOENT, errno.ENOTDIR):
        return Problem(503, "models-unchangeable", detail)
    return Problem(409, "version-refused", detail)


def _facts(version: str, service: Service) -> VersionFacts:
    for facts in service.versions():
        if facts.version == version:
            return facts
    raise Problem(404, "no-such-version", "There is no such version: see /v1/models.")


def _summary(facts: VersionFacts, service: Service) -> ModelSummary:
    measured = facts.training.get("cross_validation", {})
    tagger = service.tagger
    return ModelSummary(
        version=facts.version,
        serves=tagger is not None and tagger.version == facts.version,
        rows=measured.get("rows"),
        micro_f1=measured.get("micro_f1"),
        macro_f1=measured.get("macro_f1"),
        fault=facts.fault,
    )
