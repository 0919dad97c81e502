"""How tests write to a store without HTTP."""

from pathlib import Path

from app.store.database import Store
from app.store.export import exported
from app.store.history import Decided
from app.store.importing import ImportContext, import_reviews
from app.store.reviews import passage_of_text, save_review
from app.store.schemas import ExportFormat, ImportResponse, Review
from app.store.tagging import ModelView, Origin
from app.store.upload import Faults, csv_rows, decoded


def saved(store: Store, text: str, decided: Decided, article_id: str = "") -> Review:
    """Save a decision on a text."""
    origin = Origin(decided.saved_by, article_id)
    return store.write(
        lambda session: save_review(session, passage_of_text(session, text, origin, ModelView()), decided, None)
    )


def decision(reviewer: str, *topics: str, saved_by: str = "", time: str = "", note: str = "") -> Decided:
    return Decided(reviewer, saved_by or reviewer, topics, note, time)


def export_of(store: Store, form: ExportFormat = "csv") -> bytes:
    with exported(store, form) as file:
        return file.read()


def imported(store: Store, path: Path, content: bytes) -> ImportResponse:
    """Import a CSV without a model."""
    path.write_bytes(content)
    faults = Faults()
    with decoded(path.open("rb"), "") as file:
        return import_reviews(store, csv_rows(file, faults), ImportContext("import", None), faults)
