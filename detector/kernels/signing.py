"""Sets of shingle hashes, and their MinHash signatures in the ``affine32`` scheme of datasketch 2, bit for bit.

Source of the scheme: MurmurHash3's 32-bit finaliser, then ``a * h + b`` in uint32, whose wraparound is the modulus;
``tests/test_signatures.py`` holds the equality. That it is min-wise enough is measured, not proven.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")
def sign_rows(
    hashes: NDArray[np.uint32],
    indptr: NDArray[np.int64],
    multipliers: NDArray[np.uint32],
    offsets: NDArray[np.uint32],
    signatures: NDArray[np.uint32],
) -> None:
    """Fill ``signatures`` (n_rows, n_permutations) with the minima of every row's permuted shingle hashes.

    A row without shingles gets the empty signature, all ones: it must never look like its neighbour.
    """
    n_permutations = multipliers.shape[0]
    for row in range(indptr.shape[0] - 1):
        lowest = signatures[row]
        for permutation in range(n_permutations):
            lowest[permutation] = np.uint32(0xFFFFFFFF)
        for place in range(indptr[row], indptr[row + 1]):
            mixed = hashes[place]
            mixed = np.uint32(mixed ^ (mixed >> np.uint32(16)))
            mixed = np.uint32(mixed * np.uint32(0x85EBCA6B))
            mixed = np.uint32(mixed ^ (mixed >> np.uint32(13)))
            mixed = np.uint32(mixed * np.uint32(0xC2B2AE35))
            mixed = np.uint32(mixed ^ (mixed >> np.uint32(16)))
            for permutation in range(n_permutations):
                value = np.uint32(mixed * multipliers[permutation] + offsets[permutation])
                lowest[permutation] = min(lowest[permutation], value)


@njit(cache=True, nogil=True, error_model="numpy")
def sort_sets(hashes: NDArray[np.uint64], indptr: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
    """Sort each row of ``hashes`` in place, its different values first; ``sizes`` (int64) gets how many they are."""
    for row in range(indptr.shape[0] - 1):
        start, end = indptr[row], indptr[row + 1]
        ranked = np.sort(hashes[start:end])
        size = 0
        for place in range(ranked.shape[0]):
            if place == 0 or ranked[place] != ranked[place - 1]:
                hashes[start + size] = ranked[place]
                size += 1
        sizes[row] = size
