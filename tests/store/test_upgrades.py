"""A store of the first release opens with all that is in it. `revision_0001.sql` is a dump of one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.database import Store
from app.store.engine import FILE, engine_of
from app.store.errors import StoreUnavailableError
from app.store.models import Base
from tests.store.saving import decision, export_of, saved

DUMP = Path(__file__).parent / "revision_0001.sql"
SAVED = "انفجرت عبوة قرب السوق."


@pytest.fixture
def settings(tiny_models: Path, tmp_path: Path) -> Settings:
    """Settings of a service whose store the first release made."""
    settings = Settings(models=tiny_models, state=tmp_path / "state", rate_limit="")
    settings.state.mkdir()
    with closing(sqlite3.connect(settings.state / FILE)) as database:
        database.executescript(DUMP.read_text("utf-8"))
    return settings


def counts(settings: Settings) -> dict[str, int]:
    with closing(sqlite3.connect(settings.state / FILE)) as database:
        tables = ("articles", "passages", "reviews", "review_history", "skips", "kept_answers")
        return {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def test_a_store_of_the_first_release_gets_todays_tables_and_keeps_its_rows(settings: Settings) -> None:
    before = counts(settings)
    assert min(before.values()) > 0
    store = Store(settings)
    exported = export_of(store).decode()
    assert SAVED in exported
    assert "قرأ الطالب كتابا." in exported
    saved(store, "نص جديد عن الحي.", decision("huda"))
    store.close()
    assert counts(settings) == {
        **before,
        "passages": before["passages"] + 1,
        "reviews": before["reviews"] + 1,
        "review_history": before["review_history"] + 1,
    }
    engine = engine_of(settings.state, "")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_the_service_goes_on_with_it(settings: Settings) -> None:
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        (review,) = [found for found in client.get("/v1/reviews").json()["reviews"] if found["note"]]
        history = client.get(f"/v1/reviews/{review['id']}/history").json()["entries"]
        assert [entry["topics_after"] for entry in history] == [["attacks"], []]
        undone = client.post(f"/v1/reviews/{review['id']}/undo", json={"revision": review["revision"]})
        assert undone.json()["topics"] == ["attacks"]
        (article,) = client.get("/v1/articles").json()["articles"]
        assert client.get(f"/v1/articles/{article['id']}").json()["text"].startswith("انفجرت عبوة.")


def test_its_history_is_still_only_added_to(settings: Settings) -> None:
    store = Store(settings)
    export_of(store)
    store.close()
    with closing(sqlite3.connect(settings.state / FILE)) as database:
        for change in ("DELETE FROM review_history", "UPDATE review_history SET note = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                database.execute(change)


def test_a_newer_store_is_refused_in_one_sentence_and_left_alone(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.state / FILE)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = (settings.state / FILE).read_bytes()
    store = Store(settings)
    with pytest.raises(StoreUnavailableError) as fault:
        export_of(store)
    store.close()
    assert str(fault.value) == (
        "The store was made by a newer Rasid (revision 9999): install that version or name another store."
    )
    assert (settings.state / FILE).read_bytes() == before
