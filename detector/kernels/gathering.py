"""Rows of a column that stand here and there, copied after each other."""

from __future__ import annotations

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def gather_runs(source, width, first, last, to, out):  # type: ignore[no-untyped-def]
    """Copy the rows ``first[r]`` to ``last[r]`` (int64) of a column of rows of ``width`` bytes, whose bytes are
    ``source`` (uint8), to row ``to[r]`` (int64) of a column whose bytes are ``out`` (uint8)."""
    for run in range(first.shape[0]):
        at = to[run] * width
        for place in range(first[run] * width, last[run] * width):
            out[at] = source[place]
            at += 1
