"""The images, built once; the whole folder of tests is told apart by the marker `container`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.engine import Engine, NoEngineError, install_tools
from tests.container.hardened import Hardened


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        install_tools()
    except NoEngineError as reason:
        pytest.exit(str(reason), 2)
    engine = Engine(Path(tempfile.mkdtemp(dir="/var/tmp", prefix="rasid-container-")))
    try:
        engine.take_base()
        yield engine
    finally:
        engine.clear()


@pytest.fixture(scope="session")
def serving(engine: Engine) -> str:
    """The image that only serves."""
    return engine.build("serve")


@pytest.fixture(scope="session")
def training(engine: Engine, serving: str) -> str:
    """The image that `docker build .` gives, which retrains too."""
    return engine.build("train")


@pytest.fixture
def hardened(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Hardened]:
    """No container yet, and no volumes."""
    container = Hardened(engine, f"rasid-{request.node.name.replace('_', '-')}"[:40])
    yield container
    container.remove()
    engine.podman("volume", "rm", "--force", f"{container.name}-models", f"{container.name}-state", check=False)
