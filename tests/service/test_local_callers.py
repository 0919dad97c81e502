"""A service without keys: programs of this machine may use it, pages of other sites may not."""

import pytest
from fastapi import FastAPI

from app.callers import Role
from app.key_store import add_key
from app.local_callers import is_loopback
from app.main import create_app
from app.settings import Settings
from tests.service.asking import Headers, ask, bearer, empty, scope_of


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:8000", "127.1.2.3", "[::1]", "[::1]:8000"]
)
def test_names_of_this_machine(app: FastAPI, host: str) -> None:
    assert ask(app, scope_of("GET", "/v1/", [(b"host", host.encode())]), empty).status == 200


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        ([b"example.org"], 421),
        ([b"localhost.example.org"], 421),
        ([b"127.0.0.1.example.org"], 421),
        ([b"0.0.0.0:8000"], 421),
        ([b"192.168.0.1"], 421),
        ([b"[::]"], 421),
        ([b"[fe80::1]"], 421),
        ([b""], 400),
        ([b"localhost@example.org"], 400),
        ([b"localhost, example.org"], 400),
        ([b"\xff"], 400),
        ([b"localhost:x"], 400),
        ([b"localhost", b"localhost"], 400),
    ],
)
def test_other_names_are_refused(app: FastAPI, hosts: list[bytes], status: int) -> None:
    answer = ask(app, scope_of("GET", "/v1/", [(b"host", host) for host in hosts]))
    assert answer.status == status
    assert b"example" not in answer.body


def test_a_request_without_host_is_refused(app: FastAPI) -> None:
    assert ask(app, {**scope_of("GET", "/v1/"), "headers": []}).status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 404),
        ([(b"origin", b"http://localhost")], 404),
        ([(b"origin", b"HTTPS://LOCALHOST")], 404),
        ([(b"sec-fetch-site", b"same-origin"), (b"origin", b"http://localhost")], 404),
        ([(b"sec-fetch-site", b"none")], 404),
        ([(b"origin", b"http://example.org")], 403),
        ([(b"origin", b"http://localhost:3000")], 403),
        ([(b"origin", b"http://localhost.example.org")], 403),
        ([(b"origin", b"null")], 403),
        ([(b"origin", b"")], 403),
        ([(b"origin", b"http://localhost"), (b"origin", b"http://example.org")], 403),
        ([(b"sec-fetch-site", b"cross-site")], 403),
        ([(b"sec-fetch-site", b"same-site")], 403),
        ([(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")], 403),
    ],
)
def test_pages_of_other_sites_change_nothing(app: FastAPI, headers: Headers, status: int) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert ask(app, scope_of(method, "/v1/nowhere", headers), empty).status == status


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 200),
        ("127.9.9.9", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("192.0.2.1", 403),
        ("fe80::1", 403),
    ],
)
def test_other_machines_are_refused_whatever_the_server_listens_on(app: FastAPI, address: str, status: int) -> None:
    assert ask(app, scope_of("GET", "/v1/", client=(address, 5)), empty).status == status


def test_a_socket_without_addresses_is_of_this_machine(app: FastAPI) -> None:
    assert ask(app, {**scope_of("GET", "/v1/"), "client": None}, empty).status == 200


def test_with_keys_any_name_and_page_will_do(settings: Settings) -> None:
    key = add_key(settings, "a", Role.ADMIN)
    headers = [*bearer(key), (b"host", b"example.org"), (b"origin", b"http://other.example")]
    scope = scope_of("POST", "/v1/nowhere", headers, client=("192.0.2.1", 5))
    assert ask(create_app(settings), scope, empty).status == 404


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:8.8.8.8", False),
        ("example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_addresses_of_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
