"""The verb `rasid tag`."""

import codecs
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from app.bulk.installed import require_bulk
from app.console import DEFAULT_MODELS, ModelsFolder, told_errors
from app.tagger import InputError

_INTERRUPTED = 130


def tag(
    inputs: Annotated[list[str], typer.Argument(help="files, folders, globs or URLs such as s3://…", metavar="IN…")],
    out: Annotated[Path, typer.Option(help="folder for the tagged passages; a run there goes on")],
    models: ModelsFolder = DEFAULT_MODELS,
    text_column: Annotated[str, typer.Option(help="the column of the texts")] = "text",
    id_column: Annotated[str | None, typer.Option(help="the column of ids; `id` if it's there")] = None,
    date_column: Annotated[str | None, typer.Option(help="the column of dates; `date` if it's there")] = None,
    source_column: Annotated[str | None, typer.Option(help="the column of sources; `source` if it's there")] = None,
    encoding: Annotated[str, typer.Option(help="of CSV, JSONL and text files")] = "utf-8",
    input_format: Annotated[
        str | None, typer.Option(help="csv, jsonl, parquet or text; by the ending if left out")
    ] = None,
    segment: Annotated[
        str, typer.Option(help="paragraph: rows are articles to cut; none: rows are passages")
    ] = "paragraph",
    format: Annotated[str, typer.Option(help="parquet, csv or jsonl")] = "parquet",
    keep_text: Annotated[bool, typer.Option("--keep-text", help="write the passages' text too")] = False,
    all_scores: Annotated[bool, typer.Option("--all-scores", help="write the scores of all topics too")] = False,
    jobs: Annotated[int, typer.Option(help="processes; -1 is one a processor core")] = 1,
    dask: Annotated[str | None, typer.Option(help="address of a Dask scheduler to tag on", metavar="ADDRESS")] = None,
    max_errors: Annotated[int | None, typer.Option(min=0, help="stop past so many bad rows; never if left out")] = None,
    progress: Annotated[str, typer.Option(help="bar, json (a line a second) or none")] = "bar",
) -> None:
    """Tag an archive: one output file for each input file. The same command again goes on where it stopped.

    Bad rows are listed under OUT/errors with file, line and reason. Exit code 0 means that every file was read to its
    end, with bad rows or without; 1 that the run stopped or a file couldn't be used.
    """
    given = {"id": id_column, "date": date_column, "source": source_column}
    named = {what: column for what, column in given.items() if column is not None}
    with told_errors():
        require_bulk()
        from app.bulk.archive_run import ArchiveRun, tag_archive
        from app.bulk.inputs import InputFormat
        from app.bulk.plan import OutputFormat, TagPlan, pinned_bundle
        from app.bulk.progress import ProgressStyle
        from app.bulk.rows import Columns
        from app.bulk.stores import is_url
        from app.tagger.tagger import Segmentation

        _check(encoding, jobs)
        if is_url(out):
            raise InputError(f"--out {out} is a URL: give a folder of this machine and copy it when the run is done.")
        columns = Columns(text=text_column, **named, named=frozenset(named), encoding=encoding)
        chosen = _one_of(segment, Segmentation, "--segment")
        archive = ArchiveRun(
            inputs=tuple(inputs),
            input_format=None if input_format is None else _one_of(input_format, InputFormat, "--input-format"),
            out=out,
            format=_one_of(format, OutputFormat, "--format"),
            plan=TagPlan(pinned_bundle(models), columns, chosen, keep_text, all_scores),
            jobs=jobs,
            dask=dask,
            max_bad_rows=max_errors,
            progress=_one_of(progress, ProgressStyle, "--progress"),
        )
        try:
            result = tag_archive(archive)
        except KeyboardInterrupt:
            typer.echo("stopped: the same command goes on from here", err=True)
            raise typer.Exit(_INTERRUPTED) from None
    for line in result.told(out):
        typer.echo(line, err=True)
    raise typer.Exit(int(bool(result.faults)))


def _one_of(value: str, choices: Any, option: str) -> Any:
    names = get_args(choices)
    if value not in names:
        raise typer.BadParameter(f"{option} is {', '.join(names[:-1])} or {names[-1]}")
    return value


def _check(encoding: str, jobs: int) -> None:
    if jobs == 0:
        raise typer.BadParameter("--jobs is 1 or more, or -1 for all processor cores")
    try:
        # Codecs such as hex decode to something else than text: encoding refuses them.
        "".encode(encoding)
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise InputError(f"{encoding!r} is no known encoding: try windows-1256 or utf-8.") from None
