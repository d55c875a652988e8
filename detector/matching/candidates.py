"""Candidate pairs: rows whose signatures agree in all rows of at least one band share a bucket.

A candidate proves nothing; `detector.matching.matches` and `detector.matching.families` verify. Buckets are found by
sorting band keys; a bucket of one row is no bucket.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.linking import number_keys
from detector.kernels.signing import fold_bands, sign_bands
from detector.kernels.sorting import list_buckets, name_members, shared_keys
from detector.machine.columns import Gathered, add_all
from detector.machine.ranges import row_ranges
from detector.machine.workspace import Workspace
from detector.matching.signatures import Signatures, permutations
from detector.text.tokens import SLOT_HASH, Tokens

BLOCK_ENTRIES = 1 << 22
"""Buckets of rows that are listed at a time: what is written here and there stays in the cache."""


class Bands(NamedTuple):
    """``n_bands`` bands of ``n_rows`` rows: a pair of Jaccard j is a candidate with 1 - (1 - j**n_rows)**n_bands."""

    n_bands: int
    n_rows: int

    @property
    def n_permutations(self) -> int:
        """The length of the signatures that these bands need."""
        return self.n_bands * self.n_rows

    def probability(self, jaccard: float) -> float:
        """The chance that a pair of this Jaccard similarity becomes a candidate.

        >>> round(Bands(16, 8).probability(0.7), 2)
        0.61
        """
        return float(1.0 - (1.0 - jaccard**self.n_rows) ** self.n_bands)


class Buckets(NamedTuple):
    """Buckets of at least two rows, band by band.

    ``rows``: int32, the rows of each bucket, ascending: bucket b has ``rows[indptr[b]:indptr[b + 1]]`` (int64);
    ``of``: int32, the buckets of each row, ascending: row r is in ``of[row_indptr[r]:row_indptr[r + 1]]`` (int64).
    """

    indptr: NDArray[np.int64]
    rows: NDArray[np.int32]
    row_indptr: NDArray[np.int64]
    of: NDArray[np.int32]


Keys = NDArray[np.uint32] | list[NDArray[np.uint32]]
"""A hash of every row for each band: n_bands x n_rows, or a column for each band."""


def band_keys(signatures: Signatures, bands: Bands) -> NDArray[np.uint32]:
    """A hash of every band of every row (n_bands x n_rows)."""
    keys = np.empty((bands.n_bands, len(signatures.values)), np.uint32)
    fold_bands(signatures.values, bands.n_rows, keys)
    return keys


def signed_bands(
    tokens: Tokens,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    size: int,
    bands: Bands,
    *,
    is_skeleton: bool,
    seed: int,
    block: int,
    work: Workspace,
    low: tuple[NDArray[np.int32], NDArray[np.uint8]] | None = None,
) -> Keys:
    """`band_keys` of the signatures of the rows of tokens ``start[r]`` to ``stop[r]`` (int64), of which nothing else is
    kept: ``block`` tokens are signed at a time. ``low``, where given, is a row number of each, and a table of the low
    bytes of all signatures."""
    multipliers, offsets = permutations(bands.n_permutations, seed)
    numbers, bytes_of = low or (np.empty(0, np.int32), np.empty((0, bands.n_permutations), np.uint8))
    keys: Keys = work.columns(bands.n_bands, len(start), np.uint32)

    def fold(bounds: tuple[int, int]) -> None:
        some = slice(*bounds)
        here, first = (keys, bounds[0]) if isinstance(keys, np.ndarray) else (room(bounds), 0)
        sign_bands(
            tokens.hashed, tokens.form, start[some], stop[some], size, SLOT_HASH, is_skeleton, multipliers, offsets,
            bands.n_rows, first, here, numbers[some], bytes_of,
        )  # fmt: skip
        for column, values in zip(keys, here, strict=True) if here is not keys else ():
            work.put(column, bounds[0], values)

    def room(bounds: tuple[int, int]) -> NDArray[np.uint32]:
        return np.empty((bands.n_bands, bounds[1] - bounds[0]), np.uint32)

    work.map(fold, row_ranges(np.cumsum(stop - start), block))
    return keys


Groups = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Rows, one group after the other, and the sizes of the groups."""

Sifted = tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32], NDArray[np.uint64]]
"""Pairs, each a word with the lower row in its upper half, and groups, with a hash of the rows of each."""

Sieve = Callable[[NDArray[np.int32]], Callable[[Groups], Sifted]]
"""Is told the rows that share a bucket, ascending; gives what makes of the buckets of a band what is kept of them."""


def band_buckets(
    keys: Keys,
    numbers: NDArray[np.int32],
    n_rows: int,
    work: Workspace,
    sieve: Sieve | None = None,
) -> Buckets:
    """The buckets of some of ``n_rows`` rows: ``keys`` of the rows ``numbers``, ascending.

    Rows without a shingle have no business in a bucket, and must not be among them. With a ``sieve`` only what it keeps
    is in a bucket, its pairs in one each; the same pair or bucket of several bands is one.
    """
    gathered, all_sizes = Gathered(work, np.int32), Gathered(work, np.int32)
    row_indptr = work.empty(n_rows + 1, np.int64, near=True)
    row_indptr[:] = 0
    is_in_bucket, bounds = np.zeros(n_rows, bool), [(0, 0)]

    def shared(band: int) -> Groups:
        members, sizes = shared_keys(keys[band])
        name_members(members, numbers, is_in_bucket)
        return members, sizes

    for here, its_sizes in work.each(shared, range(len(keys))):
        if sieve is None:
            row_indptr[here + 1] += 1
        gathered.add(here)
        all_sizes.add(its_sizes)
        bounds.append((gathered.n, all_sizes.n))
    keys = np.empty((0, 0), np.uint32)  # nobody else holds them: room for what follows
    rows, sizes = gathered.column(), all_sizes.column()
    if sieve is not None:
        rows, sizes = _sifted(rows, sizes, bounds, sieve(np.flatnonzero(is_in_bucket).astype(np.int32)), work)
        row_indptr[1:] = np.bincount(rows, minlength=n_rows)
    indptr = work.empty(len(sizes) + 1, np.int64, near=True)
    indptr[0] = 0
    np.cumsum(sizes, out=indptr[1:])
    np.cumsum(row_indptr, out=row_indptr)
    of = work.empty(len(rows), np.int32, put=True)

    def listed(part: tuple[int, int]) -> None:
        low, high = part
        first, last = int(row_indptr[low]), int(row_indptr[high])
        with work.filling(of, first, last) as lists:
            list_buckets(rows, sizes, low, high, row_indptr[low:high] - first, lists)

    work.map(listed, row_ranges(row_indptr[1:], min(BLOCK_ENTRIES, len(rows) // work.workers + 1)))
    return Buckets(indptr, rows, row_indptr, of)


def _sifted(
    rows: NDArray[np.int32],
    sizes: NDArray[np.int32],
    bounds: list[tuple[int, int]],
    sifted: Callable[[Groups], Sifted],
    work: Workspace,
) -> Groups:
    """What is kept of the groups of all bands, which end at ``bounds``, and the pairs; each different one once."""
    gathered = [Gathered(work, dtype) for dtype in (np.uint64, np.int32, np.int32, np.uint64)]
    bands = [(rows[a:b], sizes[c:d]) for (a, c), (b, d) in pairwise(bounds)]
    for parts in work.each(sifted, bands):
        add_all(gathered, parts)
    pairs, members, sizes, keys = (column.column() for column in gathered)
    pairs = pairs[number_keys(pairs)[1]]
    is_first = np.zeros(len(sizes), bool)
    is_first[number_keys(keys)[1]] = True
    members = members[np.repeat(is_first, sizes)]
    both = np.stack((pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)), axis=1).astype(np.int32).ravel()
    return np.concatenate((members, both)), np.concatenate((sizes[is_first], np.full(len(pairs), 2, np.int32)))
