"""Maximal repeats over sequences of symbols that families have in common: the engine under phrases and blocks.

A repeat is a run of symbols inside one sequence. Its families are the families of all sequences that hold it. It is
maximal if no longer run around it, by one symbol to the left or to the right, is in as many families.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.repeating import common_prefixes, extended_right, interval_tree, locate
from detector.tokens import distinct_in_order, gather_rows, mix64, sequence_hashes

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)


class Sequences(NamedTuple):
    """Sequences of symbols, each distinct one once, with the families that have it.

    ``symbols``: int32, all sequences after each other; ``indptr``: int64, n + 1; ``families``: int64, ascending and
    different within a sequence, those of sequence s are ``families[family_indptr[s]:family_indptr[s + 1]]``;
    ``n_families``: families are numbers below it.
    """

    symbols: NDArray[np.int32]
    indptr: NDArray[np.int64]
    families: NDArray[np.int64]
    family_indptr: NDArray[np.int64]
    n_families: int


class Runs(NamedTuple):
    """Runs of symbols: ``start`` (int64, the lowest place in the symbols), ``length``, ``n_families``."""

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    n_families: NDArray[np.int64]


class RepeatIndex:
    """All repeats of some sequences, for listing the maximal ones and looking up any run.

    Time and memory are linear in the symbols and in the families of all positions, but for the suffix sort.
    """

    def __init__(self, sequences: Sequences) -> None:
        self.sequences = sequences
        lengths = np.diff(sequences.indptr)
        self._sequence_of = np.repeat(np.arange(len(lengths)), lengths)
        self._ends = np.repeat(sequences.indptr[1:], lengths)
        self._suffixes = _suffix_array(sequences.symbols, self._ends)
        self._rank = np.empty_like(self._suffixes)
        self._rank[self._suffixes] = np.arange(len(self._suffixes))
        prefix = common_prefixes(sequences.symbols, self._ends, self._suffixes, self._rank)
        (self._length, self._first, self._last, self._lowest, self._parent, self._count, self._leaf_node) = (
            interval_tree(
                prefix,
                self._sequence_of,
                self._suffixes,
                sequences.family_indptr,
                sequences.families,
                sequences.n_families,
            )
        )
        self._sequence_count = np.diff(sequences.family_indptr)
        powers = _powers(_BASE, len(sequences.symbols) + 1)
        values = mix64(sequences.symbols.astype(np.uint64) + np.uint64(1)) * powers[:-1]
        self._sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)))
        self._inverses = _powers(_INVERSE, len(sequences.symbols) + 1)

    def keys(self, start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.uint64]:
        """A 64-bit hash of the symbols of each run, wherever it stands."""
        value = (self._sums[start + length] - self._sums[start]) * self._inverses[start]
        return mix64(value + mix64(length.astype(np.uint64)))

    def maximal(self, min_length: int) -> Runs:
        """The maximal repeats of at least ``min_length`` symbols and two families."""
        leaf_position = self._suffixes
        leaf_length = self._ends[leaf_position] - leaf_position
        leaf_count = self._sequence_count[self._sequence_of[leaf_position]] if len(leaf_position) else leaf_position
        alone = leaf_length > self._length[self._leaf_node]
        to_right = extended_right(self._parent, self._count, self._length, self._leaf_node, leaf_length, leaf_count)
        nodes = np.flatnonzero((self._length >= max(min_length - 1, 1)) & (self._count >= 2))
        leaves = np.flatnonzero(alone & (leaf_length >= min_length) & (leaf_count >= 2))
        runs = Runs(
            np.concatenate((self._lowest[nodes], leaf_position[leaves])),
            np.concatenate((self._length[nodes], leaf_length[leaves])),
            np.concatenate((self._count[nodes], leaf_count[leaves])),
        )
        extended = np.concatenate((to_right[nodes], np.zeros(len(leaves), bool)))
        # A lone suffix that does not begin its sequence extends to the left with all its families.
        begins = self.sequences.indptr[self._sequence_of[leaf_position[leaves]]] == leaf_position[leaves]
        extended[len(nodes) :] |= ~begins
        extended |= self._extended_left(runs)
        kept = ~extended & (runs.length >= min_length)
        order = np.argsort(runs.start[kept], kind="stable")
        return Runs(*(column[kept][order] for column in runs))

    def lowest(self, start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
        """The lowest place of each run."""
        nodes = locate(start, length, self._rank, self._leaf_node, self._length, self._parent)
        return np.where(nodes >= 0, self._lowest[nodes], start)

    def count(self, start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
        """In how many families each run is."""
        nodes = locate(start, length, self._rank, self._leaf_node, self._length, self._parent)
        return np.where(nodes >= 0, self._count[nodes], self._sequence_count[self._sequence_of[start]])

    def occurrences(
        self, start: NDArray[np.int64], length: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All places of all runs: the row of the run and the place, sorted by both."""
        nodes = locate(start, length, self._rank, self._leaf_node, self._length, self._parent)
        first = np.where(nodes >= 0, self._first[nodes], self._rank[start])
        last = np.where(nodes >= 0, self._last[nodes], self._rank[start])
        sizes = last - first + 1
        row = np.repeat(np.arange(len(start)), sizes)
        begins = np.cumsum(sizes) - sizes
        place = self._suffixes[np.arange(sizes.sum()) - np.repeat(begins, sizes) + np.repeat(first, sizes)]
        order = np.lexsort((place, row))
        return row[order], place[order]

    def sequence_of(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sequence that holds each place."""
        return self._sequence_of[place]

    def _extended_left(self, runs: Runs) -> NDArray[np.bool_]:
        """Whether a run is in as many families with one symbol more to its left.

        Such a longer run is itself among ``runs``: where it is no node of the tree, its node also extends the run to
        the right with the same families.
        """
        key = self.keys(runs.start, runs.length)
        shorter = self.keys(runs.start + 1, runs.length - 1)
        order = np.argsort(key, kind="stable")
        place = np.searchsorted(key[order], shorter)
        row = order[np.minimum(place, len(order) - 1)] if len(order) else order
        same = (key[row] == shorter) & (runs.n_families[row] == runs.n_families)
        extended = np.zeros(len(key), dtype=bool)
        extended[row[same]] = True
        return extended


def collapse(
    symbols: NDArray[np.int32], indptr: NDArray[np.int64], family: NDArray[np.int64], n_families: int
) -> tuple[Sequences, NDArray[np.int64]]:
    """Equal sequences made one; returns also the number of each given sequence's distinct one (first come, first).

    ``family`` (int64) is the family of each given sequence.
    """
    first, number = distinct_in_order(sequence_hashes(symbols.astype(np.uint64), indptr))
    pairs = np.unique(number * n_families + family) if len(number) else number
    gathered, new_indptr = gather_rows(indptr, first)
    family_indptr = np.searchsorted(pairs, np.arange(len(first) + 1) * n_families).astype(np.int64)
    families = pairs - np.repeat(np.arange(len(first)) * n_families, np.diff(family_indptr))
    return Sequences(symbols[gathered], new_indptr, families.astype(np.int64), family_indptr, n_families), number


def _suffix_array(symbols: NDArray[np.int32], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """The suffixes of all sequences in lexicographic order, equal ones by place (prefix doubling)."""
    n = len(symbols)
    order = np.argsort(symbols, kind="stable").astype(np.int64)
    rank = _dense(symbols[order], order)
    place, width = np.arange(n), 1
    while n and rank.max() < n - 1:
        beyond = place + width
        following = np.where(beyond < ends, rank[np.minimum(beyond, n - 1)] + 1, 0)
        if not following.any():
            break
        key = rank * np.int64(n + 1) + following
        order = np.argsort(key, kind="stable").astype(np.int64)
        rank = _dense(key[order], order)
        width *= 2
    return order


def _dense(ranked: NDArray[np.integer], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks from 0 of the values that stand at ``order`` and are sorted in ``ranked``."""
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.concatenate(([0], np.cumsum(ranked[1:] != ranked[:-1]))) if len(order) else ranked
    return rank


def _powers(base: int, n: int) -> NDArray[np.uint64]:
    """The powers of an odd base modulo 2**64."""
    powers = np.full(n, base & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)
