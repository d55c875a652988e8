"""Columns that do not fit in memory: parts of one file that are mapped, given back and used again.

What a file costs here is seldom the disk: it is that each page is made and cleared when it is first touched, brought
into the process page by page, and taken away with its file. So columns share files, whose parts are used again with
the pages that they have; and what has none is written once, in pieces of `PIECE_BYTES`, of which the system makes one
block each and maps it as one. One thread at a time writes to a file: the system lets no second one in, which waits for
it at work, and two that wrote 3 GB to one file took it four times the time that they took for a file each.
"""

from __future__ import annotations

import math
import mmap
import os
import tempfile
import threading
import time
import weakref
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.machine.system import take_room

PIECE_BYTES = 1 << 16
"""Written at a time: a place of a mapped column that is touched brings the piece around it into memory, at the price of
one page."""

LARGE_PIECE_BYTES = 1 << 21
"""Of columns that are only read in order, which cost next to nothing then: the system maps such a piece as a page."""

PART_BYTES = LARGE_PIECE_BYTES
"""Parts of the file are multiples of this."""

GROWTH_BYTES = 1 << 26
"""By which a file that is appended to gets longer at a time."""

FILLED_SECONDS = 60.0
"""How long a column that is read here and there is told so. Its pages come from the disk one by one meanwhile, of
others the system reads megabytes ahead."""

CAN_WRITE = hasattr(os, "pwrite")
"""Whether a file can be written to, and read from, beside its mapping."""


class Part(mmap.mmap):
    """A part of a file that a column stands in: it begins at byte ``at`` of ``file`` and is written in pieces of
    ``piece`` bytes. It is told so ``until`` some time that it is read in no order."""

    file: SpillFile
    at: int
    piece: int
    until: float


def part_of(column: NDArray[Any]) -> Part | None:
    """What holds the memory of a column, or of a part of one, where that is a file."""
    base: Any = column
    while isinstance(base, np.ndarray):
        base = base.base
    base = base.obj if isinstance(base, memoryview) else base
    return base if isinstance(base, Part) else None


def place_of(column: NDArray[Any]) -> tuple[int, int] | None:
    """The descriptor of the file that a column (or a part of one) is in, and the byte where it begins there; None where
    it is in memory, or its file is only to be had through its mapping."""
    part = part_of(column)
    if part is None or part.file.closed or not CAN_WRITE:
        return None
    return part.file.descriptor, part.at + _offset(column, part)


def write(column: NDArray[Any], first: int, values: NDArray[Any]) -> None:
    """``column[first : first + len(values)] = values`` (one dimension, one type), into its file where it has one: a
    page that is first written through a mapping costs more than all that stands on it."""
    part = part_of(column)
    if part is None or part.file.closed or not CAN_WRITE:
        column[first : first + len(values)] = values
    else:
        place = part.at + _offset(column, part) + first * column.itemsize
        part.file.write(values.view(np.uint8).data, place, part.piece)


class SpillFile:
    """A file without a name, so that nothing is left behind whatever ends the process; raises `OSError`."""

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._size = 0
        self._taking, self._writing = threading.Lock(), threading.Lock()
        self._free: list[tuple[int, int]] = []  # where each free part begins and its bytes, in order
        self._given: deque[tuple[int, int]] = deque()  # parts that are free and not yet among them
        self._parts: set[weakref.ref[Part]] = set()

    @property
    def n_columns(self) -> int:
        """Columns that somebody holds."""
        return len(self._parts)

    @property
    def n_bytes(self) -> int:
        """Of all columns that somebody holds."""
        with self._taking:
            self._join()
            return self._size - sum(size for _, size in self._free)

    def has_part(self, n_bytes: int) -> bool:
        """Whether a column of so many bytes would take no more of the disk."""
        with self._taking:
            self._join()
            return any(size >= _whole(n_bytes) for _, size in self._free)

    @property
    def closed(self) -> bool:
        """Whether it was let go."""
        return self._file.closed

    @property
    def descriptor(self) -> int:
        """By which the system knows it."""
        return self._file.fileno()

    def column(self, size: int, *, put: bool = False, in_order: bool = False, near: bool = False) -> NDArray[np.uint8]:
        """So many bytes of the file, some of it anew.

        What is not all written by `write` (``put``) has pages before it is touched; ``in_order``: in large pieces;
        ``near``: what is read of it is here and there.
        """
        at, is_used = self._take(size)
        if not (put or is_used) and CAN_WRITE:
            zeros = memoryview(bytes(min(PIECE_BYTES, size)))
            for begin in range(at, at + size, PIECE_BYTES):
                self.write(zeros[: at + size - begin], begin, PIECE_BYTES)
        part = Part(self.descriptor, size, offset=at)
        part.file, part.at, part.piece = self, at, LARGE_PIECE_BYTES if in_order else PIECE_BYTES
        part.until = time.monotonic() + FILLED_SECONDS if near else math.inf
        if hasattr(mmap, "MADV_HUGEPAGE") and in_order:
            with suppress(OSError):  # a system without them
                part.madvise(mmap.MADV_HUGEPAGE)  # what comes back from the disk comes in large pieces too
        elif hasattr(mmap, "MADV_RANDOM") and near:
            part.madvise(mmap.MADV_RANDOM)

        def forget(reference: weakref.ref[Part]) -> None:  # on any thread, also while another part is taken
            self._parts.discard(reference)
            self._given.append((at, size))

        self._parts.add(weakref.ref(part, forget))
        return np.frombuffer(part, np.uint8)

    def _take(self, n_bytes: int) -> tuple[int, bool]:
        """Where a part of so many bytes begins, and whether it was used before.

        Its room on the disk is taken at once: a page that has none when it is written to would end the process.
        """
        size = _whole(n_bytes)
        with self._taking:
            self._join()
            fitting = [part for part in self._free if part[1] >= size]
            if not fitting:
                take_room(self._file.fileno(), self._size, size)
                self._size += size
                return self._size - size, False
            at, n = min(fitting, key=lambda part: part[1])
            self._free[self._free.index((at, n))] = at + size, n - size
            return at, True

    def _join(self) -> None:
        """Parts that were given back among the free ones, neighbours as one."""
        while self._given:
            at, n_bytes = self._given.popleft()
            self._free.append((at, _whole(n_bytes)))
        joined: list[tuple[int, int]] = []
        for at, size in sorted(part for part in self._free if part[1]):
            if joined and sum(joined[-1]) == at:
                at, size = joined[-1][0], joined.pop()[1] + size
            joined.append((at, size))
        self._free = joined

    def write(self, data: memoryview, at: int, piece: int) -> None:
        """Write bytes to a place, in pieces that end at multiples of ``piece``."""
        while data.nbytes:
            with self._writing:
                n = self._write(data[: piece - at % piece], at)
            data, at = data[n:], at + n

    def _write(self, data: memoryview, at: int) -> int:
        if CAN_WRITE:
            return os.pwrite(self.descriptor, data, at)
        self._file.seek(at)
        return self._file.write(data) or 0

    def reach(self, end: int) -> None:
        """Make a file without columns long enough for what is written before byte ``end``."""
        with self._taking:
            if end > self._size:
                more = max(_whole(end - self._size), GROWTH_BYTES)
                take_room(self.descriptor, self._size, more)
                self._size += more

    def free(self, end: int) -> None:
        """End a file without columns behind byte ``end``, and make a free part of all before it."""
        with self._taking:
            self._size = _whole(end)
            self._free = [(0, self._size)]
            os.truncate(self.descriptor, self._size)

    def release(self) -> None:
        """Give the pages of all columns back to the system; their values stay, also those that a thread writes
        meanwhile: the pages of a shared mapping belong to its file, and only the process's view of them is dropped."""
        if hasattr(mmap, "MADV_DONTNEED"):
            now = time.monotonic()
            for reference in list(self._parts):
                part = reference()
                if part is not None:
                    part.madvise(mmap.MADV_DONTNEED)
                    if part.until < now:
                        part.madvise(mmap.MADV_NORMAL)
                        part.until = math.inf

    def close(self) -> None:
        """Let the file go; columns that are still held keep their values."""
        self._file.close()


class Growing:
    """Bytes that any thread appends to a file of their own, until all are there."""

    def __init__(self, folder: Path | None) -> None:
        self.file: SpillFile | None = None  # made for the first of them
        self.n_bytes = 0
        self._folder, self._lock = folder, threading.Lock()

    def append(self, data: memoryview) -> int:
        """Append bytes; returns where they begin. Raises `OSError` where they have no room."""
        with self._lock:
            file = self.file = self.file or SpillFile(self._folder)
            file.reach(self.n_bytes + data.nbytes)
            at, self.n_bytes = self.n_bytes, self.n_bytes + data.nbytes
        file.write(data, at, PIECE_BYTES)
        return at

    def column(self, file: SpillFile) -> NDArray[np.uint8]:
        """All that was appended to ``file``, once nobody appends any more."""
        file.free(self.n_bytes)
        return file.column(self.n_bytes, put=True)


def _offset(column: NDArray[Any], part: Part) -> int:
    """Bytes of a part before a column."""
    return column.ctypes.data - np.frombuffer(part, np.uint8).ctypes.data


def _whole(n_bytes: int) -> int:
    return -(-n_bytes // PART_BYTES) * PART_BYTES
