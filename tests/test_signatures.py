"""Shingles against plain sets, and signatures bit for bit against datasketch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.kernels.hashing import first_rows, skeleton_keys
from detector.machine.workspace import Workspace
from detector.matching.candidates import Bands, band_keys, signed_bands
from detector.matching.signatures import SCHEME, Signatures, permutations, sign
from detector.text.shingles import shingle_hashes
from detector.text.tokens import HASHED_POINTS, SLOT_FORM, SLOT_HASH, Tokens, join_block, tokenise

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
@given(st.lists(st.lists(HASHES, max_size=12), max_size=6), st.integers(1, 4), st.integers(1, 3))
def test_bands_have_one_key_where_they_are_equal(rows: list[list[int]], n_bands: int, n_rows: int) -> None:
    made = signed(rows, n_bands * n_rows, 1)
    keys = band_keys(made, Bands(n_bands, n_rows))
    assert keys.dtype == np.uint32
    for band in range(n_bands):
        values = [tuple(row) for row in made.values[:, band * n_rows : (band + 1) * n_rows].tolist()]
        assert len(set(zip(values, keys[band].tolist(), strict=True))) == len(set(values)) == len(set(keys[band]))


MASK = 2**64 - 1


def mixed(value: int) -> int:
    """MurmurHash3's 64-bit finaliser."""
    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = ((value ^ (value >> 33)) * multiplier) & MASK
    return value ^ (value >> 33)


def shingle_hash(run: Sequence[int]) -> int:
    value = 0
    for token in run:
        value = mixed((value * 0x9E3779B97F4A7C15 + token) & MASK)
    return value


SYMBOLS = st.lists(st.lists(st.integers(0, 3), max_size=8), max_size=6)
"""The token 0 is a slot."""


def tokens_of(rows: Sequence[Sequence[int]]) -> tuple[Tokens, np.ndarray]:
    values, indptr = rows_of(rows, np.uint64)
    form = np.where(values == 0, SLOT_FORM + 1, 1).astype(np.uint8)
    name, words = (values + HASHED_POINTS).astype(np.uint32), np.arange(values.max(initial=0) + 1, dtype=np.uint64)
    return tokenise(join_block([]), [])._replace(name=name, words=words, form=form, indptr=indptr), indptr


@kernel
@given(SYMBOLS, st.integers(1, 5), st.booleans())
def test_shingles_are_runs_of_tokens(rows: list[list[int]], size: int, is_skeleton: bool) -> None:
    tokens, indptr = tokens_of(rows)
    hashes, offsets = shingle_hashes(tokens, indptr[:-1], indptr[1:], size, is_skeleton=is_skeleton)
    assert hashes.dtype == np.uint32
    shown = [[token or int(SLOT_HASH) * is_skeleton for token in row] for row in rows]
    runs = [[shingle_hash(row[place : place + size]) >> 32 for place in range(len(row) - size + 1)] for row in shown]
    assert np.diff(offsets).tolist() == list(map(len, runs))
    assert hashes.tolist() == [run for row in runs for run in row]


@kernel
@given(
    SYMBOLS, st.integers(1, 5), st.booleans(), st.integers(1, 4), st.integers(1, 3), st.integers(1, 20),
    st.lists(st.integers(0, 2**32 - 1), max_size=3),
)  # fmt: skip
def test_bands_of_tokens_are_those_of_their_signatures(
    rows: list[list[int]], size: int, is_skeleton: bool, n_bands: int, n_rows: int, block: int, seeds: list[int]
) -> None:
    """Also of rows that are longer than what is hashed together, and of rows that do not follow each other."""
    rows = [*rows, *(np.random.default_rng(seed).integers(0, 50, seed % 7000).tolist() for seed in seeds)]
    tokens, indptr = tokens_of(rows)
    chosen = np.arange(len(rows))[:: 1 + block % 2]
    start, stop, bands = indptr[:-1][chosen], indptr[1:][chosen], Bands(n_bands, n_rows)
    made = sign(
        *shingle_hashes(tokens, start, stop, size, is_skeleton=is_skeleton),
        n_permutations=bands.n_permutations, seed=7,
    )  # fmt: skip
    low = np.zeros((len(rows), bands.n_permutations), np.uint8)
    keys = signed_bands(
        tokens, start, stop, size, bands, is_skeleton=is_skeleton, seed=7, block=block, work=Workspace(),
        low=(chosen.astype(np.int32), low),
    )  # fmt: skip
    assert np.array_equal(keys, band_keys(made, bands))
    order = np.arange(bands.n_permutations).reshape(n_bands, n_rows).T.ravel()
    assert np.array_equal(low[chosen], made.values.astype(np.uint8)[:, order])


def test_keys_of_rows_that_are_hashed_together_or_in_parts() -> None:
    """Rows around the limits of what is hashed together, and equal ones at other places."""
    lengths = [2047, 0, 1, 2048, 2049, 31, 33, 5000, 0, 31, 2048, 0]
    rows = [np.random.default_rng(length).integers(1, 9, length).tolist() for length in lengths]
    tokens, indptr = tokens_of(rows)
    keys, is_long = np.zeros(len(rows), np.uint64), np.zeros(len(rows), bool)
    skeleton_keys(tokens.name, tokens.form, indptr, SLOT_HASH, 31, keys, is_long)
    alone = np.zeros(1, np.uint64)
    for row, key in zip(rows, keys.tolist(), strict=True):
        tokens, indptr = tokens_of([row])
        skeleton_keys(tokens.name, tokens.form, indptr, SLOT_HASH, 31, alone, is_long[:1])
        assert key == alone[0] == row_key(row)


def row_key(row: Sequence[int]) -> int:
    """The hash of a row without slots: of the names of its tokens, their places and their number."""
    parts = [
        mixed((mixed(token + HASHED_POINTS) + place * 0x9E3779B97F4A7C15) & MASK) for place, token in enumerate(row)
    ]
    return (mixed(len(row)) + sum(parts)) & MASK


@kernel
@given(SYMBOLS, st.integers(1, 3))
def test_skeleton_keys_tell_rows_apart(rows: list[list[int]], least: int) -> None:
    tokens, indptr = tokens_of(rows)
    keys, is_long = np.zeros(len(rows), np.uint64), np.zeros(len(rows), bool)
    skeleton_keys(tokens.name, tokens.form, indptr, SLOT_HASH, least, keys, is_long)
    assert is_long.tolist() == [len(row) >= least and any(row) for row in rows]
    named = [(tuple(row), key) for row, key in zip(rows, keys.tolist(), strict=True) if len(row) >= least]
    assert len(set(named)) == len({row for row, _ in named}) == len({key for _, key in named})


@kernel
@given(st.lists(st.integers(0, 6).map(mixed) | st.sampled_from([0, MASK]), max_size=30), st.integers(0, 3))
def test_first_rows(keys: list[int], bits: int) -> None:
    first = np.full(len(keys), -1, np.int32)
    for part in range(1 << bits):
        first_rows(np.array(keys, dtype=np.uint64), part, bits, first)
    assert first.tolist() == [keys.index(key) for key in keys]
