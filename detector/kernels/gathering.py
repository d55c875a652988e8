"""Rows of a column that stand here and there, copied after each other."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def gather_runs(source, first, last, to, out):  # type: ignore[no-untyped-def]
    """Copy the rows ``first[r]`` to ``last[r]`` (int64) of a column to row ``to[r]`` (int64) of ``out`` and those after
    it; ``source`` and ``out`` are of one unsigned type, as wide as the column's rows."""
    for run in range(first.shape[0]):
        begin, at = first[run], to[run]
        for step in range(last[run] - begin):
            out[np.uint64(at + step)] = source[np.uint64(begin + step)]
