"""The command `rasid`: serve, classify, look at models. Data on stdout, the rest on stderr; exit 0, 1 or 2."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app.tagger import RasidError, TaggedArticle, Tagger, TagOptions
from app.tagger.versions import current_version, version_facts

app = typer.Typer(
    help="Rasid tags passages of Arabic articles with topics.", no_args_is_help=True, add_completion=False
)
models_app = typer.Typer(help="List, show and verify a model's versions.", no_args_is_help=True)
app.add_typer(models_app, name="models")

ModelsFolder = Annotated[
    Path, typer.Option("--models", envvar="RASID_MODELS", help="folder of the model's versions, or of one version")
]
DEFAULT_MODELS = Path("models/default")


def main() -> None:
    """Entry point of the command."""
    app()


@contextmanager
def told_errors() -> Iterator[None]:
    """Turn an error raised on purpose into one sentence on stderr and exit code 1."""
    try:
        yield
    except RasidError as fault:
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(1) from None


@app.command()
def serve(
    models: Annotated[Path | None, typer.Option("--models", help="folder of the model's versions")] = None,
    host: Annotated[str | None, typer.Option(help="address to listen on (RASID_HOST)")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on (RASID_PORT)", min=0, max=65535)] = None,
) -> None:
    """Start the service. Options win over RASID_... variables."""
    import uvicorn

    from app.main import create_app
    from app.settings import Settings

    given = {"models": models, "host": host, "port": port}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    signal.signal(signal.SIGTERM, _exit_in_order)
    typer.echo(f"Rasid listens on http://{settings.host}:{settings.port}/docs", err=True)
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, timeout_graceful_shutdown=20)


@app.command()
def classify(
    files: Annotated[list[str], typer.Argument(help="text files in UTF-8; - is standard input", metavar="FILE…")],
    models: ModelsFolder = DEFAULT_MODELS,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a file instead of lines to read")] = False,
    explain: Annotated[bool, typer.Option(help="with the words that decided")] = False,
    segment: Annotated[str, typer.Option(help="paragraph or none")] = "paragraph",
) -> None:
    """Tag articles and print each passage with its topics."""
    if segment not in ("paragraph", "none"):
        raise typer.BadParameter("--segment is paragraph or none")
    options = TagOptions(segment="none" if segment == "none" else "paragraph", explain=explain)
    failed = False
    with told_errors():
        tagger = Tagger.open(models)
        for name in files:
            try:
                text = sys.stdin.buffer.read().decode() if name == "-" else Path(name).read_text("utf-8")
            except (OSError, UnicodeDecodeError) as fault:
                reason = "it isn't UTF-8" if isinstance(fault, UnicodeDecodeError) else fault.strerror
                typer.echo(f"error: {name} can't be read: {reason}; give a text file in UTF-8.", err=True)
                failed = True
                continue
            tagged = tagger.tag(text, options)
            typer.echo(json.dumps(_as_json(name, tagged), ensure_ascii=False) if as_json else _as_lines(text, tagged))
    raise typer.Exit(int(failed))


@models_app.command("list")
def list_models(models: ModelsFolder = DEFAULT_MODELS) -> None:
    """Print the versions, oldest first; * marks the current one."""
    with told_errors():
        current = current_version(models)
        for facts in version_facts(models):
            measured = facts.training.get("cross_validation", {})
            numbers = facts.fault or f"{measured['rows']} rows, cross-validated micro-F1 {measured['micro_f1']:.3f}"
            typer.echo(f"{'*' if facts.version == current else ' '} {facts.version}  {numbers}")


@models_app.command("show")
def show_model(
    version: Annotated[str | None, typer.Argument(help="the current version if left out")] = None,
    models: ModelsFolder = DEFAULT_MODELS,
) -> None:
    """Print a version's model card and the engine that scores."""
    with told_errors():
        tagger = Tagger.open(models / version if version else models)
        typer.echo(f"version {tagger.version}, engine {tagger.engine}\n")
        typer.echo(tagger.bundle.card)


@models_app.command("verify")
def verify_models(
    versions: Annotated[list[str] | None, typer.Argument(help="all versions if left out")] = None,
    models: ModelsFolder = DEFAULT_MODELS,
) -> None:
    """Check every byte, shape and golden passage; exit 1 if a version fails."""
    failed = False
    with told_errors():
        for version in versions or [facts.version for facts in version_facts(models)]:
            try:
                Tagger.open(models / version)
                typer.echo(f"{version}  ok")
            except RasidError as fault:
                typer.echo(f"{version}  {fault}")
                failed = True
    raise typer.Exit(int(failed))


def _exit_in_order(*_: object) -> None:
    """uvicorn hands SIGTERM on once all requests are answered: that is an orderly end, not a failure."""
    raise SystemExit(0)


def _as_lines(text: str, tagged: TaggedArticle) -> str:
    lines = []
    for found in tagged.passages:
        start, end = found.passage.start, found.passage.end
        topics = [f"{topic.topic.name_ar} ({topic.topic.id}) {topic.score:.2f}" for topic in found.topics]
        lines.append(f"{start}-{end}\t{' | '.join(topics) or '-'}\t{' '.join(found.notes)}")
        lines.append(f"\t{found.passage.text[:100]}{'…' if end - start > 100 else ''}")
        for topic in found.topics:
            if topic.explanation:
                strongest = sorted(topic.explanation.evidence, key=lambda word: -word.share)[:8]
                words = ", ".join(f"{text[word.start : word.end]} {word.share:+.2f}" for word in strongest)
                lines.append(f"\t{topic.topic.id}: {words}")
    return "\n".join(lines)


def _as_json(name: str, tagged: TaggedArticle) -> dict[str, Any]:
    from app.schemas import article_result, passage_results

    return {
        "file": name,
        "passages": [found.model_dump(exclude_none=True) for found in passage_results(tagged, all_scores=False)],
        "article": article_result(tagged).model_dump(),
    }
