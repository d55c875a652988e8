"""Shingles: runs of consecutive tokens of a row, as 64-bit hashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.kernels.signing import sort_sets
from detector.tokens import mix64

_ORDER = np.uint64(0x9E3779B97F4A7C15)


def shingle_hashes(
    tokens: NDArray[np.uint64], indptr: NDArray[np.int64], size: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of all runs of ``size`` tokens of each row, in order, with the offsets of the rows.

    ``tokens``: uint64 token hashes; ``indptr``: int64, n_rows + 1, ascending; row r is
    ``tokens[indptr[r]:indptr[r + 1]]``. A row shorter than ``size`` has no shingle.
    """
    lengths = np.maximum(np.diff(indptr) - size + 1, 0)
    rows = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    start = np.arange(rows[-1]) - np.repeat(rows[:-1], lengths) + np.repeat(indptr[:-1], lengths)
    hashes = np.zeros(len(start), dtype=np.uint64)
    for place in range(size):
        hashes = mix64(hashes * _ORDER + tokens[start + place])
    return hashes, rows


def hash_sets(
    tokens: NDArray[np.uint64], indptr: NDArray[np.int64], size: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The set of each row's shingle hashes, sorted within the row, with the offsets of the rows."""
    hashes, rows = shingle_hashes(tokens, indptr, size)
    sizes = np.empty(len(rows) - 1, dtype=np.int64)
    sort_sets(hashes, rows, sizes)
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    return hashes[np.repeat(rows[:-1] - offsets[:-1], sizes) + np.arange(offsets[-1])], offsets
