"""What all commands share: how errors are told and which folder of models is meant."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.tagger import RasidError

ModelsFolder = Annotated[
    Path, typer.Option("--models", envvar="RASID_MODELS", help="folder of the model's versions, or of one version")
]
DEFAULT_MODELS = Path("models/default")


@contextmanager
def told_errors() -> Iterator[None]:
    """Turn an error raised on purpose into one sentence on stderr and exit code 1."""
    try:
        yield
    except RasidError as fault:
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(1) from None
