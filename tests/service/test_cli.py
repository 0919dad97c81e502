import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.tagger import Tagger
from app.tagger.versions import current_version

runner = CliRunner()
ATTACK = "انفجرت سيارة مفخخة في سوق شعبي وقتل عشرة أشخاص وأعلن تنظيم داعش مسؤوليته عن الهجوم الانتحاري."


def run(*arguments: object, stdin: str | None = None) -> tuple[int, str, str]:
    result = runner.invoke(app, [str(argument) for argument in arguments], input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_classify_prints_passages_to_read(tmp_path: Path, tiny_models: Path) -> None:
    path = tmp_path / "article.txt"
    path.write_text(f"{ATTACK}\n\nWeather report for today.", "utf-8")
    code, out, err = run("classify", path, "--models", tiny_models, "--explain")
    assert (code, err) == (0, "")
    assert "الهجمات (attacks)" in out
    assert "no_topic" in out
    assert "attacks: " in out


def test_classify_reads_standard_input_and_prints_json(tiny_models: Path) -> None:
    code, out, _ = run("classify", "-", "--models", tiny_models, "--json", stdin=ATTACK)
    answer = json.loads(out)
    assert code == 0
    assert answer["file"] == "-"
    assert answer["passages"][0]["topics"][0]["id"] == "attacks"


def test_files_that_cannot_be_read_are_named_and_the_rest_is_tagged(tmp_path: Path, tiny_models: Path) -> None:
    (tmp_path / "good.txt").write_text(ATTACK, "utf-8")
    (tmp_path / "bad.txt").write_bytes(ATTACK.encode("windows-1256"))
    files = (tmp_path / "bad.txt", tmp_path / "none.txt", tmp_path / "good.txt")
    code, out, err = run("classify", *files, "--models", tiny_models)
    assert code == 1
    assert "bad.txt can't be read: it isn't UTF-8" in err
    assert "none.txt can't be read: No such file" in err
    assert "attacks" in out
    assert ATTACK not in err


def test_models_list_show_verify(tiny_models: Path, tiny_tagger: Tagger) -> None:
    version = current_version(tiny_models)
    code, out, _ = run("models", "list", "--models", tiny_models)
    assert code == 0
    assert out.startswith(f"* {version}  300 rows")
    code, out, _ = run("models", "show", "--models", tiny_models)
    assert f"version {version}, engine {tiny_tagger.engine}" in out
    assert "# Model card" in out
    assert run("models", "show", version, "--models", tiny_models)[1] == out
    assert run("models", "verify", "--models", tiny_models) == (0, f"{version}  ok\n", "")


def test_verify_names_the_damaged_version(tiny_models: Path, tmp_path: Path) -> None:
    import shutil

    models = tmp_path / "tiny"
    shutil.copytree(tiny_models, models)
    card = models / current_version(models) / "card.md"
    card.write_text("other", "utf-8")
    code, out, _ = run("models", "verify", "--models", models)
    assert code == 1
    assert "card.md was changed" in out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("models", "list", "--models", "nowhere"), 1, "error: nowhere"),
        (("models", "show", "000000000000", "--models", "models/default"), 1, "can't be read"),
        (("classify", "-", "--models", "nowhere"), 1, "error: nowhere"),
        (("classify", "-", "--segment", "word"), 2, "paragraph or none"),
        (("classify",), 2, "FILE"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_errors_and_exit_codes(arguments: tuple[str, ...], code: int, says: str) -> None:
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert says in err
