"""What findings are made of and what they explain: runs of text that repeat the one before, blocks, claims, parts.

Spans are half-open and count code points of their document; findings of document d are rows ``bounds[d]`` to
``bounds[d + 1]``. Every document costs the logarithm of its findings for each of them, and its characters once,
however its findings overlap.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_RUN = 16
"""Rows that are sorted by insertion before runs are merged."""

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_SPREAD = np.uint32(2654435769)
_SLOT_KIND = 3
"""Tokens of this kind and above are slots (`detector.folding.DIGIT`)."""


@njit(cache=True, nogil=True, error_model="numpy")
def _sort(order, key, tie, room):  # type: ignore[no-untyped-def]
    """Sort ``order`` by the values of ``key``, then ``tie``, of the rows it names; stable.

    Linear where it is sorted already; ``room`` is as long as ``order``.
    """
    n = order.shape[0]
    for low in range(0, n, _RUN):
        for at in range(low + 1, min(low + _RUN, n)):
            row = order[at]
            to = at
            while to > low and (
                key[order[to - 1]] > key[row] or (key[order[to - 1]] == key[row] and tie[order[to - 1]] > tie[row])
            ):
                order[to] = order[to - 1]
                to -= 1
            order[to] = row
    width = _RUN
    while width < n:
        for low in range(0, n - width, 2 * width):
            middle, high = low + width, min(low + 2 * width, n)
            left, right = order[middle - 1], order[middle]
            if key[left] < key[right] or (key[left] == key[right] and tie[left] <= tie[right]):
                continue
            for at in range(low, middle):
                room[at] = order[at]
            left_at, right_at = low, middle
            for at in range(low, high):
                if left_at == middle:
                    break
                if right_at < high:
                    left, right = room[left_at], order[right_at]
                    if key[right] < key[left] or (key[right] == key[left] and tie[right] < tie[left]):
                        order[at] = right
                        right_at += 1
                        continue
                order[at] = room[left_at]
                left_at += 1
        width *= 2


@njit(cache=True, nogil=True, error_model="numpy")
def group_by_document(document, bounds, order):  # type: ignore[no-untyped-def]
    """Fill ``order`` (int64, a row per finding) with the findings of each document in turn, as they come, and
    ``bounds`` (int64, n_documents + 1)."""
    bounds[:] = 0
    for row in range(document.shape[0]):
        bounds[document[row] + 1] += 1
    for number in range(1, bounds.shape[0]):
        bounds[number] += bounds[number - 1]
    place = bounds.copy()
    for row in range(document.shape[0]):
        order[place[document[row]]] = row
        place[document[row]] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def sort_in_documents(bounds, key, tie, order, room, first, last):  # type: ignore[no-untyped-def]
    """Sort the findings of documents ``first`` to ``last`` in ``order`` by ``key``, then ``tie``; ``room`` as long."""
    for document in range(first, last):
        begin, end = bounds[document], bounds[document + 1]
        _sort(order[begin:end], key, tie, room[begin:end])


@njit(cache=True, nogil=True, error_model="numpy")
def gather_spans(order, indptr, start, end, new_indptr, new_start, new_end):  # type: ignore[no-untyped-def]
    """Put the spans of the rows of ``order`` one after the other; row i has those from ``indptr[i]``."""
    new_indptr[0] = 0
    for at in range(order.shape[0]):
        to = new_indptr[at]
        for place in range(indptr[order[at]], indptr[order[at] + 1]):
            new_start[to], new_end[to] = start[place], end[place]
            to += 1
        new_indptr[at + 1] = to


@njit(cache=True, nogil=True, error_model="numpy")
def last_begun(starts, low, high, values, found):  # type: ignore[no-untyped-def]
    """For each value the last row of ``low[i]`` to ``high[i]`` that starts at or before it, ``low[i] - 1`` for none."""
    for row in range(values.shape[0]):
        begin, end = low[row], high[row]
        while begin < end:
            middle = (begin + end) >> 1
            if starts[middle] <= values[row]:
                begin = middle + 1
            else:
                end = middle
        found[row] = begin - 1


@njit(cache=True, nogil=True, error_model="numpy")
def group_families(indptr, document, family, n_families, counts, stranger):  # type: ignore[no-untyped-def]
    """How many families the members of each group are of, and the first member of another family than its first
    member (the first member where there is none); ``counts`` int32, ``stranger`` int64."""
    seen = np.full(n_families, -1, np.int64)
    for group in range(indptr.shape[0] - 1):
        first = indptr[group]
        counts[group], stranger[group] = 0, first
        for member in range(first, indptr[group + 1]):
            owner = family[document[member]]
            if seen[owner] != group:
                seen[owner] = group
                counts[group] += 1
                if counts[group] == 2:
                    stranger[group] = member


@njit(cache=True, nogil=True, error_model="numpy")
def choose_blocks(indptr, first, last, n_families, compared, owner, chosen):  # type: ignore[no-untyped-def]
    """For each passage that lies in a block, at a place where the block's first member has a passage that was not
    ``compared`` (bool), the member it lies in: of the block that most families have, then of the first, then the first.

    ``owner``: the block of each member; ``chosen``: int32, -1 for none.
    """
    chosen[:] = -1
    for block in range(indptr.shape[0] - 1):
        base = first[indptr[block]]
        length = last[indptr[block]] - base
        places, n_places = np.empty(length, np.int64), 0
        for place in range(length):
            if not compared[base + place]:
                places[n_places] = place
                n_places += 1
        for member in range(indptr[block], indptr[block + 1]):
            for at in range(n_places):
                passage = first[member] + places[at]
                if chosen[passage] < 0 or n_families[block] > n_families[owner[chosen[passage]]]:
                    chosen[passage] = member


@njit(cache=True, nogil=True, error_model="numpy")
def spans_without_slots(kind, token_start, token_end, first, stop, n_slots, indptr, start, end):  # type: ignore[no-untyped-def]
    """The spans of token rows ``first[i]`` to ``stop[i]`` but for their slots; none where ``n_slots[i]`` is 0.

    ``start``, ``end`` (int32) have room for one span more than slots in every row that has any; ``indptr`` int64.
    """
    filled = 0
    indptr[0] = 0
    for row in range(first.shape[0]):
        if n_slots[row]:
            at = token_start[first[row]]
            for token in range(first[row], stop[row]):
                if kind[token] >= _SLOT_KIND:
                    if at < token_start[token]:
                        start[filled], end[filled] = at, token_start[token]
                        filled += 1
                    at = token_end[token]
            if at < token_end[stop[row] - 1]:
                start[filled], end[filled] = at, token_end[stop[row] - 1]
                filled += 1
        indptr[row + 1] = filled


@njit(cache=True, nogil=True, error_model="numpy")
def breaks_line(point):  # type: ignore[no-untyped-def]
    """Whether Python's ``splitlines`` ends a line at this code point."""
    return 10 <= point <= 13 or 28 <= point <= 30 or point == 0x85 or point == 0x2028 or point == 0x2029


@njit(cache=True, nogil=True, error_model="numpy")
def spun_candidates(  # type: ignore[no-untyped-def]
    points, text_start, document, passage_start, passage_end, bounds, clause, kind, hashes, is_junk, least, slot_hash,
    first, last, found,
):  # fmt: skip
    """The passages from ``first`` to ``last`` that stand in one line with the one before them, have at least ``least``
    tokens and as many as its end has, which begins at a clause and has another skeleton.

    ``bounds``: the tokens of each passage; ``found`` (int64) has room for all of them. Returns how many there are.
    """
    n_found = 0
    for passage in range(max(first, 1), last):
        start, stop = bounds[passage], bounds[passage + 1]
        tail = 2 * start - stop
        if document[passage] != document[passage - 1] or stop - start < least or tail < bounds[passage - 1]:
            continue
        if is_junk[passage] or is_junk[passage - 1]:
            continue
        if tail != bounds[passage - 1] and clause[tail] == clause[tail - 1]:
            continue
        base = text_start[document[passage]]
        in_line = True
        for place in range(base + passage_end[passage - 1], base + passage_start[passage]):
            if breaks_line(points[place]):
                in_line = False
                break
        if not in_line:
            continue
        for token in range(start, stop):
            other = token - start + tail
            one_hash = slot_hash if kind[token] >= _SLOT_KIND else hashes[token]
            if one_hash != (slot_hash if kind[other] >= _SLOT_KIND else hashes[other]):
                found[n_found] = passage
                n_found += 1
                break
    return n_found


@njit(cache=True, nogil=True, error_model="numpy")
def similarities(points, indptr, least, similar):  # type: ignore[no-untyped-def]
    """The normalised Indel similarity of rows i and n + i of ``points``, 0.0 where their lengths leave less than
    ``least``; ``similar``: float64, n.

    Bit-parallel (Hyyrö 2004), one word of 64 places of the left row after the other, so that the table of characters
    stays small; the carries between the words are kept, a byte for each place of the right row.
    """
    n = similar.shape[0]
    keys, masks = np.empty(128, np.uint32), np.empty(128, np.uint64)
    carries = np.empty(256, np.uint8)
    for row in range(n):
        start, stop = indptr[row], indptr[row + 1]
        other_start, other_stop = indptr[n + row], indptr[n + row + 1]
        total = stop - start + other_stop - other_start
        similar[row] = 0.0
        if total == 0 or 1.0 - (total - 2 * min(stop - start, other_stop - other_start)) / total < least:
            continue
        if other_stop - other_start > carries.shape[0]:
            carries = np.empty(2 * (other_stop - other_start), np.uint8)
        carries[: other_stop - other_start] = 0
        common = 0
        for word in range(start, stop, 64):
            masks[:] = 0
            word_stop = min(word + 64, stop)
            for place in range(word, word_stop):
                point = points[place]
                slot = np.int64(np.uint32(point * _SPREAD) >> np.uint32(25))
                while masks[slot] != 0 and keys[slot] != point:
                    slot = (slot + 1) & 127
                keys[slot] = point
                masks[slot] |= np.uint64(1) << np.uint64(place - word)
            state = _ALL
            for place in range(other_start, other_stop):
                point = points[place]
                slot = np.int64(np.uint32(point * _SPREAD) >> np.uint32(25))
                while masks[slot] != 0 and keys[slot] != point:
                    slot = (slot + 1) & 127
                hit = state & masks[slot]
                partial = state + hit
                summed = partial + np.uint64(carries[place - other_start])
                carries[place - other_start] = np.uint8(partial < state) | np.uint8(summed < partial)
                state = summed | (state - hit)
            left = ~state
            if word_stop - word < 64:
                left &= (np.uint64(1) << np.uint64(word_stop - word)) - np.uint64(1)
            while left:
                left &= left - np.uint64(1)
                common += 1
        similar[row] = 1.0 - (total - 2 * common) / total


@njit(cache=True, nogil=True, error_model="numpy")
def _find(following, place):  # type: ignore[no-untyped-def]
    """The first segment from ``place`` on that nothing has claimed."""
    while following[place] != place:
        following[place] = following[following[place]]
        place = following[place]
    return place


@njit(cache=True, nogil=True, error_model="numpy")
def _expected(spread, painted, chance, own):  # type: ignore[no-untyped-def]
    """``own`` and the chance of each spread times the characters that have it, added up from the smallest spread."""
    n_spread = spread.shape[0]
    order, room = np.arange(n_spread), np.empty(n_spread, np.int64)
    _sort(order, spread, spread, room)
    total = float(own)
    at = 0
    while at < n_spread:
        families, count = spread[order[at]], 0
        while at < n_spread and spread[order[at]] == families:
            count += painted[order[at]]
            at += 1
        total += float(count) * chance[families]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _edges(begin, finish, length):  # type: ignore[no-untyped-def]
    """The places at which spans begin or end and those of the text, each once, in order (int64)."""
    n = begin.shape[0]
    edge = np.empty(2 * n + 2, np.int64)
    edge[0], edge[1] = 0, length
    for row in range(n):
        edge[2 * row + 2], edge[2 * row + 3] = begin[row], finish[row]
    order, room = np.arange(2 * n + 2), np.empty(2 * n + 2, np.int64)
    _sort(order, edge, edge, room)
    n_cuts = 0
    for place in range(2 * n + 2):
        if place == 0 or edge[order[place]] != room[n_cuts - 1]:
            room[n_cuts] = edge[order[place]]
            n_cuts += 1
    return room[:n_cuts]


@njit(cache=True, nogil=True, error_model="numpy")
def _shown(points, base, blank, cuts):  # type: ignore[no-untyped-def]
    """The characters between two cuts each that are not blank (int64, one less than cuts)."""
    counts = np.zeros(cuts.shape[0] - 1, np.int64)
    above = np.uint32(blank.shape[0] - 1)
    for segment in range(counts.shape[0]):
        n_shown = 0
        for place in range(base + cuts[segment], base + cuts[segment + 1]):
            n_shown += 0 if blank[min(points[place], above)] else 1
        counts[segment] = n_shown
    return counts


@njit(cache=True, nogil=True, error_model="numpy")
def _place_of(cuts, value):  # type: ignore[no-untyped-def]
    """Where ``value`` stands among the cuts; it is one of them."""
    low, high = 0, cuts.shape[0] - 1
    while low < high:
        middle = (low + high) >> 1
        if cuts[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def paint(  # type: ignore[no-untyped-def]
    points, text_start, text_stop, blank, bounds, kind, part, n_families, start, end, whole, claim_indptr, claim_start,
    claim_end, chance, first, last, parts, expected, n_findings,
):  # fmt: skip
    """Count the characters of documents ``first`` to ``last`` by the part that has them.

    A character belongs to the lowest part whose findings claim it, the last of ``parts`` (int64, n_documents x 6) is
    what none claims; among the findings of that part the one that most families have decides how likely the character
    is unseen: ``chance`` (float64) by number of families. ``expected`` (float64) gets the sum of these chances over
    parts 2 and 3 and of the last part, where ``chance`` has rows. ``blank`` (bool): code points up to its end, the
    last row stands for all above. ``n_findings`` (int32) counts by kind. Ends of the text cut what is claimed.
    """
    lowest_part = parts.shape[1] - 1
    for document in range(first, last):
        length = text_stop[document] - text_start[document]
        n_claims = 0
        for row in range(bounds[document], bounds[document + 1]):
            n_findings[document, kind[row]] += 1
            if part[row] >= 0:
                n_claims += 1 if whole[row] else claim_indptr[row + 1] - claim_indptr[row]
        rank, begin, finish = np.empty(n_claims, np.int64), np.empty(n_claims, np.int64), np.empty(n_claims, np.int64)
        n_claims = 0
        for row in range(bounds[document], bounds[document + 1]):
            if part[row] < 0:
                continue
            one = np.int64(0) if whole[row] else claim_indptr[row]
            for place in range(one, one + 1 if whole[row] else claim_indptr[row + 1]):
                begin[n_claims] = start[row] if whole[row] else claim_start[place]
                finish[n_claims] = min(end[row] if whole[row] else claim_end[place], length)
                # the lower part first, in it the larger number of families
                rank[n_claims] = (np.int64(part[row]) << 32) + 0x7FFFFFFF - max(n_families[row], 1)
                n_claims += 1 if begin[n_claims] < finish[n_claims] else 0
        cuts = _edges(begin[:n_claims], finish[:n_claims], length)
        counts = _shown(points, text_start[document], blank, cuts)
        following = np.arange(cuts.shape[0])
        order, room = np.arange(n_claims), np.empty(n_claims, np.int64)
        _sort(order, rank, rank, room)
        spread, painted = np.empty(n_claims, np.int64), np.empty(n_claims, np.int64)
        n_spread = 0
        for place in range(n_claims):
            claim = order[place]
            claimed = 0
            segment = _find(following, _place_of(cuts, begin[claim]))
            while cuts[segment] < finish[claim]:
                claimed += counts[segment]
                counts[segment] = 0
                following[segment] = segment + 1
                segment = _find(following, segment + 1)
            its_part = rank[claim] >> 32
            parts[document, its_part] += claimed
            if claimed and (its_part == 2 or its_part == 3):
                spread[n_spread], painted[n_spread] = 0x7FFFFFFF - (rank[claim] & 0x7FFFFFFF), claimed
                n_spread += 1
        for segment in range(counts.shape[0]):
            parts[document, lowest_part] += counts[segment]
        if chance.shape[0]:
            expected[document] = _expected(spread[:n_spread], painted[:n_spread], chance, parts[document, lowest_part])
