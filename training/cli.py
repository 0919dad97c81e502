"""The command `rasid-train`: check, fit, evaluate, compare, convert, export. Progress on stderr; exit 0, 1 or 2."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from app.console import DEFAULT_MODELS, ModelsFolder, told_errors
from app.tagger import Tagger
from app.tagger.errors import InputError
from training.check import check as check_file
from training.check import write_fixed
from training.console import Csv, Encoding, FromLabels, LabelsColumn, TextName, TopicsFile, note, told_topics
from training.convert import FORMATS, load_converted, write_converted
from training.evaluate_cli import compare, evaluate
from training.export import export_joblib
from training.fit_cli import fit
from training.read import ReadOptions
from training.rows import Finding

app = typer.Typer(help="From a labelled CSV to a model.", no_args_is_help=True, add_completion=False)
_SHOWN = 20


def main() -> None:
    """Entry point of the command."""
    app()


@app.command()
def check(
    csv: Csv,
    topics: TopicsFile = None,
    from_labels: FromLabels = False,
    encoding: Encoding = None,
    text_column: TextName = None,
    labels_column: LabelsColumn = None,
    fix: Annotated[Path | None, typer.Option(help="write the clean file here, refused rows beside it")] = None,
    format: Annotated[str, typer.Option(help="text or json")] = "text",
    show_all: Annotated[bool, typer.Option("--all", help="every finding, not 20 of a kind")] = False,
) -> None:
    """Say what is wrong with a labelled CSV, line by line, and how to mend it; exit 1 if a row is refused."""
    if format not in ("text", "json"):
        raise typer.BadParameter("--format is text or json")
    with told_errors():
        known = told_topics(topics, from_labels)
        checked = check_file(csv, known, ReadOptions(encoding, text_column, labels_column, unscramble=fix is not None))
        if fix:
            if fix.exists() and fix.samefile(csv):
                raise InputError(f"{fix} is the file itself: give --fix another name.")
            note(f"wrote {fix} and {write_fixed(checked, fix)}")
    summary = checked.summary()
    if format == "json":
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=1))
    else:
        _print_findings("refused", checked.data.refusals, show_all)
        _print_findings("warning", checked.warnings, show_all)
        typer.echo(f"{summary['rows']} rows: {summary['accepted']} accepted, {summary['refused']} refused")
        typer.echo(f"read as {summary['encoding']}, columns parted by {summary['delimiter']!r}")
        for topic in [topic.id for topic in known] if known else summary["topics"]:
            typer.echo(f"{summary['topics'].get(topic, 0):6d}  {topic}")
        typer.echo(f"{summary['no_topic']:6d}  no topic")
        if known and not checked.data.rows:
            note("No row has a topic that is known: topics of your own need --topics FILE or --topics-from-labels.")
    raise typer.Exit(int(bool(checked.data.refusals)))


app.command()(fit)
app.command()(evaluate)
app.command()(compare)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="labelled file of any of the formats")],
    target: Annotated[Path, typer.Argument(help="file to write")],
    source_format: Annotated[str | None, typer.Option("--from", help=f"one of {', '.join(FORMATS)}")] = None,
    target_format: Annotated[str | None, typer.Option("--to", help="one of the same; else told by the name")] = None,
) -> None:
    """Bring labelled rows from another tool, or take them there; exit 1 if a row is refused."""
    with told_errors():
        data = load_converted(source, source_format)
        for line in write_converted(data.rows, target, target_format):
            note(line)
    _print_findings("refused", data.refusals, show_all=False)
    typer.echo(f"{data.rows_in} rows: {len(data.rows)} written, {len(data.refusals)} refused")
    raise typer.Exit(int(bool(data.refusals)))


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="file to write, for instance model.joblib")],
    models: ModelsFolder = DEFAULT_MODELS,
    format: Annotated[str, typer.Option(help="joblib: a scikit-learn pipeline for notebooks")] = "joblib",
) -> None:
    """Write the model as a scikit-learn pipeline that opens without Rasid. It's a pickle: open only your own."""
    if format != "joblib":
        raise typer.BadParameter("--format is joblib")
    with told_errors():
        export_joblib(Tagger.open(models), out)
    note(f"wrote {out}")


def _print_findings(kind: str, findings: tuple[Finding, ...], show_all: bool) -> None:
    shown: Counter[str] = Counter()
    for finding in findings:
        shown[finding.code] += 1
        if show_all or shown[finding.code] <= _SHOWN:
            typer.echo(f"{kind}: {finding}")
    for code, count in shown.items():
        if not show_all and count > _SHOWN:
            typer.echo(f"{kind}: {count - _SHOWN} more of the kind {code}; --all shows them")
