"""Runs of tokens as sequences of chains: windows that always follow each other; and rows by equal keys."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SLOT = 128
"""Kinds from this one on are the slot of a skeleton: `form` of `detector.text.tokens.Tokens`."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_ONE = np.uint64(1)
_TOGETHER = 2048
"""Tokens that are hashed together: they stay in the first cache."""


@njit(cache=True, nogil=True, error_model="numpy")
def _mix(value):  # type: ignore[no-untyped-def]
    """The finaliser of MurmurHash3, as `detector.text.tokens.mix64` has it for arrays."""
    value ^= value >> _SHIFT
    value *= _FIRST
    value ^= value >> _SHIFT
    value *= _SECOND
    return value ^ (value >> _SHIFT)


@njit(cache=True, nogil=True, error_model="numpy")
def _grown(table, keys, n):  # type: ignore[no-untyped-def]
    """A table of twice the size of the first ``n`` of ``keys``."""
    grown = np.full(2 * table.shape[0], -1, np.int32)
    mask = np.uint64(grown.shape[0] - 1)
    for number in range(n):
        at = keys[number] & mask
        while grown[at] >= 0:
            at = (at + _ONE) & mask
        grown[at] = number
    return grown


@njit(cache=True, nogil=True, error_model="numpy")
def number_keys(keys):  # type: ignore[no-untyped-def]
    """The number of each key (int32) in the order in which they first come, and the first row of each (int64).

    Most keys may come often: the table grows with the different ones, so that it stays in the cache.
    """
    table, n, n_distinct = np.full(1024, -1, np.int32), keys.shape[0], 0
    number, first, held = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.uint64)
    for row in range(n):
        key = keys[row] * _BASE
        key = key >> np.uint64(32) | key << np.uint64(32)
        mask = np.uint64(table.shape[0] - 1)
        place = key & mask
        while table[place] >= 0 and held[table[place]] != key:
            place = (place + _ONE) & mask
        if table[place] < 0:
            table[place] = n_distinct
            first[n_distinct], held[n_distinct] = row, key
            n_distinct += 1
            number[row] = n_distinct - 1
            if 2 * n_distinct > table.shape[0]:
                table = _grown(table, held, n_distinct)
        else:
            number[row] = table[place]
    return number, first[:n_distinct].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def gather_copies(number, n_numbers, family, n_families):  # type: ignore[no-untyped-def]
    """Rows by their numbers and the different families of each number.

    Returns the rows (int64), ascending in each number, their offsets (int64, ``n_numbers`` + 1), the families (int32)
    in the order of the rows that first have them, and the offsets of those (int64).
    """
    indptr = np.zeros(n_numbers + 1, np.int64)
    for row in range(number.shape[0]):
        indptr[number[row] + 1] += 1
    for value in range(n_numbers):
        indptr[value + 1] += indptr[value]
    place = indptr.copy()
    copies = np.empty(number.shape[0], np.int64)
    for row in range(number.shape[0]):
        copies[place[number[row]]] = row
        place[number[row]] += 1
    seen = np.full(n_families, -1, np.int32)
    families = np.empty(number.shape[0], np.int32)
    family_indptr = np.zeros(n_numbers + 1, np.int64)
    n = 0
    for value in range(n_numbers):
        for at in range(indptr[value], indptr[value + 1]):
            owner = family[copies[at]]
            if seen[owner] != value:
                seen[owner] = value
                families[n] = owner
                n += 1
        family_indptr[value + 1] = n
    return copies, indptr, families[:n].copy(), family_indptr


@njit(cache=True, nogil=True, error_model="numpy")
def _hash_runs(hashed, kind, slot, start, length, run, size, words, values):  # type: ignore[no-untyped-def]
    """Fill ``values`` (uint64) with the hashes of the windows of ``size`` tokens that begin at each token of some runs
    after each other, from ``run`` on, as many as there is room for; returns the next run. What begins near the end of a
    run is no window."""
    n, last, (name, hash_of) = np.int64(0), run, hashed
    while last < start.shape[0] and n + length[last] <= values.shape[0]:
        for row in range(start[last], start[last] + length[last]):
            value = hash_of[name[row]]
            words[n] = value ^ (value ^ slot) & -np.uint64(kind[row] >= _SLOT)
            n += 1
        last += 1
    for place in range(n):
        values[place] = words[place]
    for further in range(1, size):
        following = words[further:]
        for place in range(n):
            values[place] = values[place] * _BASE + following[place]
    for place in range(n):
        values[place] = _mix(values[place])
    return last


@njit(cache=True, nogil=True, error_model="numpy")
def link_windows(hashed, kind, slot, start, length, size, number, keys, before, after):  # type: ignore[no-untyped-def]
    """The number of every window of ``size`` tokens of some runs, and which windows always stand before and after it.

    Fills for every window of every run its ``number`` (int32, in the order in which they first come), and for every
    number its hash in ``keys`` (uint64), and the window ``before`` and ``after`` it (int32): -1 where a run begins or
    ends, -2 where they differ. All have room for all windows; returns how many different ones there are.

    Windows are looked up a few thousand at a time, first the place in the table, then what stands there: each waits
    for the memory, and so they wait together.
    """
    if keys.shape[0] == 0:  # all runs are shorter than a window
        return np.int64(0)
    room = np.int64(_TOGETHER)
    for its in range(start.shape[0]):
        room = max(room, length[its])
    words, values = np.zeros(room + size, np.uint64), np.empty(room, np.uint64)
    guesses, held = np.empty(room, np.int32), np.empty(room, np.uint64)
    table = np.full(64, -1, np.int32)
    n, n_distinct, run = np.int64(0), np.int64(0), np.int64(0)
    while run < start.shape[0]:
        last = _hash_runs(hashed, kind, slot, start, length, run, size, words, values)
        n_values = np.int64(0)
        for its in range(run, last):
            n_values += length[its]
        mask = np.uint64(table.shape[0] - 1)
        for place in range(n_values):
            guesses[place] = table[values[place] & mask]
        for place in range(n_values):
            held[place] = keys[max(guesses[place], 0)]
        at_first = np.int64(0)
        for its in range(run, last):
            previous = np.int64(-1)
            for place in range(at_first, at_first + length[its] - size + 1):
                key, found = values[place], np.int64(guesses[place])
                if found < 0 or held[place] != key:
                    mask = np.uint64(table.shape[0] - 1)
                    at = key & mask
                    while table[at] >= 0 and keys[table[at]] != key:
                        at = (at + _ONE) & mask
                    found = np.int64(table[at])
                    if found < 0:
                        found = n_distinct
                        n_distinct += 1
                        keys[found], before[found], after[found] = key, -3, -3
                        table[at] = found
                        if 2 * n_distinct > table.shape[0]:
                            table = _grown(table, keys, n_distinct)
                before[found] = previous if before[found] == -3 or before[found] == previous else -2
                if previous >= 0:
                    after[previous] = found if after[previous] == -3 or after[previous] == found else -2
                number[n] = found
                n += 1
                previous = found
            if previous >= 0:
                after[previous] = -1 if after[previous] == -3 or after[previous] == -1 else -2
            at_first += length[its]
        run = last
    return n_distinct


@njit(cache=True, nogil=True, error_model="numpy")
def chain_windows(number, before, after, length, size):  # type: ignore[no-untyped-def]
    """Runs as sequences of chains: windows each of which always stands before the next one, and nothing else does.

    ``number``, ``before``, ``after`` as `link_windows` returns them for runs of these lengths. Returns the number of
    every chain (int32), the place in its run of its first window (int32), and the offsets of each run's chains (int64).
    """
    chain = np.full(before.shape[0], -1, np.int32)
    indptr = np.zeros(length.shape[0] + 1, np.int64)
    room = 0
    for count in range(2):
        symbols, offset = np.empty(room, np.int32), np.empty(room, np.int32)
        n, n_chains, window = 0, 0, 0
        for run in range(length.shape[0]):
            for place in range(length[run] - size + 1):
                here = number[window]
                if place == 0 or before[here] < 0 or after[number[window - 1]] < 0:
                    if count:
                        if chain[here] < 0:
                            chain[here] = n_chains
                            n_chains += 1
                        symbols[n], offset[n] = chain[here], place
                    n += 1
                window += 1
            indptr[run + 1] = n
        room = n
    return symbols, offset, indptr
