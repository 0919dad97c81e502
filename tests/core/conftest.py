"""A folder of versions for the tests of the core."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.tagger.bundle import Bundle, write_bundle


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "tiny"


@pytest.fixture
def versions(models: Path, tiny_bundle: Bundle) -> list[str]:
    """Four versions, oldest first; none is in use yet."""
    written = [write_bundle(replace(tiny_bundle, card=f"card {number}"), models) for number in range(4)]
    for age, version in zip((40, 30, 20, 10), written, strict=True):
        long_ago = time.time() - age
        os.utime(models / version, (long_ago, long_ago))
    return written
