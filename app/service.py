"""What the endpoints share: settings, metrics, and the model, or why there is none."""

from starlette.concurrency import run_in_threadpool

from app.metrics import Metrics
from app.problems import Problem
from app.schemas import ModelName
from app.settings import Settings
from app.tagger import BundleError, TaggedArticle, Tagger, TagOptions
from app.tagger.versions import VersionFacts, version_facts

LONGEST_IN_LOOP = 20_000
"""Characters that are tagged at once; longer texts go to a thread so that other requests aren't held up."""


class Service:
    """The state of one app."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.tagger: Tagger | None = None
        self.fault: str | None = "The model isn't open yet."

    @property
    def name(self) -> str:
        """The model's name: that of its folder."""
        return self.settings.models.resolve().name

    def open_model(self) -> None:
        """Open the model that the settings name; a failure is kept for /readyz instead of raised."""
        try:
            self.tagger = Tagger.open(self.settings.models)
        except BundleError as fault:
            self.fault = str(fault)
        else:
            self.fault = None
            self.metrics.show_model(self.tagger)

    def ready_tagger(self) -> Tagger:
        """The open model. Raises a 503 `Problem` where there is none."""
        if self.tagger is None:
            raise Problem(503, "no-model", "No model is open: see /readyz.")
        return self.tagger

    def model_name(self, tagger: Tagger) -> ModelName:
        """Name and version for an answer."""
        return ModelName(name=self.name, version=tagger.version)

    def versions(self) -> list[VersionFacts]:
        """The versions on disk. Raises a 503 `Problem` where there is no folder of them."""
        try:
            return version_facts(self.settings.models)
        except BundleError:
            raise Problem(503, "no-model", "The folder of models can't be read: see /readyz.") from None

    async def tagged(self, tagger: Tagger, text: str, options: TagOptions) -> TaggedArticle:
        """Tag a text and count it; a long one in a thread."""
        if len(text) > LONGEST_IN_LOOP:
            article = await run_in_threadpool(tagger.tag, text, options)
        else:
            article = tagger.tag(text, options)
        self.metrics.count_article(article)
        return article
