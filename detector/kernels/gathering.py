"""Rows of a column that stand here and there: which they are, and copies of them after each other."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit, pread

GAP_BYTES = 1 << 11
"""Between two runs that are read together: to ask the system once more costs as much as to read this."""

HELD_BYTES = 1 << 16
"""Of a column that are read together at most: what fits the processor's nearest caches."""


@njit(cache=True, nogil=True, error_model="numpy")
def gather_runs(source, first, last, to, out):  # type: ignore[no-untyped-def]
    """Copy the rows ``first[r]`` to ``last[r]`` (int64) of a column to row ``to[r]`` (int64) of ``out`` and those after
    it; ``source`` and ``out`` are of one unsigned type, as wide as the column's rows."""
    for run in range(first.shape[0]):
        begin, at = first[run], to[run]
        for step in range(last[run] - begin):
            out[np.uint64(at + step)] = source[np.uint64(begin + step)]


@njit(cache=True, nogil=True, error_model="numpy")
def _read(file, address, n_bytes, place):  # type: ignore[no-untyped-def]
    """Whether so many bytes of a file from a place on could be read into memory."""
    while n_bytes > 0:
        n = pread(file, address, n_bytes, place)
        if n <= 0:
            return False
        address, n_bytes, place = address + n, n_bytes - n, place + n
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def read_runs(file, place, first, last, to, out):  # type: ignore[no-untyped-def]
    """`gather_runs` of a column that begins at byte ``place`` of a file, for runs in ascending order of ``first``;
    returns how many there are before the first that could not be read: all of them if every one could.

    Runs with no more than `GAP_BYTES` between them are read together and copied out of what was read.
    """
    width = out.itemsize
    held = np.empty(HELD_BYTES // width, out.dtype)
    gap, n_runs, begin = GAP_BYTES // width, first.shape[0], 0
    while begin < n_runs:
        low, high, end = first[begin], last[begin], begin + 1
        while end < n_runs and first[end] <= high + gap and max(high, last[end]) - low <= held.shape[0]:
            high = max(high, last[end])
            end += 1
        if end == begin + 1:
            target = out.ctypes.data + to[begin] * width
            if not _read(file, target, (high - low) * width, place + low * width):
                return begin
        else:
            if not _read(file, held.ctypes.data, (high - low) * width, place + low * width):
                return begin
            for run in range(begin, end):
                at, source = to[run], first[run] - low
                for step in range(last[run] - first[run]):
                    out[np.uint64(at + step)] = held[np.uint64(source + step)]
        begin = end
    return n_runs


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
