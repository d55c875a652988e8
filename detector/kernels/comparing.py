"""How alike two texts of any length are: their normalised Indel similarity, from a longest common subsequence."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_ONE, _ALL = np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

STRIPE = 4096
"""Characters of the left text that one pass over the right one compares, 64 a word: 2 MB of bits at most."""

LARGEST_BLOCK = 1 << 28
"""Character pairs of two blocks that are compared as a whole (16,384 characters each); larger ones are compared passage
by passage, so that books cost no more than the sum of their lengths."""


@njit(cache=True, nogil=True, error_model="numpy")
def _stripe(points, left, m, table, row_at, masks):  # type: ignore[no-untyped-def]
    """A hash table of the characters ``points[left:left + m]`` and the bits of the places of each (m <= STRIPE)."""
    size, n_distinct = table.shape[0], 0
    for slot in range(size):
        table[slot] = -1
    for place in range(m):
        point = np.int64(points[left + place])
        slot = np.int64((np.uint64(point) * _SPREAD) >> np.uint64(32)) & (size - 1)
        while table[slot] >= 0 and table[slot] != point:
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = point
            row_at[slot] = n_distinct
            for word in range(masks.shape[1]):
                masks[n_distinct, word] = 0
            n_distinct += 1
        masks[row_at[slot], place >> 6] |= _ONE << np.uint64(place & 63)


@njit(cache=True, nogil=True, error_model="numpy")
def _few_differences(points, left, m, right, n):  # type: ignore[no-untyped-def]
    """The characters to leave out or put in that make one range the other (Myers 1986), -1 where they are too many.

    Diagonal k holds how far on the left the best path of so many differences comes that is k ahead there; paths of one
    difference more continue its neighbours. That takes half as many steps as the square of the differences, and bits a
    word for every 64 characters of each side: near-copies are compared in the time of reading them.
    """
    most, limit = m - n if m > n else n - m, 4 * n * ((m + 63) >> 6)
    if most * most >= limit:
        return -1
    while most * most < limit:
        most += 1 + most // 4
    reach = np.empty(2 * most + 3, np.int64)
    middle = most + 1
    reach[middle + 1] = 0
    for differences in range(most + 1):
        for k in range(-differences, differences + 1, 2):
            if k == -differences or (k != differences and reach[middle + k - 1] < reach[middle + k + 1]):
                i = reach[middle + k + 1]
            else:
                i = reach[middle + k - 1] + 1
            j = i - k
            while i < m and j < n and points[np.uint64(left + i)] == points[np.uint64(right + j)]:
                i, j = i + 1, j + 1
            reach[middle + k] = i
            if i >= m and j >= n:
                return differences
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def _common_length(points, left, m, right, n):  # type: ignore[no-untyped-def]
    """Length of the longest common subsequence of ``m`` characters from ``left`` and ``n`` from ``right``.

    Common ends first; then bit-parallel (Hyyrö 2004), a stripe of the left side at a time, with the carries out of it
    kept for the next one.
    """
    common = 0
    while m and n and points[left] == points[right]:
        common, left, m, right, n = common + 1, left + 1, m - 1, right + 1, n - 1
    while m and n and points[left + m - 1] == points[right + n - 1]:
        common, m, n = common + 1, m - 1, n - 1
    if m == 0 or n == 0:
        return common
    few = _few_differences(points, left, m, right, n)
    if few >= 0:
        return common + (m + n - few) // 2
    width = min(m, STRIPE)
    size = 16
    while size < 2 * width:
        size *= 2
    table, row_at = np.empty(size, np.int64), np.empty(size, np.int64)
    masks = np.empty((width, (width + 63) >> 6), np.uint64)
    carries = np.zeros(n if m > STRIPE else 1, np.uint8)
    state = np.empty(masks.shape[1], np.uint64)
    for begin in range(0, m, STRIPE):
        length = min(m - begin, STRIPE)
        _stripe(points, left + begin, length, table, row_at, masks)
        for word in range(state.shape[0]):
            state[word] = _ALL
        for place in range(right, right + n):
            carry = np.uint64(carries[place - right]) if m > STRIPE else np.uint64(0)
            point = np.int64(points[place])
            slot = np.int64((np.uint64(point) * _SPREAD) >> np.uint64(32)) & (size - 1)
            while table[slot] >= 0 and table[slot] != point:
                slot = (slot + 1) & (size - 1)
            found = table[slot] >= 0
            if not found and carry == 0:
                continue
            for word in range((length + 63) >> 6):
                before = state[word]
                hit = before & masks[row_at[slot], word] if found else np.uint64(0)
                total = before + hit
                overflow = np.uint64(total < before)
                total += carry
                carry = overflow | np.uint64(total < carry)
                state[word] = total | (before - hit)
            if m > STRIPE:
                carries[place - right] = carry
        for place in range(length):
            common += not (state[place >> 6] >> np.uint64(place & 63)) & _ONE
    return common


@njit(cache=True, nogil=True, error_model="numpy")
def similarities(points, indptr, part, left, right, limit, ratio):  # type: ignore[no-untyped-def]
    """Fill ``ratio`` (float64) with the normalised Indel similarity of each pair of texts ``left[i]``, ``right[i]``.

    Text t is parts ``part[t]`` to ``part[t + 1]``, a part p the characters ``points[indptr[p]:indptr[p + 1]]``. Texts
    of more than ``limit`` pairs of characters are compared part by part.
    """
    for pair in range(left.shape[0]):
        one, other = part[left[pair]], part[right[pair]]
        n_parts, n_other = part[left[pair] + 1] - one, part[right[pair] + 1] - other
        m, n = indptr[one + n_parts] - indptr[one], indptr[other + n_other] - indptr[other]
        if np.float64(m) * np.float64(n) <= limit:
            common = _common_length(points, indptr[one], m, indptr[other], n)
        else:
            common = 0
            for step in range(min(n_parts, n_other)):
                start, other_start = indptr[one + step], indptr[other + step]
                common += _common_length(
                    points, start, indptr[one + step + 1] - start,
                    other_start, indptr[other + step + 1] - other_start,
                )  # fmt: skip
        ratio[pair] = 1.0 - (m + n - 2 * common) / (m + n) if m + n else 1.0
