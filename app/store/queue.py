"""The queue: which passage a reader gets next, for how long it is hers, and how far the queue is."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, type_coerce
from sqlalchemy import Text as TextColumn
from sqlalchemy.orm import Session

from app.store.answers import passage_with_text
from app.store.clock import now
from app.store.models import DELETED, DISPUTED, DONE, OPEN, Passage, Review, Skip
from app.store.reviews import passage_for
from app.store.sampling import spread_order
from app.store.schemas import NextPassage, ProgressResponse, ReaderProgress, Strategy, TopicProgress
from app.store.tagging import show, view_of
from app.tagger import Tagger

LEASE_S = 600.0
"""How long a passage given to a reader isn't given to another."""
_LOOKED_AT = 60
"""Passages that `diverse` chooses from, and the number of the latest reviews that it compares them to."""
_RESCORED = 200
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asks for; `skip` is a passage that she doesn't want."""

    reviewer: str
    strategy: Strategy
    skip: str = ""


def next_passage(session: Session, asked: Asked) -> NextPassage:
    """Give a reader the passage that the strategy finds best, and keep it for her unless readers disagree on it.

    Asking again gives the same passage until it is reviewed, skipped or its lease ends. Raises `UnknownItemError` if
    the passage to skip doesn't exist.
    """
    if asked.skip:
        _skip(session, asked)
    moment = time.time()
    wanted = _disputed(asked) if asked.strategy == "disagreement" else _free(asked, moment)
    left = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    for passage_id in _ordered(session, wanted, asked, moment):
        query = wanted.where(Passage.id == passage_id).with_for_update(skip_locked=True, of=Passage)
        passage = session.scalars(query).one_or_none()
        if passage is None:
            continue
        if asked.strategy != "disagreement":
            passage.leased_by, passage.leased_until = asked.reviewer, moment + LEASE_S
        reviews = session.scalars(select(Review).where(Review.passage_id == passage.id)).all()
        return NextPassage(passage=passage_with_text(passage, reviews), left=left, lease_until=passage.leased_until)
    return NextPassage(passage=None, left=left, lease_until=None)


def rescore(session: Session, tagger: Tagger) -> int:
    """Tag some open passages anew that another version had tagged, and say how many."""
    stale = select(Passage).where(Passage.state == OPEN, Passage.model_version != tagger.version)
    passages = session.scalars(stale.limit(_RESCORED).with_for_update(skip_locked=True)).all()
    for passage in passages:
        show(passage, view_of(passage.text, tagger))
    return len(passages)


def progress(session: Session, reviewer: str) -> ProgressResponse:
    """How far the queue is, by topic and by reader."""
    states = dict(_pairs(session, select(Passage.state, func.count()).group_by(Passage.state)))
    found = {state: states.get(state, 0) for state in (OPEN, DONE, DISPUTED)}
    tagged = _topic_counts(session, select(Passage.topics, func.count()).where(Passage.state != DELETED), Passage)
    counting = select(Review.topics, func.count()).where(~Review.withdrawn)
    reviewed = _topic_counts(session, counting, Review)
    by_reader = select(Review.reviewer, func.count()).where(~Review.withdrawn).group_by(Review.reviewer)
    readers = sorted(_pairs(session, by_reader), key=lambda pair: (-pair[1], pair[0]))
    skipped = session.scalar(select(func.count()).select_from(Skip).where(Skip.reviewer == reviewer))
    return ProgressResponse(
        total=sum(found.values()),
        open=found[OPEN],
        done=found[DONE],
        disputed=found[DISPUTED],
        skipped=skipped or 0,
        topics=[
            TopicProgress(id=topic, tagged=tagged.get(topic, 0), reviewed=reviewed.get(topic, 0))
            for topic in sorted({*tagged, *reviewed})
        ],
        readers=[ReaderProgress(reviewer=reader, reviews=count) for reader, count in readers],
    )


def _skip(session: Session, asked: Asked) -> None:
    passage = passage_for(session, asked.skip)
    if session.get(Skip, (passage.id, asked.reviewer)) is None:
        session.add(Skip(passage_id=passage.id, reviewer=asked.reviewer, time=now()))
    if passage.leased_by == asked.reviewer:
        passage.leased_by = passage.leased_until = None
    session.flush()


def _not_skipped(asked: Asked) -> ColumnElement[bool]:
    return ~exists().where(Skip.passage_id == Passage.id, Skip.reviewer == asked.reviewer)


def _free(asked: Asked, moment: float) -> Select[Passage]:
    """Passages without a decision that no other reader has before her."""
    unleased = or_(Passage.leased_until.is_(None), Passage.leased_until < moment, Passage.leased_by == asked.reviewer)
    return select(Passage).where(Passage.state == OPEN, unleased, _not_skipped(asked))


def _disputed(asked: Asked) -> Select[Passage]:
    return select(Passage).where(Passage.state == DISPUTED, _not_skipped(asked))


def _ordered(session: Session, wanted: Select[Passage], asked: Asked, moment: float) -> Iterable[str]:
    """Ids of the best passages first."""
    if asked.strategy == "disagreement":
        mine = exists().where(Review.passage_id == Passage.id, Review.reviewer == asked.reviewer, ~Review.withdrawn)
        return session.scalars(wanted.with_only_columns(Passage.id).order_by(mine, Passage.id).limit(_LOOKED_AT)).all()
    held = and_(Passage.leased_by == asked.reviewer, Passage.leased_until >= moment)
    query = wanted.with_only_columns(Passage.id, Passage.scores, held)
    rows = session.execute(
        query.order_by(func.coalesce(held, False).desc(), Passage.margin.nulls_last(), Passage.id).limit(_LOOKED_AT)
    ).all()
    if asked.strategy == "uncertain" or (rows and rows[0][2]):
        return [row[0] for row in rows]
    return [rows[place][0] for place in spread_order([row[1] for row in rows], _reviewed(session))]


def _reviewed(session: Session) -> list[dict[str, float]]:
    """Score profiles of the passages that were reviewed last."""
    query = select(Passage.scores).join(Review, Review.passage_id == Passage.id).where(~Review.withdrawn)
    return list(session.scalars(query.order_by(Review.time.desc()).limit(_LOOKED_AT)))


def _pairs(session: Session, query: Select[Key, int]) -> Sequence[tuple[Key, int]]:
    return [(key, count) for key, count in session.execute(query)]


def _topic_counts(
    session: Session, query: Select[tuple[str, ...], int], table: type[Passage] | type[Review]
) -> dict[str, int]:
    """How many rows have each topic; equal sets are counted in the database."""
    counts: dict[str, int] = {}
    for topics, count in _pairs(session, query.group_by(type_coerce(table.topics, TextColumn))):
        for topic in topics:
            counts[topic] = counts.get(topic, 0) + count
    return counts
