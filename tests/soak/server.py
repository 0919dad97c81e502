"""The service as the long runs use it: a process of its own with its own state, settings and, if wanted, keys."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.callers import Role
from app.key_store import add_key
from app.settings import Settings
from tests.service.running import RunningService, running_service


@dataclass(frozen=True)
class Setup:
    """How to run a service; `environment` is for the service only, state folders vanish with it unless given."""

    models: Path
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    state: Path | None = None
    ready: bool = True


@contextmanager
def served(setup: Setup) -> Iterator[RunningService]:
    """A service without rate limit, ready unless the setup says otherwise; it has to end in order."""
    with tempfile.TemporaryDirectory(prefix="rasid-state-") as folder, pytest.MonkeyPatch.context() as patch:
        settings = {"RASID_RATE_LIMIT": "", "RASID_STATE": str(setup.state or folder)}
        for name, value in {**settings, **setup.environment}.items():
            patch.setenv(name, value)
        with running_service(setup.models, *setup.options, ready=setup.ready) as service:
            yield service
            if service.process.poll() is None:
                # As SIGTERM, but without the time for load balancers to look elsewhere.
                assert service.stop(signal.SIGINT) == 0


def admin_key(state: Path) -> str:
    """A new key that may do everything to the service with this state folder."""
    return add_key(Settings(state=state), "soak", Role.ADMIN)
