"""Texts that are decoded as they are read, where it is known beforehand how many characters there are at most.

Nothing waits then until the size of the buffer is known: the UTF-8 of a corpus is a third of what a scan reads into.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from detector.machine.spilling import Growing
from detector.machine.workspace import PLENTY, Workspace, room
from detector.records.inputs import NamedFile


class PointBuffer:
    """Room for ``most`` code points (uint32), of which memory holds those that are there; any thread may add some."""

    def __init__(self, most: int) -> None:
        self._points = np.empty(most, np.uint32)
        self._n = 0
        self._lock = threading.Lock()

    def decode(
        self, values: NDArray[np.uint8], offsets: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> NDArray[np.int64] | None:
        """Decode each ``values[offsets[d]:offsets[d + 1]]`` of ``counts[d]`` code points; returns where each begins
        (int64), None where they do not fit: a file may have grown."""
        from detector.kernels.decoding import decode_texts

        ends = np.cumsum(counts)
        n = int(ends[-1]) if len(ends) else 0
        with self._lock:
            begin = self._n
            if begin + n > len(self._points):
                return None
            self._n += n
        to = begin + ends - counts
        decode_texts(values, offsets, self._points, to)
        return to

    def points(self, work: Workspace) -> NDArray[np.uint32]:
        """The code points that were decoded, once nobody adds any; the rest of the room is given back."""
        points = self._points
        del self._points
        points.resize(self._n, refcheck=False)
        return work.counted(points)


class PointFile:
    """Code points (uint32) in a file that grows with them; any thread may add some."""

    def __init__(self, work: Workspace, bytes_of: Growing) -> None:
        self._work, self._bytes = work, bytes_of

    def __len__(self) -> int:
        return self._bytes.n_bytes // np.dtype(np.uint32).itemsize

    def decode(
        self, values: NDArray[np.uint8], offsets: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Decode each ``values[offsets[d]:offsets[d + 1]]`` of ``counts[d]`` code points; returns where each begins
        (int64). Raises `OutputError` where the file has no room."""
        from detector.kernels.decoding import decode_texts

        ends = np.cumsum(counts)
        points, to = np.empty(int(ends[-1]) if len(ends) else 0, np.uint32), ends - counts
        decode_texts(values, offsets, points, to)
        return to + self._work.append(self._bytes, points)

    def points(self) -> NDArray[np.uint32]:
        """The code points as a column, once nobody adds any."""
        return self._work.grown(self._bytes, np.uint32)


def point_buffer(files: Iterable[NamedFile], work: Workspace) -> PointBuffer | None:
    """A buffer for the texts of some files; None where nobody knows how many characters they have (packed ones, the
    standard input), or where the budget has no room for as many as there may be.

    A character is a byte at least, in every encoding and in JSON.
    """
    most = 0
    for file in files:
        if file.path is None or file.name.format == "parquet" or file.name.compression is not None:
            return None
        with suppress(OSError):  # the reader tells of it
            most += file.path.stat().st_size
    fits = work.memory is None or (work.memory >= PLENTY and work.used + 4 * most <= room(work.memory))
    return PointBuffer(most) if fits else None
