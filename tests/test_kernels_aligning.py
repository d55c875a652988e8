"""The kernels of alignment against RapidFuzz and lists."""

from __future__ import annotations

import alignment_oracles as oracle
import numpy as np
import pytest
from corpora import columns, timeless
from hypothesis import example, given
from hypothesis import strategies as st

from detector.kernels import aligning

SCRATCH = np.empty(aligning.SCRATCH, np.uint64)
FEW = st.lists(st.integers(0, 3), max_size=40)
MORE = st.lists(st.integers(0, 30), max_size=260)
WORDS = st.lists(st.sampled_from("甲乙丙丁ab12，。 \n"), max_size=30).map("".join)


def aligned(left: list[int], right: list[int]) -> list[int]:
    hashes = np.array([*left, *right], dtype=np.uint64)
    place = np.full(len(left) + 1, -7, dtype=np.int64)
    aligning.align(hashes, 0, len(left), len(left), len(left) + len(right), place, SCRATCH)
    assert place[-1] == -7
    return [int(row) - len(left) if row >= 0 else -1 for row in place[:-1]]


@timeless
@given(FEW | MORE, FEW | MORE)
@example([0, 1, 0], [0, 0])
@example([1], [0, 1, 2, 1])
@example([0, 1, 2, 1], [1])
def test_an_alignment_is_the_one_of_rapidfuzz(left: list[int], right: list[int]) -> None:
    assert aligned(left, right) == oracle.align(left, right)


@timeless
@given(MORE, st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3), st.lists(st.integers(0, 30), max_size=3))))
def test_an_alignment_of_an_edited_copy_is_the_one_of_rapidfuzz(
    left: list[int], edits: list[tuple[int, int, list[int]]]
) -> None:
    right = list(left)
    for at, n_taken, put in edits:
        right[at : at + n_taken] = put
    assert aligned(left, right) == oracle.align(left, right)


@pytest.mark.parametrize("sizes", [(3000, 900), (900, 3000), (64, 5000), (65, 5000), (5000, 64), (1, 9000), (9000, 2)])
@pytest.mark.parametrize("n_values", [3, 1000])
def test_long_alignments_are_those_of_rapidfuzz(sizes: tuple[int, int], n_values: int) -> None:
    draw = np.random.default_rng(sum(sizes) + n_values)
    left, right = (draw.integers(0, n_values, size).tolist() for size in sizes)
    assert aligned(left, right) == oracle.align(left, right)


def test_what_is_too_large_stays_a_difference() -> None:
    left, right = [1, 2, *[3] * 4000, 4, 9], [1, *[5] * 2000, 3, *[5] * 2000, 9]
    assert aligned(left, right) == oracle.align(left, right) == [0, *[-1] * 4002, len(right) - 1]


PASSAGES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=4), max_size=12)


@timeless
@given(PASSAGES, PASSAGES)
def test_passages_are_aligned_by_their_keys_first(left: list[list[int]], right: list[list[int]]) -> None:
    """The key of a passage is here its length and its first token, so that equal keys may differ in a token."""
    hashes = np.array([token for passage in left + right for token in passage], dtype=np.uint64)
    bounds = np.cumsum([0, *(len(passage) for passage in left + right)])
    keys = [10 * len(passage) + passage[0] for passage in left + right]
    n, n_tokens = len(left), int(bounds[len(left)])
    place, anchor = np.full(n_tokens + 1, -7, np.int64), np.empty(n, np.int64)
    aligning.align_passages(
        hashes, bounds, np.array(keys, dtype=np.uint64), 0, n, n, n + len(right), place, anchor, SCRATCH
    )
    assert place[-1] == -7
    found = [int(row) - n_tokens if row >= 0 else -1 for row in place[:-1]]
    assert found == oracle.align_passages(left, right, keys[:n], keys[n:])


@timeless
@given(st.lists(WORDS, min_size=1, max_size=4))
def test_literals_are_all_but_the_differing_tokens(texts: list[str]) -> None:
    tokens, passages = columns(*texts)
    n = len(passages.start)
    left, right = (np.repeat(np.arange(n), n), np.tile(np.arange(n), n))
    whole, indptr, start, end = aligning.literal_spans(
        tokens.name, tokens.where, passages.tokens, passages.start, passages.end, left, right
    )
    assert len(start) == len(end) == indptr[-1]
    for pair, (one, other) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        rows = slice(passages.tokens[one], passages.tokens[one + 1])
        other_rows = slice(passages.tokens[other], passages.tokens[other + 1])
        place = oracle.align(tokens.hashes[rows].tolist(), tokens.hashes[other_rows].tolist())
        span = (int(passages.start[one]), int(passages.end[one]))
        expected = oracle.literal_spans(place, tokens.start[rows].tolist(), tokens.end[rows].tolist(), span)
        here = slice(indptr[pair], indptr[pair + 1])
        assert bool(whole[pair]) == (-1 not in place)
        assert [span] if whole[pair] else list(zip(start[here].tolist(), end[here].tolist(), strict=True)) == expected
