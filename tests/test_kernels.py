"""The verifying kernels against brute force; the others are held by the tests of the modules that use them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import first_independent_set, jaccard, lowest, ratio, shingles

from detector.kernels import verifying
from detector.kernels.hashing import lead
from detector.kernels.sketching import near_rows, sketch_rows
from detector.kernels.sorting import only_groups
from detector.kernels.verifying import (
    FIRST_LISTED,
    MAX_LISTED,
    MAX_VERIFIED,
    common_lengths,
    earlier_in_document,
    lowest_elsewhere,
    represent,
)
from detector.text.tokens import SLOT_FORM, SLOT_POINT

kernel = settings(max_examples=200, deadline=None)
"""No deadline: the first call of a kernel may compile it."""

THRESHOLDS = st.sampled_from([0.5, 0.8, 0.9, 1.0])
POINTS = st.sampled_from([0x4E00, 0x4E01, 0x4E8C, 0x61, SLOT_POINT])
SEQUENCES = st.lists(POINTS, max_size=20)
AROUND_A_WORD = st.sampled_from([1, 2, 62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 193, 300])


class Columns(NamedTuple):
    """Rows after each other, all in one bucket."""

    values: np.ndarray
    indptr: np.ndarray
    sketches: np.ndarray
    row_indptr: np.ndarray
    of: np.ndarray
    bucket_indptr: np.ndarray
    bucket_rows: np.ndarray


def columns(rows: Sequence[Sequence[int]]) -> Columns:
    n = len(rows)
    values = np.array([value for row in rows for value in row], dtype=np.uint32)
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    sketches = np.empty((n, 4), np.uint64)
    # every character is a token of its own, whatever it is; what folds to what is `detector.text.folding`'s
    folded, place = np.arange(int(values.max(initial=0)) + 1, dtype=np.uint32), np.arange(len(values), dtype=np.int32)
    kind, base = np.where(values == SLOT_POINT, SLOT_FORM + 1, 1).astype(np.uint8), np.zeros(n, np.int64)
    where = place, np.ones(len(place), np.uint8), np.empty(0, np.int64), np.empty(0, np.int32)
    sketch_rows(
        values, folded, where, kind, base, indptr[:-1], indptr[1:], np.uint32(SLOT_POINT),
        np.arange(n, dtype=np.int32), sketches,
    )  # fmt: skip
    return Columns(
        values,
        indptr,
        sketches,
        np.arange(n + 1),
        np.zeros(n, np.int32),
        np.array([0, n], dtype=np.int64),
        np.arange(n, dtype=np.int32),
    )


def represented(made: Columns, threshold: float, cuts: Sequence[int] = ()) -> tuple[list[int], list[bool]]:
    """The representatives, decided block by block between ``cuts``, and which rows were crowded."""
    n = len(made.indptr) - 1
    chosen, common, compared = np.arange(n, dtype=np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
    members, filled = np.empty(len(made.bucket_rows), np.int32), made.bucket_indptr[:-1].copy()
    bounds = [0, *sorted(cut for cut in set(cuts) if 0 < cut < n), n]
    for begin, end in pairwise(bounds):
        for first, last, floor, is_last in ((begin, end, 0, False), (begin, end, begin, True)):
            represent(*made[:6], members, filled, threshold, first, last, floor, is_last, chosen, common, compared)
    follower = np.flatnonzero(chosen != np.arange(n))
    lengths = np.empty(len(follower), np.int64)
    common_lengths(made.values, made.indptr, follower, chosen[follower], lengths)
    assert common[follower].tolist() == lengths.tolist()
    return chosen.tolist(), (compared >= MAX_VERIFIED).tolist()


def alike(left: Sequence[int], right: Sequence[int], threshold: float) -> bool:
    return ratio(left, right) >= threshold - 1e-9


def common(left: Sequence[int], right: Sequence[int]) -> int:
    values = np.array([*left, *right], dtype=np.uint32)
    indptr, found = np.array([0, len(left), len(values)]), np.empty(1, np.int64)
    common_lengths(values, indptr, np.array([0]), np.array([1]), found)
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
    def place_of(point: int) -> int:
        return (point * 2654435761 >> 20) % 1024

    left = [point for point in range(0x4E00, 0x9FFF) if place_of(point) == place_of(0x4E00)][:8]
    assert len(left) == 8
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


CUTS = st.lists(st.integers(1, 9), max_size=3)


@kernel
@given(DISTINCT, THRESHOLDS, CUTS)
def test_representatives(rows: list[tuple[int, ...]], threshold: float, cuts: list[int]) -> None:
    expected = first_independent_set(len(rows), lambda row, other: alike(rows[row], rows[other], threshold))
    assert represented(columns(rows), threshold, cuts) == (expected, [False] * len(rows))


@kernel
@given(st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=10), THRESHOLDS, CUTS, st.integers(1, 3))
def test_heads_by_jaccard(rows: list[list[int]], threshold: float, cuts: list[int], size: int) -> None:
    made, n = columns(rows), len(rows)
    hashed = made.values, np.arange(7, made.values.max(initial=0) + 8, dtype=np.uint64)
    sets = [shingles(row, size) for row in rows]
    slots = np.zeros((n, 128), np.uint8)
    head, ratio = np.arange(n, dtype=np.int32), np.ones(n)
    members, filled = np.empty(n, np.int32), made.bucket_indptr[:-1].copy()
    bounds = [0, *sorted(cut for cut in set(cuts) if cut < n), n]
    for begin, end in pairwise(bounds):
        for floor, is_last in ((0, False), (begin, True)):
            lead(
                hashed, made.indptr, size, slots, 128, threshold, made.row_indptr, made.of,
                made.bucket_indptr, members, filled, begin, end, floor, is_last, head, ratio,
            )  # fmt: skip
    expected = first_independent_set(n, lambda row, other: jaccard(sets[row], sets[other]) >= threshold - 1e-9)
    assert head.tolist() == expected
    assert ratio.tolist() == pytest.approx(
        [1.0 if other == row else jaccard(sets[row], sets[other]) for row, other in enumerate(expected)]
    )


def test_documents_whose_signatures_disagree_are_not_compared() -> None:
    made = columns([[1, 2, 3]] * 2)
    hashed = made.values, np.arange(4, dtype=np.uint64)
    for agreed, expected in ((96, [0, 0]), (95, [0, 1])):
        slots = np.zeros((2, 128), np.uint8)
        slots[1, agreed:] = 1
        head, ratio = np.arange(2, dtype=np.int32), np.ones(2)
        lead(
            hashed, made.indptr, 1, slots, 96, 0.8, made.row_indptr, made.of,
            made.bucket_indptr, np.empty(2, np.int32), np.zeros(1, np.int64), 0, 2, 0, True, head, ratio,
        )  # fmt: skip
        assert head.tolist() == expected


LETTERED = st.lists(st.integers(0x61, 0x66) | POINTS, max_size=90)


@kernel
@given(LETTERED, LETTERED, st.lists(st.tuples(st.integers(0, 90), POINTS), max_size=12), THRESHOLDS)
def test_a_sketch_turns_no_match_away(
    left: list[int], right: list[int], edits: list[tuple[int, int]], threshold: float
) -> None:
    edited = left.copy()
    for place, point in edits:
        edited[place % (len(edited) + 1) : place % (len(edited) + 1) + point % 2] = [point]
    for other in (right, edited):
        made = columns([left, other])
        may = verifying._may_match(made.sketches, 0, 1, threshold)
        assert may == verifying._may_match(made.sketches, 1, 0, threshold)
        assert may or not alike(left, other, threshold)


def test_a_sketch_turns_strangers_away_and_keeps_the_longest() -> None:
    rows = [list(range(0x4E00, 0x4E28)), list(range(0x5E00, 0x5E28)), [0x61] * 70_000, [0x62] * 70_000]
    made = columns(rows)
    assert not verifying._may_match(made.sketches, 0, 1, 0.8)
    assert verifying._may_match(made.sketches, 2, 3, 0.8)
    assert (made.sketches[:, 3] >> np.uint64(48)).tolist() == [40, 40, 0xFFFF, 0xFFFF]


GROUPS = st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=10, unique=True).map(sorted), max_size=8)


@kernel
@given(st.lists(SEQUENCES, min_size=10, max_size=10), GROUPS, THRESHOLDS, st.integers(2, 10), st.integers(0, 3))
def test_what_is_left_of_groups(
    rows: list[list[int]], groups: list[list[int]], threshold: float, most: int, n_pairs: int
) -> None:
    """Every pair that may match is a pair or in a group that is left, and so is every group above the limit."""
    sketches = columns(rows).sketches
    members = np.array([row for group in groups for row in group], dtype=np.int32)
    sizes = np.array(list(map(len, groups)), dtype=np.int32)
    pairs, kept, kept_sizes, keys = near_rows(members, sizes, sketches, threshold, most, n_pairs)
    left = [tuple(part.tolist()) for part in np.split(kept, np.cumsum(kept_sizes)[:-1]) if len(part)]
    expected_pairs, expected = [], []
    for group in groups:
        near = [
            (row, other)
            for number, other in enumerate(group)
            for row in group[:number]
            if verifying._may_match(sketches, row, other, threshold)
        ]
        if len(group) > most and len(group) > 2:
            expected.append(tuple(group))
        elif len(group) == 2 or len(near) <= n_pairs * len(group):
            expected_pairs += near
        else:
            expected.append(tuple(sorted({row for pair in near for row in pair})))
    assert [(pair >> 32, pair & 0xFFFFFFFF) for pair in pairs.tolist()] == expected_pairs
    assert left == expected
    assert len(keys) == len(left)
    assert len(dict(zip(keys.tolist(), left, strict=True))) == len(set(left))


@pytest.mark.parametrize(("size", "matches"), [(24, True), (25, False)])
def test_a_ratio_of_just_the_threshold_matches(size: int, matches: bool) -> None:
    # 2 * 16 / (16 + 24) is 0.8 on paper
    rows = [list(range(100, 100 + size)), list(range(100, 116))]
    assert (represented(columns(rows), 0.8)[0][1] == 0) is matches


def test_rows_without_a_common_bucket_are_not_compared() -> None:
    made = columns([[1, 2, 3]] * 4)
    made = made._replace(
        row_indptr=np.array([0, 1, 1, 2, 3]),
        of=np.array([0, 0, 1], dtype=np.int32),
        bucket_indptr=np.array([0, 2, 3], dtype=np.int64),
    )
    assert represented(made, 0.8)[0] == [0, 1, 0, 3]


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
    found, crowded = np.array(known, dtype=np.int32), np.ones(len(queries), bool)
    only = np.empty(1, np.int32)
    occurs = [np.array(column, dtype=np.int32) for column in (first, first_other, home)]
    only_groups(made.bucket_indptr, made.bucket_rows, occurs[1], occurs[2], 0, 1, only)
    assert only[0] == (groups[0] if len(set(groups)) == 1 else -1)
    lowest_elsewhere(
        *made, only, threshold, *occurs, *(np.array(side, dtype=np.int32) for side in zip(*queries, strict=True)),
        found, crowded,
    )  # fmt: skip
    assert not crowded.any()
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
    found, n = np.full(len(row_of), -2, np.int32), len(row_of)
    cut = documents.index(documents[n // 2])
    for first, last in ((0, cut), (cut, n)):
        earlier_in_document(
            *made[:5], threshold, np.array(row_of, dtype=np.int32), np.array(documents, dtype=np.int32), first, last,
            found,
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
    assert represented(columns(apart(300)), 0.8)[0] == [*range(300), 299]


def reversals(n: int) -> list[list[int]]:
    """Rows of the same characters in ever other orders: every sketch is the same, hardly a ratio is high."""
    random = np.random.default_rng(2)
    return [random.permutation(200).tolist() for _ in range(n)]


def test_of_a_crowd_the_lowest_are_compared_and_the_crowd_is_counted() -> None:
    rows = reversals(MAX_VERIFIED + 20)
    rows += [rows[MAX_VERIFIED - 1][:-1], rows[MAX_VERIFIED][:-1]]
    n = len(rows)
    for cuts in ((), (10, MAX_VERIFIED - 1, MAX_VERIFIED + 5)):
        chosen, crowded = represented(columns(rows), 0.8, cuts)
        assert chosen == [*range(n - 2), MAX_VERIFIED - 1, n - 1]
        assert crowded == [False] * MAX_VERIFIED + [True] * 20 + [False, True]


def asked(rows: list[list[int]]) -> tuple[list[int], list[bool]]:
    """The lowest row of another group that the last one matches; each row is a group."""
    made, n = columns(rows), np.int32(len(rows))
    found, crowded = np.array([-1], dtype=np.int32), np.zeros(1, bool)
    itself, last = np.arange(n, dtype=np.int32), np.array([n - 1], dtype=np.int32)
    only = np.array([-1], dtype=np.int32)
    lowest_elsewhere(*made, only, 0.8, itself, np.full(n, -1, np.int32), itself, last, last, found, crowded)
    return found.tolist(), crowded.tolist()


def test_long_lists_are_read_in_two_steps_and_not_for_ever() -> None:
    rows = apart(MAX_LISTED + 10)[:-1]
    for place in (3, FIRST_LISTED - 1, FIRST_LISTED, MAX_LISTED - 1):
        assert asked([*rows, [*rows[place], 1]]) == ([place], [False])
    assert asked([*rows, [*rows[MAX_LISTED], 1]]) == ([-1], [True])
    crowd = reversals(MAX_VERIFIED + 1)
    assert asked([*crowd, crowd[-2][:-1]]) == ([MAX_VERIFIED - 1], [False])
    assert asked([*crowd, crowd[-1][:-1]]) == ([-1], [True])


def test_the_lowest_earlier_match_stands_behind_a_long_list() -> None:
    rows = apart(MAX_LISTED + 10)[:-1]
    for place, expected in ((3, 3), (FIRST_LISTED, FIRST_LISTED), (MAX_LISTED - 1, MAX_LISTED - 1), (MAX_LISTED, -1)):
        made = columns([*rows, [*rows[place], 1]])
        n = len(rows) + 1
        found = np.empty(n, np.int32)
        earlier_in_document(*made[:5], 0.8, np.arange(n, dtype=np.int32), np.zeros(n, np.int32), 0, n, found)
        assert found.tolist() == [-1] * (n - 1) + [expected]


def test_buckets_are_told_apart_by_more_than_the_low_bits_of_their_numbers() -> None:
    row = list(range(20))
    made = columns([row, [*row, 1], [*row, 2], [*row, 3]])
    buckets = np.array([5, 5 + verifying._MET, 5 + 2 * verifying._MET, 5 + verifying._MET], dtype=np.int32)
    found = np.empty(4, np.int32)
    earlier_in_document(
        *made[:4], buckets, 0.8, np.arange(4, dtype=np.int32), np.zeros(4, np.int32), 0, 4, found
    )  # fmt: skip
    assert found.tolist() == [-1, -1, -1, 1]
