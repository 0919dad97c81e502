"""A working day of an analyst, in a browser, against a service in a process of its own."""

import csv
import io
import json
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import TINY_TOPICS
from tests.service.running import RunningService
from tests.web.conftest import ARTICLE, Desks, Seen, tag, visit
from training import LabelledData

FIRST = ARTICLE.split("\n")[0]
FITS_IN_MS = 120_000


@pytest.mark.parametrize(("language", "width"), [("ar", 1280), ("ar", 360), ("en", 1280), ("en", 360)])
def test_from_pasting_to_a_new_version(
    desks: Desks, seen: Callable[..., Seen], corpus: LabelledData, language: str, width: int
) -> None:
    desk = desks()
    page = seen(width).page
    visit(page, f"{desk.url}/?lang={language}")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    version = reads_with_evidence(page)
    corrects_and_saves(page)
    is_in_history_and_exports(page, desk)
    reviews_the_rest(page, desk)
    bring_reviews(desk, corpus)
    new = retrains_and_promotes(page, desk)
    assert new != version
    visit(page, f"{desk.url}/")
    tag(page, ARTICLE)
    expect(page.locator("#result-version")).to_have_text(new)


def reads_with_evidence(page: Page) -> str:
    tag(page, ARTICLE)
    expect(page.locator(".passage")).to_have_count(3)
    attacks = page.locator("#passage-1 .tag[data-topic=attacks]")
    expect(attacks).to_be_visible()
    attacks.locator("summary").hover()
    assert page.locator("#passage-1 .word.lit").count() > 1
    page.mouse.move(0, 0)
    expect(page.locator("#passage-1 .word.lit")).to_have_count(0)
    attacks.locator("summary").focus()
    assert page.locator("#passage-1 .word.lit").count() > 1
    attacks.locator("summary").click()
    score = float(attacks.locator(".why .number").first.inner_text())
    assert 0 < score <= 1
    page.locator("#passage-1 .word.strength-3").first.click()
    expect(page.locator(".tip")).to_be_visible()
    assert page.locator("#passage-1 .text").inner_text() == FIRST
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return page.locator("#result-version").inner_text()


def corrects_and_saves(page: Page) -> None:
    passage = page.locator("#passage-1")
    passage.get_by_role("button", expanded=False).first.click()
    passage.locator(".toggle[data-topic=ideology]").click()
    expect(passage.locator(".state")).to_have_attribute("data-kind", "open")
    page.click("#save")
    expect(passage.locator(".state")).to_have_attribute("data-kind", "good")
    passage.locator(".toggle[data-topic=ideology]").click()
    expect(passage.locator(".state")).to_have_attribute("data-kind", "open")
    passage.locator(".toggle[data-topic=ideology]").click()
    page.click("#save")
    expect(passage.locator(".state")).to_have_attribute("data-kind", "good")
    with page.expect_download() as download:
        page.click("#export-json")
    exported = json.loads(download.value.path().read_text("utf-8"))
    assert exported["passages"][0]["text"] == FIRST
    assert exported["passages"][0]["decision"] == ["attacks", "ideology"]
    with page.expect_download() as download:
        page.click("#export-csv")
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert [row[2] for row in rows[1:]] == ARTICLE.split("\n")


def is_in_history_and_exports(page: Page, desk: RunningService) -> None:
    visit(page, f"{desk.url}/review")
    entry = page.locator(".entry", has_text=FIRST)
    expect(entry).to_have_count(1)
    entry.locator("summary").click()
    expect(entry.locator(".past li")).to_have_count(2)
    with page.expect_download() as download:
        page.click("a[href$='format=csv']")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    assert [(row["text"], row["labels"]) for row in rows] == [(FIRST, "attacks|ideology")]


def reviews_the_rest(page: Page, desk: RunningService) -> None:
    for left in (2, 1):
        expect(page.locator("#current .passage .text")).to_be_visible()
        page.click("#accept")
        expect(page.locator("#review-status")).to_have_attribute("data-kind", "good")
        expect(page.locator(".entry")).to_have_count(4 - left)
    expect(page.locator("#current .empty")).to_be_visible()
    progress = desk.get("/v1/reviews/progress").json()
    assert (progress["done"], progress["open"]) == (3, 0)


def bring_reviews(desk: RunningService, corpus: LabelledData) -> None:
    """Reviews enough to learn from: other texts than the shipped rows, which are protected."""
    content = io.StringIO()
    rows = csv.writer(content)
    rows.writerow(("text", "labels"))
    for row in corpus.rows[300:560]:
        labels = sorted(set(row.labels) & set(TINY_TOPICS))
        rows.writerow((f"{row.text} وفق ما ورد", "|".join(labels)))
    headers = {"Content-Type": "text/csv"}
    answer = httpx.post(
        f"{desk.url}/v1/reviews/import", content=content.getvalue().encode(), headers=headers, timeout=60
    )
    assert answer.json()["created"] == 260


def retrains_and_promotes(page: Page, desk: RunningService) -> str:
    visit(page, f"{desk.url}/models")
    expect(page.locator("#merged")).not_to_be_empty()
    page.uncheck("input[name=with_shipped]")
    page.click("#train")
    expect(page.locator("#job-progress")).to_be_visible()
    expect(page.locator("#job-status")).to_have_attribute("data-kind", "good", timeout=FITS_IN_MS)
    new = page.locator("#job-result h3 bdi").inner_text()
    expect(page.locator("#job-result table.plot tbody tr")).not_to_have_count(0)
    page.click("#promote-result")
    page.click("#confirm-yes")
    serving = page.locator(f".version.serves[data-version='{new}']")
    reason = page.locator("#confirm-reason-row")
    expect(serving.or_(reason)).to_be_visible()
    if reason.is_visible():
        page.fill("#confirm-reason", "تجربة")
        page.click("#confirm-yes")
    expect(serving).to_be_visible()
    expect(page.locator("#models-status")).to_have_attribute("data-kind", "good")
    expect(page.locator("#compare-title")).to_be_visible()
    return new
