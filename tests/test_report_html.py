"""The page as text: what is in its bytes. What a browser makes of it is in ``test_report_browser.py``."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from unittest.mock import Mock

import pytest
from report_samples import HandMade, empty, hostile, large, sample, single

from detector.model import Cluster, Fill, Literal, Member, Slot
from detector.pipeline import scan as scan_of
from detector.report import html, page_clusters
from detector.report.html import render_html

ELEMENTS = frozenset(
    {"html", "head", "meta", "title", "style", "body", "noscript", "script", "header", "main", "nav", "section"}
    | {"article", "figure", "figcaption", "h1", "h2", "h3", "p", "div", "ul", "ol", "li", "dl", "dt", "dd", "dialog"}
    | {"table", "tr", "td", "a", "b", "em", "i", "small", "span", "strong", "code", "button"}
    | {"svg", "defs", "pattern", "rect", "circle", "path", "g", "text"}
)
ATTRIBUTES = frozenset(
    {"lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "style", "title", "role", "type"}
    | {"hidden", "tabindex", "width", "height", "fill", "x", "y", "d", "viewbox", "cx", "cy", "r", "stroke"}
    | {"stroke-width", "opacity", "patternunits", "aria-label", "aria-hidden"}
)


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

    @property
    def lists(self) -> dict[str, object]:
        """What the script draws."""
        found: dict[str, object] = json.loads(self.blocks["lists"])
        return found


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
    assert {tag for tag, _ in page.tags} <= ELEMENTS
    assert {name for _, attrs in page.tags for name in attrs} <= ATTRIBUTES
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
    by_length = {len(text): text for text in scan.texts.values()}
    for name, text in page.blocks.items():
        if name.startswith("text-"):
            block = json.loads(text)
            assert len(block["text"]) in by_length
            assert block["pieces"][-1][1] == len(block["text"])


def test_the_lists_hold_what_the_scan_found() -> None:
    lists: dict[str, dict[str, list]] = Page(render_html(sample())).lists  # type: ignore[assignment,type-arg]
    documents, passages = lists["documents"], lists["clusters"]["passage"]
    assert documents["ids"][0] == "qingshi/2019-summary"
    assert documents["blanks"][0] == sum(
        item.kind == "placeholder" and item.doc == "qingshi/2019-summary" for item in sample().findings
    )
    assert set(re.findall("[A-Z]", documents["stripes"][0])) == set("OJPSU")
    assert passages["n_all"] == 2
    first = passages["rows"][0]
    assert first["parts"][1] == 0
    assert first["slots"][0] == ["number", [["3.62", 1], ["5.18", 1]], 2]
    assert lists["families"]["rows"][0]["places"] == 2
    assert lists["phrases"]["rows"][0][2:4] == [3, 3]


def three_towns() -> HandMade:
    """A paragraph of three documents, with figures in two of them, blank in the third, and one figure of all."""
    texts = {
        "a": "全年投资12亿元，增长8%。",
        "b": "全年投资340亿元，增长8%。",
        "c": "全年投资X亿元，增长8%。",
    }
    ends = {"a": 6, "b": 7, "c": 5}
    fills = tuple(Fill(doc, 4, end, texts[doc][4:end]) for doc, end in ends.items())
    template = (Literal("全年投资"), Slot("slot1", "money", fills), Literal("亿元，增长8%。"))
    whole = scan_of(texts)
    return HandMade(
        documents=tuple(whole.documents),
        findings=tuple(whole.findings),
        clusters=(Cluster("block-1", "block", 3, 0, 3, template),),
        members=tuple(Member("block-1", doc, 0, len(text), 1.0) for doc, text in texts.items()),
        summary=whole.summary,
        texts=texts,
    )


def test_a_cluster_says_what_differs_and_who_left_it_blank() -> None:
    lists: dict[str, dict] = Page(render_html(three_towns())).lists  # type: ignore[assignment,type-arg]
    row = lists["clusters"]["block"]["rows"][0]
    assert row["values"] == [1, 2]
    assert row["blank"] == 1
    ids = lists["documents"]["ids"]
    members = [
        (ids[place], blanks, left, row["slots"][0][1][fill][0]) for place, _, _, _, blanks, left, fill in row["rows"]
    ]
    assert members == [("a", 0, [], "12"), ("c", 1, [0], "X"), ("b", 0, [], "340")]
    page = render_html(three_towns())
    assert "same template, 1 of 2 values differs." in page
    assert "left blank in 1 place" in page


def test_clusters_beyond_the_room_are_listed_without_their_members_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_clusters, "MAX_CLUSTER_BYTES", 1)
    lists: dict[str, dict] = Page(render_html(sample())).lists  # type: ignore[assignment,type-arg]
    first, second = lists["clusters"]["passage"]["rows"]
    assert first["slots"]
    assert not second["slots"]
    assert isinstance(second["parts"][0], str)


def test_unknown_levels_have_a_list_of_their_own() -> None:
    scan = three_towns()
    clusters = (*scan.clusters, replace(scan.clusters[0], id="outline-1", level="outline"))
    members = (*scan.members, *(replace(member, cluster="outline-1") for member in scan.members))
    totals = scan.summary["totals"] | {"n_clusters": {"outline": 1, "block": 1}}
    page = render_html(replace(scan, clusters=clusters, members=members, summary=scan.summary | {"totals": totals}))
    assert '<a href="#clusters/outline">Outlines <small>1</small></a>' in page


def test_the_bytes_depend_on_the_scan_and_not_on_the_run() -> None:
    scan = sample()
    other = replace(scan, summary=dict(scan.summary) | {"run": {"inputs": ["/elsewhere"], "workers": 9}})
    assert render_html(scan) == render_html(other)


def test_the_template_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = render_html(sample())
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    html.page_template.cache_clear()
    assert render_html(sample()) == page
    (kept,) = tmp_path.glob("html-*.template")
    monkeypatch.setattr(html.Environment, "compile", not_again := Mock())
    html.page_template.cache_clear()
    assert render_html(sample()) == page
    not_again.assert_not_called()
    kept.write_bytes(b"x" + kept.read_bytes())
    html.page_template.cache_clear()
    monkeypatch.undo()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert render_html(sample()) == page, "a file that is damaged is none"
    html.page_template.cache_clear()


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
    assert "2 more phrases are in the table of phrases." in text


def test_texts_that_are_not_at_hand_are_said() -> None:
    text = render_html(replace(sample(), texts={}))
    assert "The texts of 7 documents were not at hand" in text


def test_a_document_more_costs_the_page_little() -> None:
    sizes = [len(render_html(large(n)).encode()) for n in (500, 1500)]
    assert sizes[1] - sizes[0] < 1000 * 150
