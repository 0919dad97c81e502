"""All endpoints but the few of `early_routes`, and the description of those too."""

from fastapi import FastAPI

from app.jobs.job import FIELD_NAMES as JOB_FIELD_NAMES
from app.jobs.routes import jobs_api
from app.label_studio import label_studio_api
from app.models_routes import PromoteRequest, models_api
from app.routes import api, probes
from app.store.requests import FIELD_NAMES as STORE_FIELD_NAMES
from app.store.routes import store_api
from app.tagging_routes import tagging_api
from app.web.routes import web_api

FIELD_NAMES = JOB_FIELD_NAMES | STORE_FIELD_NAMES | frozenset(PromoteRequest.model_fields)


def add_rare_routes(app: FastAPI) -> None:
    """Add the endpoints to `app`, and the names that their requests may hold to those that errors may name."""
    for router in (tagging_api, api, models_api, jobs_api, store_api, label_studio_api, probes, web_api):
        app.include_router(router)
    app.state.field_names |= FIELD_NAMES
