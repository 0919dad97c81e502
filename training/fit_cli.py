"""The verb `rasid-train fit`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from app.console import DEFAULT_MODELS, told_errors
from app.tagger import Tagger
from app.tagger.bundle import write_bundle
from app.tagger.errors import BundleError, LabelledDataError
from app.tagger.promotion import promote as promote_version
from app.tagger.types import Topic
from app.tagger.versions import CURRENT, current_version
from training.choose import candidates_of, choose_options
from training.compare import compare
from training.console import (
    DEFAULT_LEXICON,
    Encoding,
    FromLabels,
    LabelsColumn,
    TextName,
    TopicsFile,
    note,
    noted,
    progress_shown,
    refuse_empty,
    told_topics,
)
from training.fit import fit as fit_model
from training.fit_result import FitResult, result_written
from training.hold_out import parted
from training.options import FitOptions
from training.read import ReadOptions
from training.rows import LabelledData, default_weights, merged
from training.topics_file import load_phrases


def fit(
    csvs: Annotated[list[Path], typer.Argument(help="labelled CSVs", metavar="CSV…")],
    weights: Annotated[
        list[float] | None,
        typer.Option("--weight", min=0.01, help="how much a row of each CSV counts, in their order", metavar="NUMBER"),
    ] = None,
    topics: TopicsFile = None,
    from_labels: FromLabels = False,
    out: Annotated[Path, typer.Option(help="folder of the model's versions")] = DEFAULT_MODELS,
    lexicon: Annotated[Path | None, typer.Option(help="CSV of standing phrases: topic, phrase")] = None,
    no_lexicon: Annotated[bool, typer.Option("--no-lexicon", help="fit without standing phrases")] = False,
    best_thresholds: Annotated[
        bool, typer.Option("--best-thresholds", help="each topic's threshold with the best F1 on held-out rows")
    ] = False,
    precision: Annotated[
        float | None, typer.Option(min=0.01, max=1, help="thresholds that reach this precision on held-out rows")
    ] = None,
    balanced: Annotated[bool, typer.Option("--balanced", help="let rare topics weigh as frequent ones")] = False,
    search: Annotated[bool, typer.Option("--search", help="choose penalty and balance by nested validation")] = False,
    allow_rare: Annotated[bool, typer.Option("--allow-rare", help="fit topics with fewer than 5 rows too")] = False,
    promote: Annotated[
        bool | None,
        typer.Option("--promote/--no-promote", help="put the version in use, if it isn't worse; or never"),
    ] = None,
    encoding: Encoding = None,
    text_column: TextName = None,
    labels_column: LabelsColumn = None,
    seed: Annotated[int, typer.Option(help="of folds and solver", min=0)] = 0,
    jobs: Annotated[int, typer.Option(help="processor cores to use; -1 is all")] = -1,
    dask: Annotated[str | None, typer.Option(help="address of a Dask scheduler to fit on")] = None,
    progress: Annotated[str, typer.Option(help="bar, or json: one line a step on stderr")] = "bar",
    result: Annotated[
        Path | None, typer.Option(help="write rows, findings, measures and the comparison here as JSON, without text")
    ] = None,
    hold_out: Annotated[
        float, typer.Option(min=0, max=0.5, help="share of the last CSV's articles to compare on instead of to fit")
    ] = 0.0,
) -> None:
    """Fit a model, write its bundle and print its version; the first version of a folder is put in use.

    With several CSVs, rows of the first count 1 and rows of the others 10, unless --weight is given once for each.
    """
    if weights is not None and len(weights) != len(csvs):
        raise typer.BadParameter(f"{len(weights)} times --weight for {len(csvs)} CSVs: give it once for each")
    if best_thresholds and precision is not None:
        raise typer.BadParameter("--best-thresholds and --precision exclude each other")
    if progress not in ("bar", "json"):
        raise typer.BadParameter("--progress is bar or json")
    if hold_out and result is None:
        raise typer.BadParameter("--hold-out needs --result FILE for what it finds")
    options = FitOptions(precision=precision, balanced=balanced, allow_rare=allow_rare, seed=seed, jobs=jobs)
    options = replace(options, expected_f1=None) if best_thresholds else options
    with told_errors(), result_written(result) as told, progress_shown(progress) as show:
        known = told_topics(topics, from_labels)
        reading = ReadOptions(encoding, text_column, labels_column)
        parts: list[LabelledData] = []
        for csv in csvs:
            parts.append(noted(csv, known, reading))
            told.add_file(csv, parts[-1])
            refuse_empty(csv, known, parts[-1])
            show("read", len(parts), len(csvs))
        if hold_out:
            split = parted(parts[-1], hold_out, seed)
            parts[-1] = split.rest
        data = merged(list(zip(parts, weights or default_weights(len(parts)), strict=True)))
        chosen = known if known is not None else data.topics()
        phrases = {} if no_lexicon else _phrases(lexicon, chosen)
        with _workers(dask):
            if search:
                choice = choose_options(data, chosen, phrases, candidates_of(options), show)
                options = choice.best
            bundle = fit_model(data, chosen, phrases, options, show)
        current = _tagger_in_use(out) if result else None
        if hold_out and current:
            show("compare", 0, 1)
            _compare_held_out(told, current, Tagger(bundle, "the new version"), split.held)
            show("compare", 1, 1)
        show("write", 0, 1)
        version = write_bundle(bundle, out)
        told.add_fit(version, bundle.training, current)
        if promote or (promote is None and not (out / CURRENT).exists()):
            promote_version(out, version)
        show("write", 1, 1)
    if search:
        note(f"chosen: penalty {options.penalty:g}{', balanced' if options.balanced else ''}")
        note(f"mean average precision of choosing so: {choice.nested:.3f} (nested validation)")
    measured = bundle.training["cross_validation"]
    figures = f"micro-F1 {measured['micro_f1']:.3f}, macro-F1 {measured['macro_f1']:.3f}"
    note(f"cross-validated {figures}; wrote {out / version}")
    if version != _in_use(out):
        note(f"not in use yet: `rasid models promote {version} --models {out}`")
    typer.echo(version)


def _phrases(lexicon: Path | None, topics: tuple[Topic, ...]) -> dict[str, list[str]]:
    """The lexicon that is named; else the shipped one, if it's about any of these topics."""
    if lexicon is not None:
        return load_phrases(lexicon)
    if not DEFAULT_LEXICON.is_file():
        return {}
    phrases = load_phrases(DEFAULT_LEXICON)
    return phrases if {topic.id for topic in topics} & set(phrases) else {}


def _compare_held_out(told: FitResult, current: Tagger, new: Tagger, held: LabelledData) -> None:
    """Compare on rows that were held out, if the versions have any topic in common."""
    if {topic.id for topic in current.topics} & {topic.id for topic in new.topics}:
        told.add_held_out(compare(current, new, held))
    else:
        note("the version in use has none of these topics: nothing is compared on the rows held out")


def _tagger_in_use(models: Path) -> Tagger | None:
    try:
        return Tagger.open(models)
    except BundleError:
        return None


def _in_use(models: Path) -> str | None:
    try:
        return current_version(models)
    except BundleError:
        return None


@contextmanager
def _workers(dask: str | None) -> Iterator[None]:
    """Where joblib runs its tasks: on the workers of a Dask scheduler, or here."""
    if dask is None:
        yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise LabelledDataError("Dask isn't installed: run `pip install '.[dask]'` in Rasid's clone.") from None
    from joblib import parallel_config

    try:
        client = Client(dask, timeout="5s")  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError):
        raise LabelledDataError(f"no Dask scheduler answers at {dask}: start one, or leave --dask out.") from None
    with client, parallel_config(backend="dask"):
        yield
