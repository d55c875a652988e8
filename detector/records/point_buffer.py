"""Texts that are decoded as they are read, where it is known beforehand how many characters there are at most.

Nothing waits then until the size of the buffer is known: the UTF-8 of a corpus is a third of what a scan reads into.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

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
