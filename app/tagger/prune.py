"""Removes versions that nobody will need and what crashes left."""

from pathlib import Path

from app.tagger.folders import remove_folder, remove_leftovers
from app.tagger.versions import changing, used_versions, versions_in


def prunable(models: Path, keep: int) -> list[str]:
    """The versions that `prune` would remove, oldest first.

    They are neither in use nor the one that rollback would take nor among the `keep` newest.
    """
    kept = set(used_versions(models)[:2])
    versions = versions_in(models)
    return [version for version in versions[: max(0, len(versions) - keep)] if version not in kept]


def prune(models: Path, keep: int) -> list[str]:
    """Remove the prunable versions and the leftovers of crashes; return the versions removed, oldest first."""
    with changing(models):
        versions = prunable(models, keep)
        remove_leftovers(models)
        for version in versions:
            remove_folder(models / version)
    return versions
