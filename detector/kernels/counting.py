"""Windows of tokens: which of them two families have, and which always follow each other.

No table over all windows and no sort: every window is a word (what is left of its hash, and its family); the words of a
block are put in order of the first bits of their hashes, each such partition is counted by itself in a small table, and
the verdicts are read again in the order in which the block is hashed a second time.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SLOT = 3
"""Kinds of tokens from this one on are the slot of a skeleton (`detector.folding.DIGIT`)."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_GAP = np.uint64(0xD1B54A32D192ED03)
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True, error_model="numpy")
def _mix(value):  # type: ignore[no-untyped-def]
    """The finaliser of MurmurHash3, as `detector.tokens.mix64` has it for arrays."""
    value ^= value >> _SHIFT
    value *= _FIRST
    value ^= value >> _SHIFT
    value *= _SECOND
    return value ^ (value >> _SHIFT)


@njit(cache=True, nogil=True, error_model="numpy")
def hash_windows(hashes, kind, is_junk, bounds, owner, low, high, size, keys, families):  # type: ignore[no-untyped-def]
    """Hash every run of ``size`` tokens of one passage that are no slots and have no junk between them.

    Of the passages ``low`` to ``high``: ``bounds`` (int64, their token rows), ``owner`` (int32, the family of each).
    Slots inside a run count by their number only. Fills ``keys`` (uint64) and ``families`` (int32), in the order of the
    last tokens of the windows, with room for all tokens; returns how many windows there are.
    """
    values = np.zeros(size, np.uint64)
    gaps = np.zeros(size, np.uint64)
    highest = _ONE
    for _ in range(size - 1):
        highest *= _BASE
    n = 0
    for passage in range(low, high):
        filled, oldest, last, total = 0, 0, 0, np.uint64(0)
        for row in range(bounds[passage], bounds[passage + 1]):
            if is_junk[row]:
                filled, oldest, total = 0, 0, np.uint64(0)
                continue
            if kind[row] >= _SLOT:
                continue
            gap = np.uint64(row - last) * _GAP if filled else np.uint64(0)
            value = hashes[row] + gap
            last = row
            if filled == size:
                total -= values[oldest] * highest
            total = total * _BASE + value
            values[oldest], gaps[oldest] = value, gap
            oldest = oldest + 1 if oldest + 1 < size else 0
            filled += filled < size
            if filled == size:
                keys[n] = _mix(total - gaps[oldest] * highest)
                families[n] = owner[passage]
                n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def scatter_windows(keys, families, shift, family_bits, words, begin):  # type: ignore[no-untyped-def]
    """Put windows in the order of their partitions, the first ``64 - shift`` bits of their keys, as words.

    A word is the rest of the key, cut to what one bit for the verdict and ``family_bits`` for the family leave of 64,
    and the family; it is never less than the first place of the key's part. Fills ``words`` (uint64) and ``begin``
    (int64, n_partitions + 1).
    """
    n = keys.shape[0]
    begin[:] = 0
    for row in range(n):
        begin[np.int64(keys[row] >> shift) + 1] += 1
    for partition in range(1, begin.shape[0]):
        begin[partition] += begin[partition - 1]
    place = begin.copy()
    low = np.uint64(family_bits + 1)
    up = np.uint64(64) - shift
    for row in range(n):
        identity = max((keys[row] << up) >> low, _ONE)
        at = np.int64(keys[row] >> shift)
        words[place[at]] = (identity << low) | np.uint64(families[row])
        place[at] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def count_partitions(words, begin, first, last, family_bits, shared):  # type: ignore[no-untyped-def]
    """Whether two families have the key of each word, for the partitions ``first`` to ``last``.

    ``begin`` (int64, n_blocks x (n_partitions + 1)): where in ``words`` each block has the words of each partition.
    Fills ``shared`` (uint8, a row per word).
    """
    most = 0
    for partition in range(first, last):
        n = 0
        for block in range(begin.shape[0]):
            n += begin[block, partition + 1] - begin[block, partition]
        most = max(most, n)
    size = 16
    while size < 2 * most:
        size *= 2
    table = np.empty(size, np.uint64)
    low = np.uint64(family_bits + 1)
    verdict = _ONE << np.uint64(family_bits)
    for partition in range(first, last):
        n = 0
        for block in range(begin.shape[0]):
            n += begin[block, partition + 1] - begin[block, partition]
        size = 16
        while size < 2 * n:
            size *= 2
        table[:size] = 0
        mask = np.uint64(size - 1)
        for block in range(begin.shape[0]):
            for row in range(begin[block, partition], begin[block, partition + 1]):
                word = words[row]
                identity = word >> low
                place = (identity * _BASE >> np.uint64(32)) & mask
                while table[place] and table[place] >> low != identity:
                    place = (place + _ONE) & mask
                known = table[place]
                if not known:
                    table[place] = word
                elif (known ^ word) & (verdict - _ONE):
                    table[place] = known | verdict
        for block in range(begin.shape[0]):
            for row in range(begin[block, partition], begin[block, partition + 1]):
                identity = words[row] >> low
                place = (identity * _BASE >> np.uint64(32)) & mask
                while table[place] >> low != identity:
                    place = (place + _ONE) & mask
                shared[row] = (table[place] & verdict) != 0


@njit(cache=True, nogil=True, error_model="numpy")
def find_stretches(kind, is_junk, bounds, low, high, size, keys, shift, place, shared, start, length, passages):  # type: ignore[no-untyped-def]
    """Runs of one passage outside junk that shared windows cover, with the slots on both sides of them.

    ``keys`` as `hash_windows` filled it for the same passages; ``place`` (int64, changed): where the verdicts of each
    partition begin in ``shared``. Fills ``start`` (int64, token rows), ``length`` and ``passages`` (int32), with room
    for a run every ``size`` tokens; returns how many runs there are.
    """
    rows = np.zeros(size + 1, np.int64)
    n, window = 0, 0
    for passage in range(low, high):
        # tokens that are no slots are counted from 0 after every break; ``covered`` is the last one covered, or -1
        count, covered, following = 0, -1, 0
        segment = bounds[passage]
        for row in range(bounds[passage], bounds[passage + 1] + 1):
            if row == bounds[passage + 1] or is_junk[row]:
                if covered >= 0:
                    length[n] = (following if count > covered + 1 else row) - start[n]
                    n += 1
                count, covered, segment = 0, -1, row + 1
                continue
            if kind[row] >= _SLOT:
                continue
            if count == covered + 1:
                following = row
            rows[count % (size + 1)] = row
            count += 1
            if count < size:
                continue
            partition = np.int64(keys[window] >> shift)
            window += 1
            is_shared = shared[place[partition]]
            place[partition] += 1
            if not is_shared:
                continue
            if covered >= 0 and count - size > covered + 1:
                length[n] = following - start[n]
                n += 1
                covered = -1
            if covered < 0:
                start[n] = segment if count == size else rows[(count - size - 1) % (size + 1)] + 1
                passages[n] = passage
            covered = count - 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def hash_rows(hashes, kind, slot, start, length):  # type: ignore[no-untyped-def]
    """The hash of the skeleton of each run of tokens, as `detector.tokens.sequence_hashes` has it (uint64)."""
    found = np.empty(start.shape[0], np.uint64)
    for run in range(start.shape[0]):
        total = _mix(np.uint64(length[run]))
        for place in range(length[run]):
            row = start[run] + place
            value = slot if kind[row] >= _SLOT else hashes[row]
            total += _mix(_mix(value) + np.uint64(place) * _BASE)
        found[run] = total
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def number_keys(keys):  # type: ignore[no-untyped-def]
    """The number of each key (int32) in the order in which they first come, and the first row of each (int64)."""
    n, size = keys.shape[0], 16
    while size < 2 * n:
        size *= 2
    table = np.full(size, -1, np.int32)
    mask = np.uint64(size - 1)
    number = np.empty(n, np.int32)
    first = np.empty(n, np.int64)
    n_distinct = 0
    for row in range(n):
        place = (keys[row] * _BASE >> np.uint64(32)) & mask
        while table[place] >= 0 and keys[first[table[place]]] != keys[row]:
            place = (place + _ONE) & mask
        if table[place] < 0:
            table[place] = n_distinct
            first[n_distinct] = row
            n_distinct += 1
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
def link_windows(hashes, kind, slot, start, length, size, number, keys, before, after):  # type: ignore[no-untyped-def]
    """The number of every window of ``size`` tokens of some runs, and which windows always stand before and after it.

    Fills for every window of every run its ``number`` (int32, in the order in which they first come), and for every
    number its hash in ``keys`` (uint64), and the window ``before`` and ``after`` it (int32): -1 where a run begins or
    ends, -2 where they differ. All have room for all windows; returns how many different ones there are.
    """
    width = 64
    table = np.full(width, -1, np.int32)
    highest = _ONE
    for _ in range(size - 1):
        highest *= _BASE
    n, n_distinct = 0, 0
    for run in range(start.shape[0]):
        rolling, previous = np.uint64(0), -1
        for place in range(length[run]):
            row = start[run] + place
            if place >= size:
                rolling -= (slot if kind[row - size] >= _SLOT else hashes[row - size]) * highest
            rolling = rolling * _BASE + (slot if kind[row] >= _SLOT else hashes[row])
            if place < size - 1:
                continue
            key = _mix(rolling)
            found = after[previous] if previous >= 0 else -1
            if found < 0 or keys[found] != key:
                mask = np.uint64(width - 1)
                at = key & mask
                while table[at] >= 0 and keys[table[at]] != key:
                    at = (at + _ONE) & mask
                found = table[at]
                if found < 0:
                    found = n_distinct
                    n_distinct += 1
                    keys[found], before[found], after[found] = key, -3, -3
                    table[at] = found
                    if 2 * n_distinct > width:
                        width *= 2
                        mask = np.uint64(width - 1)
                        table = np.full(width, -1, np.int32)
                        for other in range(n_distinct):
                            at = keys[other] & mask
                            while table[at] >= 0:
                                at = (at + _ONE) & mask
                            table[at] = other
            before[found] = previous if before[found] == -3 or before[found] == previous else -2
            if previous >= 0:
                after[previous] = found if after[previous] == -3 or after[previous] == found else -2
            number[n] = found
            n += 1
            previous = found
        if previous >= 0:
            after[previous] = -1 if after[previous] == -3 or after[previous] == -1 else -2
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
