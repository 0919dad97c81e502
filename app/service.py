"""What the endpoints share: settings, metrics, and the model, or why there is none."""

import asyncio

from starlette.concurrency import run_in_threadpool

from app.metrics import Metrics
from app.problems import Problem
from app.served_model import UNREADABLE, ServedModel
from app.settings import Settings
from app.tagger import BundleError, TaggedArticle, Tagger, TagOptions
from app.tagger.versions import VersionFacts, version_facts
from app.tagging_answers import ModelName

LONGEST_IN_LOOP = 20_000
"""Characters that are tagged at once; longer texts go to a thread so that other requests aren't held up."""


class Service:
    """The state of one app.

    `changing` is held while a caller changes the version in use; `stopping` is true from the signal to stop until the
    end, so that what lasts long can end early.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.name = settings.models.resolve().name
        """The model's name: that of its folder."""
        self.metrics = metrics
        self.model = ServedModel(settings.models, metrics)
        self.changing = asyncio.Lock()
        self.stopping = False

    @property
    def tagger(self) -> Tagger | None:
        """The open model, if there is one; another one after a swap, so take it once a request."""
        return self.model.tagger

    @property
    def ready(self) -> bool:
        """Whether requests should come here: a model is open and scored its golden passages right."""
        return self.tagger is not None and not self.stopping

    @property
    def fault(self) -> str | None:
        """Why the service isn't ready, or why it serves an older version than the one in use."""
        return "The service is shutting down." if self.stopping else self.model.fault

    def ready_tagger(self) -> Tagger:
        """The open model. Raises a 503 `Problem` where there is none."""
        tagger = self.tagger
        if tagger is None:
            raise Problem(503, "no-model", "No model is open: see /readyz.")
        return tagger

    def model_name(self, tagger: Tagger) -> ModelName:
        """Name and version for an answer."""
        return {"name": self.name, "version": tagger.version}

    def versions(self) -> list[VersionFacts]:
        """The versions on disk. Raises a 503 `Problem` where there is no folder of them."""
        try:
            return version_facts(self.settings.models)
        except BundleError:
            raise Problem(503, "no-model", "The folder of models can't be read: see /readyz.") from None
        except UNREADABLE as fault:
            detail = f"A version among the models is of another shape ({type(fault).__name__}): `rasid models verify`."
            raise Problem(503, "no-model", detail) from None

    async def tagged(self, tagger: Tagger, text: str, options: TagOptions) -> TaggedArticle:
        """Tag a text and count it; a long one in a thread."""
        if len(text) > LONGEST_IN_LOOP:
            article = await run_in_threadpool(tagger.tag, text, options)
        else:
            article = tagger.tag(text, options)
        self.metrics.count_article(article)
        return article
