"""The pages' endpoints. Loads no template before a page is asked for."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.problems import Problem
from app.service import Service
from app.strict_json import plain_text
from app.tagger import InputError, TagOptions
from app.web import signing_in
from app.web.forms import check_form, form_of
from app.web.guide import guide
from app.web.languages import wanted_language
from app.web.measures import comparison, own_rows, shown_versions
from app.web.page import rendered
from app.web.reading import ShownPassage, shown_passages
from app.web.static_files import static_file
from app.web.topic_styles import GROUPS, shown_topics

web_api = APIRouter(include_in_schema=False)
Version = Annotated[str, Query(max_length=40)]


@web_api.get("/", response_model=None)
async def read_page(request: Request) -> Response:
    """Where an article is pasted."""
    return _read_page(request)


@web_api.get("/read", response_model=None)
async def read_again(request: Request) -> Response:
    """The way back to the empty form, the language kept."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/{query}", 303)


@web_api.post("/read", response_model=None)
async def read(request: Request) -> Response:
    """The pasted article, passage by passage, with topics and the words that decided."""
    form = await form_of(request)
    check_form(request, form)
    service: Service = request.app.state.service
    tagger = service.tagger
    text = form.get("text", "")
    fault = "no_model" if tagger is None else "" if text.strip() else "no_text"
    if tagger is None or fault:
        return _read_page(request, text, fault)
    options = TagOptions(
        "none" if form.get("segment") == "none" else "paragraph", True, {}, service.settings.max_passages
    )
    try:
        article = await service.tagged(tagger, plain_text(text), options)
    except InputError:
        return _read_page(request, text, "too_many_passages")
    except ValueError:
        return _read_page(request, text, "broken_text")
    request.state.model = tagger.version
    return _read_page(request, text, passages=shown_passages(text, article, shown_topics(tagger)))


def _read_page(
    request: Request, text: str = "", fault: str = "", passages: Sequence[ShownPassage] | None = None
) -> Response:
    status = 503 if fault == "no_model" else 422 if fault else 200
    return rendered(request, "read.html", status, text=text, fault=fault, passages=passages)


@web_api.get("/review", response_model=None)
async def review_page(request: Request) -> Response:
    """The queue, one passage at a time."""
    return rendered(request, "review.html")


@web_api.get("/models", response_model=None)
def models_page(request: Request, one: Version = "", other: Version = "") -> Response:
    """The versions, two of them side by side, and training."""
    service: Service = request.app.state.service
    tagger = service.tagger
    try:
        versions, fault = shown_versions(service.versions(), tagger.version if tagger else None), ""
    except Problem as problem:
        versions, fault = [], problem.detail
    topics, code = shown_topics(tagger), wanted_language(request).code
    return rendered(
        request,
        "models.html",
        versions=versions,
        fault=fault,
        name=service.name,
        rows={version.version: own_rows(version, topics, code) for version in versions},
        compared=comparison(versions, one, other, topics, code),
    )


@web_api.get("/topics", response_model=None)
async def topics_page(request: Request) -> Response:
    """The guide: what each of the model's topics is."""
    return rendered(request, "topics.html", guide=guide(wanted_language(request).code), groups=(*GROUPS, "other"))


web_api.add_api_route("/login", signing_in.show_login, methods=["GET"], response_model=None)
web_api.add_api_route("/login", signing_in.sign_in, methods=["POST"], response_model=None)
web_api.add_api_route("/logout", signing_in.sign_out, methods=["POST"], response_model=None)


@web_api.get("/static/{digest}/{name}", response_model=None)
async def static(digest: str, name: str) -> Response:
    """A style sheet, a script, a dictionary."""
    found = static_file(digest, name)
    if found is None:
        raise Problem(404, "not-found", "There is no such file: load the page again.")
    return found
