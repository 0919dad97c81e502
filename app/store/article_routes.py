"""The endpoints under /v1/articles."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.shared import BODY_PROBLEMS, Responses, problem
from app.store.access import AtDesk
from app.store.requests import ArticleRequest
from app.store.schemas import ArticlePage, ArticleResponse, SavedArticle
from app.strict_json import StrictRoute

AWAY: Responses = {
    422: BODY_PROBLEMS[422],
    503: problem("The store can't be used now, or no model is open; Retry-After says when to try again"),
}
CHANGE: Responses = {**BODY_PROBLEMS, **AWAY}
MISSING: Responses = {404: problem("There is none of this id"), **AWAY}
Limit = Annotated[int, Query(ge=1, le=200, description="rows a page")]
Cursor = Annotated[str, Query(max_length=64, description="`next` of the page before")]

articles_api = APIRouter(prefix="/v1/articles", route_class=StrictRoute, tags=["articles"])


@articles_api.post("", status_code=201, responses=CHANGE)
async def save_article(body: ArticleRequest, desk: AtDesk, response: Response) -> SavedArticle:
    """Keep an article with its tags and what the analyst decided; its other passages go into the queue."""
    from app.store.deciding import Sender, keep_article

    for review in body.reviews:
        desk.check_topics(review.topics)
    sender = Sender(desk.reviewer, desk.caller_key(body.model_dump_json()), desk.service.ready_tagger())
    most = desk.service.settings.max_passages
    saved = await desk.run(lambda store: keep_article(store, body, sender, most))
    response.headers["Location"] = f"/v1/articles/{saved.id}"
    return saved


@articles_api.get("", responses=AWAY)
async def articles(desk: AtDesk, cursor: Cursor = "", limit: Limit = 50) -> ArticlePage:
    """The saved articles, newest first, without their texts."""
    from app.store.articles import list_articles

    return await desk.run(lambda store: store.read(lambda session: list_articles(session, cursor, limit)))


@articles_api.get("/{id}", responses=MISSING)
async def article(id: str, desk: AtDesk) -> ArticleResponse:
    """An article with its text, passages and the readers' decisions."""
    from app.store.articles import article_of

    return await desk.run(lambda store: store.read(lambda session: article_of(session, id)))


@articles_api.delete("/{id}", status_code=204, responses=MISSING)
async def erase_article(id: str, desk: AtDesk) -> None:
    """Erase an article's text for good and withdraw its reviews; their history, which has no text, stays."""
    from app.store.articles import erase_article

    await desk.run(lambda store: store.write(lambda session: erase_article(session, id, desk.reviewer)))
