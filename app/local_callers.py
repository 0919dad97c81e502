"""Who may call a service without keys: programs on this machine, but no web page of another site that runs in them."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

from app.access import SAFE_METHODS
from app.problems import Problem

_OWN_PAGE = frozenset({b"same-origin", b"none"})
_LONGEST_HOST = 262
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::\d{1,5})?")


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether an address to listen on, or a name in a URL, is of this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def refuse_outsiders(scope: Scope) -> None:
    """Raise a `Problem` for a request to a service without keys that doesn't come from this machine's own user.

    The name in Host must be one of loopback: a page whose own name was pointed at 127.0.0.1 sends that name.
    """
    peer = (scope.get("client") or ("",))[0]
    if _is_address(peer) and not is_loopback(peer):
        raise Problem(403, "keys-needed", "This service has no keys and answers its own machine only: make keys.")
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    host = _name_in(hosts[0][:_LONGEST_HOST]) if len(hosts) == 1 else None
    if host is None:
        raise Problem(400, "bad-host", "Send one Host header with the name or address of this service.")
    if not is_loopback(host):
        raise Problem(421, "foreign-host", "This service has no keys: call it as localhost or 127.0.0.1, or make keys.")
    refuse_foreign_pages(scope)


def refuse_foreign_pages(scope: Scope) -> None:
    """Raise a 403 `Problem` for a request that changes something and was sent by a browser for another site's page.

    For every caller whom a browser makes known by itself: by its address, as here, by a password it keeps, by a cookie.
    """
    if scope["method"] in SAFE_METHODS:
        return
    headers = scope["headers"]
    origins = {value.lower() for name, value in headers if name == b"origin"}
    sites = {value for name, value in headers if name == b"sec-fetch-site"}
    own = next((value.lower() for name, value in headers if name == b"host"), b"")
    if not origins <= {b"http://" + own, b"https://" + own} or not sites <= _OWN_PAGE:
        raise Problem(403, "foreign-origin", "Pages of other sites can't use this service.")


@lru_cache(maxsize=256)
def _name_in(host: bytes) -> str | None:
    """The name or address in a Host header, or None if it is none."""
    named = _HOST.fullmatch(host.decode("latin-1"))
    return (named["v6"] or named["name"]) if named else None


@lru_cache(maxsize=256)
def _is_address(peer: str) -> bool:
    try:
        ip_address(peer)
    except ValueError:
        return False
    return True
