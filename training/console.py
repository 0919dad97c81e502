"""What the verbs of `rasid-train` share: arguments, files read with a word about what was left out, progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training.progress_lines import ProgressLines
from training.read import ReadOptions, load_labelled
from training.rows import LabelledData
from training.solve import Progress as Report
from training.topics_file import load_topics

DEFAULT_TOPICS = Path("data/topics.csv")
DEFAULT_LEXICON = Path("data/lexicon.csv")

Csv = Annotated[Path, typer.Argument(help="labelled CSV: columns text and labels, or one 0/1 column per topic")]
TopicsFile = Annotated[
    Path | None, typer.Option("--topics", help="CSV of topics: id, name_ar, name_en …; data/topics.csv if it's there")
]
FromLabels = Annotated[bool, typer.Option("--topics-from-labels", help="every label of the CSVs is a topic")]
Encoding = Annotated[str | None, typer.Option(help="of the CSV, if it isn't told right: for instance windows-1256")]
TextName = Annotated[str | None, typer.Option("--text-column", help="name of the column that holds the text")]
LabelsColumn = Annotated[str | None, typer.Option("--labels-column", help="name of the column that holds the labels")]


def told_topics(topics: Path | None, from_labels: bool) -> tuple[Topic, ...] | None:
    """The topics that options name; None means whatever labels there are."""
    if from_labels:
        if topics:
            raise typer.BadParameter("--topics and --topics-from-labels exclude each other")
        return None
    if topics is None and not DEFAULT_TOPICS.is_file():
        note("no topics file: every label is a topic")
        return None
    return load_topics(topics or DEFAULT_TOPICS)


def accepted(csv: Path, topics: tuple[Topic, ...] | None, options: ReadOptions) -> LabelledData:
    """The rows of a file that can be used, and a word on stderr about the others; an error if there are none."""
    data = noted(csv, topics, options)
    refuse_empty(csv, topics, data)
    return data


def noted(csv: Path, topics: tuple[Topic, ...] | None, options: ReadOptions) -> LabelledData:
    """The rows of a file, and a word on stderr about those that can't be used."""
    data = load_labelled(csv, topics, options)
    for notice in data.notices[:3]:
        note(f"{csv}: {notice}")
    if data.refusals:
        note(f"{len(data.refusals)} rows of {csv} are refused; the first: {data.refusals[0]}")
    return data


def refuse_empty(csv: Path, topics: tuple[Topic, ...] | None, data: LabelledData) -> None:
    """Raise `LabelledDataError` if no row of a file can be used."""
    if not data.rows:
        way = " (own labels need --topics FILE or --topics-from-labels)" if topics else ""
        raise LabelledDataError(f"{csv} has no row that can be used{way}: see `rasid-train check {csv}`.")


@contextmanager
def progress_shown(style: str = "bar") -> Iterator[Report]:
    """On stderr, a bar for each stage with the time left; or a JSON line for each step if `style` is `json`."""
    if style == "json":
        yield ProgressLines(note)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, TaskID] = {}

    def show(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            bar.start()
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done)

    try:
        yield show
    finally:
        # A bar that never started would still print an empty line.
        if tasks:
            bar.stop()


def note(message: str) -> None:
    """A line on stderr."""
    typer.echo(message, err=True)
