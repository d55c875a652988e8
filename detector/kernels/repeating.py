"""Maximal repeats: suffix array, common prefixes and the interval tree, with the number of families of each repeat.

Sources: suffix sorting by prefix doubling (Manber and Myers 1993) of only what is not sorted yet (Larsson and Sadakane
2007), longest common prefixes (Kasai et al. 2001), the tree of LCP intervals by a stack (Abouelhoda, Kurtz, Ohlebusch
2004), the number of different families below each node by one correction at the lowest common ancestor of neighbours
of one family (Hui 1992), and jump pointers for the way up (Myers 1983). All linear but for a logarithm of the longest
sequence in the sort. Unless said otherwise arrays are int32.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_INSERTED = 40
"""Groups up to this size are sorted by insertion."""


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_group(keys, places, room, room_places, n):  # type: ignore[no-untyped-def]
    """Sort the first ``n`` of ``keys`` with their ``places``, equal keys as they come."""
    if n <= _INSERTED:
        for row in range(1, n):
            key, place, at = keys[row], places[row], row
            while at > 0 and keys[at - 1] > key:
                keys[at], places[at] = keys[at - 1], places[at - 1]
                at -= 1
            keys[at], places[at] = key, place
        return
    begin = np.empty(257, np.int64)
    most = 0
    for row in range(n):
        most = max(most, keys[row])
    shift = 0
    while most >> shift:
        begin[:] = 0
        for row in range(n):
            begin[((keys[row] >> shift) & 255) + 1] += 1
        for digit in range(256):
            begin[digit + 1] += begin[digit]
        for row in range(n):
            digit = (keys[row] >> shift) & 255
            room[begin[digit]], room_places[begin[digit]] = keys[row], places[row]
            begin[digit] += 1
        for row in range(n):
            keys[row], places[row] = room[row], room_places[row]
        shift += 8


@njit(cache=True, nogil=True, error_model="numpy")
def sort_suffixes(symbols, ends, n_symbols):  # type: ignore[no-untyped-def]
    """The suffixes of all sequences in lexicographic order, equal ones by place, and the rank of each.

    ``symbols`` are below ``n_symbols``; ``ends[i]`` is where the sequence of position i ends.
    """
    n = symbols.shape[0]
    begin = np.zeros(n_symbols + 1, np.int32)
    for place in range(n):
        begin[symbols[place] + 1] += 1
    most = 0
    for symbol in range(n_symbols):
        most = max(most, begin[symbol + 1])
        begin[symbol + 1] += begin[symbol]
    suffixes, rank = np.empty(n, np.int32), np.empty(n, np.int32)
    for place in range(n):
        rank[place] = begin[symbols[place]]
    first, last = np.empty(n // 2 + 1, np.int32), np.empty(n // 2 + 1, np.int32)
    n_groups = 0
    for symbol in range(n_symbols):
        if begin[symbol + 1] - begin[symbol] > 1:
            first[n_groups], last[n_groups] = begin[symbol], begin[symbol + 1]
            n_groups += 1
    for place in range(n):
        suffixes[begin[symbols[place]]] = place
        begin[symbols[place]] += 1
    keys, places = np.empty(most, np.int32), np.empty(most, np.int32)
    room, room_places = np.empty(most, np.int32), np.empty(most, np.int32)
    next_first, next_last = np.empty(n // 2 + 1, np.int32), np.empty(n // 2 + 1, np.int32)
    width = 1
    while n_groups:
        n_next = 0
        for group in range(n_groups):
            base, size = first[group], last[group] - first[group]
            for row in range(size):
                place = suffixes[base + row]
                beyond = np.int64(place) + width
                keys[row] = rank[beyond] + 1 if beyond < ends[place] else 0
                places[row] = place
            _sort_group(keys, places, room, room_places, size)
            begun = 0
            for row in range(size):
                suffixes[base + row] = places[row]
                if keys[row] != keys[begun]:
                    begun = row
                rank[places[row]] = base + begun
                if (row + 1 == size or keys[row + 1] != keys[row]) and row > begun and keys[row]:
                    next_first[n_next], next_last[n_next] = base + begun, base + row + 1
                    n_next += 1
        first, next_first = next_first, first
        last, next_last = next_last, last
        n_groups = n_next
        width *= 2
    for row in range(n):
        rank[suffixes[row]] = row
    return suffixes, rank


@njit(cache=True, nogil=True, error_model="numpy")
def common_prefixes(symbols, ends, suffixes, rank):  # type: ignore[no-untyped-def]
    """Length of the common prefix of each suffix and the one before it in sorted order (the first is 0).

    ``ends[i]`` is where the sequence of position i ends: no prefix crosses it.
    """
    n = symbols.shape[0]
    prefix = np.zeros(n, np.int32)
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

    ``sequence_of`` is the sequence of a position; sequence s is in ``families[family_indptr[s]:family_indptr[s + 1]]``
    (int64 offsets). Returns for n suffixes up to n nodes: their ``length`` (symbols), ``first`` and ``last`` place in
    suffix order, ``lowest`` suffix, ``parent`` node (-1 for the root), ``jump`` (a node further up, itself for the
    root), ``count`` of different families (int64), and for every suffix its deepest node. Node 0 is the root.
    """
    n = prefix.shape[0]
    length = np.zeros(n + 1, np.int32)
    first = np.zeros(n + 1, np.int32)
    last = np.zeros(n + 1, np.int32)
    lowest = np.full(n + 1, n, np.int32)
    parent = np.full(n + 1, -1, np.int32)
    count = np.zeros(n + 1, np.int64)
    leaf_node = np.zeros(n, np.int32)
    closed = np.empty(n + 1, np.int32)
    n_closed = 0
    stack = np.empty(n + 2, np.int32)
    depth = 1
    stack[0] = 0
    n_nodes = 1
    seen = np.full(n_families, -1, np.int32)
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
    jump, steps = np.zeros(n_nodes, np.int32), np.zeros(n_nodes, np.int32)
    for order in range(n_closed - 1, -1, -1):
        node = closed[order]
        up = parent[node]
        steps[node] = steps[up] + 1
        even = steps[up] - steps[jump[up]] == steps[jump[up]] - steps[jump[jump[up]]]
        jump[node] = jump[jump[up]] if even else up
    columns = (length[:n_nodes], first[:n_nodes], last[:n_nodes], lowest[:n_nodes], parent[:n_nodes], jump)
    return columns, count[:n_nodes], leaf_node


@njit(cache=True, nogil=True, error_model="numpy")
def _locate(start, symbols, rank, leaf_node, length, parent, jump):  # type: ignore[no-untyped-def]
    """The node of a run of ``symbols`` symbols: the shallowest as deep; -1 where only one suffix has it."""
    node = leaf_node[rank[start]]
    if length[node] < symbols:
        return -1
    while length[parent[node]] >= symbols:
        node = jump[node] if length[jump[node]] >= symbols else parent[node]
    return node


@njit(cache=True, nogil=True, error_model="numpy")
def locate(starts, lengths, rank, leaf_node, length, parent, jump):  # type: ignore[no-untyped-def]
    """The node of each run ``starts[i]``, ``lengths[i]`` (at least 1), or -1 where only one suffix has it."""
    found = np.empty(starts.shape[0], np.int32)
    for row in range(starts.shape[0]):
        found[row] = _locate(starts[row], lengths[row], rank, leaf_node, length, parent, jump)
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def extended(tree, count, leaf_node, rank, suffixes, ends, leaf_count):  # type: ignore[no-untyped-def]
    """Whether the run of a node has one symbol more, to the right or to the left, without losing a family (bool).

    ``tree`` are the columns of `interval_tree`; ``leaf_count`` (int64) is the number of families of each suffix in
    sorted order. To the left: the longer run is in as many families as the run without its first symbol.
    """
    length, _, _, lowest, parent, jump = tree
    found = np.zeros(parent.shape[0], np.bool_)
    for node in range(1, parent.shape[0]):
        if count[node] == count[parent[node]]:
            found[parent[node]] = True
        if length[node] > 1:
            other = _locate(lowest[node] + 1, length[node] - 1, rank, leaf_node, length, parent, jump)
            if other >= 0 and length[other] == length[node] - 1 and count[other] == count[node]:
                found[other] = True
    for row in range(leaf_node.shape[0]):
        place, node = suffixes[row], leaf_node[row]
        n = ends[place] - place
        if n <= length[node]:
            continue
        if leaf_count[row] == count[node]:
            found[node] = True
        if n > 1:
            other = _locate(place + 1, n - 1, rank, leaf_node, length, parent, jump)
            if other >= 0 and length[other] == n - 1 and count[other] == leaf_count[row]:
                found[other] = True
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def list_places(first, last, suffixes, indptr):  # type: ignore[no-untyped-def]
    """The suffixes ``first[r]`` to ``last[r]`` of each run, after each other at ``indptr[r]`` (int64)."""
    places = np.empty(indptr[indptr.shape[0] - 1], np.int32)
    for run in range(first.shape[0]):
        for row in range(last[run] - first[run] + 1):
            places[indptr[run] + row] = suffixes[first[run] + row]
    return places


@njit(cache=True, nogil=True, error_model="numpy")
def count_copies(first, last, suffixes, sequence_of, copy_indptr):  # type: ignore[no-untyped-def]
    """How many copies the sequences of the suffixes ``first[r]`` to ``last[r]`` of each run have in all (int64)."""
    found = np.zeros(first.shape[0], np.int64)
    for run in range(first.shape[0]):
        for row in range(first[run], last[run] + 1):
            sequence = sequence_of[suffixes[row]]
            found[run] += copy_indptr[sequence + 1] - copy_indptr[sequence]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def spread_places(first, last, before, suffixes, sequence_of, offsets, counting, indptr, run, offset):  # type: ignore[no-untyped-def]
    """The places of all runs by sequence, in each by their runs.

    Run r stands ``before[r]`` after the beginnings of the suffixes ``first[r]`` to ``last[r]``, which have ``offsets``
    in their sequences. Counted first, into ``indptr[s + 1]`` (int64); then ``indptr[s]`` is where the places of
    sequence s go on in ``run`` and ``offset``.
    """
    for number in range(first.shape[0]):
        for row in range(first[number], last[number] + 1):
            place = suffixes[row]
            sequence = sequence_of[place]
            if counting:
                indptr[sequence + 1] += 1
            else:
                at = indptr[sequence]
                run[at], offset[at] = number, offsets[place] + before[number]
                indptr[sequence] = at + 1
