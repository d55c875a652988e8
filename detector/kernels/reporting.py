"""What a report counts in characters: how many a cluster has, where the parts of a text stand, what phrases explain."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_EIGHT = np.uint64(0x0101010101010101)
"""A byte of this times a number is that number."""


@njit(cache=True, nogil=True, error_model="numpy")
def count_written(counts, group, document, start, end, points, base, blank):  # type: ignore[no-untyped-def]
    """Adds to ``counts`` (int64) of each span's group its characters that are not blank.

    ``start``, ``end``: offsets in ``document``, whose text begins at ``base`` (int64) of ``points`` (uint32);
    ``blank``: bool, by code point.
    """
    for span in range(len(group)):
        text = base[document[span]]
        number = np.int64(0)
        for place in range(np.uint64(text + start[span]), np.uint64(text + end[span])):
            number += not blank[points[place]]
        counts[group[span]] += number


@njit(cache=True, nogil=True, error_model="numpy")
def mark_blanks(out, start, stop, points, blank):  # type: ignore[no-untyped-def]
    """Sets ``out`` (bool), a place for each character of all spans, where it is blank; ``start``, ``stop`` (int64) are
    places in ``points`` (uint32)."""
    at = np.int64(0)
    for span in range(len(start)):
        for place in range(start[span], stop[span]):
            out[at] = blank[points[place]]
            at += 1


@njit(cache=True, nogil=True, error_model="numpy")
def count_claimed(  # type: ignore[no-untyped-def]
    counts, rows, group, document, start, end, whole, claim_indptr, claim_start, claim_end, points, base, blank
):
    """Adds to ``counts`` (int64) of each group the characters that its findings claim and that are not blank.

    The findings are ``rows`` of the columns of `detector.tables.columns.FindingColumns`, ``group`` (int64) is that of
    each; ``points``, ``base``, ``blank`` are those of `count_written`.
    """
    for place in range(len(rows)):
        row = rows[place]
        text = base[document[row]]
        own = whole[row]
        begin = claim_indptr[row]
        number = np.int64(0)
        for claim in range(begin, begin + 1 if own else claim_indptr[row + 1]):
            from_, to = (
                text + (start[row] if own else claim_start[claim]),
                text + (end[row] if own else claim_end[claim]),
            )
            for at in range(np.uint64(from_), np.uint64(to)):  # a signed place might count from the end
                number += not blank[points[at]]
        counts[group[place]] += number


@njit(cache=True, nogil=True, error_model="numpy")
def gather_claims(  # type: ignore[no-untyped-def]
    texts, bounds, part, start, end, whole, claim_indptr, claim_start, claim_end, indptr, its_part, its_start, its_end
):
    """Fills ``its_part`` (uint8), ``its_start``, ``its_end`` (int32) with what the findings of some texts claim.

    The findings of text t are rows ``bounds[t]`` to ``bounds[t + 1]`` of the columns of `FindingColumns`; ``indptr``
    (int64, one more than texts) is filled with where the claims of each begin.
    """
    at = np.int64(0)
    indptr[0] = 0
    for number in range(len(texts)):
        for row in range(bounds[texts[number]], bounds[texts[number] + 1]):
            if part[row] < 0:
                continue
            if whole[row]:
                its_part[at], its_start[at], its_end[at] = part[row], start[row], end[row]
                at += 1
                continue
            for claim in range(claim_indptr[row], claim_indptr[row + 1]):
                its_part[at], its_start[at], its_end[at] = part[row], claim_start[claim], claim_end[claim]
                at += 1
        indptr[number + 1] = at


@njit(cache=True, nogil=True, error_model="numpy")
def paint_stripes(out, length, indptr, part, start, end, rank, least):  # type: ignore[no-untyped-def]
    """The parts of each text in as many stripes as ``out`` (uint8, n x stripes) has, fewer where it is shorter.

    A stripe has the part (0 to 4) that claims most of its characters, of equal ones the one of the higher ``rank``, or
    5 where all parts together claim less than ``least`` of a stripe. The claims of text t are rows ``indptr[t]`` to
    ``indptr[t + 1]`` of ``part`` (uint8), ``start``, ``end`` (int32); where they meet the lowest part wins.
    """
    paint, weights = np.empty(4096, np.uint8), np.empty(6, np.int64)
    eights = paint.view(np.uint64)
    for text in range(len(length)):
        n_chars = length[text]
        n_stripes = min(n_chars, np.int64(out.shape[1]))
        if n_chars >= len(paint):
            paint = np.empty(2 * (n_chars + 8) & ~7, np.uint8)
            eights = paint.view(np.uint64)
        for place in range(n_chars):
            paint[place] = 5
        paint[n_chars] = 6
        for claim in range(indptr[text], indptr[text + 1]):
            now = part[claim]
            for place in range(np.uint64(max(0, start[claim])), np.uint64(min(n_chars, np.int64(end[claim])))):
                paint[place] = min(paint[place], now)
        enough = max(1.0, least * n_chars / max(1, n_stripes))
        run = stop = np.int64(0)  # where the run of one part ends, and the stripe
        for stripe in range(n_stripes):
            begin, stop = stop, ((stripe + 1) * n_chars + n_stripes - 1) // n_stripes
            if run >= stop:
                one = paint[begin]
                out[text, stripe] = one if stop - begin >= enough else 5
                continue
            for now in range(6):
                weights[now] = 0
            while begin < stop:
                one = paint[begin]
                eight = np.uint64(one) * _EIGHT
                while paint[run] == one:
                    run += 1
                    while run & 7 == 0 and eights[run >> 3] == eight:
                        run += 8
                weights[one] += min(run, stop) - begin
                begin = min(run, stop)
            best, claimed = 5, np.int64(0)
            for now in range(5):
                weight = weights[now]
                claimed += weight
                if weight and (
                    best == 5 or weight > weights[best] or (weight == weights[best] and rank[now] > rank[best])
                ):
                    best = now
            out[text, stripe] = best if claimed >= enough else 5


@njit(cache=True, nogil=True, error_model="numpy")
def render_integers(out, values):  # type: ignore[no-untyped-def]
    """Whole numbers (int64) with commas between them as ASCII in ``out`` (uint8); returns how many bytes.

    `detector.kernels.rendering.MOST_NUMBER` are enough for each.
    """
    at = np.int64(0)
    for row in range(len(values)):
        if row:
            out[at] = 44
            at += 1
        value = values[row]
        if value < 0:
            out[at] = 45
            at += 1
            value = -value
        size, rest = np.int64(1), value
        while rest >= 10:
            rest //= 10
            size += 1
        for place in range(size):
            out[at + size - 1 - place] = 48 + value % 10
            value //= 10
        at += size
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def take_unexplained(unexplained, begin, stop, first, last, known):  # type: ignore[no-untyped-def]
    """How many characters of spans ``first`` to ``last`` are set in ``unexplained`` (bool), each counted once.

    Spans ascend. Where the number is ``known``, they are no longer set afterwards.
    """
    gain = reach = np.int64(0)
    for span in range(first, last):
        for place in range(max(begin[span], reach), stop[span]):
            gain += unexplained[place]
        reach = max(reach, stop[span])
    if gain == known:
        for span in range(first, last):
            for place in range(begin[span], stop[span]):
                unexplained[place] = False
    return gain


@njit(cache=True, nogil=True, error_model="numpy")
def rank_fills(fills, n_texts, n_first, drawn, text, times, sizes, n_different, numbers):  # type: ignore[no-untyped-def]
    """Lists what stands in each slot: the commonest first, of equal ones that of the lowest member.

    ``fills``: int32, slots x members, texts by numbers below ``n_texts`` or -1. Listed are the first ``n_first`` and
    what the members ``drawn`` (int64) have: ``text``, ``times`` (int64, a row per slot, `n_first + len(drawn)` wide)
    are filled with their numbers and in how many members they stand, ``sizes`` (int64) with how many they are,
    ``n_different`` (int64) with how many there are in all, ``numbers`` (int64, drawn x slots) with the place in the
    list of what each of those members has, or -1.
    """
    count, place, is_drawn = np.zeros(n_texts, np.int64), np.empty(n_texts, np.int64), np.zeros(n_texts, np.bool_)
    met = np.empty(fills.shape[1], np.int64)
    for slot in range(fills.shape[0]):
        n_met = n_listed = 0
        for member in range(fills.shape[1]):
            one = fills[slot, member]
            if one >= 0:
                if count[one] == 0:
                    met[n_met] = one
                    n_met += 1
                count[one] += 1
        for row in range(len(drawn)):
            if fills[slot, drawn[row]] >= 0:
                is_drawn[fills[slot, drawn[row]]] = True
        for row in range(1, n_met):
            one, at = met[row], row
            while at > 0 and count[met[at - 1]] < count[one]:
                met[at] = met[at - 1]
                at -= 1
            met[at] = one
        for rank in range(n_met):
            one = met[rank]
            if rank < n_first or is_drawn[one]:
                text[slot, n_listed], times[slot, n_listed], place[one] = one, count[one], n_listed
                n_listed += 1
        for row in range(len(drawn)):
            one = fills[slot, drawn[row]]
            numbers[row, slot] = place[one] if one >= 0 else -1
        for rank in range(n_met):
            count[met[rank]], is_drawn[met[rank]] = 0, False
        sizes[slot], n_different[slot] = n_listed, n_met
