"""Maximal repeats: suffix array, common prefixes and the interval tree, with the number of families of each repeat.

Sources: suffix sorting by prefix doubling (Manber and Myers 1993), longest common prefixes (Kasai et al. 2001), the
tree of LCP intervals by a stack (Abouelhoda, Kurtz, Ohlebusch 2004), and the number of different families below each
node by one correction at the lowest common ancestor of neighbours of one family (Hui 1992). All linear but the sort.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def common_prefixes(symbols, ends, suffixes, rank):  # type: ignore[no-untyped-def]
    """Length of the common prefix of each suffix and the one before it in sorted order (int64, n; the first is 0).

    ``symbols`` int32; ``ends[i]`` is where the sequence of position i ends: no prefix crosses it.
    """
    n = symbols.shape[0]
    prefix = np.zeros(n, np.int64)
    length = 0
    for position in range(n):
        place = rank[position]
        if place == 0:
            length = 0
            continue
        other = suffixes[place - 1]
        stop = min(ends[position] - position, ends[other] - other)
        length = min(length, stop)
        while length < stop and symbols[position + length] == symbols[other + length]:
            length += 1
        prefix[place] = length
        if length:
            length -= 1
    return prefix


@njit(cache=True, nogil=True, error_model="numpy")
def interval_tree(prefix, sequence_of, suffixes, family_indptr, families, n_families):  # type: ignore[no-untyped-def]
    """The tree of all repeats: nodes are runs of suffixes that share a prefix.

    ``sequence_of`` (int64) is the sequence of a position; sequence s is in ``families[family_indptr[s]:
    family_indptr[s + 1]]``. Returns for n suffixes up to n nodes: their ``length`` (symbols), ``first`` and ``last``
    place in suffix order, ``lowest`` suffix, ``parent`` node (-1 for the root), ``count`` of different families, and
    for every suffix its deepest node. Node 0 is the root (the empty prefix).
    """
    n = prefix.shape[0]
    length = np.zeros(n + 1, np.int64)
    first = np.zeros(n + 1, np.int64)
    last = np.zeros(n + 1, np.int64)
    lowest = np.full(n + 1, n, np.int64)
    parent = np.full(n + 1, -1, np.int64)
    count = np.zeros(n + 1, np.int64)
    leaf_node = np.zeros(n, np.int64)
    closed = np.empty(n + 1, np.int64)
    n_closed = 0
    stack = np.empty(n + 2, np.int64)
    depth = 1
    stack[0] = 0
    n_nodes = 1
    seen = np.full(n_families, -1, np.int64)
    for place in range(n + 1):
        shared = prefix[place] if place < n and place > 0 else 0
        if place > 0:
            left = place - 1
            pending = -1
            if shared <= length[stack[depth - 1]]:
                leaf_node[place - 1] = stack[depth - 1]
            while length[stack[depth - 1]] > shared:
                node = stack[depth - 1]
                depth -= 1
                last[node] = place - 1
                closed[n_closed] = node
                n_closed += 1
                left = first[node]
                if shared <= length[stack[depth - 1]]:
                    parent[node] = stack[depth - 1]
                    pending = -1
                else:
                    pending = node
            if shared > length[stack[depth - 1]]:
                node = n_nodes
                n_nodes += 1
                length[node] = shared
                first[node] = left
                if pending >= 0:
                    parent[pending] = node
                if left == place - 1:
                    leaf_node[place - 1] = node
                stack[depth] = node
                depth += 1
        if place == n:
            break
        sequence = sequence_of[suffixes[place]]
        for row in range(family_indptr[sequence], family_indptr[sequence + 1]):
            family = families[row]
            before = seen[family]
            seen[family] = place
            if before >= 0:
                low, high = 0, depth - 1
                while low < high:
                    middle = (low + high + 1) // 2
                    if first[stack[middle]] <= before:
                        low = middle
                    else:
                        high = middle - 1
                count[stack[low]] -= 1
    last[0] = n - 1
    for place in range(n):
        sequence = sequence_of[suffixes[place]]
        node = leaf_node[place]
        count[node] += family_indptr[sequence + 1] - family_indptr[sequence]
        lowest[node] = min(lowest[node], suffixes[place])
    for order in range(n_closed):
        node = closed[order]
        count[parent[node]] += count[node]
        lowest[parent[node]] = min(lowest[parent[node]], lowest[node])
    return (
        length[:n_nodes],
        first[:n_nodes],
        last[:n_nodes],
        lowest[:n_nodes],
        parent[:n_nodes],
        count[:n_nodes],
        leaf_node,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def extended_right(parent, count, length, leaf_node, leaf_length, leaf_count):  # type: ignore[no-untyped-def]
    """Whether a node's prefix can be extended to the right without losing a family (bool, a row per node)."""
    extended = np.zeros(parent.shape[0], np.bool_)
    for node in range(1, parent.shape[0]):
        if count[node] == count[parent[node]]:
            extended[parent[node]] = True
    for place in range(leaf_node.shape[0]):
        node = leaf_node[place]
        if leaf_length[place] > length[node] and leaf_count[place] == count[node]:
            extended[node] = True
    return extended


@njit(cache=True, nogil=True, error_model="numpy")
def locate(starts, lengths, rank, leaf_node, length, parent):  # type: ignore[no-untyped-def]
    """The node of the run ``starts[i]``, ``lengths[i]``: the shallowest as deep; -1 where only one suffix has it."""
    found = np.full(starts.shape[0], -1, np.int64)
    for row in range(starts.shape[0]):
        node = leaf_node[rank[starts[row]]]
        if length[node] < lengths[row]:
            continue
        while parent[node] >= 0 and length[parent[node]] >= lengths[row]:
            node = parent[node]
        found[row] = node
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def enclosing(starts, ends, row, weight):  # type: ignore[no-untyped-def]
    """For each span the largest weight of the rows whose spans hold it and are longer, or -1.

    Spans are sorted by start, the longer first; ``row`` names the row of each, ``weight`` (int64) is a value per row.
    """
    n = starts.shape[0]
    found = np.full(n, -1, np.int64)
    active = np.empty(max(n, 1), np.int64)
    n_active = 0
    for span in range(n):
        kept = 0
        for place in range(n_active):
            other = active[place]
            if ends[other] > starts[span]:
                active[kept] = other
                kept += 1
                if ends[other] >= ends[span] and ends[other] - starts[other] > ends[span] - starts[span]:
                    found[span] = max(found[span], weight[row[other]])
        n_active = kept
        active[n_active] = span
        n_active += 1
    return found
