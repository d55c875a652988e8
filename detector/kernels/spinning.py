"""Runs of text that say what stands before them in other words."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_SPREAD = np.uint32(2654435769)
_SLOT_KIND = 128
"""Tokens of this kind (`form` of `detector.text.tokens.Tokens`) and above are slots."""


@njit(cache=True, nogil=True, error_model="numpy")
def breaks_line(point):  # type: ignore[no-untyped-def]
    """Whether Python's ``splitlines`` ends a line at this code point."""
    return 10 <= point <= 13 or 28 <= point <= 30 or point == 0x85 or point == 0x2028 or point == 0x2029


@njit(cache=True, nogil=True, error_model="numpy")
def spun_candidates(  # type: ignore[no-untyped-def]
    points, text_start, document, passage_start, passage_end, bounds, begins, kind, name, is_junk, least, slot_hash,
    first, last, found,
):  # fmt: skip
    """The passages from ``first`` to ``last`` that stand in one line with the one before them, have at least ``least``
    tokens and as many as its end has, which begins at a clause and has another skeleton.

    ``bounds``: the tokens of each passage; ``begins`` (uint8, eight tokens each): a bit for each that begins a clause;
    ``found`` (int64) has room for all of them. Returns how many there are.
    """
    n_found = 0
    for passage in range(max(first, 1), last):
        start, stop = bounds[passage], bounds[passage + 1]
        tail = 2 * start - stop
        if document[passage] != document[passage - 1] or stop - start < least or tail < bounds[passage - 1]:
            continue
        if is_junk[passage] or is_junk[passage - 1]:
            continue
        if tail != bounds[passage - 1] and not (begins[tail >> 3] >> (tail & 7)) & 1:
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
            one_hash = slot_hash if kind[token] >= _SLOT_KIND else np.uint64(name[token])
            if one_hash != (slot_hash if kind[other] >= _SLOT_KIND else np.uint64(name[other])):
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
