"""Where a scan keeps its columns and who works on them: memory up to a budget, then files; one thread or several.

Large columns are asked for here. Those that do not fit the budget are in mapped files in a temporary folder, which the
system may drop from memory and read again; `release` gives their pages back at once. A column that nobody holds any
more gives its memory or its file back. The files have no names, so that they go with the process at the latest.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.errors import OutputError
from detector.machine.spilling import Growing, SpillFile, part_of, write
from detector.machine.system import (
    MOST_KEPT,
    STATUS,
    STATUS_BYTES,
    give_back_freed_blocks,
    give_back_large_blocks,
    keep_freed_blocks,
    memory_pages,
    pages,
)
from detector.machine.threads import Job, Threads

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_FILES = 8
"""That columns are in: as many threads write at a time."""

SMALLEST_MAPPED = 1 << 20
"""Bytes; smaller columns always stay in memory."""

COLUMN_SHARE = 0.05
"""Of a small budget for columns in memory that are read from end to end, which a file serves as well."""

NEAR_SHARE = 0.5
"""Of the budget for all columns in memory; the rest is for the interpreter, temporaries and mapped pages in use. Where
there is `PLENTY`, columns of 100 MB stood in files for a fifth of the scan's time without need."""

TIMES_TEXTS, FITTING_SHARE = 6, 0.75
"""A budget of `PLENTY` and so many times the texts of a corpus (whose code points take four bytes each) holds all of
its scan, which took 4.8 times the texts; so most of it is for columns. With `NEAR_SHARE` a twelfth of the columns of a
gigabyte stood in files, and the scan took a third longer, because what has files does less at a time and beside."""

WATCH_SECONDS = 0.02
"""How often the resident memory is looked at once there are mapped columns, at least."""

BYTES_PER_SECOND = 1e11
"""How fast it could grow: one read of a mapped column brings the 64 kB around it. The fuller, the oftener it is looked
at, but not more often than every `BUSY_SECONDS`."""

BUSY_SECONDS = 0.001

RELEASE_SHARE = 0.8
"""Of the budget, from which mapped pages are given back."""

MAPPED_SHARE = 0.2
"""Of the budget that mapped pages may have in any case, or they would come and go all the time."""

FREED_SECONDS = 2.0
"""How often freed memory is given back while there is too little: much of it would be asked for again at once."""

SCATTERED_PART = 64
"""A megabyte of mapped columns that is read in no order may bring this many into memory."""

PLENTY = 1 << 32
"""Bytes of a budget from which on temporaries stay with the process: that a page is made and cleared costs more time
than most kernels take for what stands on it."""


class Workspace:
    """Columns within ``memory`` bytes (None: all in memory) and ``workers`` threads; a context manager.

    ``memory`` is a budget for the whole process; `room` says how much of it is for columns, further ones are in a file
    in ``tmp`` (None: the system's folder for temporary files). ``spilled`` counts their bytes. ``told`` is called with
    the items that `map` has done and has in all.
    """

    def __init__(self, *, memory: int | None = None, tmp: Path | None = None, workers: int = 1) -> None:
        self.memory, self.workers = memory, workers
        self.told: Callable[[int, int], None] | None = None
        self.used = 0
        self.spilled = 0
        self._n_points: int | None = None
        self._files: list[SpillFile] = []
        self.tmp = tmp
        self._threads = Threads(workers)
        self._making = threading.Lock()  # what is made when it is first needed, by whichever thread
        self._closed = threading.Event()
        self._status: FileIO | None = None
        self._freed_until = 0.0  # until when no freed memory is given back
        self._others = 0  # bytes of files in memory that are none of the columns
        self._watcher: threading.Thread | None = None
        if memory is not None and memory < PLENTY:
            give_back_large_blocks(memory)
        elif memory is not None:
            keep_freed_blocks()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def empty(
        self,
        shape: int | tuple[int, ...],
        dtype: Any,
        *,
        near: bool = False,
        put: bool = False,
        in_order: bool = False,
    ) -> NDArray[Any]:
        """An uninitialised column; in memory while the budget lasts.

        A column that is read here and there should be ``near``: every other place of a file that is touched costs
        thousands of instructions. One that is ``put`` is filled by nothing else; ``in_order`` says that what is read
        of it at a time is read in ascending order.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self.holds(size, near=near):
            return self.counted(np.empty(shape, dtype))
        mapped: NDArray[Any] = self._mapped(size, put=put, in_order=in_order, near=near).view(dtype).reshape(shape)
        return mapped

    def columns(self, n: int, size: int, dtype: Any) -> NDArray[Any] | list[NDArray[Any]]:
        """``n`` columns of one size that are `put`: the rows of a table in memory, or columns in several files, where
        threads that fill one after the other do not wait for each other, and parts that others gave back are used."""
        n_bytes = size * np.dtype(dtype).itemsize
        if self.holds(n * n_bytes):
            return self.counted(np.empty((n, size), dtype))
        return [self._mapped(n_bytes, put=True).view(dtype) for _ in range(n)]

    def holds(self, n_bytes: int, *, near: bool = False) -> bool:
        """Whether a column of so many bytes is in memory."""
        if self.memory is None or n_bytes < max(SMALLEST_MAPPED, 1):
            return True
        return self.used + n_bytes <= self._room(near=near)

    def expect(self, n_bytes: int) -> None:
        """Tell how many bytes the code points of a corpus take, before columns are made of them."""
        self._n_points = n_bytes
        if self.memory is not None and holds_all(self.memory, n_bytes):
            keep_freed_blocks(MOST_KEPT)

    def _room(self, *, near: bool) -> float:
        """Bytes of columns that the budget holds in memory."""
        assert self.memory is not None
        return room(self.memory, self._n_points, near=near)

    def _begin_watch(self) -> None:
        """Where the system tells the resident memory, begin to look at it."""
        now = memory_pages()
        if now is not None:
            self._others = now[1]
            self._status = STATUS.open("rb", buffering=0)
            self._watcher = threading.Thread(target=self._watch, name="detector-memory", daemon=True)
            self._watcher.start()

    def counted(self, column: NDArray[Any]) -> NDArray[Any]:
        """A column in memory, counted as one of those that the budget has room for."""
        if column.nbytes >= SMALLEST_MAPPED:
            self.used += column.nbytes
            weakref.finalize(column, self._freed, column.nbytes)
        return column

    def _freed(self, size: int) -> None:
        self.used -= size

    def _mapped(self, size: int, **how: bool) -> NDArray[np.uint8]:
        """So many bytes of a file that has them free, or of the one whose columns have the least. There are two files
        for each worker: nobody should wait for another who writes to the same one."""
        with self._room_for(size):
            with self._making:
                if self._watcher is None:
                    self._begin_watch()
                if len(self._files) < min(2 * self.workers, MOST_FILES):
                    self._files.append(SpillFile(self.tmp))
                fitting = [file for file in self._files if file.has_part(size)]
                file = min(fitting or self._files, key=lambda file: file.n_bytes)
            column = file.column(size, **how)
        self.spilled += size
        return column

    @contextmanager
    def _room_for(self, size: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = f"no room for {size:,} bytes of temporary files: {error.strerror or error}"
            raise OutputError(f"{self.tmp or tempfile.gettempdir()}: {why}; name another folder with --tmp") from None

    @contextmanager
    def growing(self) -> Iterator[Growing]:
        """Bytes that become more and more in a file, which is let go in the end unless they were `grown`."""
        bytes_of = Growing(self.tmp)
        try:
            yield bytes_of
        finally:
            if bytes_of.file is not None and bytes_of.file not in self._files:
                bytes_of.file.close()

    def append(self, bytes_of: Growing, values: NDArray[Any]) -> int:
        """Append values (one dimension, always of one type) to bytes; returns the row of the first."""
        with self._room_for(bytes_of.n_bytes + values.nbytes):
            return bytes_of.append(values.view(np.uint8).data) // values.itemsize

    def grown(self, bytes_of: Growing, dtype: Any) -> NDArray[Any]:
        """What was appended, as a column in its file, whose parts are used again as those of others are."""
        file = bytes_of.file
        if file is None:
            return np.empty(0, dtype)
        with self._room_for(bytes_of.n_bytes):
            with self._making:
                if self._watcher is None:
                    self._begin_watch()
                self._files.append(file)
            column: NDArray[Any] = bytes_of.column(file).view(dtype)
        self.spilled += bytes_of.n_bytes
        return column

    @staticmethod
    def is_mapped(column: NDArray[Any]) -> bool:
        """Whether a column (or a part of one) is in a file."""
        return part_of(column) is not None

    def stored(self, values: NDArray[Any], *, near: bool = False) -> NDArray[Any]:
        """The values as a column within the budget: a copy where there is one."""
        if self.memory is None:
            return values
        column = self.empty(values.shape, values.dtype, near=near, put=True)
        if values.ndim == 1 and values.flags.c_contiguous:
            self.put(column, 0, values)
        else:
            column[...] = values
        return column

    @staticmethod
    def put(column: NDArray[Any], at: int, values: NDArray[Any]) -> None:
        """``column[at : at + len(values)] = values`` (one dimension, one type), into its file where it has one."""
        write(column, at, values)

    @contextmanager
    def filling(self, column: NDArray[Any], first: int, last: int) -> Iterator[NDArray[Any]]:
        """Rows ``first`` to ``last`` of a column for a kernel that fills all of them; memory that is `put` there
        afterwards where the column is in a file."""
        if not self.is_mapped(column):
            yield column[first:last]
            return
        values = np.empty(last - first, column.dtype)
        yield values
        self.put(column, first, values)

    def _watch(self) -> None:
        """Keep the resident memory below the budget by giving mapped pages back, while the workspace is open."""
        wait = WATCH_SECONDS
        while not self._closed.wait(wait):
            wait = min(max(self.relieve() / BYTES_PER_SECOND, BUSY_SECONDS), WATCH_SECONDS)

    def relieve(self) -> float:
        """Give mapped pages back where they are too many; returns how many bytes there was room for."""
        if self._status is None or self.memory is None:
            return 0.0
        resident, shared = pages(os.pread(self._status.fileno(), STATUS_BYTES, 0))
        mapped = shared - self._others
        room = max(RELEASE_SHARE * self.memory - resident, MAPPED_SHARE * self.memory - mapped)
        if room < 0:
            self.release()
            if time.monotonic() > self._freed_until:
                self._freed_until = time.monotonic() + FREED_SECONDS
                give_back_freed_blocks()
        return room

    def scattered(self, block: int) -> int:
        """How many of ``block`` things that read columns here and there are worked on at a time: fewer where columns
        are mapped, because pages are given back between items at the latest."""
        return max(1, block // SCATTERED_PART) if self.spilled else block

    def release(self) -> None:
        """Give the pages of mapped columns back to the system; their values stay."""
        for file in self._files:
            file.release()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """``[function(item) for item in items]``, by all workers at once; kernels release the interpreter lock."""
        return list(self.each(function, items))

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """What `map` gives, one result after the other, while all workers are at the next few items."""
        listed: Sequence[Item] = list(items)

        def relieved(item: Item) -> Result:
            result = function(item)
            self.relieve()  # the watching thread may come late where the machine has much to do
            return result

        results: Iterator[Result] = map(relieved, listed)
        if self.workers > 1 and len(listed) > 1:
            results = self._threads.ahead(relieved, listed)
        for done, result in enumerate(results, 1):
            if self.told is not None and not self._threads.in_job():
                self.told(done, len(listed))
            yield result

    def beside(self, function: Callable[[], Result]) -> Job[Result]:
        """Begin ``function``, one at a time, beside what the caller does next; calling what is returned waits for its
        result.

        Where there is one worker it begins when it is waited for, and where columns had to be spilled, as memory is
        short, when it is told to `begin`. What it maps is not told.
        """
        job = Job(self._threads if self.workers > 1 else None, function)
        if not self.spilled:
            job.begin()
        return job

    def is_beside(self) -> bool:
        """Whether what was begun beside still goes on, and keeps a thread busy."""
        return self._threads.is_beside

    def close(self) -> None:
        """End the threads; columns that are still held keep their values."""
        self._threads.close()
        self._closed.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        if self._status is not None:
            self._status.close()
            self._status = None
        for file in self._files:
            file.close()
        self._files.clear()


def holds_all(memory: int, n_points: float) -> bool:
    """Whether a budget holds a whole scan of texts whose code points take ``n_points`` bytes."""
    return memory >= max(PLENTY, TIMES_TEXTS * n_points)


def room(memory: int, n_points: float | None = None, *, near: bool = False) -> float:
    """Bytes of columns that a budget holds in memory; ``n_points`` are those of code points, None if not known yet."""
    if n_points is not None and holds_all(memory, n_points):
        return FITTING_SHARE * memory
    return (NEAR_SHARE if near or memory >= PLENTY else COLUMN_SHARE) * memory
