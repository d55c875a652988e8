"""Stand-ins: what gives a mark away that no rule lists, its false friends, and that the compiled gates miss nothing."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model import Document
from detector.pipeline import scan
from detector.rules import stand_ins
from detector.rules.marks import find_marks
from detector.rules.rule_tables import built_in_words, load_rules
from detector.rules.stand_ins import (
    FIRM_HEADS,
    FOLLOWERS,
    HEADS,
    MAX_MARKS,
    MAX_TEXT,
    PAIRS,
    REPEATED_MARK,
    STAND_IN,
    SUFFIXES,
    may_have_marks,
    pronoun_stand_ins,
    repeated_marks,
)
from detector.settings import Settings
from detector.text.folding import code_points, plain

TABLE = load_rules(Settings())

REPORT = (
    "全年完成投资{0}亿元，新建农村公路{0}公里，惠及{0}户，培训{0}人次。\n办结率达{0}%，流转土地{0}亩，新增就业{0}人。"
)
TOUR = "我们先后到{0}村和{0}社区，又在{0}街道开会，由{0}公司承办，与{0}县签约。"

MARKS = (
    *("//", "##", "★★", "%%", "{}", "{数}", "<数字>", "〔〕", "XYZ", "χχ", "口口", "圈圈", "（数据）", "_数字_", "●"),
    *("@@", "※※"),
)
"""Habits of which most are on no list."""


@pytest.mark.parametrize("mark", MARKS)
def test_any_mark_is_found_that_stands_where_figures_should(mark: str) -> None:
    text = REPORT.format(mark)
    found = [text[hit.start : hit.end] for hit in find_marks(plain(text), TABLE)]
    assert found == [mark] * 7


@pytest.mark.parametrize("mark", MARKS)
def test_any_mark_is_found_that_stands_where_names_should(mark: str) -> None:
    text = TOUR.format(mark)
    found = [text[hit.start : hit.end] for hit in find_marks(plain(text), TABLE)]
    assert found == [mark] * 5


@pytest.mark.parametrize(
    "text",
    [
        "停车费3元/小时，物业费2元/平方米，票价5元/人，补贴600元/亩，电费1元/度。",
        "亩产吨/公顷，人均元/人、户均亩/户，车速公里/时。",
        "推行公司+基地+农户、支部+合作社+户、企业+村的办法。",
        "✅户型方正✅楼层好✅元旦开盘✅个个满意✅采光足",
        "设第一块地长a米，宽b米；第二块地长a米，共收c元。",
        "已有10%人次，占比5%户，完成80%亩。",
        "投资##亿元，公路##公里，共##户。".replace("#", "\N{REPLACEMENT CHARACTER}"),
        "好吃~家人都爱，便宜~元旦再来，累~人都傻了，真好~个个都夸。",
        "全市GDP稳步增长，GDP总量全省第三，GDP亿元，GDP户，GDP增速前列，GDP之外，GDP之内。",
        "第（一）项、第（二）条、（三）款、（四）户、（五）亩、（六）元。",
        "#户外运动# 转发#天天向上# 看#亩产千斤# 晒#元旦快乐#",
        "各县（市）个别地方，各镇（街道）户均，有关单位（部门）人员。",
        "各县（市）万人以上的镇，各县（市）户均收入，各县（市）亩均产出，各县（市）个数。",
        "第i行第i个，前i项第i次，i元组；n元一次方程，n个n次n项，n元组。",
        "他说……人总是会变的。她想……家就在那里。……户外下着雨……元气满满。……亩产多少，他不知道……",
    ],
)
def test_what_stands_between_words_is_no_placeholder(text: str) -> None:
    assert repeated_marks(plain(text)) == []


def test_a_mark_that_mostly_stands_elsewhere_is_none() -> None:
    text = "投资##亿元，公路##公里，惠及##户。"
    assert repeated_marks(text)
    assert not repeated_marks(text + "##话题" * 4)


def test_the_unknown_of_a_problem_has_one_unit() -> None:
    assert not repeated_marks("每件涨价a元，少卖a元，共收a元，又收a元。")
    assert repeated_marks("每件涨价a元，修路a公里，惠及a户，培训a人次。")


@pytest.mark.parametrize("mark", ["##", "//", "@@", "{}", "口口"])
def test_a_date_of_one_mark_is_enough(mark: str) -> None:
    text = f"本合同自{mark}年{mark}月{mark}日起生效，一式两份。"
    assert [text[hit.start : hit.end] for hit in find_marks(plain(text), TABLE)] == [mark] * 3
    alone = f"{mark}年{mark}月{mark}日"
    assert [alone[hit.start : hit.end] for hit in find_marks(plain(alone), TABLE)] == [mark] * 3
    assert not repeated_marks(plain(f"自{mark}年起，每年三月办理。"))


def test_evidence_names_the_mark_and_what_follows() -> None:
    hit = find_marks(plain("投资//亿元，新建道路//公里，惠及//户。"), TABLE)[0]
    assert hit.rule == REPEATED_MARK
    assert hit.evidence == {"token": "//", "n_occurrences": 3, "before": ["亿元", "公里", "户"]}


def test_in_an_examination_such_marks_are_its_blanks() -> None:
    text = "三年级数学试卷 满分100分\n一、填空题\n3米等于▲▲厘米，2元等于▲▲分，1公里等于▲▲米，5亩等于▲▲平方米，共▲▲户。"
    assert not [hit for hit in find_marks(plain(text), TABLE) if hit.rule == REPEATED_MARK]


def test_a_scan_finds_them_and_the_switch_takes_them_away() -> None:
    documents = [Document("a", REPORT.format("//")), Document("b", REPORT.format("12"))]
    rules = [finding.rule for finding in scan(documents, Settings()).findings]
    assert rules.count(REPEATED_MARK) == 7
    off = scan(documents, Settings(disable_rules=(REPEATED_MARK,))).findings
    assert REPEATED_MARK not in {finding.rule for finding in off}


def test_a_stand_in_needs_a_text_without_pronouns() -> None:
    text = "一年来,词条7坚持发展。词条7将努力,词条7必须看到不足。让词条7再创佳绩!"
    assert [hit.rule for hit in find_marks(plain(text), TABLE)] == [STAND_IN] * 4
    assert not find_marks(plain(text + "我们"), TABLE)
    assert not find_marks(plain(text.replace("让词条7", "让大家")), TABLE)


def test_evidence_of_a_stand_in_counts_its_places() -> None:
    text = "词条7坚持发展。词条7将努力,词条7必须看到不足。让词条7再创佳绩!"
    assert pronoun_stand_ins(text)[0].evidence == {"token": "词条7", "n_occurrences": 4, "n_where_a_pronoun_stands": 3}


def test_a_text_of_very_many_marks_takes_no_longer_for_each() -> None:
    """A megabyte of marks that all look like habits: each costs a count at most, and few are counted."""
    words = ("".join(letters) for letters in product("bcdfghjk", repeat=5))
    text = "".join(f"投资{word}亿元公路{word}公里惠及{word}户" for word in words)
    assert len(text) > 800_000
    assert len(repeated_marks(text)) == MAX_MARKS
    assert not repeated_marks("投资##亿元，公路##公里。" * (MAX_TEXT // 10))


def _first_characters(pattern: str) -> set[str]:
    """What a match of a pattern can begin with, lookarounds aside."""
    return {chr(point) for point in _firsts(re._parser.parse(pattern, re.VERBOSE))}  # type: ignore[attr-defined]


def _firsts(parsed: Any) -> set[int]:
    found: set[int] = set()
    for kind, value in parsed:
        name = str(kind)
        if name in ("ASSERT", "ASSERT_NOT", "AT"):
            continue
        if name == "LITERAL":
            return found | {value}
        if name == "IN":
            return found | {point for _, point in value}
        if name == "BRANCH":
            return found.union(*(_firsts(branch) for branch in value[1]))
        if name == "SUBPATTERN":
            return found | _firsts(value[-1])
        assert name == "MAX_REPEAT", name
        found |= _firsts(value[2])
        if value[0]:
            return found
    return found


def test_gates_know_their_patterns() -> None:
    assert set(HEADS) == _first_characters(built_in_words("unit")) - {*"km"}
    assert {*SUFFIXES, *(pair[0] for pair in PAIRS)} == _first_characters(stand_ins._NAME)
    assert all(len(pair) == 2 for pair in PAIRS)
    assert set(FIRM_HEADS) == _first_characters(stand_ins._FIRM) | set(stand_ins._DATES)
    ahead = stand_ins._STAND_IN
    ahead = ahead[ahead.index("(?=") :].replace("也?", "也|")
    assert set(re.findall(r"(?:\(\?=|\|)\s*(\w)", ahead)) == set(FOLLOWERS)


SIGNS = "投资完成到在户亩元人县村镇，、。（）【】<>{}[]~-/+.…?？—_*%$ab12x\n "
PIECES = (*MARKS, *SIGNS, "亿元", "公里", "人次", "社区", "公司", "其中")


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_no_text_with_a_repeated_mark_is_passed_over(text: str) -> None:
    text = plain(text)
    for mark in repeated_marks(text):
        assert all(text[start:end] == mark.token for start, end in mark.places)
        assert 2 * len(mark.places) >= mark.n_occurrences >= len(mark.places)
    bounds = np.array([0, len(text), len(text), 2 * len(text)])
    may = may_have_marks(code_points(text + text), bounds).tolist()
    assert may[0] == may[2]
    assert not may[1]
    assert may[0] or not repeated_marks(text)
