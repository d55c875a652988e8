"""Stretches: runs of rows all of whose windows of a few rows stand in two families. Every repeat lies in one."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels import counting
from detector.machine.columns import Gathered, add_all
from detector.machine.workspace import Workspace

BLOCK_ROWS, LARGE_BITS = (1 << 20) - (1 << 13), 12
"""Rows (tokens, passages) that are hashed at a time, of which with the rest of a passage there are less than 2**20, and
the bits of a partition's number below which it is fewer."""

PARTITION_ROWS, MAX_PARTITION_BITS = 1 << 15, 14
"""Windows in a partition, on average: their table of twice as many words of 64 bits fits the cache of a core."""


class Rows(NamedTuple):
    """What repeats are made of, in sections that no repeat leaves: tokens in passages, or passages in documents.

    A row each: its hash, ``hashed[1][hashed[0][row]]`` (uint64; uint32), ``kind`` (uint8; from 128 on a slot, of which
    one is as good as another), a bit in ``junk`` (uint8, eight in each); a section each: rows ``bounds[s]`` to
    ``bounds[s + 1]`` (int64), ``owner`` (int32, the family) and ``counted`` (int32), the family that its windows are
    counted for: the owner, or for a section that two families have word for word ``n_families`` in one of the copies
    and -1 in the others.
    """

    hashed: tuple[NDArray[np.uint32], NDArray[np.uint64]]
    kind: NDArray[np.uint8]
    junk: NDArray[np.uint8]
    bounds: NDArray[np.int64]
    owner: NDArray[np.int32]
    counted: NDArray[np.int32]
    n_families: int


class Stretches(NamedTuple):
    """Runs of rows worth a closer look: ``start`` (int64), ``length``, ``family`` (int32)."""

    start: NDArray[np.int64]
    length: NDArray[np.int32]
    family: NDArray[np.int32]


def find_stretches(rows: Rows, size: int, work: Workspace) -> Stretches:
    """The longest runs of one section outside junk that are covered by windows of ``size`` rows (slots between them not
    counted) that two families have, with the slots on both sides: whether a run is maximal depends on them."""
    windows = _Windows(rows, size, work)
    blocks = range(len(windows.blocks))
    work.map(windows.scatter, blocks)
    steps = np.linspace(0, 1 << windows.bits, min(1 << windows.bits, 16) + 1).astype(np.int64).tolist()
    work.map(windows.count, pairwise(steps))
    windows.join()
    columns = [Gathered(work, dtype) for dtype in (np.int64, np.int32, np.int32)]
    for part in work.each(windows.stretches, blocks):
        add_all(columns, part)
    return Stretches(*(column.column() for column in columns))


class _Windows:
    """The windows of some rows, block by block: hashed, counted and found again at their places."""

    def __init__(self, rows: Rows, size: int, work: Workspace) -> None:
        self.rows, self.size, self._work = rows, size, work
        self._tokens = (rows.hashed, rows.kind, rows.junk, rows.kind[: len(rows.kind) & ~7].view(np.uint64))
        first, last = int(rows.bounds[0]), int(rows.bounds[-1])
        self.bits = min(max(((last - first) // PARTITION_ROWS).bit_length(), 1), MAX_PARTITION_BITS)
        block = max(1, BLOCK_ROWS >> min(max(0, LARGE_BITS - self.bits), 3))
        cuts = np.unique(np.append(np.searchsorted(rows.bounds, np.arange(first, last, block)), len(rows.bounds) - 1))
        self.blocks = list(pairwise(cuts.tolist()))
        self._shift = np.uint64(64 - self.bits)
        self._row = rows.bounds[cuts] - first
        longest = int(np.diff(self._row).max(initial=1))
        self._widths = rows.n_families.bit_length(), longest.bit_length()
        # as many windows have room as there would be without slots and junk
        n_windows = np.maximum(np.diff(rows.bounds) - (size - 1), 0)
        n_windows[rows.counted < 0] = 0
        sizes = np.add.reduceat(np.append(n_windows, 0), cuts[:-1]) if len(n_windows) else np.empty(0, np.int64)
        # every other block has its windows in another column: two threads write to two files at once
        self._base = np.zeros(len(sizes), np.int64)
        for half in range(2):
            self._base[half::2] = np.cumsum(sizes[half::2]) - sizes[half::2]
        self._words = tuple(work.empty(int(sizes[half::2].sum()), np.uint64, put=True) for half in range(2))
        self._begin = np.zeros((len(self.blocks), (1 << self.bits) + 1), np.int64)
        self._shared: list[NDArray[np.uint64]] = []

    def scatter(self, block: int) -> None:
        """Hash the windows of a block and put them in the order of their partitions."""
        rows, (first, stop) = self.rows, self.blocks[block]
        room = int(rows.bounds[stop] - rows.bounds[first])
        keys, ends, families = (np.empty(room, dtype) for dtype in (np.uint64, np.int32, np.int32))
        begin = self._begin[block]
        n_runs = counting.hash_windows(
            self._tokens, rows.bounds, rows.counted, first, stop, self.size, self._shift, keys, ends, families, begin
        )
        n, base = int(begin[-1]), int(self._base[block])
        with self._work.filling(self._words[block & 1], base, base + n) as words:
            counting.scatter_windows(keys, ends[:n_runs], families, self.size, self._shift, self._widths, begin, words)
        begin += base

    def count(self, partitions: tuple[int, int]) -> None:
        """Find out which windows of some partitions two families have. No two threads may set bits of one word."""
        try:
            shared = self._shared.pop()
        except IndexError:
            shared = np.zeros((int(self._row[-1]) >> 6) + 1, np.uint64)
        counting.count_partitions(self._words, self._begin, self._row, *partitions, self._widths, shared)
        self._shared.append(shared)

    def join(self) -> None:
        """Put together what was counted; the windows are not needed any more."""
        self._words = ()
        while len(self._shared) > 1:
            self._shared[0] |= self._shared.pop()

    def stretches(self, block: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """The columns of the stretches of a block."""
        rows, (low, high) = self.rows, self.blocks[block]
        room = int(rows.bounds[high] - rows.bounds[low]) // self.size + 1
        start, length, section = np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.int32)
        n = counting.find_stretches(
            self._tokens, rows.bounds, rows.counted, low, high, self.size, rows.n_families, self._shared[0],
            int(self._row[block]), start, length, section,
        )  # fmt: skip
        return start[:n].copy(), length[:n].copy(), rows.owner[section[:n]]
