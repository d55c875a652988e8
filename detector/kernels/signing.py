"""MinHash signatures in the ``affine32`` scheme of datasketch 2, bit for bit, and the keys of their bands.

Source of the scheme: MurmurHash3's 32-bit finaliser, then ``a * h + b`` in uint32, whose wraparound is the modulus;
``tests/test_signatures.py`` holds the equality. That it is min-wise enough is measured, not proven.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_ONES = np.uint32(0xFFFFFFFF)
_WIDTH = 8


@njit(cache=True, nogil=True, error_model="numpy")
def _finalised(value):  # type: ignore[no-untyped-def]
    """MurmurHash3's 32-bit finaliser; every step is cast back, because numba's uint32 arithmetic is 64 bits wide."""
    value = np.uint32(value ^ (value >> np.uint32(16)))
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value = np.uint32(value ^ (value >> np.uint32(13)))
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@njit(cache=True, nogil=True, error_model="numpy")
def sign_rows(hashes, indptr, multipliers, offsets, signatures):  # type: ignore[no-untyped-def]
    """Fill ``signatures`` (uint32, n_rows x n_permutations) with the minima of every row's permuted shingle hashes.

    ``hashes``: uint32; row r is ``hashes[indptr[r]:indptr[r + 1]]`` (int64). A row without shingles gets the empty
    signature, all ones: it must never look like its neighbour. Eight shingles meet all permutations at a time, so that
    the permutations fill the vector registers also where a row is short; the last shingle stands for those that lack.
    """
    n_permutations = multipliers.shape[0]
    for row in range(indptr.shape[0] - 1):
        lowest = signatures[row]
        for permutation in range(n_permutations):
            lowest[permutation] = _ONES
        start, last = indptr[row], indptr[row + 1] - 1
        for place in range(start, last + 1, _WIDTH):
            h0 = _finalised(hashes[place])
            h1 = _finalised(hashes[min(place + 1, last)])
            h2 = _finalised(hashes[min(place + 2, last)])
            h3 = _finalised(hashes[min(place + 3, last)])
            h4 = _finalised(hashes[min(place + 4, last)])
            h5 = _finalised(hashes[min(place + 5, last)])
            h6 = _finalised(hashes[min(place + 6, last)])
            h7 = _finalised(hashes[min(place + 7, last)])
            for permutation in range(n_permutations):
                a, b = multipliers[permutation], offsets[permutation]
                v0, v1 = np.uint32(h0 * a + b), np.uint32(h1 * a + b)
                v2, v3 = np.uint32(h2 * a + b), np.uint32(h3 * a + b)
                v4, v5 = np.uint32(h4 * a + b), np.uint32(h5 * a + b)
                v6, v7 = np.uint32(h6 * a + b), np.uint32(h7 * a + b)
                low, high = min(v0, v1, v2, v3), min(v4, v5, v6, v7)
                lowest[permutation] = min(lowest[permutation], low, high)


@njit(cache=True, nogil=True, error_model="numpy")
def fold_bands(signatures, n_rows, keys):  # type: ignore[no-untyped-def]
    """Fill ``keys`` (uint32, n_bands x n) with a hash of each band of ``n_rows`` values of each of n signatures.

    Equal bands have equal keys; two others have one by chance once in 2**32, and are told apart by verification.
    """
    for band in range(keys.shape[0]):
        for row in range(signatures.shape[0]):
            key = np.uint64(band)
            for column in range(band * n_rows, (band + 1) * n_rows):
                key = (key ^ np.uint64(signatures[row, column])) * np.uint64(0x9E3779B97F4A7C15)
                key ^= key >> np.uint64(32)
            keys[band, row] = np.uint32(key)
