"""Candidate pairs: rows whose signatures agree in all rows of at least one band share a bucket.

A candidate proves nothing; `detector.matches` and `detector.families` verify. Buckets are found by sorting band keys;
a bucket of one row is no bucket.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.signing import fold_bands
from detector.kernels.sorting import list_buckets, shared_keys
from detector.signatures import Signatures
from detector.workspace import Gathered, Workspace, row_ranges

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


def band_keys(signatures: Signatures, bands: Bands) -> NDArray[np.uint32]:
    """A hash of every band of every row (n_bands x n_rows)."""
    keys = np.empty((bands.n_bands, len(signatures.values)), np.uint32)
    fold_bands(signatures.values, bands.n_rows, keys)
    return keys


def band_buckets(keys: NDArray[np.uint32], numbers: NDArray[np.int32], n_rows: int, work: Workspace) -> Buckets:
    """The buckets of some of ``n_rows`` rows: ``keys`` (n_bands x n) of the rows ``numbers``, ascending.

    Rows without a shingle have no business in a bucket, and must not be among them.
    """
    gathered, all_sizes = Gathered(work, np.int32), Gathered(work, np.int32)
    row_indptr = work.empty(n_rows + 1, np.int64, near=True)
    row_indptr[:] = 0
    for members, sizes in work.each(lambda band: shared_keys(keys[band]), range(len(keys))):
        here = numbers[members]
        row_indptr[here + 1] += 1
        gathered.add(here)
        all_sizes.add(sizes)
    rows, sizes = gathered.column(), all_sizes.column()
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
