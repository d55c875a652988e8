"""Candidate pairs: rows whose signatures agree in all rows of at least one band share a bucket.

A candidate proves nothing; `detector.matches` and `detector.families` verify. Buckets are found by sorting band hashes;
a bucket of one row is no bucket.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.signatures import EMPTY_VALUE, Signatures
from detector.tokens import mix64

_ORDER = np.uint64(0x9E3779B97F4A7C15)


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
    """``of``: int32, n_rows x n_bands, each row's bucket in each band or -1; ``indptr``: int64, n_buckets + 1;
    ``rows``: int32, the rows of each bucket, ascending."""

    of: NDArray[np.int32]
    indptr: NDArray[np.int64]
    rows: NDArray[np.int32]


def band_buckets(signatures: Signatures, bands: Bands) -> Buckets:
    """The buckets of at least two rows; rows of the empty signature (all ones) are in none."""
    values = signatures.values
    of = np.full((len(values), bands.n_bands), -1, dtype=np.int32)
    sizes: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    rows: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
    n_buckets = 0
    occupied = np.flatnonzero(~(values == EMPTY_VALUE).all(axis=1))
    for band in range(bands.n_bands):
        members, size = _grouped(occupied, _band_keys(values, occupied, bands, band))
        of[members, band] = np.repeat(np.arange(len(size)) + n_buckets, size)
        rows.append(members.astype(np.int32))
        sizes.append(size)
        n_buckets += len(size)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(sizes))])
    return Buckets(of, indptr.astype(np.int64), np.concatenate(rows))


def _band_keys(values: NDArray[np.uint32], occupied: NDArray[np.int64], bands: Bands, band: int) -> NDArray[np.uint64]:
    """The band hash of each row."""
    key = np.zeros(len(occupied), dtype=np.uint64)
    for column in range(band * bands.n_rows, (band + 1) * bands.n_rows):
        key = mix64(key * _ORDER + values[occupied, column])
    return key


def _grouped(rows: NDArray[np.int64], key: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows whose key another row has, group by group and ascending in each, and the sizes of the groups."""
    order = np.lexsort((rows, key))
    ranked = key[order]
    first = np.flatnonzero(np.concatenate((np.ones(min(1, len(key)), bool), ranked[1:] != ranked[:-1])))
    size = np.diff(np.append(first, len(ranked)))
    return rows[order[np.repeat(size > 1, size)]], size[size > 1]
