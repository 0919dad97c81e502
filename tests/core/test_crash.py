"""Whatever fails or is killed while versions are written, promoted, rolled back or pruned: the old state or the new."""

import os
import random
import re
import resource
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from app.tagger import BundleError, Tagger
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.promotion import promote, rollback
from app.tagger.prune import prune
from app.tagger.types import Topic
from app.tagger.versions import used_versions, versions_in
from tests.core.breaking import CALLS, Fault, failing, forked, hidden_in, leave_like_a_crash
from training import FitOptions, LabelledData, fit

KILLS = 220


@dataclass(frozen=True)
class State:
    """What counts of a model's folder."""

    used: tuple[str, ...]
    versions: frozenset[str]


def state_of(models: Path) -> State:
    """The state of a folder, after opening every version listed and the one in use: none may be half there."""
    used: tuple[str, ...] = ()
    if (models / "current").exists():
        used = used_versions(models)
        assert Tagger.open(models).version == used[0]
    versions = versions_in(models) if models.exists() else []
    for version in versions:
        Tagger.open(models / version)
    return State(used, frozenset(versions))


@dataclass(frozen=True)
class Story:
    """A command, and the folder that it starts from."""

    before: Callable[[Path, list[Bundle]], object]
    command: Callable[[Path, list[Bundle]], object]


def written(models: Path, bundles: list[Bundle]) -> list[str]:
    return [write_bundle(bundle, models) for bundle in bundles]


def one_in_use(models: Path, bundles: list[Bundle]) -> None:
    promote(models, written(models, bundles[:1])[0])


def one_in_use_and_leftovers(models: Path, bundles: list[Bundle]) -> None:
    one_in_use(models, bundles)
    leave_like_a_crash(models)


def one_in_use_of_two(models: Path, bundles: list[Bundle]) -> None:
    promote(models, written(models, bundles[:2])[0])


def two_used_of_four(models: Path, bundles: list[Bundle]) -> None:
    versions = written(models, bundles)
    promote(models, versions[0])
    promote(models, versions[1])
    leave_like_a_crash(models)


def one_damaged(models: Path, bundles: list[Bundle]) -> None:
    one_in_use(models, bundles)
    for name in ("words.txt", "manifest.json"):
        (models / used_versions(models)[0] / name).unlink()


STORIES = {
    "write": Story(one_in_use_and_leftovers, lambda models, bundles: write_bundle(bundles[1], models)),
    "first": Story(lambda models, _: None, one_in_use),
    "promote": Story(one_in_use_of_two, lambda models, bundles: promote(models, version_of(bundles[1], models))),
    "rollback": Story(two_used_of_four, lambda models, _: rollback(models)),
    "prune": Story(two_used_of_four, lambda models, _: prune(models, keep=0)),
    "mend": Story(one_damaged, lambda models, bundles: write_bundle(bundles[0], models)),
}


SILENT = {
    ("first", "unlink"),
    *((name, kind) for name in ("promote", "rollback") for kind in ("mkdir", "unlink")),
    *(("prune", kind) for kind in ("mkdir", "write")),
}
"""Commands that never make such a call."""


def version_of(bundle: Bundle, models: Path) -> str:
    (found,) = (name for name in versions_in(models) if (models / name / "card.md").read_text("utf-8") == bundle.card)
    return found


@pytest.fixture(scope="module")
def bundles(tiny_data: LabelledData, tiny_topics: tuple[Topic, ...]) -> list[Bundle]:
    """Four bundles that are written and opened in a few milliseconds, so that many faults can be tried."""
    bundle = fit(LabelledData(tiny_data.rows[:80], (), "0" * 64), tiny_topics, {}, FitOptions(folds=3, jobs=1))
    return [replace(bundle, card=f"card {number}", golden=bundle.golden[:2]) for number in range(4)]


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in STORIES for kind in ("write", *CALLS) if (name, kind) not in SILENT]
)
def test_a_failing_disk_leaves_the_old_state_or_the_new(
    tmp_path: Path, bundles: list[Bundle], name: str, kind: str
) -> None:
    story = STORIES[name]
    (tmp_path / "before").mkdir()
    story.before(tmp_path / "before" / "tiny", bundles)
    models = copied(tmp_path, "whole")
    counted = Fault(0, lasting=False)
    with failing(kind, counted):
        story.command(models, bundles)
    after = state_of(models)
    assert counted.calls > 0
    for nth in range(1, counted.calls + 1):
        for lasting in (False, True):
            models = copied(tmp_path, f"{nth}-{lasting}")
            told = fault_told(story, models, bundles, kind, Fault(nth, lasting))
            done = is_done(name, models, after)
            assert (told is None and done) or (told is not None and re.fullmatch(r".+: .+\.", told))
            if not done:
                story.command(models, bundles)
            assert state_of(models) == after
            prune(models, keep=9)
            assert hidden_in(models) == set()
            shutil.rmtree(models.parent)


def copied(tmp_path: Path, name: str) -> Path:
    shutil.copytree(tmp_path / "before", tmp_path / name, copy_function=os.link)
    for file in (tmp_path / name).glob("tiny/*.jsonl"):
        # The history is the one file that grows in place, so it can't be shared with the original.
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content)
    return tmp_path / name / "tiny"


def fault_told(story: Story, models: Path, bundles: list[Bundle], kind: str, fault: Fault) -> str | None:
    with failing(kind, fault):
        try:
            story.command(models, bundles)
        except BundleError as told:
            return str(told)
    return None


def is_done(name: str, models: Path, after: State) -> bool:
    """Whether the state is the new one; fails if it is neither that nor the old one."""
    if name == "mend" and not versions_in(models):
        return False
    state = state_of(models)
    if name == "prune":
        # Each version pruned is a step of its own.
        assert state.used == after.used
        assert state.versions >= after.versions
    elif name == "first":
        assert state in (State((), frozenset()), State((), after.versions), after)
    elif state != after:
        assert state == state_of(models.parent.parent / "before" / "tiny")
    return state == after


@pytest.mark.parametrize("bytes_a_file", [0, 1_000, 10_000, 60_000])
def test_a_file_that_the_system_cuts_short_is_told_in_a_sentence(
    tmp_path: Path, bundles: list[Bundle], bytes_a_file: int
) -> None:
    models = tmp_path / "tiny"
    one_in_use(models, bundles)
    before = state_of(models)
    model = bundles[1].model
    # The only file over 60,000 bytes is now an array, which NumPy writes and whose errors have no number.
    large = replace(bundles[1], model=replace(model, ngram_weights=model.ngram_weights.astype(np.float64)))

    def told() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, resource.RLIM_INFINITY))
        try:
            write_bundle(large, models)
        except BundleError as fault:
            return 1 if str(fault).endswith("check its disk and rights, then try again.") else 2
        return 0

    _, status = os.waitpid(forked(told), 0)
    assert os.WEXITSTATUS(status) == 1
    assert state_of(models) == before
    assert hidden_in(models) == set()


def test_kills_at_any_time_leave_a_version_in_use_that_opens(tmp_path: Path, bundles: list[Bundle]) -> None:
    models = tmp_path / "tiny"
    one_in_use(models, bundles)
    chance = random.Random(7)
    left: set[str] = set()
    used: set[tuple[str, ...]] = set()
    started = time.monotonic()
    promote(models, write_bundle(bundles[1], models), "to see how long steps take on this machine")
    longest_s = 2 * (time.monotonic() - started)
    for number in range(KILLS):
        child = forked(lambda seed=number: work_forever(models, bundles, seed))  # type: ignore[misc]
        time.sleep(chance.uniform(0, longest_s))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child ended by itself"
        left |= {name.split("-")[0] for name in hidden_in(models)}
        used.add(state_of(models).used)
    assert ".writing" in left, "no kill met a writer"
    assert len(used) > 2, "no kill came after a step"
    prune(models, keep=0)
    assert hidden_in(models) == set()
    assert {path.name for path in models.iterdir()} <= {*used_versions(models)[:2], "current", "history.jsonl", ".lock"}


def work_forever(models: Path, bundles: list[Bundle], seed: int) -> int:
    chance = random.Random(seed)
    while True:
        work = chance.choice(("write", "promote", "rollback", "prune"))
        if work == "write":
            write_bundle(chance.choice(bundles), models)
        elif work == "promote":
            promote(models, chance.choice(versions_in(models)), "by chance")
        elif work == "rollback":
            # There may be no version before, or it was pruned.
            with suppress(BundleError):
                rollback(models)
        elif chance.random() < 0.3:
            prune(models, keep=0)
