"""Windows of tokens: which of them two families have.

No table over all windows and no sort: every window is a word (what is left of its hash, its family and its place); the
words of a block are put in order of the first bits of their hashes, each such partition is counted by itself in a small
table, and a bit is set at the place of each window that two families have. Of a hash some 40 bits are left: of millions
of windows one may be taken for another, and then a stretch is longer than it need be, but no repeat is other.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SLOT = 128  # kinds from this one on are the slot of a skeleton: `form` of `detector.text.tokens.Tokens`

_BASE = np.uint64(0x9E3779B97F4A7C15)
_GAP = np.uint64(0xD1B54A32D192ED03)
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_ONE, _ALL = np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
_EACH = np.uint64(0x0101010101010101)
_NOBODY, _SEVERAL = -1, -2  # who has a key, where it is no row

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
def _room(bounds, low, high):  # type: ignore[no-untyped-def]
    """Room for the tokens of passages that are hashed together: `_TOGETHER`, or those of the longest."""
    most = np.int64(_TOGETHER)
    for passage in range(low, high):
        most = max(most, bounds[passage + 1] - bounds[passage] + 1)
    stops, ends, runs = np.empty(most, np.int64), np.empty(most, np.int64), np.empty((3, most), np.int64)
    return np.empty(most, np.uint64), stops, ends, runs


@njit(cache=True, nogil=True, error_model="numpy")
def _find_stops(kind, junk, kinds, first, last, stops):  # type: ignore[no-untyped-def]
    """Fill ``stops`` (int64) with the slots and junk among tokens ``first`` to ``last``; how many they are. ``kinds``
    (uint64) is ``kind`` eight at a time, as long as there are eight; ``junk`` (uint8) has a bit for each of eight."""
    n, high = np.int64(0), np.uint64(_SLOT) * _EACH
    for eight in range(first >> 3, min((last + 7) >> 3, kinds.shape[0])):
        if kinds[eight] & high or junk[eight]:
            for token in range(max(first, 8 * eight), min(last, 8 * eight + 8)):
                stops[n] = token
                n += kind[token] >= _SLOT or (junk[eight] >> (token & 7)) & 1
    for token in range(max(first, 8 * kinds.shape[0]), last):
        stops[n] = token
        n += kind[token] >= _SLOT or (junk[token >> 3] >> (token & 7)) & 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _take_runs(tokens, bounds, passage, high, room):  # type: ignore[no-untyped-def]
    """Take runs of tokens of passages from ``passage`` to ``high`` while there is room.

    ``tokens`` are the columns of `hash_windows`, ``room`` the arrays of `_room`: its ``stops`` (int64) are filled with
    the rows of slots and junk, which are no words; and for each run outside junk that has a word, ``ends`` (int64) with
    the place behind the last one, and ``runs`` (int64, 3 x n) with its passage, its first row and the row behind it.
    Returns the next passage and how many words, stops and runs there are.
    """
    (_, kind, junk, kinds), (words, stops, ends, runs) = tokens, room
    first, last = bounds[passage], passage
    while last < high and bounds[last + 1] - first < words.shape[0]:
        last += 1
    n_stops = _find_stops(kind, junk, kinds, first, bounds[last], stops)
    n_runs, at, begun = np.int64(0), np.int64(0), np.int64(0)
    for number in range(passage, last):
        begin, end = bounds[number], bounds[number + 1]
        while True:
            while at < n_stops and stops[at] < end and not (junk[stops[at] >> 3] >> (stops[at] & 7)) & 1:
                at += 1
            is_last = at == n_stops or stops[at] >= end
            behind = end if is_last else stops[at]
            if behind - first - at > begun:
                begun = ends[n_runs] = behind - first - at
                runs[0, n_runs], runs[1, n_runs], runs[2, n_runs] = number, begin, behind
                n_runs += 1
            if is_last:
                break
            begin, at = behind + 1, at + 1
    return last, bounds[last] - first - n_stops, n_stops, n_runs


@njit(cache=True, nogil=True, error_model="numpy")
def _take_words(hashed, stops, first, last, words):  # type: ignore[no-untyped-def]
    """Fill ``words`` (uint64) with the hashes of the tokens ``first`` to ``last`` that are no ``stops``."""
    begin, n, (name, hash_of) = first, np.int64(0), hashed
    for stop in range(stops.shape[0] + 1):
        end = stops[stop] if stop < stops.shape[0] else last
        its_name, its_words = name[begin:end], words[n:]
        for place in range(end - begin):
            its_words[place] = hash_of[its_name[place]]
        n, begin = n + end - begin, end + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _hash_windows(words, n, stops, first, size, values):  # type: ignore[no-untyped-def]
    """Fill ``values`` (uint64) with the hashes of the runs of ``size`` of ``n`` words that begin at each place, and of
    the numbers of ``stops`` (rows, from ``first`` on) between them; what begins near an end is no run. Words are
    changed to words with the stops before them. In flat loops, which fill the vector registers, three words at a time.
    """
    n_windows = n - size + 1
    for place in range(n_windows):
        values[place] = words[place]
    for stop in range(stops.shape[0]):
        words[stops[stop] - first - stop] += _GAP
    further = 1
    while further + 2 < size:
        one, two, three = words[further:], words[further + 1 :], words[further + 2 :]
        for place in range(n_windows):
            values[place] = ((values[place] * _BASE + one[place]) * _BASE + two[place]) * _BASE + three[place]
        further += 3
    for last in range(further, size):
        following = words[last:]
        for place in range(n_windows):
            values[place] = values[place] * _BASE + following[place]
    for place in range(n_windows):
        values[place] = _mix(values[place])


@njit(cache=True, nogil=True, error_model="numpy")
def hash_windows(tokens, bounds, owner, low, high, size, shift, keys, ends, families, begin):  # type: ignore[no-untyped-def]
    """Hash every run of ``size`` tokens of one passage that are no slots and have no junk between them.

    Of the passages ``low`` to ``high``: ``bounds`` (int64, their token rows), ``owner`` (int32, the family of each, -1
    for one whose windows are not counted).
    ``tokens`` are `hashed` of `detector.text.tokens.Tokens` and columns: kind (uint8; its `form`), junk (uint8, a bit
    for each of eight), kind eight at a time. Slots inside a run count by their number only. Fills, with room for all
    tokens, ``keys`` (uint64) with a hash for each token that is no slot and no junk, and by run outside junk ``ends``
    (int32), the place behind its last one, less than ``size`` before which no window begins, and ``families`` (int32);
    and ``begin`` (int64, n_partitions + 1) with where the windows of each partition begin, the first ``64 - shift``
    bits of their keys. Returns how many runs there are.
    """
    room = words, stops, its_ends, runs = _room(bounds, low, high)
    begin[:] = 0
    n, n_runs, passage = np.int64(0), np.int64(0), low
    while passage < high:
        first = bounds[passage]
        passage, n_words, n_stops, n_its = _take_runs(tokens, bounds, passage, high, room)
        _take_words(tokens[0], stops[:n_stops], first, bounds[passage], words)
        its_keys, at = keys[n:], np.int64(0)
        _hash_windows(words, n_words, stops[:n_stops], first, size, its_keys)
        for run in range(n_its):
            family = owner[runs[0, run]]
            for window in range(at, its_ends[run] - size + 1 if family >= 0 else at):
                begin[(its_keys[window] >> shift) + _ONE] += 1
            at = its_ends[run]
            ends[n_runs], families[n_runs] = n + at, family
            n_runs += 1
        n += n_words
    for partition in range(1, begin.shape[0]):
        begin[partition] += begin[partition - 1]
    return n_runs


@njit(cache=True, nogil=True, error_model="numpy")
def scatter_windows(keys, ends, families, size, shift, widths, begin, words):  # type: ignore[no-untyped-def]
    """Put windows in the order of their partitions, as ``words`` (uint64); all as `hash_windows` made it.

    A word is as much of the rest of the key as the family and the place of the window among the keys leave; ``widths``
    are the bits of these two.
    """
    place = np.empty(begin.shape[0], np.uint64)
    for number in range(begin.shape[0]):
        place[number] = np.uint64(begin[number])
    low, up, at = np.uint64(widths[0] + widths[1]), np.uint64(64) - shift, np.int64(0)
    for run in range(ends.shape[0]):
        family = np.uint64(families[run]) << np.uint64(widths[1])
        for window in range(at, ends[run] - size + 1 if families[run] >= 0 else at):
            key = keys[window]
            partition = key >> shift
            to = place[partition]
            place[partition] = to + _ONE
            words[to] = (key << up) & -(_ONE << low) | family | np.uint64(window)
        at = ends[run]


@njit(cache=True, nogil=True, error_model="numpy")
def _width(n, bits_each):  # type: ignore[no-untyped-def]
    """The bits of a place in a bitmap with at least ``bits_each`` bits for each of ``n`` keys."""
    bits = 12
    while (1 << bits) < bits_each * n:
        bits += 1
    return bits


@njit(cache=True, nogil=True, error_model="numpy")
def _repeated_rows(words, n, low, bitmap, rows):  # type: ignore[no-untyped-def]
    """Fill ``rows`` (int32) with those of the ``n`` words of a partition whose keys may come twice; how many they are.

    Most keys come once. A bitmap of what came before tells which may have come before; a smaller one of those, by other
    bits, which came first. Without a branch: a wrong guess costs more than a look. ``bitmap`` (uint64) is room.
    """
    bits = _width(n, 8)
    bitmap[: 1 << (bits - 6)] = 0
    shift = np.uint64(64 - bits)
    n_again = np.int64(0)
    for row in range(n):
        place = words[row] >> shift
        word, bit = np.int64(place >> np.uint64(6)), place & np.uint64(63)
        held = bitmap[word]
        rows[n_again] = row
        n_again += np.int64((held >> bit) & _ONE)
        bitmap[word] = held | _ONE << bit
    bits = _width(n_again, 32)
    bitmap[: 1 << (bits - 6)] = 0
    mask = np.uint64((1 << bits) - 1)
    for number in range(n_again):
        place = (words[rows[number]] >> low) & mask
        bitmap[np.int64(place >> np.uint64(6))] |= _ONE << (place & np.uint64(63))
    n_rows = np.int64(0)
    for row in range(n):
        place = (words[row] >> low) & mask
        rows[n_rows] = row
        n_rows += np.int64((bitmap[np.int64(place >> np.uint64(6))] >> (place & np.uint64(63))) & _ONE)
    return n_rows


@njit(cache=True, nogil=True, error_model="numpy")
def count_partitions(words, begin, base, first, last, widths, shared):  # type: ignore[no-untyped-def]
    """Set the bits in ``shared`` (uint64) of windows that two families have, for the partitions ``first`` to ``last``.

    ``words``, ``widths``: as `scatter_windows` has them, a column for blocks of even number and one for the others;
    ``begin`` (int64, n_blocks x (n_partitions + 1)): where each block has those of each partition in its column;
    ``base`` (int64): the bit of the first place of each block. What a word tells of the first one of its key is noted
    at once; only those of the first one's family wait for the end.
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
    bitmap = np.empty(max(64, size), np.uint64)
    table, holder = np.empty(size, np.uint64), np.empty(size, np.int32)
    held, places, rows = np.empty(most, np.uint64), np.empty(most, np.int64), np.empty(most + 1, np.int32)
    found = np.empty(most + 1, np.int32)
    low, is_place = np.uint64(widths[0] + widths[1]), (_ONE << np.uint64(widths[1])) - _ONE
    for partition in range(first, last):
        n = 0
        for block in range(begin.shape[0]):
            begun, stop = begin[block, partition], begin[block, partition + 1]
            its, its_held, its_places, its_base = words[block & 1][begun:stop], held[n:], places[n:], base[block]
            for place in range(stop - begun):
                its_held[place] = its[place] & ~is_place
                its_places[place] = its_base + np.int64(its[place] & is_place)
            n += stop - begun
        n_rows = _repeated_rows(held, n, low, bitmap, rows)
        size = 16
        while size < 2 * n_rows:
            size *= 2
        holder[:size] = _NOBODY
        mask = np.uint64(size - 1)
        n_waiting = n_found = 0
        for number in range(n_rows):
            row = rows[number]
            word = held[row]
            place = ((word >> low) * _BASE >> np.uint64(32)) & mask
            while holder[place] != _NOBODY and (table[place] ^ word) >> low:
                place = (place + _ONE) & mask
            if holder[place] == _NOBODY:
                table[place], holder[place] = word, row
            elif holder[place] >= 0 and table[place] == word:
                rows[n_waiting] = row
                n_waiting += 1
            else:
                found[n_found], found[n_found + 1] = row, holder[place]
                n_found += 1 + (holder[place] >= 0)
                holder[place] = _SEVERAL
        for number in range(n_waiting):
            row = rows[number]
            word = held[row]
            place = ((word >> low) * _BASE >> np.uint64(32)) & mask
            while (table[place] ^ word) >> low:
                place = (place + _ONE) & mask
            found[n_found] = row
            n_found += holder[place] == _SEVERAL
        for number in range(n_found):  # by themselves, so that many bits come from memory at a time
            place = places[found[number]]
            shared[place >> 6] |= _ONE << np.uint64(place & 63)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_rows(stops, first, last, rows):  # type: ignore[no-untyped-def]
    """Fill ``rows`` (int64) with those from ``first`` to ``last`` that are no ``stops``."""
    begin, n = first, np.int64(0)
    for stop in range(stops.shape[0] + 1):
        end = stops[stop] if stop < stops.shape[0] else last
        its_rows = rows[n:]
        for place in range(end - begin):
            its_rows[place] = begin + place
        n, begin = n + end - begin, end + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _ones(word):  # type: ignore[no-untyped-def]
    """How many bits of a word are set (the compiler knows the form and uses the machine's instruction)."""
    word = word - ((word >> _ONE) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * _EACH) >> np.uint64(56))


@njit(cache=True, nogil=True, error_model="numpy")
def _next(bits, flip, at, stop):  # type: ignore[no-untyped-def]
    """The first place from ``at`` on whose bit is set, with ``flip`` for all of a word's the first that is not, or
    ``stop``."""
    while at < stop:
        word = (bits[at >> 6] ^ flip) >> np.uint64(at & 63)
        if word:
            return min(stop, at + _ones((word & -word) - _ONE))
        at = (at | 63) + 1
    return stop


@njit(cache=True, nogil=True, error_model="numpy")
def find_stretches(  # type: ignore[no-untyped-def]
    tokens, bounds, counted, low, high, size, n_families, shared, base, start, length, passages
):
    """Runs of one passage outside junk that shared windows cover, with the slots on both sides of them.

    The passages are those of `hash_windows`, the bits of ``shared`` from ``base`` on those of their windows; all of
    them are shared where a passage is ``counted`` (int32) for no family below ``n_families``. Fills ``start`` (int64,
    token rows), ``length`` and ``passages`` (int32), with room for a run every ``size`` tokens; returns how many there
    are.
    """
    room = words, stops, ends, runs = _room(bounds, low, high)
    rows = np.empty(words.shape[0], np.int64)
    n, passage = np.int64(0), low
    while passage < high:
        begun = bounds[passage]
        passage, n_words, n_stops, n_runs = _take_runs(tokens, bounds, passage, high, room)
        _fill_rows(stops[:n_stops], begun, bounds[passage], rows)
        first = np.int64(0)
        for run in range(n_runs):
            end = ends[run]
            stop = base + max(end - size + 1, first)
            if not 0 <= counted[runs[0, run]] < n_families:
                start[n], length[n], passages[n] = runs[1, run], runs[2, run] - runs[1, run], runs[0, run]
                n += stop > base + first
                first = end
                continue
            at = _next(shared, np.uint64(0), base + first, stop)
            while at < stop:
                window, covered = at - base, at - base  # covered up to this word: the windows up to it overlap
                while at < stop and at - base <= covered:
                    behind = _next(shared, _ALL, at, stop)
                    covered = behind - base + size - 1
                    at = _next(shared, np.uint64(0), behind, stop)
                start[n] = runs[1, run] if window == first else rows[window - 1] + 1
                length[n] = (rows[covered] if covered < end else runs[2, run]) - start[n]
                passages[n] = runs[0, run]
                n += 1
            first = end
        base += n_words
    return n
