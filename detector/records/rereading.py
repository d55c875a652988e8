"""Texts that are read again from the files they came from, so that no copy of a large file is kept meanwhile."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError, printable
from detector.kernels.json_lines import unescape_texts
from detector.records.arrow_rows import FilePlaces, file_state
from detector.records.stores import TextStore

SMALLEST_FILE = 1 << 24
"""Bytes; texts of smaller files are kept: there may be thousands of such, and each would be opened again and again."""

STORED = -1


class Sources:
    """Where texts are: `STORED` in a store, or in files that have numbers from 0 on."""

    def __init__(self, store: TextStore) -> None:
        self._store = store
        self._files: list[tuple[Path, tuple[int, ...]]] = []

    def number(self, places: FilePlaces | None) -> int:
        """The number of a file, `STORED` where its texts are to be stored."""
        if places is None or places.state[2] < SMALLEST_FILE:
            return STORED
        file = places.path, places.state
        if not self._files or self._files[-1] != file:
            self._files.append(file)
        return len(self._files) - 1

    def read(
        self, start: NDArray[np.int64], stop: NDArray[np.int64], number: NDArray[np.int32]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The texts at these places, one after the other (uint8), and where each begins there (int64, n + 1).

        Raises `InputError` where a file is not what it was.
        """
        if bool((number == STORED).all()):
            return self._store.read(start, stop)
        bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(stop - start)))
        held = np.empty(int(bounds[-1]) + 1, np.uint8)
        held[-1] = ord("\n")
        ranges = list(pairwise(bounds.tolist()))
        for file in sorted(set(number.tolist())):
            rows = np.flatnonzero(number == file).tolist()
            parts = ((int(start[row]), held[slice(*ranges[row])]) for row in rows)
            if file == STORED:
                for at, part in parts:
                    self._store.take(at, part)
                continue
            path, state = self._files[file]
            try:
                with path.open("rb", buffering=0) as opened:
                    for at, part in parts:
                        opened.seek(at)
                        opened.readinto(part.data)
                    is_same = file_state(opened) == state
            except OSError as error:
                raise InputError(f"{printable(str(path))}: cannot be read again: {error.strerror or error}") from None
            if not is_same:
                raise _changed(path)
        values, offsets = np.empty(len(held), np.uint8), np.empty(len(bounds), np.int64)
        words = held[: len(held) // 8 * 8].view(np.uint64)
        if not unescape_texts(held, words, bounds, number != STORED, values, offsets):
            raise _changed(self._files[-1][0])
        values.flags.writeable = False  # as those of a store are: one compiled kernel serves both
        return values, offsets


def _changed(path: Path) -> InputError:
    return InputError(f"{printable(str(path))}: was changed while it was read; scan it again, or a copy of it")
