"""What goes from a text and what stays: cases that a reader would judge, and what must hold of any text."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from corpora import timeless
from hypothesis import given
from hypothesis import strategies as st

from detector.filtering.claim_masks import JUNK, PHRASE, REPEATED, SHARED, UNFILLED
from detector.filtering.cleaning import Bounds, Claim, Cleaned, bounds_of, clean
from detector.filtering.stripping import put_back, without
from detector.text.cutting_points import LIST_NUMBER, POINT, headings, is_boundary, kinds_of
from detector.text.folding import code_points
from detector.text.passages import find_cuts
from detector.text.texts import Texts

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


CASES = tomllib.loads((Path(__file__).parent / "data/cleaning.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_what_goes_reads_well(case: dict[str, str]) -> None:
    text, claims = marked(case["text"])
    marks = [(found.start(), found.end()) for found in re.finditer("X+|○+", text)]
    assert left(text, clean(text, bounds(text), claims, marks=marks)) == case["left"]


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


PIECES = [
    "甲乡完成了任务", "各级各部门", "，", "。", "；", "\n", "\n\n", "：", "“", "”", "（", "）", "12", "3.5%", "一、",
    "（一）", "# ", "2.", " ", "X", "The law ", "e\u0301", "\U0001f469\u200d\U0001f4bb", "\r\n", "\ud83d", "\ude00",
    "```", "`", "[", "]", "\0", "、",
]  # fmt: skip
TEXT = st.lists(
    st.sampled_from(PIECES),
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
    assert all(one.end <= two.start for one, two in pairwise(pieces))
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
