"""Templates: literals and slots that give back every member, and what kind of value a slot holds."""

from __future__ import annotations

from itertools import zip_longest

import pytest
from corpora import ENGLISH, NOTICE, check_scan, columns, gibberish, timeless
from hypothesis import given
from hypothesis import strategies as st

from detector.alignment import TokenRange, align_tokens
from detector.index import Scan
from detector.model import Cluster, Literal, Slot
from detector.pipeline import scan
from detector.templates import MemberText, build_template


def template_of(*texts: str) -> tuple[Literal | Slot, ...]:
    """The template of some texts, the first the representative."""
    of = columns(*texts)
    bounds = of.tokens.indptr.tolist()
    ranges = [TokenRange(bounds[row], bounds[row + 1]) for row in range(len(texts))]
    members = [MemberText(f"d{row}", text, 0, len(text), ranges[row]) for row, text in enumerate(texts)]
    return build_template(of.tokens, members, lambda row: align_tokens(of.tokens, ranges[0], ranges[row]))


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
