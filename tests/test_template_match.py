"""Templates that fill themselves from a text, and the files that they are kept in."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from corpora import gibberish, timeless
from hypothesis import given
from hypothesis import strategies as st

import detector
from detector.errors import TemplateError
from detector.matching.template_match import Template, TemplateMatch
from detector.model import Fill, Literal, Slot
from detector.pipeline import scan

LINE = "全年完成固定资产投资{}亿元，同比增长{}%，由{}同志负责，总量和增速都居全县第一。"
FILLS = (("12.3", 5, "王伟"), (9, "6.1", "李小明"), (8, 7, "张敏"))


def template(line: str = LINE, fills: tuple[tuple[object, ...], ...] = FILLS) -> Template:
    texts = {f"d{row}": gibberish(row) + "\n" + line.format(*own) for row, own in enumerate(fills)}
    (cluster,) = [one for one in scan(texts).clusters if one.level == "passage"]
    return Template.of(cluster)


def said(match: TemplateMatch | None) -> list[tuple[str, str]]:
    assert match is not None
    return [(fill.type, fill.text) for fill in match.fills]


def test_a_new_text_fills_the_slots() -> None:
    text = gibberish(9) + LINE.format("3,400", 11, "赵晓东") + gibberish(10)
    match = template().match(text)
    assert said(match) == [("money", "3,400"), ("percent", "11"), ("name", "赵晓东")]
    assert match is not None
    assert match.ratio == 1.0
    assert match.fill("slot3").text == "赵晓东"
    assert all(text[fill.start : fill.end] == fill.text for fill in match.fills)
    assert text[match.start : match.end] == LINE.format("3,400", 11, "赵晓东").rstrip("。")


def test_inserted_words_shift_nothing() -> None:
    match = template().match(
        "今年" + LINE.format(3, 4, "周敏").replace("总量", "经济总量").replace("固定", "全社会固定")
    )
    assert said(match) == [("money", "3"), ("percent", "4"), ("name", "周敏")]
    assert match is not None
    assert 0.8 < match.ratio < 1.0


def test_a_blank_in_the_text_is_a_placeholder() -> None:
    assert said(template().match(LINE.format("XX", 4, "×××")))[0] == ("placeholder", "XX")


@pytest.mark.parametrize("text", ["", " \n", "X", gibberish(3), "投资亿元", "\ud800\x00", "1 2 3 4 5 6 7 8 9"])
def test_any_other_text_does_not_match(text: str) -> None:
    assert template().match(text) is None


def test_a_template_of_nothing_but_slots_matches_nothing() -> None:
    slot = Slot("slot1", "text", (Fill("a", 0, 1, "甲"), Fill("b", 0, 1, "乙")))
    assert Template("passage-1", "passage", 2, 2, (slot,)).match("甲") is None
    assert Template("passage-1", "passage", 2, 2, ()).match("甲") is None


def test_spaced_text_with_a_year_and_a_name_side_by_side() -> None:
    notice = "Copyright (c) {} {}, all rights reserved, use it as you like but keep this notice in every copy."
    found = template(notice, ((2016, "Ben Balter"), (2018, "Ann Cole"), (2021, "Karl Marsh")))
    assert said(found.match(notice.format(1999, "Dora van Dyke"))) == [("year", "1999"), ("name", "Dora van Dyke")]


@pytest.mark.parametrize("unit", ["全年完成", "固定资产投资", "1", "增长%", "，", "X", "a "])
def test_hostile_text_costs_linear_time(unit: str) -> None:
    found = template()
    found.match(unit)
    begun = time.process_time()
    found.match(unit * 40_000)
    assert time.process_time() - begun < 20


@timeless
@given(st.text(st.sampled_from("全年完成固定资产投资12.X亿元，。\n增长% a\ud800"), max_size=60))
def test_fills_are_the_texts_own(text: str) -> None:
    match = SHARED.match(text, min_ratio=0.1)
    for fill in match.fills if match else ():
        assert text[fill.start : fill.end] == fill.text
    if match:
        assert [fill.start for fill in match.fills] == sorted(fill.start for fill in match.fills)


SHARED = Template(
    "passage-1",
    "passage",
    2,
    2,
    (
        Literal("全年完成固定资产投资"),
        Slot("slot1", "money", (Fill("a", 10, 12, "12"), Fill("b", 10, 11, "3"))),
        Literal("亿元，"),
        Slot("slot2", "text", (Fill("a", 15, 17, "增长"), Fill("b", 14, 14, ""))),
        Slot("slot3", "text", (Fill("a", 17, 18, "a"), Fill("b", 14, 16, "完成"))),
    ),
)

NASTY = "a \"b\" \\ \n\r\t\x00\x7f\x85\u2028 \N{GRINNING FACE} [x] = # '''"


@pytest.mark.parametrize("name", ["templates.json", "templates.toml"])
def test_files_give_back_what_was_saved(tmp_path: Path, name: str) -> None:
    nasty = Template(NASTY, "block", 2, 3, (Literal(NASTY), Slot("slot1", "text", (Fill(NASTY, 0, 1, NASTY),))))
    empty = Template("passage-2", "passage", 2, 2, ())
    path = tmp_path / name
    for templates in ([template(), nasty, empty, SHARED], []):
        Template.save(path, templates)
        assert list(detector.Template.load(path)) == templates


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"format": "detector-templates", "version": 9, "templates": []}', "format = 1", "\x00"]
)
@pytest.mark.parametrize("name", ["t.json", "t.toml"])
def test_other_files_are_refused_in_one_line(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(TemplateError, match=name):
        Template.load(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot read"):
        Template.load(tmp_path / "none.json")
