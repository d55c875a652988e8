"""Documents as sets of character 5-grams: signed from UTF-8 as they stream by, and compared.

A shingle is five consecutive code points of the text as it is, hashed to 64 bits: two words that hold all 105 bits,
each times an odd constant, summed, then MurmurHash3's 64-bit finaliser. Texts are decoded piece by piece, so that a
text of any length takes the same memory; a set that is too large for one table is counted a part of the hashes at a
time. Signatures are in the ``affine32`` scheme over the upper 32 bits of the hash, so that they equal those of
`detector.kernels.signing` for the same hashes.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_FIRST_WORD, _SECOND_WORD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC4CEB9FE1A85EC53)
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_ALL = np.uint32(0xFFFFFFFF)

PIECE = 8192
"""Code points that are decoded, hashed and signed at a time: their columns stay in the first-level cache or near it."""

RUN = 32
"""Characters that are decoded at once where all have the same number of bytes: six times as fast as one by one."""

SHINGLE = 5
BLANKS_END = 0x3001
"""No code point from here on is a blank."""

TABLE_SHINGLES = 1 << 20
"""Shingles that one table takes; larger pairs of texts are counted in several passes."""


@njit(cache=True, nogil=True, error_model="numpy")
def _decode_three(values, at, points, n):  # type: ignore[no-untyped-def]
    """Decode `RUN` characters at once where all are of three bytes, which most are in Chinese; whether they were."""
    source, target = values[at : at + 3 * RUN], points[n : n + RUN]
    other = np.uint8(0)
    for i in range(RUN):
        other |= (source[3 * i] & np.uint8(0xF0)) ^ np.uint8(0xE0)
    if other:
        return False
    for i in range(RUN):
        target[i] = (
            ((np.uint32(source[3 * i]) & np.uint32(0x0F)) << np.uint32(12))
            | ((np.uint32(source[3 * i + 1]) & np.uint32(0x3F)) << np.uint32(6))
            | (np.uint32(source[3 * i + 2]) & np.uint32(0x3F))
        )
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _decode_ascii(values, at, points, n):  # type: ignore[no-untyped-def]
    """Decode `RUN` characters at once where all are ASCII; whether they were."""
    source, target = values[at : at + RUN], points[n : n + RUN]
    other = np.uint8(0)
    for i in range(RUN):
        other |= source[i]
    if other >= 0x80:
        return False
    for i in range(RUN):
        target[i] = source[i]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _decode(values, at, stop, points, n, limit):  # type: ignore[no-untyped-def]
    """Decode UTF-8 (surrogates passed) from byte ``at`` on into ``points[n:limit]``; where it stopped."""
    while at < stop and n < limit:
        if at + 3 * RUN <= stop and n + RUN <= limit:
            if _decode_three(values, at, points, n):
                at += 3 * RUN
                n += RUN
                continue
            if _decode_ascii(values, at, points, n):
                at += RUN
                n += RUN
                continue
        last = min(limit, n + RUN // 2)
        while at < stop and n < last:
            byte = np.uint32(values[at])
            if byte >= np.uint32(0xE0) and byte < np.uint32(0xF0):
                points[n] = (
                    ((byte & np.uint32(0x0F)) << np.uint32(12))
                    | ((np.uint32(values[at + 1]) & np.uint32(0x3F)) << np.uint32(6))
                    | (np.uint32(values[at + 2]) & np.uint32(0x3F))
                )
                at += 3
            elif byte < np.uint32(0x80):
                points[n] = byte
                at += 1
            elif byte < np.uint32(0xE0):
                points[n] = ((byte & np.uint32(0x1F)) << np.uint32(6)) | (np.uint32(values[at + 1]) & np.uint32(0x3F))
                at += 2
            else:
                points[n] = (
                    ((byte & np.uint32(0x07)) << np.uint32(18))
                    | ((np.uint32(values[at + 1]) & np.uint32(0x3F)) << np.uint32(12))
                    | ((np.uint32(values[at + 2]) & np.uint32(0x3F)) << np.uint32(6))
                    | (np.uint32(values[at + 3]) & np.uint32(0x3F))
                )
                at += 4
            n += 1
    return at, n


@njit(cache=True, nogil=True, error_model="numpy")
def _hash(points, n, hashes):  # type: ignore[no-untyped-def]
    """The hashes of the ``n`` shingles that begin at ``points[0]`` to ``points[n - 1]``, and their sum."""
    total = np.uint64(0)
    for i in range(n):
        first = (
            np.uint64(points[i])
            | (np.uint64(points[i + 1]) << np.uint64(21))
            | (np.uint64(points[i + 2]) << np.uint64(42))
        )
        second = np.uint64(points[i + 3]) | (np.uint64(points[i + 4]) << np.uint64(21))
        value = first * _FIRST_WORD + second * _SECOND_WORD
        value ^= value >> np.uint64(33)
        value *= _MIX_1
        value ^= value >> np.uint64(33)
        value *= _MIX_2
        value ^= value >> np.uint64(33)
        hashes[i] = value
        total += value
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _lower(mixed, n, multipliers, offsets, lowest):  # type: ignore[no-untyped-def]
    """Lower the minima of all permutations by ``n`` mixed shingle hashes; four permutations share one reading."""
    for p in range(0, multipliers.shape[0], 4):
        a0, a1, a2, a3 = multipliers[p], multipliers[p + 1], multipliers[p + 2], multipliers[p + 3]
        b0, b1, b2, b3 = offsets[p], offsets[p + 1], offsets[p + 2], offsets[p + 3]
        m0, m1, m2, m3 = lowest[p], lowest[p + 1], lowest[p + 2], lowest[p + 3]
        for i in range(n):
            value = mixed[i]
            m0 = min(m0, np.uint32(value * a0 + b0))
            m1 = min(m1, np.uint32(value * a1 + b1))
            m2 = min(m2, np.uint32(value * a2 + b2))
            m3 = min(m3, np.uint32(value * a3 + b3))
        lowest[p], lowest[p + 1], lowest[p + 2], lowest[p + 3] = m0, m1, m2, m3


@njit(cache=True, nogil=True, error_model="numpy")
def sign_documents(values, starts, blank, multipliers, offsets, bands, slots, sums, n_points, n_chars):  # type: ignore[no-untyped-def]
    """Sign the texts ``values[starts[d]:starts[d + 1]]`` (uint8 UTF-8, int64 offsets), one row each.

    ``blank``: bool by code point below 0x3001; ``multipliers``, ``offsets``: uint32, a multiple of four permutations.
    Filled are ``bands`` (uint32, n x n_bands: hashes of as many permutations each), ``slots`` (uint8, n x permutations:
    low bytes), ``sums`` (uint64: the sum of the shingle hashes, the same for the same text), ``n_points``, ``n_chars``
    (int64: code points, and those that are no blank). A text of fewer than five characters that are no blank has no
    shingle: its row is not to be compared.
    """
    n_permutations, n_bands = multipliers.shape[0], bands.shape[1]
    rows = n_permutations // n_bands
    points = np.empty(PIECE + SHINGLE - 1, np.uint32)
    hashes = np.empty(PIECE, np.uint64)
    mixed = np.empty(PIECE, np.uint32)
    lowest = np.empty(n_permutations, np.uint32)
    for d in range(starts.shape[0] - 1):
        at, stop = starts[d], starts[d + 1]
        lowest[:] = _ALL
        held, total, n_all, n_blank = 0, np.uint64(0), 0, 0
        while at < stop:
            at, n = _decode(values, at, stop, points, held, PIECE + SHINGLE - 1)
            for i in range(held, n):
                if points[i] < BLANKS_END and blank[points[i]]:
                    n_blank += 1
            n_all += n - held
            n_shingles = n - SHINGLE + 1
            if n_shingles > 0:
                total += _hash(points, n_shingles, hashes)
                for i in range(n_shingles):
                    value = np.uint32(hashes[i] >> np.uint64(32))
                    value = np.uint32(value ^ (value >> np.uint32(16)))
                    value = np.uint32(value * np.uint32(0x85EBCA6B))
                    value = np.uint32(value ^ (value >> np.uint32(13)))
                    value = np.uint32(value * np.uint32(0xC2B2AE35))
                    mixed[i] = np.uint32(value ^ (value >> np.uint32(16)))
                _lower(mixed, n_shingles, multipliers, offsets, lowest)
            held = min(n, SHINGLE - 1)
            for i in range(held):
                points[i] = points[n - held + i]
        sums[d], n_points[d], n_chars[d] = total, n_all, n_all - n_blank
        for p in range(n_permutations):
            slots[d, p] = np.uint8(lowest[p])
        for band in range(n_bands):
            key = np.uint64(band + 1)
            for p in range(band * rows, (band + 1) * rows):
                key = (key * _FIRST_WORD + np.uint64(lowest[p])) * _MIX_1
                key ^= key >> np.uint64(32)
            bands[d, band] = np.uint32(key)


@njit(cache=True, nogil=True, error_model="numpy")
def _insert(values, start, stop, part, n_parts, points, hashes, keys, stamps, stamp, inserted):  # type: ignore[no-untyped-def]
    """Put the shingles of a text into a table; how many were new, and how many of stamp 0 it met, each counted once.

    Keys that are new get ``stamp``, and their places go to ``inserted`` so that they can be taken out again; keys of
    the first text (any stamp that is not marked new) get ``stamp`` when they are met. Only hashes of ``part`` (of
    ``n_parts``) count.
    """
    mask = keys.shape[0] - 1
    held, n_new, n_met = 0, 0, 0
    at = start
    while at < stop:
        at, n = _decode(values, at, stop, points, held, PIECE + SHINGLE - 1)
        n_shingles = n - SHINGLE + 1
        if n_shingles > 0:
            _hash(points, n_shingles, hashes)
            for i in range(n_shingles):
                key = hashes[i] | np.uint64(1)
                if n_parts > 1 and np.int64(key >> np.uint64(40)) % n_parts != part:
                    continue
                place = np.int64(key >> np.uint64(20)) & mask
                while keys[place] != np.uint64(0) and keys[place] != key:
                    place = (place + 1) & mask
                if keys[place] == np.uint64(0):
                    keys[place] = key
                    stamps[place] = stamp
                    inserted[n_new] = place
                    n_new += 1
                elif stamps[place] != stamp:
                    stamps[place] = stamp
                    n_met += 1
        held = min(n, SHINGLE - 1)
        for i in range(held):
            points[i] = points[n - held + i]
    return n_new, n_met


@njit(cache=True, nogil=True, error_model="numpy")
def compare_pairs(values, starts, heads, others, common, union):  # type: ignore[no-untyped-def]
    """Shingles in common and in all (int64) of pairs of texts ``values[starts[row]:starts[row + 1]]`` (uint8 UTF-8).

    ``heads``, ``others``: int64, rows; pairs of one head stand together, so that its set is made once.
    """
    points = np.empty(PIECE + SHINGLE - 1, np.uint32)
    hashes = np.empty(PIECE, np.uint64)
    keys, stamps, size = np.empty(0, np.uint64), np.empty(0, np.int64), 0
    own, inserted = np.empty(0, np.int64), np.empty(0, np.int64)
    first = 0
    while first < heads.shape[0]:
        last, longest = first, np.int64(0)
        head = heads[first]
        while last < heads.shape[0] and heads[last] == head:
            longest = max(longest, starts[others[last] + 1] - starts[others[last]])
            common[last], union[last] = 0, 0
            last += 1
        room = starts[head + 1] - starts[head] + longest
        n_parts = room // TABLE_SHINGLES + 1
        size = 64
        while size < 2 * min(room, TABLE_SHINGLES):
            size *= 2
        if size > keys.shape[0] or size * 8 < keys.shape[0]:
            keys, stamps = np.zeros(size, np.uint64), np.zeros(size, np.int64)
            own, inserted = np.empty(size, np.int64), np.empty(size, np.int64)
        for part in range(n_parts):
            n_own, _ = _insert(
                values, starts[head], starts[head + 1], part, n_parts, points, hashes, keys, stamps, np.int64(-1), own
            )
            for pair in range(first, last):
                row = others[pair]
                n_new, n_met = _insert(
                    values, starts[row], starts[row + 1], part, n_parts, points, hashes, keys, stamps, pair, inserted
                )
                common[pair] += n_met
                union[pair] += n_own + n_new
                for i in range(n_new):
                    keys[inserted[i]] = np.uint64(0)
            for i in range(n_own):
                keys[own[i]] = np.uint64(0)
        first = last


@njit(cache=True, nogil=True, error_model="numpy")
def equal_texts(values, starts, heads, others, equal):  # type: ignore[no-untyped-def]
    """Whether the texts of two rows are the same bytes, for each pair (``equal``: bool)."""
    for pair in range(heads.shape[0]):
        left, right = starts[heads[pair]], starts[others[pair]]
        length = starts[heads[pair] + 1] - left
        same = length == starts[others[pair] + 1] - right
        i = np.int64(0)
        while same and i < length:
            differs = np.uint8(0)
            for k in range(i, min(i + 4096, length)):
                differs |= values[left + k] ^ values[right + k]
            same = differs == 0
            i += 4096
        equal[pair] = same
