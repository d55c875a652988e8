"""Shingles: runs of consecutive tokens of a row, as 64-bit hashes of which 32 bits are signed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.kernels.signing import short_shingles
from detector.text.tokens import SLOT_HASH, Tokens


def shingle_hashes(
    tokens: Tokens, start: NDArray[np.int64], stop: NDArray[np.int64], size: int, *, is_skeleton: bool
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hashes (the upper halves of 64 bits) of all runs of ``size`` tokens of each row, in order, and the rows' offsets.

    Row r is tokens ``start[r]`` to ``stop[r]`` (int64), as they are or as their skeleton. A row shorter than ``size``
    has no shingle.
    """
    lengths = np.maximum(stop - start - size + 1, 0)
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    short = np.empty(indptr[-1], np.uint32)
    short_shingles(tokens.hashed, tokens.form, start, stop, size, SLOT_HASH, is_skeleton, indptr, short)
    return short, indptr
