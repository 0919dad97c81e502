"""The store itself: opened on first use, usable again by itself after its database was away."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from app.logs import log_event
from app.settings import Settings
from app.store.engine import BEGIN, engine_of
from app.store.errors import StoreUnavailableError
from app.store.migrate import upgrade

RETRY_AFTER_S = 2
"""How long calls are refused at once after the database couldn't be reached, so that they don't pile up waiting."""
_TRIES = 3
_ALEMBIC = Lock()
"""Alembic keeps what it works on in a module, so one thread at a time may use it."""

Result = TypeVar("Result")


class Store:
    """Runs functions of a `Session`, each in one transaction. Safe to share between threads.

    Nothing is opened, made or migrated before the first call. Calls raise `StoreUnavailableError` while the database
    is away and work again, without a restart, once it is back.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._engine: Engine | None = None
        self._opening = Lock()
        self._away_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the store may hold connections."""
        return self._engine is not None

    def read(self, work: Callable[[Session], Result]) -> Result:
        """What `work` returns; all that it reads is of one moment."""
        return self._run(work, {}, {"isolation_level": "REPEATABLE READ"})

    def write(self, work: Callable[[Session], Result]) -> Result:
        """What `work` returns, once its changes are on the disk; `work` runs again if another writer was in between."""
        for left in reversed(range(_TRIES)):
            try:
                return self._run(work, {BEGIN: "BEGIN IMMEDIATE"}, {})
            except IntegrityError as fault:
                if not left:
                    raise self._unavailable(fault) from None
        raise AssertionError

    def close(self) -> None:
        """Close the connections; a further call opens the store anew."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _run(
        self, work: Callable[[Session], Result], sqlite_options: dict[str, Any], postgres_options: dict[str, Any]
    ) -> Result:
        try:
            engine = self._opened()
            options = postgres_options if engine.dialect.name == "postgresql" else sqlite_options
            with Session(engine.execution_options(**options), expire_on_commit=False) as session, session.begin():
                return work(session)
        except (DBAPIError, PoolTimeoutError) as fault:
            if not _means_away(fault):
                raise
            raise self._unavailable(fault) from None

    def _opened(self) -> Engine:
        if time.monotonic() < self._away_until:
            raise StoreUnavailableError(_AWAY)
        if self._engine is None:
            with self._opening:
                if self._engine is None:
                    self._engine = _opened(self.settings)
        return self._engine

    def _unavailable(self, fault: Exception) -> StoreUnavailableError:
        log_event("the store can't be used", logging.WARNING, reason=_reason(fault))
        # A fault without a statement is one of connecting, which may take its whole time-out.
        if isinstance(fault, DBAPIError) and (fault.connection_invalidated or fault.statement is None):
            self._away_until = time.monotonic() + RETRY_AFTER_S
        return StoreUnavailableError(_AWAY)


def _opened(settings: Settings) -> Engine:
    """An engine on a database that has the tables of this version."""
    engine = engine_of(settings.state, settings.database_url)
    try:
        with _ALEMBIC:
            before = upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    if before is None:
        log_event("the store has new tables")
    return engine


_AWAY = "The store can't be used now and nothing was saved: try again in a moment."


def _means_away(fault: DBAPIError | PoolTimeoutError) -> bool:
    """Whether the database, not the statement, is at fault."""
    if isinstance(fault, PoolTimeoutError | OperationalError | InterfaceError):
        return True
    return fault.connection_invalidated or type(fault) is DatabaseError


def _reason(fault: Exception) -> str:
    """The classes of the faults: their texts may quote a statement's values."""
    cause = fault.orig if isinstance(fault, DBAPIError) else None
    return f"{type(fault).__name__} ({type(cause).__name__})" if cause else type(fault).__name__
