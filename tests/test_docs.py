"""What the documents say is so."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
from fastapi.testclient import TestClient

from app.cli import app as rasid_app
from app.main import create_app
from app.settings import Settings
from app.tagger import Tagger
from app.tagger.types import Topic
from tests.conftest import ROOT
from training import LabelledData
from training.cli import app as training_app

README = (ROOT / "README.md").read_text("utf-8")
FOLDERS = ("app", "training", "models", "data", "tests")
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(ROOT / folder / "README.md" for folder in FOLDERS),
]
LONGEST_LINE = 132
MOST_PNG_BYTES = 200_000
ROWS = 240
"""Of the shipped passages, for the commands that train."""
CURL = "curl -s http://127.0.0.1:8000/v1/classify"
"""Run by the first test."""
NOT_RUN = {
    "make": "it sets up an environment of its own from the network and then runs what the other tests run",
    "docker": "it needs Docker's daemon: `make container-test` builds and runs the images",
    "curl -X POST": "tests/service/test_jobs.py and test_hot_swap.py ask the same of a running service",
    "curl -N": "tests/service/test_jobs.py reads a job's events",
}
"""Commands of the README that no test here runs, and why."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """Each command of the README's blocks, joined where it goes over lines, without its comment."""
    for block in blocks("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            yield from (part.strip() for part in line.split("  #")[0].split("; ") if part.strip())


def words(command: Any, name: str) -> Iterator[str]:
    """The full name of each verb under a command, its own verbs' verbs too."""
    if hasattr(command, "commands"):
        for verb, inner in command.commands.items():
            yield from words(inner, f"{name} {verb}")
    else:
        yield name


VERBS = [
    *words(typer.main.get_command(rasid_app), "rasid"),
    *words(typer.main.get_command(training_app), "rasid-train"),
]


def test_the_curl_of_the_readme_gives_the_output_it_shows() -> None:
    command = next(block for block in blocks("sh") if block.startswith("curl"))
    url, body = re.findall(r"(/v1/\S+)|-d '(.*)'", command)
    expected = json.loads(blocks("json")[0])
    with TestClient(create_app(Settings(models=ROOT / "models/default")), base_url="http://127.0.0.1") as client:
        found = client.post(url[0], json=json.loads(body[1])).json()
    assert found == {**expected, "request_id": found["request_id"]}


def test_the_settings_table_is_that_of_the_settings() -> None:
    for name, field in Settings.model_fields.items():
        assert f"| `RASID_{name.upper()}` | `{field.default}` | {field.description} |" in README


def test_every_endpoint_is_named_in_the_readme() -> None:
    for path, operations in create_app(Settings()).openapi()["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in README


def test_every_topic_is_named_in_the_data_card(topics: tuple[Topic, ...]) -> None:
    card = (ROOT / "data/README.md").read_text("utf-8")
    assert [topic.id for topic in topics if f"`{topic.id}`" not in card] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_the_commands_is_named(verb: str) -> None:
    program, *names = verb.split()
    text = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)
    # `rasid models list`, `show` and `verify` name three verbs by one command.
    together = rf"{program}{' ' + names[0] if len(names) > 1 else ''}\b.*(?:\n.*)?`{names[-1]}\b"
    assert re.search(rf"\b{verb}\b", text) or re.search(together, text)


def test_each_command_of_the_readme_is_run_here_or_named_as_not_run() -> None:
    others = [each for each in commands() if not each.startswith((".venv/bin/rasid ", ".venv/bin/rasid-train "))]
    assert [each for each in others if not each.startswith((CURL, *NOT_RUN))] == []
    assert [each for each in NOT_RUN if not any(command.startswith(each) for command in commands())] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_local_links_and_pictures_are_there(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8")):
        assert urlsplit(target).scheme or (document.parent / target).exists(), target


def test_the_picture_is_small_and_no_line_is_long() -> None:
    assert (ROOT / "app/web/page.png").stat().st_size < MOST_PNG_BYTES
    assert [line for line in README.splitlines() if len(line) > LONGEST_LINE and not line.startswith("|")] == []


def _shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the README in a folder that looks like a clone, with this Python."""
    program, *arguments = shlex.split(command)
    module = {"rasid": "app", "rasid-train": "training"}[Path(program).name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RASID_STATE": str(folder / "state")}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def clone(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model in use, topics, a labelled CSV and an archive, as the README's commands expect."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(tiny_models, folder / "models/default")
    (folder / "data").mkdir()
    version = Tagger.open(folder / "models/default").version
    kept = {topic.id for topic in Tagger.open(folder / "models/default").topics}
    header, *topics = (ROOT / "data/topics.csv").read_text("utf-8").splitlines()
    (folder / "data/topics.csv").write_text(
        "\n".join([header, *(each for each in topics if each.split(",")[0] in kept)]), "utf-8"
    )
    shutil.copy(ROOT / "data/lexicon.csv", folder / "data/lexicon.csv")
    rows = (ROOT / "data/passages.csv").read_text("utf-8").splitlines()
    named = [each for each in rows[1:] if set(each.split(",")[-3].split("|")) & kept and '"' not in each][:ROWS]
    for name in ("own.csv", "held.csv", "data/passages.csv"):
        (folder / name).write_text("\n".join(["text,labels", *(_row(each, kept) for each in named)]), "utf-8")
    (folder / "archive").mkdir()
    (folder / "archive/a.csv").write_text(
        "\n".join(["text", *(_row(each, kept).rsplit(",", 1)[0] for each in named)]), "utf-8"
    )
    (folder / "article.txt").write_text("أعلن تنظيم داعش مسؤوليته عن الهجوم.", "utf-8")
    (folder / "version").write_text(version)
    return folder


def _row(line: str, kept: set[str]) -> str:
    _, _, text, labels, *_ = line.split(",")
    return f'"{text}",{"|".join(sorted(set(labels.split("|")) & kept))}'


def test_the_commands_of_the_readme_run_in_its_order(clone: Path) -> None:
    current = (clone / "version").read_text()
    made = ""
    run = 0
    for command in [".venv/bin/rasid classify article.txt", *commands()]:
        program = command.split(" ")[0]
        if not program.startswith(".venv/bin/"):
            continue
        filled = command.replace("CURRENT", current).replace("VERSION", made)
        found = _shell(filled, clone)
        assert found.returncode == 0, (command, found.stderr)
        if " fit " in command:
            made = found.stdout.split()[-1]
        run += 1
    assert run >= 12


def test_the_data_card_counts_the_rows(corpus: LabelledData) -> None:
    card = (ROOT / "data/README.md").read_text("utf-8")
    without = sum(not row.labels for row in corpus.rows)
    assert f"{len(corpus.rows):,} passages" in card
    assert f"{without:,} with no topic" in card
