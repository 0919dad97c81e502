"""The pages as any client gets them, without a browser."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.headers import SECURITY_HEADERS
from app.main import create_app
from app.settings import Settings
from app.web.page import POLICY
from app.web.static_files import static_digest
from tests.conftest import ROOT
from tests.web.conftest import ARTICLE, LOCAL

PAGES = ("/", "/review", "/models", "/topics")
STATIC = ROOT / "app/web/static"


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_a_strict_policy_and_are_not_kept(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    own = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == {**SECURITY_HEADERS, **own}
    assert "unsafe" not in POLICY


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_no_other_host(client: TestClient, path: str) -> None:
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', client.get(path).text)
    assert addresses
    assert all(address.startswith(("/", "?", "#")) and not address.startswith("//") for address in addresses)


def test_arabic_comes_first_and_the_choice_is_kept(client: TestClient) -> None:
    assert '<html lang="ar" dir="rtl">' in client.get("/").text
    answer = client.get("/topics?lang=en")
    assert '<html lang="en" dir="ltr">' in answer.text
    assert {"HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))
    assert answer.headers["Content-Language"] == "en"
    assert '<html lang="en" dir="ltr">' in client.post("/read", data={"text": ARTICLE}).text
    assert '<html lang="ar" dir="rtl">' in client.get("/?lang=ar").text
    assert '<html lang="ar" dir="rtl">' in client.get("/?lang=../../x").text
    assert client.get("/read?lang=en").headers["location"] == "/?lang=en"


def test_static_files_are_kept_for_good_under_their_digest_only(client: TestClient) -> None:
    for path in STATIC.iterdir():
        answer = client.get(f"/static/{static_digest()}/{path.name}")
        assert answer.content == path.read_bytes()
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/0/read.js").headers["Cache-Control"] == "no-cache"
    for name in ("none.js", "..", "%2e%2e%2fpage.py", "routes.py", ""):
        assert client.get(f"/static/{static_digest()}/{name}").status_code == 404
    assert f"/static/{static_digest()}/read.js" in client.get("/").text


def test_modules_name_files_that_are_there() -> None:
    names = {path.name for path in STATIC.iterdir()}
    for path in STATIC.glob("*.js"):
        for imported in re.findall(r'from "\./([^"]+)"', path.read_text("utf-8")):
            assert imported in names


def test_every_static_file_and_template_is_packaged() -> None:
    packaged = (ROOT / "pyproject.toml").read_text("utf-8")
    for pattern in ("web/templates/*.html", "web/static/*", "web/guide/*.json"):
        assert f'"{pattern}"' in packaged


@pytest.mark.parametrize(
    ("text", "says"),
    [("  \n ", "fault_no_text"), ("نص\0نص", "fault_broken_text"), ("نص\n" * 257, "fault_too_many_passages")],
)
def test_what_cannot_be_read_is_told_in_words(client: TestClient, text: str, says: str) -> None:
    from app.web.languages import language

    answer = client.post("/read", data={"text": text})
    assert answer.status_code == 422
    assert language("ar").say(says) in answer.text


def test_line_ends_count_as_they_are_shown(client: TestClient) -> None:
    page = client.post("/read", data={"text": ARTICLE.replace("\n", "\r\n")}).text
    places = [(int(start), int(end)) for start, end in re.findall(r'data-start="(\d+)" data-end="(\d+)"', page)]
    assert [ARTICLE[start:end] for start, end in places] == ARTICLE.split("\n")


def test_a_form_of_another_kind_is_refused(client: TestClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/read", content=b"text=%FF%FE", headers=form).status_code == 400
    assert client.post("/read", content=b"&".join([b"a=1"] * 50), headers=form).status_code == 400
    assert client.post("/v1/classify", content=b"text=x", headers=form).status_code == 415
    assert client.post("/read", content=b"text=x", headers={"Content-Type": "text/plain"}).status_code == 415


def test_the_place_of_pages_may_be_below_another_path(settings: Settings) -> None:
    client = TestClient(create_app(settings), base_url=LOCAL, root_path="/rasid", follow_redirects=False)
    page = client.get("/rasid/").text
    addresses = re.findall(r'(?:src|href|action)="(/[^"]*)"', page)
    assert addresses
    assert all(address.startswith("/rasid/") for address in addresses)


def test_without_a_model_the_pages_say_so(tmp_path: Path) -> None:
    app = create_app(Settings(models=tmp_path / "none", state=tmp_path / "state"))
    with TestClient(app, base_url=LOCAL) as client:
        for path in PAGES:
            assert client.get(path).status_code == 200
        answer = client.post("/read", data={"text": ARTICLE})
        assert answer.status_code == 503
        assert 'role="alert"' in answer.text


def test_foreign_pages_and_foreign_names_get_nothing(client: TestClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/read", data={"text": ARTICLE}, headers=headers).status_code == 403
    assert client.get("/models", headers={"Host": "evil.example"}).status_code == 421


def test_starting_loads_no_template_engine() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, app.main; print(sorted(m for m in sys.modules if m.startswith(('jinja2', 'app.web.routes'))))",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert told.stdout.strip() == "[]"
