from tests.service.conftest import client, settings, state

__all__ = ["client", "settings", "state"]
