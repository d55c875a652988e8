"""MinHash signatures of rows of shingle hashes, ready for datasketch's own indexes.

The scheme travels with every signature (`SCHEME`, seed, number of permutations): values of two schemes or seeds must
never be compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.signing import sign_rows

SCHEME = "affine32"


class Signatures(NamedTuple):
    """``values``: uint32, n_rows x n_permutations; the hash family that made them is ``scheme`` under ``seed``."""

    values: NDArray[np.uint32]
    seed: int
    scheme: str = SCHEME


def permutations(n_permutations: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Odd multipliers and offsets (uint32) of the scheme, those that datasketch draws for the same seed."""
    generator = np.random.RandomState(seed)
    multipliers = generator.randint(0, 1 << 31, n_permutations, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    offsets = generator.randint(0, 1 << 32, n_permutations, dtype=np.uint32)
    return multipliers, offsets


def sign(
    shingle_hashes: NDArray[np.uint32], indptr: NDArray[np.int64], *, n_permutations: int, seed: int
) -> Signatures:
    """The signature of each row ``shingle_hashes[indptr[r]:indptr[r + 1]]`` (uint32 hashes, int64 offsets)."""
    multipliers, offsets = permutations(n_permutations, seed)
    values = np.empty((len(indptr) - 1, n_permutations), dtype=np.uint32)
    sign_rows(shingle_hashes, indptr, multipliers, offsets, values)
    return Signatures(values, seed)
