"""The verb `rasid sample`."""

from pathlib import Path
from typing import Annotated

import typer

from app.bulk.installed import require_bulk
from app.console import told_errors


def sample(
    inputs: Annotated[list[Path], typer.Argument(help="folders or files that `rasid tag` wrote", metavar="DIR|FILE…")],
    size: Annotated[int, typer.Option("--size", "-n", min=1, help="how many passages")] = 200,
    out: Annotated[Path | None, typer.Option(help="the CSV; standard output if left out")] = None,
) -> None:
    """Draw passages to label next and write them as a CSV for the review queue.

    Passages that the model is least sure of, unlike each other, evenly over topics and months. The archive must have
    been tagged with --keep-text.
    """
    with told_errors():
        require_bulk()
        from app.bulk.sample import drawn_from, sample_csv
        from app.bulk.tagged_files import tagged_files, tagged_tables
        from app.bulk.writing import told_disk_faults
        from app.tagger.durable import replace_file

        found = drawn_from(tagged_tables(tagged_files(inputs)), size)
        if out is None:
            typer.echo(sample_csv(found), nl=False)
        else:
            with told_disk_faults(out):
                replace_file(out, sample_csv(found))
            typer.echo(out)
    if len(found) < size:
        typer.echo(f"only {len(found)} passages are unsure and unlike enough", err=True)
