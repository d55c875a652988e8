"""Which fills of a slot are listed: in a large cluster what most members have is listed once, and who else has it told
by who is not listed.

``tests/listing_oracles.py`` says the same in plain Python.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

HOLDS_MARK = 4
"""Bit of a fill's class, as `detector.kernels.slotting.write_fills` sets it."""


@njit(cache=True, nogil=True, error_model="numpy")
def _grown(column, needed):  # type: ignore[no-untyped-def]
    """The column, or one with room for at least ``needed`` rows."""
    return column if needed <= column.shape[0] else np.empty(max(needed, 2 * column.shape[0]), column.dtype)


@njit(cache=True, nogil=True, error_model="numpy")
def _same(points, one, other, size):  # type: ignore[no-untyped-def]
    """Whether two texts of one size are the same."""
    step = 0
    while step < size and points[np.uint64(one + step)] == points[np.uint64(other + step)]:
        step += 1
    return step == size


@njit(cache=True, nogil=True, error_model="numpy")
def _holders(points, base, start, end, size, one, holds):  # type: ignore[no-untyped-def]
    """Mark in ``holds`` (bool) the members that have the text of member ``one``; returns their number."""
    low, length, n = base[one] + start[one], end[one] - start[one], 0
    for member in range(size):
        same = end[member] - start[member] == length
        if same and length and member != one:
            same = _same(points, base[member] + start[member], low, length)
        holds[member] = same
        n += same
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _majority(points, base, start, end, size, holds):  # type: ignore[no-untyped-def]
    """The first member of those that have what more than half have, -1 where there is no such text; ``holds`` (bool)
    tells who has it.

    It is nearly always the first one's; else one pass finds the only text that may be it (Boyer and Moore 1981).
    """
    if 2 * _holders(points, base, start, end, size, 0, holds) > size:
        return 0
    one, votes = 0, 0
    for member in range(size):
        length = end[member] - start[member]
        if votes == 0:
            one, votes = member, 1
        elif length == end[one] - start[one] and _same(
            points, base[member] + start[member], base[one] + start[one], length
        ):
            votes += 1
        else:
            votes -= 1
    if 2 * _holders(points, base, start, end, size, one, holds) <= size:
        return -1
    one = 0
    while not holds[one]:
        one += 1
    return one


@njit(cache=True, nogil=True, error_model="numpy")
def list_fills(  # type: ignore[no-untyped-def]
    points, text_start, document, indptr, n_slots, most, start, end, fill_class, member, n_listed, common
):
    """Leave those fills in ``start`` and ``end`` (int32) that are listed, and say whose each is in ``member`` (int32).

    Members of cluster c are rows ``indptr[c]`` to ``indptr[c + 1]`` of ``document``, the text of each, which begins at
    ``text_start`` of ``points``; each of the ``n_slots[c]`` slots comes with a fill for every one of them. ``n_listed``
    (int32, a row per slot) is filled, and ``common`` (int32): which of the slot's listed fills is also that of the
    members that are not listed, -1 where all are. In a cluster of more than ``most`` fills (in all slots) a text that
    more than half of the members have and that holds no mark (``fill_class``) is listed for the first that has it.
    Returns the number of fills that are listed.
    """
    base, holds = np.empty(64, np.int64), np.empty(64, np.bool_)
    at = filled = slot = np.int64(0)
    for cluster in range(indptr.shape[0] - 1):
        head, size = indptr[cluster], indptr[cluster + 1] - indptr[cluster]
        shortened = n_slots[cluster] * size > most
        if shortened:
            base, holds = _grown(base, size), _grown(holds, size)
            for row in range(size):
                base[row] = text_start[document[head + row]]
        for _ in range(n_slots[cluster]):
            first = np.int64(-1)
            if shortened:
                first = np.int64(_majority(points, base, start[at:], end[at:], size, holds))
                for row in range(size if first >= 0 else 0):
                    if holds[row] and fill_class[at + row] & HOLDS_MARK:
                        first = np.int64(-1)
                        break
            begin = filled
            common[slot] = -1
            for row in range(size):
                if first >= 0 and holds[row]:
                    if row != first:
                        continue
                    common[slot] = filled - begin
                start[filled], end[filled], member[filled] = start[at + row], end[at + row], row
                filled += 1
            n_listed[slot] = filled - begin
            at += size
            slot += 1
    return filled
