"""Changes to the key file and the first secret: durable, and one at a time."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.callers import Role
from app.keys import KeyRecord, KeysError, hash_of, key_file, new_key, records_of, secret_file, secret_of, set_records
from app.settings import Settings
from app.tagger.durable import locked, make_folder, replace_file, sync_file, sync_folder


def add_key(settings: Settings, name: str, role: Role) -> str:
    """Make a key, keep its hash and give the key, which nobody can read again. Raises `KeysError` for a used name."""
    with _changing(settings):
        kept = records_of(settings) or ()
        if name in {record.name for record in (*kept, *set_records(settings))}:
            raise KeysError(f"There is a key {name} already: choose another name, or revoke that one first.")
        key, record = made_key(name, role, secret_of(settings) or _kept_secret(secret_file(settings)))
        replace_file(key_file(settings), b"".join(each.as_line() for each in (*kept, record)))
    return key


def revoke_key(settings: Settings, name: str) -> None:
    """Forget a key of the file. Raises `KeysError` for a name that isn't there."""
    if name in {record.name for record in set_records(settings)}:
        raise KeysError(f"The key {name} is in RASID_KEYS: take it out there and start the service again.")
    if not key_file(settings).exists():
        raise KeysError(f"There is no key {name}: `rasid keys list` shows those there are.")
    with _changing(settings):
        kept = records_of(settings) or ()
        left = [record for record in kept if record.name != name]
        if len(left) == len(kept):
            raise KeysError(f"There is no key {name}: `rasid keys list` shows those there are.")
        replace_file(key_file(settings), b"".join(record.as_line() for record in left))


def made_key(name: str, role: Role, secret: bytes) -> tuple[str, KeyRecord]:
    """A new key and what is to be kept of it. Raises `KeysError` for a name that can't be one."""
    key = new_key(role)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        return key, KeyRecord(name, role, hash_of(key.encode(), secret), created)
    except ValueError as fault:
        raise KeysError(f"The name can't be used: {fault}.") from None


def new_secret() -> str:
    """A secret of 256 random bits."""
    return secrets.token_hex(32)


@contextmanager
def _changing(settings: Settings) -> Iterator[None]:
    """Hold the lock of the state folder, made where missing; a disk that refuses becomes a `KeysError`."""
    try:
        make_folder(settings.state)
        with locked(settings.state / ".keys.lock"):
            yield
    except OSError as fault:
        raise KeysError(f"{settings.state} can't be changed: {fault.strerror}: check its disk and rights.") from None


def _kept_secret(path: Path) -> bytes:
    """A new secret in a file that only its owner can read, from the first byte on."""
    secret = new_secret().encode()
    handle, draft = tempfile.mkstemp(prefix=".secret-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secret + b"\n")
            sync_file(file)
        Path(draft).replace(path)
        sync_folder(path.parent)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return secret
