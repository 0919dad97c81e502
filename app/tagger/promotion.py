"""Puts a version in use and takes it back: the rules and the order of the steps."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.tagger.errors import BundleError
from app.tagger.tagger import Tagger
from app.tagger.versions import (
    Step,
    changing,
    current_version,
    record,
    set_current,
    set_used,
    used_versions,
    version_folder,
)

MOST_LOSS = 0.01
"""The cross-validated micro-F1 that a version may lose against the one it replaces."""


class WorseVersionError(BundleError):
    """A version that opens but is worse than the one in use; force helps."""


def promote(models: Path, version: str, force: str | None = None) -> None:
    """Make `version` the one in use and remember the one it replaces.

    Refused are:

    1. with `BundleError`, whatever the force: a version that doesn't open because a byte, a shape or a golden passage
       is wrong;
    2. with `WorseVersionError`, unless there is a reason `force`: one that lacks a topic of the version in use, whose
       callers would miss it;
    3. likewise one whose cross-validated micro-F1 is more than 0.01 under that of the version in use. Where either
       has none, nothing is compared.

    A version in use that can't be opened stops nothing.
    """
    folder = version_folder(models, version)
    with changing(models):
        candidate = Tagger.open(folder)
        if not (force and force.strip()):
            _refuse_worse(candidate, models)
        replaced = set_current(models, version)
        record(models, Step(_now(), "promote", version, replaced, force or ""))


def rollback(models: Path) -> str:
    """Put the version that the one in use replaced in use again and return it.

    The version in use isn't opened, so it may be damaged; the one returned to is. Raises `BundleError` if there is none
    or if it doesn't open.
    """
    with changing(models):
        replaced, *earlier = used_versions(models)
        if not earlier:
            raise BundleError(f"{models} has no earlier version to go back to: choose one with `rasid models promote`.")
        version = earlier[0]
        folder = version_folder(models, version)
        if not folder.is_dir():
            raise BundleError(f"{folder}, the version to go back to, is gone: choose one with `rasid models promote`.")
        Tagger.open(folder)
        set_used(models, earlier)
        record(models, Step(_now(), "rollback", version, replaced))
    return version


def _refuse_worse(candidate: Tagger, models: Path) -> None:
    try:
        current = Tagger.open(models / current_version(models))
    except BundleError:
        return
    cure = "or force it with `--force REASON`"
    missing = sorted({topic.id for topic in current.topics} - {topic.id for topic in candidate.topics})
    if missing:
        raise WorseVersionError(
            f"{candidate.version} lacks {len(missing)} topics of {current.version}, the version in use "
            f"({', '.join(missing)}): fit it with these topics {cure}."
        )
    now, then = _micro_f1(candidate), _micro_f1(current)
    # Rounded, so that a loss of exactly MOST_LOSS isn't refused for its last binary digit.
    if now is not None and then is not None and round(then - now, 6) > MOST_LOSS:
        raise WorseVersionError(
            f"{candidate.version} has a cross-validated micro-F1 of {now:.3f} and {current.version}, the version in "
            f"use, {then:.3f}: measure both with `rasid-train compare` {cure}."
        )


def _micro_f1(tagger: Tagger) -> float | None:
    measured: dict[str, Any] = tagger.bundle.training.get("cross_validation", {})
    return measured.get("micro_f1")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
