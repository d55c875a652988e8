"""Columns as kernels take them, those that come in parts, and copies of what stands here and there in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels.gathering import gather_runs, read_runs
from detector.machine.spilling import place_of
from detector.machine.workspace import Workspace

CHUNK_BYTES = 1 << 25
"""Parts of a column that is gathered are put together up to this size: every mapped file keeps a descriptor open."""

CHUNK_BYTES_IN_MEMORY = 1 << 23
"""While no column is in a file: what of a part is not needed lies between other columns, which then take new pages."""


def gathered(column: NDArray[Any], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[Any]:
    """The rows ``first[i]`` to ``last[i]`` of a column (one dimension), after each other.

    Those of a mapped column are read from its file, in the order they stand there: a page that is brought in for each
    of them took five times as long.
    """
    to = np.zeros(len(first) + 1, np.int64)
    np.cumsum(last - first, out=to[1:])
    out, plain = np.empty(int(to[-1]), column.dtype), f"u{column.itemsize}"  # of one width all types are one
    place = place_of(column)
    n_read = 0
    if place is not None:
        order = np.argsort(first, kind="stable")
        first, last, to = first[order], last[order], to[order]
        n_read = read_runs(*place, first, last, to, out.view(plain))
    left = slice(n_read, len(first))
    gather_runs(read_only(column.view(plain)), first[left], last[left], to[left], out.view(plain))
    return out


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written to: a kernel is compiled once more for arrays that can."""
    view = values.view()
    view.flags.writeable = False
    return view


class Gathered:
    """A column that comes in parts, of which ``n`` values are there; it is kept within the budget as it grows."""

    def __init__(self, work: Workspace, dtype: Any) -> None:
        self._work, self._dtype = work, np.dtype(dtype)
        self._parts: list[NDArray[Any]] = []
        self._free = 0
        self.n = 0

    def add(self, values: NDArray[Any]) -> None:
        """Append a copy of some values (one dimension); without a budget the values themselves."""
        self.n += len(values)
        if self._work.memory is None:
            self._parts.append(values)
            return
        while len(values):
            if not self._free:
                size = CHUNK_BYTES if self._work.spilled else min(CHUNK_BYTES, CHUNK_BYTES_IN_MEMORY)
                self._free = max(1, size // self._dtype.itemsize)
                self._parts.append(self._work.empty(self._free, self._dtype, put=True))
            chunk = self._parts[-1]
            n = min(self._free, len(values))
            at = len(chunk) - self._free
            self._work.put(chunk, at, values[:n])
            self._free -= n
            values = values[n:]

    def column(self) -> NDArray[Any]:
        """All values; the parts go as they are copied."""
        column = self._work.empty(self.n, self._dtype, put=True)
        at = self.n
        while self._parts:
            part = self._parts.pop()
            part = part[: len(part) - self._free]
            self._free = 0
            self._work.put(column, at - len(part), part)
            at -= len(part)
        self.n = 0
        return column


def add_all(columns: Sequence[Gathered], parts: Iterable[NDArray[Any]]) -> None:
    """Append a part to each column."""
    for column, part in zip(columns, parts, strict=True):
        column.add(part)
