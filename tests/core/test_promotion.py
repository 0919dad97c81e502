import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.tagger import BundleError
from app.tagger.bundle import Bundle, Golden, write_bundle
from app.tagger.promotion import WorseVersionError, promote
from app.tagger.versions import current_version, used_versions
from tests.core.test_versions import history


def with_f1(bundle: Bundle, micro_f1: float | None) -> Bundle:
    measured = {"rows": 300} if micro_f1 is None else {"rows": 300, "micro_f1": micro_f1}
    return replace(bundle, training={**bundle.training, "cross_validation": measured})


def test_a_version_that_does_not_open_is_refused_even_by_force(
    models: Path, versions: list[str], tiny_bundle: Bundle
) -> None:
    promote(models, versions[0])
    (models / versions[1] / "card.md").write_bytes(b"other")
    golden = Golden(tiny_bundle.golden[0].text, tuple(1 - score for score in tiny_bundle.golden[0].scores))
    wrong = write_bundle(replace(tiny_bundle, golden=(golden,)), models)
    for version, says in ((versions[1], "card.md was changed"), (wrong, "golden"), ("0" * 12, "can't be read")):
        with pytest.raises(BundleError, match=says) as fault:
            promote(models, version, "I insist")
        assert not isinstance(fault.value, WorseVersionError)
    assert used_versions(models) == (versions[0],)


@pytest.mark.parametrize("version", ["", "..", "../tiny", "current", "ABCDEF012345", "0123456789abc", "a\nb"])
def test_names_that_are_no_versions_are_refused(models: Path, versions: list[str], version: str) -> None:
    with pytest.raises(BundleError, match=r"^'.*' is no version: `rasid models list` shows those there are\.$"):
        promote(models, version)
    assert not (models / "current").exists()


def test_a_worse_version_is_refused_unless_forced(models: Path, tiny_bundle: Bundle) -> None:
    good, bad = (write_bundle(with_f1(tiny_bundle, f1), models) for f1 in (0.7, 0.6899))
    promote(models, good)
    for force in (None, "", "  "):
        with pytest.raises(WorseVersionError) as fault:
            promote(models, bad, force)
    assert str(fault.value) == (
        f"{bad} has a cross-validated micro-F1 of 0.690 and {good}, the version in use, 0.700: "
        "measure both with `rasid-train compare` or force it with `--force REASON`."
    )
    assert current_version(models) == good
    promote(models, bad, "fewer false alarms")
    assert current_version(models) == bad
    assert history(models)[-1]["reason"] == "fewer false alarms"


@pytest.mark.parametrize(("then", "now"), [(0.66, 0.65), (0.66, 0.9), (0.66, None), (None, 0.1)])
def test_a_version_that_is_hardly_worse_or_cannot_be_compared_is_let_in(
    models: Path, tiny_bundle: Bundle, then: float | None, now: float | None
) -> None:
    promote(models, write_bundle(with_f1(tiny_bundle, then), models))
    version = write_bundle(with_f1(tiny_bundle, now), models)
    promote(models, version)
    assert current_version(models) == version


def test_a_version_that_lacks_a_topic_is_refused_unless_forced(models: Path, tiny_bundle: Bundle) -> None:
    renamed = (replace(tiny_bundle.topics[0], id="other"), *tiny_bundle.topics[1:])
    old, new = (write_bundle(bundle, models) for bundle in (tiny_bundle, replace(tiny_bundle, topics=renamed)))
    promote(models, old)
    with pytest.raises(
        WorseVersionError, match=rf"^{new} lacks 1 topics of {old}.*\({tiny_bundle.topics[0].id}\).*\.$"
    ):
        promote(models, new)
    promote(models, new, "renamed")
    assert current_version(models) == new


def test_a_damaged_version_in_use_stops_no_promotion(models: Path, tiny_bundle: Bundle) -> None:
    good, worse = (write_bundle(with_f1(tiny_bundle, f1), models) for f1 in (0.7, 0.5))
    promote(models, good)
    os.truncate(models / good / "words.txt", 9)
    promote(models, worse)
    assert used_versions(models) == (worse, good)
