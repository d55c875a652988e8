"""Files that are written past the system's cache, where the disk is quick.

What a scan writes is several times what it read, and nobody reads it at once. In the cache it takes the place of what
others will read, and memory that the system must find first: on a virtual machine, whose host has taken back what was
free, that is 2.4 ms a megabyte, five times as long as the disk beside it took (2.1 GB a second). A slow disk is left to
the cache, which takes everything and writes it in its own time.
"""

from __future__ import annotations

import mmap
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BLOCK = 1 << 22
"""Bytes that are written at once; what is shorter than one goes through the cache."""

SECTOR = 1 << 12
"""Bytes of which places and sizes are multiples where the cache is passed by, as file systems of Linux ask."""

SLOWEST = 400e6
"""Bytes a second that a disk must take: about as many as the cache of that machine took."""

PATIENCE = 0.1
"""Seconds that writing may have taken longer than that before it is left to the cache."""


class UncachedFile:
    """A new file for writing from its beginning to its end; a context manager. Raises `OSError`.

    The same bytes stand in it whether the system lets it pass by the cache or not.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._block = memoryview(mmap.mmap(-1, BLOCK))  # begins at a page
        self._n = 0
        self._late = -PATIENCE  # seconds behind a disk that takes just enough
        self._passes = self._pass_by(wanted=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._file.close()

    def write(self, data: Any) -> None:
        """Append bytes, or an array of them."""
        left = memoryview(data).cast("B") if len(data) else self._block[:0]  # an empty array is cast to nothing
        while left.nbytes:
            n = min(left.nbytes, BLOCK - self._n)
            self._block[self._n : self._n + n] = left[:n]
            self._n += n
            left = left[n:]
            if self._n == BLOCK:
                self._put(self._block)
                self._n = 0

    def _put(self, block: memoryview) -> None:
        """Write a block, past the cache as long as the disk is quick."""
        begun, left = time.monotonic(), block
        while left.nbytes:
            try:
                n = os.write(self._file.fileno(), left)
            except OSError:
                if not self._passes:
                    raise
                n = 0  # the file system may ask for more than sectors; what else is wrong is wrong with the cache, too
            left = left[n:]
            if n % SECTOR or not n:
                self._passes = self._pass_by(wanted=False)
        self._late += time.monotonic() - begun - block.nbytes / SLOWEST
        if self._passes and self._late > 0:
            self._passes = self._pass_by(wanted=False)

    def _finish(self) -> None:
        """Write what is left: its whole sectors, and the rest through the cache."""
        whole = self._n - self._n % SECTOR
        if self._n < BLOCK and self._file.tell() == 0:
            whole = 0  # small, and likely read soon
        self._put(self._block[:whole])
        if self._passes:
            self._passes = self._pass_by(wanted=False)
        self._put(self._block[whole : self._n])

    def _pass_by(self, *, wanted: bool) -> bool:
        """Tell the system whether to pass by the cache; returns whether it does."""
        if fcntl is None or not hasattr(os, "O_DIRECT"):
            return False
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        try:
            fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
        except OSError:  # a file system that has only its cache
            return False
        return wanted
