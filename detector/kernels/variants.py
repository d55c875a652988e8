"""Which members of a cluster have the same text: its variants, in the order of the first members that have them.

Of the members times slots of a corpus two in five are of a member whose text another one of its cluster has. So
templates are made of variants, each with the number of members that have it; members come in again where fills are
listed.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

MARK = 192
"""Tokens of this kind (`form` of `detector.text.tokens.Tokens`) and above are marks."""

BEYOND = 8
"""Characters after a number that say what it counts, as in `detector.kernels.grouping`."""

_SPREAD, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
_BITS, _TWICE = np.uint64(21), np.uint64(42)


@njit(cache=True, nogil=True, error_model="numpy")
def _grown(column, needed):  # type: ignore[no-untyped-def]
    """The column, or one with room for at least ``needed`` rows."""
    return column if needed <= column.shape[0] else np.empty(max(needed, 2 * column.shape[0]), column.dtype)


@njit(cache=True, nogil=True, error_model="numpy")
def _end(where, row):  # type: ignore[no-untyped-def]
    """Where a token ends; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def _with(key, value):  # type: ignore[no-untyped-def]
    """A hash of what is hashed already and of another value."""
    key = (key ^ value) * _SPREAD
    return key ^ (key >> _HALF)


@njit(cache=True, nogil=True, error_model="numpy")
def _with_text(key, points, start, stop):  # type: ignore[no-untyped-def]
    """The same of characters, three at a time, and their number."""
    place, last = np.uint64(start), np.uint64(stop)
    key = _with(key, last - place)
    while place + np.uint64(3) <= last:
        first, second, third = points[place], points[place + np.uint64(1)], points[place + np.uint64(2)]
        key = _with(key, np.uint64(first) | np.uint64(second) << _BITS | np.uint64(third) << _TWICE)
        place += np.uint64(3)
    while place < last:
        key = _with(key, np.uint64(points[place]))
        place += np.uint64(1)
    return key


@njit(cache=True, nogil=True, error_model="numpy")
def mark_passages(first, last, wanted):  # type: ignore[no-untyped-def]
    """Set ``wanted`` (bool) of all rows ``first[i]`` to ``last[i]``; the others are left."""
    for row in range(first.shape[0]):
        for passage in range(np.uint64(first[row]), np.uint64(last[row])):
            wanted[passage] = True


@njit(cache=True, nogil=True, error_model="numpy")
def text_keys(where, points, plain, counts, text_start, text_stop, bounds, document, wanted, ending, going_on):  # type: ignore[no-untyped-def]
    """Hashes (uint64) of the text of each ``wanted`` (bool) passage as it is written: ``ending``, where a member ends
    with it, and ``going_on``, up to the passage after it.

    ``bounds`` (int64, n + 1): the tokens of each; ``document``: its text, ``text_start`` to ``text_stop`` of
    ``points``; ``plain`` (uint32) and ``counts`` (bool) by code point: its plain form, and whether that may say what a
    number before it counts, as it does after the end of a member. Which of its tokens are marks is no matter of a
    passage's text alone, so that is hashed too.
    """
    start, form = where[0], where[1]
    for row in range(ending.shape[0]):
        if not wanted[row]:
            continue
        first, last, text = bounds[row], bounds[row + 1], text_start[document[row]]
        at, stop = text + _end(where, last - 1), text_stop[document[row]]
        key = _with_text(np.uint64(0), points, text + start[first], at)
        n_marks = 0
        for token in range(np.uint64(first), np.uint64(last)):
            n_marks += form[token] >= MARK
        for token in range(first, last if n_marks else first):
            key = _with(key, np.uint64(start[token] - start[first]) << np.uint64(8) | np.uint64(form[token]))
        after, past = at, min(at + BEYOND, stop)
        while after < past and counts[plain[points[after]]]:
            after += 1
        ending[row] = _with_text(key, points, at, after)
        is_last = row + 1 == document.shape[0] or document[row + 1] != document[row]
        going_on[row] = _with_text(key, points, at, at if is_last else text + start[last])


@njit(cache=True, nogil=True, error_model="numpy")
def find_variants(ending, going_on, indptr, first, last):  # type: ignore[no-untyped-def]
    """The variants of each cluster; its members are rows ``indptr[c]`` to ``indptr[c + 1]``, passages ``first`` to
    ``last``, of which `text_keys` has the hashes.

    Returns ``rows`` (int64, a row per cluster and one): its variants are rows ``rows[c]`` to ``rows[c + 1]`` of
    ``member`` (int32), the first that has it, and ``weight`` (int32), how many have it; and ``of`` (int32): which
    variant of its cluster each member has.
    """
    n = first.shape[0]
    rows, of = np.zeros(indptr.shape[0], np.int64), np.empty(n, np.int32)
    member, weight, key_of = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.uint64)
    table = np.empty(64, np.int32)
    n_rows = np.int64(0)
    for cluster in range(indptr.shape[0] - 1):
        size, begun = 16, n_rows
        while size < 2 * (indptr[cluster + 1] - indptr[cluster]):
            size *= 2
        table = _grown(table, size)
        table[:size] = -1
        for row in range(indptr[cluster], indptr[cluster + 1]):
            key = np.uint64(last[row] - first[row])
            for passage in range(first[row], last[row] - 1):
                key = _with(key, going_on[passage])
            if last[row] > first[row]:
                key = _with(key, ending[last[row] - 1])
            slot = np.int64(key >> _HALF) & (size - 1)
            while table[slot] >= 0 and key_of[begun + table[slot]] != key:
                slot = (slot + 1) & (size - 1)
            if table[slot] < 0:
                table[slot] = n_rows - begun
                member[n_rows], weight[n_rows], key_of[n_rows] = row, 0, key
                n_rows += 1
            of[row] = table[slot]
            weight[begun + of[row]] += 1
        rows[cluster + 1] = n_rows
    return rows, member[:n_rows].copy(), weight[:n_rows].copy(), of
