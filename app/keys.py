"""API keys: how they look, and the file and the setting that hold their keyed hashes, never the keys."""

import hmac
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from app.callers import Caller, Role
from app.settings import Settings
from app.tagger import RasidError

SHORTEST_SECRET = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{64}")


class KeysError(RasidError):
    """Keys that are missing, damaged or can't be kept; its text never holds a key, a hash or a secret."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key: `hash` is HMAC-SHA256 in hexadecimal, `created` a time in ISO 8601 or empty."""

    name: str
    role: Role
    hash: str
    created: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("a name is 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first")
        if not _HASH.fullmatch(self.hash):
            raise ValueError("a hash is 64 hexadecimal digits")

    def as_line(self) -> bytes:
        """The record as a line of the key file, a JSON object."""
        facts = {"name": self.name, "role": self.role.label, "hash": self.hash, "created": self.created}
        return json.dumps(facts).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys in use; `given` says whether there is a key file or a setting, be it empty."""

    records: tuple[KeyRecord, ...]
    secret: bytes
    given: bool

    def caller_of(self, key: bytes) -> Caller | None:
        """Whose key this is. Takes the same time for every key: it compares with all records."""
        found = None
        digest = hash_of(key, self.secret)
        for record in self.records:
            if hmac.compare_digest(record.hash, digest):
                found = Caller(record.name, record.role)
        return found

    @property
    def has_admin(self) -> bool:
        """Whether someone can administer the service."""
        return any(record.role is Role.ADMIN for record in self.records)


def new_key(role: Role) -> str:
    """A key of 256 random bits; the role in it is for people to read and gives no rights."""
    return f"rasid_{role.label}_{secrets.token_urlsafe(32)}"


def hash_of(key: bytes, secret: bytes) -> str:
    """The keyed hash of a key."""
    return hmac.digest(secret, key, "sha256").hex()


def key_file(settings: Settings) -> Path:
    """The file of the keys, one JSON object a line."""
    return settings.state / "keys"


def secret_file(settings: Settings) -> Path:
    """The file of the secret under which keys are hashed, unless `RASID_SECRET` gives it."""
    return settings.state / "secret"


def load_keys(settings: Settings) -> Keys:
    """The keys of the setting and of the file. Raises `KeysError` for damage and where the secret is missing."""
    kept = records_of(settings)
    records = set_records(settings) + (kept or ())
    secret = secret_of(settings)
    if records and not secret:
        raise KeysError(
            f"There are keys but no secret to check them with: restore {secret_file(settings)} or set RASID_SECRET."
        )
    return Keys(records, secret or b"", kept is not None or bool(records))


def records_of(settings: Settings) -> tuple[KeyRecord, ...] | None:
    """The records of the key file, or None where there is no file. Raises `KeysError` for a line that isn't one."""
    path = key_file(settings)
    content = _content(path)
    if content is None:
        return None
    records: dict[str, KeyRecord] = {}
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                record = _record(json.loads(line))
                if record.name in records:
                    raise ValueError("another line has the same name")
            except (ValueError, RecursionError) as fault:
                told = "it isn't JSON" if isinstance(fault, json.JSONDecodeError | UnicodeDecodeError) else fault
                raise KeysError(f"{path}, line {number}: {told}; mend or remove that line.") from None
            records[record.name] = record
    return tuple(records.values())


def set_records(settings: Settings) -> tuple[KeyRecord, ...]:
    """The records of `RASID_KEYS`: `name:role:hash`, parted by commas or blanks. Raises `KeysError` for others."""
    records = []
    for number, item in enumerate(re.split(r"[\s,]+", settings.keys.strip(", \t\n")), 1):
        if item:
            try:
                name, role, digest = item.split(":")
                records.append(KeyRecord(name, Role.named(role), digest))
            except ValueError:
                raise KeysError(
                    f"RASID_KEYS, key {number}, isn't name:role:hash: take it from `rasid keys new --as-settings`."
                ) from None
    return tuple(records)


def secret_of(settings: Settings) -> bytes | None:
    """The secret of the setting or else of the file, None where there is neither. Raises `KeysError` if it is short."""
    given = settings.secret.get_secret_value().encode()
    if given:
        if len(given) < SHORTEST_SECRET:
            raise KeysError(f"RASID_SECRET is shorter than {SHORTEST_SECRET} characters: give it a longer one.")
        return given
    path = secret_file(settings)
    kept = _content(path)
    if kept is not None and not (kept.isascii() and len(kept.strip()) >= SHORTEST_SECRET):
        raise KeysError(f"{path} is damaged: restore it, or remove it and {key_file(settings)} and make new keys.")
    return kept.strip() if kept else None


def _record(facts: object) -> KeyRecord:
    if not isinstance(facts, dict) or not all(isinstance(facts.get(name), str) for name in ("name", "role", "hash")):
        raise ValueError("it isn't an object with name, role and hash")
    return KeyRecord(facts["name"], Role.named(facts["role"]), facts["hash"], str(facts.get("created", "")))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise KeysError(f"{path} can't be read: {fault.strerror}: check its disk and rights.") from None
