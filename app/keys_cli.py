"""The commands `rasid keys ...`: make, list and revoke API keys."""

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from app.callers import Role
from app.console import told_errors
from app.key_store import add_key, made_key, new_secret, revoke_key
from app.keys import KeyRecord, key_file, records_of, secret_of, set_records
from app.settings import Settings, read_settings

keys_app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as `list` shows it."""

    name: str
    role: str
    created: str
    kept_in: str

    def __str__(self) -> str:
        """One line to read."""
        return f"{self.name}\t{self.role}\t{self.created or '-'}\t{self.kept_in}"


@keys_app.command("new")
def new(
    name: Annotated[str, typer.Option(help="what to call it: who or what will use it")],
    role: Annotated[str, typer.Option(help="classify, review or admin; each may do what those before it may")],
    as_settings: Annotated[
        bool, typer.Option("--as-settings", help="keep nothing here: print RASID_SECRET and RASID_KEYS on stderr")
    ] = False,
) -> None:
    """Make a key and print it; only its keyed hash is kept, so it can't be shown again."""
    try:
        wanted = Role.named(role)
    except ValueError as fault:
        raise typer.BadParameter(f"{fault}") from None
    with told_errors():
        settings = read_settings()
        if as_settings:
            typer.echo(_set_key(settings, name, wanted))
            return
        typer.echo(add_key(settings, name, wanted))
        typer.echo(
            f"{name} may {role}. Its hash is in {key_file(settings)}; send the key as `Authorization: Bearer KEY` or "
            "`X-API-Key: KEY`.",
            err=True,
        )


@keys_app.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="a JSON array instead of lines to read")] = False,
) -> None:
    """Print each key's name, role, time of making and place."""
    with told_errors():
        settings = read_settings()
        listed = [
            *(_listed(record, "RASID_KEYS") for record in set_records(settings)),
            *(_listed(record, str(key_file(settings))) for record in records_of(settings) or ()),
        ]
    if as_json:
        typer.echo(json.dumps([asdict(key) for key in listed]))
    else:
        for key in listed:
            typer.echo(key)


@keys_app.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="the key's name", metavar="NAME")]) -> None:
    """Forget a key: running services refuse it within 5 seconds."""
    with told_errors():
        revoke_key(read_settings(), name)
    typer.echo(f"{name} is revoked.", err=True)


def _set_key(settings: Settings, name: str, role: Role) -> str:
    """A new key, whose hash and secret are printed as settings, beside those that the settings hold already."""
    secret = (secret_of(settings) or new_secret().encode()).decode()
    key, record = made_key(name, role, secret.encode())
    records = [*(kept for kept in set_records(settings) if kept.name != name), record]
    typer.echo(f"RASID_SECRET={secret}", err=True)
    typer.echo(f"RASID_KEYS={','.join(f'{each.name}:{each.role.label}:{each.hash}' for each in records)}", err=True)
    return key


def _listed(record: KeyRecord, kept_in: str) -> ListedKey:
    return ListedKey(record.name, record.role.label, record.created, kept_in)
