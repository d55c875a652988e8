"""What a scan of whole documents sets aside in files without a name: texts, and rows of bytes."""

from __future__ import annotations

import os
import tempfile
import threading
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detector.errors import OutputError
from detector.records.arrow_rows import TextBlock


class _Store:
    """A file without a name; a context manager. Threads read and write at once where the system lets them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _put(self, values: NDArray[np.uint8], at: int) -> None:
        left = values.data
        try:
            while left.nbytes:
                n = self._write(left, at)
                left, at = left[n:], at + n
        except OSError as error:
            raise OutputError(f"no room for what is set aside in a file: {error.strerror or error}") from None

    def _write(self, data: memoryview, at: int) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(self._file.fileno(), data, at)
        with self._lock:
            self._file.seek(at)
            return self._file.write(data) or 0

    def take(self, at: int, values: NDArray[np.uint8]) -> None:
        """Fill ``values`` with what was written at a place."""
        left = values.data
        while left.nbytes and (n := self._read(left, at)):
            left, at = left[n:], at + n

    def _read(self, into: memoryview, at: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [into], at)
        with self._lock:
            self._file.seek(at)
            return self._file.readinto(into) or 0


class TextStore(_Store):
    """Texts one after the other, as UTF-8, in a file without a name."""

    def write(self, block: TextBlock, at: int) -> None:
        """Write the texts of a block to its place; any thread may do so. Raises `OutputError` where they do not fit."""
        self._put(block.values[block.offsets[0] : block.offsets[-1]], at)

    def read(self, start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The texts at these places, one after the other (uint8), and where each begins there (int64, n + 1).

        They are read and not mapped: the system maps much more than what is touched, and memory fills with it.
        """
        bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(stop - start)))
        values = np.empty(int(bounds[-1]), np.uint8)
        for at, (left, right) in zip(start.tolist(), pairwise(bounds.tolist()), strict=True):
            self.take(at, values[left:right])
        values.flags.writeable = False  # as Arrow's buffers are: one compiled kernel serves all
        return values, bounds


class RowStore(_Store):
    """Rows of so many bytes in a file without a name."""

    def __init__(self, n_bytes: int, folder: Path | None = None) -> None:
        super().__init__(folder)
        self._n_bytes = n_bytes

    def write(self, rows: NDArray[np.uint8], first: int) -> None:
        """Write rows from number ``first`` on; any thread may do so. Raises `OutputError` where they do not fit."""
        self._put(rows.ravel(), first * self._n_bytes)

    def read(self, first: int, n: int) -> NDArray[np.uint8]:
        """``n`` rows from number ``first`` on (uint8, a row each)."""
        rows = np.empty((n, self._n_bytes), np.uint8)
        self.take(first * self._n_bytes, rows.ravel())
        return rows
