"""Rows of a column that stand here and there: which they are, and copies of them after each other."""

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


@njit(cache=True, nogil=True, error_model="numpy")
def list_rows(first, last, low, n):  # type: ignore[no-untyped-def]
    """The rows that some of the ranges ``first[r]`` to ``last[r]`` hold (int64), ascending, each once; all of them are
    among the ``n`` from ``low`` on."""
    is_held, n_rows = np.zeros(n, np.bool_), np.int64(0)
    for one in range(first.shape[0]):
        for row in range(first[one] - low, last[one] - low):
            n_rows += not is_held[row]
            is_held[row] = True
    rows, filled = np.empty(n_rows, np.int64), np.int64(0)
    for row in range(n):
        if is_held[row]:
            rows[filled] = low + row
            filled += 1
    return rows
