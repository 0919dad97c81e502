"""What the documents say is so."""

import json
import re
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.conftest import ROOT
from training import LabelledData

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_curl_of_the_readme_gives_the_output_it_shows() -> None:
    command = next(block for block in blocks("") if block.startswith("curl"))
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


@pytest.mark.parametrize("command", sorted(set(re.findall(r"\.venv/bin/(rasid(?:-train)? [a-z]+)", README))))
def test_commands_of_the_readme_exist(command: str) -> None:
    program, verb = command.split()
    module = {"rasid": "app", "rasid-train": "training"}[program]
    subprocess.run([sys.executable, "-m", module, verb, "--help"], check=True, capture_output=True)


def test_the_data_card_counts_the_rows(corpus: LabelledData) -> None:
    card = (ROOT / "data/README.md").read_text("utf-8")
    without = sum(not row.labels for row in corpus.rows)
    assert f"{len(corpus.rows):,} passages" in card
    assert f"{without:,} with no topic" in card
