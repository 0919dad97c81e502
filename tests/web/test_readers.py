"""Readers with keys of their own: signing in, two on one passage, a store that is away."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from app.callers import Role
from app.key_store import add_key
from app.settings import Settings
from tests.service.running import RunningService
from tests.web.conftest import ARTICLE, Desks, Seen, tag, visit


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    settings = Settings(state=tmp_path / "keyed")
    roles = {"tagger": Role.CLASSIFY, "salma": Role.REVIEW, "nour": Role.REVIEW, "chief": Role.ADMIN}
    return {name: add_key(settings, name, role) for name, role in roles.items()}


@pytest.fixture
def keyed(desks: Desks, tmp_path: Path, keys: dict[str, str]) -> RunningService:
    return desks(tmp_path / "keyed")


def sign_in(page: Page, desk: RunningService, key: str, path: str = "/") -> None:
    page.goto(f"{desk.url}{path}")
    expect(page.locator("#key")).to_be_visible()
    page.fill("#key", key)
    page.press("#key", "Enter")
    page.wait_for_url(f"{desk.url}{path}")


def test_two_readers_on_one_passage_keep_both(
    keyed: RunningService, keys: dict[str, str], seen: Callable[..., Seen]
) -> None:
    first, second = seen().page, seen(360).page
    sign_in(first, keyed, keys["salma"])
    tag(first, ARTICLE.split("\n")[0])
    first.click("#save")
    expect(first.locator("#desk-status")).to_have_attribute("data-kind", "good")
    sign_in(second, keyed, keys["nour"], "/review")
    expect(second.locator("#current .passage")).to_be_visible()
    first.locator("#passage-1").press("1")
    first.click("#save")
    expect(first.locator("#passage-1 .state")).to_have_attribute("data-kind", "good")
    second.locator("#current .passage").press("4")
    second.click("#accept")
    conflict = second.locator(".conflict")
    expect(conflict).to_be_visible()
    expect(conflict).to_contain_text("salma")
    conflict.locator("button.primary").click()
    expect(second.locator("#review-status")).to_have_attribute("data-kind", "good")
    expect(second.locator(".entry")).to_have_count(2)
    second.locator(".entry summary").first.click()
    expect(second.locator(".past li")).to_have_count(3)
    second.select_option("#strategy", "disagreement")
    expect(second.locator("#current .passage")).to_contain_text("salma")


def test_roles_show_what_they_may_do(keyed: RunningService, keys: dict[str, str], seen: Callable[..., Seen]) -> None:
    page = seen().page
    sign_in(page, keyed, keys["tagger"])
    tag(page, ARTICLE)
    expect(page.locator("#export-csv")).to_be_visible()
    expect(page.locator("#save, .chooser")).to_have_count(0)
    page.goto(f"{keyed.url}/review")
    expect(page.locator(".fault")).to_be_visible()
    page.goto(f"{keyed.url}/models")
    expect(page.locator("#train-form, .promote")).to_have_count(0)
    page.locator(".top-end form button").click()
    expect(page.locator("#key")).to_be_visible()
    page.fill("#key", "wrong")
    page.press("#key", "Enter")
    expect(page.locator("#login-fault")).to_be_visible()
    page.fill("#key", keys["chief"])
    page.press("#key", "Enter")
    page.goto(f"{keyed.url}/models")
    expect(page.locator("#train-form")).to_be_visible()


def test_an_ended_session_is_told_and_the_decision_stays_on_the_page(
    keyed: RunningService, keys: dict[str, str], seen: Callable[..., Seen]
) -> None:
    page = seen().page
    sign_in(page, keyed, keys["salma"])
    tag(page, ARTICLE)
    page.locator("#passage-1").press("1")
    page.context.clear_cookies()
    page.click("#save")
    expect(page.locator("#desk-status")).to_have_attribute("data-kind", "bad")
    expect(page.locator("#passage-1 .state")).to_have_attribute("data-kind", "open")


def test_what_is_not_saved_is_not_shown_as_saved(
    desks: Desks, seen: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RASID_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")
    desk = desks()
    page = seen().page
    visit(page, desk.url)
    tag(page, ARTICLE)
    page.locator("#passage-1").press("1")
    page.click("#save")
    expect(page.locator("#desk-status")).to_have_attribute("data-kind", "bad", timeout=20_000)
    expect(page.locator("#passage-1 .state")).to_have_attribute("data-kind", "open")
    tagged = desk.post("/v1/classify", {"text": ARTICLE})
    assert tagged.status_code == 200


def test_a_save_that_is_repeated_after_a_broken_answer_saves_once(desks: Desks, seen: Callable[..., Seen]) -> None:
    desk = desks()
    page = seen().page
    visit(page, desk.url)
    tag(page, ARTICLE)
    page.locator("#passage-1").press("1")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/v1/articles", lose_the_answer, times=1)
    page.click("#save")
    expect(page.locator("#desk-status")).to_have_attribute("data-kind", "bad")
    expect(page.locator("#passage-1 .state")).to_have_attribute("data-kind", "open")
    page.click("#save")
    expect(page.locator("#passage-1 .state")).to_have_attribute("data-kind", "good")
    assert len(desk.get("/v1/articles").json()["articles"]) == 1
    assert len(desk.get("/v1/reviews").json()["reviews"]) == 1


def test_progress_is_watched_where_events_do_not_come_through(desks: Desks, seen: Callable[..., Seen]) -> None:
    desk = desks()
    page = seen().page
    visit(page, f"{desk.url}/models")
    page.route("**/events", lambda route: route.abort())
    rows = Path(__file__).parent.parent.parent / "data/topics.csv"
    page.check("#train-form input[value=csv]")
    page.uncheck("input[name=with_shipped]")
    page.set_input_files("#train-file", rows)
    page.click("#train")
    expect(page.locator("#job-status")).to_have_attribute("data-kind", "bad", timeout=60_000)
    expect(page.locator("#train")).to_be_enabled()
