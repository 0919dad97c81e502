"""Every endpoint by every kind of caller: refused before a byte of the body is read, and never by an accident."""

import base64
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from app.access import needed_role, rule_for
from app.callers import LOCAL, Caller, Role
from app.key_store import add_key, revoke_key
from app.late_routes import complete
from app.main import create_app
from app.settings import Settings
from app.web.guarding import FORMS, PAGES
from tests.service.asking import Answer, BodyReadError, Headers, ask, bearer, empty, forbidden, scope_of

NEEDED = {
    ("GET", "/livez"): None,
    ("GET", "/readyz"): None,
    ("GET", "/docs"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/static/{digest}/{name}"): None,
    ("GET", "/login"): None,
    ("POST", "/login"): None,
    ("POST", "/logout"): Role.CLASSIFY,
    ("GET", "/"): Role.CLASSIFY,
    ("GET", "/read"): Role.CLASSIFY,
    ("POST", "/read"): Role.CLASSIFY,
    ("GET", "/review"): Role.CLASSIFY,
    ("GET", "/models"): Role.CLASSIFY,
    ("GET", "/topics"): Role.CLASSIFY,
    ("GET", "/metrics"): Role.ADMIN,
    ("GET", "/v1/"): Role.CLASSIFY,
    ("GET", "/v1/topics"): Role.CLASSIFY,
    ("POST", "/v1/classify"): Role.CLASSIFY,
    ("POST", "/v1/classify/batch"): Role.CLASSIFY,
    ("GET", "/v1/models"): Role.CLASSIFY,
    ("GET", "/v1/models/{version}"): Role.CLASSIFY,
    ("POST", "/v1/models/{version}/promote"): Role.ADMIN,
    ("POST", "/v1/models/rollback"): Role.ADMIN,
    ("POST", "/v1/queue"): Role.REVIEW,
    ("GET", "/label-studio/health"): Role.CLASSIFY,
    ("POST", "/label-studio/setup"): Role.CLASSIFY,
    ("POST", "/label-studio/predict"): Role.CLASSIFY,
    ("POST", "/label-studio/webhook"): Role.REVIEW,
}
"""What is said about routes by name; those below the paths of FAMILIES have the role of their family."""
FAMILIES = {"/v1/training-jobs": Role.ADMIN, "/v1/reviews": Role.REVIEW, "/v1/articles": Role.REVIEW}


def routes() -> Iterator[tuple[str, str]]:
    app = create_app(Settings())
    complete(app)
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            if method != "HEAD":
                yield method, str(route.path)


ROUTES = sorted(routes())


def expected_role(method: str, path: str) -> Role | None:
    for family, role in FAMILIES.items():
        if path.startswith(family):
            return role
    return NEEDED[method, path]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_has_its_rule(method: str, path: str) -> None:
    assert rule_for(method, path) is not None
    assert needed_role(method, filled(path)) == expected_role(method, path)


def test_every_role_that_is_written_down_is_of_a_route() -> None:
    assert set(NEEDED) <= set(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_openapi_description_tells_the_role(method: str, path: str) -> None:
    operation = create_app(Settings()).openapi()["paths"].get(path, {}).get(method.lower())
    role = expected_role(method, path)
    if operation is None:
        assert path in ("/docs", "/openapi.json") or path.startswith("/static/") or path in FORMS | PAGES
    elif role is None:
        assert "security" not in operation
    else:
        assert f"Least role: `{role.label}`" in operation["description"]
        assert {"401", "403", "429", "503"} <= set(operation["responses"])


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("HEAD", "/livez", None),
        ("POST", "/livez", Role.ADMIN),
        ("OPTIONS", "/v1/classify", Role.CLASSIFY),
        ("HEAD", "/v1/topics", Role.CLASSIFY),
        ("HEAD", "/metrics", Role.ADMIN),
        ("GET", "/v1/training-jobs/7/events", Role.ADMIN),
        ("DELETE", "/v1/models/abc", Role.ADMIN),
        ("PUT", "/v1/topics", Role.ADMIN),
        ("GET", "/nowhere", Role.CLASSIFY),
        ("POST", "/nowhere", Role.ADMIN),
        ("get", "/livez", Role.ADMIN),
        ("GET", "/livez/", Role.CLASSIFY),
        ("GET", "/docs/other", Role.CLASSIFY),
        ("GET", "//metrics", Role.CLASSIFY),
    ],
)
def test_roles_of_other_requests(method: str, path: str, role: Role | None) -> None:
    assert needed_role(method, path) == role


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "5", path)


@pytest.fixture
def keys(settings: Settings) -> dict[Role, str]:
    made = {role: add_key(settings, role.label, role) for role in Role}
    made_and_revoked = add_key(settings, "gone", Role.ADMIN)
    revoke_key(settings, "gone")
    return {**made, "revoked": made_and_revoked}  # type: ignore[dict-item]


@pytest.fixture
def app(settings: Settings, keys: dict[Role, str]) -> FastAPI:
    return create_app(settings)


JSON = (b"content-type", b"application/json")
LENGTH = (b"content-length", b"99")


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if expected_role(*route) is not None])
def test_nobody_gets_past_without_a_good_key(app: FastAPI, keys: dict[str, str], method: str, path: str) -> None:
    role = expected_role(method, path)
    assert role is not None
    senders: dict[str, tuple[int, Headers]] = {
        "none": (401, []),
        "wrong": (401, bearer(keys[Role.ADMIN][:-1] + "!")),
        "empty": (401, bearer("")),
        "basic": (401, [(b"authorization", b"Basic " + keys[Role.ADMIN].encode())]),
        "revoked": (401, bearer(keys["revoked"])),
        "twice": (400, [*bearer(keys[Role.ADMIN]), (b"x-api-key", keys[Role.ADMIN].encode())]),
        "repeated": (400, [*bearer(keys[Role.ADMIN]), *bearer(keys[Role.ADMIN])]),
        **{lower.label: (403, bearer(keys[lower])) for lower in Role if lower < role},
    }
    for name, (status, headers) in senders.items():
        answer = ask(app, scope_of(method, filled(path), [*headers, JSON, LENGTH]), forbidden)
        assert (name, answer.status) == (name, status)
        assert answer.headers["content-type"] == "application/problem+json"
        assert ("www-authenticate" in answer.headers) == (status == 401)
        assert b"rasid_" not in answer.body


@pytest.mark.parametrize("form", ["bearer", "lower case", "x-api-key", "basic"])
@pytest.mark.parametrize("role", list(Role))
def test_a_key_opens_what_its_role_may(app: FastAPI, keys: dict[Role, str], role: Role, form: str) -> None:
    key = keys[role].encode()
    headers = {
        "bearer": [(b"authorization", b"Bearer " + key)],
        "lower case": [(b"authorization", b"  bearer   " + key + b" ")],
        "x-api-key": [(b"x-api-key", key)],
        "basic": [(b"authorization", b"Basic " + base64.b64encode(b"anyone:" + key))],
    }[form]
    for path, least in (("/v1/", Role.CLASSIFY), ("/metrics", Role.ADMIN)):
        assert ask(app, scope_of("GET", path, headers), empty).status == (200 if role >= least else 403)


def test_pages_of_other_sites_use_no_password_that_a_browser_knows(app: FastAPI, keys: dict[Role, str]) -> None:
    basic = (b"authorization", b"Basic " + base64.b64encode(b"anyone:" + keys[Role.ADMIN].encode()))
    for origin, status in ((b"http://localhost", 404), (b"http://example.org", 403), (b"null", 403)):
        scope = scope_of("POST", "/nowhere", [basic, (b"origin", origin)])
        assert ask(app, scope, empty).status == status
    assert ask(app, {**scope, "headers": [basic, (b"origin", b"null")]}).status == 403


def test_the_caller_is_left_for_the_endpoints(app: FastAPI, keys: dict[Role, str]) -> None:
    scope = scope_of("GET", "/v1/", bearer(keys[Role.REVIEW]))
    ask(app, scope, empty)
    assert scope["state"]["caller"] == Caller("review", Role.REVIEW)


def test_without_keys_everybody_here_is_an_administrator(settings: Settings) -> None:
    scope = scope_of("GET", "/metrics")
    assert ask(create_app(settings), scope, empty).status == 200
    assert scope["state"]["caller"] is LOCAL


def test_probes_and_docs_are_open(app: FastAPI) -> None:
    for path, status in (("/livez", 200), ("/readyz", 503), ("/docs", 200), ("/openapi.json", 200)):
        assert ask(app, scope_of("GET", path), empty).status == status


def test_what_is_not_there_needs_a_key_too(app: FastAPI, keys: dict[Role, str]) -> None:
    assert ask(app, scope_of("GET", "/nowhere")).status == 401
    assert ask(app, scope_of("GET", "/nowhere", bearer(keys[Role.CLASSIFY])), empty).status == 404
    assert ask(app, scope_of("POST", "/nowhere", bearer(keys[Role.CLASSIFY]))).status == 403


def test_a_body_of_an_admitted_caller_is_read(app: FastAPI, keys: dict[Role, str]) -> None:
    with pytest.raises(BodyReadError):
        ask(app, scope_of("POST", "/v1/classify", [*bearer(keys[Role.CLASSIFY]), JSON, LENGTH]), forbidden)


def test_off_loopback_there_is_no_open_service(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"host": "0.0.0.0"}))
    assert ask(app, scope_of("GET", "/v1/")).status == 401
    assert ask(app, scope_of("GET", "/livez"), empty).status == 200


def test_damaged_keys_close_the_service(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.state.mkdir()
    (settings.state / "keys").write_text("SECRET")
    answer = ask(create_app(settings), scope_of("GET", "/v1/"))
    assert (answer.status, "SECRET" in caplog.text) == (503, False)


def test_web_sockets_are_refused(app: FastAPI) -> None:
    scope = {**scope_of("GET", "/v1/"), "type": "websocket"}
    answer: Answer = ask(app, scope)
    assert answer.sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("root_path", ["/rasid", "/v1"])
def test_a_root_path_opens_nothing(app: FastAPI, root_path: str) -> None:
    for path in ("/metrics", "/v1/topics"):
        assert ask(app, {**scope_of("GET", root_path + path), "root_path": root_path}).status == 401


NAMES = st.sampled_from([b"authorization", b"x-api-key", b"host", b"origin", b"sec-fetch-site", b"content-type"])
VALUES = st.binary(max_size=300) | st.sampled_from([b"Bearer ", b"Bearer \xff\xfe", b"localhost", b"rasid_admin_"])


@tries(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=6),
    method=st.sampled_from(["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PATCH", "FOO"]),
    path=st.sampled_from(["/metrics", "/v1/classify", "/v1/models", "/v1/nowhere", "/v1/reviews/import"]),
    open_service=st.booleans(),
)
def test_no_garbage_in_headers_opens_or_breaks_anything(
    garbage_apps: dict[bool, FastAPI], headers: Headers, method: str, path: str, open_service: bool
) -> None:
    answer = ask(garbage_apps[open_service], scope_of(method, path, headers), empty)
    if open_service:
        assert answer.status < 500
    else:
        assert answer.status in (400, 401)


@pytest.fixture
def garbage_apps(settings: Settings, app: FastAPI) -> dict[bool, FastAPI]:
    unkeyed = settings.model_copy(update={"state": settings.state / "none", "rate_limit": ""})
    return {True: create_app(unkeyed), False: create_app(settings.model_copy(update={"rate_limit": ""}))}
