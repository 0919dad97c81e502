"""Rasid as an ML backend of Label Studio: it pre-annotates tasks, and takes annotations back as reviews.

In Label Studio, Settings > Model > Connect Model, give `http://host:port/label-studio` as Backend URL; as webhook URL
(Settings > Webhooks) give `http://host:port/label-studio/webhook` with "send payload". The labelling setup needs a
`<Text>` and a multiple `<Choices>` whose values are topic ids or their Arabic or English names.
Source of the protocol: HumanSignal/label-studio-ml-backend, label_studio_ml/api.py.
"""

from html.parser import HTMLParser
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.problems import Problem
from app.shared import BODY_PROBLEMS, NO_MODEL, Responses, Shared
from app.store.access import AtDesk
from app.strict_json import StrictRoute, plain_text
from app.tagger import TaggedPassage, Tagger, TagOptions
from app.tagger.types import Topic

_WHOLE = TagOptions(segment="none")
_SAVED = frozenset({"ANNOTATION_CREATED", "ANNOTATION_UPDATED"})

label_studio_api = APIRouter(prefix="/label-studio", route_class=StrictRoute, tags=["label studio"])


class Health(BaseModel):
    """The backend answers."""

    status: Literal["UP"] = "UP"
    model_class: str = "Rasid"


class SetupRequest(BaseModel):
    """A project that connects; further fields are ignored."""

    project: Any = None


class SetupResponse(BaseModel):
    """The version that will answer."""

    model_version: str


class Task(BaseModel):
    """A task of Label Studio: `data` has the text."""

    data: dict[str, Any]


class PredictRequest(BaseModel):
    """Tasks to pre-annotate, and the labelling setup (XML) that names the question, the text and the choices."""

    tasks: list[Task]
    label_config: str | None = None


class ChoicesValue(BaseModel):
    """The choices made."""

    choices: list[str]


class ChoicesResult(BaseModel):
    """The topics of a task as choices of the setup's question."""

    from_name: str
    to_name: str
    type: Literal["choices"] = "choices"
    value: ChoicesValue
    score: float


class Prediction(BaseModel):
    """A task's pre-annotation; `score` is how sure the least sure of its decisions is, 0..1."""

    result: list[ChoicesResult]
    score: float
    model_version: str


class PredictResponse(BaseModel):
    """One prediction a task, in their order."""

    results: list[Prediction]
    model_version: str


class WebhookRequest(BaseModel):
    """An event; only created and updated annotations are kept, others are answered and ignored."""

    action: str
    task: dict[str, Any] = {}
    annotation: dict[str, Any] | None = None


class WebhookResponse(BaseModel):
    """What the event did: `created`, `changed` or `unchanged` reviews, or nothing."""

    status: Literal["ok", "ignored"]
    created: int = 0
    changed: int = 0
    unchanged: int = 0


class _Setup(HTMLParser):
    """What a labelling setup says; read as tags only, so entities and other traps of XML do nothing."""

    def __init__(self, setup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.question, self.text, self.field = "topics", "text", "text"
        self.choices: list[str] = []
        self.feed(setup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the names that matter."""
        found = {name: value for name, value in attrs if value}
        if tag == "choices":
            self.question, self.text = found.get("name", self.question), found.get("toname", self.text)
        elif tag == "choice" and "value" in found:
            self.choices.append(found["value"])
        elif tag == "text" and found.get("value", "").startswith("$"):
            self.field = found["value"][1:]

    def choice_of(self, topic: Topic) -> str:
        """How the setup names a topic: by its id or one of its names; its id if it doesn't."""
        return next((choice for choice in self.choices if choice in (topic.id, topic.name_ar, topic.name_en)), topic.id)


@label_studio_api.get("/health")
async def health() -> Health:
    """Label Studio asks whether the backend is there."""
    return Health()


@label_studio_api.post("/setup", responses={**BODY_PROBLEMS, **NO_MODEL})
async def setup(_: SetupRequest, service: Shared) -> SetupResponse:
    """A project connects: answers with the model's version."""
    return SetupResponse(model_version=service.ready_tagger().version)


@label_studio_api.post("/predict", responses={**BODY_PROBLEMS, **NO_MODEL})
async def predict(body: PredictRequest, service: Shared) -> PredictResponse:
    """Pre-annotate tasks; each task's text is one passage."""
    tagger = service.ready_tagger()
    if len(body.tasks) > service.settings.max_passages:
        raise Problem(422, "too-many-tasks", f"Send at most {service.settings.max_passages} tasks at once.")
    labelling = _Setup(body.label_config or "")
    results = []
    for task in body.tasks:
        article = await service.tagged(tagger, _text_of(task, labelling.field), _WHOLE)
        results.append(_prediction(article.passages[0] if article.passages else None, tagger, labelling))
    return PredictResponse(results=results, model_version=tagger.version)


_IGNORED: Responses = {200: {"description": "The event is of another kind", "model": WebhookResponse}}


@label_studio_api.post("/webhook", status_code=201, responses={**_IGNORED, **BODY_PROBLEMS, **NO_MODEL})
async def webhook(body: WebhookRequest, desk: AtDesk, response: Response) -> WebhookResponse:
    """Keep an annotation that was made or changed in Label Studio as a review of its annotator."""
    from app.store.importing import ImportContext, import_reviews
    from app.store.json_rows import task_rows
    from app.store.upload import Faults

    if body.action not in _SAVED:
        response.status_code = 200
        return WebhookResponse(status="ignored")
    if body.annotation is None or not isinstance(body.task.get("data"), dict):
        raise Problem(422, "invalid-request", "The event has no task or annotation: switch on its payload.")
    tagger, faults = desk.service.ready_tagger(), Faults()
    task = {**body.task, "annotations": [body.annotation]}
    rows = list(task_rows(1, task, tagger.topics))
    done = await desk.run(lambda store: import_reviews(store, rows, ImportContext(desk.reviewer, tagger), faults))
    if faults.shown:
        raise Problem(422, "invalid-request", f"{faults.shown[0].column}: {faults.shown[0].reason}.")
    return WebhookResponse(status="ok", created=done.created, changed=done.changed, unchanged=done.unchanged)


def _text_of(task: Task, name: str) -> str:
    text = task.data.get(name, task.data.get("text", ""))
    try:
        return plain_text(text) if isinstance(text, str) else ""
    except ValueError as fault:
        raise Problem(422, "invalid-request", f"A task's text {fault}.") from None


def _prediction(tagged: TaggedPassage | None, tagger: Tagger, labelling: _Setup) -> Prediction:
    if tagged is None:
        return Prediction(result=[], score=0.0, model_version=tagger.version)
    reached = {found.topic.id for found in tagged.topics}
    sure = min(score if topic in reached else 1 - score for topic, score in tagged.scores.items())
    sure = round(sure, 6)
    choices = [labelling.choice_of(found.topic) for found in tagged.topics]
    results = []
    if choices:
        value = ChoicesValue(choices=choices)
        results = [ChoicesResult(from_name=labelling.question, to_name=labelling.text, value=value, score=sure)]
    return Prediction(result=results, score=sure, model_version=tagger.version)
