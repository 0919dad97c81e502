"""The tables, typed: articles, passages, reviews, history, skips and the answers of idempotency keys."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

OPEN, DONE, DISPUTED, DELETED = "open", "done", "disputed", "deleted"
"""States of a passage: without a decision; decided; decided differently by several readers; erased."""

Name = String(200)
Id = String(64).with_variant(String(64, collation="C"), "postgresql")
"""An id; the plain collation makes PostgreSQL order as SQLite does, byte by byte."""
Time = String(32)
"""A time as ISO 8601 text in UTC with microseconds: the same bytes in both databases, and sorted as time is."""


class TopicSet(TypeDecorator[tuple[str, ...]]):
    """Topic ids, sorted, as `|a|b|`, so that one of them can be looked for in both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """To the database."""
        if value is None:
            return None
        return "".join(f"|{topic}" for topic in sorted(value)) + "|" if value else ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """From the database."""
        return None if value is None else tuple(part for part in value.split("|") if part)


class Base(DeclarativeBase):
    """Base of the tables."""


class Article(Base):
    """A text that an analyst saved."""

    __tablename__ = "articles"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    date: Mapped[str] = mapped_column(Text)
    saved_by: Mapped[str] = mapped_column(Name)
    time: Mapped[str] = mapped_column(Time)


class Passage(Base):
    """A passage to review: `text` is `article.text[start:end]` where the article is saved.

    `margin` is how near the model is to deciding otherwise (see `sampling.margin`); NULL where no model has seen it.
    `revision` counts the decisions on it. `article_id` may also be one of the uploader's own, hence no foreign key.
    """

    __tablename__ = "passages"
    __table_args__ = (
        UniqueConstraint("article_id", "text_sha256", "start", name="uq_passages_place"),
        Index("ix_passages_state_margin", "state", "margin", "id"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    article_id: Mapped[str] = mapped_column(Name)
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    text_sha256: Mapped[str] = mapped_column(String(64), index=True)
    source: Mapped[str] = mapped_column(Text)
    date: Mapped[str] = mapped_column(Text)
    topics: Mapped[tuple[str, ...]] = mapped_column(TopicSet)
    scores: Mapped[dict[str, Any]] = mapped_column(JSON)
    margin: Mapped[float | None]
    model_version: Mapped[str] = mapped_column(Name)
    state: Mapped[str] = mapped_column(String(10))
    revision: Mapped[int]
    leased_by: Mapped[str | None] = mapped_column(Name)
    leased_until: Mapped[float | None]
    added_by: Mapped[str] = mapped_column(Name)
    time: Mapped[str] = mapped_column(Time)


class Review(Base):
    """One reader's decision on a passage; `saved_by` is the caller through whom it came, an importer for instance."""

    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("passage_id", "reviewer", name="uq_reviews_reader"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    passage_id: Mapped[str] = mapped_column(Id, ForeignKey("passages.id"))
    reviewer: Mapped[str] = mapped_column(Name, index=True)
    saved_by: Mapped[str] = mapped_column(Name)
    topics_before: Mapped[tuple[str, ...] | None] = mapped_column(TopicSet)
    topics: Mapped[tuple[str, ...]] = mapped_column(TopicSet)
    model_version: Mapped[str] = mapped_column(Name)
    note: Mapped[str] = mapped_column(Text)
    time: Mapped[str] = mapped_column(Time)
    revision: Mapped[int]
    withdrawn: Mapped[bool]


class HistoryEntry(Base):
    """What happened to a review; entries are only ever added, which triggers in the database hold."""

    __tablename__ = "review_history"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    passage_id: Mapped[str] = mapped_column(Id, ForeignKey("passages.id"), index=True)
    review_id: Mapped[str | None] = mapped_column(Id, index=True)
    action: Mapped[str] = mapped_column(String(10))
    reviewer: Mapped[str] = mapped_column(Name)
    saved_by: Mapped[str] = mapped_column(Name)
    topics_before: Mapped[tuple[str, ...] | None] = mapped_column(TopicSet)
    topics_after: Mapped[tuple[str, ...] | None] = mapped_column(TopicSet)
    note: Mapped[str] = mapped_column(Text)
    model_version: Mapped[str] = mapped_column(Name)
    revision: Mapped[int]
    time: Mapped[str] = mapped_column(Time)


class Skip(Base):
    """A passage that a reader doesn't want to be given."""

    __tablename__ = "skips"
    passage_id: Mapped[str] = mapped_column(Id, ForeignKey("passages.id"), primary_key=True)
    reviewer: Mapped[str] = mapped_column(Name, primary_key=True)
    time: Mapped[str] = mapped_column(Time)


class KeptAnswer(Base):
    """The answer that an idempotency key got, and the digest of the request it stands for."""

    __tablename__ = "kept_answers"
    caller: Mapped[str] = mapped_column(Name, primary_key=True)
    key: Mapped[str] = mapped_column(Name, primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    time: Mapped[str] = mapped_column(Time, index=True)
