"""What readers decided, as a labelled CSV to train on: merged, with nobody's decisions outweighing the others'."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.database import Store
from app.store.models import DELETED, Passage, Review
from app.store.upload import Faults, csv_rows, decoded
from app.tagger import BundleError, Tagger
from app.tagger.durable import replace_file
from app.tagger.normalise import Normaliser

COLUMNS = ("text", "labels", "id", "article_id", "source", "date", "reviewer", "time", "model_version")
SHIPPED_LABELS = Path("data/passages.csv")
_NORMALISER = Normaliser()


@dataclass(frozen=True, slots=True)
class LearningOptions:
    """How reviews are merged.

    Passages whose only decisions came through one caller are at most `reader_share` of all rows or `reader_rows`,
    whichever is more, per caller; the newest stay. Passages on which several callers' readers agree aren't counted.
    Texts of `golden`, and those of the labelled CSV `labelled` if it exists, are never learnt otherwise than they are.
    """

    reader_share: float = 0.3
    reader_rows: int = 200
    golden: frozenset[str] = frozenset()
    labelled: Path | None = SHIPPED_LABELS


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A passage that wasn't learnt because the latest decisions of its readers differ."""

    passage_id: str
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CappedReader:
    """How many rows of a caller were left out because they were too many beside the others'."""

    name: str
    left_out: int


@dataclass(frozen=True, slots=True)
class MergedReviews:
    """What was written: `rows` to train on; `protected` passages stay as the golden set or the corpus has them."""

    rows: int
    disagreements: tuple[Disagreement, ...]
    capped: tuple[CappedReader, ...]
    protected: int


@dataclass(frozen=True, slots=True)
class _Agreed:
    """A passage with the one decision of its readers, the latest of them first."""

    passage: Passage
    reviews: tuple[Review, ...]

    @property
    def callers(self) -> frozenset[str]:
        return frozenset(review.saved_by for review in self.reviews)


def write_training_csv(store: Store, path: Path, options: LearningOptions | None = None) -> MergedReviews:
    """Write the reviews that can be learnt as a labelled CSV, atomically.

    Each reader's latest decision counts. Without `options`, the golden passages of the model that the store's settings
    name and the shipped labels are protected. Raises `StoreUnavailableError` and `OSError`.
    """
    learnt = _learnt(store, options)
    replace_file(path, _csv(learnt.kept).encode())
    return learnt.merged


def merged_reviews(store: Store, options: LearningOptions | None = None) -> MergedReviews:
    """What `write_training_csv` would write now. Raises `StoreUnavailableError`."""
    return _learnt(store, options).merged


def normal_form(text: str) -> str:
    """The normalised words of a text: what two passages that say the same in other spelling share."""
    return " ".join(word.form for word in _NORMALISER.words(text))


@dataclass(frozen=True, slots=True)
class _Learnt:
    kept: Sequence[_Agreed]
    merged: MergedReviews


def _learnt(store: Store, options: LearningOptions | None) -> _Learnt:
    options = options or LearningOptions(golden=_golden_of(store.settings.models))
    agreed, disagreements = store.read(_merged)
    protected = _protected_forms(options) if agreed else frozenset()
    free = [found for found in agreed if normal_form(found.passage.text) not in protected]
    kept, capped = _capped(free, options)
    return _Learnt(kept, MergedReviews(len(kept), tuple(disagreements), capped, len(agreed) - len(free)))


def _merged(session: Session) -> tuple[list[_Agreed], list[Disagreement]]:
    """Texts with one decision and texts with several: equal texts count as one, wherever they stand."""
    query = select(Review, Passage).join(Passage, Passage.id == Review.passage_id)
    query = query.where(~Review.withdrawn, Passage.state != DELETED).order_by(Review.time.desc(), Review.id.desc())
    by_text: dict[str, list[tuple[Review, Passage]]] = defaultdict(list)
    for review, passage in session.execute(query):
        by_text[normal_form(passage.text) or passage.text].append((review, passage))
    agreed, disagreements = [], []
    for found in by_text.values():
        latest: dict[str, Review] = {}
        for review, _ in found:
            latest.setdefault(review.reviewer, review)
        passage = found[0][1]
        if len({review.topics for review in latest.values()}) > 1:
            disagreements.append(Disagreement(passage.id, tuple(sorted(latest))))
        else:
            agreed.append(_Agreed(passage, tuple(latest.values())))
    return agreed, disagreements


def _capped(found: Sequence[_Agreed], options: LearningOptions) -> tuple[list[_Agreed], tuple[CappedReader, ...]]:
    """The rows that stay, newest first, and whose rows were too many."""
    most = max(options.reader_rows, int(options.reader_share * len(found)))
    used, left_out = Counter[str](), Counter[str]()
    kept = []
    for row in found:
        if len(row.callers) == 1:
            (caller,) = row.callers
            if used[caller] >= most:
                left_out[caller] += 1
                continue
            used[caller] += 1
        kept.append(row)
    return kept, tuple(CappedReader(name, count) for name, count in sorted(left_out.items()))


def _csv(rows: Iterable[_Agreed]) -> str:
    """The rows by time, oldest first, so that equal stores give equal files."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: (row.reviews[0].time, row.reviews[0].id)):
        review, passage = row.reviews[0], row.passage
        place = (passage.article_id or passage.id, passage.source, passage.date)
        readers = "|".join(sorted(found.reviewer for found in row.reviews))
        labels = "|".join(review.topics)
        writer.writerow((passage.text, labels, review.id, *place, readers, review.time, review.model_version))
    return text.getvalue()


def _protected_forms(options: LearningOptions) -> frozenset[str]:
    golden = frozenset(map(normal_form, options.golden))
    if options.labelled is None or not options.labelled.is_file():
        return golden
    return golden | _labelled_forms(options.labelled.absolute(), options.labelled.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _labelled_forms(path: Path, _changed_ns: int) -> frozenset[str]:
    """The normal forms of a labelled CSV's texts, kept until the file changes: a corpus takes a second or two."""
    with decoded(path.open("rb"), "") as file:
        return frozenset(normal_form(row.cells.get("text", "")) for row in csv_rows(file, Faults()))


def _golden_of(models: Path) -> frozenset[str]:
    """The texts of the golden passages of the model in use; none where no model can be opened."""
    try:
        return frozenset(golden.text for golden in Tagger.open(models).bundle.golden)
    except BundleError:
        return frozenset()
