"""How an archive is to be tagged: what every worker of a run does alike."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from app.bulk.rows import Columns
from app.tagger import Tagger
from app.tagger.tagger import Segmentation
from app.tagger.versions import bundle_folder

OutputFormat = Literal["parquet", "csv", "jsonl"]


@dataclass(frozen=True, slots=True)
class TagPlan:
    """Which version of a model tags which columns how. `bundle` is the folder of one version."""

    bundle: str
    columns: Columns = field(default_factory=Columns)
    segment: Segmentation = "paragraph"
    keep_text: bool = False
    all_scores: bool = False

    @property
    def version(self) -> str:
        """The version of the model."""
        return Path(self.bundle).name

    def tagger(self) -> Tagger:
        """The tagger, opened once in a process. Raises `BundleError` if the version is missing or damaged."""
        return _opened(self.bundle)


def pinned_bundle(models: Path) -> str:
    """The folder of the version in use of `models`, which stays the same when another is promoted."""
    return str(bundle_folder(models).absolute())


@lru_cache(maxsize=1)
def _opened(bundle: str) -> Tagger:
    return Tagger.open(bundle)
