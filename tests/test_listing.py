"""Which fills of a slot are listed: the kernel against the definition, and what a reader makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corpora import check_template, gibberish, timeless
from fill_columns import filled
from hypothesis import given
from hypothesis import strategies as st
from template_oracles import listed_fills

from detector.matching import templates
from detector.matching.template_files import StoredTemplate, read_templates, write_templates
from detector.model import Cluster, Slot
from detector.pipeline import scan
from detector.report.column_lookup import lookup
from detector.report.lookup import Lookup
from detector.results.index import Scan, open_scan

FILLS = st.tuples(st.sampled_from(["", "甲", "乙", "甲乙", "1"]), st.sampled_from([False, False, False, True]))


@st.composite
def slots(draw: st.DrawFn) -> list[list[list[tuple[str, bool]]]]:
    """Clusters of slots of a fill for each member, and whether it holds a mark."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        size = draw(st.integers(1, 6))
        usual = draw(FILLS)
        fill = st.just(usual) | FILLS if draw(st.booleans()) else FILLS
        found.append(draw(st.lists(st.lists(fill, min_size=size, max_size=size), max_size=3)))
    return found


@timeless
@given(slots(), st.integers(0, 12))
def test_the_fills_that_are_listed_are_those_of_the_definition(
    clusters: list[list[list[tuple[str, bool]]]], most: int
) -> None:
    clusters = [cluster for cluster in clusters if cluster]
    sizes = [len(cluster[0]) for cluster in clusters]
    texts = ["".join(row[member][0] for row in cluster) for cluster in clusters for member in range(len(cluster[0]))]
    firsts = np.cumsum([0, *sizes]).tolist()
    spans: list[list[tuple[int, int]]] = []  # of each slot, the fills of all members, and as tokens
    ranges: list[list[tuple[int, int]]] = []
    tokens: list[list[tuple[int, bool]]] = [[] for _ in texts]
    at = [0] * len(texts)
    for first, cluster in zip(firsts, clusters, strict=False):
        for slot in cluster:
            spans.append([])
            ranges.append([])
            for row, (text, marked) in enumerate(slot, start=first):
                begun = len(tokens[row])
                if text:
                    tokens[row].append((at[row], marked))
                spans[-1].append((at[row], at[row] + len(text)))
                ranges[-1].append((begun, len(tokens[row])))
                at[row] += len(text)
    n_slots = np.array([len(cluster) for cluster in clusters], np.int64)
    listed_rows, n_listed, common, _ = filled(texts, tokens, firsts, n_slots, ranges, most)
    rows, told = [], []
    slots = [(slot, sum(map(len, cluster)) > most) for cluster in clusters for slot in cluster]
    for number, (slot, shortened) in enumerate(slots):
        said, marked = [text for text, _ in slot], [mark and bool(text) for text, mark in slot]
        listed, same = listed_fills(said, marked, shortened=shortened)
        rows += [(row, *spans[number][row]) for row in listed]
        told.append((len(listed), -1 if same is None else same))
    assert listed_rows == rows
    assert list(zip(n_listed, common, strict=True)) == told


LINE = "全年完成固定资产投资{}亿元，新建农村公路{}公里，群众生活水平明显提高。"


def large(*values: tuple[str, str]) -> Scan:
    """Passages of one cluster, a document each."""
    texts = {f"d{row:02}": gibberish(row) + "\n" + LINE.format(*own) for row, own in enumerate(values)}
    return scan(texts)


def the_cluster(result: Scan) -> Cluster:
    (cluster,) = [cluster for cluster in result.clusters if cluster.level == "passage"]
    return cluster


def told(slot: Slot) -> list[tuple[str, str, int]]:
    return [(fill.doc, fill.text, fill.more) for fill in slot.fills]


MANY = [("12", "7")] * 3 + [("3", "7")] + [("12", "8")] + [("12", "7")] * 8


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many fills of a cluster are all listed: here those of 12 members in two slots."""
    monkeypatch.setattr(templates, "MOST_LISTED", 24)
    return 24


def test_in_a_large_cluster_what_most_members_have_is_listed_once(few: int) -> None:
    result = large(*MANY)
    check_template(result, the_cluster(result), result.members, few)
    one, other = the_cluster(result).slots
    assert told(one) == [("d00", "12", len(MANY) - 2), ("d03", "3", 0)]
    assert told(other) == [("d00", "7", len(MANY) - 2), ("d04", "8", 0)]
    assert one.values == {"12": len(MANY) - 1, "3": 1}
    assert one.n_empty == 0


@pytest.mark.usefixtures("few")
def test_a_cluster_of_few_members_lists_them_all() -> None:
    one, other = the_cluster(large(*MANY[:12])).slots
    assert len(one.fills) == len(other.fills) == 12
    assert not any(fill.more for fill in (*one.fills, *other.fills))


@pytest.mark.usefixtures("few")
def test_what_no_majority_has_is_listed_for_all() -> None:
    slot, _ = the_cluster(large(*((str(row % 5 + 1), "7" if row else "8") for row in range(20)))).slots
    assert len(slot.fills) == 20


def test_a_blank_is_listed_for_all_that_left_it(few: int) -> None:
    result = large(*[("XX", "7")] * 20, ("3", "8"))
    check_template(result, the_cluster(result), result.members, few)
    one, other = the_cluster(result).slots
    assert len(one.fills) == 21
    assert told(other) == [("d00", "7", 19), ("d20", "8", 0)]
    found = [finding for finding in result.findings if finding.kind == "placeholder"]
    assert len(found) == 20
    assert all(finding.evidence["slot"] == one.name and finding.evidence["n_filled"] == 1 for finding in found)


@pytest.mark.usefixtures("few")
def test_who_filled_a_blank_is_counted_though_not_listed() -> None:
    values = [("12", "7")] * 20 + [("XX", "7"), ("", "8"), ("3", "7")]
    result = large(*values)
    (blank,) = [finding for finding in result.findings if finding.kind == "placeholder"]
    slot = the_cluster(result).slots[0]
    assert told(slot)[0] == ("d00", "12", 19)
    assert blank.evidence["n_filled"] == 21
    assert [(fill["doc"], fill["text"]) for fill in blank.evidence["fills"]] == [("d00", "12"), ("d22", "3")]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("n_members", [2, 5, 30])
def test_a_scan_from_files_knows_what_every_member_has(n_members: int, tmp_path: Path) -> None:
    result = large(*MANY, ("", "7"), ("5", "7"))
    result.write(tmp_path / "scan")
    opened = open_scan(tmp_path / "scan")
    name = the_cluster(result).id
    assert the_cluster(opened) == the_cluster(result)
    values = [*MANY, ("", "7"), ("5", "7")]
    for found in (lookup(result), Lookup(result), Lookup(opened)):
        whole = found.aligned(name, n_members, 9)
        texts = [[whole.texts[one] for one in slot] for slot in whole.fills.tolist()]
        assert texts == [[own[slot] for own in values[:n_members]] for slot in range(2)]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("ending", ["json", "toml"])
def test_an_exported_template_tells_how_many_more_have_a_fill(ending: str, tmp_path: Path) -> None:
    cluster = the_cluster(large(*MANY))
    stored = StoredTemplate(cluster.id, cluster.level, cluster.n_families, cluster.n_members, cluster.template)
    write_templates(tmp_path / f"t.{ending}", [stored])
    assert read_templates(tmp_path / f"t.{ending}") == [stored]
