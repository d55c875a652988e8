"""Shingles against plain sets, and signatures bit for bit against datasketch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import shingles

from detector.shingles import hash_sets, shingle_hashes
from detector.signatures import SCHEME, Signatures, byte_slots, permutations, sign

kernel = settings(deadline=None)
"""No deadline: the first call of a kernel may compile it."""

HASHES = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2**31, 2**32 - 1])


def identity(value: int) -> int:
    return value


def sketch(hashes: Sequence[int], n_permutations: int, seed: int) -> MinHash:
    made = MinHash(num_perm=n_permutations, seed=seed, scheme="affine32", hashfunc=identity)
    for value in hashes:
        made.update(value)
    return made


def rows_of(rows: Sequence[Sequence[int]], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    values = np.array([value for row in rows for value in row], dtype=dtype)
    return values, np.cumsum([0, *map(len, rows)]).astype(np.int64)


def signed(rows: Sequence[Sequence[int]], n_permutations: int, seed: int) -> Signatures:
    values, indptr = rows_of(rows, np.uint32)
    return sign(values, indptr, n_permutations=n_permutations, seed=seed)


@kernel
@given(st.lists(st.lists(HASHES, max_size=12), max_size=6), st.integers(1, 130), st.integers(0, 2**31 - 1))
def test_signatures_are_those_of_datasketch(rows: list[list[int]], n_permutations: int, seed: int) -> None:
    made = signed(rows, n_permutations, seed)
    assert made.values.dtype == np.uint32
    assert made.values.shape == (len(rows), n_permutations)
    assert (made.seed, made.scheme) == (seed, SCHEME)
    for row, values in zip(rows, made.values, strict=True):
        assert np.array_equal(values, sketch(row, n_permutations, seed).hashvalues)


def test_signatures_travel_to_datasketch() -> None:
    values = signed([range(100, 200), range(120, 220)], 128, 1).values
    mine = [MinHash(num_perm=128, seed=1, scheme="affine32", hashvalues=row) for row in values]
    theirs = [sketch(row, 128, 1) for row in (range(100, 200), range(120, 220))]
    assert mine[0].jaccard(mine[1]) == theirs[0].jaccard(theirs[1])
    assert mine[0].jaccard(theirs[0]) == 1.0


@pytest.mark.parametrize("seed", [0, 1, 42, 2**31 - 1])
def test_permutations_are_those_of_datasketch(seed: int) -> None:
    multipliers, offsets = permutations(128, seed)
    theirs = MinHash(num_perm=128, seed=seed, scheme="affine32").permutations
    assert np.array_equal(multipliers, theirs[0])
    assert np.array_equal(offsets, theirs[1])
    assert (multipliers % 2 == 1).all()


def test_an_empty_row_is_the_empty_signature_not_its_neighbours() -> None:
    values = signed([[1, 2], [], [3], []], 16, 1).values
    assert (values[[1, 3]] == 0xFFFFFFFF).all()
    assert (values[[0, 2]] != 0xFFFFFFFF).any(axis=1).all()
    assert signed([], 16, 1).values.shape == (0, 16)


def test_order_and_number_of_hashes_do_not_matter() -> None:
    values = signed([[5, 9, 7], [9, 7, 5, 5, 9]], 64, 3).values
    assert np.array_equal(values[0], values[1])


@pytest.mark.parametrize("n_permutations", [1, 8, 126, 128])
def test_byte_slots_are_the_low_bytes(n_permutations: int) -> None:
    made = signed([[5, 9, 7], [], [1]], n_permutations, 1)
    slots = byte_slots(made)
    assert slots.dtype == np.uint64
    assert slots.shape == (3, -(-n_permutations // 8))
    packed = slots.view(np.uint8)
    assert np.array_equal(packed[:, :n_permutations], made.values & 0xFF)
    assert not packed[:, n_permutations:].any()


def test_seeds_differ() -> None:
    assert not np.array_equal(signed([[5, 9, 7]], 64, 1).values, signed([[5, 9, 7]], 64, 2).values)


@pytest.mark.parametrize("shared", [0, 20, 50, 80, 100])
def test_agreement_estimates_the_jaccard_similarity(shared: int) -> None:
    random = np.random.default_rng(shared)
    left = random.integers(0, 2**32, 100)
    right = np.concatenate((left[:shared], random.integers(0, 2**32, 100 - shared)))
    values = signed([left, right], 4096, 1).values
    jaccard = shared / (200 - shared)
    deviation = (jaccard * (1 - jaccard) / 4096) ** 0.5
    assert abs((values[0] == values[1]).mean() - jaccard) <= 5 * deviation


@kernel
@given(st.lists(st.lists(st.integers(0, 3), max_size=8), max_size=6), st.integers(1, 5))
def test_shingles_are_runs_of_tokens(rows: list[list[int]], size: int) -> None:
    tokens, indptr = rows_of(rows, np.uint64)
    hashes, offsets = shingle_hashes(tokens, indptr, size)
    runs = [[tuple(row[place : place + size]) for place in range(len(row) - size + 1)] for row in rows]
    assert np.diff(offsets).tolist() == [len(row) for row in runs]
    together = [run for row in runs for run in row]
    assert len(set(zip(together, hashes.tolist(), strict=True))) == len(set(together)) == len(set(hashes.tolist()))
    sets, set_indptr = hash_sets(tokens, indptr, size)
    name = dict(zip(hashes.tolist(), together, strict=True))
    for row, (start, end) in zip(rows, pairwise(set_indptr), strict=True):
        found = sets[start:end].tolist()
        assert found == sorted(set(found))
        assert {name[value] for value in found} == shingles(row, size)
