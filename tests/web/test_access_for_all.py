"""Everybody can use the pages: axe finds nothing, keys are enough, nothing is cut, reading needs no script."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.service.running import RunningService
from tests.web.conftest import ARTICLE, Desks, Seen, tag, visit

AXE = Axe()
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def opened(page: Page, desk: RunningService, name: str) -> None:
    """A page in the state in which it has most on it."""
    page.goto(f"{desk.url}/{'' if name == 'read' else name}")
    if name == "read":
        tag(page, ARTICLE)
        page.locator("#passage-1 .tag summary").first.click()
        page.locator("#passage-1").focus()
        page.keyboard.press("4")
        page.click("#save")
        expect(page.locator("#desk-status")).to_have_attribute("data-kind", "good")
    if name == "review":
        page.wait_for_selector("#current .passage, #current .empty")
        page.wait_for_selector("#progress table")
        page.locator(".entry summary").first.click()
        page.wait_for_selector(".entry .past li")
    if name == "models":
        page.locator(".version details summary").first.click()
        page.click("#train-form input[value=csv]")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_axe_finds_no_violation_and_nothing_is_cut(
    desk: RunningService, seen: Callable[..., Seen], language: str, width: int
) -> None:
    page = seen(width).page
    visit(page, f"{desk.url}/?lang={language}")
    for name in ("read", "review", "models", "topics"):
        opened(page, desk, name)
        found = AXE.run(page, options=RULES)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        expect(page.locator("html")).to_have_attribute("lang", language)


def test_keys_are_enough(desks: Desks, seen: Callable[..., Seen]) -> None:
    desk = desks()
    page = seen().page
    keys = page.keyboard
    visit(page, desk.url)
    keys.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    expect(page.locator("#article-text")).to_be_focused()
    keys.insert_text(ARTICLE)
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#passage-1")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#passage-1 .why").first).to_be_visible()
    keys.press("Shift+Tab")
    keys.press("4")
    keys.press("j")
    expect(page.locator("#passage-2")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#passage-2 .state")).to_have_attribute("data-kind", "open")
    keys.press("k")
    expect(page.locator("#passage-1")).to_be_focused()
    to_focus(page, "#save")
    keys.press("Enter")
    expect(page.locator("#desk-status")).to_have_attribute("data-kind", "good")
    reviews_by_keys(page, desk)


def reviews_by_keys(page: Page, desk: RunningService) -> None:
    keys, status = page.keyboard, page.locator("#review-status")
    visit(page, f"{desk.url}/review")
    current = page.locator("#current .passage")
    expect(current).to_be_focused()
    pressed = current.locator(".toggle[aria-keyshortcuts='2']")
    before = pressed.get_attribute("aria-pressed")
    keys.press("2")
    expect(pressed).not_to_have_attribute("aria-pressed", str(before))
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    expect(pressed).to_be_focused()
    keys.press("Space")
    expect(pressed).to_have_attribute("aria-pressed", str(before))
    keys.press("Enter")
    expect(status).to_have_attribute("data-kind", "good")
    assert desk.get("/v1/reviews/progress").json()["done"] == 3
    expect(page.locator("#current .empty")).to_be_visible()
    to_focus(page, "#strategy")


def to_focus(page: Page, selector: str) -> None:
    """Go on by Tab until something has the focus."""
    for _ in range(200):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} can't be reached by Tab")


def test_taking_back_by_key_brings_the_passage_again(desks: Desks, seen: Callable[..., Seen]) -> None:
    desk = desks()
    desk.post("/v1/queue", {"texts": [{"text": ARTICLE}]})
    page = seen().page
    visit(page, f"{desk.url}/review?lang=en")
    text = page.locator("#current .text").inner_text()
    page.locator("#current .passage").press("Enter")
    expect(page.locator("#current .text")).not_to_have_text(text)
    page.locator("#current .passage").press("u")
    expect(page.locator("#current .text")).to_have_text(text)
    assert desk.get("/v1/reviews").json()["reviews"] == []
    page.locator("#current .passage").press("Enter")
    expect(page.locator("#current .text")).not_to_have_text(text)
    page.locator("#current .passage").press("ArrowLeft")
    expect(page.locator("#current .text")).to_have_text(text)
    page.locator("#current .passage").press("1")
    page.locator("#current .passage").press("Enter")
    expect(page.locator("#current .text")).not_to_have_text(text)
    other = page.locator("#current .text").inner_text()
    page.locator("#current .passage").press("s")
    expect(page.locator("#current .text")).not_to_have_text(other)
    assert [review["revision"] for review in desk.get("/v1/reviews").json()["reviews"]] == [4]
    assert desk.get("/v1/reviews/progress").json()["skipped"] == 1


@pytest.mark.parametrize("language", ["ar", "en"])
def test_reading_works_without_script(desk: RunningService, seen: Callable[..., Seen], language: str) -> None:
    page = seen(360, java_script_enabled=False).page
    page.goto(f"{desk.url}/?lang={language}")
    tag(page, ARTICLE)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator(".passage")).to_have_count(3)
    page.locator("#passage-1 .tag summary").first.click()
    expect(page.locator("#passage-1 .why .number").first).to_be_visible()
    assert page.input_value("#article-text") == ARTICLE
    page.fill("#article-text", "\n\n")
    page.click("#article-form button[type=submit]")
    expect(page.locator(".fault")).to_be_visible()
