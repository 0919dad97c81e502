import pytest

from app.tagger.bundle import Bundle
from tests.service.conftest import client, settings, state
from tests.soak.models import small_bundle

__all__ = ["client", "settings", "state"]


@pytest.fixture(scope="session")
def small() -> Bundle:
    """A model that is written and opened in a few milliseconds."""
    return small_bundle(120)
