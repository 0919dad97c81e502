"""The command `rasid`: serve, classify, keep models. Data on stdout, the rest on stderr; exit 0, 1 or 2."""

import gc
import json
import socket
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.bulk.report_cli import report
from app.bulk.sample_cli import sample
from app.bulk.tag_cli import tag
from app.console import DEFAULT_MODELS, ModelsFolder, told_errors
from app.keys_cli import keys_app
from app.models_cli import models_app
from app.reviews_cli import reviews_app
from app.tagger import InputError, TaggedArticle, Tagger, TagOptions

__all__ = ["DEFAULT_MODELS", "ModelsFolder", "app", "main", "told_errors"]

app = typer.Typer(
    help="Rasid tags passages of Arabic articles with topics.", no_args_is_help=True, add_completion=False
)
app.add_typer(models_app, name="models")
app.command()(tag)
app.command()(report)
app.command()(sample)
app.add_typer(keys_app, name="keys")
app.add_typer(reviews_app, name="reviews")


def main() -> None:
    """Entry point of the command."""
    app()


@app.command()
def serve(
    models: Annotated[Path | None, typer.Option("--models", help="folder of the model's versions")] = None,
    host: Annotated[str | None, typer.Option(help="address to listen on (RASID_HOST)")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on (RASID_PORT)", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="processes that serve (RASID_WORKERS)", min=1, max=64)] = None,
) -> None:
    """Start the service. Options win over RASID_... variables."""
    # What is imported from here on stays: until the service is up, looking for garbage would only find the way there.
    gc.disable()
    from app.guards import check_guards
    from app.settings import read_settings

    given = {"models": models, "host": host, "port": port, "workers": workers}
    with told_errors():
        settings = read_settings(**{name: value for name, value in given.items() if value is not None})
        check_guards(settings)
        _refuse_taken(settings.host, settings.port)
    typer.echo(f"Rasid listens on http://{settings.host}:{settings.port}/")
    if settings.workers > 1:
        from app.workers import serve_with_workers

        raise typer.Exit(serve_with_workers(settings))
    from app.serving import serve as serve_alone

    serve_alone(settings)


def _refuse_taken(host: str, port: int) -> None:
    """Raise `InputError` if an address can't be listened on, before anything says that it is."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as fault:
        raise InputError(
            f"{host}, port {port}, can't be listened on: {fault.strerror}; give another with --port or RASID_PORT, or "
            "end what listens there."
        ) from None


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
    from app.tagging_answers import article_result, passage_results

    return {
        "file": name,
        "passages": passage_results(tagged, all_scores=False),
        "article": article_result(tagged),
    }
