from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings

LOCAL = "http://127.0.0.1"
"""How a service without keys wants to be called."""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder, that of all settings made by tests."""
    folder = tmp_path / "state"
    monkeypatch.setenv("RASID_STATE", str(folder))
    return folder


@pytest.fixture
def settings(tiny_models: Path, state: Path) -> Settings:
    return Settings(models=tiny_models, state=state)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=LOCAL, raise_server_exceptions=False) as client:
        yield client
