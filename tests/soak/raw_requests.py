"""Requests as bytes, most of them broken: every endpoint's own request, mutated, and things that aren't HTTP at all."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi.routing import iter_route_contexts

from app.late_routes import complete
from app.main import create_app
from app.settings import Settings
from tests.soak.raw_parts import CANARY, CHUNKED, HEADERS, NOT_HTTP, SPECIAL, TEXT, TOKENS
from tests.soak.wire import request


@dataclass(frozen=True, slots=True)
class RawRequest:
    """What goes over one connection; `requests` is how many whole requests it may hold."""

    data: bytes
    requests: int = 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method, a path with names in braces, and bodies that fit, by media type."""

    method: str
    path: str
    bodies: tuple[tuple[str, Any], ...] = ()


def endpoints() -> tuple[Endpoint, ...]:
    """All endpoints of the service, with the bodies that its own description gives as examples."""
    app = create_app(Settings())
    complete(app)
    described = app.openapi()["paths"]
    found = {}
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            content = described.get(route.path, {}).get(method.lower(), {}).get("requestBody", {}).get("content", {})
            found[method, str(route.path)] = Endpoint(method, str(route.path), tuple(_bodies(content)))
    return tuple(found[name] for name in sorted(found))


def _bodies(content: dict[str, Any]) -> list[tuple[str, Any]]:
    bodies: list[tuple[str, Any]] = []
    for kind, described in content.items():
        examples = [example["value"] for example in described.get("examples", {}).values()]
        bodies += [(kind, example) for example in examples or [{"text": TEXT} if "json" in kind else f"text\n{TEXT}\n"]]
    return bodies


class RawRequests:
    """The requests by number: the same number gives the same bytes."""

    def __init__(self, known: tuple[Endpoint, ...], seed: int = 0) -> None:
        self._known = known
        self._seed = seed
        self._ways: tuple[Callable[[random.Random], RawRequest], ...] = (
            lambda chance: RawRequest(self._valid(chance)),
            lambda chance: RawRequest(_bytes_changed(self._valid(chance), chance)),
            lambda chance: RawRequest(_bytes_changed(self._valid(chance), chance)),
            lambda chance: RawRequest(_headers_added(self._valid(chance), chance)),
            lambda chance: RawRequest(self._chunked(chance)),
            self._pipelined,
            lambda chance: RawRequest(_cut(self._valid(chance), chance)),
            lambda chance: RawRequest(chance.choice(NOT_HTTP)),
            lambda chance: RawRequest(chance.randbytes(chance.randrange(1, 400))),
        )
        self._weights = (30, 16, 8, 20, 8, 8, 3, 4, 3)

    def __getitem__(self, number: int) -> RawRequest:
        chance = random.Random(f"{self._seed} {number}")
        return chance.choices(self._ways, self._weights)[0](chance)

    def _valid(self, chance: random.Random) -> bytes:
        endpoint = chance.choice(self._known)
        path = endpoint.path
        while "{" in path:
            name = chance.choice((CANARY, "0123456789ab", "0123456789abcdef", "%D8%B2", "..", "1"))
            path = path[: path.index("{")] + name + path[path.index("}") + 1 :]
        if chance.random() < 0.2:
            path += f"?{chance.choice(('limit', 'cursor', 'format', 'hold_out', CANARY))}={CANARY}"
        if not endpoint.bodies:
            return request(endpoint.method, path)
        kind, body = chance.choice(endpoint.bodies)
        if kind != "application/json" or isinstance(body, str):
            return request(endpoint.method, path, str(body).encode(), {"Content-Type": kind})
        changed = _value_changed(body, chance) if chance.random() < 0.7 else body
        written = json.dumps(changed, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
        return request(endpoint.method, path, written)

    def _chunked(self, chance: random.Random) -> bytes:
        head = self._valid(chance).partition(b"\r\n\r\n")[0]
        head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length"))
        return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chance.choice(CHUNKED)

    def _pipelined(self, chance: random.Random) -> RawRequest:
        requests = [self._valid(chance) for _ in range(chance.randrange(2, 5))]
        if chance.random() < 0.3:
            requests[-1] = _bytes_changed(requests[-1], chance)
        return RawRequest(b"".join(requests), len(requests))


def _value_changed(value: Any, chance: random.Random) -> Any:
    """The value with something in it replaced, left out or added."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(list(value))
        if chance.random() < 0.1:
            return {other: kept for other, kept in value.items() if other != name}
        return {**value, name: _value_changed(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [*value[:place], _value_changed(value[place], chance), *value[place + 1 :]]
    return chance.choice(SPECIAL)


def _bytes_changed(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(changed) + 1)
        end = min(len(changed), place + chance.randrange(12))
        way = chance.randrange(4)
        if way == 0:
            changed[place:end] = chance.randbytes(end - place)
        elif way == 1:
            del changed[place:end]
        elif way == 2:
            changed[place:place] = chance.choice(TOKENS)
        else:
            changed[place:place] = changed[place:end]
    return bytes(changed)


def _headers_added(data: bytes, chance: random.Random) -> bytes:
    line, _, others = data.partition(b"\r\n")
    added = b"\r\n".join(chance.sample(HEADERS, chance.randrange(1, 4)))
    return line + b"\r\n" + added + b"\r\n" + others


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]
