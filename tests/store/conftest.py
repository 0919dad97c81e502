from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.database import Store
from tests.store.postgres import fresh_database, given_url, running_server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if given_url():
        yield given_url()
        return
    with running_server() as server:
        yield server.get_uri(driver="psycopg")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Empty for the embedded store, else the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        yield ""
        return
    with fresh_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
def settings(tiny_models: Path, tmp_path: Path, database_url: str) -> Settings:
    return Settings(models=tiny_models, state=tmp_path / "state", database_url=database_url, rate_limit="")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = Store(settings)
    yield store
    store.close()


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
