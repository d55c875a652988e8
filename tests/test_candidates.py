"""Buckets against banding by dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import banded

from detector.candidates import Bands, Buckets, band_buckets
from detector.signatures import Signatures, sign

kernel = settings(deadline=None)
"""No deadline: the first call of a kernel may compile it."""

EMPTY = 0xFFFFFFFF


def buckets_of(rows: Sequence[Sequence[int]], bands: Bands) -> Buckets:
    values = np.array(rows, dtype=np.uint32).reshape(len(rows), bands.n_permutations)
    return band_buckets(Signatures(values, 1), bands)


def as_set(buckets: Buckets) -> set[tuple[int, tuple[int, ...]]]:
    """Band and rows of every bucket, after a look at whether both columns say the same."""
    found = set()
    for number, (start, end) in enumerate(pairwise(buckets.indptr)):
        rows = buckets.rows[start:end]
        assert (np.diff(rows) > 0).all()
        (band,) = {int(np.flatnonzero(buckets.of[row] == number).item()) for row in rows}
        found.add((band, tuple(rows.tolist())))
    assert len(found) == len(buckets.indptr) - 1
    assert (buckets.of >= 0).sum() == len(buckets.rows) == buckets.indptr[-1]
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
    assert buckets.of.shape == (len(rows), bands.n_bands)
    assert as_set(buckets) == banded(rows, *bands)


def test_empty_signatures_are_in_no_bucket() -> None:
    buckets = buckets_of([[EMPTY] * 4] * 3 + [[1, 2, 3, 4]] * 2, Bands(2, 2))
    assert (buckets.of[:3] == -1).all()
    assert as_set(buckets) == {(0, (3, 4)), (1, (3, 4))}


def test_empty_rows_of_shingles_are_in_no_bucket() -> None:
    bands = Bands(4, 2)
    empty = sign(np.empty(0, np.uint32), np.zeros(4, np.int64), n_permutations=bands.n_permutations, seed=1)
    assert not len(band_buckets(empty, bands).rows)


def test_a_band_of_ones_is_no_empty_signature() -> None:
    assert as_set(buckets_of([[EMPTY, 1], [EMPTY, 2]], Bands(2, 1))) == {(0, (0, 1))}


def test_equal_bands_in_other_places_share_nothing() -> None:
    assert as_set(buckets_of([[1, 2], [2, 1]], Bands(2, 1))) == set()
    assert as_set(buckets_of([[1, 2], [2, 1]], Bands(1, 2))) == set()


def test_half_the_corpus_in_one_bucket() -> None:
    n = 50_000
    rows = np.arange(1, 2 * n + 1, dtype=np.uint32)[:, None].repeat(2, axis=1)
    rows[:n, 0] = 0
    buckets = band_buckets(Signatures(rows, 1), Bands(2, 1))
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
    of = band_buckets(sign(hashes, indptr, n_permutations=bands.n_permutations, seed=1), bands).of
    met = ((of[:n] == of[n:]) & (of[:n] >= 0)).any(axis=1).mean()
    expected = bands.probability(common / (2 * size - common))
    assert abs(met - expected) < 5 * (expected * (1 - expected) / n) ** 0.5
