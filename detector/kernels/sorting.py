"""Rows grouped by equal 32-bit keys, by a radix sort of those keys that two rows may have."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

NOBODY = -2  # what `only_groups` says of an empty bucket: most buckets without their representatives are
_DIGIT = np.uint64(2047)
_ONE = np.uint64(1)
_SPREAD, _OTHER_SPREAD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


@njit(cache=True, nogil=True, error_model="numpy")
def _bitmap(n, bits_each):  # type: ignore[no-untyped-def]
    """A bitmap with room for ``n`` keys of ``bits_each`` bits at least, and what shifts a product to a place in it."""
    bits = 12
    while (1 << bits) < bits_each * n:
        bits += 1
    return np.zeros(1 << (bits - 6), np.uint64), np.uint64(64 - bits)


@njit(cache=True, nogil=True, error_model="numpy")
def _may_be_shared(keys, kept):  # type: ignore[no-untyped-def]
    """Fill ``kept`` (uint64: key, then place) with the keys that two bitmaps do not tell from all others; how many.

    Most rows are alone in most bands. A bitmap of what came before, that stands in the cache where a sort would not,
    leaves the keys that may have come before; a smaller one of those, by another hash, tells which came first.
    """
    n, n_again = keys.shape[0], np.int64(0)
    again = np.empty(n + 1, np.uint32)
    before, shift = _bitmap(n, 8)
    for row in range(n):
        place = (np.uint64(keys[row]) * _SPREAD) >> shift
        word, bit = np.int64(place >> np.uint64(6)), place & np.uint64(63)
        held = before[word]
        again[n_again] = keys[row]
        n_again += np.int64((held >> bit) & _ONE)
        before[word] = held | _ONE << bit
    repeated, shift = _bitmap(n_again, 32)
    for row in range(n_again):
        place = (np.uint64(again[row]) * _OTHER_SPREAD) >> shift
        repeated[np.int64(place >> np.uint64(6))] |= _ONE << (place & np.uint64(63))
    n_kept = np.int64(0)
    for row in range(n):
        place = (np.uint64(keys[row]) * _OTHER_SPREAD) >> shift
        kept[n_kept] = (np.uint64(keys[row]) << np.uint64(32)) | np.uint64(row)
        n_kept += np.int64((repeated[np.int64(place >> np.uint64(6))] >> (place & np.uint64(63))) & _ONE)
    return n_kept


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_by_key(values, other):  # type: ignore[no-untyped-def]
    """``values`` (uint64) sorted by their upper half, stable, in eleven bits a pass; ``other`` is room."""
    counts = np.zeros((3, 2048), np.int64)
    for place in range(values.shape[0]):
        key = values[place] >> np.uint64(32)
        counts[0, np.int64(key & _DIGIT)] += 1
        counts[1, np.int64((key >> np.uint64(11)) & _DIGIT)] += 1
        counts[2, np.int64(key >> np.uint64(22))] += 1
    for digit in range(3):
        total = 0
        for value in range(2048):
            here = counts[digit, value]
            counts[digit, value] = total
            total += here
        shift = np.uint64(32 + 11 * digit)
        for place in range(values.shape[0]):
            slot = np.int64((values[place] >> shift) & _DIGIT)
            other[counts[digit, slot]] = values[place]
            counts[digit, slot] += 1
        values, other = other, values
    return values


@njit(cache=True, nogil=True, error_model="numpy")
def shared_keys(keys):  # type: ignore[no-untyped-def]
    """The groups of at least two rows with one key (``keys``: uint32, fewer than 2**32 rows), by ascending key.

    Returns the rows of all groups (int32), ascending in each, and the sizes of the groups (int32).
    """
    kept = np.empty(keys.shape[0] + 1, np.uint64)
    n_kept = _may_be_shared(keys, kept)
    ranked = _sort_by_key(kept[:n_kept], np.empty(n_kept, np.uint64))
    rows, sizes = np.empty(n_kept, np.int32), np.empty(n_kept // 2 + 1, np.int32)
    n_rows, n_groups, start = 0, 0, 0
    while start < n_kept:
        end = start + 1
        while end < n_kept and (ranked[end] >> np.uint64(32)) == (ranked[start] >> np.uint64(32)):
            end += 1
        if end - start > 1:
            for place in range(start, end):
                rows[n_rows] = np.int32(ranked[place] & np.uint64(0xFFFFFFFF))
                n_rows += 1
            sizes[n_groups] = end - start
            n_groups += 1
        start = end
    return rows[:n_rows].copy(), sizes[:n_groups].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def name_members(members, numbers, is_member):  # type: ignore[no-untyped-def]
    """Replace places among some rows (``members``, int32) by the ``numbers`` (int32) of the rows, and mark those."""
    for place in range(members.shape[0]):
        row = numbers[members[place]]
        members[place], is_member[row] = row, True


@njit(cache=True, nogil=True, error_model="numpy")
def first_elsewhere(row, name, group, home, found):  # type: ignore[no-untyped-def]
    """Fill ``found`` (int32) of each name with the first occurrence i of a row ``row[i]`` of that ``name`` whose
    ``group[i]`` is not the ``home`` of the name, -1 where there is none; all int32."""
    found[:] = -1
    for occurrence in range(row.shape[0]):
        own = name[row[occurrence]]
        if found[own] < 0 and group[occurrence] != home[own]:
            found[own] = occurrence


@njit(cache=True, nogil=True, error_model="numpy")
def list_followers(indptr, rows, chosen, new_indptr, new_rows):  # type: ignore[no-untyped-def]
    """Copy the rows of each bucket whose ``chosen`` (int32) is not themselves, and their offsets; how many there are.

    Bucket b has ``rows[indptr[b]:indptr[b + 1]]`` (int32, int64).
    """
    n = 0
    new_indptr[0] = 0
    for bucket in range(indptr.shape[0] - 1):
        for entry in range(indptr[bucket], indptr[bucket + 1]):
            if chosen[rows[entry]] != rows[entry]:
                new_rows[n] = rows[entry]
                n += 1
        new_indptr[bucket + 1] = n
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def list_buckets(members, sizes, low, high, place, buckets):  # type: ignore[no-untyped-def]
    """Write the number of its bucket into the list of each member from row ``low`` to row ``high``: bucket g is the
    next ``sizes[g]`` of ``members`` (int32). ``place`` (int64, a row for each of these rows) is where the row's list in
    ``buckets`` (int32) goes on."""
    entry = 0
    for group in range(sizes.shape[0]):
        for _ in range(sizes[group]):
            row = members[entry]
            if low <= row < high:
                buckets[place[row - low]] = group
                place[row - low] += 1
            entry += 1


@njit(cache=True, nogil=True, error_model="numpy")
def only_groups(bucket_indptr, bucket_rows, first_other, group_of_first, first, last, only):  # type: ignore[no-untyped-def]
    """Fill ``only`` (int32) of buckets ``first`` to ``last`` with the group that all their rows stand in and no other,
    -1 where there is none, `NOBODY` where there is no row."""
    for bucket in range(first, last):
        only[bucket] = NOBODY if bucket_indptr[bucket] == bucket_indptr[bucket + 1] else -1
        for entry in range(bucket_indptr[bucket], bucket_indptr[bucket + 1]):
            row = bucket_rows[entry]
            if first_other[row] >= 0 or (only[bucket] >= 0 and only[bucket] != group_of_first[row]):
                only[bucket] = -1
                break
            only[bucket] = group_of_first[row]
