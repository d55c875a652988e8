"""What goes from a text and what stays: cases that a reader would judge, and what must hold of any text."""

from __future__ import annotations

import re

import pytest
from corpora import timeless
from hypothesis import given
from hypothesis import strategies as st

from detector.cleaning import JUNK, PHRASE, REPEATED, SHARED, UNFILLED, Bounds, Claim, Cleaned, bounds_of, clean
from detector.cutting_points import LIST_NUMBER, POINT, headings, is_boundary, kinds_of
from detector.folding import code_points
from detector.passages import find_cuts
from detector.stripping import put_back, without
from detector.texts import Texts

LETTERS = {"J": JUNK, "U": UNFILLED, "S": SHARED, "P": PHRASE, "R": REPEATED}
_MARKED = re.compile(r"⟦([JUSPR])|⟧")


def bounds(text: str) -> Bounds:
    cuts, _, counted, _ = find_cuts(Texts.of([text]), 0, 1)
    return bounds_of(text, cuts, counted)


def marked(shown: str) -> tuple[str, list[Claim]]:
    """The text of a case and its claims: ⟦S shared⟧."""
    text, claims, opened = "", [], []
    at = 0
    for found in _MARKED.finditer(shown):
        text += shown[at : found.start()]
        at = found.end()
        if found[1]:
            opened.append((len(text), LETTERS[found[1]]))
        else:
            start, part = opened.pop()
            claims.append(Claim(start, len(text), part))
    return text + shown[at:], claims


def left(text: str, cleaned: Cleaned) -> str:
    return without(text, [(start, end) for start, end, _ in cleaned.pieces])  # type: ignore[misc]


CASES = [
    ("a whole sentence goes", "甲乡完成了任务。⟦S各级各部门要抓好落实⟧。乙乡也是。", "甲乡完成了任务。乙乡也是。"),
    ("an own word keeps its sentence", "⟦S各级各部门要⟧在甲乡⟦S抓好落实⟧。", "各级各部门要在甲乡抓好落实。"),
    ("an own figure keeps its sentence", "⟦S全年新建公路⟧12⟦S公里，比上年有所增长⟧。", "全年新建公路12公里，比上年有所增长。"),
    ("a figure that is shared goes", "⟦S全年新建公路12公里⟧。甲乡没有建。", "甲乡没有建。"),
    ("the number of an item is no figure", "1.甲乡没有建。\n2.⟦S各级各部门要抓好落实⟧。\n", "1.甲乡没有建。\n"),
    ("a phrase in the middle", "我们在年初动员，⟦P坚持稳中求进工作总基调⟧，扎实做好各项工作。", "我们在年初动员，扎实做好各项工作。"),
    ("a phrase at the end leaves the full stop", "扎实做好各项工作，⟦P坚持稳中求进工作总基调⟧。", "扎实做好各项工作。"),
    ("what begins a sentence may be its subject", "⟦P坚持稳中求进工作总基调⟧，意义十分重大深远。", "坚持稳中求进工作总基调，意义十分重大深远。"),
    ("what hangs on a clause keeps it", "全乡上下一起动手，⟦P推进环境整治工作⟧，从而改变了面貌。", "全乡上下一起动手，推进环境整治工作，从而改变了面貌。"),
    ("who says it stays", "会议听取了报告，⟦P会议强调⟧，要抓好各项工作落实。", "会议听取了报告，会议强调，要抓好各项工作落实。"),
    ("nothing goes after a colon", "会议的要求是：⟦P坚持稳中求进工作总基调⟧。", "会议的要求是：坚持稳中求进工作总基调。"),
    ("a torn-off end is not left", "近年来，⟦P坚持稳中求进工作总基调⟧。", "近年来，坚持稳中求进工作总基调。"),
    ("no clause goes from English", "We met in May, ⟦Pas the law of the land asks us to do⟧, and we spoke.", "We met in May, as the law of the land asks us to do, and we spoke."),
    ("an English sentence", "We met. ⟦SAll rights are reserved by the owner.⟧ We spoke.", "We met. We spoke."),
    ("a blank's clause", "实施老旧小区改造多处，⟦U新增停车位XX个⟧，群众满意。", "实施老旧小区改造多处，群众满意。"),
    ("a heading goes with its text", "一、总体要求\n⟦S各级各部门要抓好落实⟧。\n二、做法\n甲乡没有建。\n", "二、做法\n甲乡没有建。\n"),
    ("a heading stays with its text", "⟦S一、总体要求⟧\n甲乡没有建。\n", "一、总体要求\n甲乡没有建。\n"),
    ("two levels of headings", "一、总体要求\n（一）思想\n⟦S各级各部门要抓好落实⟧。\n（二）目标\n甲乡没有建。\n", "一、总体要求\n（二）目标\n甲乡没有建。\n"),
    ("a heading with a figure stays", "一、2021年要求\n⟦S各级各部门要抓好落实⟧。\n", "一、2021年要求\n"),
    ("a quotation is not torn", "他说：“我们来了。⟦S各级各部门要抓好落实⟧⟦S。”⟧乙乡也来了。", "他说：“我们来了。各级各部门要抓好落实。”乙乡也来了。"),
    ("a bracket is not torn", "甲乡（⟦S各级各部门要抓好落实）⟧。\n乙乡。", "甲乡（各级各部门要抓好落实）。\n乙乡。"),
    ("a fence is not torn", "⟦S```markdown⟧\n甲乡没有建。\n```\n", "```markdown\n甲乡没有建。\n```\n"),
    ("junk in brackets takes them along", "甲乡没有建（⟦J来源：某某网⟧）。", "甲乡没有建。"),
    ("junk between commas", "甲乡没有建，⟦J点击下载⟧，乙乡建了。", "甲乡没有建，乙乡建了。"),
    ("junk between blanks", "We met. ⟦JClick here⟧ We spoke.", "We met. We spoke."),
    ("a wrapped line", "先后派出⟦U○○、⟧\n⟦U○○⟧等医护人员驰援湖北。", "先后派出○○、\n○○等医护人员驰援湖北。"),
    ("a line with its break", "甲乡没有建。\n\n⟦R各级各部门要抓好落实。⟧\n\n乙乡建了。", "甲乡没有建。\n\n乙乡建了。"),
]  # fmt: skip


@pytest.mark.parametrize(("shown", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_goes_reads_well(shown: str, expected: str) -> None:
    text, claims = marked(shown)
    marks = [(found.start(), found.end()) for found in re.finditer("X+|○+", text)]
    assert left(text, clean(text, bounds(text), claims, marks=marks)) == expected


def test_a_figure_beside_a_blank_keeps_the_sentence() -> None:
    text, claims = marked("⟦U实施项目12个、完成投资X亿元⟧。")
    place = text.index("X")
    cleaned = clean(text, bounds(text), claims, marks=[(place, place + 1)])
    assert (cleaned.pieces, cleaned.n_whole) == ([], 1)


def test_copies_that_stay_and_protected_text() -> None:
    text, claims = marked("⟦S各级各部门要抓好落实⟧。⟦S全乡上下要一起动手⟧。⟦J点击下载⟧")
    assert left(text, clean(text, bounds(text), claims)) == ""
    assert left(text, clean(text, bounds(text), claims, retained=[(0, 3)])) == "各级各部门要抓好落实。"
    start = text.index("一起")
    assert left(text, clean(text, bounds(text), claims, protected=[(start, start + 2)])) == "全乡上下要一起动手。"
    start = text.index("下载")
    assert left(text, clean(text, bounds(text), claims, protected=[(start, start + 2)])) == "点击下载"


TEXT = st.lists(
    st.sampled_from(
        ["甲乡完成了任务", "各级各部门", "，", "。", "；", "\n", "\n\n", "：", "“", "”", "（", "）", "12", "3.5%", "一、", "（一）", "# ",
         "2.", " ", "X", "The law ", "e\u0301", "\U0001f469\u200d\U0001f4bb", "\r\n", "\ud83d", "\ude00", "```", "`", "[", "]", "\0", "、"]
    ),
    max_size=30,
).map("".join)  # fmt: skip
SPANS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40), st.integers(1, 5)), max_size=10)


@timeless
@given(TEXT, SPANS, SPANS, SPANS)
def test_only_what_is_claimed_goes(
    text: str, raw: list[tuple[int, int, int]], kept: list[tuple[int, int, int]], safe: list[tuple[int, int, int]]
) -> None:
    size = len(text)
    claims = [Claim(start, min(start + n, size), part) for start, n, part in raw if start < size]
    retained = [(start, min(start + n, size)) for start, n, _ in kept[:2] if start < size]
    protected = [(start, min(start + n, size)) for start, n, _ in safe[:1] if start < size]
    cuts = bounds(text)
    cleaned = clean(text, cuts, claims, retained=retained, protected=protected)
    pieces = cleaned.pieces
    assert all(one.end <= two.start for one, two in zip(pieces, pieces[1:], strict=False))
    assert all(is_boundary(text, at) for piece in pieces for at in piece[:2])
    gone = {at for start, end, _ in pieces for at in range(start, end)}
    assert not gone & {at for start, end in protected for at in range(start, end) if not text[at].isspace()}
    removed = [(start, text[start:end]) for start, end, _ in pieces]
    assert put_back(left(text, cleaned), removed) == text
    assert cleaned.n_left + cleaned.n_removed == sum(not char.isspace() for char in text)
    if not claims:
        assert not pieces
    # Letters and figures that nothing claims go only with a heading, or as the number of an item.
    kinds = kinds_of(code_points(text))
    free = {at for at in gone if kinds[at] < POINT} - {at for start, end, _ in claims for at in range(start, end)}
    lines = headings(text)
    for at in free:
        place = int(cuts.sentences[cuts.sentences <= at][-1])
        number = LIST_NUMBER.match(text, place)
        assert (number and at < number.end()) or any(start <= at and "\n" not in text[start:at] for start in lines), (
            text[at]
        )


def test_headings_are_ranked_by_their_numbers() -> None:
    assert list(headings("# 甲\n## 乙\n第一章 丙\n一、丁\n（一）戊\n1. 己\n（1）庚\n一、辛。\n1.5倍，壬").values()) == [
        1, 2, 10, 20, 30, 40, 50
    ]  # fmt: skip
