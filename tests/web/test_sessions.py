"""Signing in with a key, what the cookie is worth, and what other sites can do with it: nothing."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from app.callers import Role
from app.key_store import add_key, revoke_key
from app.keys import load_keys
from app.main import create_app
from app.settings import Settings
from app.web import sessions
from app.web.sessions import CSRF_HEADER, Sessions, csrf_token
from tests.web.conftest import LOCAL

HTML = {"Accept": "text/html,application/xhtml+xml"}
OWN = {"Origin": LOCAL, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def keys(settings: Settings) -> dict[Role, str]:
    return {role: add_key(settings, role.label, role) for role in Role}


@pytest.fixture
def app(settings: Settings, keys: dict[Role, str]) -> FastAPI:
    return create_app(settings)


Browsers = Callable[[], TestClient]


@pytest.fixture
def browsers(app: FastAPI) -> Iterator[Browsers]:
    with TestClient(app, base_url=LOCAL, follow_redirects=False):
        yield lambda: TestClient(app, base_url=LOCAL, follow_redirects=False, headers=HTML)


def sign_in(browser: TestClient, key: str, next_page: str = "/") -> Response:
    return browser.post("/login", data={"key": key, "next": next_page}, headers=OWN)


def token_of(browser: TestClient) -> str:
    found = re.search(r'name="csrf-token" content="(\w+)"', browser.get("/").text)
    assert found
    return found[1]


def test_a_browser_without_session_is_sent_to_sign_in(browsers: Browsers) -> None:
    browser = browsers()
    for path in ("/", "/review", "/models", "/topics", "/read"):
        answer = browser.get(path)
        wanted = "%2F" if path == "/read" else f"%2F{path[1:]}"
        assert (answer.status_code, answer.headers["location"].replace("/login?next=/", "/login?next=%2F")) == (
            303,
            f"/login?next={wanted}",
        )
    assert browser.get("/v1/topics").status_code == 401
    assert browser.get("/review", headers={"Accept": "*/*"}).status_code == 401


def test_signing_in_gives_a_strict_cookie_and_the_page_that_was_wanted(
    browsers: Browsers, keys: dict[Role, str]
) -> None:
    browser = browsers()
    answer = sign_in(browser, keys[Role.REVIEW], "/review")
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    cookie = answer.headers["set-cookie"]
    assert re.match(r"rasid=[\w-]{43};", cookie)
    assert {"HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={sessions.LASTS_S}"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    page = browser.get("/review")
    assert page.status_code == 200
    assert "<bdi>review</bdi>" in page.text


def test_over_tls_the_cookie_is_secure_and_of_this_host_only(app: FastAPI, keys: dict[Role, str]) -> None:
    browser = TestClient(app, base_url="https://rasid.example", follow_redirects=False)
    answer = browser.post("/login", data={"key": keys[Role.ADMIN]}, headers={"Origin": "https://rasid.example"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-rasid=")
    assert "Secure" in cookie.split("; ")
    assert browser.get("/models", headers=HTML).status_code == 200


@pytest.mark.parametrize("key", ["", "rasid_admin_wrong", "مفتاح", "a" * 600, "rasid admin", "'; --"])
def test_wrong_keys_are_refused_in_words_and_never_shown(browsers: Browsers, key: str) -> None:
    answer = sign_in(browsers(), key)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert 'role="alert"' in answer.text
    assert not key or f'"{key}"' not in answer.text


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/v1/topics", "/nowhere"]
)
def test_signing_in_never_leads_elsewhere(browsers: Browsers, keys: dict[Role, str], wanted: str) -> None:
    assert sign_in(browsers(), keys[Role.CLASSIFY], wanted).headers["location"] == "/"


def test_the_session_has_the_role_of_its_key(browsers: Browsers, keys: dict[Role, str]) -> None:
    statuses = {}
    for role, key in keys.items():
        browser = browsers()
        sign_in(browser, key)
        token = {CSRF_HEADER: token_of(browser), **OWN}
        statuses[role] = (
            browser.post("/v1/classify", json={"text": "نص قصير هنا"}, headers=token).status_code,
            browser.get("/v1/reviews").status_code,
            browser.post("/v1/models/rollback", headers=token).status_code,
        )
    assert statuses == {Role.CLASSIFY: (200, 403, 403), Role.REVIEW: (200, 200, 403), Role.ADMIN: (200, 200, 409)}


def test_a_change_needs_the_token_of_the_page(browsers: Browsers, keys: dict[Role, str]) -> None:
    browser = browsers()
    sign_in(browser, keys[Role.ADMIN])
    good, text = token_of(browser), {"text": "نص قصير هنا"}
    for token in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: "0" * 64}, {CSRF_HEADER: csrf_token("other")}):
        answer = browser.post("/v1/classify", json=text, headers={**OWN, **token})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:rasid:problem:page-too-old")
        assert browser.post("/read", data={**text, "csrf": token.get(CSRF_HEADER, "")}, headers=OWN).status_code == 403
        assert browser.post("/logout", data={"csrf": token.get(CSRF_HEADER, "")}, headers=OWN).status_code == 403
    assert browser.post("/v1/classify", json=text, headers={**OWN, CSRF_HEADER: good}).status_code == 200
    assert browser.post("/read", data={**text, "csrf": good}, headers=OWN).status_code == 200


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_can_do_nothing_even_with_the_token(
    browsers: Browsers, keys: dict[Role, str], foreign: dict[str, str]
) -> None:
    browser = browsers()
    sign_in(browser, keys[Role.ADMIN])
    headers = {CSRF_HEADER: token_of(browser), **foreign}
    assert browser.post("/v1/classify", json={"text": "نص"}, headers=headers).status_code == 403
    assert browser.post("/read", data={"text": "نص", "csrf": headers[CSRF_HEADER]}, headers=foreign).status_code == 403
    assert browsers().post("/login", data={"key": keys[Role.ADMIN]}, headers=foreign).status_code == 403


def test_signing_out_ends_the_session_for_copies_of_the_cookie_too(
    browsers: Browsers, keys: dict[Role, str], settings: Settings
) -> None:
    browser, copy = browsers(), browsers()
    sign_in(browser, keys[Role.REVIEW])
    copy.cookies.update(browser.cookies)
    assert copy.get("/").status_code == 200
    answer = browser.post("/logout", data={"csrf": token_of(browser)}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert not browser.cookies
    assert copy.get("/").status_code == 303
    assert list((settings.state / "sessions").iterdir()) == []


def test_a_revoked_key_ends_its_sessions_and_a_new_one_of_its_name_revives_none(
    browsers: Browsers, keys: dict[Role, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.key_watch.LOOK_EVERY_S", 0.0)
    browser = browsers()
    sign_in(browser, keys[Role.REVIEW])
    assert browser.get("/").status_code == 200
    revoke_key(settings, "review")
    assert browser.get("/").status_code == 303
    add_key(settings, "review", Role.ADMIN)
    assert browser.get("/").status_code == 303


def test_a_session_ends_by_itself(
    browsers: Browsers, keys: dict[Role, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browsers()
    sign_in(browser, keys[Role.REVIEW])
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + sessions.LASTS_S - 5)
    assert browser.get("/").status_code == 200
    monkeypatch.setattr(sessions.time, "time", lambda: now + sessions.LASTS_S + 5)
    assert browser.get("/").status_code == 303
    sign_in(browsers(), keys[Role.REVIEW])
    assert len(list((settings.state / "sessions").iterdir())) == 1


def test_the_disk_holds_no_session_that_can_be_used(
    browsers: Browsers, keys: dict[Role, str], settings: Settings
) -> None:
    browser = browsers()
    sign_in(browser, keys[Role.REVIEW])
    folder = settings.state / "sessions"
    (file,) = folder.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    session = browser.cookies["rasid"]
    assert session not in file.name + file.read_text("utf-8")
    thief = browsers()
    thief.cookies.set("rasid", file.name)
    assert thief.get("/").status_code == 303


@pytest.mark.parametrize(
    "cookie", ["rasid=", "rasid=../../keys", "rasid=%00", "rasid=" + "a" * 5000, "rasid=\xff; rasid=b", "=;=;", "rasid"]
)
def test_garbage_in_the_cookie_signs_nobody_in(browsers: Browsers, cookie: str) -> None:
    assert browsers().get("/", headers={"Cookie": cookie.encode("latin-1")}).status_code == 303


def test_a_key_in_a_header_wins_over_the_cookie(browsers: Browsers, keys: dict[Role, str]) -> None:
    browser = browsers()
    sign_in(browser, keys[Role.ADMIN])
    weak = {"Authorization": f"Bearer {keys[Role.CLASSIFY]}"}
    assert browser.get("/metrics", headers=weak).status_code == 403
    assert browser.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert browser.get("/metrics").status_code == 200


def test_without_keys_nobody_signs_in(client: TestClient, settings: Settings) -> None:
    answer = client.get("/login")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.post("/login", data={"key": "x"}).status_code == 401
    assert Sessions(settings).caller("x", load_keys(settings)) is None
    assert not settings.state.exists()
