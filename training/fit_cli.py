"""The verb `rasid-train fit`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from app.console import DEFAULT_MODELS, told_errors
from app.tagger.bundle import write_bundle
from app.tagger.errors import BundleError, LabelledDataError
from app.tagger.promotion import promote as promote_version
from app.tagger.types import Topic
from app.tagger.versions import CURRENT, current_version
from training.choose import candidates_of, choose_options
from training.console import (
    DEFAULT_LEXICON,
    Encoding,
    FromLabels,
    LabelsColumn,
    TextName,
    TopicsFile,
    accepted,
    note,
    progress_shown,
    told_topics,
)
from training.fit import fit as fit_model
from training.options import FitOptions
from training.read import ReadOptions
from training.rows import default_weights, merged
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
    promote: Annotated[bool, typer.Option("--promote", help="put the version in use, if it isn't worse")] = False,
    encoding: Encoding = None,
    text_column: TextName = None,
    labels_column: LabelsColumn = None,
    seed: Annotated[int, typer.Option(help="of folds and solver", min=0)] = 0,
    jobs: Annotated[int, typer.Option(help="processor cores to use; -1 is all")] = -1,
    dask: Annotated[str | None, typer.Option(help="address of a Dask scheduler to fit on")] = None,
) -> None:
    """Fit a model, write its bundle and print its version; the first version of a folder is put in use.

    With several CSVs, rows of the first count 1 and rows of the others 10, unless --weight is given once for each.
    """
    if weights is not None and len(weights) != len(csvs):
        raise typer.BadParameter(f"{len(weights)} times --weight for {len(csvs)} CSVs: give it once for each")
    if best_thresholds and precision is not None:
        raise typer.BadParameter("--best-thresholds and --precision exclude each other")
    options = FitOptions(precision=precision, balanced=balanced, allow_rare=allow_rare, seed=seed, jobs=jobs)
    options = replace(options, expected_f1=None) if best_thresholds else options
    with told_errors():
        known = told_topics(topics, from_labels)
        reading = ReadOptions(encoding, text_column, labels_column)
        parts = [accepted(csv, known, reading) for csv in csvs]
        data = merged(list(zip(parts, weights or default_weights(len(parts)), strict=True)))
        chosen = known if known is not None else data.topics()
        phrases = {} if no_lexicon else _phrases(lexicon, chosen)
        with _workers(dask), progress_shown() as show:
            if search:
                choice = choose_options(data, chosen, phrases, candidates_of(options), show)
                options = choice.best
            bundle = fit_model(data, chosen, phrases, options, show)
        version = write_bundle(bundle, out)
        if promote or not (out / CURRENT).exists():
            promote_version(out, version)
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
        raise LabelledDataError("Dask isn't installed: pip install 'rasid[dask]'.") from None
    from joblib import parallel_config

    try:
        client = Client(dask, timeout="5s")  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError):
        raise LabelledDataError(f"no Dask scheduler answers at {dask}: start one, or leave --dask out.") from None
    with client, parallel_config(backend="dask"):
        yield
