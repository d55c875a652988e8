"""Where a scan keeps its columns and who works on them: memory up to a budget, then files; one thread or several.

Large columns are asked for here. Those that do not fit the budget are mapped files in a temporary folder, which the
system may drop from memory and read again; `release` gives their pages back at once. The folder goes when the workspace
is closed, or with the process.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")

SMALLEST_MAPPED = 1 << 20
"""Bytes; smaller columns always stay in memory."""

COLUMN_SHARE = 0.4
"""Of the budget for columns in memory; the rest is for the interpreter, temporaries and mapped pages in use."""

WATCH_SECONDS = 0.05
"""How often the resident memory is looked at once there are mapped columns."""

RELEASE_SHARE = 0.8
"""Of the budget, from which mapped pages are given back."""


class Workspace:
    """Columns within ``memory`` bytes (None: all in memory) and ``workers`` threads; a context manager.

    ``memory`` is a budget for the whole process; ``COLUMN_SHARE`` of it is for columns, further ones are mapped files
    in ``tmp`` (None: the system's folder for temporary files). ``spilled`` counts their bytes. ``told`` is called with
    the items that `map` has done and has in all.
    """

    def __init__(self, *, memory: int | None = None, tmp: Path | None = None, workers: int = 1) -> None:
        self.memory, self.workers = memory, workers
        self.told: Callable[[int, int], None] | None = None
        self.used = 0
        self.spilled = 0
        self._maps: list[mmap.mmap] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.tmp = tmp
        self._pool: ThreadPoolExecutor | None = None
        self._closed = threading.Event()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def empty(self, shape: int | tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """An uninitialised column (zeros where it is a file); in memory while the budget lasts."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self.memory is None or size < SMALLEST_MAPPED or self.used + size <= COLUMN_SHARE * self.memory:
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
            self._folder = tempfile.TemporaryDirectory(prefix="detector-", dir=self.tmp)
            threading.Thread(target=self._watch, name="detector-memory", daemon=True).start()
        with tempfile.TemporaryFile(dir=self._folder.name) as file:
            file.truncate(size)
            mapped = mmap.mmap(file.fileno(), size)
        self._maps.append(mapped)
        self.spilled += size
        return np.frombuffer(mapped, dtype=dtype).reshape(shape)

    def _watch(self) -> None:
        """Keep the resident memory below the budget by giving mapped pages back, while the workspace is open."""
        assert self.memory is not None
        while not self._closed.wait(WATCH_SECONDS):
            resident = resident_bytes()
            if resident is None:
                return
            if resident > RELEASE_SHARE * self.memory:
                self.release()

    def release(self) -> None:
        """Give the pages of mapped columns back to the system; their values stay."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in tuple(self._maps):
                mapped.madvise(mmap.MADV_DONTNEED)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """``[function(item) for item in items]``, by all workers at once; kernels release the interpreter lock."""
        listed: Sequence[Item] = list(items)
        results: Iterator[Result] = map(function, listed)
        if self.workers > 1 and len(listed) > 1:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="detector")
            results = self._pool.map(function, listed)
        done: list[Result] = []
        for result in results:
            done.append(result)
            if self.told is not None:
                self.told(len(done), len(listed))
        return done

    def close(self) -> None:
        """End the threads and remove what was spilled; columns that are still held keep their values."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        self._closed.set()
        self._maps.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def resident_bytes() -> int | None:
    """The resident memory of this process; None where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def usable_processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_bytes() -> int | None:
    """The memory that the system could still give; None where it does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


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
