"""Findings on the tokens of a corpus: overlaps are cut, tokens that lie in findings marked.

``tests/test_hits.py`` has the obvious version of each.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def cut_overlaps(document, start, end, keep):  # type: ignore[no-untyped-def]
    """Cut each span to what those before it in its document leave of it; ``keep`` (bool) is whether any is left.

    Rows are sorted by document and start.
    """
    free, current = 0, -1
    for row in range(len(document)):
        if document[row] != current:
            current, free = document[row], 0
        keep[row] = end[row] > free
        if keep[row]:
            start[row] = max(start[row], free)
            free = end[row]


@njit(cache=True, nogil=True, error_model="numpy")
def _end(where, row):  # type: ignore[no-untyped-def]
    """Where a token ends; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def mark_tokens(where, token_indptr, document, start, end, out):  # type: ignore[no-untyped-def]
    """Set the bit in ``out`` (uint8, eight tokens each) of each token that shares a character with a span of its
    document."""
    token_start = where[0]
    for row in range(len(document)):
        first, last = token_indptr[document[row]], token_indptr[document[row] + 1]
        low, high = first, last
        while low < high:
            middle = (low + high) // 2
            if token_start[middle] < start[row]:
                low = middle + 1
            else:
                high = middle
        if low > first and _end(where, low - 1) > start[row]:
            low -= 1
        while low < last and token_start[low] < end[row]:
            out[low >> 3] |= np.uint8(1 << (low & 7))
            low += 1


@njit(cache=True, nogil=True, error_model="numpy")
def all_marked(indptr, is_marked, out):  # type: ignore[no-untyped-def]
    """Whether all bits ``indptr[r]`` to ``indptr[r + 1]`` of ``is_marked`` (uint8, eight in each) are set, by row."""
    for row in range(len(out)):
        at, last = indptr[row], indptr[row + 1]
        while at < last and is_marked[at >> 3] >> (at & 7) & 1:
            at += 1
        out[row] = at == last
