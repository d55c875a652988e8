"""Maximal repeats over sequences of symbols that families have in common: the engine under phrases and blocks.

A repeat is a run of symbols inside one sequence. Its families are the families of all sequences that hold it. It is
maximal if no longer run around it, by one symbol to the left or to the right, is in as many families.

Three steps leave little to sort. Only *stretches* are kept, all of whose windows of a few symbols stand in two families
(`detector.matching.stretches`); every repeat lies in one. Equal stretches are one. Windows of which each always stands
before the next one, and nothing else does, are one *chain*: a run that begins or ends inside one is in no more families
than the whole, so maximal repeats are runs of chains (`Repeats`).
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels import linking, repeating
from detector.kernels.hashing import hash_rows
from detector.kernels.phrasing import sort_places
from detector.machine.ranges import row_ranges
from detector.machine.workspace import Workspace
from detector.matching.stretches import Rows, Stretches
from detector.text.tokens import SLOT_HASH

WORD_BITS = 63
"""Of a run and a row, up to which they are sorted as one word: a third of the time and of the memory."""

BLOCK_PLACES = 1 << 20
"""Places of runs that are put in order at a time."""


class Sequences(NamedTuple):
    """Sequences of symbols, each distinct one once, with the families that have it.

    ``symbols``: int32, all sequences after each other; ``indptr``: int64, n + 1; ``families``: int32, different within
    a sequence, those of sequence s are ``families[family_indptr[s]:family_indptr[s + 1]]`` (int64); ``n_families``:
    families are numbers below it.
    """

    symbols: NDArray[np.int32]
    indptr: NDArray[np.int64]
    families: NDArray[np.int32]
    family_indptr: NDArray[np.int64]
    n_families: int


class Runs(NamedTuple):
    """Runs of symbols: ``start`` (the lowest place in the symbols), ``length``, ``n_families`` (int64)."""

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    n_families: NDArray[np.int64]


class Copies(NamedTuple):
    """Equal stretches as one sequence: ``number`` (int32) of each stretch's, in the order in which they first come.

    ``first``: int64, the first stretch of each; ``stretch``: int64, the stretches of sequence s, ascending, are
    ``stretch[indptr[s]:indptr[s + 1]]`` (int64); ``families`` (int32), different ones, ``family_indptr`` (int64).
    """

    number: NDArray[np.int32]
    first: NDArray[np.int64]
    stretch: NDArray[np.int64]
    indptr: NDArray[np.int64]
    families: NDArray[np.int32]
    family_indptr: NDArray[np.int64]


def collapse(rows: Rows, stretches: Stretches) -> Copies:
    """Equal stretches made one."""
    keys = hash_rows(rows.hashed, rows.kind, SLOT_HASH, stretches.start, stretches.length)
    number, first = linking.number_keys(keys)
    return Copies(number, first, *linking.gather_copies(number, len(first), stretches.family, rows.n_families))


class RepeatIndex:
    """All repeats of some sequences, for listing the maximal ones and looking up any run.

    Time and memory are linear in the symbols and in the families of all positions, but for the suffix sort.
    """

    def __init__(self, sequences: Sequences, work: Workspace | None = None) -> None:
        work = work or Workspace()
        self.sequences = sequences
        lengths, symbols = np.diff(sequences.indptr), sequences.symbols
        stored = partial(work.stored, near=True)
        self.owner = stored(np.repeat(np.arange(len(lengths), dtype=np.int32), lengths))
        self._ends = stored(np.repeat(sequences.indptr[1:].astype(np.int32), lengths))
        n_symbols = int(symbols.max()) + 1 if len(symbols) else 0
        self.suffixes, self._rank = map(stored, repeating.sort_suffixes(symbols, self._ends, n_symbols))
        prefix = repeating.common_prefixes(symbols, self._ends, self.suffixes, self._rank)
        tree, count, leaf_node = repeating.interval_tree(
            prefix, self.owner, self.suffixes, sequences.family_indptr, sequences.families, sequences.n_families
        )
        self._tree, self._count, self._leaf_node = tuple(map(stored, tree)), stored(count), stored(leaf_node)
        self._sequence_count = np.diff(sequences.family_indptr)

    def maximal(self, min_length: int) -> Runs:
        """The maximal repeats of at least ``min_length`` symbols and two families, by their lowest places."""
        (length, _, _, lowest, _, _), suffixes, leaf_node = self._tree, self.suffixes, self._leaf_node
        leaf_count = self._sequence_count[self.owner[suffixes]]
        extended = repeating.extended(self._tree, self._count, leaf_node, self._rank, suffixes, self._ends, leaf_count)
        nodes = np.flatnonzero((length >= max(min_length, 1)) & (self._count >= 2) & ~extended)
        # a lone suffix that does not begin its sequence extends to the left with all its families
        leaf_length = self._ends[suffixes] - suffixes
        begins = self.sequences.indptr[self.owner[suffixes]] == suffixes
        leaves = np.flatnonzero(
            begins & (leaf_length > length[leaf_node]) & (leaf_length >= min_length) & (leaf_count >= 2)
        )
        runs = Runs(
            np.concatenate((lowest[nodes], suffixes[leaves])).astype(np.int64),
            np.concatenate((length[nodes], leaf_length[leaves])).astype(np.int64),
            np.concatenate((self._count[nodes], leaf_count[leaves])),
        )
        order = np.lexsort((runs.length, runs.start))
        return Runs(*(column[order] for column in runs))

    def lowest(self, start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
        """The lowest place of each run."""
        nodes = self._nodes(start, length)
        return np.where(nodes >= 0, self._tree[3][nodes], start)

    def count(self, start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
        """In how many families each run is."""
        nodes = self._nodes(start, length)
        return np.where(nodes >= 0, self._count[nodes], self._sequence_count[self.owner[start]])

    def interval(
        self, start: NDArray[np.int64], length: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The first and the last of the ``suffixes`` that begin with each run."""
        nodes, rank = self._nodes(start, length), self._rank[start]
        return np.where(nodes >= 0, self._tree[1][nodes], rank), np.where(nodes >= 0, self._tree[2][nodes], rank)

    def occurrences(
        self, start: NDArray[np.int64], length: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """All places of all runs, of each run after each other, and their offsets (int64)."""
        return _all_places(*self.interval(start, length), self.suffixes)

    def sequence_of(self, place: NDArray[Any]) -> NDArray[np.int32]:
        """The sequence that holds each place."""
        return np.asarray(self.owner[place])

    def _nodes(self, start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int32]:
        tree_length, _, _, _, parent, jump = self._tree
        return np.asarray(repeating.locate(start, length, self._rank, self._leaf_node, tree_length, parent, jump))


def _all_places(
    first: NDArray[np.int32], last: NDArray[np.int32], suffixes: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The suffixes of all intervals, one after the other, and their offsets (int64)."""
    indptr = np.concatenate(([0], np.cumsum(last.astype(np.int64) - first + 1)))
    return indptr, repeating.list_places(first, last, suffixes, indptr)


class Places(NamedTuple):
    """Where runs stand in the distinct stretches. They are many, and are listed by those who need them.

    A run stands ``before`` rows after the beginnings of the chains ``suffixes[first]`` to ``suffixes[last]`` (int32, a
    row per run); chain c is in the distinct stretch ``owner[c]``, ``offset[c]`` rows from its beginning (int32).
    ``copy_indptr``: int64, the copies of each distinct stretch, among those of all.
    """

    first: NDArray[np.int32]
    last: NDArray[np.int32]
    before: NDArray[np.int32]
    suffixes: NDArray[np.int32]
    owner: NDArray[np.int32]
    offset: NDArray[np.int32]
    copy_indptr: NDArray[np.int64]

    def n_copies(self) -> NDArray[np.int64]:
        """How often each run stands in all stretches."""
        return np.asarray(repeating.count_copies(*self[:2], self.suffixes, self.owner, self.copy_indptr), np.int64)

    def copied(self, copy_start: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All places in all stretches: run and first row, sorted by both; ``copy_start`` is where each copy begins."""
        indptr, where = _all_places(self.first, self.last, self.suffixes)
        run = np.repeat(np.arange(len(self.first), dtype=np.int32), np.diff(indptr))
        return self.copies(run, self.owner[where], self.offset[where] + self.before[run], copy_start)

    def copies(
        self, run: NDArray[np.int32], sequence: NDArray[np.int32], offset: NDArray[np.int32],
        copy_start: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
        """Some places (runs, distinct stretches and offsets in them) in all stretches, as `copied` has them."""
        copies = np.diff(self.copy_indptr)[sequence]
        copy = np.repeat(self.copy_indptr[sequence] - (np.cumsum(copies) - copies), copies)
        copy += np.arange(len(copy))
        row = copy_start[copy]
        del copy
        row += np.repeat(offset, copies)
        every = np.repeat(run, copies).astype(np.int64)
        bits = int(row.max(initial=0)).bit_length()
        if int(every.max(initial=0)).bit_length() + bits > WORD_BITS:
            order = np.lexsort((row, every))
            return every[order], row[order]
        every <<= bits
        every |= row
        del row
        every.sort()
        return every >> bits, every & ((1 << bits) - 1)


class PlacesInOrder(NamedTuple):
    """The places of runs by distinct stretch: those of stretch s are rows ``indptr[s]`` to ``indptr[s + 1]`` (int64) of
    ``run`` and ``offset`` (int32), in the order of their offsets, the longer run first."""

    indptr: NDArray[np.int64]
    run: NDArray[np.int32]
    offset: NDArray[np.int32]

    def part(self, first: int, last: int) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """The stretch, run and offset of each place in the stretches ``first`` to ``last``."""
        sequence = np.repeat(np.arange(first, last, dtype=np.int32), np.diff(self.indptr[first : last + 1]))
        here = slice(self.indptr[first], self.indptr[last])
        return sequence, self.run[here], self.offset[here]


class MaximalRuns(NamedTuple):
    """Maximal repeats by their lowest places: ``sequence`` (the distinct stretch), ``offset`` in it, ``length`` in
    rows, and as chains ``chain``, ``n_chains``."""

    sequence: NDArray[np.int32]
    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    chain: NDArray[np.int64]
    n_chains: NDArray[np.int64]


class Repeats:
    """The repeats of at least ``size`` rows of some stretches.

    ``start`` (int64), ``length`` (int32): the rows of the first of each stretch's copies.
    """

    def __init__(self, rows: Rows, stretches: Stretches, size: int, work: Workspace | None = None) -> None:
        work = work or Workspace()
        self.size = size
        self.copies = collapse(rows, stretches)
        first = self.copies.first
        self.start, self.length = stretches.start[first], stretches.length[first]
        # where the chains begin among the windows of all distinct stretches, so that one search finds any
        self._window = np.concatenate(([0], np.cumsum(np.maximum(self.length.astype(np.int64) - size + 1, 0))))
        symbols, indptr = self._chains(rows, work)
        families, family_indptr = self.copies.families, self.copies.family_indptr
        self.index = RepeatIndex(Sequences(symbols, indptr, families, family_indptr, rows.n_families), work)
        self._chain_window = work.empty(len(symbols) + 1, np.int64)
        np.take(self._window, self.index.owner, out=self._chain_window[:-1], mode="clip")
        self._chain_window[:-1] += self._offset
        self._chain_window[-1] = self._window[-1]

    def _chains(self, rows: Rows, work: Workspace) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The chains of all distinct stretches and their offsets."""
        n, size = int(self._window[-1]), self.size
        types = (np.int32, np.uint64, np.int32, np.int32)
        number, keys, before, after = (work.empty(n, dtype, near=True) for dtype in types)
        n = linking.link_windows(
            rows.hashed, rows.kind, SLOT_HASH, self.start, self.length, size, number, keys, before, after
        )
        del keys
        symbols, offset, indptr = linking.chain_windows(number, before[:n], after[:n], self.length, size)
        self._offset = work.stored(offset)
        return work.stored(symbols), indptr

    def maximal(self) -> MaximalRuns:
        """The maximal repeats in two families."""
        chain, n_chains, _ = self.index.maximal(1)
        sequence = self.index.sequence_of(chain)
        begins, ends = self._chain_window[chain], self._chain_window[chain + n_chains]
        return MaximalRuns(sequence, begins - self._window[sequence], ends - begins + (self.size - 1), chain, n_chains)

    def lookup(
        self, sequence: NDArray[np.int32], offset: NDArray[np.int64], length: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The chains of runs of at least ``size`` rows: the first, how many there are, and its rows before the run."""
        begins = self._window[sequence] + offset
        first = np.searchsorted(self._chain_window[:-1], begins, side="right") - 1
        last = np.searchsorted(self._chain_window[:-1], begins + length - self.size, side="right") - 1
        return first, last - first + 1, begins - self._chain_window[first]

    def rows(self, chain: NDArray[np.int64], before: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row, in the first copy, that stands ``before`` rows after the beginning of each chain."""
        return np.asarray(self.start[self.index.sequence_of(chain)] + self._offset[chain] + before)

    def occurrences(self, chain: NDArray[np.int64], n_chains: NDArray[np.int64], before: NDArray[np.int64]) -> Places:
        """All places of all runs that begin ``before`` rows after the beginning of their chains."""
        index, own = self.index, (before.astype(np.int32), self.index.suffixes, self.index.owner)
        return Places(*index.interval(chain, n_chains), *own, self._offset, self.copies.indptr)

    def in_order(self, places: Places, length: NDArray[np.int64], work: Workspace) -> PlacesInOrder:
        """All places of runs of these lengths by distinct stretch."""
        n = len(self.length)
        indptr = np.zeros(n + 1, np.int64)
        run = offset = np.empty(0, np.int32)
        for counted in (False, True):
            if counted:
                np.cumsum(indptr, out=indptr)
                run, offset = (work.empty(int(indptr[-1]), np.int32, near=True) for _ in range(2))
            at = indptr[:-1].copy() if counted else indptr
            repeating.spread_places(*places[:-1], not counted, at, run, offset)

        def sort(part: tuple[int, int]) -> None:
            sort_places(indptr, *part, length, run, offset)

        work.map(sort, row_ranges(indptr[1:], BLOCK_PLACES))
        return PlacesInOrder(indptr, run, offset)
