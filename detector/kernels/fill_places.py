"""Where the fills of slots stand: tokens become code points of the text of each variant, and those of its members.

``tests/template_oracles.py`` says the same in plain Python.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

DIGIT, MARK = 128, 192
"""Kinds (`form` of `detector.text.tokens.Tokens`) from these on are numbers and marks, and marks."""

BLANK, NUMBER, OTHER, MARKED, AT_START = 0, 1, 2, 4, 8
"""Of a fill: nothing or marks alone, numbers alone, or else; a bit where one of its tokens is a mark, and one where
nothing stands at its member's beginning."""


@njit(cache=True, nogil=True, error_model="numpy")
def _grown(column, needed):  # type: ignore[no-untyped-def]
    """The column, or a copy of it with room for at least ``needed`` rows."""
    if needed <= column.shape[0]:
        return column
    larger = np.empty(max(needed, 2 * column.shape[0]), column.dtype)
    for row in range(column.shape[0]):  # an assignment of slices would need numba, for its error
        larger[row] = column[row]
    return larger


@njit(cache=True, nogil=True, error_model="numpy")
def _end(where, row):  # type: ignore[no-untyped-def]
    """Where a token ends; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def _kind(form, first, past):  # type: ignore[no-untyped-def]
    """What a fill of several tokens consists of."""
    marks, digits, marked = True, True, False
    for place in range(first, past):
        marks &= form[place] >= MARK
        marked |= form[place] >= MARK
        digits &= form[place] >> 6 == DIGIT >> 6
    return (BLANK if marks else NUMBER if digits else OTHER) + (MARKED if marked else 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _read(where, token, start, begin, until, kind):  # type: ignore[no-untyped-def]
    """Where the fills of a slot stand, a row per variant: ``begin`` and ``until``, tokens, become code points of its
    text. With their ``kind``. An empty one stands after the token before it, or at the ``start`` of its member.

    Nearly all have a token or none, and are told without asking which: no processor can guess that.
    """
    for row in range(np.uint64(begin.shape[0])):
        low, high = np.int64(begin[row]), np.int64(until[row])
        last = np.uint64(token[row] + max(high - 1, 0))
        first = np.uint64(token[row] + low) if low < high else last
        form, size = where[1][first], np.int64(where[1][last]) & 63
        its = BLANK + MARKED if form >= MARK else NUMBER if form >= DIGIT else OTHER
        end = np.int64(where[0][last]) + size
        if size == 63:
            end = _end(where, last)
        if high > low + 1:
            its = _kind(where[1], first, last + np.uint64(1))
        end = end if high else start[row]
        kind[row] = its if low < high else BLANK if high else AT_START
        begin[row] = where[0][first] if low < high else end
        until[row] = end


@njit(cache=True, nogil=True, error_model="numpy")
def place_fills(where, bounds, variants, members, n_slots, begin, until, kind):  # type: ignore[no-untyped-def]
    """The slots of clusters from tokens to code points: ``begin`` and ``until`` (int32), which are as
    `detector.kernels.dividing.divide_gaps` has them, become places in the text of each variant; ``kind`` (uint8, a row
    for each) is filled.

    ``variants``: ``indptr`` and ``member`` of `detector.kernels.variants.find_variants`; ``members``: ``first``
    (passage) and ``start`` (code points) of each; ``bounds`` (int64): the tokens of passages. An empty fill stands
    after the token before it, or where its member begins.
    """
    indptr, one_of = variants
    first, start = members
    token, origin = np.empty(64, np.int64), np.empty(64, np.int64)
    at = np.int64(0)
    for cluster in range(n_slots.shape[0]):
        begun, n = indptr[cluster], indptr[cluster + 1] - indptr[cluster]
        token, origin = _grown(token, n), _grown(origin, n)
        for row in range(n if n_slots[cluster] else 0):
            one = one_of[begun + row]
            token[row], origin[row] = bounds[first[one]], start[one]
        for _ in range(n_slots[cluster]):
            _read(where, token, origin, begin[at : at + n], until[at : at + n], kind[at : at + n])
            at += n


@njit(cache=True, nogil=True, error_model="numpy")
def _list(of, start, further, begin, until, filled, n_listed, common, out):  # type: ignore[no-untyped-def]
    """List the fills of the slots of a cluster from row ``filled`` of ``out`` on; returns the row after them.

    Those of a variant (``begin``, ``until``: as `detector.kernels.filling.type_slots` leaves them) stand ``further`` in
    each member that has it.
    """
    member, fill_start, fill_end = out
    n = begin.shape[0] // n_listed.shape[0]
    for slot in range(n_listed.shape[0]):
        low, high = begin[slot * n : slot * n + n], until[slot * n : slot * n + n]
        begun, past, row, common[slot] = filled, filled + n_listed[slot], np.uint64(0), -1
        while filled < past:
            variant = np.uint64(of[row])
            at, end = low[variant], high[variant]
            if at < 0:
                if common[slot] >= 0:
                    row += np.uint64(1)
                    continue
                common[slot], at = filled - begun, -1 - at
            here = np.uint64(filled)
            member[here] = row
            fill_start[here] = at + further[row] if end >= 0 else start[row]
            fill_end[here] = end + further[row] if end >= 0 else start[row]
            filled, row = filled + 1, row + np.uint64(1)
    return filled


@njit(cache=True, nogil=True, error_model="numpy")
def list_fills(where, bounds, variants, members, n_slots, begin, until, n_listed, common, out):  # type: ignore[no-untyped-def]
    """The fills that are listed: ``out`` (int32, a row for each) is filled with its member in its cluster, and where it
    begins and ends (code points).

    ``variants`` is as in `place_fills`; ``members``: ``indptr`` by clusters, and of each ``first``, ``start`` and which
    variant of its cluster it has. ``begin``, ``until``, ``n_listed``: as `detector.kernels.filling.type_slots` leaves
    them. ``common`` (int32, a row per slot) is filled: which of the slot's listed fills is also that of the members
    that are not listed, -1 where all are.
    """
    indptr, one_of = variants
    member_indptr, first, start, of = members
    further = np.empty(64, np.int32)
    at = slot = filled = np.int64(0)
    for cluster in range(n_slots.shape[0]):
        past = slot + n_slots[cluster]
        if slot == past:
            continue
        begun, head, size = indptr[cluster], member_indptr[cluster], member_indptr[cluster + 1] - member_indptr[cluster]
        cells = (indptr[cluster + 1] - begun) * n_slots[cluster]
        further = _grown(further, size)
        for row in range(size):
            one = one_of[begun + of[head + row]]
            further[row] = 0
            if one != head + row:  # texts that are the same token by token stand apart as their first tokens do
                further[row] = where[0][bounds[first[head + row]]] - where[0][bounds[first[one]]]
        filled = _list(
            of[head : head + size], start[head : head + size], further, begin[at : at + cells], until[at : at + cells],
            filled, n_listed[slot:past], common[slot:past], out,
        )  # fmt: skip
        at, slot = at + cells, past
