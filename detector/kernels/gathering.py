"""Rows of a column that stand here and there, copied after each other; from its file where it has one.

A page of a mapped file that is touched costs a fault, brings fifteen others, and has to go again when memory is short.
Reading the same bytes from the file costs a call and leaves nothing behind. Numba runs this kernel itself, because it
calls a function that numba has to look up; it is imported where columns are files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.core.typing.templates import signature

_read_at: Any = types.ExternalFunction(
    "pread",
    signature(types.intp, types.int32, types.uintp, types.uintp, types.int64),  # type: ignore[no-untyped-call]
)  # of the C library; a call of Python's own would take the interpreter lock for every run of rows


@njit(cache=True, nogil=True, error_model="numpy")
def gather_runs(source, descriptor, offset, width, first, last, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (uint8) with the rows ``first[r]`` to ``last[r]`` (int64) of a column of rows of ``width`` bytes.

    ``source`` (uint8) are the bytes of the column; where there is a ``descriptor`` (not below 0) they stand from
    ``offset`` on in that file and are read from there. Runs that meet are one. Returns whether all could be read.
    """
    run, at = 0, np.int64(0)
    while run < first.shape[0]:
        begin, end = first[run] * width, last[run] * width
        run += 1
        while run < first.shape[0] and first[run] * width == end:
            end = last[run] * width
            run += 1
        if descriptor < 0:
            out[at : at + end - begin] = source[begin:end]
            at += end - begin
            continue
        while begin < end:
            n = _read_at(np.int32(descriptor), out.ctypes.data + np.uintp(at), np.uintp(end - begin), offset + begin)
            if n <= 0:
                return False
            begin += n
            at += n
    return True
