"""The figures of a report, before they are drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import HandMade, empty, finding, large, sample, score

from detector.model import PART_NAMES, Span
from detector.report import data
from detector.report.palette import PAINTS, bar_widths, percent
from detector.report.spans import differences, painted


@pytest.fixture(scope="module")
def scan() -> HandMade:
    return sample()


def test_documents_come_least_original_first_and_those_without_text_last(scan: HandMade) -> None:
    top = data.top_documents(scan, 3)
    assert [row.id for row in top.rows][:2] == ["qingshi/2019-summary", "xindian-street"]
    assert (top.n_all, top.n_more) == (7, 4)
    assert data.top_documents(scan).rows[-1].id == "notes/empty"


def test_originality_1k_orders_documents_where_it_exists() -> None:
    rows = [score("a", "文" * 10, [], originality_1k=0.9), score("b", "文" * 10, [], originality_1k=0.2)]
    assert [row.id for row in data.top_documents(HandMade(documents=tuple(rows))).rows] == ["b", "a"]


def test_shared_passages_come_with_the_member_that_shows_the_differences(scan: HandMade) -> None:
    top = data.shared_texts(scan, "passage", rows=data.lookup(scan))
    first = top.rows[0]
    assert [row.id for row in top.rows] == ["p0001", "p0002"]
    assert first.n_chars == 131
    assert first.n_documents == 3
    assert first.other is not None
    assert first.other.doc.startswith("liulin/")
    words = [[side.text[start:end] for start, end in side.changed] for side in (first.example, first.other)]
    assert words == [["3.62", "11.4", "8500万", "3"], ["5.18", "9.7", "1.2亿", "5"]]


def test_samples_of_long_blocks_are_cut_and_say_so() -> None:
    scan = large(2)
    members = tuple(replace(member, end=270) for member in scan.members)
    texts = {doc: text * 20 for doc, text in scan.texts.items()}
    long = tuple(replace(member, end=5000) for member in members)
    for these, n_more in ((members, 0), (long, 5000 - data.MAX_SAMPLE)):
        changed = replace(scan, members=these, texts=texts)
        row = data.shared_texts(changed, "passage", rows=data.lookup(changed)).rows[0]
        assert len(row.example.text) <= data.MAX_SAMPLE
        assert row.example.n_more == n_more


def test_clusters_of_one_family_are_no_shared_text(scan: HandMade) -> None:
    assert data.shared_texts(scan, "document", rows=data.lookup(scan)).n_all == 0


def test_rules_are_counted_with_examples_of_different_documents(scan: HandMade) -> None:
    row = next(row for row in data.rule_rows(scan, 3) if row.rule == "placeholder.latin_x")
    assert (row.n_findings, row.n_documents) == (5, 4)
    assert len({example.doc for example in row.examples}) == 3
    assert all(example.text == "X" for example in row.examples)
    assert sum(row.n_findings for row in data.rule_rows(scan)) == sum(
        1 for item in scan.findings if item.kind not in ("passage", "phrase")
    )


def test_an_excerpt_ends_with_its_line_and_says_where_the_line_goes_on() -> None:
    text = "上一行\n" + "前" * 100 + "X" + "后\n下一行"
    item = finding("a", Span(104, 105), "placeholder", "X")
    found = data.excerpt(HandMade(texts={"a": text}), item)
    assert (found.before, found.text, found.after) == ("…" + "前" * data.CONTEXT, "X", "后")


def test_texts_that_are_not_at_hand_leave_the_findings_text() -> None:
    item = finding("a", Span(104, 105), "placeholder", "X")
    assert data.excerpt(HandMade(), item) == data.Excerpt("a", 104, "", "X", "")


def test_families_name_their_copies(scan: HandMade) -> None:
    top = data.families(scan, rows=data.lookup(scan))
    assert top.rows == (data.FamilyRow("qingshi/2019-summary", (("qingshi/2019-summary-copy", 0.91),)),)


def test_the_overview_counts_every_document_with_text_once(scan: HandMade) -> None:
    overview = data.overview(scan)
    assert sum(overview.bins) == 6
    assert overview.underestimated
    assert overview.parts.total == sum(row.n_chars for row in scan.documents)
    assert not data.overview(large(1000)).underestimated


def test_skipped_lists_reasons_and_how_files_were_read(scan: HandMade) -> None:
    found = data.skipped(scan)
    assert found.n_problems == {"bad_json": 2, "no_text": 1}
    assert found.formats["jsonl, utf-8"] == 2
    assert found.n_without_tokens == 1


def test_an_empty_scan_has_no_rows() -> None:
    scan = empty()
    assert data.top_documents(scan).n_all == 0
    assert data.overview(scan).originality is None
    assert data.rule_rows(scan) == ()


@given(st.text("ab1.2，文", max_size=20), st.text("ab1.2，文", max_size=20))
def test_what_does_not_differ_is_the_same_on_both_sides(one: str, two: str) -> None:
    kept = []
    for text, spans in zip((one, two), differences(one, two), strict=True):
        rest, at = "", 0
        for start, end in spans:
            assert at <= start < end <= len(text)
            rest, at = rest + text[at:start], end
        kept.append(rest + text[at:])
    assert kept[0] == kept[1]
    assert one != two or not any(differences(one, two))


@given(st.lists(st.tuples(st.integers(-2, 30), st.integers(0, 12), st.sampled_from(PART_NAMES[:5])), max_size=8))
def test_the_first_part_that_claims_a_character_paints_it(claims: list[tuple[int, int, str]]) -> None:
    found = [finding("a", Span(at, at + size), "junk", "", part=part) for at, size, part in claims]
    expected = []
    for place in range(24):
        here = {part for at, size, part in claims if at <= place < at + size}
        expected.append(next((name for name in PART_NAMES if name in here), "own"))
    assert [part for start, end, part in painted(24, found) for _ in range(start, end)] == expected


@given(st.lists(st.integers(0, 5000), min_size=6, max_size=6), st.integers(1, 120))
def test_a_bar_is_full_and_no_part_vanishes_from_it(counts: list[int], width: int) -> None:
    parts = type(score("a", "", []).parts)(**dict(zip(PAINTS, counts, strict=True)))
    cells = bar_widths(parts, width)
    assert sum(cells.values()) == (width if parts.total else 0)
    if width >= 6:
        assert all((cells[name] > 0) == (count > 0) for name, count in zip(PAINTS, counts, strict=True))


def test_percent_never_rounds_to_all_or_nothing() -> None:
    assert [percent(value) for value in (0.0, 1e-9, 0.5, 1 - 1e-9, 1.0)] == [
        "0.0 %",
        "<0.1 %",
        "50.0 %",
        ">99.9 %",
        "100.0 %",
    ]
