"""Where a scan keeps its columns and who works on them: memory up to a budget, then files; one thread or several.

Large columns are asked for here. Those that do not fit the budget are mapped files in a temporary folder, which the
system may drop from memory and read again; `release` gives their pages back at once. The folder goes when the workspace
is closed, or with the process.
"""

from __future__ import annotations

import mmap
import tempfile
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")

SMALLEST_MAPPED = 1 << 20
"""Bytes; smaller columns always stay in memory."""


class Workspace:
    """Columns within ``memory`` bytes (None: all in memory) and ``workers`` threads; a context manager."""

    def __init__(self, *, memory: int | None = None, tmp: Path | None = None, workers: int = 1) -> None:
        self.memory, self.workers = memory, workers
        self.used = 0
        self.spilled = 0
        self._maps: list[mmap.mmap] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tmp = tmp
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def empty(self, shape: int | tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """An uninitialised column (zeros where it is a file); in memory while the budget lasts."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self.memory is None or size < SMALLEST_MAPPED or self.used + size <= self.memory:
            column = np.empty(shape, dtype)
            if size >= SMALLEST_MAPPED:
                self.used += size
                weakref.finalize(column, self._freed, size)
            return column
        return self._mapped(shape, np.dtype(dtype), size)

    def _freed(self, size: int) -> None:
        self.used -= size

    def _mapped(self, shape: int | tuple[int, ...], dtype: np.dtype[Any], size: int) -> NDArray[Any]:
        """A column over a file that has no name any more, so that nothing is left behind."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="detector-", dir=self._tmp)
        with tempfile.TemporaryFile(dir=self._folder.name) as file:
            file.truncate(size)
            mapped = mmap.mmap(file.fileno(), size)
        self._maps.append(mapped)
        self.spilled += size
        return np.frombuffer(mapped, dtype=dtype).reshape(shape)

    def release(self) -> None:
        """Give the pages of mapped columns back to the system; their values stay."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_DONTNEED)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """``[function(item) for item in items]``, by all workers at once; kernels release the interpreter lock."""
        listed: Sequence[Item] = list(items)
        if self.workers == 1 or len(listed) < 2:
            return [function(item) for item in listed]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="detector")
        return list(self._pool.map(function, listed))

    def close(self) -> None:
        """End the threads and remove what was spilled; columns that are still held keep their values."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        self._maps.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def document_ranges(sizes: NDArray[np.int64], block: int) -> list[tuple[int, int]]:
    """Ranges of consecutive documents whose sizes add up to about ``block``; each has at least one.

    >>> document_ranges(np.array([3, 3, 3, 9, 1]), 6)
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    ranges: list[tuple[int, int]] = []
    begin = total = 0
    for row, size in enumerate(sizes.tolist()):
        if row > begin and total + size > block:
            ranges.append((begin, row))
            begin, total = row, 0
        total += size
    if begin < len(sizes):
        ranges.append((begin, len(sizes)))
    return ranges
