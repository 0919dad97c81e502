import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.tagger import Tagger
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.versions import current_version, used_versions, versions_in

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


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "tiny"


@pytest.fixture
def versions(models: Path, tiny_bundle: Bundle) -> list[str]:
    """Three versions, the second worse than the first; none is in use yet."""
    measured = tiny_bundle.training["cross_validation"]
    training = [{**tiny_bundle.training, "cross_validation": {**measured, "micro_f1": f1}} for f1 in (0.7, 0.6, 0.71)]
    return [write_bundle(replace(tiny_bundle, training=facts), models) for facts in training]


def test_models_promote_and_rollback_print_the_version_in_use(models: Path, versions: list[str]) -> None:
    for version in (versions[0], versions[2]):
        assert run("models", "promote", version, "--models", models) == (0, f"{version}\n", "")
    assert run("models", "rollback", "--models", models) == (0, f"{versions[0]}\n", "")
    assert current_version(models) == versions[0]
    code, out, err = run("models", "rollback", "--models", models)
    assert (code, out) == (1, "")
    assert one_sentence(err, "no earlier version")


def test_models_promote_refuses_a_worse_version_unless_forced_with_a_reason(models: Path, versions: list[str]) -> None:
    good, worse, _ = versions
    run("models", "promote", good, "--models", models)
    code, out, err = run("models", "promote", worse, "--models", models)
    assert (code, out) == (1, "")
    assert one_sentence(err, f"{worse} has a cross-validated micro-F1 of 0.600 and {good}, the version in use, 0.700")
    code, _, err = run("models", "promote", worse, "--force", " ", "--models", models)
    assert code == 2
    assert "--force wants a reason" in err
    assert current_version(models) == good
    assert run("models", "promote", worse, "--force", "recall", "--models", models) == (0, f"{worse}\n", "")
    assert '"reason": "recall"' in (models / "history.jsonl").read_text("utf-8").splitlines()[-1]


def test_models_promote_refuses_a_damaged_version_even_by_force(models: Path, versions: list[str]) -> None:
    (models / versions[0] / "word_rows.npy").write_bytes(b"")
    code, out, err = run("models", "promote", versions[0], "--force", "now", "--models", models)
    assert (code, out) == (1, "")
    assert one_sentence(err, "word_rows.npy was changed")
    assert not (models / "current").exists()


def test_models_list_marks_the_version_in_use_and_the_one_before(models: Path, versions: list[str]) -> None:
    for version in (versions[0], versions[2]):
        run("models", "promote", version, "--models", models)
    (models / versions[1] / "manifest.json").write_bytes(b"")
    code, out, err = run("models", "list", "--models", models)
    first, second, third = out.splitlines()
    assert (code, err) == (0, "")
    assert first.startswith(f"‹ {versions[0]}  300 rows, cross-validated micro-F1 0.700, written 20")
    assert second.startswith(f"  {versions[1]}  ")
    assert "manifest.json was changed" in second
    assert third.startswith(f"* {versions[2]}  300 rows, cross-validated micro-F1 0.710, written 20")


def test_models_list_as_json(models: Path, versions: list[str]) -> None:
    for version in (versions[0], versions[2]):
        run("models", "promote", version, "--models", models)
    (models / versions[1] / "manifest.json").write_bytes(b"")
    code, out, _ = run("models", "list", "--models", models, "--json")
    listed = json.loads(out)
    assert code == 0
    assert [(facts["version"], facts["current"], facts["previous"]) for facts in listed] == [
        (versions[0], False, True),
        (versions[1], False, False),
        (versions[2], True, False),
    ]
    assert [(facts["rows"], facts["micro_f1"]) for facts in listed] == [(300, 0.7), (None, None), (300, 0.71)]
    assert [facts["fault"] is None for facts in listed] == [True, False, True]
    assert all(datetime.fromisoformat(facts["written"]).utcoffset() is not None for facts in listed)


def test_models_list_shows_the_versions_where_none_is_in_use(models: Path, versions: list[str]) -> None:
    code, out, err = run("models", "list", "--models", models)
    assert code == 1
    assert sorted(line.split()[0] for line in out.splitlines()) == sorted(versions)
    assert one_sentence(err, "has no file `current`")


def test_models_list_of_one_version(models: Path, versions: list[str]) -> None:
    code, out, err = run("models", "list", "--models", models / versions[0])
    assert (code, err) == (0, "")
    assert out.startswith(f"  {versions[0]}  300 rows")


def test_models_prune_prints_what_goes(models: Path, versions: list[str]) -> None:
    run("models", "promote", versions[0], "--models", models)
    oldest_first = versions_in(models)
    assert run("models", "prune", "--models", models) == (0, "", "")
    gone = [version for version in oldest_first[:2] if version != versions[0]]
    expected = (0, "".join(f"{version}\n" for version in gone), "")
    assert run("models", "prune", "--keep", 1, "--dry-run", "--models", models) == expected
    assert versions_in(models) == oldest_first
    assert run("models", "prune", "--keep", 1, "--models", models) == expected
    assert versions_in(models) == [version for version in oldest_first if version not in gone]
    assert run("models", "prune", "--keep", -1, "--models", models)[0] == 2


@pytest.mark.parametrize(
    ("verb", "call"),
    [
        *((verb, call) for verb in ("promote", "rollback") for call in ("open", "replace", "fsync")),
        *(("prune", call) for call in ("open", "rename", "fsync")),
    ],
)
def test_a_disk_that_refuses_is_told_in_one_sentence(
    models: Path, versions: list[str], monkeypatch: pytest.MonkeyPatch, verb: str, call: str
) -> None:
    for version in (versions[0], versions[2]):
        run("models", "promote", version, "--models", models)
    before = used_versions(models)
    arguments = {"promote": [versions[0]], "rollback": [], "prune": ["--keep", 0]}[verb]
    monkeypatch.setattr(os, call, refusing(getattr(os, call), models))
    code, out, err = run("models", verb, *arguments, "--models", models)
    assert (code, out) == (1, "")
    assert one_sentence(err, f"{models} can't be changed: Permission denied: check its disk and rights")
    assert used_versions(models) == before


def refusing(call: Callable[..., Any], models: Path) -> Callable[..., Any]:
    """`call` as it is for a user who may only read `models`; root, as whom tests may run, may always write."""

    def read_only(place: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(place, int) or Path(place).is_relative_to(models):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
        return call(place, *arguments, **named)

    return read_only


def one_sentence(err: str, says: str) -> bool:
    return err.startswith("error: ") and err.endswith(".\n") and err.count("\n") == 1 and says in err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("models", "list", "--models", "nowhere"), 1, "error: nowhere"),
        (("models", "promote", "../default", "--models", "models/default"), 1, "error: '../default' is no version"),
        (("models", "promote", "000000000000", "--models", "nowhere"), 1, "error: nowhere is no folder of versions"),
        (("models", "rollback", "--models", "nowhere"), 1, "error: nowhere is no folder of versions"),
        (("models", "prune", "--models", "nowhere"), 1, "error: nowhere is no folder of versions"),
        (("models", "promote"), 2, "VERSION"),
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
