"""The page in a real browser: every view and link, search, sorting, keys, colours, print, and hostile text.

Chromium is the system's own, driven by Playwright. Where it is missing these tests are skipped and say so; where CI is
true they fail, because there nobody would read it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import report_opening
from report_samples import empty, hostile, large, sample

from detector import scan as scan_of
from detector.report.html import render_html
from detector.tables.rendering import plain_text

SEEDS = Path(__file__).parents[1] / "seeds"
WIDE, NARROW = {"width": 1200, "height": 800}, {"width": 390, "height": 800}
VIEWS = ("overview", "documents", "clusters/block", "clusters/passage", "phrases", "map", "rules", "families", "input")

PARAGRAPH = (
    "全年完成固定资产投资{}亿元，增长{}%，新建村级公路{}公里，改造危房{}户。群众满意度稳步提高，各项工作取得新成效。"
)
TOWNS = {
    "东山县": ("山里的核桃今年挂果早，合作社的烘干房一直开到十月。", (12, 8, 40, 300)),
    "西河县": ("渡口的老船工退休了，新桥通车那天他第一个走过去。", (340, 5, 18, 77)),
    "南坪县": ("图书馆搬进了旧粮仓，周末要排队才有座位。", ("X", "X", "X", "X")),
}

CRAWL = """async ([limit]) => {
  const seen = new Set(), offsets = new Set(), broken = [];
  const left = [...document.querySelectorAll("nav a")].map((link) => link.getAttribute("href"));
  const wait = (address) => new Promise((done) => {
    if (location.hash === address) return done();
    addEventListener("hashchange", () => setTimeout(done, 0), { once: true });
    location.hash = address;
  });
  while (left.length && seen.size < limit) {
    const address = left.shift();
    if (seen.has(address)) continue;
    seen.add(address);
    await wait(address);
    const shown = [...document.querySelectorAll("main > section")].filter((section) => !section.hidden);
    const text = shown.map((section) => section.innerText).join("");
    const wrong = text.includes("There is no such") || /\\b(null|undefined|NaN)\\b/.test(text);
    if (shown.length !== 1 || !text.trim() || wrong) broken.push(address);
    for (const link of document.querySelectorAll("main > section:not([hidden]) a")) {
      const href = link.getAttribute("href");
      const bare = href.replace(/@[0-9]+$/, "");
      if (!href.startsWith("#")) broken.push(href);
      else if (bare === href || !offsets.has(bare)) left.push(href);
      if (bare !== href) offsets.add(bare);
    }
  }
  return { n: seen.size, left: left.filter((one) => !seen.has(one)).length, broken };
}"""
"""Opens every link of every view, of those to places in a document one for each document."""

WIDER = """async ([addresses]) => {
  const wider = [];
  for (const address of addresses) {
    if (location.hash !== "#" + address) await new Promise((done) => {
      addEventListener("hashchange", () => setTimeout(done, 0), { once: true });
      location.hash = address;
    });
    const tab = document.querySelector("nav [aria-current]");
    if (document.documentElement.scrollWidth > innerWidth || tab.hash !== "#" + address) wider.push(address);
  }
  return wider;
}"""
"""Opens some views and says which are wider than the window, or have not marked their tab."""

HANDLERS = """() => [...document.querySelectorAll("*")].flatMap((one) => [...one.attributes])
  .filter((one) => /^on/i.test(one.name)).length"""


def missing(reason: str) -> None:
    """Skip, or fail where the tests have to run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests of a process."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed: pip install 'boilerplate-detector[test]'")
    program = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if program is None:
        missing("no chromium on this machine (Debian: apt-get install chromium): the page is only checked as text")
    with sync_playwright() as driver:
        window = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield window
        window.close()


LIULIN = "liulin/政府工作报告/2020年柳林镇人民政府工作报告全文（网友上传版）"

MADE: dict[str, Callable[[], Any]] = {
    "sample": sample,
    "hostile": hostile,
    "empty": empty,
    "large": lambda: large(130),
    "seeds": lambda: scan_of([str(SEEDS)]),
    "towns": lambda: scan_of(
        {name: own + PARAGRAPH.format(*values) + own[::-1] for name, (own, values) in TOWNS.items()}
    ),
}


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The report of a scan by its name in `MADE`, written once."""
    folder = tmp_path_factory.mktemp("reports")

    def page(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_bytes(plain_text(render_html(MADE[name]())).encode())
        return path

    return page


MOVING = """
window.moving = false;
navigation.addEventListener("navigate", event => { if (event.hashChange) window.moving = true; });
window.addEventListener("hashchange", () => { window.moving = false; });
"""
"""Whether the page still has to show the address that it was sent to: browsers say so in a task of its own."""


def until(page: Any, expression: str) -> None:
    """Waits until an expression holds; the page forbids the way Playwright waits, which evaluates in it."""
    for _ in range(500):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(10)
    raise AssertionError(f"for five seconds this did not hold at {page.url}: {expression}")


def arrive(page: Any) -> None:
    """Waits until the page shows where the last click or key leads."""
    until(page, "!window.moving")


@pytest.fixture
def settled(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clicks return when the page shows where they lead."""
    from playwright.sync_api import Locator

    click = Locator.click

    def clicked(self: Any, **options: Any) -> None:
        click(self, **options)
        arrive(self.page)

    monkeypatch.setattr(Locator, "click", clicked)


@pytest.fixture
def opened(browser: Any, pages: Callable[[str], Path], settled: None) -> Iterator[Callable[..., Any]]:
    """Opens a report; what its script complains about and what it asks the network for fails the test."""
    troubles: list[str] = []
    contexts: list[Any] = []

    def report(name: str, address: str = "", **options: Any) -> Any:
        context = browser.new_context(viewport=options.pop("viewport", WIDE), **options)
        contexts.append(context)
        file = pages(name).as_uri()
        context.on("request", lambda asked: asked.url.partition("#")[0] != file and troubles.append(asked.url))
        context.add_init_script(MOVING)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda said: troubles.append(said.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        page.goto(f"{file}#{address}" if address else file)
        return page

    yield report
    for context in contexts:
        context.close()
    assert not troubles


def text(page: Any, selector: str) -> str:
    """The text of the first element, blanks as one, when the page shows where the last click or key leads."""
    arrive(page)
    return " ".join(page.locator(selector).first.inner_text().split())


def ids(page: Any) -> list[str]:
    """The documents of the list, as it stands."""
    arrive(page)
    found: list[str] = page.locator("td.main a").all_inner_texts()
    return found


def press(page: Any, key: str) -> None:
    """Presses a key and waits until the page shows where it leads."""
    page.keyboard.press(key)
    arrive(page)


def visit(page: Any, address: str) -> None:
    """Goes to another view of the page."""
    page.evaluate("(address) => { location.hash = address }", address)
    arrive(page)


def where(page: Any) -> str:
    """The view that the page is at, as it says itself: Playwright's `url` lags behind."""
    found: str = page.evaluate("location.hash")
    return found


def heading(page: Any) -> str:
    return text(page, "section:not([hidden]) :is(h1, h2)")


@pytest.mark.parametrize("name", ["seeds", "sample", "hostile", "towns"])
def test_every_link_of_every_view_leads_somewhere(opened: Callable[..., Any], name: str) -> None:
    page = opened(name)
    title, n_scripts = page.title(), page.locator("script").count()
    found = page.evaluate(CRAWL, [400])
    assert found["broken"] == []
    assert found["n"] > len(VIEWS)
    assert page.title() == title
    assert page.locator("script").count() == n_scripts
    assert page.locator("img, iframe, object, embed, link, base").count() == 0


@pytest.mark.parametrize("name", ["sample", "hostile", "empty", "large"])
def test_no_view_is_wider_than_its_window(opened: Callable[..., Any], name: str) -> None:
    page = opened(name)
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        assert page.evaluate(WIDER, [list(VIEWS)]) == []


def test_hostile_text_stays_text(opened: Callable[..., Any]) -> None:
    page = opened("hostile", "documents")
    assert "onerror=" in text(page, "td.main a")
    page.locator("td.main a").first.click()
    assert "</script><script>" in text(page, ".text")
    press(page, "n")
    assert page.locator(".evidence").count() == 1
    assert page.evaluate(HANDLERS) == 0
    press(page, "Escape")
    page.locator("input[type=search]").fill("onmouseover=")
    assert len(ids(page)) == 2


def test_the_overview_leads_to_the_paragraph_copied_most_and_to_who_left_it_blank(opened: Callable[..., Any]) -> None:
    page = opened("towns")
    card = page.locator("article.wide")
    assert "In 3 families, 3 places" in card.inner_text()
    assert "left blank in 1 place" in card.inner_text()
    assert card.locator(".lines a").first.inner_text() == "南坪县"
    card.locator(".go a").click()
    assert page.locator(".aligned tbody tr").count() == 3
    blank = page.locator(".aligned td.blank").first
    row = blank.locator("xpath=..")
    assert blank.inner_text() == "X"
    assert "南坪县" in row.inner_text()
    assert page.locator(".aligned td.differs").count() > 0
    row.locator("a").click()
    assert heading(page) == "南坪县"
    assert page.locator(".text .here").count() == 1
    page.locator(".text .mark2").nth(1).click()
    assert re.search("Others have here: 5, 8 ", text(page, ".evidence"))


def test_columns_of_the_distribution_open_their_documents(opened: Callable[..., Any]) -> None:
    page = opened("seeds")
    bar = page.locator("figure a").first
    says = bar.locator("title").text_content()
    bar.click()
    low, high, n = map(int, re.findall(r"\d+", says))
    assert len(ids(page)) == n
    assert f"Only documents of {low} to {high} % own text." in text(page, "#view .notice")


def test_documents_are_sorted_searched_and_kept_in_the_address(opened: Callable[..., Any]) -> None:
    page = opened("sample", "documents")
    assert ids(page)[0] == "qingshi/2019-summary"
    page.get_by_role("button", name="Original").click()
    assert ids(page)[0] == "en/harbour-note"
    assert ids(page)[-1] == "notes/empty"
    page.get_by_role("button", name="Characters").click()
    assert ids(page)[0] == "qingshi/2019-summary"
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Characters")
    page.locator("input[type=search]").fill("QINGSHI")
    assert sorted(ids(page)) == ["qingshi/2019-summary", "qingshi/2019-summary-copy"]
    assert text(page, "[role=status]") == "2 of 7 found"
    page.reload()
    assert sorted(ids(page)) == ["qingshi/2019-summary", "qingshi/2019-summary-copy"]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Characters")
    page.locator("input[type=search]").fill("nothing has this")
    assert ids(page) == []


def test_long_lists_come_in_pages(opened: Callable[..., Any]) -> None:
    page = opened("large", "documents")
    first = ids(page)
    assert len(first) == 50
    press(page, "ArrowRight")
    page.get_by_label("Next page").click()
    assert len(ids(page)) == 30
    assert not set(first) & set(ids(page))
    assert page.get_by_label("Next page").is_disabled()
    page.reload()
    assert len(ids(page)) == 30
    press(page, "ArrowLeft")
    assert text(page, ".tools").endswith("page 2 of 3 \u2192")
    assert page.evaluate("document.querySelectorAll('*').length") < 3000


def test_a_document_shows_its_evidence_and_leads_to_the_other_one(opened: Callable[..., Any]) -> None:
    page = opened("sample", f"document/{quote(LIULIN, safe='')}@106")
    assert page.locator(".text .here").count() == 1
    page.locator(".text .mark2").last.hover()
    assert page.locator(".notes .on").count() == 1
    assert "placeholder" in text(page, ".notes .on .item")
    page.get_by_role("button", name=re.compile("^passage ")).click()
    assert {words.split()[0] for words in page.locator(".notes .item b").all_inner_texts()} == {"passage"}
    page.locator(".notes .item").first.click()
    assert page.locator(".evidence .sample mark").all_inner_texts() == [
        "5.18",
        "9.7",
        "1.2亿",
        "5",
        "3.62",
        "11.4",
        "8500万",
        "3",
    ]
    page.locator(".evidence a").first.click()
    assert heading(page) == "qingshi/2019-summary"
    assert page.locator(".text .here").count() == 1
    page.locator(".evidence a", has_text="Side by side").first.click()
    assert page.locator(".aligned").count() == 1
    press(page, "Escape")
    assert where(page) == "#clusters/passage"
    press(page, "Escape")
    assert where(page) == "#overview"


def test_findings_are_stepped_through_and_the_barcode_aims(opened: Callable[..., Any]) -> None:
    page = opened("seeds", "document/013_bailu-county-report")
    press(page, "n")
    first = text(page, ".notes .on .item")
    press(page, "n")
    assert text(page, ".notes .on .item") != first
    press(page, "p")
    assert text(page, ".notes .on .item") == first
    page.evaluate("window.scrollTo(0, 0)")
    box = page.locator(".code.aimed").bounding_box()
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 5)
    until(page, "window.scrollY > 200")
    steps = page.locator(".steps a").all_inner_texts()
    assert steps == ["\u2190 all documents", "more original"]


def test_clusters_are_put_in_other_orders_and_searched(opened: Callable[..., Any]) -> None:
    page = opened("seeds", "clusters/passage")
    page.get_by_label("Order of this list").select_option("most families first")
    families = [int(re.search(r"(\d+) famil", words)[1]) for words in page.locator(".card .head").all_inner_texts()]
    assert families == sorted(families, reverse=True)
    assert families[0] > families[-1]
    page.reload()
    assert page.get_by_label("Order of this list").input_value() == "families"
    visit(page, "clusters/passage?blank=1")
    assert page.locator("#view .card").count() == 1
    assert page.locator("#view .card .badge").count() == 1
    page.locator("input[type=search]").fill("no passage says this")
    assert page.locator("#view .card").count() == 0


def test_a_cluster_is_aligned_by_slots(opened: Callable[..., Any]) -> None:
    page = opened("seeds", "cluster/block-1")
    columns = page.locator(".aligned thead th").count() - 1
    assert columns == page.locator("#view .template .slot").count() == page.locator(".fills .card").count()
    for row in page.locator(".aligned tbody tr").all():
        assert row.locator("td").count() == columns
    page.locator("#view .template .slot").nth(2).hover()
    assert page.locator(".aligned .on").count() == page.locator(".aligned tbody tr").count() + 1
    page.get_by_role("button", name="With the text between").click()
    assert page.locator(".aligned thead th").count() - 1 > columns


def test_phrases_rules_and_pairs_have_addresses(opened: Callable[..., Any]) -> None:
    page = opened("seeds", "phrases")
    phrase = page.locator("td.main a").first
    words = phrase.inner_text()
    phrase.click()
    assert words in text(page, ".card.chosen")
    assert page.locator(".card.chosen .sample a").count() > 0
    page.locator(".card.chosen .sample a").first.click()
    assert words in " ".join(page.locator(".text").inner_text().split()).replace(" ", "")
    visit(page, "map")
    page.locator(".matrix td a").first.click()
    assert "The largest of them" in text(page, ".card.chosen")
    page.locator(".card.chosen li a").first.click()
    assert "/" in where(page)
    visit(page, "rules")
    name = text(page, ".card .head a")
    page.locator(".card .head a").first.click()
    assert page.locator(".card .head a").all_inner_texts() == [name]


def test_keys_search_move_and_explain_themselves(opened: Callable[..., Any]) -> None:
    page = opened("sample")
    press(page, "/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("qingshi")
    assert len(ids(page)) == 2
    press(page, "ArrowDown")
    press(page, "ArrowDown")
    wanted = page.evaluate("document.activeElement.textContent")
    assert wanted == ids(page)[1]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    press(page, "Enter")
    assert heading(page) == wanted
    press(page, "?")
    assert page.locator("dialog").is_visible()
    press(page, "Escape")
    assert not page.locator("dialog").is_visible()
    assert heading(page) == wanted


def brightness(page: Any) -> float:
    """How bright the page's background is, from 0 to 255."""
    channels = re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))
    return sum(map(int, channels)) / 3


def test_colours_follow_the_system_and_the_switch(opened: Callable[..., Any]) -> None:
    page = opened("sample", color_scheme="dark")
    assert brightness(page) < 60
    page.emulate_media(media="print")
    assert brightness(page) > 200
    page.emulate_media(media="screen", color_scheme="light")
    assert brightness(page) > 200
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert text(page, "#theme") == "Dark"
    assert brightness(page) < 60
    page.reload()
    assert brightness(page) < 60
    page.emulate_media(media="print")
    assert brightness(page) > 200
    assert not page.locator("header").is_visible()


def test_the_overview_needs_no_script(opened: Callable[..., Any]) -> None:
    page = opened("seeds", java_script_enabled=False)
    shown = page.locator("#overview").inner_text()
    assert "71.5 %" in shown
    assert "Copied most" in shown
    assert page.locator("noscript").count() == 1
    assert not page.locator("#view").is_visible()


def test_the_benchmark_of_opening_reads_what_the_page_says(opened: Callable[..., Any]) -> None:
    documents = list(report_opening.made(60))
    assert documents == list(report_opening.made(60))
    assert sum("X万元" in document["text"] for document in documents) >= 1
    page = opened("large")
    paint, ready = page.evaluate(report_opening.OPENED)
    assert paint > 0
    assert ready > 0
    assert page.evaluate(report_opening.TIMED, ["#documents", None]) > 0
    assert page.evaluate(report_opening.TIMED, [None, "Blanks"]) > 0
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Blanks")


def test_addresses_that_lead_nowhere_say_so(opened: Callable[..., Any]) -> None:
    page = opened("sample", "document/%E0%A4%A")
    assert "There is no such document" in text(page, "#view")
    for address in ("cluster/none", "family/none", "phrase/none", "row/99999"):
        visit(page, address)
        assert "There is no such" in text(page, "#view")
    visit(page, "no-view-of-this-name")
    assert page.locator("#overview").is_visible()
