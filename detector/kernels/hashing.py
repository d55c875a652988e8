"""Hashes of token sequences, of their shingles, and which rows have the same ones.

``hashes`` (uint64) and ``kind`` (uint8) are the columns of the tokens; in a skeleton a token of kind `_DIGIT` or more
has the hash ``slot``.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_DIGIT = 3
_AS_WRITTEN = np.bool_(False)
_PLACE = np.uint64(0x9E3779B97F4A7C15)
_ROUNDING = 1e-9
"""Slack of the comparison with a threshold, so that 4 of 5 shingles are 0.8 whatever the binary fraction says."""

_BITS = 240
"""Bits of a sketch; the upper 16 of its last word are the length."""


@njit(cache=True, nogil=True, error_model="numpy")
def _mix(value):  # type: ignore[no-untyped-def]
    """A bijection of 64-bit words that spreads every bit (the finaliser of MurmurHash3, public domain)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, error_model="numpy")
def skeleton_keys(hashes, kind, bounds, slot, min_tokens, keys, is_long):  # type: ignore[no-untyped-def]
    """Fill ``keys`` (uint64) with a hash of the skeleton of each row, tokens ``bounds[r]`` to ``bounds[r + 1]``: of its
    tokens, their places and their number; and ``is_long`` (bool): has it ``min_tokens`` and a token that is no slot?"""
    for row in range(bounds.shape[0] - 1):
        start, end = bounds[row], bounds[row + 1]
        is_long[row] = False
        if end - start < min_tokens:
            continue
        key = _mix(np.uint64(end - start))
        for token in range(start, end):
            is_slot = kind[token] >= _DIGIT
            is_long[row] |= not is_slot
            key += _mix(_mix(slot if is_slot else hashes[token]) + np.uint64(token - start) * _PLACE)
        keys[row] = key


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
def _shingle(hashes, kind, token, size, slot, is_skeleton):  # type: ignore[no-untyped-def]
    """The hash of the run of ``size`` tokens that begins at ``token``."""
    value = np.uint64(0)
    for place in range(token, token + size):
        value = _mix(value * _PLACE + (slot if is_skeleton and kind[place] >= _DIGIT else hashes[place]))
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def short_shingles(hashes, kind, start, stop, size, slot, is_skeleton, indptr, short):  # type: ignore[no-untyped-def]
    """Fill ``short`` (uint32) with the upper halves of the hashes of all runs of ``size`` tokens of each row, tokens
    ``start[r]`` to ``stop[r]``; they are ``short[indptr[r]:indptr[r + 1]]`` (int64), in order."""
    for row in range(start.shape[0]):
        base = indptr[row] - start[row]
        for token in range(start[row], stop[row] - size + 1):
            value = _shingle(hashes, kind, token, size, slot, is_skeleton)
            short[base + token] = np.uint32(value >> np.uint64(32))


@njit(cache=True, nogil=True, error_model="numpy")
def _table(n):  # type: ignore[no-untyped-def]
    """An empty open-addressing table for ``n`` hashes: their room, and when each was seen last (0: free)."""
    size = 16
    while size < 2 * n:
        size *= 2
    return np.empty(size, np.uint64), np.zeros(size, np.int32)


@njit(cache=True, nogil=True, error_model="numpy")
def _insert_all(hashes, kind, start, stop, size, held, seen):  # type: ignore[no-untyped-def]
    """Put the shingles of tokens ``start`` to ``stop`` into an empty table; how many different ones there are."""
    last, n = held.shape[0] - 1, 0
    for token in range(start, stop - size + 1):
        value = _shingle(hashes, kind, token, size, np.uint64(0), _AS_WRITTEN)
        slot = np.int64(value & np.uint64(last))
        while seen[slot] and held[slot] != value:
            slot = (slot + 1) & last
        if not seen[slot]:
            held[slot], seen[slot] = value, 1
            n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def set_sizes(hashes, kind, indptr, rows, size, sizes):  # type: ignore[no-untyped-def]
    """Fill ``sizes[row]`` (int32) of some ``rows`` with the number of their different shingles of ``size`` tokens."""
    for row in rows:
        start, stop = indptr[row], indptr[row + 1]
        held, seen = _table(max(0, stop - start - size + 1))
        sizes[row] = _insert_all(hashes, kind, start, stop, size, held, seen)


@njit(cache=True, nogil=True, error_model="numpy")
def _common(hashes, kind, start, stop, size, held, seen, mark):  # type: ignore[no-untyped-def]
    """How many different shingles of tokens ``start`` to ``stop`` are in a table; ``mark`` is a number of its own."""
    last, common = held.shape[0] - 1, 0
    for token in range(start, stop - size + 1):
        value = _shingle(hashes, kind, token, size, np.uint64(0), _AS_WRITTEN)
        slot = np.int64(value & np.uint64(last))
        while seen[slot] and held[slot] != value:
            slot = (slot + 1) & last
        if seen[slot] and seen[slot] != mark:
            seen[slot] = mark
            common += 1
    return common


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
    hashes, kind, indptr, size, sizes, slots, min_agreement, threshold, row_indptr, of, bucket_indptr, members, filled,
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
                is_near = min(sizes[row], sizes[other]) >= threshold * max(sizes[row], sizes[other]) - _ROUNDING
                if is_near and _agreement(slots, row, other) >= min_agreement:
                    found[n_found] = other
                    n_found += 1
        if n_found:
            start, stop = indptr[row], indptr[row + 1]
            held, seen = _table(stop - start)
            _insert_all(hashes, kind, start, stop, size, held, seen)
        _sort(found, n_found)
        for mark in range(n_found):
            other = found[mark]
            common = _common(hashes, kind, indptr[other], indptr[other + 1], size, held, seen, mark + 2)
            union = sizes[row] + sizes[other] - common
            if common and common >= threshold * union - _ROUNDING:
                head[row], ratio[row] = other, common / union
                break
        if is_last and head[row] == row:
            for place in range(row_indptr[row], row_indptr[row + 1]):
                members[filled[of[place]]] = row
                filled[of[place]] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _name(point):  # type: ignore[no-untyped-def]
    """Twelve bits of the hash of a character."""
    return ((np.uint64(point) * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)) >> np.uint64(20)


@njit(cache=True, nogil=True, error_model="numpy")
def sketch_rows(points, start, stop, kept, sketches):  # type: ignore[no-untyped-def]
    """Copy the rows ``points[start[r]:stop[r]]`` after each other to ``kept`` and fill ``sketches`` with a bit for the
    k-th occurrence of each character of a row, and its length.

    A character that is no part of the common subsequence of two rows may set a bit that the other row lacks, one that
    is part of it sets the same bit in both: m - LCS is at least the number of bits that only the first row has.
    """
    counts = np.zeros(4096, np.uint16)
    n_kept = 0
    for row in range(start.shape[0]):
        sketches[row, :] = np.uint64(0)
        for place in range(start[row], stop[row]):
            kept[n_kept] = points[place]
            n_kept += 1
            name = _name(points[place])
            mixed = (name << np.uint64(16)) | np.uint64(counts[name])
            counts[name] += np.uint16(1)
            mixed = ((mixed * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) * np.uint64(_BITS) >> np.uint64(32)
            sketches[row, mixed >> np.uint64(6)] |= np.uint64(1) << (mixed & np.uint64(63))
        for place in range(start[row], stop[row]):
            counts[_name(points[place])] = 0
        sketches[row, 3] |= np.uint64(min(stop[row] - start[row], 0xFFFF)) << np.uint64(48)
