"""What is in the images, and how large they are."""

import gzip
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.conftest import ROOT
from tests.container.engine import Engine
from tests.container.stand_in import BASE

pytestmark = pytest.mark.container

MB = 1_000_000
Target = Literal["serve", "train"]


@dataclass(frozen=True, slots=True)
class Most:
    """The sizes that a target must stay under, in MB: what is fetched, and what it fills beside the base."""

    fetched: int
    beside_base: int


MOST: dict[Target, Most] = {"serve": Most(200, 200), "train": Most(350, 420)}


@pytest.fixture(params=["serve", "train"])
def target(request: pytest.FixtureRequest) -> Target:
    name: Target = request.param
    return name


@pytest.fixture
def image(target: Target, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue({"serve": "serving", "train": "training"}[target]))


def facts(engine: Engine, image: str) -> Any:
    return json.loads(engine.podman("image", "inspect", image).stdout)[0]


def files(engine: Engine, image: str, tmp_path: Path) -> Path:
    """The archive of a container's files."""
    archive = tmp_path / "files.tar"
    container = engine.podman("create", "--health-interval", "disable", image).stdout.strip()
    engine.podman("export", "--output", str(archive), container)
    engine.podman("rm", "--volumes", container)
    return archive


def test_the_image_says_how_it_is_run(engine: Engine, image: str) -> None:
    config = facts(engine, image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["ExposedPorts"] == {"8000/tcp": {}}
    assert config["Cmd"] == ["rasid", "serve"]
    assert set(config["Volumes"]) == {"/rasid/models", "/rasid/state"}
    assert config["StopSignal"] == "SIGTERM"
    assert "/readyz" in " ".join(facts(engine, image)["Healthcheck"]["Test"])


def test_the_image_is_small(engine: Engine, image: str, target: Target, tmp_path: Path) -> None:
    whole = facts(engine, image)["Size"]
    beside_base = whole - facts(engine, f"docker.io/library/{BASE}")["Size"]
    archive = files(engine, image, tmp_path)
    with archive.open("rb") as read, gzip.open(tmp_path / "files.tar.gz", "wb", compresslevel=6) as written:
        while block := read.read(MB):
            written.write(block)
    fetched = (tmp_path / "files.tar.gz").stat().st_size
    print(f"\n{target}: {fetched / MB:.0f} MB to fetch, {whole / MB:.0f} MB on disk, {beside_base / MB:.0f} MB its own")
    assert fetched < MOST[target].fetched * MB
    assert beside_base < MOST[target].beside_base * MB


def test_nothing_of_the_build_is_left(engine: Engine, image: str, target: Target, tmp_path: Path) -> None:
    archive = files(engine, image, tmp_path)
    listed = subprocess.run(["tar", "-tf", archive], check=True, capture_output=True, text=True).stdout.splitlines()
    names = [f"/{name.removeprefix('./')}" for name in listed]
    assert "/etc/pip.conf" not in names
    assert not [name for name in names if name.startswith(("/tools/", "/src/", "/usr/bin/gcc", "/venv/bin/pip"))]
    packages = [name for name in names if name.startswith("/venv/lib/python3.11/site-packages/")]
    assert not [name for name in packages if name.split("/")[5] in ("Cython", "setuptools", "pip")]
    assert not [name for name in packages if "/tests/" in name]
    assert any(name.endswith(".so") and "/app/tagger/kernel/engine" in name for name in names)
    assert any("/sklearn/" in name for name in names) == (target == "train")
    history = engine.podman("history", "--no-trunc", image).stdout
    assert "pip.conf" not in history
    own = set((ROOT / "models/default/current").read_text().split())
    assert {f"/rasid/models/default/{version}/manifest.json" for version in own} <= set(names)


def test_the_certificates_of_the_build_are_not_in_the_image(engine: Engine, image: str) -> None:
    sums = []
    for name in (image, f"docker.io/library/{BASE}"):
        limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=512:512", "--health-interval", "disable")
        command = ("run", "--rm", "--network", "none", *limits, name, "sha256sum", "/etc/ssl/certs/ca-certificates.crt")
        sums.append(engine.podman(*command).stdout)
    assert sums[0] == sums[1]
