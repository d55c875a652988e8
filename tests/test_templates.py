"""Templates: literals and slots that give back every member, and what kind of value a slot holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, zip_longest

import numpy as np
import pytest
import template_oracles as oracle
from cluster_rows import rows_of
from corpora import ENGLISH, NOTICE, Columns, check_scan, columns, gibberish, timeless
from fill_columns import LETTER, filled
from hypothesis import given
from hypothesis import strategies as st

from detector.kernels import aligning, comparing, filling
from detector.kernels.fill_places import DIGIT, MARK
from detector.machine.workspace import Workspace
from detector.matching import templates
from detector.matching.fill_classes import fill_classes
from detector.matching.skeletons import passage_keys
from detector.matching.templates import cluster_columns
from detector.model import Cluster, Document, Literal, Slot
from detector.pipeline import scan
from detector.results.index import Scan
from detector.tables.columns import SLOT_TYPES, ClusterColumns, GroupColumns
from detector.text.folding import character_table
from detector.text.texts import Texts


def groups_of(groups: Iterable[Sequence[tuple[int, int, int]]], ratio: float = 1.0) -> GroupColumns:
    """Groups of members: document, first and last passage."""
    listed = list(groups)
    members = np.array([member for group in listed for member in group], dtype=np.int32).reshape(-1, 3)
    indptr = np.concatenate(([0], np.cumsum([len(group) for group in listed]))).astype(np.int64)
    return GroupColumns(indptr, *members.T.copy(), np.full(len(members), ratio))


def clusters_of(
    of: Columns, texts: Sequence[str], levels: Sequence[GroupColumns], *, workers: int = 1
) -> ClusterColumns:
    """The clusters of groups (documents, blocks, passages) of some texts, a family and series each."""
    numbers = np.arange(len(texts))
    with Workspace(workers=workers) as work:
        return cluster_columns(
            levels, of.tokens, of.passages, Texts.of(texts),
            family=numbers, series=numbers % 2 - 1, keys=passage_keys(of.tokens, of.passages), work=work,
        )  # fmt: skip


def documents_of(of: Columns, texts: Sequence[str]) -> list[tuple[int, int, int]]:
    """Every text with all its passages."""
    bounds = np.searchsorted(of.passages.document, np.arange(len(texts) + 1)).tolist()
    return [(row, first, last) for row, (first, last) in enumerate(pairwise(bounds))]


def template_of(*texts: str) -> tuple[Literal | Slot, ...]:
    """The template of some texts, the first the representative."""
    of = columns(*texts)
    found = clusters_of(of, texts, [groups_of([documents_of(of, texts)]), groups_of([]), groups_of([])])
    (cluster,), _ = rows_of(found, [Document(f"d{row}", text) for row, text in enumerate(texts)])
    return cluster.template


def shape(template: tuple[Literal | Slot, ...]) -> list[str | list[str]]:
    """Literals as strings, slots as lists of fills."""
    return [part.text if isinstance(part, Literal) else [fill.text for fill in part.fills] for part in template]


def clusters(result: Scan, level: str = "passage") -> list[Cluster]:
    return [cluster for cluster in result.clusters if cluster.level == level]


SHAPES = {
    "identical": (["完成投资12亿元。", "完成投资12亿元。"], ["完成投资12亿元。"]),
    "case and width are no difference": (["Roads, 12.", "ROADS，１２。"], ["Roads, 12."]),
    "a figure": (["完成投资12亿元。", "完成投资3亿元。"], ["完成投资", ["12", "3"], "亿元。"]),
    "an inserted word": (["完成投资12亿元。", "完成工业投资12亿元。"], ["完成", ["", "工业"], "投资12亿元。"]),
    "a missing word": (["完成工业投资12亿元。", "完成投资12亿元。"], ["完成", ["工业", ""], "投资12亿元。"]),
    "inserted before the first word": (["完成投资。", "将完成投资。"], [["", "将"], "完成投资。"]),
    "inserted after the last word": (["完成投资。", "完成投资额。"], ["完成投资", ["", "额"], "。"]),
    "three members": (
        ["完成投资12亿元。", "完成投资3亿元。", "完成工业投资12亿元。"],
        ["完成", ["", "", "工业"], "投资", ["12", "3", "12"], "亿元。"],
    ),
    "punctuation inside a fill": (["在甲、乙两地。", "在丙两地。"], ["在", ["甲、乙", "丙"], "两地。"]),
    "a number is not cut in two": (["增长12.5%", "增长12.7%"], ["增长", ["12.5", "12.7"], "%"]),
    "a blank and its completion": (["投资XX亿元", "投资35亿元"], ["投资", ["XX", "35"], "亿元"]),
    "spaced": (
        ["met 12 times during spring", "met 9 times during late spring"],
        ["met ", ["12", "9"], " times during", ["", "late"], " spring"],
    ),
    "nothing in common": (["甲乙", "丙丁"], [["甲乙", "丙丁"]]),
}


@pytest.mark.parametrize(("texts", "expected"), SHAPES.values(), ids=SHAPES)
def test_shape(texts: list[str], expected: list[str | list[str]]) -> None:
    assert shape(template_of(*texts)) == expected


TYPES = {
    "number": ["新建公路12公里", "新建公路7公里", "新建公路3,400公里"],
    "percent": ["比上年增长12.5%", "比上年增长３％"],
    "percent in words": ["rose by 12 percent", "rose by 3 percent"],
    "percent points": ["提高2个百分点", "提高11个百分点"],
    "money": ["完成投资12亿元", "完成投资3亿元"],
    "money of another country": ["出口12万美元", "出口7万美元"],
    "year": ["我镇2020年工作总结", "我镇2021年工作总结"],
    "number, as a measure word follows": ["转移农村劳动力1830人", "转移农村劳动力1955人"],
    "number, as tens of thousands of them follow": ["栽植桑苗1900万株", "栽植桑苗2050 万株"],
    "year, as no measure word follows": ["公布2020级学生名册", "公布2021级学生名册"],
    "date": ["会议于3月5日召开", "会议于12.9召开"],
    "place_or_body": ["报送青川县备案", "报送白鹿镇人民政府备案"],
    "placeholder": ["报送XX县备案", "报送×××县备案"],
    "text": ["认真学习文件精神", "反复学习文件精神"],
    "text, as figures and words mix": ["新建公路12公里", "新建公路数公里"],
    "number, as a blank does not count": ["新建公路XX公里", "新建公路7公里"],
    "text, as two words follow a date": ["报送书面材料备案", "报送青川县备案"],
}


@pytest.mark.parametrize(("name", "texts"), TYPES.items(), ids=TYPES)
def test_type_of_a_slot(name: str, texts: list[str]) -> None:
    slots = [part for part in template_of(*texts) if isinstance(part, Slot)]
    assert [slot.type for slot in slots] == [name.split(",", maxsplit=1)[0].split(" ", maxsplit=1)[0]]


def test_an_empty_fill_before_the_first_word_points_at_the_start_of_its_member() -> None:
    line = "全镇上下要切实把思想和行动统一到上级的决策部署上来。"
    result = scan({"a": gibberish(1) + "今年" + line, "b": gibberish(2) + line})
    check_scan(result)
    (cluster,) = clusters(result)
    slot, literal = cluster.template
    assert literal == Literal(line)
    assert isinstance(slot, Slot)
    assert [(fill.start, fill.text) for fill in slot.fills] == [(54, "今年"), (54, "")]


def test_slots_are_numbered_in_the_order_of_the_text() -> None:
    slots = [part for part in template_of("投资1亿元，增长2%", "投资3亿元，增长4%") if isinstance(part, Slot)]
    assert [slot.name for slot in slots] == ["slot1", "slot2"]
    assert [slot.type for slot in slots] == ["money", "percent"]


def test_an_empty_fill_points_at_its_place() -> None:
    (slot,) = [part for part in template_of("完成投资。", "完成工业投资。") if isinstance(part, Slot)]
    assert [(fill.doc, fill.start, fill.end, fill.text) for fill in slot.fills] == [
        ("d0", 2, 2, ""),
        ("d1", 2, 4, "工业"),
    ]


@pytest.mark.parametrize(("pattern", "fills"), [(NOTICE, (3, 12, 7)), (ENGLISH, (12, 1851, 9))])
def test_passages_that_differ_only_in_figures_are_one_template_and_the_figures_stay_own(
    pattern: str, fills: tuple[int, ...]
) -> None:
    texts = [gibberish(row) + "\n" + pattern.format(*(fill + row for fill in fills)) for row in range(4)]
    result = scan({f"d{row}": text for row, text in enumerate(texts)})
    check_scan(result)
    (cluster,) = clusters(result)
    assert cluster.n_families == cluster.n_members == 4
    slots = [part for part in cluster.template if isinstance(part, Slot)]
    assert [[fill.text for fill in slot.fills] for slot in slots] == [
        [str(fill + row) for row in range(4)] for fill in fills
    ]
    for document, text in zip(result.documents, texts, strict=True):
        shared = sum(not char.isspace() for char in pattern.replace("{}", ""))
        assert document.parts.shared == shared
        assert document.parts.own == sum(not char.isspace() for char in text) - shared


WORD = st.text("甲乙丙丁戊己庚辛", min_size=1, max_size=3)
EDITS = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(["put", "take", "swap"]), WORD | st.just("35")), max_size=4
)


def edited(text: str, edits: list[tuple[int, str, str]]) -> str:
    for place, kind, word in edits:
        at = place % (len(text) + 1)
        text = text[:at] + (word if kind != "take" else "") + text[at + (kind != "put") :]
    return text


@timeless
@given(st.text("甲乙丙丁戊己庚辛12X，、 。abc%", max_size=25), st.lists(EDITS, min_size=1, max_size=4))
def test_a_template_gives_back_its_representative_and_every_fill_is_its_documents_text(
    text: str, edits: list[list[tuple[int, str, str]]]
) -> None:
    texts = [text, *(edited(text, own) for own in edits)]
    template = template_of(*texts)
    said = "".join(part.text if isinstance(part, Literal) else part.fills[0].text for part in template)
    assert said == text
    at = [0] * len(texts)
    for part, after in zip_longest(template, template[1:]):
        assert not (isinstance(part, Literal) and isinstance(after, Literal))
        if isinstance(part, Slot):
            for row, fill in enumerate(part.fills):
                assert texts[row][fill.start : fill.end] == fill.text
                assert at[row] <= fill.start
                at[row] = fill.end


@timeless
@given(st.lists(EDITS, min_size=1, max_size=3))
def test_templates_of_scans_give_back_their_members(edits: list[list[tuple[int, str, str]]]) -> None:
    line = "全年新建农村公路35公里，新增就业1200人，增长6.5%"
    texts = [line, *(edited(line, own) for own in edits)]
    check_scan(scan({f"d{row}": text + "。" + gibberish(row, 2) for row, text in enumerate(texts)}))


def parts_of(found: ClusterColumns, cluster: int) -> list[oracle.Span | oracle.Slot]:
    """The parts of a cluster, every slot with the fills that are listed."""
    parts: list[oracle.Span | oracle.Slot] = []
    n_slots = 0
    for part in range(int(found.part_indptr[cluster]), int(found.part_indptr[cluster + 1])):
        here = slice(int(found.fill_indptr[part]), int(found.fill_indptr[part + 1]))
        fills = list(zip(found.fill_start[here].tolist(), found.fill_end[here].tolist(), strict=True))
        if found.slot[part]:
            n_slots += 1
            assert found.slot[part] == n_slots
            common = int(found.part_common[part])
            kind = SLOT_TYPES[int(found.part_type[part])]
            parts.append(oracle.Slot(kind, fills, found.fill_member[here].tolist(), common if common >= 0 else None))
        else:
            assert not fills
            parts.append((int(found.part_start[part]), int(found.part_end[part])))
    return parts


SENTENCES = st.text("甲乙丙丁1234XX、 。，;\nab%年元户", max_size=30)


@timeless
@given(st.lists(st.tuples(SENTENCES, st.lists(EDITS, min_size=1, max_size=3)), min_size=1, max_size=3), st.data())
def test_columns_of_clusters_are_what_the_definitions_say(
    groups: list[tuple[str, list[list[tuple[int, str, str]]]]], data: st.DataObject
) -> None:
    """Each group is once a family, once a block and once a cluster of passages (of all its passages)."""
    texts: list[str] = []
    rows: list[list[int]] = []
    for text, edits in groups:
        rows.append(list(range(len(texts), len(texts) + 1 + len(edits))))
        texts.extend([text, *(edited(text, own) for own in edits)])
    of = columns(*texts)
    whole = documents_of(of, texts)
    families = [[whole[row] for row in its] for its in rows]
    blocks = [its for its in families if all(first < last for _, first, last in its)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "CLUSTER_TOKENS", data.draw(st.sampled_from([1, 20, 1000])))
        patch.setattr(templates, "KEPT", data.draw(st.sampled_from([0, 10, 1000])))
        most = data.draw(st.sampled_from([0, 2, 6, 2000]))
        patch.setattr(templates, "MOST_LISTED", most)
        levels = [groups_of(families), groups_of(blocks, np.nan), groups_of(blocks, 0.9)]
        found = clusters_of(of, texts, levels, workers=data.draw(st.sampled_from([1, 2])))
    keys = passage_keys(of.tokens, of.passages).tolist()
    passages = of.passages
    expected = [(1, number, its) for number, its in enumerate(families, start=1)]
    expected += [(level, number, its) for level in (2, 3) for number, its in enumerate(blocks, start=1)]
    assert list(zip(found.level.tolist(), found.number.tolist(), strict=True)) == [key[:2] for key in expected]
    for cluster, (level, _, its) in enumerate(expected):
        spans = [
            (0, len(texts[row])) if level == 1 else (int(passages.start[first]), int(passages.end[last - 1]))
            for row, first, last in its
        ]
        here = slice(int(found.member_indptr[cluster]), int(found.member_indptr[cluster + 1]))
        assert found.document[here].tolist() == [row for row, _, _ in its]
        assert list(zip(found.start[here].tolist(), found.end[here].tolist(), strict=True)) == spans
        assert found.n_families[cluster] == len(its)
        assert found.n_series[cluster] == any(row % 2 for row, _, _ in its)
        members = [
            oracle.Member(texts[row], span, first, last) for (row, first, last), span in zip(its, spans, strict=True)
        ]
        assert parts_of(found, cluster) == oracle.template(of, members, keys if level < 3 else None, most)
        ratios = {
            1: [1.0] * len(its),
            2: [oracle.block_ratio(of, members[0], member) for member in members],
            3: [1.0, *[0.9] * (len(its) - 1)],
        }
        assert (found.ratio[here] / 1e6).tolist() == ratios[level]


WORDS = ["19", "20", "２０", "街道", "政府", "公司", "个百分点", "percent", "PER", "CENT", "usd", "Dollars", "yuan"]
PIECES = st.lists(
    st.sampled_from([*"012389x×年月日.-/ 省厂%％亿万多美元人٣²十〇甲\t\ud800\N{IDEOGRAPHIC SPACE}", *WORDS]), max_size=6
).map("".join)


@timeless
@given(st.lists(st.tuples(PIECES, PIECES, st.integers(0, 2)), min_size=1, max_size=4))
def test_types_of_slots_are_those_of_the_definitions(members: list[tuple[str, str, int]]) -> None:
    """Fills of any text of any class: nothing, numbers or anything else."""
    texts = ["甲" + fill + after for fill, after, _ in members]
    spans = [(1, 1 + len(fill)) for fill, _, _ in members]
    tokens = [[(1, (MARK, DIGIT, LETTER)[kind]), (1 + len(fill), LETTER)] if fill else [] for fill, _, kind in members]
    slot = [(0, 1) if fill else (0, 0) for fill, _, _ in members]
    *_, (found,) = filled(texts, tokens, [0, len(members)], np.ones(1, np.int64), [slot], 1000)
    kinds = [({6}, {3}, {3, 1})[kind] if fill else set() for fill, _, kind in members]
    assert SLOT_TYPES[found] == oracle.slot_type(spans, kinds, texts)


def test_digits_are_those_of_the_language() -> None:
    digits = {point for point in range(0x110000) if chr(point).isdigit()}
    is_digit = fill_classes()[np.arange(0x110000)] & filling.IS_DIGIT > 0
    plain = character_table().plain.tolist()
    assert {point for point in range(0x110000) if plain[point] in digits} == set(np.flatnonzero(is_digit).tolist())


@timeless
@given(st.lists(st.lists(st.integers(0, 4), max_size=9), min_size=2, max_size=6), st.sampled_from([0.0, 20.0, 1e9]))
def test_ratios_of_texts_too_large_are_those_of_their_parts(rows: list[list[int]], limit: float) -> None:
    """Two texts of as many parts each."""
    rows = rows[: len(rows) // 2 * 2]
    half = len(rows) // 2
    points = np.array([point for row in rows for point in row], dtype=np.uint32)
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    ratio = np.empty(1)
    part, pair = np.array([0, half, len(rows)]), (np.zeros(1, np.int64), np.ones(1, np.int64))
    comparing.similarities(points, indptr, part, *pair, limit, ratio)
    m, n = int(indptr[half]), int(indptr[-1] - indptr[half])
    left, right = points[:m].tolist(), points[m:].tolist()
    if m * n <= limit:
        common = oracle.common(left, right)
    else:
        common = sum(oracle.common(rows[row], rows[half + row]) for row in range(half))
    assert ratio[0] == (1.0 - (m + n - 2 * common) / (m + n) if m + n else 1.0)


@pytest.mark.parametrize("sizes", [(4096, 300), (4097, 5000), (9000, 70), (70, 9000)])
def test_ratios_of_long_texts_are_those_of_rapidfuzz(sizes: tuple[int, int]) -> None:
    draw = np.random.default_rng(sum(sizes))
    points = draw.integers(0, 40, sum(sizes)).astype(np.uint32)
    ratio, indptr = np.empty(1), np.array([0, sizes[0], sum(sizes)])
    comparing.similarities(points, indptr, np.arange(3), np.zeros(1, np.int64), np.ones(1, np.int64), 1e12, ratio)
    common = oracle.common(points[: sizes[0]].tolist(), points[sizes[0] :].tolist())
    assert ratio[0] == 1.0 - (sum(sizes) - 2 * common) / sum(sizes)


def test_a_crowd_of_long_members_is_no_table_of_all_their_tokens() -> None:
    """2,000 members of 3,000 tokens, each with another token of its own: more than is remembered."""
    n, size = 3000, 2000
    hashes = np.tile(np.arange(n, dtype=np.uint64), size)
    altered = np.arange(1, size) * n + np.arange(1, size) % 500
    hashes[altered] = np.uint64(1 << 40) + altered.astype(np.uint64)
    first, n_slots = np.arange(size, dtype=np.int32), np.zeros(1, np.int64)
    begin, until = aligning.template_gaps(
        hashes, np.ones(n * size, np.uint8), np.arange(size + 1) * n, np.arange(size, dtype=np.uint64),
        np.array([0, size]), first, first + np.int32(1), first > 0, np.zeros(1, np.bool_), (0, 1), templates.KEPT,
        n_slots,
    )  # fmt: skip
    assert n_slots.tolist() == [1]
    assert (set(begin.tolist()), set(until.tolist())) == ({0}, {500})


@timeless
@given(st.integers(0, 300), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_ratios_of_near_copies_are_those_of_rapidfuzz(length: int, n_edits: int, seed: int) -> None:
    """From a few characters that differ, which are counted, to so many that the bits of all are compared."""
    draw = np.random.default_rng(seed)
    left = draw.integers(0, 30, length).tolist()
    right = left.copy()
    for place, kind, letter in zip(*draw.integers(0, [[length + 1], [3], [30]], (3, n_edits)).tolist(), strict=True):
        right[place : place + (kind > 0)] = [letter] * (kind < 2)
    points, indptr = np.array(left + right, dtype=np.uint32), np.array([0, length, length + len(right)])
    ratio, total = np.empty(1), length + len(right)
    comparing.similarities(points, indptr, np.arange(3), np.zeros(1, np.int64), np.ones(1, np.int64), 1e12, ratio)
    common = oracle.common(left, right)
    assert ratio[0] == (1.0 - (total - 2 * common) / total if total else 1.0)
