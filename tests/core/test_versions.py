import json
import os
import random
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.tagger import BundleError, Tagger
from app.tagger.promotion import promote, rollback
from app.tagger.prune import prune
from app.tagger.versions import current_version, set_current, used_versions, version_facts
from tests.core.breaking import forked


def history(models: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in (models / "history.jsonl").read_text("utf-8").splitlines()]


def test_promote_and_rollback_walk_through_the_versions(models: Path, versions: list[str]) -> None:
    first, second, third, _ = versions
    for version in (first, second, third):
        promote(models, version)
        assert Tagger.open(models).version == version
    assert (models / "current").read_text("ascii") == f"{third}\n{second}\n{first}\n"
    assert rollback(models) == second == current_version(models)
    assert rollback(models) == first == current_version(models)
    with pytest.raises(BundleError, match=r"no earlier version .* `rasid models promote`\.$"):
        rollback(models)
    assert current_version(models) == first


def test_the_history_tells_every_step(models: Path, versions: list[str]) -> None:
    first, second, *_ = versions
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    promote(models, first)
    promote(models, second, "Daten vom März")
    rollback(models)
    steps = history(models)
    assert [(step["action"], step["version"], step["replaced"], step["reason"]) for step in steps] == [
        ("promote", first, None, ""),
        ("promote", second, first, "Daten vom März"),
        ("rollback", first, second, ""),
    ]
    assert all(before <= datetime.fromisoformat(step["time"]) <= datetime.now(UTC) for step in steps)


def test_a_half_line_of_the_history_stays_alone(models: Path, versions: list[str]) -> None:
    promote(models, versions[0])
    with (models / "history.jsonl").open("ab") as file:
        file.write(b'{"time": "20')
    promote(models, versions[1])
    lines = (models / "history.jsonl").read_text("utf-8").splitlines()
    assert lines[1] == '{"time": "20'
    assert json.loads(lines[2])["version"] == versions[1]


def test_promoting_the_version_in_use_keeps_the_way_back(models: Path, versions: list[str]) -> None:
    promote(models, versions[0])
    promote(models, versions[1])
    promote(models, versions[1])
    assert used_versions(models) == (versions[1], versions[0])


def test_a_pointer_of_one_line_is_valid_and_a_long_one_is_cut(models: Path, versions: list[str]) -> None:
    (models / "current").write_text(versions[0], "ascii")
    assert Tagger.open(models).version == versions[0]
    for number in range(30):
        promote(models, versions[number % 2])
    lines = (models / "current").read_text("ascii").splitlines()
    assert lines == [versions[(number + 1) % 2] for number in range(20)]


@pytest.mark.parametrize("content", ["", "\xff", "../../etc\n"])
def test_promote_mends_a_damaged_pointer(models: Path, versions: list[str], content: str) -> None:
    (models / "current").write_text(content, "latin-1")
    promote(models, versions[0])
    assert used_versions(models) == (versions[0],)


@pytest.mark.parametrize("name", ["word_rows.npy", "manifest.json"])
def test_rollback_from_a_damaged_version_takes_less_than_a_second(models: Path, versions: list[str], name: str) -> None:
    promote(models, versions[0])
    promote(models, versions[1])
    os.truncate(models / versions[1] / name, 0)
    with pytest.raises(BundleError):
        Tagger.open(models)
    start = time.perf_counter()
    rollback(models)
    assert time.perf_counter() - start < 1
    assert Tagger.open(models).version == versions[0]


def test_rollback_from_a_removed_version(models: Path, versions: list[str]) -> None:
    promote(models, versions[0])
    promote(models, versions[1])
    shutil.rmtree(models / versions[1])
    assert rollback(models) == versions[0]


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda folder: shutil.rmtree(folder), r"the version to go back to, is gone: .*promote`\.$"),
        (lambda folder: os.truncate(folder / "words.txt", 9), r"words\.txt was changed"),
    ],
)
def test_rollback_to_a_lost_version_is_refused(models: Path, versions: list[str], harm: Any, says: str) -> None:
    promote(models, versions[0])
    promote(models, versions[1])
    harm(models / versions[0])
    with pytest.raises(BundleError, match=says):
        rollback(models)
    assert used_versions(models) == (versions[1], versions[0])
    assert len(history(models)) == 2


def test_rollback_takes_no_path_from_the_pointer(models: Path, versions: list[str]) -> None:
    (models / "current").write_text(f"{versions[0]}\n../tiny/{versions[1]}\n", "ascii")
    with pytest.raises(BundleError, match="is no version"):
        rollback(models)


def test_facts_tell_when_a_version_was_written(models: Path, versions: list[str]) -> None:
    facts = version_facts(models)
    assert [fact.version for fact in facts] == versions
    assert all(fact.written is not None and fact.written.tzinfo is UTC for fact in facts)
    assert [round(time.time() - fact.written.timestamp(), -1) for fact in facts if fact.written] == [40, 30, 20, 10]


def test_a_version_or_a_missing_folder_is_no_folder_of_versions(models: Path, versions: list[str]) -> None:
    for folder in (models / versions[0], models / "nowhere"):
        for change in (lambda: promote(folder, versions[0]), lambda: rollback(folder), lambda: prune(folder, keep=5)):  # noqa: B023
            with pytest.raises(BundleError, match="is no folder of versions"):
                change()
    assert not (models / versions[0] / ".lock").exists()


def test_processes_that_promote_and_roll_back_at_once_lose_no_step(models: Path, versions: list[str]) -> None:
    set_current(models, versions[0])
    children = [forked(lambda number=number: steps_taken(models, versions, number)) for number in range(8)]  # type: ignore[misc]
    taken = 0
    while children:
        Tagger.open(models)
        for child in list(children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                assert os.WIFEXITED(status)
                taken += os.WEXITSTATUS(status)
                children.remove(child)
    steps = history(models)
    assert len(steps) == taken >= 8
    assert {step["action"] for step in steps} == {"promote", "rollback"}
    assert used_versions(models) == replayed(steps, versions[0])


def steps_taken(models: Path, versions: list[str], seed: int) -> int:
    chance = random.Random(seed)
    taken = 0
    for _ in range(10):
        # Going back fails where others went back as far as it goes.
        with suppress(BundleError):
            if chance.random() < 0.6:
                promote(models, chance.choice(versions), "race")
            else:
                rollback(models)
            taken += 1
    return taken


def replayed(steps: list[Mapping[str, Any]], first: str) -> tuple[str, ...]:
    """The versions used after `steps`, latest first, if each step saw the one before it."""
    used = [first]
    for step in steps:
        assert step["replaced"] == used[0]
        if step["action"] == "rollback":
            used.pop(0)
        elif step["version"] != used[0]:
            used.insert(0, step["version"])
        assert step["version"] == used[0]
        del used[20:]
    return tuple(used)
