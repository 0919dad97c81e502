"""The verbs `rasid-train evaluate` and `compare`."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.console import DEFAULT_MODELS, ModelsFolder, told_errors
from app.tagger import Tagger
from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training.compare import compare as compare_models
from training.compare import rules
from training.console import (
    DEFAULT_LEXICON,
    DEFAULT_TOPICS,
    Csv,
    Encoding,
    LabelsColumn,
    TextName,
    TopicsFile,
    accepted,
    note,
    progress_shown,
)
from training.evaluate import evaluate_baselines
from training.evidence_csv import errors_csv, flips_csv
from training.judged import judged
from training.measurement import Measurement, measurement_of, metrics_json
from training.metrics import Evaluation
from training.output import write_output
from training.read import ReadOptions
from training.report import report_page
from training.suspects import cross_validated, suspicious_labels
from training.topics_file import load_phrases, load_topics


def evaluate(
    csv: Csv,
    models: ModelsFolder = DEFAULT_MODELS,
    topics: TopicsFile = None,
    training_csv: Annotated[Path, typer.Option("--training", help="rows for the baselines and suspects")] = Path(
        "data/passages.csv"
    ),
    baselines: Annotated[bool, typer.Option(help="fit and measure the baselines too")] = True,
    suspects: Annotated[bool, typer.Option("--suspects", help="find doubtful labels in the training rows")] = False,
    encoding: Encoding = None,
    text_column: TextName = None,
    labels_column: LabelsColumn = None,
    report: Annotated[Path | None, typer.Option(help="write one HTML page here")] = None,
    metrics: Annotated[Path | None, typer.Option(help="write all numbers here as JSON")] = None,
    errors: Annotated[Path | None, typer.Option(help="write the errors here as CSV, with the text")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="numbers as JSON instead of tables")] = False,
) -> None:
    """Measure a model on labelled rows, beside majority, keywords and scikit-learn's plain pipeline."""
    with told_errors():
        tagger = Tagger.open(models)
        data = accepted(csv, tagger.topics, ReadOptions(encoding, text_column, labels_column))
        if data.sha256 == tagger.bundle.training["data"]["sha256"]:
            note("the model was fitted on these very rows: the figures flatter, use rows it hasn't seen")
        measured = measurement_of(tagger, data, csv.name)
        if baselines:
            with_keywords = _topics_with_keywords(topics, tagger)
            note("fit the baselines …")
            training = accepted(training_csv, with_keywords, ReadOptions())
            measured = replace(measured, baselines=evaluate_baselines(with_keywords, training, data))
        if suspects:
            measured = _with_suspects(measured, training_csv)
        if report:
            write_output(report, report_page(measured).encode())
        numbers = json.dumps(metrics_json(measured), ensure_ascii=False, indent=1, allow_nan=False)
        if metrics:
            write_output(metrics, numbers.encode())
        if errors:
            write_output(errors, errors_csv(tagger, data, judged(tagger, data)))
    if as_json:
        typer.echo(numbers)
    else:
        _print_results({f"rasid {tagger.version}": measured.evaluation, **measured.baselines}, measured)


def compare(
    a: Annotated[Path, typer.Argument(help="a version, or the folder of one")],
    b: Annotated[Path, typer.Argument(help="the version to judge against it")],
    on: Annotated[Path, typer.Option("--on", help="labelled CSV to compare on")],
    models: ModelsFolder = DEFAULT_MODELS,
    encoding: Encoding = None,
    flips: Annotated[Path | None, typer.Option(help="write the passages that flip here as CSV, with the text")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="numbers as JSON instead of tables")] = False,
) -> None:
    """Say whether version B is better than version A, topic by topic, by written rules."""
    with told_errors():
        first, second = (Tagger.open(path if path.is_dir() else models / path) for path in (a, b))
        union = {topic.id: topic for topic in (*first.topics, *second.topics)}
        data = accepted(on, tuple(union.values()), ReadOptions(encoding))
        found = compare_models(first, second, data)
        if flips:
            write_output(flips, flips_csv(first, second, data, found.flips))
    change = found.changes.micro_f1
    summary: dict[str, Any] = {
        "a": first.version,
        "b": second.version,
        "verdict": found.verdict,
        "fallen": found.fallen,
        "rows": found.a.rows,
        "micro_f1": {"a": found.a.micro_f1, "b": found.b.micro_f1, "low": change.low, "high": change.high},
        "topics": {topic.topic.id: {"a": topic.f1_a, "b": topic.f1_b, "rows": topic.support} for topic in found.topics},
        "flips": len(found.flips),
        "only_a": found.only_a,
        "only_b": found.only_b,
    }
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=1))
        return
    table = Table("topic", "rows", "F1 A", "F1 B", "change", "95 % interval")
    for topic in found.topics:
        interval = f"{_signed(topic.interval.low)} … {_signed(topic.interval.high)}"
        numbers = (_shown(topic.f1_a), _shown(topic.f1_b), _signed(topic.change), interval)
        table.add_row(topic.topic.id, str(topic.support), *numbers)
    _console().print(table)
    typer.echo(
        f"micro-F1 A {found.a.micro_f1:.3f}, B {found.b.micro_f1:.3f}: {_signed(found.b.micro_f1 - found.a.micro_f1)} "
        f"({_signed(change.low)} … {_signed(change.high)}); {len(found.flips)} decisions flip"
    )
    typer.echo(f"B is: {found.verdict}" + (f"; fallen: {', '.join(found.fallen)}" if found.fallen else ""))
    typer.echo(f"\nThe rules:\n{rules()}")


def _topics_with_keywords(topics: Path | None, tagger: Tagger) -> tuple[Topic, ...]:
    path = topics or DEFAULT_TOPICS
    found = load_topics(path)
    if [topic.id for topic in found] != [topic.id for topic in tagger.topics]:
        raise LabelledDataError(f"{path} has other topics than the model: give --topics or --no-baselines.")
    return found


def _with_suspects(measured: Measurement, training_csv: Path) -> Measurement:
    training = accepted(training_csv, measured.topics, ReadOptions())
    phrases = load_phrases(DEFAULT_LEXICON) if DEFAULT_LEXICON.is_file() else {}
    with progress_shown() as show:
        scores = cross_validated(training, measured.topics, phrases, progress=show)
    return replace(measured, suspects=suspicious_labels(training, measured.topics, scores))


def _print_results(results: dict[str, Evaluation], measured: Measurement) -> None:
    overview = Table("", "micro P", "micro R", "micro F1", "macro F1", "exact", "no topic", "ECE")
    for name, found in results.items():
        values = (found.micro_precision, found.micro_recall, found.micro_f1, found.macro_f1, found.exact_match)
        overview.add_row(name, *map(_shown, (*values, found.no_topic, found.calibration_error)))
    by_topic = Table("topic", "rows", "P", "R", "F1", "95 %", "AP", *(f"F1 {name}" for name in list(results)[1:]))
    own, *others = results.values()
    for place, topic in enumerate(own.topics):
        interval = measured.intervals.topics[place].f1
        numbers = (_shown(topic.precision), _shown(topic.recall), _shown(topic.f1))
        spread = f"{_shown(interval.low)}-{_shown(interval.high)}"
        rest = (topic.average_precision, *(found.topics[place].f1 for found in others))
        by_topic.add_row(topic.topic, str(topic.support), *numbers, spread, *map(_shown, rest))
    _console().print(overview, by_topic)
    micro, macro = measured.intervals.micro_f1, measured.intervals.macro_f1
    typer.echo(
        f"{own.rows} rows. Micro-F1 {own.micro_f1:.3f} ({micro.low:.3f}-{micro.high:.3f}), macro-F1 over topics with 5 "
        f"or more rows {own.macro_f1:.3f} ({macro.low:.3f}-{macro.high:.3f}): 95 % bootstrap over articles."
    )


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160)


def _shown(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"


def _signed(value: float) -> str:
    return "-" if value != value else f"{value:+.3f}"
