"""Models of earlier formats still open; later ones are refused. `format_1` was written by the first Rasid."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app as cli
from app.tagger import BundleError, Tagger
from app.tagger.bundle import FORMAT, read_manifest
from app.tagger.compiled import KERNEL
from app.tagger.promotion import promote
from app.tagger.versions import current_version

HERE = Path(__file__).parent
FORMATS = range(1, FORMAT + 1)
TEXT = "انفجرت عبوة قرب بيت الحارس.\n\nقرأ الوزير كتابا في المعرض."
ENGINES = ["numpy", *(["kernel"] if KERNEL else [])]


@pytest.mark.parametrize("number", FORMATS)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_format_opens_and_tags(number: int, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASID_ENGINE", engine)
    models = HERE / f"format_{number}"
    assert read_manifest(models / current_version(models))["format"] == number
    found = Tagger.open(models).tag(TEXT)
    assert [[topic.topic.id for topic in passage.topics] for passage in found.passages] == [["attacks"], ["culture"]]


@pytest.mark.parametrize("number", FORMATS)
def test_every_format_can_be_promoted(number: int, tmp_path: Path) -> None:
    models = tmp_path / "models"
    version = current_version(HERE / f"format_{number}")
    shutil.copytree(HERE / f"format_{number}" / version, models / version)
    promote(models, version)
    assert current_version(models) == version
    assert Tagger.open(models).version == version


def newer(models: Path) -> str:
    """Make a version of a format that is yet to come, and give its name."""
    source = HERE / "format_1"
    folder = models / "draft"
    shutil.copytree(source / current_version(source), folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    # Whatever else is new in it, the format is what must be told.
    content = json.dumps({**manifest, "format": FORMAT + 1, "files": {"new": ""}, "layers": []}).encode()
    (folder / "manifest.json").write_bytes(content)
    version = hashlib.sha256(content).hexdigest()[:12]
    folder.rename(models / version)
    (models / "current").write_text(f"{version}\n")
    return version


def test_a_newer_format_is_refused_in_one_sentence(tmp_path: Path) -> None:
    version = newer(tmp_path)
    for refused in (lambda: Tagger.open(tmp_path), lambda: promote(tmp_path, version)):
        with pytest.raises(BundleError, match=f"format {FORMAT + 1} and this Rasid reads {FORMAT}") as fault:
            refused()
        assert str(fault.value).count(". ") == 0
        assert str(fault.value).endswith("install the Rasid that wrote it or fit the model anew.")


def test_the_command_says_the_same(tmp_path: Path) -> None:
    newer(tmp_path)
    done = CliRunner().invoke(cli, ["classify", "--models", str(tmp_path), "-"], input=TEXT)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert f"has format {FORMAT + 1}" in line
