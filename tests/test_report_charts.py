"""Charts as files of their own: well-formed, whole, safe, and the same bytes every time."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from report_samples import NASTY, empty, hostile, large, sample

from detector.model import Parts
from detector.report import charts
from detector.report.palette import PAINTS

SVG = "{http://www.w3.org/2000/svg}"


def elements(svg: str, name: str, kind: str = "") -> list[ElementTree.Element]:
    """The elements of a name, of a class if one is given; raises where the picture is not well-formed."""
    found = ElementTree.fromstring(svg).iter(SVG + name)
    return [one for one in found if not kind or kind in (one.get("class") or "").split()]


def test_every_chart_of_a_scan_is_well_formed_and_the_same_again() -> None:
    for scan in (sample(), hostile(), empty(), large(40)):
        drawn = charts.charts(scan)
        assert drawn == charts.charts(scan)
        for svg in drawn.values():
            ElementTree.fromstring(svg.encode())
            assert "script" not in {one.tag for one in ElementTree.fromstring(svg).iter()}
    assert set(charts.charts(sample())) == {"originality", "parts-by-document", "parts-by-source"}


def test_bars_of_the_distribution_are_as_high_as_their_counts() -> None:
    svg = charts.originality_chart([4, 0, 1, 2])
    heights = [float(bar.get("height") or 0) for bar in elements(svg, "rect", "bin")]
    assert heights == pytest.approx([heights[0], heights[0] / 4, heights[0] / 2], abs=0.2)
    titles = [title.text for title in elements(svg, "title")]
    assert titles == ["0 to 25 % own: 4 documents", "50 to 75 % own: 1 document", "75 to 100 % own: 2 documents"]


def test_segments_are_as_wide_as_their_parts_and_fill_the_bar() -> None:
    svg = charts.parts_chart([("one", Parts(junk=10, shared=30, own=60)), ("two", Parts(own=5))])
    wide = {
        name: [float(one.get("width") or 0) for one in elements(svg, "rect", name) if one.get("height") == "16"]
        for name in PAINTS
    }
    assert wide["own"][0] == pytest.approx(0.6 * wide["own"][1], abs=0.1)
    assert wide["shared"] == pytest.approx([0.3 * wide["own"][1]], abs=0.1)
    assert sum(wide[name][0] for name in ("own", "shared", "junk")) == pytest.approx(wide["own"][1], abs=0.2)
    assert not wide["phrase"]


def test_names_are_text_and_long_ones_are_cut() -> None:
    svg = charts.parts_chart([(NASTY, Parts(own=1)), ("长" * 90, Parts(own=1))], title=NASTY)
    assert not elements(svg, "img")
    labels = [one.text or "" for one in elements(svg, "text", "end")]
    assert all(len(label) <= charts.LABEL_CELLS for label in labels)
    assert "…" in labels[1]


def test_parts_have_a_pattern_and_a_letter_besides_their_colour() -> None:
    svg = charts.parts_chart([("a", Parts(1, 1, 1, 1, 1, 1))])
    fills = {one.get("id"): ElementTree.tostring(one) for one in elements(svg, "pattern")}
    assert set(fills) == {f"fill-{name}" for name in PAINTS}
    over = {text.split(b"/>", 1)[1] for text in fills.values()}
    assert len(over) == 5, "own and shared text are plain, the lightest and the darkest colour"
    letters = {one.text for one in elements(svg, "text") if (one.get("class") or "").endswith("-ink")}
    assert letters <= {paint.letter for paint in PAINTS.values()}


def test_sources_add_up_to_their_documents() -> None:
    scan = sample()
    rows = dict(charts.parts_by_source(scan))
    assert sum(parts.total for parts in rows.values()) == sum(score.n_chars for score in scan.documents)
    assert set(rows) == {score.source for score in scan.documents}
