"""The Dockerfile as far as it can be checked without an engine."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    subprocess.run([hadolint, ROOT / "Dockerfile"], check=True)


def test_the_image_is_unprivileged_and_healthy_by_readyz() -> None:
    lines = DOCKERFILE.splitlines()
    assert "USER 10001:10001" in lines
    assert 'CMD ["rasid", "serve"]' in lines
    assert "/readyz" in DOCKERFILE.split("HEALTHCHECK")[1]
    assert "--require-hashes" in DOCKERFILE


def test_everything_copied_is_let_through() -> None:
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
    copies = [
        [part for part in line.split() if not part.startswith("--")]
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY") and "--from" not in line
    ]
    for _, *sources, _target in copies:
        assert set(sources) <= let_through
        assert all((ROOT / source).exists() for source in sources)
