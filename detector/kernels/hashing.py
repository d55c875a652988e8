"""Hashes of token sequences, of their shingles, and which rows have the same ones.

``hashed`` and ``kind`` (uint8) are `hashed` and `form` of `detector.text.tokens.Tokens`; in a skeleton a token of kind
`_SLOT` or more has the hash ``slot``.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SLOT = 128
_PLACE = np.uint64(0x9E3779B97F4A7C15)
_ROUNDING = 1e-9
"""Slack of the comparison with a threshold, so that 4 of 5 shingles are 0.8 whatever the binary fraction says."""

_LANES = 32
"""Values that a loop takes at a time, at most; what is left over it takes one by one."""

_ROOM = 2048
"""Tokens that are hashed together: they stay in the first cache."""


@njit(cache=True, nogil=True, error_model="numpy")
def _mix(value):  # type: ignore[no-untyped-def]
    """A bijection of 64-bit words that spreads every bit (the finaliser of MurmurHash3, public domain)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_places(bounds, row, first, n, places):  # type: ignore[no-untyped-def]
    """Fill ``places`` (uint64) with the places in their rows of ``n`` tokens from ``first``, one of ``row``, on."""
    at = np.int64(0)
    while at < n:
        end = min(bounds[row + 1] - first, n)
        its, begin = places[at:], np.uint64(first + at - bounds[row])
        for place in range((end - at + _LANES - 1) // _LANES * _LANES):
            its[place] = begin + np.uint64(place)
        at, row = end, row + 1


@njit(cache=True, nogil=True, error_model="numpy")
def skeleton_keys(name, kind, bounds, slot, min_tokens, keys, is_long):  # type: ignore[no-untyped-def]
    """Fill ``keys`` (uint64) with a hash of the skeleton of each row, tokens ``bounds[r]`` to ``bounds[r + 1]``: of the
    ``name`` (uint32) of each, their places and their number; and ``is_long`` (bool): has it ``min_tokens`` and a token
    that is no slot?

    Tokens are hashed `_ROOM` at a time, whatever rows they are of; of a row the key is the difference of two sums.
    """
    sums, places = np.empty(_ROOM, np.uint64), np.empty(_ROOM + _LANES, np.uint64)
    n_rows, row, total, begun = bounds.shape[0] - 1, np.int64(0), np.uint64(0), np.uint64(0)
    for first in range(bounds[0], bounds[n_rows], _ROOM):
        n = min(_ROOM, bounds[n_rows] - first)
        _fill_places(bounds, row, first, n, places)
        its_name, its_kind = name[first : first + n], kind[first : first + n]
        for place in range(n):
            # a slot by arithmetic: choosing between two values takes twice as long
            value = np.uint64(its_name[place])
            value ^= (value ^ slot) & -np.uint64(its_kind[place] >= _SLOT)
            sums[place] = _mix(_mix(value) + places[place] * _PLACE)
        for place in range(n):
            total += sums[place]
            sums[place] = total
        while row < n_rows and bounds[row + 1] - first <= n:
            start, end = bounds[row], bounds[row + 1]
            ended = sums[end - first - 1] if end > start else begun
            keys[row] = _mix(np.uint64(end - start)) + ended - begun
            begun, token = ended, start
            while token < end and kind[token] >= _SLOT:
                token += 1
            is_long[row] = end - start >= min_tokens and token < end
            row += 1
    for other in range(row, n_rows):  # rows without tokens behind the last one
        keys[other], is_long[other] = _mix(np.uint64(0)), False


@njit(cache=True, nogil=True, error_model="numpy")
def hash_rows(hashed, kind, slot, start, length):  # type: ignore[no-untyped-def]
    """The hash of the skeleton of each run of tokens, as `detector.text.tokens.sequence_hashes` has it (uint64).

    Tokens are hashed `_ROOM` at a time, whatever runs they are of; a run is the difference of two sums.
    """
    found, (name, hash_of) = np.empty(start.shape[0], np.uint64), hashed
    words, places = np.empty(_ROOM + _LANES, np.uint64), np.empty(_ROOM + _LANES, np.uint64)
    run, done, total, begun = np.int64(0), np.int64(0), np.uint64(0), np.uint64(0)
    while run < start.shape[0]:
        # tokens of as many runs as there is room for; of the first one ``done`` were hashed before
        n, last, part = np.int64(0), run, done
        while last < start.shape[0] and n < _ROOM:
            n_taken = min(np.int64(length[last]) - part, _ROOM - n)
            begin = np.int64(start[last]) + part
            its_name, its_kind = name[begin : begin + n_taken], kind[begin : begin + n_taken]
            its_words, its_places, first = words[n:], places[n:], np.uint64(part)
            for place in range(n_taken):
                value = hash_of[its_name[place]]
                its_words[place] = value ^ (value ^ slot) & -np.uint64(its_kind[place] >= _SLOT)
            for place in range((n_taken + _LANES - 1) // _LANES * _LANES):
                its_places[place] = first + np.uint64(place)
            n, part = n + n_taken, part + n_taken
            if part < length[last]:
                break
            last, part = last + 1, np.int64(0)
        for place in range(n):
            words[place] = _mix(_mix(words[place]) + places[place] * _PLACE)
        for place in range(n):
            total += words[place]
            words[place] = total
        at = -done
        for ended in range(run, last):
            at += length[ended]
            its_total = words[at - 1] if at > 0 else begun
            found[ended] = _mix(np.uint64(length[ended])) + its_total - begun
            begun = its_total
        run, done = last, part
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def first_rows(keys, part, bits, first):  # type: ignore[no-untyped-def]
    """Fill ``first`` (int32) with the first row of the same key, for rows whose key begins with ``part`` (``bits``
    bits, at most 32): so that parts can be filled by several threads."""
    n = 0
    shift = np.uint64(64 - bits) if bits else np.uint64(63)
    part = np.uint64(part)
    for row in range(keys.shape[0]):
        n += bits == 0 or keys[row] >> shift == part
    size = 16
    while size < 2 * n:
        size *= 2
    held, holder = np.empty(size, np.uint64), np.full(size, -1, np.int32)
    for row in range(keys.shape[0]):
        key = keys[row]
        if bits and key >> shift != part:
            continue
        slot = np.int64(key & np.uint64(size - 1))
        while holder[slot] >= 0 and held[slot] != key:
            slot = (slot + 1) & (size - 1)
        if holder[slot] < 0:
            held[slot], holder[slot] = key, row
        first[row] = holder[slot]


@njit(cache=True, nogil=True, error_model="numpy")
def _is_clean(junk, first, last):  # type: ignore[no-untyped-def]
    """Whether none of the tokens ``first`` to ``last`` is junk (uint8, a bit for each of eight)."""
    found = np.uint8(0)
    for eight in range(first >> 3, (last + 7) >> 3):
        found |= junk[eight]
    if found:  # it may be of the tokens before and behind
        found = np.uint8(0)
        for token in range(first, last):
            found |= (junk[token >> 3] >> (token & 7)) & 1
    return found == 0


@njit(cache=True, nogil=True, error_model="numpy")
def leave_copies(passages, first_of, bounds, junk, owner, n_families, counted):  # type: ignore[no-untyped-def]
    """Change ``counted`` (int32, a row per passage, the family of each) of ``passages`` (int64) whose skeleton two
    families have, where neither they nor the first one have junk: of the first one to ``n_families``, else to -1.

    ``first_of`` (int32): the first of the ``passages`` with the same skeleton; ``owner`` (int32): the family of each
    passage; ``bounds`` (int64): its tokens; ``junk`` (uint8): a bit for each of eight tokens.
    """
    for step in range(2):
        for row in range(passages.shape[0]):
            passage, first = passages[row], passages[first_of[row]]
            if passage == first or (counted[first] == n_families) != step or (owner[passage] == owner[first]) > step:
                continue
            if _is_clean(junk, bounds[passage], bounds[passage + 1]):
                if step:
                    counted[passage] = -1
                elif _is_clean(junk, bounds[first], bounds[first + 1]):
                    counted[first] = n_families


@njit(cache=True, nogil=True, error_model="numpy")
def _shingles(hashed, start, stop, size, words, values):  # type: ignore[no-untyped-def]
    """Fill ``values`` (uint64) with the hashes of the runs of ``size`` tokens that begin at ``start`` and after it, as
    many as it has room for and there are up to ``stop``; how many. In flat loops, which fill the vector registers;
    ``words`` is room for one token more in each run."""
    n, (name, hash_of) = min(np.int64(values.shape[0]), stop - start - size + 1), hashed
    its_name = name[start : start + n + size - 1]
    for place in range(n + size - 1):
        words[place] = hash_of[its_name[place]]
    for place in range(n):
        values[place] = _mix(words[place])
    for further in range(1, size):
        following = words[further:]
        for place in range(n):
            values[place] = _mix(values[place] * _PLACE + following[place])
    for place in range(n):
        values[place] = max(values[place], np.uint64(1))  # 0 is a free place of a table
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _slot(held, value):  # type: ignore[no-untyped-def]
    """Where a value stands, or would stand, in a table with open addressing."""
    last = np.uint64(held.shape[0] - 1)
    slot = value & last
    while held[slot] and held[slot] != value:
        slot = (slot + np.uint64(1)) & last
    return slot


@njit(cache=True, nogil=True, error_model="numpy")
def _table(n):  # type: ignore[no-untyped-def]
    """An empty table for ``n`` values."""
    room = 16
    while room < 2 * n:
        room *= 2
    return np.zeros(room, np.uint64)


@njit(cache=True, nogil=True, error_model="numpy")
def _insert_all(hashed, start, stop, size, words, values):  # type: ignore[no-untyped-def]
    """A table of the different shingles of tokens ``start`` to ``stop``, and how many there are; ``words`` and
    ``values`` are room."""
    held, n = _table(stop - start), 0
    for begin in range(start, stop - size + 1, values.shape[0]):
        for place in range(_shingles(hashed, begin, stop, size, words, values)):
            slot = _slot(held, values[place])
            n += held[slot] == 0
            held[slot] = values[place]
    return held, n


@njit(cache=True, nogil=True, error_model="numpy")
def _compare(hashed, start, stop, size, held, seen, mark, words, values):  # type: ignore[no-untyped-def]
    """How many different shingles of tokens ``start`` to ``stop`` are in a table, and how many are not; ``mark`` is a
    number of its own, and ``seen`` (int32) when each place of the table was seen last."""
    others, common, n = _table(stop - start), 0, 0
    for begin in range(start, stop - size + 1, values.shape[0]):
        for place in range(_shingles(hashed, begin, stop, size, words, values)):
            slot = _slot(held, values[place])
            if held[slot]:
                common += seen[slot] != mark
                seen[slot] = mark
            else:
                slot = _slot(others, values[place])
                n += others[slot] == 0
                others[slot] = values[place]
    return common, n


@njit(cache=True, nogil=True, error_model="numpy")
def _agreement(slots, row, other):  # type: ignore[no-untyped-def]
    """How many bytes of two rows of ``slots`` are the same."""
    agreed = 0
    for place in range(slots.shape[1]):
        agreed += slots[row, place] == slots[other, place]
    return agreed


@njit(cache=True, nogil=True, error_model="numpy")
def _sort(found, n_found):  # type: ignore[no-untyped-def]
    """Sort the first ``n_found`` of ``found``."""
    gap = 1
    while 3 * gap < n_found:
        gap = 3 * gap + 1
    while gap:  # Shell's sort: numba's own takes longer to compile than all of this file
        for place in range(gap, n_found):
            value, hole = found[place], place
            while hole >= gap and found[hole - gap] > value:
                found[hole] = found[hole - gap]
                hole -= gap
            found[hole] = value
        gap //= 3


@njit(cache=True, nogil=True, error_model="numpy")
def lead(  # type: ignore[no-untyped-def]
    hashed, indptr, size, slots, min_agreement, threshold, row_indptr, of, bucket_indptr, members, filled,
    first, last, floor, is_last, head, ratio
):  # fmt: skip
    """Fill ``head`` (int32) of documents ``first`` to ``last`` with the lowest head whose set of shingles has at least
    this Jaccard similarity with theirs, and ``ratio`` (float64) with that.

    ``members`` (int32) are the heads so far, ascending in each bucket: bucket b has those from ``bucket_indptr[b]`` to
    ``filled[b]``; looked at are those from document ``floor`` on, whose low bytes of the signature (``slots``, uint8)
    agree in at least ``min_agreement``. A document that has a head is passed over, one that finds none stays its own.
    With ``is_last`` such a document enters its buckets; without, nothing but the documents' own places is written.
    """
    marked, found = np.full(head.shape[0], -1, np.int32), np.empty(head.shape[0], np.int32)
    words, values = np.empty(_ROOM + size, np.uint64), np.empty(_ROOM, np.uint64)
    for row in range(first, last):
        if head[row] != row:
            continue
        n_found = 0
        for place in range(row_indptr[row], row_indptr[row + 1]):
            for entry in range(bucket_indptr[of[place]], filled[of[place]]):
                other = members[entry]
                if other < floor or marked[other] == row:
                    continue
                marked[other] = row
                if _agreement(slots, row, other) >= min_agreement:
                    found[n_found] = other
                    n_found += 1
        if n_found:
            _sort(found, n_found)
            held, n_its = _insert_all(hashed, indptr[row], indptr[row + 1], size, words, values)
            seen = np.full(held.shape[0], -1, np.int32)
            for candidate in range(n_found):
                other = found[candidate]
                common, n_others = _compare(
                    hashed, indptr[other], indptr[other + 1], size, held, seen, candidate, words, values
                )
                union = n_its + n_others
                if common and common >= threshold * union - _ROUNDING:
                    head[row], ratio[row] = other, common / union
                    break
        if is_last and head[row] == row:
            for place in range(row_indptr[row], row_indptr[row + 1]):
                members[filled[of[place]]] = row
                filled[of[place]] += 1
