"""The first tables: articles, passages, reviews with an append-only history, skips, kept answers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_NAME = sa.String(200)
_TIME = sa.String(32)


def upgrade() -> None:
    """Make the tables and the triggers that keep history from being changed."""
    _make_articles_and_passages()
    _make_reviews()
    op.create_table(
        "skips",
        sa.Column("passage_id", _ID, sa.ForeignKey("passages.id"), primary_key=True),
        sa.Column("reviewer", _NAME, primary_key=True),
        sa.Column("time", _TIME, nullable=False),
    )
    op.create_table(
        "kept_answers",
        sa.Column("caller", _NAME, primary_key=True),
        sa.Column("key", _NAME, primary_key=True),
        sa.Column("request_sha256", sa.String(64), nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("time", _TIME, nullable=False),
    )
    op.create_index("ix_kept_answers_time", "kept_answers", ["time"])
    _guard_history()


def _make_articles_and_passages() -> None:
    op.create_table(
        "articles",
        sa.Column("id", _ID, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("title", "text", "source", "date")),
        sa.Column("saved_by", _NAME, nullable=False),
        sa.Column("time", _TIME, nullable=False),
    )
    op.create_table(
        "passages",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("article_id", _NAME, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "date", "topics")),
        sa.Column("scores", sa.JSON, nullable=False),
        sa.Column("margin", sa.Double),
        sa.Column("model_version", _NAME, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("leased_by", _NAME),
        sa.Column("leased_until", sa.Double),
        sa.Column("added_by", _NAME, nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.UniqueConstraint("article_id", "text_sha256", "start", name="uq_passages_place"),
    )
    op.create_index("ix_passages_state_margin", "passages", ["state", "margin", "id"])
    op.create_index("ix_passages_text_sha256", "passages", ["text_sha256"])


def _make_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("passage_id", _ID, sa.ForeignKey("passages.id"), nullable=False),
        sa.Column("reviewer", _NAME, nullable=False),
        sa.Column("saved_by", _NAME, nullable=False),
        sa.Column("topics_before", sa.Text),
        sa.Column("topics", sa.Text, nullable=False),
        sa.Column("model_version", _NAME, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("time", _TIME, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.UniqueConstraint("passage_id", "reviewer", name="uq_reviews_reader"),
    )
    op.create_index("ix_reviews_reviewer", "reviews", ["reviewer"])
    op.create_table(
        "review_history",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("passage_id", _ID, sa.ForeignKey("passages.id"), nullable=False),
        sa.Column("review_id", _ID),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("reviewer", _NAME, nullable=False),
        sa.Column("saved_by", _NAME, nullable=False),
        sa.Column("topics_before", sa.Text),
        sa.Column("topics_after", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("model_version", _NAME, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("time", _TIME, nullable=False),
    )
    op.create_index("ix_review_history_passage_id", "review_history", ["passage_id"])
    op.create_index("ix_review_history_review_id", "review_history", ["review_id"])


def _guard_history() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION review_history_stays() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'review_history is only added to'; END $$"
        )
        op.execute(
            "CREATE TRIGGER review_history_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON review_history "
            "FOR EACH STATEMENT EXECUTE FUNCTION review_history_stays()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER review_history_no_{verb.lower()} BEFORE {verb} ON review_history "
            "BEGIN SELECT RAISE(ABORT, 'review_history is only added to'); END"
        )
