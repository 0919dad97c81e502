"""What the tests of archives share."""

from pathlib import Path

import pytest

from app.bulk.plan import TagPlan, pinned_bundle
from tests.bulk.archives import rows_of_texts, write_csv
from training import LabelledData


@pytest.fixture(scope="session")
def texts(corpus: LabelledData) -> list[str]:
    """Real Arabic: 600 passages of the corpus."""
    return [row.text for row in corpus.rows[300:900]]


@pytest.fixture(scope="session")
def plan(tiny_models: Path) -> TagPlan:
    return TagPlan(pinned_bundle(tiny_models))


@pytest.fixture
def archive(tmp_path: Path, texts: list[str]) -> Path:
    """A folder of three CSVs of twenty rows each."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for number in range(3):
        rows = rows_of_texts(texts[20 * number : 20 * number + 20], f"f{number}-")
        write_csv(folder / f"f{number}.csv", rows)
    return folder
