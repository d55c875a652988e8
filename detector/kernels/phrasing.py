"""Phrases: runs cut at their ends, the spans around a span, how many series have them, and how they are written."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_LETTER, _SLOT = 64, 128
"""Kinds (`form` of `detector.text.tokens.Tokens`) from these on: of a word, and of the slot of a skeleton."""

_SPACE, _NUMBER_SIGN = 0x20, 0x23


@njit(cache=True, nogil=True, error_model="numpy")
def _is_set(bits, row):  # type: ignore[no-untyped-def]
    return (bits[row >> 3] >> (row & 7)) & 1


@njit(cache=True, nogil=True, error_model="numpy")
def cut_runs(kind, begins, start, stop, least):  # type: ignore[no-untyped-def]
    """Trim runs of token rows ``start`` to ``stop`` (int64, changed) of slots and short partial clauses at both ends.

    ``begins`` (uint8, eight tokens each) has a bit for each token that begins a clause; a partial clause is short if it
    has less than ``least`` tokens that are no slots.
    Returns the number of tokens of each run that are no slots. A clause that was found long enough is walked again
    only after the other end has come closer than its first ``least`` tokens.
    """
    n_tokens = np.zeros(start.shape[0], np.int32)
    n = kind.shape[0]
    for run in range(start.shape[0]):
        a, b = start[run], stop[run]
        # ``a`` is right while ``b`` is not below ``right``, ``b`` while ``a`` is not above ``left``
        right, left = np.int64(-1), np.int64(-1)
        while a < b:
            before_a, before_b = a, b
            while a < b and kind[a] >= _SLOT:
                a += 1
            while a < b and kind[b - 1] >= _SLOT:
                b -= 1
            if a < b and a > 0 and not _is_set(begins, a) and not (a == before_a and 0 <= right <= b):
                words, row = 0, a
                while row < b and not (row > a and _is_set(begins, row)) and words < least:
                    words += kind[row] < _SLOT
                    row += 1
                if words < least:
                    a = row
                else:
                    right = row
            if a < b and b < n and not _is_set(begins, b) and not (b == before_b and left >= a):
                words, row = 0, b
                while row > a and not (row < b and _is_set(begins, row)) and words < least:
                    words += kind[row - 1] < _SLOT
                    row -= 1
                if words < least:
                    b = row
                else:
                    left = row
            if a == before_a and b == before_b:
                break
        start[run], stop[run] = a, b
        for row in range(a, b):
            n_tokens[run] += kind[row] < _SLOT
    return n_tokens


@njit(cache=True, nogil=True, error_model="numpy")
def sort_places(indptr, first, last, length, run, offset):  # type: ignore[no-untyped-def]
    """Sort the places in the sequences ``first`` to ``last`` by their offsets, the longer run first.

    Those of sequence s are rows ``indptr[s]`` to ``indptr[s + 1]`` (int64) of ``run`` and ``offset`` (int32);
    ``length`` (int64) is that of each run. Mostly they are few.
    """
    keys = np.empty(64, np.int64)
    for sequence in range(first, last):
        begin, n = indptr[sequence], indptr[sequence + 1] - indptr[sequence]
        if n > keys.shape[0]:
            keys = np.empty(2 * n, np.int64)
        for place in range(n):
            keys[place] = (np.int64(offset[begin + place]) << 32) - length[run[begin + place]]
        gap = 1
        while 3 * gap < n:
            gap = 3 * gap + 1
        while gap:
            for place in range(gap, n):
                key, its_run, its_offset, hole = keys[place], run[begin + place], offset[begin + place], place
                while hole >= gap and keys[hole - gap] > key:
                    keys[hole] = keys[hole - gap]
                    run[begin + hole], offset[begin + hole] = run[begin + hole - gap], offset[begin + hole - gap]
                    hole -= gap
                keys[hole], run[begin + hole], offset[begin + hole] = key, its_run, its_offset
            gap //= 3


@njit(cache=True, nogil=True, error_model="numpy")
def longest_places(indptr, first, last, length, run, offset, number):  # type: ignore[no-untyped-def]
    """Of the places in the sequences ``first`` to ``last``, as `sort_places` sorts them, those of a run with a
    ``number`` (int32; others have -1) that lie in no longer one: sequence, number and offset (int32)."""
    room = indptr[last] - indptr[first]
    sequences, numbers, offsets = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    n = 0
    for sequence in range(first, last):
        furthest = np.int64(0)
        for place in range(indptr[sequence], indptr[sequence + 1]):
            end = offset[place] + length[run[place]]
            if number[run[place]] >= 0 and end > furthest:
                sequences[n], numbers[n], offsets[n] = sequence, number[run[place]], offset[place]
                furthest = end
                n += 1
    return sequences[:n].copy(), numbers[:n].copy(), offsets[:n].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def enclosing(starts, ends, sequence, row, weight, longest):  # type: ignore[no-untyped-def]
    """For each span the largest weight of the rows whose spans hold it and are longer, or -1 (int64).

    Spans are sorted by start, the longer first, and lie in sequences that follow each other (``sequence``, ascending)
    and are at most ``longest`` long; ``row`` names the row of each, ``weight`` (int64) is a value per row. No two rows
    have the same span. A Fenwick tree over the ends that are still possible keeps the largest weight.
    """
    n = starts.shape[0]
    found = np.full(n, -1, np.int64)
    most = np.full(longest + 2, -1, np.int64)
    begun = 0
    for span in range(n):
        if span == 0 or sequence[span] != sequence[span - 1]:
            # what the spans of the sequence before have left is taken back
            for other in range(begun, span):
                at = longest - (ends[other] - starts[begun]) + 1
                while at < most.shape[0]:
                    most[at] = -1
                    at += at & -at
            begun = span
        # the further an end, the lower its place: a prefix of the tree holds all ends that are not before this one
        place = longest - (ends[span] - starts[begun]) + 1
        at = place
        while at > 0:
            found[span] = max(found[span], most[at])
            at -= at & -at
        at = place
        while at < most.shape[0]:
            most[at] = max(most[at], weight[row[span]])
            at += at & -at
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def count_series(first, last, suffixes, sequence_of, copy_indptr, copy_series, n_series):  # type: ignore[no-untyped-def]
    """How many different series have each phrase (int32).

    Phrase p stands in the sequences of the ``suffixes`` from place ``first[p]`` to ``last[p]``, sequence s in the
    series ``copy_series[copy_indptr[s]:copy_indptr[s + 1]]`` (int32, -1 where it is not known).
    """
    different = np.empty(copy_series.shape[0], np.int32)
    bounds = np.zeros(copy_indptr.shape[0], np.int64)
    seen = np.full(n_series, -1, np.int64)
    n = 0
    for number in range(copy_indptr.shape[0] - 1):
        for copy in range(copy_indptr[number], copy_indptr[number + 1]):
            series = copy_series[copy]
            if series >= 0 and seen[series] != number:
                seen[series] = number
                different[n] = series
                n += 1
        bounds[number + 1] = n
    seen[:] = -1
    found = np.zeros(first.shape[0], np.int32)
    for phrase in range(first.shape[0]):
        for place in range(first[phrase], last[phrase] + 1):
            sequence = sequence_of[suffixes[place]]
            for row in range(bounds[sequence], bounds[sequence + 1]):
                if seen[different[row]] != phrase:
                    seen[different[row]] = phrase
                    found[phrase] += 1
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _end(where, row):  # type: ignore[no-untyped-def]
    """Where a token ends; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def write_keys(points, base, first, n_all, where, kind, folded):  # type: ignore[no-untyped-def]
    """The folded tokens of phrases: words apart, other tokens together, ``#`` (which no folded token holds) for a slot.

    Phrase p is the token rows ``first[p]`` to ``first[p] + n_all[p]`` of a text that begins at ``base[p]`` in
    ``points`` (uint32); ``folded`` (uint32) is indexed by code point. Returns the characters of all keys (uint32) and
    where each of them ends (int64). ``where``: `detector.text.tokens.Tokens.where`.
    """
    total, start = 0, where[0]
    for phrase in range(first.shape[0]):
        for row in range(first[phrase], first[phrase] + n_all[phrase]):
            total += 1 + max(1, _end(where, row) - start[row])
    keys = np.empty(total, np.uint32)
    ends = np.empty(first.shape[0], np.int64)
    n = 0
    for phrase in range(first.shape[0]):
        after_word = False
        for row in range(first[phrase], first[phrase] + n_all[phrase]):
            if after_word and _LETTER <= kind[row] < _SLOT:
                keys[n] = _SPACE
                n += 1
            after_word = _LETTER <= kind[row] < _SLOT
            if kind[row] >= _SLOT:
                keys[n] = _NUMBER_SIGN
                n += 1
                continue
            for place in range(start[row], _end(where, row)):
                keys[n] = folded[points[base[phrase] + place]]
                n += 1
        ends[phrase] = n
    return keys[:n], ends
