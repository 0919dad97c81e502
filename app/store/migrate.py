"""Brings a database to the tables of this version, once, however many processes start at the same time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.store.engine import BEGIN
from app.store.errors import StoreUnavailableError

_ADVISORY_LOCK = 0x5A51D
"""A number of Rasid's own for `pg_advisory_xact_lock`."""


def upgrade(engine: Engine) -> str | None:
    """Run the migrations that the database lacks, in one transaction, and say which revision it had before.

    Other processes wait: in SQLite for the write lock, in PostgreSQL for an advisory lock. Raises
    `StoreUnavailableError` for a database that a newer Rasid made.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    with engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"}).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
        before = _revision(connection)
        if before not in {None, *(known.revision for known in script.walk_revisions())}:
            raise StoreUnavailableError(
                f"The store was made by a newer Rasid (revision {before}): install that version or name another store."
            )
        if before != script.get_current_head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return before


def _config() -> Config:
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
