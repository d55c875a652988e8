"""Members of groups, how many families they have, and the parts of their templates."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def members_by_key(key, n_keys, group_of):  # type: ignore[no-untyped-def]
    """Rows by their key, for every key that at least two rows have: ``indptr`` (int64, n_groups + 1) and ``rows``.

    ``key`` is 0 to ``n_keys``; groups are in the order of their keys, rows (int64) ascend in each. ``group_of`` (int64,
    a row per key's row) becomes the number of each row's group or -1.
    """
    count = np.zeros(n_keys + 1, np.int64)
    for row in range(key.shape[0]):
        count[key[row] + 1] += 1
    number = np.full(n_keys, -1, np.int32)
    n_groups = n_rows = 0
    for one in range(n_keys):
        if count[one + 1] > 1:
            number[one] = n_groups
            count[n_groups] = n_rows  # from here on the offset of the group
            n_rows += count[one + 1]
            n_groups += 1
    indptr = np.empty(n_groups + 1, np.int64)
    for group in range(n_groups):
        indptr[group] = count[group]
    indptr[n_groups] = n_rows
    rows = np.empty(n_rows, np.int64)
    for row in range(key.shape[0]):
        group = number[key[row]]
        group_of[row] = group
        if group >= 0:
            rows[count[group]] = row
            count[group] += 1
    return indptr, rows


@njit(cache=True, nogil=True, error_model="numpy")
def find_copies(hashes, bounds, indptr, first, last, differs):  # type: ignore[no-untyped-def]
    """Fill ``differs`` (bool): whether each member has not the same tokens as the representative of its cluster, cut
    into passages at the same places.

    Members of cluster c are rows ``indptr[c]`` to ``indptr[c + 1]``, the representative first: passages ``first`` to
    ``last``; the tokens of passage p are rows ``bounds[p]`` to ``bounds[p + 1]`` of ``hashes``.
    """
    for cluster in range(indptr.shape[0] - 1):
        head = indptr[cluster]
        base, n = bounds[first[head]], last[head] - first[head]
        for member in range(head, indptr[cluster + 1]):
            start, same = bounds[first[member]], last[member] - first[member] == n
            for passage in range(1, n + 1 if same else 0):
                same &= bounds[first[member] + passage] - start == bounds[first[head] + passage] - base
            size, step = bounds[last[head]] - base if same else np.int64(0), np.int64(0)
            while step < size and hashes[np.uint64(base + step)] == hashes[np.uint64(start + step)]:
                step += 1
            differs[member] = not same or step < size


@njit(cache=True, nogil=True, error_model="numpy")
def count_distinct(indptr, document, number, n_numbers, counts):  # type: ignore[no-untyped-def]
    """How many different ``number[document[m]]`` (0 to ``n_numbers``, -1 not counted) the members of each group have.

    Members of group g are rows ``indptr[g]`` to ``indptr[g + 1]``; ``counts``: int32, a row per group.
    """
    seen_in = np.full(n_numbers, -1, np.int64)
    for group in range(indptr.shape[0] - 1):
        distinct = 0
        for member in range(indptr[group], indptr[group + 1]):
            value = number[document[member]]
            if value >= 0 and seen_in[value] != group:
                seen_in[value] = group
                distinct += 1
        counts[group] = distinct


@njit(cache=True, nogil=True, error_model="numpy")
def template_parts(  # type: ignore[no-untyped-def]
    indptr, start, end, slot_indptr, fill_at, fill_start, fill_end, types, common, part_indptr, slot, part_type,
    part_start, part_end, part_common, n_fills,
):  # fmt: skip
    """The parts of every template: slots, with the literals of the representative between them; returns their number.

    ``indptr``, ``start``, ``end``: members, the representative of each cluster first; ``slot_indptr``: the slots of
    each cluster, with ``types`` and ``common`` (`detector.kernels.listing`). Row ``fill_at[s]`` of the fills is what
    the representative has in slot s, and the span of its part. A cluster has at most one literal more than slots.
    """
    filled = 0
    for cluster in range(indptr.shape[0] - 1):
        head = indptr[cluster]
        at = start[head]
        part_indptr[cluster] = filled
        first = slot_indptr[cluster]
        for number in range(first, slot_indptr[cluster + 1] + 1):
            is_slot = number < slot_indptr[cluster + 1]
            until = fill_start[fill_at[number]] if is_slot else end[head]
            if at < until:
                slot[filled], part_type[filled], n_fills[filled], part_common[filled] = 0, 0, 0, -1
                part_start[filled], part_end[filled] = at, until
                filled += 1
            if is_slot:
                slot[filled], part_type[filled] = number - first + 1, types[number]
                n_fills[filled], part_common[filled] = fill_at[number + 1] - fill_at[number], common[number]
                part_start[filled], part_end[filled] = until, fill_end[fill_at[number]]
                at = part_end[filled]
                filled += 1
    part_indptr[indptr.shape[0] - 1] = filled
    return filled
