"""Each call of the API: what is sent, and how its answer is read. Nothing here sends."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from app.client import results
from app.client.results import Batch, Changed, Classified, Job, Json, Topic, Version

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen about tagging; see the service's API page."""

    explain: bool = False
    all_scores: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)
    segment: Literal["paragraph", "none"] = "paragraph"


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What can be chosen about a retrain; see the service's API page."""

    with_shipped: bool = False
    weight: float | None = None
    topics_from_labels: bool = False
    hold_out: float = 0.0


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """A request and the reader of its answer; a `repeatable` one can be made twice without harm."""

    method: str
    path: str
    read: Callable[[Json], Result]
    repeatable: bool = True
    sent: Mapping[str, Any] = field(default_factory=dict)
    """What httpx takes as `json`, `content`, `headers` and `params`."""


def classify(text: str, choices: Choices) -> Call[Classified]:
    """Tag an article."""
    return Call("POST", "/v1/classify", results.classified, sent={"json": {"text": text, **asdict(choices)}})


def classify_batch(documents: Mapping[str, str], choices: Choices) -> Call[Batch]:
    """Tag several articles, given by their ids."""
    listed = [{"id": name, "text": text} for name, text in documents.items()]
    return Call("POST", "/v1/classify/batch", results.batch, sent={"json": {"documents": listed, **asdict(choices)}})


def topics() -> Call[tuple[Topic, ...]]:
    """The taxonomy."""
    return Call("GET", "/v1/topics", results.topics)


def models() -> Call[tuple[Version, ...]]:
    """All versions."""
    return Call("GET", "/v1/models", results.versions)


def promote(version: str, force: str | None) -> Call[Changed]:
    """Put a version in use."""
    sent = {"json": {"force": force}} if force is not None else {}
    return Call("POST", f"/v1/models/{quote(version, safe='')}/promote", results.changed, sent=sent)


def rollback() -> Call[Changed]:
    """Go back by one version; done twice, it would go back by two."""
    return Call("POST", "/v1/models/rollback", results.changed, repeatable=False)


def start_training(csv: bytes, options: TrainingOptions) -> Call[Job]:
    """Retrain on a labelled CSV."""
    chosen = {name: value for name, value in asdict(options).items() if value is not None}
    sent = {"content": csv, "headers": {"Content-Type": "text/csv"}, "params": chosen}
    return Call("POST", "/v1/training-jobs", results.job, repeatable=False, sent=sent)


def job(name: str) -> Call[Job]:
    """A training job."""
    return Call("GET", f"/v1/training-jobs/{quote(name, safe='')}", results.job)
