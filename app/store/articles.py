"""Articles that analysts keep: saving with tags and decisions, reading, erasing."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.store import history
from app.store.answers import passage_answer, passage_with_text, review_answer
from app.store.clock import new_id, now
from app.store.errors import BadReviewError, UnknownItemError
from app.store.history import Decided
from app.store.models import DELETED, OPEN, Article, Passage, Review
from app.store.requests import ArticleRequest
from app.store.schemas import ArticlePage, ArticleResponse, ArticleSummary, SavedArticle
from app.store.tagging import ModelView, Origin, new_passage
from app.tagger import TaggedArticle, Tagger


def save_article(
    session: Session, request: ArticleRequest, tagged: TaggedArticle, tagger: Tagger, reviewer: str
) -> SavedArticle:
    """Keep an article, its passages as `tagger` tagged them, and the decisions that came with it.

    Raises `BadReviewError` if a decision isn't on one of the passages.
    """
    article = Article(
        id=new_id(),
        title=request.title,
        text=request.text,
        source=request.source,
        date=request.date,
        saved_by=reviewer,
        time=now(),
    )
    origin = Origin(reviewer, article.id, request.source, request.date)
    passages = [
        new_passage(found.passage.text, found.passage.start, origin, ModelView.of(found, tagger))
        for found in tagged.passages
    ]
    session.add_all([article, *passages])
    session.flush()
    places = {(passage.start, passage.end): passage for passage in passages}
    decided = {}
    for number, review in enumerate(request.reviews, 1):
        passage = places.get((review.start, review.end))
        if passage is None or passage.id in decided:
            raise BadReviewError(
                f"Review {number} isn't on a passage of its own: use the start and end that /v1/classify gives."
            )
        decision = Decided(reviewer, reviewer, tuple(review.topics), review.note)
        decided[passage.id] = review_answer(history.create(session, passage, decision), passage)
    return SavedArticle(
        **_summary(article, len(passages), len(decided)).model_dump(),
        tagged=[passage_answer(passage) for passage in passages],
        reviews=list(decided.values()),
    )


def list_articles(session: Session, before: str, limit: int) -> ArticlePage:
    """A page of articles, newest first; `before` is a cursor or empty."""
    query = select(Article).order_by(Article.id.desc()).limit(limit + 1)
    articles = list(session.scalars(query.where(Article.id < before) if before else query))
    shown = articles[:limit]
    ids = [article.id for article in shown]
    all_of = _counts(session, ids, Passage.state != DELETED)
    done_of = _counts(session, ids, Passage.state.not_in((DELETED, OPEN)))
    summaries = [_summary(article, all_of.get(article.id, 0), done_of.get(article.id, 0)) for article in shown]
    return ArticlePage(articles=summaries, next=shown[-1].id if len(articles) > limit else None)


def article_of(session: Session, article_id: str) -> ArticleResponse:
    """An article with its text, passages and decisions. Raises `UnknownItemError`."""
    article = _found(session, article_id)
    passages = _passages(session, article_id, held=False)
    reviews: dict[str, list[Review]] = defaultdict(list)
    of_article = select(Review).join(Passage, Passage.id == Review.passage_id).where(Passage.article_id == article_id)
    for review in session.scalars(of_article):
        reviews[review.passage_id].append(review)
    return ArticleResponse(
        **_summary(article, len(passages), sum(passage.state != OPEN for passage in passages)).model_dump(),
        text=article.text,
        tagged=[passage_with_text(passage, reviews[passage.id]) for passage in passages],
    )


def erase_article(session: Session, article_id: str, caller: str) -> None:
    """Erase an article's texts for good and withdraw its reviews; their history, which has no text, stays.

    Raises `UnknownItemError`.
    """
    article = _found(session, article_id)
    for passage in _passages(session, article_id, held=True):
        for review in session.scalars(select(Review).where(Review.passage_id == passage.id, ~Review.withdrawn)):
            history.withdraw(session, passage, review, caller, "delete")
        passage.text, passage.text_sha256, passage.state = "", passage.id, DELETED
        passage.leased_by = passage.leased_until = None
    session.delete(article)


def _found(session: Session, article_id: str) -> Article:
    article = session.get(Article, article_id)
    if article is None:
        raise UnknownItemError("There is no such article: see GET /v1/articles.")
    return article


def _passages(session: Session, article_id: str, held: bool) -> Sequence[Passage]:
    query = select(Passage).where(Passage.article_id == article_id, Passage.state != DELETED).order_by(Passage.start)
    return session.scalars(query.with_for_update() if held else query).all()


def _counts(session: Session, ids: Sequence[str], which: ColumnElement[bool]) -> dict[str, int]:
    query = select(Passage.article_id, func.count()).where(Passage.article_id.in_(ids), which)
    return {row[0]: row[1] for row in session.execute(query.group_by(Passage.article_id))}


def _summary(article: Article, passages: int, reviewed: int) -> ArticleSummary:
    return ArticleSummary(
        id=article.id,
        title=article.title,
        source=article.source,
        date=article.date,
        saved_by=article.saved_by,
        time=article.time,
        passages=passages,
        reviewed=reviewed,
    )
