"""Rows of a column that stand here and there, copied after each other."""

from __future__ import annotations

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def gather_runs(source, width, first, last, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (uint8) with the rows ``first[r]`` to ``last[r]`` (int64) of a column of rows of ``width`` bytes,
    whose bytes are ``source`` (uint8)."""
    at = 0
    for run in range(first.shape[0]):
        for place in range(first[run] * width, last[run] * width):
            out[at] = source[place]
            at += 1
