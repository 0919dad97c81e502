"""Connections: an embedded SQLite file that survives crashes, or PostgreSQL with short time-outs."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from app.store.errors import StoreUnavailableError
from app.tagger.durable import make_folder

FILE = "store.sqlite"
BEGIN = "sqlite_begin"
"""Execution option: the statement that begins a transaction in SQLite."""
_BUSY_TIMEOUT_MS = 5000
_POOL = {"pool_size": 8, "max_overflow": 0, "pool_timeout": 5}
_POSTGRES: dict[str, Any] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "options": "-c statement_timeout=30000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000",
}


def engine_of(folder: Path, url: str) -> Engine:
    """An engine on `url`, or on the embedded file in `folder` if it is empty; makes the folder, connects to nothing.

    Statements' parameters, which hold saved text, are kept out of errors. Raises `StoreUnavailableError` if the URL or
    its driver can't be used, or the folder not be made.
    """
    if not url:
        return _embedded(folder)
    try:
        parsed = make_url(url)
        return _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed)
    except (ArgumentError, NoSuchModuleError):
        raise StoreUnavailableError(
            "RASID_DATABASE_URL isn't a database URL: write postgresql://user:password@host/database."
        ) from None
    except ModuleNotFoundError as fault:
        raise StoreUnavailableError(
            f"The database's driver {fault.name} isn't installed: run `pip install '.[postgres]'` in Rasid's clone."
        ) from None


def _embedded(folder: Path) -> Engine:
    path = folder.resolve() / FILE
    try:
        make_folder(path.parent)
        # Made here so that nobody else may read the saved texts.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as fault:
        raise StoreUnavailableError(
            f"{path} can't be opened: {fault.strerror}; mend its rights, or set RASID_STATE to another folder."
        ) from None
    return _sqlite(URL.create("sqlite", database=str(path)))


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, **_POOL)

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver would begin transactions too late; `_begun` does it instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        # EXTRA also syncs the folder after a commit, so that not even a power cut takes back what was saved.
        for pragma in (
            "journal_mode=DELETE",
            "synchronous=EXTRA",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))

    return engine


def _postgres(url: URL) -> Engine:
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise ArgumentError
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args=_POSTGRES,
        **_POOL,
    )
