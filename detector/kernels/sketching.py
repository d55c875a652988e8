"""Sketches of rows, and what is left of a bucket when only those stay that may match another one of it by them.

A sketch (four uint64) has a bit for the k-th occurrence of each character of a row, and its length. A character that is
no part of the common subsequence of two rows may set a bit that the other row lacks, one that is part of it sets the
same bit in both: m - LCS is at least the number of bits that only the first row has.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SLOT = 128
_ONE = np.uint64(1)
_LOW_48 = np.uint64(0x0000FFFFFFFFFFFF)
_BITS = 240
"""Bits of a sketch; the upper 16 of its last word are the length."""

_ROUNDING = 1e-9
"""Slack of the comparison with a threshold, the same as in `detector.kernels.verifying`."""

_TOGETHER = 1024
"""Rows whose sketches are taken from memory together, so that one need not wait for the other."""


@njit(cache=True, nogil=True, error_model="numpy")
def _bit(point, counts, row):  # type: ignore[no-untyped-def]
    """The bit of the next occurrence of a character; ``counts`` (uint32) are those of row ``row`` of 2**16, by twelve
    bits of the hash of the character, if their upper halves are that number."""
    name = np.int64(((np.uint64(point) * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)) >> np.uint64(20))
    last = np.int64(counts[name])
    count = last & 0xFFFF if last >> 16 == row else np.int64(0)
    counts[name] = np.uint32(row << 16 | (count + 1) & 0xFFFF)
    mixed = np.uint64(name << 16 | count) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)
    return mixed * np.uint64(_BITS) >> np.uint64(32)


@njit(cache=True, nogil=True, error_model="numpy")
def sketch_rows(  # type: ignore[no-untyped-def]
    points, folded, where, kind, base, first, stop, slot_point, rows, sketches
):  # fmt: skip
    """Fill ``sketches[rows[r]]`` (n x 4) of the skeletons of the token rows ``first[r]`` to ``stop[r]`` (int64).

    The characters of a token, ``folded`` (uint32, by code point), stand in ``points`` (uint32) from ``base[r]`` plus
    its start, as ``where`` (`detector.text.tokens.Tokens.where`) has it; for a number or a mark, by ``kind`` (`form`
    there), there is one ``slot_point``.
    """
    start, length, long_row, long_end = where
    counts, words, name = np.zeros(4096, np.uint32), np.empty(4, np.uint64), np.int64(0)
    for number in range(first.shape[0]):
        name += 1
        if name == 1 << 16:
            counts, name = np.zeros(4096, np.uint32), np.int64(1)
        for word in range(4):
            words[word] = np.uint64(0)
        n, text = np.int64(0), base[number]
        for token in range(first[number], stop[number]):
            if kind[token] >= _SLOT:
                bit = _bit(slot_point, counts, name)
                words[bit >> np.uint64(6)] |= _ONE << (bit & np.uint64(63))
                n += 1
                continue
            begin, size = text + start[token], np.int64(length[token] & 63)
            if size == 63:
                size = long_end[np.searchsorted(long_row, token)] - np.int64(start[token])
            for place in range(begin, begin + size):
                bit = _bit(folded[points[place]], counts, name)
                words[bit >> np.uint64(6)] |= _ONE << (bit & np.uint64(63))
            n += size
        row = rows[number]
        for word in range(4):
            sketches[row, word] = words[word]
        sketches[row, 3] |= np.uint64(min(n, np.int64(0xFFFF))) << np.uint64(48)


@njit(cache=True, nogil=True, error_model="numpy")
def _ones(word):  # type: ignore[no-untyped-def]
    """How many bits of a word are set (the compiler knows the form and uses the machine's instruction)."""
    word = word - ((word >> _ONE) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True, error_model="numpy")
def _may_reach(a0, a1, a2, a3, b0, b1, b2, b3, threshold):  # type: ignore[no-untyped-def]
    """Whether rows with these sketches may have this ratio, as `detector.kernels.verifying` tells it."""
    m, n = np.int64(a3 >> np.uint64(48)), np.int64(b3 >> np.uint64(48))
    left = _ones(a0 & ~b0) + _ones(a1 & ~b1) + _ones(a2 & ~b2) + _ones(a3 & ~b3 & _LOW_48)
    right = _ones(b0 & ~a0) + _ones(b1 & ~a1) + _ones(b2 & ~a2) + _ones(b3 & ~a3 & _LOW_48)
    least = threshold * (m + n) - _ROUNDING
    return (2.0 * min(m - left, n - right) >= least) | (m == 0xFFFF) | (n == 0xFFFF)


@njit(cache=True, nogil=True, error_model="numpy")
def _mix(value):  # type: ignore[no-untyped-def]
    """A bijection of 64-bit words that spreads every bit (the finaliser of MurmurHash3, public domain)."""
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, error_model="numpy")
def _pair(row, other):  # type: ignore[no-untyped-def]
    """Two rows as a word, the lower first."""
    low, high = (row, other) if row < other else (other, row)
    return np.uint64(low) << np.uint64(32) | np.uint64(high)


@njit(cache=True, nogil=True, error_model="numpy")
def _list_near(words, begin, rows, threshold, limit, may, is_near, pairs, n_pairs):  # type: ignore[no-untyped-def]
    """Set ``is_near`` (uint8) of those of ``rows``, whose sketches are the columns of ``words`` from ``begin`` on, that
    may match another one of them, and write these pairs to ``pairs`` from ``n_pairs`` on; where that ends, or -1 if
    there are more than ``limit``."""
    n, listed = rows.shape[0], n_pairs
    b0, b1 = words[0, begin : begin + n], words[1, begin : begin + n]
    b2, b3 = words[2, begin : begin + n], words[3, begin : begin + n]
    for row in range(n):
        is_near[row] = 0
    for row in range(1, n):
        a0, a1, a2, a3, found = b0[row], b1[row], b2[row], b3[row], np.uint8(0)
        for other in range(row):
            may[other] = np.uint8(_may_reach(a0, a1, a2, a3, b0[other], b1[other], b2[other], b3[other], threshold))
            found |= may[other]
        if not found:
            continue
        is_near[row] = 1
        for other in range(row):
            is_near[other] |= may[other]
            if may[other] and listed >= 0:
                pairs[listed] = _pair(rows[row], rows[other])
                listed = listed + 1 if listed < n_pairs + limit else -1
    return listed


@njit(cache=True, nogil=True, error_model="numpy")
def near_rows(members, sizes, sketches, threshold, most, n_each):  # type: ignore[no-untyped-def]
    """What is left of groups of rows, the next ``sizes[g]`` (int32) of ``members`` (int32) each, when those go that
    match no other one of their group by their sketches; groups of more than ``most`` stay as they are.

    Returns the pairs that may match (uint64, the lower row in the upper half) of the groups that have at most
    ``n_each`` of them for a member, and the members and sizes of the other groups that are left, with a hash of the
    members of each (uint64).
    """
    kept, kept_sizes = np.empty(members.shape[0], np.int32), np.empty(sizes.shape[0], np.int32)
    keys = np.empty(sizes.shape[0], np.uint64)
    pairs = np.empty(max(n_each, 1) * members.shape[0] + 1, np.uint64)
    n_kept = n_groups = n_pairs = entry = group = np.int64(0)
    room = max(_TOGETHER, most)
    words, may, is_near = np.empty((4, room), np.uint64), np.empty(room, np.uint8), np.empty(room, np.uint8)
    while group < sizes.shape[0]:
        last, n = group, np.int64(0)
        while last < sizes.shape[0] and sizes[last] <= most and (n == 0 or n + sizes[last] <= _TOGETHER):
            n += sizes[last]
            last += 1
        for place in range(n):
            row = members[entry + place]
            words[0, place], words[1, place] = sketches[row, 0], sketches[row, 1]
            words[2, place], words[3, place] = sketches[row, 2], sketches[row, 3]
        begin = np.int64(0)
        for number in range(group, max(last, group + 1)):
            size = np.int64(sizes[number])
            if size == 2:
                pairs[n_pairs] = _pair(members[entry], members[entry + 1])
                n_pairs += _may_reach(
                    words[0, begin], words[1, begin], words[2, begin], words[3, begin],
                    words[0, begin + 1], words[1, begin + 1], words[2, begin + 1], words[3, begin + 1], threshold,
                )  # fmt: skip
            else:
                listed = np.int64(-1)
                if size <= most:
                    listed = _list_near(
                        words, begin, members[entry : entry + size], threshold, n_each * size, may, is_near, pairs,
                        n_pairs,
                    )  # fmt: skip
                before, n_pairs, keys[n_groups] = n_kept, max(n_pairs, listed), np.uint64(0)
                for place in range(size if listed < 0 else 0):
                    if size > most or is_near[place]:
                        kept[n_kept] = members[entry + place]
                        keys[n_groups] += _mix(np.uint64(members[entry + place] + 1))  # the hash of 0 is 0
                        n_kept += 1
                kept_sizes[n_groups] = n_kept - before
                n_groups += n_kept > before
            begin, entry = begin + size, entry + size
        group = max(last, group + 1)
    return pairs[:n_pairs].copy(), kept[:n_kept].copy(), kept_sizes[:n_groups].copy(), keys[:n_groups].copy()
