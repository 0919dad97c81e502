"""Keys change while the service runs."""

import logging

import pytest

from app.callers import Role
from app.key_store import add_key, revoke_key
from app.key_watch import KeyWatch
from app.keys import Keys, KeysError, hash_of, key_file
from app.settings import Settings


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("app.key_watch.time.monotonic", lambda: now[0])
    return now


def names(keys: Keys) -> list[str]:
    return [record.name for record in keys.records]


def test_a_change_is_seen_after_a_second_and_not_looked_for_before(settings: Settings, clock: list[float]) -> None:
    watch = KeyWatch(settings)
    assert watch.keys().given is False
    add_key(settings, "a", Role.ADMIN)
    assert watch.keys().given is False
    clock[0] += 1
    assert names(watch.keys()) == ["a"]
    add_key(settings, "b", Role.ADMIN)
    clock[0] += 1
    assert names(watch.keys()) == ["a", "b"]
    revoke_key(settings, "a")
    clock[0] += 1
    assert names(watch.keys()) == ["b"]


def test_the_last_key_revoked_leaves_the_service_closed(settings: Settings, clock: list[float]) -> None:
    add_key(settings, "a", Role.ADMIN)
    watch = KeyWatch(settings)
    watch.keys()
    revoke_key(settings, "a")
    clock[0] += 1
    assert (names(watch.keys()), watch.keys().given) == ([], True)
    assert (names(KeyWatch(settings).keys()), KeyWatch(settings).keys().given) == ([], True)


def test_a_damaged_or_missing_file_leaves_the_last_good_keys(
    settings: Settings, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    add_key(settings, "a", Role.ADMIN)
    good = key_file(settings).read_bytes()
    watch = KeyWatch(settings)
    watch.keys()
    for damage in (lambda: key_file(settings).write_bytes(b"SECRET"), lambda: key_file(settings).unlink()):
        damage()
        caplog.clear()
        for _ in range(3):
            clock[0] += 1
            assert names(watch.keys()) == ["a"]
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert "SECRET" not in caplog.text
        assert hash_of(b"x", b"y") not in caplog.text
    key_file(settings).write_bytes(good + b"")
    clock[0] += 1
    assert watch.keys().given
    add_key(settings, "b", Role.REVIEW)
    clock[0] += 1
    assert names(watch.keys()) == ["a", "b"]


def test_without_good_keys_ever_there_is_an_error_until_the_file_is_mended(settings: Settings) -> None:
    key = add_key(settings, "a", Role.ADMIN)
    good = key_file(settings).read_bytes()
    key_file(settings).write_bytes(b"{")
    watch = KeyWatch(settings)
    for _ in range(2):
        with pytest.raises(KeysError, match="line 1"):
            watch.keys()
    key_file(settings).write_bytes(good)
    assert watch.keys().caller_of(key.encode())
