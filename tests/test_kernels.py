"""The verifying kernels against brute force; the others are held by the tests of the modules that use them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import first_independent_set, jaccard, lowest, ratio

from detector.kernels.repeating import enclosing
from detector.kernels.verifying import (
    MAX_VERIFIED,
    common_lengths,
    earlier_in_document,
    lowest_elsewhere,
    representatives,
)
from detector.tokens import SLOT_POINT

kernel = settings(max_examples=200, deadline=None)
"""No deadline: the first call of a kernel may compile it."""

THRESHOLDS = st.sampled_from([0.5, 0.8, 0.9, 1.0])
POINTS = st.sampled_from([0x4E00, 0x4E01, 0x4E8C, 0x61, SLOT_POINT])
SEQUENCES = st.lists(POINTS, max_size=20)
AROUND_A_WORD = st.sampled_from([1, 2, 62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 193, 300])


class Columns(NamedTuple):
    """Rows after each other, all in one bucket, with signatures that always agree."""

    values: np.ndarray
    indptr: np.ndarray
    bucket_of: np.ndarray
    bucket_indptr: np.ndarray
    bucket_rows: np.ndarray
    slots: np.ndarray


def columns(rows: Sequence[Sequence[int]], dtype: type = np.uint32) -> Columns:
    n = len(rows)
    return Columns(
        np.array([value for row in rows for value in row], dtype=dtype),
        np.cumsum([0, *map(len, rows)]).astype(np.int64),
        np.zeros((n, 1), np.int32),
        np.array([0, n], dtype=np.int64),
        np.arange(n, dtype=np.int32),
        np.zeros((n, 1), np.uint64),
    )


def represented(made: Columns, threshold: float, *, by_jaccard: bool = False, least: int = 0) -> list[int]:
    chosen, crowded = representatives(
        made.values, made.indptr, made.bucket_of, made.bucket_indptr, made.slots, least, threshold, by_jaccard
    )
    assert len(crowded) == len(chosen)
    assert not crowded[:MAX_VERIFIED].any()
    return chosen.tolist()


def alike(left: Sequence[int], right: Sequence[int], threshold: float) -> bool:
    return ratio(left, right) >= threshold - 1e-9


def common(left: Sequence[int], right: Sequence[int]) -> int:
    made = columns([left, right])
    found = np.empty(1, np.int64)
    common_lengths(made.values, made.indptr, np.array([0]), np.array([1]), found)
    return int(found[0])


def subsequence(left: Sequence[int], right: Sequence[int]) -> int:
    """The length of the longest common subsequence that RapidFuzz's ratio says."""
    return round(ratio(left, right) * (len(left) + len(right)) / 2) if left or right else 0


@kernel
@given(SEQUENCES, SEQUENCES)
def test_common_lengths_of_short_rows(left: list[int], right: list[int]) -> None:
    assert common(left, right) == subsequence(left, right)


@kernel
@given(AROUND_A_WORD, AROUND_A_WORD, st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_common_lengths_around_word_boundaries(m: int, n: int, n_letters: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    left = random.integers(0x4E00, 0x4E00 + n_letters, m).tolist()
    right = random.integers(0x4E00, 0x4E00 + n_letters, n).tolist()
    assert common(left, right) == subsequence(left, right)
    assert common(left, left) == m
    edited = left[: m // 2] + right[:1] + left[m // 2 + 1 :]
    assert common(left, edited) == subsequence(left, edited)


def test_common_lengths_where_characters_collide_in_the_table() -> None:
    # equal in their low bits, so that the table of 16 places has to probe
    left = [0x4E00 + 16 * place for place in range(8)]
    assert common(left, left[::2]) == 4
    assert common(left, [value + 1 for value in left]) == 0
    assert common([0, 0, 2**32 - 1], [2**32 - 1, 0]) == 1


def test_many_pairs_in_one_call() -> None:
    rows = [[1, 2, 3], [2, 3], [], [3, 2, 1], list(range(100))]
    made = columns(rows)
    pairs = [(a, b) for a in range(5) for b in range(5)]
    left, right = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    found = np.empty(len(pairs), np.int64)
    common_lengths(made.values, made.indptr, left, right, found)
    assert found.tolist() == [subsequence(rows[a], rows[b]) for a, b in pairs]


DISTINCT = st.lists(st.lists(POINTS, min_size=1, max_size=12).map(tuple), max_size=10, unique=True)


@kernel
@given(DISTINCT, THRESHOLDS)
def test_representatives_by_ratio(rows: list[tuple[int, ...]], threshold: float) -> None:
    made = columns(rows)
    expected = first_independent_set(len(rows), lambda row, other: alike(rows[row], rows[other], threshold))
    assert represented(made, threshold) == expected


@kernel
@given(st.lists(st.frozensets(st.integers(0, 12), max_size=12), max_size=10), THRESHOLDS)
def test_representatives_by_jaccard(rows: list[frozenset[int]], threshold: float) -> None:
    made = columns([sorted(row) for row in rows], np.uint64)
    expected = first_independent_set(
        len(rows), lambda row, other: jaccard(set(rows[row]), set(rows[other])) >= threshold - 1e-9
    )
    assert represented(made, threshold, by_jaccard=True) == expected


@pytest.mark.parametrize(("size", "matches"), [(24, True), (25, False)])
def test_a_ratio_of_just_the_threshold_matches(size: int, matches: bool) -> None:
    # 2 * 16 / (16 + 24) is 0.8 on paper
    rows = [list(range(100, 100 + size)), list(range(100, 116))]
    assert (represented(columns(rows), 0.8)[1] == 0) is matches


def test_rows_without_a_common_bucket_are_not_compared() -> None:
    made = columns([[1, 2, 3]] * 3)
    bucket_of = np.array([[0, -1], [-1, -1], [0, -1]], dtype=np.int32)
    made = made._replace(bucket_of=bucket_of, bucket_indptr=np.array([0, 2], dtype=np.int64))
    assert represented(made, 0.8) == [0, 1, 0]


BYTES = st.lists(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]), min_size=48, max_size=48)


@kernel
@given(BYTES, st.lists(st.integers(0, 47), max_size=48), st.integers(1, 6), st.integers(0, 49))
def test_rows_whose_signatures_disagree_are_not_compared(
    mine: list[int], changed: list[int], n_words: int, least: int
) -> None:
    other = [value ^ (1 << place % 8) if place in changed else value for place, value in enumerate(mine)]
    slots = np.array([mine[: 8 * n_words], other[: 8 * n_words]], dtype=np.uint8)
    agreed = (slots[0] == slots[1]).sum()
    may_match = agreed >= least
    made = columns([[1, 2, 3]] * 2)._replace(slots=slots.view(np.uint64))
    assert represented(made, 0.8, least=least) == [0, 0 if may_match else 1]


@st.composite
def occurrences(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], list[int], list[int]]:
    """Distinct rows in the order of first occurrence, the row of each occurrence, and its ascending group."""
    pool = draw(DISTINCT.filter(bool))
    drawn = draw(st.lists(st.integers(0, len(pool) - 1), min_size=1, max_size=16))
    order = list(dict.fromkeys(drawn))
    steps = draw(st.lists(st.booleans(), min_size=len(drawn), max_size=len(drawn)))
    groups = np.cumsum([0, *steps[1:]]).tolist()
    return [pool[row] for row in order], [order.index(row) for row in drawn], groups


@kernel
@given(occurrences(), THRESHOLDS, st.randoms(use_true_random=False))
def test_lowest_elsewhere(
    case: tuple[list[tuple[int, ...]], list[int], list[int]], threshold: float, random: object
) -> None:
    rows, row_of, groups = case
    groups = [random.choice(sorted(set(groups))) for _ in groups]  # type: ignore[attr-defined]
    made, n = columns(rows), len(row_of)
    first = [row_of.index(row) for row in range(len(rows))]
    home = [groups[place] for place in first]
    first_other = [
        lowest(i for i in range(n) if row_of[i] == row and groups[i] != home[row]) for row in range(len(rows))
    ]
    queries = sorted(set(zip(row_of, groups, strict=True)))
    known = [lowest(i for i in range(n) if row_of[i] == row and groups[i] != group) for row, group in queries]
    found = np.array(known, dtype=np.int64)
    lowest_elsewhere(
        made.values, made.indptr, made.bucket_of, made.bucket_indptr, made.bucket_rows, made.slots, 0, threshold,
        np.array(first, dtype=np.int64), np.array(first_other, dtype=np.int64), np.array(home, dtype=np.int64),
        np.array([row for row, _ in queries], dtype=np.int64),
        np.array([group for _, group in queries], dtype=np.int64),
        found,
    )  # fmt: skip
    expected = [
        lowest(i for i in range(n) if groups[i] != group and alike(rows[row], rows[row_of[i]], threshold))
        for row, group in queries
    ]
    assert found.tolist() == expected


@kernel
@given(occurrences(), THRESHOLDS)
def test_earlier_in_document(case: tuple[list[tuple[int, ...]], list[int], list[int]], threshold: float) -> None:
    rows, row_of, documents = case
    made = columns(rows)
    found = earlier_in_document(
        made.values, made.indptr, made.bucket_of, made.slots, 0, threshold,
        np.array(row_of, dtype=np.int64), np.array(documents, dtype=np.int64),
    )  # fmt: skip
    expected = [
        lowest(
            other
            for other in range(place)
            if documents[other] == documents[place] and alike(rows[row_of[other]], rows[row_of[place]], threshold)
        )
        for place in range(len(row_of))
    ]
    assert found.tolist() == expected


def apart(n: int) -> list[list[int]]:
    """Rows that have nothing in common, and one more that matches the last of them."""
    rows = [[1000 + 20 * number + place for place in range(20)] for number in range(n)]
    return [*rows, [*rows[-1], 1]]


def test_more_candidates_than_there_is_room_for_at_first() -> None:
    assert represented(columns(apart(300)), 0.8) == [*range(300), 299]


def test_of_a_crowd_those_that_agree_most_are_compared_and_the_crowd_is_counted() -> None:
    n = MAX_VERIFIED + 100
    random = np.random.default_rng(5)
    slots = random.integers(0, 256, (n + 1, 16), dtype=np.uint8)
    slots[n] = slots[n - 1]
    made = columns(apart(n))._replace(slots=slots.view(np.uint64))
    chosen, crowded = representatives(
        made.values, made.indptr, made.bucket_of, made.bucket_indptr, made.slots, 0, 0.8, False
    )
    assert chosen.tolist() == [*range(n), n - 1]
    assert crowded[n]
    assert not crowded[:MAX_VERIFIED].any()
    chosen, crowded = representatives(
        made.values, made.indptr, made.bucket_of, made.bucket_indptr, made.slots, 16, 0.8, False
    )
    assert chosen.tolist() == [*range(n), n - 1]
    assert not crowded.any()


@kernel
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 8)), max_size=14, unique=True), st.data())
def test_enclosing(spans: list[tuple[int, int]], data: st.DataObject) -> None:
    spans = sorted(((start, start + length) for start, length in spans), key=lambda span: (span[0], -span[1]))
    rows = [data.draw(st.integers(0, 3)) for _ in spans]
    weight = [5, 2, 9, 1]
    starts, ends = (np.array([span[side] for span in spans], dtype=np.int64) for side in (0, 1))
    found = enclosing(starts, ends, np.array(rows, dtype=np.int64), np.array(weight, dtype=np.int64))
    expected = [
        max(
            (
                weight[row]
                for (a, b), row in zip(spans, rows, strict=True)
                if a <= start and end <= b and b - a > end - start
            ),
            default=-1,
        )
        for start, end in spans
    ]
    assert found.tolist() == expected
