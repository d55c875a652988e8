"""Columns in a file: what a stage found, written once and read back the same, array by array.

A value is an array, a tuple of values, an instance of a known class of columns (taken apart as ``match`` would do it:
``__match_args__``), or plain values that JSON has. The file holds the arrays as ``.npy`` data, one after the other, and
at its end, as one more, the JSON of how they belong together. Nothing in it is ever run: no pickles.
"""

from __future__ import annotations

import json
import os
import weakref
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.machine.workspace import Workspace
from detector.tables.scan_files import complete

CHUNK_BYTES = 1 << 24
"""Written, read and checked at a time: as much is resident of a mapped column."""


class StoredFile(NamedTuple):
    """A file of columns: its name, its bytes, where its last array begins, and the CRC-32 of all of it."""

    name: str
    n_bytes: int
    end: int
    crc: int


class Columns:
    """Values in the files of a folder; an array that stands in one file already is not written into another.

    ``kinds`` are the classes that a value may be made of. What is read is kept within the budget of ``work``.
    """

    def __init__(self, folder: Path, kinds: Sequence[type], work: Workspace) -> None:
        self._folder, self._work = folder, work
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._places: dict[int, tuple[weakref.ref[NDArray[Any]], str, int]] = {}

    def n_bytes(self, value: Any) -> int:
        """About how many bytes writing a value would add."""
        if isinstance(value, np.ndarray):
            return 0 if self._place(value) else value.nbytes
        if type(value).__name__ in self._kinds:
            return sum(self.n_bytes(getattr(value, name)) for name in type(value).__match_args__)
        if isinstance(value, tuple):
            return sum(map(self.n_bytes, value))
        return 100 * len(value) if isinstance(value, Sequence | Mapping) else 8

    def write(self, name: str, value: Any) -> StoredFile:
        """Write a value to a new file of that name, down to the disk; raises `OSError`."""
        stored = StoredFile(name, 0, 0, 0)

        def write(temporary: Path) -> None:
            nonlocal stored
            with temporary.open("wb", buffering=0) as file:
                out = _Checked(file)
                told = self._told(value, name, out)
                end = out.n_bytes
                out.array(np.frombuffer(json.dumps(told, default=_plain).encode(), np.uint8))
                os.fsync(file.fileno())
            stored = StoredFile(name, out.n_bytes, end, out.crc)

        complete(self._folder / name, write)
        return stored

    def is_whole(self, stored: StoredFile) -> bool:
        """Whether the file is what was written."""
        path = self._folder / stored.name
        try:
            return path.stat().st_size == stored.n_bytes and _crc(path) == stored.crc
        except OSError:
            return False

    def read(self, stored: StoredFile) -> Any:
        """The value that was written to a file that `is_whole`; raises `OSError`."""
        return self._made(json.loads(self._array(stored.name, stored.end).tobytes()))

    def _place(self, array: NDArray[Any]) -> tuple[str, int] | None:
        """File and offset of an array that is written already."""
        found = self._places.get(id(array))
        return found[1:] if found is not None and found[0]() is array else None

    def _told(self, value: Any, name: str, out: _Checked) -> dict[str, Any]:
        """How a value is made of arrays, which are written."""
        if isinstance(value, np.ndarray):
            place = self._place(value)
            if place is None:
                place = name, out.n_bytes
                out.array(value)
                self._places[id(value)] = weakref.ref(value), *place
            return {"array": [*place, bool(value.flags.writeable)]}
        kind = type(value).__name__
        if kind in self._kinds:
            return {"of": kind, "parts": [self._told(getattr(value, part), name, out) for part in _parts(value)]}
        if isinstance(value, tuple):
            return {"of": "tuple", "parts": [self._told(part, name, out) for part in value]}
        return {"plain": value}

    def _made(self, told: dict[str, Any]) -> Any:
        """The value that was told."""
        if "plain" in told:
            return told["plain"]
        if "array" in told:
            name, at, writeable = told["array"]
            values = self._array(name, at)
            values.flags.writeable = writeable  # kernels are compiled for either
            self._places[id(values)] = weakref.ref(values), name, at
            return values
        parts = [self._made(part) for part in told["parts"]]
        return tuple(parts) if told["of"] == "tuple" else self._kinds[told["of"]](*parts)

    def _array(self, name: str, at: int) -> NDArray[Any]:
        with (self._folder / name).open("rb") as file:
            file.seek(at)
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            values = self._work.empty(shape, dtype)
            left = _bytes_of(values)
            while left.nbytes and (n := file.readinto(left[:CHUNK_BYTES])):
                left = left[n:]
        return values


class _Checked:
    """A file that counts and checks what is written to it."""

    def __init__(self, file: BinaryIO | Any) -> None:
        self._file = file
        self.n_bytes = self.crc = 0

    def array(self, values: NDArray[Any]) -> None:
        """Write an array as ``.npy`` data, in rows."""
        values = np.ascontiguousarray(values)
        header = BytesIO()
        np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(values))
        self._put(memoryview(header.getvalue()))
        data = _bytes_of(values)
        for at in range(0, data.nbytes, CHUNK_BYTES):
            self._put(data[at : at + CHUNK_BYTES])

    def _put(self, data: memoryview) -> None:
        self.crc = zlib.crc32(data, self.crc)
        self.n_bytes += data.nbytes
        while data.nbytes:
            data = data[self._file.write(data) :]


def _bytes_of(values: NDArray[Any]) -> memoryview:
    return values.reshape(-1).view(np.uint8).data if values.size else memoryview(b"")


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            crc = zlib.crc32(chunk, crc)
    return crc


def _parts(value: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = type(value).__match_args__
    return names


def _plain(value: Any) -> Any:
    """What JSON has instead of a value that it has not."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no plain value")
