import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Error, Page, sync_playwright

from app.main import create_app
from app.settings import Settings
from tests.service.running import RunningService, running_service

LOCAL = "http://127.0.0.1"
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARTICLE = (
    "انفجرت سيارة مفخخة في سوق شعبي وأعلن تنظيم داعش مسؤوليته عن الهجوم.\n"
    "أعلنت وزارة الداخلية اعتقال خلية إرهابية ومحاكمة أفرادها بتهمة التخطيط لتفجيرات.\n"
    "الطقس غدا مشمس والحرارة في ارتفاع والرياح خفيفة."
)


@dataclass
class Seen:
    """A page, and what its console said: nothing may be left there when a test ends."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of a file, as long as which Playwright's event loop is this thread's."""
    with sync_playwright() as playwright:
        found = next((path for name in SYSTEM_BROWSERS if (path := shutil.which(name))), None)
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except Error as fault:
            if found:
                raise
            pytest.skip(f"NO BROWSER: the pages were NOT tested. `apt-get install chromium`, then again. ({fault})")
        yield browser
        browser.close()


@pytest.fixture
def seen(browser: Browser) -> Iterator[Callable[..., Seen]]:
    """Opens pages in contexts of their own, and fails the test for what their consoles said."""
    opened: list[Seen] = []

    def open_page(width: int = 1280, **options: Any) -> Seen:
        context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True, **options)
        found = Seen(context.new_page())
        found.page.on("console", lambda message: _note(found, message.type, message.text))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.set_default_timeout(15_000)
        opened.append(found)
        return found

    yield open_page
    for found in opened:
        found.page.context.close()
    assert [found.complaints for found in opened if found.complaints] == []


def _note(found: Seen, kind: str, text: str) -> None:
    # A browser reports each refused request itself; what the page makes of it is what tests look at.
    if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
        found.complaints.append(text)


Desks = Callable[..., RunningService]


@contextmanager
def started_desks(tiny_models: Path, base: Path) -> Iterator[Desks]:
    """Starts services on copies of the tiny model, each with a state folder of its own."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:

        def start(state: Path | None = None) -> RunningService:
            folder = base / f"desk-{len(list(base.iterdir()))}"
            shutil.copytree(tiny_models, folder / "models" / "tiny")
            patch.setenv("RASID_STATE", str(state or folder / "state"))
            patch.setenv("RASID_RATE_LIMIT", "")
            return stack.enter_context(running_service(folder / "models" / "tiny"))

        yield start


@pytest.fixture
def desks(tiny_models: Path, tmp_path: Path) -> Iterator[Desks]:
    with started_desks(tiny_models, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def desk(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service without keys, for all tests of a file."""
    with started_desks(tiny_models, tmp_path_factory.mktemp("desks")) as start:
        yield start()


@pytest.fixture
def settings(tiny_models: Path, tmp_path: Path) -> Settings:
    return Settings(models=tiny_models, state=tmp_path / "state", rate_limit="")


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=LOCAL, follow_redirects=False) as client:
        yield client


def visit(page: Page, url: str) -> None:
    """Open a page and wait until its scripts are there."""
    page.goto(url)
    page.wait_for_selector("html[data-ready]")


def tag(page: Page, text: str) -> None:
    """Paste a text and tag it."""
    page.fill("#article-text", text)
    page.click("#article-form button[type=submit]")
    page.wait_for_selector("#result .passage, #result .fault")
