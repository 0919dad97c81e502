"""The commands `rasid reviews ...`: reviews out of the store and back into it, without a running service."""

import json
import shutil
import sys
from contextlib import closing
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import IO, Annotated, TextIO

import typer

from app.console import DEFAULT_MODELS, ModelsFolder, told_errors
from app.tagger import InputError, Tagger

reviews_app = typer.Typer(
    help="Export and import reviews; RASID_STATE or RASID_DATABASE_URL names the store.", no_args_is_help=True
)


class Form(StrEnum):
    """The forms of an export."""

    CSV = "csv"
    EXCEL = "excel"
    JSON = "json"


@reviews_app.command("export")
def export_reviews(
    out: Annotated[str, typer.Argument(help="file to write; - is standard output", metavar="FILE")] = "-",
    form: Annotated[Form, typer.Option("--format", help="csv trains as it is; excel is safe to open")] = Form.CSV,
) -> None:
    """Write all reviews of one moment to a file."""
    from app.settings import read_settings
    from app.store.database import Store
    from app.store.export import exported

    with told_errors(), closing(Store(read_settings())) as store, exported(store, form.value) as content:
        if out == "-":
            shutil.copyfileobj(content, sys.stdout.buffer)
            return
        try:
            with Path(out).open("wb") as file:
                shutil.copyfileobj(content, file)
        except OSError as fault:
            raise InputError(f"{out} can't be written: {fault.strerror}; name another file.") from None


@reviews_app.command("import")
def import_reviews(
    source: Annotated[str, typer.Argument(help="CSV, or JSON of Rasid or Label Studio; - is standard input")],
    models: ModelsFolder = DEFAULT_MODELS,
    any_topic: Annotated[bool, typer.Option(help="take topics that the model doesn't have")] = False,
    saved_by: Annotated[str, typer.Option(help="name that the import goes by in the history")] = "import",
) -> None:
    """Bring reviews into the store and print what was done; exit 1 if a row was refused."""
    from app.settings import read_settings
    from app.store.database import Store
    from app.store.importing import ImportContext, import_reviews
    from app.store.json_rows import json_rows
    from app.store.upload import Faults, csv_rows, decoded

    with told_errors():
        tagger, faults = Tagger.open(models), Faults()
        with _opened(source) as file:
            content = decoded(file, "")
            if source.endswith(".json"):
                rows = json_rows(_items(content, source), tagger.topics, faults)
            else:
                rows = csv_rows(content, faults)
            with closing(Store(read_settings())) as store:
                done = import_reviews(store, rows, ImportContext(saved_by, tagger, any_topic), faults)
            content.close()
    for row in done.errors:
        typer.echo(f"line {row.line}, column {row.column!r}: {row.reason}", err=True)
    typer.echo(f"{done.created} created, {done.changed} changed, {done.unchanged} unchanged, {done.refused} refused")
    raise typer.Exit(int(done.refused > 0))


def _opened(source: str) -> IO[bytes]:
    try:
        # A copy, since a pipe can't be read twice from its beginning.
        return BytesIO(sys.stdin.buffer.read()) if source == "-" else Path(source).open("rb")
    except OSError as fault:
        raise InputError(f"{source} can't be read: {fault.strerror}; name a CSV or JSON file.") from None


def _items(content: TextIO, source: str) -> list[object]:
    try:
        items = json.load(content)
    except ValueError:
        items = None
    if not isinstance(items, list):
        raise InputError(f"{source} isn't a JSON list of reviews or tasks: export it again.")
    return items
