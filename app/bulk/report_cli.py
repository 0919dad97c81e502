"""The verb `rasid report`."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from app.bulk.installed import require_bulk
from app.console import told_errors


def report(
    inputs: Annotated[list[Path], typer.Argument(help="folders or files that `rasid tag` wrote", metavar="DIR|FILE…")],
    out: Annotated[Path, typer.Option(help="the page; the CSVs go beside it")] = Path("report.html"),
    by: Annotated[str, typer.Option(help="week, month, year or auto")] = "auto",
    title: Annotated[str | None, typer.Option(help="what the archive is called; the first input's name")] = None,
) -> None:
    """Write what an archive shows: one HTML page and, beside it, the same numbers as CSVs. Prints their paths.

    Topics over time and by source, topics that go together, rising and falling ones, typical passages, and how much
    the model didn't know.
    """
    with told_errors():
        require_bulk()
        from app.bulk.archive_tables import write_tables
        from app.bulk.counts import counts_of
        from app.bulk.dates import Period, fitting_period
        from app.bulk.page import archive_page
        from app.bulk.tagged_files import tagged_files, tagged_tables, topics_of
        from app.bulk.writing import told_disk_faults
        from app.tagger.durable import replace_file

        if by not in (*get_args(Period), "auto"):
            raise typer.BadParameter("--by is week, month, year or auto")
        files = tagged_files(inputs)
        counts = counts_of(tagged_tables(files), topics_of(files))
        period: Period = fitting_period(list(counts.days)) if by == "auto" else by  # type: ignore[assignment]
        with told_disk_faults(out):
            replace_file(out, archive_page(counts, period, title or inputs[0].name).encode())
        for path in (out, *write_tables(counts, period, out)):
            typer.echo(path)
