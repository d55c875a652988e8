"""Buckets against banding by dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import banded

from detector.kernels.sorting import shared_keys
from detector.machine.ranges import row_ranges
from detector.machine.workspace import Workspace
from detector.matching.candidates import Bands, Buckets, band_buckets, band_keys
from detector.matching.signatures import Signatures, sign

kernel = settings(deadline=None)
"""No deadline: the first call of a kernel may compile it."""

EMPTY = 0xFFFFFFFF


def made(signatures: Signatures, bands: Bands, workers: int = 1) -> Buckets:
    """The buckets of all rows but those of the empty signature."""
    some = np.flatnonzero(~(signatures.values == EMPTY).all(axis=1)).astype(np.int32)
    keys = band_keys(Signatures(signatures.values[some], signatures.seed), bands)
    with Workspace(workers=workers) as work:
        return band_buckets(keys, some, len(signatures.values), work)


def buckets_of(rows: Sequence[Sequence[int]], bands: Bands, workers: int = 1) -> Buckets:
    values = np.array(rows, dtype=np.uint32).reshape(len(rows), bands.n_permutations)
    return made(Signatures(values, 1), bands, workers)


def listed(buckets: Buckets) -> list[tuple[int, ...]]:
    """The rows of every bucket, after a look at whether both columns say the same."""
    found = []
    for number, (start, end) in enumerate(pairwise(buckets.indptr)):
        rows = buckets.rows[start:end].tolist()
        assert rows == sorted(set(rows)) and len(rows) > 1
        for row in rows:
            assert number in buckets.of[buckets.row_indptr[row] : buckets.row_indptr[row + 1]]
        found.append(tuple(rows))
    for start, end in pairwise(buckets.row_indptr):
        assert (np.diff(buckets.of[start:end]) > 0).all()
    assert len(buckets.of) == len(buckets.rows) == buckets.indptr[-1] == buckets.row_indptr[-1]
    return found


@st.composite
def signatures(draw: st.DrawFn) -> tuple[list[list[int]], Bands]:
    bands = Bands(draw(st.integers(1, 4)), draw(st.integers(1, 3)))
    value = st.sampled_from([0, 1, EMPTY])
    row = st.lists(value, min_size=bands.n_permutations, max_size=bands.n_permutations)
    return draw(st.lists(row, max_size=12)), bands


@kernel
@given(signatures())
def test_buckets_equal_dictionaries(case: tuple[list[list[int]], Bands]) -> None:
    rows, bands = case
    buckets = buckets_of(rows, bands)
    assert buckets.of.dtype == buckets.rows.dtype == np.int32
    assert buckets.indptr.dtype == buckets.row_indptr.dtype == np.int64
    assert sorted(listed(buckets)) == sorted(rows for _, rows in banded(rows, *bands))
    for left, right in zip(buckets, buckets_of(rows, bands, workers=3), strict=True):
        assert np.array_equal(left, right)


def test_empty_signatures_are_in_no_bucket() -> None:
    buckets = buckets_of([[EMPTY] * 4] * 3 + [[1, 2, 3, 4]] * 2, Bands(2, 2))
    assert listed(buckets) == [(3, 4), (3, 4)]


def test_a_band_of_ones_is_no_empty_signature() -> None:
    assert listed(buckets_of([[EMPTY, 1], [EMPTY, 2]], Bands(2, 1))) == [(0, 1)]


def test_equal_bands_in_other_places_share_nothing() -> None:
    assert listed(buckets_of([[1, 2], [2, 1]], Bands(2, 1))) == []
    assert listed(buckets_of([[1, 2], [2, 1]], Bands(1, 2))) == []


def test_half_the_corpus_in_one_bucket() -> None:
    n = 50_000
    rows = np.arange(1, 2 * n + 1, dtype=np.uint32)[:, None].repeat(2, axis=1)
    rows[:n, 0] = 0
    buckets = made(Signatures(rows, 1), Bands(2, 1))
    assert buckets.indptr.tolist() == [0, n]
    assert np.array_equal(buckets.rows, np.arange(n))


@pytest.mark.parametrize(("bands", "jaccard"), [(Bands(42, 3), 0.4), (Bands(32, 4), 0.5), (Bands(16, 8), 0.7)])
def test_probability_is_what_happens(bands: Bands, jaccard: float) -> None:
    random = np.random.default_rng(7)
    n, size = 400, 120
    common = round(2 * size * jaccard / (1 + jaccard))
    left = random.integers(0, 2**32, (n, size), dtype=np.uint32)
    right = np.concatenate((left[:, :common], random.integers(0, 2**32, (n, size - common), dtype=np.uint32)), axis=1)
    hashes, indptr = np.concatenate((left, right)).ravel(), np.arange(0, 2 * n * size + 1, size)
    buckets = made(sign(hashes, indptr, n_permutations=bands.n_permutations, seed=1), bands)
    of = [set(buckets.of[start:end].tolist()) for start, end in pairwise(buckets.row_indptr)]
    met = np.mean([bool(left & right) for left, right in zip(of[:n], of[n:], strict=True)])
    expected = bands.probability(common / (2 * size - common))
    assert abs(met - expected) < 5 * (expected * (1 - expected) / n) ** 0.5


KEYS = st.lists(st.sampled_from([0, 1, 2**11, 2**22, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1), max_size=60)


@kernel
@given(KEYS)
def test_shared_keys_equal_numpy(keys: list[int]) -> None:
    rows, sizes = shared_keys(np.array(keys, dtype=np.uint32))
    values, counts = np.unique(np.array(keys, dtype=np.uint32), return_counts=True)
    expected = [np.flatnonzero(np.array(keys) == value).tolist() for value in values[counts > 1].tolist()]
    assert [part.tolist() for part in np.split(rows, np.cumsum(sizes)[:-1]) if len(part)] == expected
    assert sizes.tolist() == list(map(len, expected))


def test_shared_keys_of_many_rows() -> None:
    keys = np.random.default_rng(3).integers(0, 2**18, 100_000).astype(np.uint32) * np.uint32(2**14)
    rows, sizes = shared_keys(keys)
    order = np.argsort(keys, kind="stable")
    counts = np.unique(keys, return_counts=True)[1]
    assert np.array_equal(rows, order[np.repeat(counts > 1, counts)])
    assert np.array_equal(sizes, counts[counts > 1])


@kernel
@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 25))
def test_row_ranges_hold_every_row_once(sizes: list[int], block: int) -> None:
    ranges = row_ranges(np.cumsum(sizes), block)
    assert [row for begin, end in ranges for row in range(begin, end)] == list(range(len(sizes)))
    assert all(sum(sizes[begin:end]) <= block + max(sizes) for begin, end in ranges)
