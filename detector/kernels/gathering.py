"""Rows of a column that stand here and there, copied after each other."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

WINDOW = 16
"""Bits of a byte's place below its window of 64 kB: as much of a file comes with one page of it."""

LONGEST = 1 << 20
"""Bytes of runs that follow each other from which on they are not copied as one."""


@njit(cache=True, nogil=True, error_model="numpy")
def gather_runs(source, first, last, run, most, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with the rows ``first[r]`` to ``last[r]`` (int64) of a column, for each r from ``run`` on.

    Stops after ``most`` windows of the column, or the next after them where runs are longer; returns the run that is
    next. ``source`` and ``out`` are of one unsigned type, as wide as the column's rows.
    """
    at, width = np.int64(0), np.int64(source.itemsize)
    reached, n_windows = np.int64(-1), np.int64(0)
    while run < first.shape[0] and n_windows < most:
        begin, stop = first[run], last[run]
        run += 1
        while run < first.shape[0] and first[run] == stop and (stop - begin) * width < LONGEST:
            stop = last[run]
            run += 1
        low, high = begin * width >> WINDOW, stop * width >> WINDOW
        n_windows += high - low + (low != reached)
        reached = high
        for step in range(stop - begin):
            out[np.uint64(at + step)] = source[np.uint64(begin + step)]
        at += stop - begin
    return run
