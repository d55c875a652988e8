"""Lines that sites leave at the head and tail of documents: the model's passes against the obvious ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.kernels.framing import lines_to_weigh
from detector.rules.frames import (
    COLUMNS,
    HEAD_LINES,
    LEAST_LINES,
    NEAR,
    OWN,
    SITE_FRAME,
    TAIL_LINES,
    WEIGHED,
    describe_shapes,
    fitted,
    frame_lines_of,
    look_at,
    over_limits,
    place_lines,
    weigh_lines,
)
from detector.rules.junk import find_junk
from detector.rules.places import AFTER_BLANK, SENTENCE, Block, make_triggers, read_block
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import SINGLE, character_table, code_points, plain

BODY = (
    "全镇干群同心协力，各项工作取得了新的成绩，群众生活明显改善。\n道路修到了村口，水也通了，老人们说这是盼了多年的好事情。\n"
    * 3
)
LINE = "共19页 本文档由会员上传，下载需要15积分"
TEXTS = st.lists(
    st.sampled_from(
        ["首页 登录", "一、总则", "", "今年以来，全镇经济平稳运行，各项事业取得新进展。", "Share this page", LINE]
    ),
    max_size=40,
).map("\n".join)
FAR = 6


def block_of(*texts: str) -> tuple[Block, NDArray[np.uint32], NDArray[np.int64]]:
    points = [code_points(text) for text in texts]
    stop = np.cumsum([len(part) for part in points])
    start = stop - np.array([len(part) for part in points])
    joined = np.concatenate(points)
    return read_block(joined, start, stop, make_triggers((), {}, ())), joined, start


ADDED, BESIDE = "想要查找更多资料，请使用站内搜索", "下载本文档"


def test_what_a_site_added_is_found_and_says_why() -> None:
    text = f"{ADDED}\n关于加强灌渠管护的意见\n{BODY}{ADDED}\n{BESIDE}"
    hits = [hit for hit in find_junk(text, plain(text), load_rules(Settings())) if hit.rule == SITE_FRAME]
    assert [text[hit.start : hit.end] for hit in hits][-2:] == [ADDED, BESIDE]
    assert set(hits[0].evidence or {}) == {"odds", "words"}


@pytest.mark.parametrize(
    "text", ["", "\n", LINE, f"{LINE}\n{LINE}", BODY, f"关于加强灌渠管护的意见\n{BODY}联系电话：0371-6600111"]
)
def test_short_texts_and_documents_without_frame_are_left_alone(text: str) -> None:
    assert frame_lines_of(text, {}) == {}


def test_a_line_that_a_rule_matches_is_left_to_the_rule() -> None:
    text = f"{LINE}\n关于加强灌渠管护的意见\n{BODY}{LINE}\n{LINE}"
    last = text.count("\n")
    assert {0, last - 1} <= frame_lines_of(text, {last: True}).keys()
    assert 0 not in frame_lines_of(text, {0: True, last: True})


def test_rules_can_switch_it_off() -> None:
    text = f"{ADDED}\n关于加强灌渠管护的意见\n{BODY}{BESIDE}"
    table = load_rules(Settings(disable_rules=(SITE_FRAME,)))
    assert all(hit.rule != SITE_FRAME for hit in find_junk(text, plain(text), table))


@given(TEXTS, TEXTS, st.sets(st.integers(0, 30)))
def test_lines_that_are_looked_at(one: str, two: str, numbers: set[int]) -> None:
    block, *_ = block_of(one, two)
    n = len(block.line_start)
    known = np.isin(np.arange(n), list(numbers))
    expected = []
    for text in range(2):
        first, last = block.line_indptr[text : text + 2].tolist()
        rows = range(first, last)
        near = {row for at in rows if known[at] for row in range(at - NEAR, at + NEAR + 1)}
        expected.append([at for at in rows if at < first + HEAD_LINES or at >= last - TAIL_LINES or at in near])
    lines = look_at(block, np.arange(2), known)
    assert lines.row.tolist() == expected[0] + expected[1]
    assert lines.indptr.tolist() == [0, len(expected[0]), len(expected[0]) + len(expected[1])]


@given(TEXTS, st.sets(st.integers(0, 30)))
def test_places_are_those_of_the_obvious_way(text: str, numbers: set[int]) -> None:
    block, points, start = block_of(text)
    n = len(block.line_start)
    if not n:
        return
    known = np.isin(np.arange(n), list(numbers))
    lines = look_at(block, np.zeros(1, dtype=np.int64), known)
    words = weigh_lines(block, lines.row, fitted())
    features = describe_shapes(block, points, start, lines)
    place_lines(features, block, lines, known, words)
    rows, said = lines.row.tolist(), words.tolist()
    heard = [3.0 if known[row] else value for row, value in zip(rows, said, strict=True)]
    is_sentence = [bool(flags & SENTENCE) for flags in block.line_flags]
    counted = [here and not there for here, there in zip(is_sentence, known.tolist(), strict=True)]
    blank = [bool(flags & AFTER_BLANK) for flags in block.line_flags]
    marked = np.flatnonzero(known).tolist()
    for at, row in enumerate(rows):
        beside = {step: said[at + step] if 0 <= at + step < len(rows) else 0.0 for step in (-1, 1, -2, 2)}
        expected = [
            said[at], *beside.values(),
            max([0.0, *heard[:at]]), max([0.0, *heard[at + 1 :]]),
            min([0.0, *heard[:at]]), min([0.0, *heard[at + 1 :]]),
            row, n - 1 - row,
            math.log1p(block.line_start[row]), math.log1p(len(points) - block.line_end[row]),
            n, sum(counted[:row]), sum(counted[row + 1 :]), is_sentence[row], blank[row],
            row + 1 < n and blank[row + 1],
            min([FAR, *(row - other for other in marked if other < row)]),
            min([FAR, *(other - row for other in marked if other > row)]),
            min(len(marked), FAR),
        ]  # fmt: skip
        assert features[at, len(COLUMNS) - len(OWN) :].tolist() == pytest.approx([float(value) for value in expected])


@given(TEXTS, st.sets(st.integers(0, 30)))
def test_lines_worth_a_look_by_their_characters(text: str, numbers: set[int]) -> None:
    block, *_ = block_of(text)
    n, model = len(block.line_start), fitted()
    matched = np.isin(np.arange(n), list(numbers))
    expected = []
    for row in range(n):
        line = block.slice(int(block.line_start[row]), int(block.line_end[row]))
        single = [ord(character) for character in line if character_table().classes[ord(character)] == SINGLE]
        known = [int(model.characters[point]) & 0xFFFF for point in single if model.characters[point] >> 16 & 1]
        speaks = sum(known) - 128 * len(known) + model.base[1] * math.sqrt(max(len(known), 1)) > 0
        at_edge = row < HEAD_LINES or row >= n - TAIL_LINES
        if at_edge and not matched[row] and len(line) <= WEIGHED and (speaks or 2 * len(single) < len(line)):
            expected.append(row)
    out = np.empty(n, dtype=np.int64)
    n_found = lines_to_weigh(
        block.plain, block.line_start, block.line_end, block.line_indptr, matched, model.characters, model.base[1],
        HEAD_LINES, TAIL_LINES, WEIGHED, out,
    )  # fmt: skip
    assert out[:n_found].tolist() == expected


def test_the_fewer_lines_rules_find_the_more_is_needed() -> None:
    over, nothing = np.array([0.3, -1.0, 0.2, 0.3, 0.9]), np.zeros(5, dtype=np.bool_)
    indptr = np.array([0, 2, 4, 5])
    assert over_limits(over, nothing, indptr, 0.5).tolist() == [4]
    assert over_limits(over, np.array([False, True, False, False, False]), indptr, 0.5).tolist() == [0, 4]
    assert over_limits(over, np.array([False, True, False, False, False]), indptr, 0.7).tolist() == [4], (
        "more than half"
    )


def test_the_least_text_has_a_head_and_a_tail() -> None:
    assert frame_lines_of("\n".join([LINE] * (LEAST_LINES - 1)), {}) == {}
