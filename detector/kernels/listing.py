"""Which fills of a slot are listed: in a large cluster what most members have is listed once, and who else has it told
by who is not listed. And which slots blanks stand in.

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


@njit(cache=True, nogil=True, error_model="numpy")
def blanks_in_slots(  # type: ignore[no-untyped-def]
    blank_indptr, blank_start, blank_end, level, member_indptr, document, part_indptr, part_common, fill_indptr,
    fill_member, fill_start, fill_end, part, n_filled,
):  # fmt: skip
    """The slot that each blank stands in: ``part`` (int64, -1: none), and in how many members something else stands
    there (``n_filled``, int64).

    The blanks of document d are rows ``blank_indptr[d]`` to ``blank_indptr[d + 1]`` of ``blank_start``, ``blank_end``,
    in order; the rest is as in `detector.tables.columns.ClusterColumns`. No blank stands in a fill that is not listed,
    for a blank is a mark. Of several slots one that somebody filled is taken,
    then the one of the highest ``level``, then that with most fills, then the first.
    """
    best = np.full(part.shape[0], -1, np.int64)
    part[:] = -1
    for cluster in range(level.shape[0]):
        head = member_indptr[cluster]
        for here in range(part_indptr[cluster], part_indptr[cluster + 1]):
            some, n_others = False, np.int64(0)
            for fill in range(fill_indptr[here], fill_indptr[here + 1]):
                text = document[head + fill_member[fill]]
                low, high = blank_indptr[text], blank_indptr[text + 1]
                row = low
                if low < high and fill_start[fill] < fill_end[fill]:
                    row = low + np.searchsorted(blank_start[low:high], fill_start[fill])
                is_blank = row < high and fill_start[fill] <= blank_start[row] and blank_end[row] <= fill_end[fill]
                some |= is_blank
                n_others += not is_blank and fill_start[fill] < fill_end[fill]
            if not some:
                continue
            if part_common[here] >= 0:
                fill = fill_indptr[here] + part_common[here]
                n_rest = member_indptr[cluster + 1] - head - (fill_indptr[here + 1] - fill_indptr[here])
                n_others += n_rest if fill_start[fill] < fill_end[fill] else 0
            key = np.int64(n_others > 0) << 40 | np.int64(level[cluster]) << 36 | min(n_others, np.int64(1) << 32)
            for fill in range(fill_indptr[here], fill_indptr[here + 1]):
                text = document[head + fill_member[fill]]
                low, high = blank_indptr[text], blank_indptr[text + 1]
                row = low + np.searchsorted(blank_start[low:high], fill_start[fill])
                while row < high and blank_end[row] <= fill_end[fill]:
                    if key > best[row]:
                        best[row], part[row], n_filled[row] = key, here, n_others
                    row += 1
