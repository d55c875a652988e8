"""Which slots blanks stand in."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit


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
