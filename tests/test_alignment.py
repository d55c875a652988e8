"""Alignments: runs of the same tokens, ascending on both sides, and the literal text that they account for."""

from __future__ import annotations

from itertools import pairwise

import alignments
import numpy as np
import pytest
from alignments import Run, TokenRange, align_passages, align_tokens, literal_columns, literal_spans
from corpora import Columns, columns, gibberish, timeless
from hypothesis import assume, given
from hypothesis import strategies as st

from detector.machine.workspace import Workspace
from detector.matching.skeletons import passage_keys

WORDS = st.lists(st.sampled_from("甲乙丙丁ab12，。 \n"), max_size=30).map("".join)


def rows(of: Columns, document: int) -> TokenRange:
    return TokenRange(int(of.tokens.indptr[document]), int(of.tokens.indptr[document + 1]))


def passage_range(of: Columns, document: int) -> TokenRange:
    bounds = np.searchsorted(of.passages.document, (document, document + 1))
    return TokenRange(*bounds.tolist())


def longest_common(left: list[int], right: list[int]) -> int:
    """The length of the longest common subsequence, by the textbook table."""
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


def check(of: Columns, runs: list[Run], left: TokenRange, right: TokenRange) -> None:
    hashes = of.tokens.hashes
    for run in runs:
        assert run.length > 0
        assert left.start <= run.left <= run.left + run.length <= left.stop
        assert right.start <= run.right <= run.right + run.length <= right.stop
        assert np.array_equal(hashes[run.left : run.left + run.length], hashes[run.right : run.right + run.length])
    for run, after in pairwise(runs):
        assert run.left + run.length <= after.left
        assert run.right + run.length <= after.right


@timeless
@given(WORDS, WORDS)
def test_an_alignment_is_a_longest_common_subsequence(left: str, right: str) -> None:
    of = columns(left, right)
    one, other = rows(of, 0), rows(of, 1)
    runs = align_tokens(of.tokens, one, other)
    check(of, runs, one, other)
    hashes = of.tokens.hashes.tolist()
    assert sum(run.length for run in runs) == longest_common(
        hashes[one.start : one.stop], hashes[other.start : other.stop]
    )


@timeless
@given(WORDS, WORDS)
def test_passages_that_are_aligned_hold_runs_of_the_same_tokens(left: str, right: str) -> None:
    of = columns(left, right)
    keys = passage_keys(of.tokens, of.passages)
    runs = align_passages(of.tokens, of.passages, keys, passage_range(of, 0), passage_range(of, 1))
    check(of, runs, rows(of, 0), rows(of, 1))


@timeless
@given(WORDS)
def test_a_text_is_aligned_with_its_copy_from_end_to_end(text: str) -> None:
    of = columns(text, text)
    keys = passage_keys(of.tokens, of.passages)
    one, other = rows(of, 0), rows(of, 1)
    n_tokens = one.stop - one.start
    assert align_tokens(of.tokens, one, other) == ([Run(one.start, other.start, n_tokens)] if n_tokens else [])
    runs = align_passages(of.tokens, of.passages, keys, passage_range(of, 0), passage_range(of, 1))
    assert sum(run.length for run in runs) == n_tokens


def test_numbers_are_compared_by_their_digits_and_other_tokens_as_they_are_folded() -> None:
    of = columns("完成投資12亿元", "完成投资１３亿元")
    runs = align_tokens(of.tokens, rows(of, 0), rows(of, 1))
    assert [run.length for run in runs] == [4, 2]


def test_a_passage_that_was_put_in_shifts_the_rest_and_breaks_nothing() -> None:
    head = [gibberish(seed, 1) for seed in range(12)]
    other = [*head[:5], gibberish(99, 1), *head[5:]]
    of = columns("".join(head), "".join(other))
    keys = passage_keys(of.tokens, of.passages)
    runs = align_passages(of.tokens, of.passages, keys, passage_range(of, 0), passage_range(of, 1))
    assert sum(run.length for run in runs) == rows(of, 0).stop
    assert sum(run.length for run in runs if run.left < 5 * 17) == 5 * 17


LITERALS = {
    "nothing differs": ("完成投资。", "完成投资。", ["完成投资。"]),
    "a figure": ("完成投资12亿元。", "完成投资3亿元。", ["完成投资", "亿元。"]),
    "two figures with a comma between": ("投资12，34，亿元。", "投资5，6，亿元。", ["投资", "，亿元。"]),
    "the first and the last token": ("1投资，2", "3投资，4", ["投资，"]),
    "all": ("1，2", "3，4", []),
    "an inserted word leaves all of the shorter one": ("完成投资", "完成大投资", ["完成投资"]),
    "the longer one has the word as its own": ("完成大投资", "完成投资", ["完成", "投资"]),
    "another word": ("roads and bridges", "roads, or bridges", ["roads ", " bridges"]),
}


@pytest.mark.parametrize(("text", "other", "expected"), LITERALS.values(), ids=LITERALS)
def test_what_differs_is_no_literal(text: str, other: str, expected: list[str]) -> None:
    of = columns(text, other)
    runs = align_tokens(of.tokens, rows(of, 0), rows(of, 1))
    spans = literal_spans(of.tokens, (0, len(text)), rows(of, 0), runs)
    assert [text[start:end] for start, end in spans] == expected


@timeless
@given(WORDS, WORDS)
def test_literals_are_ascending_and_leave_out_just_the_differing_tokens(left: str, right: str) -> None:
    of = columns(left, right)
    one = rows(of, 0)
    assume(one.start < one.stop)
    runs = align_tokens(of.tokens, one, rows(of, 1))
    spans = literal_spans(of.tokens, (0, len(left)), one, runs)
    assert all(start < end for start, end in spans)
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    literal = {place for start, end in spans for place in range(start, end)}
    same = {run.left + step for run in runs for step in range(run.length)}
    for row in range(one.start, one.stop):
        token = set(range(int(of.tokens.start[row]), int(of.tokens.end[row])))
        assert token <= literal if row in same else not token & literal


def test_one_word_in_a_long_passage_leaves_the_rest_a_literal() -> None:
    text = gibberish(1, 1, 4100)
    of = columns(text, text[:2000] + "甲乙丙丁" + text[2000:])
    runs = align_tokens(of.tokens, rows(of, 0), rows(of, 1))
    assert sum(run.length for run in runs) == 4100


@pytest.mark.parametrize("workers", [1, 2])
def test_literals_of_many_pairs_are_those_of_each(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignments, "PAIRS_AT_ONCE", 3)
    of = columns(*(text for texts in LITERALS.values() for text in texts[:2]), "")
    left = np.arange(0, len(of.passages.start), 2)
    with Workspace(workers=workers) as work:
        found = literal_columns(of.tokens, of.passages, left, left + 1, work)
        none = literal_columns(of.tokens, of.passages, left[:0], left[:0], work)
    assert len(none.whole) == len(none.start) == 0 == none.indptr[-1]
    for row, (text, other, expected) in enumerate(LITERALS.values()):
        spans = zip(
            found.start[found.indptr[row] :], found.end[found.indptr[row] : found.indptr[row + 1]], strict=False
        )
        assert [text[start:end] for start, end in spans] == ([] if text == other else expected) or found.whole[row]
        assert bool(found.whole[row]) == (expected == [text])
