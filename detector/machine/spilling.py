"""Columns that do not fit in memory: parts of one file that are mapped, given back and used again.

What a file costs here is seldom the disk: it is that each page is made and cleared when it is first touched, brought
into the process page by page, and taken away with its file. So all columns share one file, whose parts are used again
with the pages that they have; and what has none is written once, in pieces of `PIECE_BYTES`, of which the system makes
one block each and maps it as one.
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

FILLED_SECONDS = 60.0
"""How long a column that is read here and there is told so. Its pages come from the disk one by one meanwhile, of
others the system reads megabytes ahead."""

CAN_WRITE = hasattr(os, "pwrite")
"""Whether a file can be written to beside its mapping."""


class SpillFile:
    """A file without a name, so that nothing is left behind whatever ends the process; raises `OSError`."""

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._size = 0
        self._taking = threading.Lock()
        self._free: list[tuple[int, int]] = []  # where each free part begins and its bytes, in order
        self._given: deque[tuple[int, int]] = deque()  # parts that are free and not yet among them
        self._maps: dict[weakref.ref[mmap.mmap], float] = {}  # until when each is told to be read in no order
        self._places: dict[int, int] = {}  # where columns begin in the file, by the identity of their mapping
        self._ordered: set[int] = set()  # those of them that are written in large pieces

    @property
    def n_columns(self) -> int:
        """Columns that somebody holds."""
        return len(self._maps)

    def column(self, size: int, *, put: bool = False, in_order: bool = False, near: bool = False) -> NDArray[np.uint8]:
        """So many bytes of the file, some of it anew.

        What is not all written by `write` (``put``) has pages before it is touched; ``in_order``: in large pieces;
        ``near``: what is read of it is here and there.
        """
        at, is_used = self._take(size)
        if not (put or is_used) and CAN_WRITE:
            zeros = memoryview(bytes(min(PIECE_BYTES, size)))
            for begin in range(at, at + size, PIECE_BYTES):
                self._write(zeros[: at + size - begin], begin, PIECE_BYTES)
        mapped = mmap.mmap(self._file.fileno(), size, offset=at)
        if hasattr(mmap, "MADV_HUGEPAGE") and in_order:
            with suppress(OSError):  # a system without them
                mapped.madvise(mmap.MADV_HUGEPAGE)  # what comes back from the disk comes in large pieces too
        elif hasattr(mmap, "MADV_RANDOM") and near:
            mapped.madvise(mmap.MADV_RANDOM)
        key = id(mapped)

        def forget(reference: weakref.ref[mmap.mmap]) -> None:  # on any thread, also while another part is taken
            del self._maps[reference]
            self._ordered.discard(key)
            self._given.append((self._places.pop(key), size))

        self._maps[weakref.ref(mapped, forget)] = time.monotonic() + FILLED_SECONDS if near else math.inf
        self._places[key] = at
        if in_order:
            self._ordered.add(key)
        return np.frombuffer(mapped, np.uint8)

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

    def has(self, column: NDArray[Any]) -> bool:
        """Whether a column (or a part of one) is in the file."""
        return id(_mapping(column)) in self._places

    def place_of(self, column: NDArray[Any]) -> int:
        """Where a column (or a part of one) that it has begins in the file."""
        mapped = _mapping(column)
        return self._places[id(mapped)] + _offset(column, mapped)

    def write(self, column: NDArray[Any], first: int, values: NDArray[Any]) -> None:
        """Write values to the rows from ``first`` on of a column that it has (one dimension, one type)."""
        place = self.place_of(column) + first * column.itemsize
        piece = LARGE_PIECE_BYTES if id(_mapping(column)) in self._ordered else PIECE_BYTES
        self._write(values.view(np.uint8).data, place, piece)

    def _write(self, data: memoryview, at: int, piece: int) -> None:
        while data.nbytes:
            n = os.pwrite(self._file.fileno(), data[: piece - at % piece], at)
            data, at = data[n:], at + n

    def release_part(self, column: NDArray[Any]) -> None:
        """Give the pages of a part of a column that it has back to the system; its values stay."""
        if hasattr(mmap, "MADV_DONTNEED") and column.nbytes:
            mapped = _mapping(column)
            at = _offset(column, mapped)
            begin = at - at % mmap.PAGESIZE
            mapped.madvise(mmap.MADV_DONTNEED, begin, at + column.nbytes - begin)

    def release(self) -> None:
        """Give the pages of all columns back to the system; their values stay, also those that a thread writes
        meanwhile: the pages of a shared mapping belong to its file, and only the process's view of them is dropped."""
        if hasattr(mmap, "MADV_DONTNEED"):
            now = time.monotonic()
            for reference in list(self._maps):  # the keys only: a collection while pairs are made would change the dict
                mapped, until = reference(), self._maps.get(reference, math.inf)
                if mapped is not None:
                    mapped.madvise(mmap.MADV_DONTNEED)
                    if until < now:
                        mapped.madvise(mmap.MADV_NORMAL)
                        self._maps[reference] = math.inf

    def close(self) -> None:
        """Let the file go; columns that are still held keep their values."""
        self._file.close()


def _mapping(column: NDArray[Any]) -> Any:
    """What holds the memory of a column; where that is a file, its mapping."""
    base: Any = column
    while isinstance(base, np.ndarray):
        base = base.base
    return base.obj if isinstance(base, memoryview) else base


def _offset(column: NDArray[Any], mapped: mmap.mmap) -> int:
    """Bytes of a mapping before a column."""
    return column.ctypes.data - np.frombuffer(mapped, np.uint8).ctypes.data


def _whole(n_bytes: int) -> int:
    return -(-n_bytes // PART_BYTES) * PART_BYTES
