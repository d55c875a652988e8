"""The page: what is in its bytes, and what a real browser makes of it where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_samples import CASES, HandMade, empty, hostile, large, sample, single

from detector.report import html
from detector.report.html import render_html

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "a",
    "header",
    "p",
    "span",
    "nav",
    "small",
    "main",
    "noscript",
}
TAGS |= {
    "section",
    "h1",
    "h2",
    "h3",
    "strong",
    "div",
    "ul",
    "ol",
    "li",
    "i",
    "b",
    "em",
    "figure",
    "figcaption",
    "dl",
    "dt",
}
TAGS |= {"dd", "table", "tr", "td", "code", "script"}


class Page(HTMLParser):
    """Tags, attributes and the contents of script elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data

    @property
    def blocks(self) -> dict[str, str]:
        """JSON blocks by id."""
        ids = [attrs.get("id") or "" for tag, attrs in self.tags if tag == "script"]
        return {name: text for name, text in zip(ids, self.scripts, strict=True) if name}


def test_the_page_loads_nothing() -> None:
    page = Page(render_html(sample()))
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'")
    for _, attrs in page.tags:
        assert "src" not in attrs
        assert (attrs.get("href") or "#").startswith("#")


def test_hostile_text_adds_no_element_and_no_attribute() -> None:
    page = Page(render_html(hostile()))
    assert {tag for tag, _ in page.tags} <= TAGS
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 4
    blocks = page.blocks
    assert set(blocks) == {"lists", "text-0", "text-1"}
    for text in blocks.values():
        assert not re.search("[<>&\u2028\u2029\x00-\x1f\x7f-\x9f\ud800-\udfff\u202e]", text)
        json.loads(text)
    render_html(hostile()).encode("utf-8")


def test_texts_keep_their_offsets() -> None:
    scan = hostile()
    page = Page(render_html(scan))
    rows = json.loads(page.blocks["lists"])["documents"]
    by_length = {len(text): text for text in scan.texts.values()}
    for place in range(len(rows)):
        block = json.loads(page.blocks[f"text-{place}"])
        assert len(block["text"]) in by_length
        assert block["pieces"][-1][1] == len(block["text"])


def test_the_lists_hold_what_the_scan_found() -> None:
    lists = json.loads(Page(render_html(sample())).blocks["lists"])
    assert lists["documents"][0]["id"] == "qingshi/2019-summary"
    assert lists["passages"]["n_all"] == 2
    assert lists["passages"]["rows"][0]["template"][1] == ["number", [["3.62", 1], ["5.18", 1]], 0]
    assert lists["families"]["rows"][0]["n"] == 1
    assert lists["documents"][0]["stripes"].startswith("J")
    assert set(lists["documents"][0]["stripes"]) == set("OJPSU")


def test_the_bytes_depend_on_the_scan_and_not_on_the_run() -> None:
    scan = sample()
    other = replace(scan, summary=dict(scan.summary) | {"run": {"inputs": ["/elsewhere"], "workers": 9}})
    assert render_html(scan) == render_html(other)


def test_small_and_empty_scans_have_pages() -> None:
    assert "No documents were read." in render_html(empty())
    assert "not seen elsewhere in these 1 document" in render_html(single())


def test_what_does_not_fit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Page(render_html(sample())).blocks
    monkeypatch.setattr(html, "MAX_TEXT_BYTES", 3000)
    monkeypatch.setattr(html, "MAX_PHRASES", 1)
    text = render_html(sample())
    n_left = len(whole) - len(Page(text).blocks)
    assert n_left > 0
    assert f"The texts of {n_left} documents are left out" in text
    assert "2 more phrases are in phrases.jsonl." in text


def test_texts_that_are_not_at_hand_are_said() -> None:
    text = render_html(replace(sample(), texts={}))
    assert "The texts of 7 documents were not at hand" in text


def test_two_thousand_documents_make_a_modest_page() -> None:
    scan = large(2000)
    text = render_html(scan)
    assert len(text.encode()) < 12_000_000


def dom(scan: HandMade, folder: Path, fragment: str, *, script: str = "") -> str:
    """The document as a browser has it after its script ran; what the script complained about fails the test."""
    if BROWSER is None:
        pytest.skip("no chromium on this machine: the page is only checked as text")
    page = folder / "report.html"
    page.write_text(render_html(scan).replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--enable-logging=stderr",
    ]
    flags += ["--virtual-time-budget=5000"] if script else []
    command = [BROWSER, *flags, f"--user-data-dir={folder / 'profile'}", "--dump-dom", f"{page.as_uri()}#{fragment}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not complaints
    return done.stdout


@pytest.mark.parametrize(
    "fragment", ["documents", "passages", "blocks", "phrases", "rules", "families", "input", "document-0"]
)
def test_a_browser_draws_hostile_text_as_text(tmp_path: Path, fragment: str) -> None:
    found = dom(hostile(), tmp_path, fragment)
    assert "<title>broken" not in found
    page = Page(found)
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    shown_section = next(attrs for tag, attrs in page.tags if tag == "section" and "hidden" not in attrs)
    assert shown_section["id"] == fragment.partition("-")[0]


def test_a_browser_draws_lists_and_documents(tmp_path: Path) -> None:
    found = dom(sample(), tmp_path, "documents")
    assert "showing 7 of 7" in found
    assert found.count('<tr class="hit">') == 7
    found = dom(sample(), tmp_path, "document-2@106")
    assert "<mark>" not in found
    assert '<span class="unfilled mark2" data-finding=' in found
    assert "also in qingshi/2019-summary at 161, ratio 0.96, 2 families" in found


def test_sorting_searching_and_keys_work(tmp_path: Path) -> None:
    found = dom(sample(), tmp_path, "documents", script=(CASES / "clicks.js").read_text("utf-8"))
    title = re.search("<title>(.*?)</title>", found)
    assert title is not None
    assert json.loads(title.group(1)) == {
        "longest": "qingshi/2019-summary",
        "most_original": "en/harbour-note",
        "without_text": "notes/empty",
        "found": ["qingshi/2019-summary", "qingshi/2019-summary-copy"],
        "says": "showing 2 of 2 found",
        "second": "在县委、县政府和镇党委的正确领导下",
        "hovered": "placeholder.underscores",
        "opened": "qingshi/2019-summary",
        "hash": "#documents",
    }
