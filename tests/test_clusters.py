"""Clusters: passages, blocks and documents on made corpora, and blocks against brute force."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from corpora import LINES, SLOGAN, check_scan, documents, gibberish, timeless
from hypothesis import given
from hypothesis import strategies as st

from detector.matching.clusters import document_groups, passage_groups, series_numbers
from detector.matching.families import Families
from detector.matching.matches import Matches
from detector.model import Document, Finding
from detector.pipeline import scan
from detector.results.index import Scan
from detector.settings import Settings
from detector.text.passages import Passages


def cluster_list(result: Scan, level: str) -> list[tuple[str, int, int]]:
    return [(item.id, item.n_families, item.n_members) for item in result.clusters if item.level == level]


def members_of(result: Scan, cluster: str) -> list[tuple[str, str]]:
    return [
        (item.doc, result.texts[item.doc][item.start : item.end]) for item in result.members if item.cluster == cluster
    ]


def passages_found(result: Scan, doc: str) -> list[Finding]:
    return [finding for finding in result.findings if finding.doc == doc and finding.kind == "passage"]


def test_a_shared_passage_is_a_cluster_of_its_places() -> None:
    result = scan(documents([gibberish(1) + LINES[0], LINES[0] + gibberish(2), gibberish(3)]))
    check_scan(result)
    assert cluster_list(result, "passage") == [("passage-1", 2, 2)]
    assert members_of(result, "passage-1") == [("d00000", LINES[0]), ("d00001", LINES[0])]
    assert cluster_list(result, "block") == cluster_list(result, "document") == []
    assert [finding.evidence["doc"] for finding in passages_found(result, "d00000")] == ["d00001"]
    assert passages_found(result, "d00002") == []


def test_no_chain_joins_what_does_not_match_its_representative() -> None:
    """b matches a and c, a and c do not match: b joins the lower one, c has a match and no cluster."""
    a = "子丑寅卯辰巳午未申酉戌亥甲乙丙丁戊己庚辛"
    b, c = "零一三" + a[3:], "零一三" + a[3:-3] + "天地人"
    result = scan({"a": a + "。" + gibberish(1), "b": b + "。" + gibberish(2), "c": c + "。" + gibberish(3)})
    check_scan(result)
    assert [text for _, text in members_of(result, "passage-1")] == [a + "。", b + "。"]
    assert [finding.cluster for finding in passages_found(result, "c")] == [None]
    assert passages_found(result, "c")[0].n_families == 2
    assert result.summary["totals"]["n_matched_alone"] == 1
    assert result.summary["totals"]["n_passages_matched"] == 3


def test_passages_in_the_same_order_are_a_block() -> None:
    shared = "".join(LINES)
    result = scan(documents([gibberish(row) + shared + gibberish(50 + row) for row in range(3)]))
    check_scan(result)
    assert cluster_list(result, "block") == [("block-1", 3, 3)]
    assert [text for _, text in members_of(result, "block-1")] == [shared] * 3
    assert cluster_list(result, "passage") == [(f"passage-{n}", 3, 3) for n in (1, 2, 3)]


def test_a_block_that_some_have_more_of_is_two_blocks() -> None:
    texts = [*["".join(LINES)] * 2, "".join(LINES[:2])]
    result = scan(documents([gibberish(row) + text + gibberish(50 + row) for row, text in enumerate(texts)]))
    check_scan(result)
    assert cluster_list(result, "block") == [("block-1", 3, 3), ("block-2", 2, 2)]


def test_other_order_and_one_passage_alone_are_no_block() -> None:
    one, other, third = LINES
    result = scan(documents([one + gibberish(1) + other + third, third + gibberish(2, 4) + other + gibberish(3) + one]))
    check_scan(result)
    assert len(cluster_list(result, "passage")) == 3
    assert cluster_list(result, "block") == []


def test_short_passages_inside_a_shared_block_are_shared_with_it() -> None:
    shared = f"{LINES[0]}\n工作要求\n{LINES[1]}"
    texts = [f"{gibberish(row)}\n{shared}\n{gibberish(50 + row)}" for row in range(3)]
    texts += [f"{gibberish(60 + row)}\n工作要求\n{gibberish(70 + row)}" for row in range(2)]
    result = scan(documents(texts))
    check_scan(result)
    for doc in ("d00000", "d00001", "d00002"):
        short = [finding for finding in passages_found(result, doc) if finding.text == "工作要求"]
        assert [(item.cluster, item.n_families, item.part) for item in short] == [("block-1", 3, "shared")]
        other = short[0].evidence
        assert other["doc"] != doc
        assert result.texts[other["doc"]][other["start"] : other["end"]] == "工作要求"
    assert passages_found(result, "d00003") == [], "a heading of four characters alone proves nothing"


def test_of_two_blocks_around_a_short_passage_the_one_that_more_families_have_speaks() -> None:
    texts = [f"{LINES[0]}\n工作要求\n{LINES[1]}\n{LINES[2]}"] * 2 + [f"{LINES[0]}\n工作要求\n{LINES[1]}"]
    result = scan(documents([f"{gibberish(row)}\n{text}\n{gibberish(50 + row)}" for row, text in enumerate(texts)]))
    check_scan(result)
    sizes = {name: n_families for name, n_families, _ in cluster_list(result, "block")}
    assert sorted(sizes.values()) == [2, 3]
    short = [finding for finding in result.findings if finding.text == "工作要求"]
    assert [(item.doc, item.n_families, sizes[str(item.cluster)]) for item in short] == [
        (f"d0000{row}", 3, 3) for row in range(3)
    ]


def test_the_figure_of_a_short_passage_inside_a_block_stays_own() -> None:
    texts = [f"{gibberish(row)}\n{LINES[0]}\n共{row + 31}户\n{LINES[1]}\n{gibberish(50 + row)}" for row in range(2)]
    result = scan(documents(texts))
    check_scan(result)
    (short,) = [finding for finding in passages_found(result, "d00000") if finding.text == "共31户"]
    assert [result.texts["d00000"][start:end] for start, end in short.claims] == ["共", "户"]


def test_copies_of_a_document_are_one_family_and_count_once_in_every_cluster() -> None:
    article = "".join(LINES) + gibberish(1, 6)
    result = scan(documents([article, article, article + "又及。", gibberish(2, 9) + LINES[0]]))
    check_scan(result)
    assert [document.duplicate_of for document in result.documents] == [None, "d00000", "d00000", None]
    assert cluster_list(result, "document") == [("document-1", 1, 3)]
    assert ("passage-1", 2, 4) in cluster_list(result, "passage")
    assert cluster_list(result, "block") == [], "a family alone shares nothing"
    first, last = result.documents[0], result.documents[3]
    assert first.parts.shared == last.parts.shared == len(LINES[0])
    assert first.n_families == 2


def test_passages_that_only_copies_share_feed_no_part() -> None:
    result = scan(documents([gibberish(1, 6), gibberish(1, 6), gibberish(2)]))
    check_scan(result)
    assert [document.originality for document in result.documents] == [1.0, 1.0, 1.0]
    assert {finding.part for finding in passages_found(result, "d00000")} == {None}


def test_an_in_document_repeat_is_a_cluster_of_one_family() -> None:
    result = scan(documents([LINES[0] + gibberish(1) + LINES[0], gibberish(2)]))
    check_scan(result)
    assert cluster_list(result, "passage") == [("passage-1", 1, 2)]
    repeats = [finding for finding in result.findings if finding.kind == "repeat"]
    assert [(item.start, item.cluster, item.part) for item in repeats] == [
        (len(LINES[0]) + 54, "passage-1", "repeated")
    ]
    assert result.documents[0].parts.repeated == len(LINES[0])


def test_series_are_counted_where_they_are_known() -> None:
    series = ["one.example", "one.example", "two.example", None]
    given_documents = [
        Document(item.id, item.text, series=name)
        for item, name in zip(documents([gibberish(row) + SLOGAN for row in range(4)]), series, strict=True)
    ]
    result = scan(given_documents)
    assert [(cluster.n_families, cluster.n_series) for cluster in result.clusters] == [(4, 2)]
    assert series_numbers(series).tolist() == [0, 0, 1, -1]


def test_a_threshold_of_one_finds_only_equal_skeletons() -> None:
    near = LINES[0].replace("切实", "着力")
    texts = [gibberish(1) + LINES[0], gibberish(2) + near, gibberish(3) + LINES[0]]
    (strict,) = scan(documents(texts), Settings(match_ratio=1.0)).clusters
    (loose,) = scan(documents(texts)).clusters
    assert (strict.n_members, loose.n_members) == (2, 3)


def group(matches: Sequence[int]) -> Matches:
    """Matches in which row r has the representative ``matches[r]``."""
    n = len(matches)
    column = np.arange(n)
    ones, none = np.ones(n), np.full(n, -1)
    representative = np.array(matches, np.int64)
    return Matches(column, column, representative, ones, none, none >= 0, ones, none, ones, n_crowded=0)


@timeless
@given(st.data())
def test_passage_groups_are_the_rows_by_representative(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 12))
    chosen: list[int] = []
    for row in range(n):
        heads = [other for other in range(row) if chosen[other] == other]
        chosen.append(data.draw(st.sampled_from([*heads, row])))
    passages = made_passages([0] * n)
    groups, group_of = passage_groups(group(chosen), passages)
    expected = {head: [row for row in range(n) if chosen[row] == head] for head in range(n)}
    its_rows = [groups.first[begin:end].tolist() for begin, end in pairwise(groups.indptr.tolist())]
    assert its_rows == [rows for rows in expected.values() if len(rows) > 1]
    assert np.array_equal(groups.last, groups.first + 1)
    for row in range(n):
        head = its_rows[group_of[row]][0] if group_of[row] >= 0 else row
        assert head == chosen[row]


@timeless
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12))
def test_document_groups_are_the_families_of_at_least_two(rows: list[tuple[int, int]]) -> None:
    """Each document with the number of its family and how many passages it has."""
    family = [number for number, _ in rows]
    head = np.array([family.index(number) for number in family], dtype=np.int64)
    document = [row for row, (_, n_passages) in enumerate(rows) for _ in range(n_passages)]
    ratio = np.arange(len(rows)) / 20
    groups = document_groups(Families(head, head, ratio, 0), made_passages(document))
    members = [[row for row in range(len(rows)) if head[row] == one] for one in sorted(set(head.tolist()))]
    expected = [its for its in members if len(its) > 1]
    assert [groups.document[begin:end].tolist() for begin, end in pairwise(groups.indptr.tolist())] == expected
    assert np.array_equal(groups.ratio, ratio[groups.document])
    for row, first, last in zip(*(column.tolist() for column in groups[1:4]), strict=True):
        assert [passage for passage, its in enumerate(document) if its == row] == list(range(first, last))


def made_passages(document: Sequence[int]) -> Passages:
    n = len(document)
    row, nothing = np.arange(n), np.empty(0, np.int64)
    return Passages(row, row + 1, np.array(document, np.int64), np.arange(n + 1), row, nothing, nothing, nothing)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_documents(n: int) -> None:
    result = scan(documents(["一二三"] * n))
    check_scan(result)
    assert result.clusters == ()
