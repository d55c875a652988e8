"""The figures of a report, before they are drawn."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import LINES, NOTICE, gibberish, timeless
from hypothesis import given
from hypothesis import strategies as st
from report_samples import HandMade, empty, finding, large, sample, score
from rich.console import Console

from detector import records
from detector.model import LEVELS, PART_NAMES, Span
from detector.pipeline import scan as scan_of
from detector.records.problems import FILE_REASONS
from detector.report import data, html, page_clusters, page_documents
from detector.report.column_lookup import ColumnLookup
from detector.report.explain import render_document
from detector.report.html import render_html
from detector.report.lookup import Aligned, Claims, Listing, Lookup
from detector.report.palette import PAINTS, bar_widths, percent
from detector.report.spans import differences, painted
from detector.report.terminal import render
from detector.report.words import PROBLEM_WORDS, problem_words
from detector.results.index import Scan


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
    assert top.rows == (data.FamilyRow("qingshi/2019-summary", (("qingshi/2019-summary-copy", 0.91),), 1),)


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


def test_every_reason_of_a_problem_has_words() -> None:
    named = re.compile(r"""(?:Fault|Problem|note)\((?:[^"()]*(?:\([^()]*\))?,\s*)?"([a-z]+_?[a-z]*)",""")
    sources = (Path(records.__file__).parent).glob("*.py")
    reasons = {reason for path in sources for reason in named.findall(path.read_text("utf-8"))}
    assert len(reasons) > 12
    assert reasons <= PROBLEM_WORDS.keys()
    assert set(FILE_REASONS) <= PROBLEM_WORDS.keys()
    assert problem_words("bad_json") == "bad_json: records that are no JSON"
    assert problem_words("new\n") == "new↵"


def test_an_empty_scan_has_no_rows() -> None:
    scan = empty()
    assert data.top_documents(scan).n_all == 0
    assert data.overview(scan).originality is None
    assert data.rule_rows(scan) == ()


def crowd() -> Scan:
    """Documents that share passages and blocks with figures of their own, copies among them, rules in all of them."""
    made = {}
    for row in range(40):
        notice = NOTICE.format(row, row % 7, 3 * row)
        again = notice if row % 5 else LINES[row % 3]
        text = f"{gibberish(row // 2)}{notice}{''.join(LINES)}\n{again}\n\u3000编者按：完。\n"
        made[f"d{row:02}"] = text + "全县完成投资X亿元。" * (row % 4) + gibberish(row // 2)
    made["e"] = ""
    made["f"] = "\ud800\n" + "".join(LINES)
    return scan_of(made)


@pytest.fixture(scope="module")
def pair() -> tuple[Scan, Scan]:
    """A scan as rows, and over columns."""
    over = crowd()
    names = ("documents", "findings", "clusters", "members", "phrases")
    made = replace(over, texts=dict(over.texts), **{name: tuple(getattr(over, name)) for name in names})
    return made, over


def aligned(found: Lookup, cluster: str, n_members: int, n_parts: int) -> tuple[Any, ...]:
    """What a lookup tells of a template, with texts for their numbers."""
    whole = found.aligned(cluster, n_members, n_parts)
    assert len({*whole.texts}) == len(whole.texts)
    fills = [[None if one < 0 else whole.texts[one] for one in slot] for slot in whole.fills.tolist()]
    return whole.parts, whole.types, fills, whole.n_more


def test_rows_and_columns_answer_alike(pair: tuple[Scan, Scan]) -> None:
    made, _ = pair
    one, other = (data.lookup(scan) for scan in pair)
    assert isinstance(other, ColumnLookup)
    assert not isinstance(one, ColumnLookup)
    assert one.bins() == other.bins()
    assert list(one.documents(None)) == list(other.documents(None))
    assert list(one.documents(7)) == list(other.documents(7))
    assert one.n_missing() == other.n_missing() == 0
    assert list(one.families()) == list(other.families()) != []
    for level in LEVELS:
        assert dict(one.shared(level)) == dict(other.shared(level))
        for limit in (1, 2, 3, 99):
            (first, n), (same, n_same) = one.largest(level, limit), other.largest(level, limit)
            assert ([*first.items()], n) == ([*same.items()], n_same)
    assert one.shared("passage")
    assert one.shared("block")
    for found, same in zip(one.rules(), other.rules(), strict=True):
        assert found._replace(findings=()) == same._replace(findings=())
        assert list(found.findings) == list(same.findings)
    for cluster in made.clusters:
        assert one.n_documents(cluster.id) == other.n_documents(cluster.id)
        assert one.n_families(cluster.id) == other.n_families(cluster.id)
        assert one.members[cluster.id] == other.members[cluster.id]
        assert one.clusters[cluster.id] == other.clusters[cluster.id]
        for limits in ((2, 3), (9, 80)):
            assert aligned(one, cluster.id, *limits) == aligned(other, cluster.id, *limits)
        assert one.blanks(cluster.id, 9) == other.blanks(cluster.id, 9)
        assert one.cluster_id(made.clusters.index(cluster)) == other.cluster_id(made.clusters.index(cluster))
    for phrase in made.phrases:
        assert one.phrases[phrase.id] == other.phrases[phrase.id]
        assert one.counts_of_phrase(phrase.id) == other.counts_of_phrase(phrase.id) is not None
    for document in made.documents:
        assert one.family(document.id) == other.family(document.id)
        assert one.scores[document.id] == other.scores[document.id]
        assert list(one.findings(document.id)) == list(other.findings(document.id))
        assert one.text(document.id, 3, 50_000) == other.text(document.id, 3, 50_000)
    assert any(any(one.blanks(cluster.id, 9)) for cluster in made.clusters)
    for limit in (None, 7):
        for name, mine, theirs in zip(Listing._fields, one.listed(limit), other.listed(limit), strict=True):
            assert np.array_equal(np.asarray(mine, object), np.asarray(theirs, object)), name
    names = [phrase.id for phrase in made.phrases]
    assert one.occurrences(names[::2], 3) == other.occurrences(names[::2], 3)
    assert all(one.occurrences(names, 3).values())
    places = [place for some in one.occurrences(names, 9).values() for place in some]
    assert one.around(places, 7) == other.around(places, 7)
    assert one.around([], 7) == other.around([], 7) == []
    for mine, theirs in zip(one.claimed(), other.claimed(), strict=True):
        assert mine.tolist() == theirs.tolist() != []
    rows = np.arange(42)
    assert one.heads(rows).tolist() == other.heads(rows).tolist()
    docs = [document.id for document in made.documents][::-3]
    for found_, same_ in zip(one.claims(docs), other.claims(docs), strict=True):
        assert found_.tolist() == same_.tolist()
    assert one.lengths(docs).tolist() == other.lengths(docs).tolist()
    assert one.counts_of_phrase("phrase-0") is other.counts_of_phrase("phrase-0") is None
    for names in ("scores", "clusters", "phrases", "members"):
        for name in ("nobody", "", "-", "-1", "passage-99999", "phrase-99999", "block-0", "block-²"):
            assert getattr(one, names).get(name) is None
            assert getattr(other, names).get(name) is None
            assert name not in getattr(other, names)


def test_pages_over_rows_and_columns_are_the_same(pair: tuple[Scan, Scan], monkeypatch: pytest.MonkeyPatch) -> None:
    made, over = pair
    assert render_html(made) == render_html(over)
    for name, value in (("MAX_DOCUMENTS", 9), ("MAX_TEXTS", 4), ("MAX_CLUSTERS", 2), ("MAX_FAMILIES", 2)):
        monkeypatch.setattr(html, name, value)
    page = render_html(made)
    assert page == render_html(over)
    assert "The list has 9 of 42 documents" in page
    assert "the page holds those of 4" in page
    assert "more block clusters are in the table of clusters." in page
    drawn = []
    for scan in pair:
        console = Console(file=StringIO(), width=100, color_system=None)
        render(scan, console, limit=5)
        render_document(scan, "d07", console)
        drawn.append(console.file.getvalue())  # type: ignore[attr-defined]
    assert drawn[0] == drawn[1]


def stripes_of(length: int, claims: list[tuple[int, int, int]]) -> str:
    """A barcode, character by character."""
    paint = [min((part for part, start, end in claims if start <= at < end), default=5) for at in range(length)]
    n_stripes, drawn = min(page_documents.N_STRIPES, length), ""
    for stripe in range(n_stripes):
        here = [paint[at] for at in range(length) if at * n_stripes // length == stripe]
        letters = [PAINTS[PART_NAMES[part]].letter for part in here if part < 5]
        enough = len(letters) >= max(1, page_documents.STRIPE_SHARE * length / n_stripes)
        drawn += max(letters, key=lambda letter: (letters.count(letter), letter)) if enough else "O"
    return drawn


@timeless
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60),
            st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 60), st.integers(-3, 70)), max_size=6),
        ),
        max_size=4,
    ),
    st.integers(1, 12),
)
def test_barcodes_are_those_of_an_oracle(texts: list[tuple[int, list[tuple[int, int, int]]]], n_stripes: int) -> None:
    class Made(Lookup):
        def __init__(self) -> None:
            pass

        def claims(self, docs: Sequence[str]) -> Claims:
            rows = np.array([claim for _, claims in texts for claim in claims], dtype=np.int64).reshape(-1, 3)
            indptr = np.cumsum([0, *(len(claims) for _, claims in texts)], dtype=np.int64)
            return Claims(indptr, rows[:, 0].astype(np.uint8), *rows[:, 1:].T.astype(np.int32, order="C"))

        def lengths(self, docs: Sequence[str]) -> np.ndarray[Any, Any]:
            return np.array([length for length, _ in texts], dtype=np.int64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_documents, "N_STRIPES", n_stripes)
        found = page_documents.stripes([str(row) for row in range(len(texts))], Made())
        runs = [[(letter, int(size, 36)) for letter, size in re.findall("([A-Z])([0-9a-z]+)", row)] for row in found]
        assert all(one[0] != two[0] for row in runs for one, two in pairwise(row))
        unfolded = ["".join(letter * size for letter, size in row) for row in runs]
        assert unfolded == [stripes_of(length, claims) for length, claims in texts]


@timeless
@given(
    st.integers(0, 5).flatmap(lambda n: st.lists(st.lists(st.integers(-1, 4), min_size=n, max_size=n), max_size=3)),
    st.data(),
    st.integers(0, 3),
)
def test_fills_are_ranked_as_a_counter_ranks_them(slots: list[list[int]], data: st.DataObject, n_first: int) -> None:
    n_members, texts = len(slots[0]) if slots else 0, [f"text {number}" for number in range(5)]
    drawn = data.draw(st.lists(st.integers(0, n_members - 1), unique=True) if n_members else st.just([]))
    whole = Aligned((), ["text"] * len(slots), texts, np.array(slots, np.int32).reshape(len(slots), n_members), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_clusters, "LISTED", n_first)
        listed, numbers = page_clusters._slots(whole, drawn)
    for slot, ((_, fills, n_different), own) in enumerate(zip(listed, slots, strict=True)):
        ranked = Counter(one for one in own if one >= 0).most_common()
        here = {own[member] for member in drawn}
        kept = [item for rank, item in enumerate(ranked) if rank < n_first or item[0] in here]
        assert (fills, n_different) == ([[texts[one], n] for one, n in kept], len(ranked))
        for row, member in zip(numbers, drawn, strict=True):
            assert own[member] == (-1 if row[slot] < 0 else kept[row[slot]][0])


@given(st.lists(st.integers(-(10**12), 10**18), max_size=9))
def test_numbers_of_the_page_are_those_of_python(values: list[int]) -> None:
    assert json.loads(html._encoded({"of": np.array(values, np.int64), "n": 1})) == {"of": values, "n": 1}


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
