"""What was saved stays saved, whoever is killed; the store comes back by itself after its database was away."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.main import create_app
from app.settings import Settings
from app.store.database import Store
from app.store.errors import StoreUnavailableError
from app.store.models import Base
from tests.core.breaking import forked
from tests.store.postgres import running_server
from tests.store.saving import decision, export_of, saved
from tests.store.test_reviews_http import ATTACK, history_of, reviewed

KILLS = int(os.environ.get("RASID_TEST_KILLS", "40"))


@pytest.fixture
def own_server() -> Iterator[Any]:
    with running_server() as server:
        yield server


def test_kills_right_after_saved_lose_nothing(settings: Settings) -> None:
    told: list[str] = []
    for number in range(KILLS):
        reader, writer = os.pipe()
        child = forked(partial(save_on, settings, number, writer))
        os.close(writer)
        with os.fdopen(reader) as lines:
            told.append(lines.readline().strip())
            os.kill(child, signal.SIGKILL)
            told += [line.strip() for line in lines if line.endswith("\n")]
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child ended by itself"
    store = Store(settings)
    kept = {line.split(",")[2] for line in export_of(store).decode().splitlines()}
    counts = store.read(lambda session: session.execute(text("SELECT count(*) FROM review_history")).scalar_one())
    store.close()
    assert len(told) >= KILLS
    assert set(told) <= kept
    assert counts == len(kept) - 1


def save_on(settings: Settings, seed: int, pipe: int) -> int:
    store = Store(settings)
    for number in range(1000):
        review = saved(store, f"passage {seed} {number}", decision("huda", "attacks"))
        os.write(pipe, f"{review.id}\n".encode())
    return 0


def test_processes_that_start_at_once_make_the_tables_once(settings: Settings) -> None:
    ready, go = os.pipe()
    children = [forked(partial(start_and_save, settings, ready, number)) for number in range(6)]
    os.write(go, b"x" * len(children))
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 6
    store = Store(settings)
    assert len(export_of(store).splitlines()) == 7
    assert store.read(lambda session: session.execute(text("SELECT count(*) FROM alembic_version")).scalar_one()) == 1
    store.close()
    os.close(ready)
    os.close(go)


def start_and_save(settings: Settings, ready: int, seed: int) -> int:
    os.read(ready, 1)
    saved(Store(settings), f"passage {seed}", decision("huda"))
    return 0


def test_the_tables_are_those_of_the_models(store: Store) -> None:
    found = store.read(
        lambda session: compare_metadata(MigrationContext.configure(session.connection()), Base.metadata)
    )
    assert found == []


def test_a_database_of_a_newer_version_is_refused(settings: Settings, store: Store, client: TestClient) -> None:
    store.write(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreUnavailableError, match=r"made by a newer Rasid \(revision 9999\): .+\.$"):
        Store(settings).read(lambda session: None)
    answer = client.get("/v1/reviews")
    assert (answer.status_code, "newer Rasid" in answer.json()["detail"]) == (503, True)


@pytest.mark.parametrize("change", ["DELETE FROM review_history", "UPDATE review_history SET note = 'x'"])
def test_history_cannot_be_changed_even_by_sql(store: Store, change: str) -> None:
    saved(store, ATTACK, decision("huda"))
    with pytest.raises((DBAPIError, StoreUnavailableError)):
        store.write(lambda session: session.execute(text(change)))
    assert store.read(lambda session: session.execute(text("SELECT note FROM review_history")).scalar_one()) == ""


def test_an_export_is_of_one_moment_though_others_save(store: Store) -> None:
    for number in range(30):
        saved(store, f"passage {number}", decision("huda"))
    stop = threading.Event()

    def save_pairs() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            store.write(lambda session: None)
            saved(store, f"later {number}", decision("omar"))

    thread = threading.Thread(target=save_pairs)
    thread.start()
    try:
        sizes = [len(export_of(store).splitlines()) for _ in range(10)]
    finally:
        stop.set()
        thread.join()
    assert sizes == sorted(sizes)


def test_readers_that_save_at_once_all_get_through(store: Store) -> None:
    def save_some(reader: str) -> None:
        for number in range(10):
            saved(store, f"passage {number}", decision(reader, "attacks"))

    with ThreadPoolExecutor() as threads:
        list(threads.map(save_some, [f"reader {number}" for number in range(4)]))
    assert len(export_of(store).splitlines()) == 41
    count = store.read(lambda session: session.execute(text("SELECT count(*) FROM passages")).scalar_one())
    assert count == 10


def test_tagging_goes_on_while_postgresql_is_stopped(own_server: Any, tiny_models: Path, tmp_path: Path) -> None:
    url = own_server.get_uri(driver="psycopg")
    settings = Settings(models=tiny_models, state=tmp_path, database_url=url, rate_limit="")
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        review = reviewed(client, ATTACK, ["attacks"])
        path = f"/v1/reviews/{review['id']}"
        for _ in range(2):
            own_server.stop()
            for _ in range(3):
                away = client.put(path, json={"topics": [], "revision": 1})
                assert (away.status_code, away.json()["type"]) == (503, "urn:rasid:problem:store-unavailable")
                assert int(away.headers["Retry-After"]) > 0
                assert client.post("/v1/classify", json={"text": ATTACK}).status_code == 200
                assert client.get("/v1/reviews/export").status_code == 503
            own_server.start()
            time.sleep(2.1)
            assert client.get("/v1/reviews").json()["reviews"][0]["topics"] == ["attacks"]
        assert client.put(path, json={"topics": [], "revision": 1}).status_code == 200
        assert [entry[0] for entry in history_of(client, review["id"])] == ["save", "change"]


def test_the_service_starts_while_postgresql_is_stopped(own_server: Any, tiny_models: Path, tmp_path: Path) -> None:
    url = own_server.get_uri(driver="psycopg")
    own_server.stop()
    settings = Settings(models=tiny_models, state=tmp_path, database_url=url, rate_limit="")
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/reviews", json={"text": ATTACK, "topics": []}).status_code == 503
        own_server.start()
        time.sleep(2.1)
        reviewed(client, ATTACK, [])


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d", "oracle://h/d", "postgresql://u:SECRET@127.0.0.1:9/d"])
def test_a_database_that_is_not_there_is_told_in_a_sentence(tiny_models: Path, tmp_path: Path, url: str) -> None:
    settings = Settings(models=tiny_models, state=tmp_path, database_url=url)
    with pytest.raises(StoreUnavailableError, match=r"\.$") as told:
        Store(settings).read(lambda session: None)
    assert "SECRET" not in str(told.value)


def test_a_folder_that_cannot_be_made_is_told_and_tagging_goes_on(tiny_models: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailableError, match="RASID_STATE"):
        Store(Settings(state=tmp_path / "file")).read(lambda session: None)


def test_a_damaged_file_is_told_and_comes_back(tiny_models: Path, tmp_path: Path) -> None:
    settings = Settings(models=tiny_models, state=tmp_path)
    (tmp_path / "store.sqlite").write_bytes(b"no database at all, but long enough to look like one" * 50)
    store = Store(settings)
    with pytest.raises(StoreUnavailableError):
        store.read(lambda session: None)
    (tmp_path / "store.sqlite").unlink()
    time.sleep(2.1)
    saved(store, ATTACK, decision("huda"))
    store.close()


def test_faults_of_the_database_never_show_the_text(
    client: TestClient, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store.write(lambda session: session.execute(text("ALTER TABLE passages RENAME TO elsewhere")))
    answer = client.post("/v1/reviews", json={"text": ATTACK, "topics": [], "note": "SECRET"})
    assert answer.status_code in (500, 503)
    assert "داعش" not in answer.text + caplog.text
    assert "SECRET" not in answer.text + caplog.text


def test_the_embedded_store_is_private_and_synced(tmp_path: Path) -> None:
    store = Store(Settings(state=tmp_path))
    found = store.read(
        lambda session: [
            session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    )
    assert found == ["delete", 3, 1]
    assert (tmp_path / "store.sqlite").stat().st_mode & 0o777 == 0o600
    store.close()
