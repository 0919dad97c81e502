"""Texts, names and files that want to be more than text stay text."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Dialog, Page, expect

from app.tagger.bundle import Bundle, write_bundle
from app.tagger.types import Topic
from app.tagger.versions import set_current
from tests.service.running import RunningService
from tests.web.conftest import ARTICLE, Seen, started_desks, tag, visit
from training import FitOptions, LabelledData, fit

CANARY = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\"'><svg onload=alert(3)>"
HOSTILE = f"{ARTICLE.splitlines()[0]} {CANARY} {{{{7*7}}}}"
PAGE = f"""<html><head><title>t</title><script>alert(4)</script><style>p{{}}</style></head>
<body><p>{ARTICLE.splitlines()[0]}</p><img src=x onerror=alert(5)><div>سطر ثان &lt;b&gt;</div>
<noscript>لا</noscript></body></html>"""


def watched(page: Page) -> list[str]:
    """What ran that shouldn't have."""
    ran: list[str] = []

    def noted(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", noted)
    return ran


def test_a_hostile_text_stays_text_on_every_page(desk: RunningService, seen: Callable[..., Seen]) -> None:
    page = seen().page
    ran = watched(page)
    visit(page, f"{desk.url}/?lang=en")
    tag(page, HOSTILE)
    assert page.locator("#passage-1 .text").inner_text() == HOSTILE
    assert page.input_value("#article-text") == HOSTILE
    page.locator("#passage-1").press("Enter")
    page.click("#save")
    expect(page.locator("#desk-status")).to_have_attribute("data-kind", "good")
    visit(page, f"{desk.url}/review")
    assert page.locator(".entry .text").first.inner_text() == HOSTILE
    desk.post("/v1/queue", {"texts": [{"text": f"{HOSTILE} again", "source": CANARY}]})
    page.reload()
    assert page.locator("#current .text").inner_text() == f"{HOSTILE} again"
    expect(page.locator("#current .passage-head")).to_contain_text(CANARY)
    assert page.locator("main img, main script:not([src]), main svg[onload]").count() == 0
    assert ran == []


def test_files_are_read_and_not_run(desk: RunningService, seen: Callable[..., Seen], tmp_path: Path) -> None:
    opened = seen()
    page = opened.page
    ran = watched(page)
    visit(page, desk.url)
    html = tmp_path / "x<img src=x onerror=alert(6)>.html"
    html.write_text(PAGE, "utf-8")
    page.set_input_files("#article-file", html)
    page.wait_for_selector(".passage")
    assert page.input_value("#article-text") == f"{ARTICLE.splitlines()[0]}\nسطر ثان <b>"
    expect(page.locator(".passage")).to_have_count(2)
    old = tmp_path / "old.txt"
    old.write_bytes(ARTICLE.replace("\n", "\r\n").encode("windows-1256"))
    page.set_input_files("#article-file", old)
    expect(page.locator(".passage")).to_have_count(3)
    assert page.input_value("#article-text") == ARTICLE
    visit(page, f"{desk.url}/review")
    page.set_input_files("#queue-file", html.rename(tmp_path / "y<img src=x onerror=alert(7)>.txt"))
    expect(page.locator("#upload-status")).to_have_attribute("data-kind", "good")
    assert ran == []
    # The browser tells that the policy holds for what is in the file too.
    assert all("has been blocked" in said for said in opened.complaints)
    opened.complaints.clear()


def test_files_fill_the_queue(desk: RunningService, seen: Callable[..., Seen], tmp_path: Path) -> None:
    page = seen(360).page
    visit(page, f"{desk.url}/review?lang=en")
    path = tmp_path / "texts.csv"
    path.write_text("text,source\nوصل ثلاثة شبان من الخارج للالتحاق بالتنظيم,صحيفة\n,فارغ\n", "utf-8")
    page.set_input_files("#queue-file", path)
    expect(page.locator("#upload-status")).to_have_text("1 added, 0 known already, 1 refused.")
    expect(page.locator("#upload-faults li")).to_have_count(1)
    page.set_input_files("#queue-file", path)
    expect(page.locator("#upload-status")).to_have_text("0 added, 1 known already, 1 refused.")


def test_a_dropped_file_is_tagged(desk: RunningService, seen: Callable[..., Seen]) -> None:
    page = seen().page
    visit(page, desk.url)
    drop = """text => {
        const carried = new DataTransfer();
        carried.items.add(new File([text], "dropped.txt", { type: "text/plain" }));
        document.getElementById("article-form").dispatchEvent(
            new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(drop, ARTICLE)
    expect(page.locator(".passage")).to_have_count(3)


def test_a_table_for_spreadsheets_holds_no_formulas(desk: RunningService, seen: Callable[..., Seen]) -> None:
    page = seen(permissions=["clipboard-read", "clipboard-write"]).page
    visit(page, desk.url)
    formula = '=HYPERLINK("http://x") انفجرت سيارة مفخخة في سوق'
    tag(page, formula)
    with page.expect_download() as download:
        page.click("#export-csv")
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert rows[1][2] == f"'{formula}"
    page.click("#copy-table")
    expect(page.locator("#desk-status")).to_have_attribute("data-kind", "good")
    assert f"'{formula}" in page.evaluate("navigator.clipboard.readText()")


def test_names_of_topics_stay_text(
    tiny_data: LabelledData, tiny_topics: tuple[Topic, ...], seen: Callable[..., Seen], tmp_path: Path
) -> None:
    named = tuple(Topic(topic.id, f"ع{CANARY}", f"n{CANARY}", CANARY, CANARY) for topic in tiny_topics)
    models = tmp_path / "hostile"
    bundle: Bundle = fit(tiny_data, named, {}, FitOptions(folds=3, jobs=1))
    set_current(models, write_bundle(bundle, models))
    page = seen().page
    ran = watched(page)
    (tmp_path / "desks").mkdir()
    with started_desks(models, tmp_path / "desks") as start:
        desk = start()
        visit(page, f"{desk.url}/?lang=en")
        tag(page, ARTICLE)
        expect(page.locator(".tag .topic-name").first).to_have_text(f"n{CANARY}")
        page.locator("#passage-1").press("1")
        expect(page.locator("#passage-1 .toggle").first).to_contain_text(f"n{CANARY}")
        page.click("#save")
        expect(page.locator("#desk-status")).to_have_attribute("data-kind", "good")
        for name in ("review", "models", "topics"):
            page.goto(f"{desk.url}/{name}")
        expect(page.locator(".guide-topic").first).to_contain_text(CANARY)
        assert page.locator("main img").count() == 0
    assert [message for message in ran if message] == []
