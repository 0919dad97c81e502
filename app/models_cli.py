"""The commands `rasid models ...`: which versions there are, which is in use, and how to change that."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.console import DEFAULT_MODELS, ModelsFolder, told_errors
from app.tagger import BundleError, RasidError, Tagger
from app.tagger.promotion import promote, rollback
from app.tagger.prune import prunable, prune
from app.tagger.versions import bundle_folder, used_versions, version_facts

models_app = typer.Typer(help="List, verify, promote, roll back and prune a model's versions.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version as `list` shows it; numbers are None where the manifest lacks them or can't be read."""

    version: str
    current: bool
    previous: bool
    rows: int | None
    micro_f1: float | None
    written: str | None
    fault: str | None

    def __str__(self) -> str:
        """One line to read."""
        mark = "*" if self.current else "‹" if self.previous else " "
        f1 = "no" if self.micro_f1 is None else f"{self.micro_f1:.3f}"
        numbers = f"{self.rows or '?'} rows, cross-validated micro-F1 {f1}"
        return f"{mark} {self.version}  {self.fault or numbers}, written {self.written or 'at an unknown time'}"


@models_app.command("list")
def list_models(
    models: ModelsFolder = DEFAULT_MODELS,
    as_json: Annotated[bool, typer.Option("--json", help="a JSON array instead of lines to read")] = False,
) -> None:
    """Print the versions, oldest first; * marks the one in use, ‹ the one that rollback would put in use."""
    with told_errors():
        listed = _listed(models)
        if as_json:
            typer.echo(json.dumps([asdict(version) for version in listed]))
        else:
            for version in listed:
                typer.echo(version)
        # A damaged `current` fails the command, but only after the versions that could take its place are shown.
        bundle_folder(models)


@models_app.command("show")
def show_model(
    version: Annotated[str | None, typer.Argument(help="the current version if left out")] = None,
    models: ModelsFolder = DEFAULT_MODELS,
) -> None:
    """Print a version's model card and the engine that scores."""
    with told_errors():
        tagger = Tagger.open(models / version if version else models)
        typer.echo(f"version {tagger.version}, engine {tagger.engine}\n")
        typer.echo(tagger.bundle.card)


@models_app.command("verify")
def verify_models(
    versions: Annotated[list[str] | None, typer.Argument(help="all versions if left out")] = None,
    models: ModelsFolder = DEFAULT_MODELS,
) -> None:
    """Check every byte, shape and golden passage; exit 1 if a version fails."""
    failed = False
    with told_errors():
        for version in versions or [facts.version for facts in version_facts(models)]:
            try:
                Tagger.open(models / version)
                typer.echo(f"{version}  ok")
            except RasidError as fault:
                typer.echo(f"{version}  {fault}")
                failed = True
    raise typer.Exit(int(failed))


@models_app.command("promote")
def promote_model(
    version: Annotated[str, typer.Argument(help="the version to put in use", metavar="VERSION")],
    models: ModelsFolder = DEFAULT_MODELS,
    force: Annotated[
        str | None, typer.Option(metavar="REASON", help="put a worse version in use; the reason goes into the history")
    ] = None,
) -> None:
    """Put a version in use and print it.

    Refused are a version that doesn't open because a byte, a shape or a golden passage is wrong, forced or not; and
    unless forced, a version that lacks a topic of the one in use, or whose cross-validated micro-F1 is more than 0.01
    under that of the one in use. A version in use that can't be opened stops nothing.
    """
    if force is not None and not force.strip():
        raise typer.BadParameter("--force wants a reason")
    with told_errors():
        promote(models, version, force)
    typer.echo(version)


@models_app.command("rollback")
def roll_back_model(models: ModelsFolder = DEFAULT_MODELS) -> None:
    """Put the version that the one in use replaced in use again and print it; the one in use may be damaged."""
    with told_errors():
        version = rollback(models)
    typer.echo(version)


@models_app.command("prune")
def prune_models(
    models: ModelsFolder = DEFAULT_MODELS,
    keep: Annotated[int, typer.Option(min=0, help="how many of the newest versions stay")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print what would go and remove nothing")] = False,
) -> None:
    """Remove old versions and what crashes left, and print the versions removed.

    The version in use and the one that rollback would put in use stay, however old they are.
    """
    with told_errors():
        for version in prunable(models, keep) if dry_run else prune(models, keep):
            typer.echo(version)


def _listed(models: Path) -> list[ListedVersion]:
    used: tuple[str, ...] = ()
    with suppress(BundleError):
        used = used_versions(models)
    listed = []
    for facts in version_facts(models):
        measured = facts.training.get("cross_validation", {})
        listed.append(
            ListedVersion(
                version=facts.version,
                current=facts.version in used[:1],
                previous=facts.version in used[1:2],
                rows=measured.get("rows"),
                micro_f1=measured.get("micro_f1"),
                written=facts.written.isoformat(timespec="seconds") if facts.written else None,
                fault=facts.fault,
            )
        )
    return listed
