import json
import os
import re
import stat
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.callers import Caller, Role
from app.cli import app
from app.key_store import add_key
from app.keys import KeysError, hash_of, key_file, load_keys, new_key, secret_file
from app.settings import Settings

runner = CliRunner()
SECRET = "s" * 32


def run(*arguments: object) -> tuple[int, str, str]:
    result = runner.invoke(app, ["keys", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_a_key_is_made_listed_used_and_revoked(settings: Settings) -> None:
    code, out, err = run("new", "--name", "gateway", "--role", "classify")
    key = out.strip()
    assert code == 0
    assert re.fullmatch(r"rasid_classify_[A-Za-z0-9_-]{43}", key)
    assert key not in err
    assert load_keys(settings).caller_of(key.encode()) == Caller("gateway", Role.CLASSIFY)
    code, out, _ = run("list")
    assert (code, out.split("\t")[:2]) == (0, ["gateway", "classify"])
    (listed,) = json.loads(run("list", "--json")[1])
    assert listed["kept_in"] == str(key_file(settings))
    assert run("revoke", "gateway") == (0, "", "gateway is revoked.\n")
    assert load_keys(settings).caller_of(key.encode()) is None
    assert run("list") == (0, "", "")


def test_only_keyed_hashes_are_kept_and_the_secret_is_its_owners(settings: Settings) -> None:
    keys = [add_key(settings, name, Role.ADMIN) for name in ("one", "two")]
    assert len(set(keys)) == 2
    content = key_file(settings).read_text()
    secret = secret_file(settings).read_text().strip()
    assert stat.S_IMODE(secret_file(settings).stat().st_mode) == 0o600
    assert len(secret) == 64
    for key in keys:
        assert key not in content
        assert hash_of(key.encode(), secret.encode()) in content
        assert hash_of(key.encode(), b"x" * 64) not in content


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_secret_is_private_whatever_the_umask(settings: Settings, umask: int) -> None:
    before = os.umask(umask)
    try:
        add_key(settings, "one", Role.ADMIN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(secret_file(settings).stat().st_mode) == 0o600


def test_every_record_is_compared(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    made = [add_key(settings, f"key{number}", Role.REVIEW) for number in range(5)]
    compared: list[str] = []
    monkeypatch.setattr("app.keys.hmac.compare_digest", lambda kept, sent: compared.append(kept) or kept == sent)
    keys = load_keys(settings)
    for key in (made[0], made[4], "wrong"):
        compared.clear()
        keys.caller_of(key.encode())
        assert compared == [record.hash for record in keys.records]


def test_keys_by_settings_need_no_state_folder(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run("new", "--name", "gateway", "--role", "admin", "--as-settings")
    assert code == 0
    assert not settings.state.exists()
    given = dict(line.split("=", 1) for line in err.splitlines())
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert set(given) == {"RASID_SECRET", "RASID_KEYS"}
    assert load_keys(Settings()).caller_of(out.strip().encode()) == Caller("gateway", Role.ADMIN)
    _, second, err = run("new", "--name", "desk", "--role", "review", "--as-settings")
    monkeypatch.setenv("RASID_KEYS", err.splitlines()[1].partition("=")[2])
    keys = load_keys(Settings())
    assert [keys.caller_of(key.strip().encode()) for key in (out, second)] == [
        Caller("gateway", Role.ADMIN),
        Caller("desk", Role.REVIEW),
    ]
    code, _, err = run("revoke", "desk")
    assert code == 1
    assert "take it out there" in err
    assert "RASID_KEYS" in run("list")[1]


def test_the_secret_of_the_setting_wins(settings: Settings) -> None:
    given = settings.model_copy(update={"secret": Settings(secret=SECRET).secret})
    key = add_key(given, "one", Role.ADMIN)
    assert not secret_file(settings).exists()
    assert load_keys(given).caller_of(key.encode())
    with pytest.raises(KeysError, match="no secret"):
        load_keys(settings)
    assert SECRET not in repr(given)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: it isn't JSON"),
        ("\udcff", "line 2: it isn't JSON"),
        ("[" * 100_000, "line 2"),
        ("[]", "isn't an object with name, role and hash"),
        ('{"name": "a", "role": "admin"}', "isn't an object with name, role and hash"),
        ('{"name": "a", "role": "root", "hash": "%s"}' % ("0" * 64), "a role is classify, review, admin"),
        ('{"name": "a b", "role": "admin", "hash": "%s"}' % ("0" * 64), "a name is"),
        ('{"name": "a", "role": "admin", "hash": "SECRET"}', "a hash is 64"),
        ('{"name": "first", "role": "admin", "hash": "%s"}' % ("0" * 64), "the same name"),
    ],
)
def test_a_damaged_line_is_named_and_nothing_is_written(settings: Settings, line: str, says: str) -> None:
    add_key(settings, "first", Role.ADMIN)
    with key_file(settings).open("ab") as file:
        file.write(line.encode(errors="surrogateescape") + b"\n")
    before = key_file(settings).read_bytes()
    for arguments in (("list",), ("new", "--name", "b", "--role", "admin"), ("revoke", "first")):
        code, out, err = run(*arguments)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert says in err
        assert "SECRET" not in err
    assert key_file(settings).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("new", "--name", "a b", "--role", "admin"), 1, "The name can't be used: a name is"),
        (("new", "--name", "", "--role", "admin"), 1, "a name is"),
        (("new", "--name", "a", "--role", "root"), 2, "a role is classify, review, admin"),
        (("new", "--role", "admin"), 2, "--name"),
        (("revoke", "nobody"), 1, "There is no key nobody"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], code: int, says: str) -> None:
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert says in " ".join(err.split())


def test_a_name_is_used_once(settings: Settings) -> None:
    assert run("new", "--name", "a", "--role", "admin")[0] == 0
    code, _, err = run("new", "--name", "a", "--role", "review")
    assert code == 1
    assert "There is a key a already" in err
    assert [record.role for record in load_keys(settings).records] == [Role.ADMIN]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RASID_SECRET", "short", "RASID_SECRET is shorter than 32"),
        ("RASID_KEYS", "a:admin", "RASID_KEYS, key 1, isn't name:role:hash"),
        ("RASID_KEYS", f"a:admin:{'0' * 64},SECRET:root:{'0' * 64}", "RASID_KEYS, key 2"),
        ("RASID_PORT", "SECRET", "RASID_PORT can't be used"),
    ],
)
def test_damaged_settings_are_named_but_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    code, out, err = run("new", "--name", "b", "--role", "admin")
    assert (code, out) == (1, "")
    assert says in err
    assert "SECRET:" not in err
    assert "'SECRET'" not in err


def test_a_damaged_secret_is_told(settings: Settings) -> None:
    add_key(settings, "a", Role.ADMIN)
    secret_file(settings).write_text("")
    code, _, err = run("new", "--name", "b", "--role", "admin")
    assert code == 1
    assert "secret is damaged: restore it" in err


def test_a_state_folder_that_cannot_be_written_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.state.write_text("a file, no folder")
    code, out, err = run("new", "--name", "b", "--role", "admin")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "check its disk and rights" in err


def test_keys_made_at_once_are_all_kept(settings: Settings) -> None:
    made: dict[str, str] = {}

    def make(name: str) -> None:
        made[name] = add_key(settings, name, Role.CLASSIFY)

    threads = [threading.Thread(target=make, args=(f"key{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = load_keys(settings)
    assert {name: keys.caller_of(key.encode()) for name, key in made.items()} == {
        name: Caller(name, Role.CLASSIFY) for name in made
    }


def test_roles_are_ordered() -> None:
    assert Role.CLASSIFY < Role.REVIEW < Role.ADMIN
    assert all(Role.named(role.label) is role for role in Role)
    assert new_key(Role.REVIEW).startswith("rasid_review_")


def test_a_key_file_that_cannot_be_read_is_told(settings: Settings) -> None:
    settings.state.mkdir()
    key_file(settings).mkdir()
    with pytest.raises(KeysError, match="can't be read: Is a directory"):
        load_keys(settings)


def test_the_state_folder_is_made_by_the_first_key_only(settings: Settings) -> None:
    load_keys(settings)
    assert run("list") == (0, "", "")
    assert run("revoke", "a")[0] == 1
    assert not Path(settings.state).exists()
