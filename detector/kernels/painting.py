"""What findings are made of and what they explain: blocks, claims, parts.

Spans are half-open and count code points of their document; findings of document d are rows ``bounds[d]`` to
``bounds[d + 1]``. Every document costs the logarithm of its findings for each of them, and its characters once,
however its findings overlap.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_RUN = 16
"""Rows that are sorted by insertion before runs are merged."""

_TOGETHER = 32
"""Characters that are looked at together for blank ones."""
_SLOT_KIND = 128
"""Tokens of this kind (`form` of `detector.text.tokens.Tokens`) and above are slots."""


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
def _end(where, row):  # type: ignore[no-untyped-def]
    """Where a token ends; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def spans_without_slots(kind, where, first, stop, n_slots, indptr, start, end):  # type: ignore[no-untyped-def]
    """The spans of token rows ``first[i]`` to ``stop[i]`` but for their slots; none where ``n_slots[i]`` is 0.

    ``start``, ``end`` (int32) have room for one span more than slots in every row that has any; ``indptr`` int64.
    """
    filled, token_start = 0, where[0]
    indptr[0] = 0
    for row in range(first.shape[0]):
        if n_slots[row]:
            at = np.int64(token_start[first[row]])
            for token in range(first[row], stop[row]):
                if kind[token] >= _SLOT_KIND:
                    if at < token_start[token]:
                        start[filled], end[filled] = at, token_start[token]
                        filled += 1
                    at = _end(where, token)
            final = _end(where, stop[row] - 1)
            if at < final:
                start[filled], end[filled] = at, final
                filled += 1
        indptr[row + 1] = filled


@njit(cache=True, nogil=True, error_model="numpy")
def _find(following, place):  # type: ignore[no-untyped-def]
    """The first segment from ``place`` on that nothing has claimed."""
    while following[place] != place:
        following[place] = following[following[place]]
        place = following[place]
    return place


@njit(cache=True, nogil=True, error_model="numpy")
def _expected(spread, painted, order, room, chance, own):  # type: ignore[no-untyped-def]
    """``own`` and the chance of each spread times the characters that have it, added up from the smallest spread."""
    n_spread = spread.shape[0]
    for row in range(n_spread):
        order[row] = row
    _sort(order[:n_spread], spread, spread, room)
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
def _cut(begin, finish, length, by_begin, by_finish, room, cuts):  # type: ignore[no-untyped-def]
    """The places at which spans begin or end and those of the text, each once, in order; how many there are.

    ``begin`` and ``finish`` (int64) become the places of theirs among the cuts; the others (int64) are filled.
    """
    n = begin.shape[0]
    for row in range(n):
        by_begin[row] = by_finish[row] = row
    _sort(by_begin[:n], begin, begin, room)
    _sort(by_finish[:n], finish, finish, room)
    cuts[0] = 0
    last = row = other = 0
    while other < n:  # the last span that begins ends later
        begins = row < n and begin[by_begin[row]] <= finish[by_finish[other]]
        place = begin[by_begin[row]] if begins else finish[by_finish[other]]
        if place > cuts[last]:
            last += 1
            cuts[last] = place
        if begins:
            begin[by_begin[row]] = last
            row += 1
        else:
            finish[by_finish[other]] = last
            other += 1
    if length > cuts[last]:
        last += 1
        cuts[last] = length
    return last + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _may_be_blank(points):  # type: ignore[no-untyped-def]
    """Whether any of `_TOGETHER` characters may be blank: most runs of Chinese are done with seven comparisons."""
    found = np.uint32(0)
    for place in range(_TOGETHER):
        point = points[place]
        # no other is blank; quotation marks, which stand between two of these ranges, are frequent
        found |= np.uint32(
            (point <= np.uint32(0x20)) | (point - np.uint32(0x85) <= np.uint32(0x1B)) | (point == np.uint32(0x1680))
            | (point - np.uint32(0x2000) <= np.uint32(10)) | (point - np.uint32(0x2028) <= np.uint32(7))
            | (point == np.uint32(0x205F)) | (point == np.uint32(0x3000))
        )  # fmt: skip
    return found != 0


@njit(cache=True, nogil=True, error_model="numpy")
def _shown(points, base, blank, cuts, counts):  # type: ignore[no-untyped-def]
    """Fills ``counts`` (int64, one less than cuts) with the characters between two cuts each that are not blank."""
    above = np.uint32(blank.shape[0] - 1)
    n = cuts.shape[0] - 1
    for segment in range(n):
        counts[segment] = cuts[segment + 1] - cuts[segment]
    segment, length = 0, cuts[n]
    for first in range(0, length, _TOGETHER):
        stop = min(first + _TOGETHER, length)
        if stop - first == _TOGETHER and not _may_be_blank(points[base + first : base + stop]):
            continue
        at = first
        while at < stop:
            while cuts[segment + 1] <= at:
                segment += 1
            last, n_blank = min(stop, cuts[segment + 1]), 0
            for place in range(base + at, base + last):
                n_blank += 1 if blank[min(points[place], above)] else 0
            counts[segment] -= n_blank
            at = last


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(  # type: ignore[no-untyped-def]
    part, n_families, start, end, whole, claim_indptr, claim_start, claim_end, first, last, length, rank, begin, finish
):
    """The claims of findings ``first`` to ``last`` that are not empty, ends of the text cut off; how many there are."""
    n = 0
    for row in range(first, last):
        if part[row] < 0:
            continue
        # the lower part first, in it the larger number of families
        order = (np.int64(part[row]) << 32) + 0x7FFFFFFF - max(n_families[row], 1)
        if whole[row]:
            rank[n], begin[n], finish[n] = order, start[row], min(np.int64(end[row]), length)
            n += 1 if begin[n] < finish[n] else 0
            continue
        for place in range(claim_indptr[row], claim_indptr[row + 1]):
            rank[n], begin[n], finish[n] = order, claim_start[place], min(np.int64(claim_end[place]), length)
            n += 1 if begin[n] < finish[n] else 0
    return n


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
    rows = np.empty((7, 64), np.int64)  # a column for each claim
    places = np.empty((3, 130), np.int64)  # for each place at which one begins or ends
    for document in range(first, last):
        length = text_stop[document] - text_start[document]
        low, high = bounds[document], bounds[document + 1]
        for row in range(low, high):
            n_findings[document, kind[row]] += 1
        most = high - low + claim_indptr[high] - claim_indptr[low]
        if most > rows.shape[1]:
            rows, places = np.empty((7, 2 * most), np.int64), np.empty((3, 4 * most + 2), np.int64)
        rank, begin, finish, order, room, spread, painted = (
            rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6]
        )  # fmt: skip
        cuts, counts, following = places[0], places[1], places[2]
        n = _gather(
            part, n_families, start, end, whole, claim_indptr, claim_start, claim_end, low, high, length, rank, begin,
            finish,
        )  # fmt: skip
        n_cuts = _cut(begin[:n], finish[:n], length, order, spread, room, cuts)
        _shown(points, text_start[document], blank, cuts[:n_cuts], counts)
        for segment in range(n_cuts):
            following[segment] = segment
        for claim in range(n):
            order[claim] = claim
        _sort(order[:n], rank, rank, room)
        n_spread = 0
        for place in range(n):
            claim = order[place]
            claimed = 0
            segment = _find(following, begin[claim])
            while segment < finish[claim]:
                claimed += counts[segment]
                counts[segment] = 0
                following[segment] = segment + 1
                segment = _find(following, segment + 1)
            its_part = rank[claim] >> 32
            parts[document, its_part] += claimed
            if claimed and (its_part == 2 or its_part == 3):
                spread[n_spread], painted[n_spread] = 0x7FFFFFFF - (rank[claim] & 0x7FFFFFFF), claimed
                n_spread += 1
        for segment in range(n_cuts - 1):
            parts[document, lowest_part] += counts[segment]
        if chance.shape[0]:
            own = parts[document, lowest_part]
            expected[document] = _expected(spread[:n_spread], painted[:n_spread], order, room, chance, own)
