"""Buckets: rows that share the hash of a band, found by a radix sort of each band."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def number_buckets(bands, band, rows, taken):  # type: ignore[no-untyped-def]
    """Replace the hashes of one band by numbers of buckets from 1, 0 where no other of ``rows`` has the hash.

    ``bands``: uint32, n x n_bands; ``rows``: int32, the rows that take part, ascending; all others get 0. Numbers go in
    the order of the hashes. A radix sort of three passes of eleven bits; returns the number of buckets and gives the
    size of bucket b in ``taken[b]`` (int32, room for ``len(rows) // 2 + 1``).
    """
    n = rows.shape[0]
    keys, others = np.empty(n, np.uint32), np.empty(n, np.uint32)
    order, ordered = rows.copy(), np.empty(n, np.int32)
    counts = np.zeros((3, 2048), np.int64)
    for i in range(n):
        key = bands[rows[i], band]
        keys[i] = key
        counts[0, key & np.uint32(2047)] += 1
        counts[1, (key >> np.uint32(11)) & np.uint32(2047)] += 1
        counts[2, key >> np.uint32(22)] += 1
    for step in range(3):
        total = np.int64(0)
        for digit in range(2048):
            size = counts[step, digit]
            counts[step, digit] = total
            total += size
        shift = np.uint32(11 * step)
        for i in range(n):
            digit = (keys[i] >> shift) & np.uint32(2047)
            place = counts[step, digit]
            counts[step, digit] += 1
            others[place], ordered[place] = keys[i], order[i]
        keys, others = others, keys
        order, ordered = ordered, order
    for row in range(bands.shape[0]):
        bands[row, band] = np.uint32(0)
    n_buckets, first = 0, 0
    while first < n:
        last = first + 1
        while last < n and keys[last] == keys[first]:
            last += 1
        if last - first > 1:
            n_buckets += 1
            taken[n_buckets] = last - first
            for i in range(first, last):
                bands[order[i], band] = np.uint32(n_buckets)
        first = last
    return n_buckets


@njit(cache=True, nogil=True, error_model="numpy")
def place_buckets(bands, band, places):  # type: ignore[no-untyped-def]
    """Replace the numbers of one band's buckets by ``places[number]`` (int64, below 2**32; 0 for number 0)."""
    for row in range(bands.shape[0]):
        bands[row, band] = places[bands[row, band]]
