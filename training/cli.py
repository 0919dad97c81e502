"""The command `rasid-train`: check a labelled CSV, fit a model, evaluate it. Progress on stderr; exit 0, 1 or 2."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.cli import DEFAULT_MODELS, ModelsFolder, told_errors
from app.tagger import Tagger
from app.tagger.bundle import write_bundle
from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from app.tagger.versions import set_current
from training.metrics import Evaluation
from training.read import ReadOptions, load_labelled
from training.rows import LabelledData, default_weights, merged
from training.topics_file import load_phrases, load_topics

app = typer.Typer(help="From a labelled CSV to a model.", no_args_is_help=True, add_completion=False)

Csv = Annotated[Path, typer.Argument(help="labelled CSV: columns text and labels, or one 0/1 column per topic")]
TopicsFile = Annotated[Path, typer.Option("--topics", help="CSV of topics: id, name_ar, name_en …")]
Encoding = Annotated[str | None, typer.Option(help="of the CSV, if not UTF-8 or UTF-16: for instance windows-1256")]
DEFAULT_TOPICS = Path("data/topics.csv")
DEFAULT_LEXICON = Path("data/lexicon.csv")


def main() -> None:
    """Entry point of the command."""
    app()


@app.command()
def check(csv: Csv, topics: TopicsFile = DEFAULT_TOPICS, encoding: Encoding = None) -> None:
    """Say how many rows can be used, per topic, and why the others can't; exit 1 if any is refused."""
    with told_errors():
        known = load_topics(topics)
        data = load_labelled(csv, known, ReadOptions(encoding))
    for refusal in data.refusals:
        typer.echo(str(refusal))
    accepted, refused = len(data.rows), len(data.refusals)
    typer.echo(f"{accepted + refused} rows: {accepted} accepted, {refused} refused")
    for topic in known:
        typer.echo(f"{sum(topic.id in row.labels for row in data.rows):6d}  {topic.id}")
    typer.echo(f"{sum(not row.labels for row in data.rows):6d}  no topic")
    raise typer.Exit(int(bool(refused)))


@app.command()
def fit(
    csvs: Annotated[list[Path], typer.Argument(help="labelled CSVs", metavar="CSV…")],
    weights: Annotated[
        list[float] | None,
        typer.Option("--weight", min=0.01, help="how much a row of each CSV counts, in their order", metavar="NUMBER"),
    ] = None,
    topics: TopicsFile = DEFAULT_TOPICS,
    out: Annotated[Path, typer.Option(help="folder of the model's versions")] = DEFAULT_MODELS,
    lexicon: Annotated[Path | None, typer.Option(help="CSV of standing phrases: topic, phrase")] = DEFAULT_LEXICON,
    best_thresholds: Annotated[
        bool, typer.Option("--best-thresholds", help="each topic's best threshold on held-out rows instead of 0.3")
    ] = False,
    encoding: Encoding = None,
    jobs: Annotated[int, typer.Option(help="processor cores to use; -1 is all")] = -1,
) -> None:
    """Fit a model, write its bundle, make it the current version and print the version.

    With several CSVs, rows of the first count 1 and rows of the others 10, unless --weight is given once for each.
    """
    from training.fit import FitOptions
    from training.fit import fit as fit_model

    if weights is not None and len(weights) != len(csvs):
        raise typer.BadParameter(f"{len(weights)} times --weight for {len(csvs)} CSVs: give it once for each")
    with told_errors():
        known = load_topics(topics)
        parts = [_accepted(csv, known, encoding) for csv in csvs]
        data = merged(list(zip(parts, weights or default_weights(len(parts)), strict=True)))
        with _progress_bar() as bar:
            tasks: dict[str, TaskID] = {}

            def show(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    tasks[stage] = bar.add_task(stage, total=total)
                bar.update(tasks[stage], completed=done)

            phrases = load_phrases(lexicon) if lexicon else {}
            options = FitOptions(jobs=jobs)
            if best_thresholds:
                options = replace(options, expected_f1=None)
            bundle = fit_model(data, known, phrases, options, show)
        version = write_bundle(bundle, out)
        set_current(out, version)
    measured = bundle.training["cross_validation"]
    _note(
        f"cross-validated micro-F1 {measured['micro_f1']:.3f}, macro-F1 {measured['macro_f1']:.3f}; "
        f"wrote {out / version}"
    )
    typer.echo(version)


@app.command()
def evaluate(
    csv: Csv,
    models: ModelsFolder = DEFAULT_MODELS,
    topics: TopicsFile = DEFAULT_TOPICS,
    training_csv: Annotated[Path, typer.Option("--training", help="rows for the baselines")] = Path(
        "data/passages.csv"
    ),
    baselines: Annotated[bool, typer.Option(help="fit and measure the baselines too")] = True,
    encoding: Encoding = None,
    as_json: Annotated[bool, typer.Option("--json", help="numbers as JSON")] = False,
) -> None:
    """Measure a model on labelled rows, beside majority, keywords and scikit-learn's plain pipeline."""
    from training.evaluate import evaluate as evaluate_model
    from training.evaluate import evaluate_baselines

    with told_errors():
        tagger = Tagger.open(models)
        data = _accepted(csv, tagger.topics, encoding)
        results = {f"rasid {tagger.version}": evaluate_model(tagger, data)}
        if baselines:
            with_keywords = load_topics(topics)
            if [topic.id for topic in with_keywords] != [topic.id for topic in tagger.topics]:
                raise LabelledDataError(f"{topics} has other topics than the model: give --topics or --no-baselines.")
            _note("fit the baselines …")
            results |= evaluate_baselines(with_keywords, _accepted(training_csv, with_keywords, None), data)
    if as_json:
        typer.echo(json.dumps({name: found.summary() for name, found in results.items()}, ensure_ascii=False, indent=1))
    else:
        _print_results(results)


def _accepted(csv: Path, topics: tuple[Topic, ...], encoding: str | None) -> LabelledData:
    data = load_labelled(csv, topics, ReadOptions(encoding))
    if data.refusals:
        _note(f"{len(data.refusals)} rows of {csv} are refused; the first: {data.refusals[0]}")
    if not data.rows:
        raise LabelledDataError(f"{csv} has no row that can be used: see `rasid-train check {csv}`.")
    return data


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _note(message: str) -> None:
    typer.echo(message, err=True)


def _print_results(results: dict[str, Evaluation]) -> None:
    overview = Table("", "micro P", "micro R", "micro F1", "macro F1", "exact", "no topic", "ECE")
    for name, found in results.items():
        values = (found.micro_precision, found.micro_recall, found.micro_f1, found.macro_f1, found.exact_match)
        overview.add_row(name, *map(_shown, (*values, found.no_topic, found.calibration_error)))
    by_topic = Table("topic", "rows", "P", "R", "F1", *(f"F1 {name}" for name in list(results)[1:]))
    own, *others = results.values()
    for place, topic in enumerate(own.topics):
        numbers = (topic.precision, topic.recall, topic.f1, *(found.topics[place].f1 for found in others))
        by_topic.add_row(topic.topic, str(topic.support), *map(_shown, numbers))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(overview, by_topic)
    console.print(f"{own.rows} rows; macro F1 over topics with 5 or more of them; P and R are precision and recall.")


def _shown(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"
