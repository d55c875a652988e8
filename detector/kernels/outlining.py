"""Headings of documents, and documents by the sequence of their headings."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SLOT_KIND = 128
"""Tokens of this kind (`form` of `detector.text.tokens.Tokens`) and above are slots."""

SLOT = np.uint64(0x736C6F74736C6F74)
"""`detector.text.tokens.SLOT_HASH`."""

MOST_NUMBERED, MOST_BARE, LONGER = 24, 12, 10
"""Tokens of a heading with a number, of one without, and of the text that must follow this."""

OPENING = 6
"""Tokens of an opening formula."""

MOST_HEADS = 64
"""Heads that are looked at for one heading: one that more have tells nothing."""


def _points(text: str):  # type: ignore[no-untyped-def]
    return np.array([ord(char) for char in text], dtype=np.uint32)


_NUMERALS, _SECTIONS = _points("一二三四五六七八九十百零〇0123456789０１２３４５６７８９"), _points("条條章节節编編部")
_OPEN, _CLOSE, _AFTER, _ENDS = _points("(（"), _points(")）"), _points("、.．"), _points("。！？；，,.;!?…：:、")
_BLANK, _BREAKS = _points(" \t　#*"), _points("\n\r\v\f\x85\u2028\u2029")
_ORDINAL = np.uint32(ord("第"))


@njit(cache=True, nogil=True, error_model="numpy")
def _among(point, points):  # type: ignore[no-untyped-def]
    found = False
    for one in points:
        found |= one == point
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _after_number(points, at, stop):  # type: ignore[no-untyped-def]
    """Where the words of a heading begin that starts with 一、 （一） 第一条 or 1. ; -1 where it does not."""
    while at < stop and _among(points[at], _BLANK):
        at += 1
    if at == stop:
        return -1
    first = points[at]
    bracket, ordinal = _among(first, _OPEN), first == _ORDINAL
    at += bracket or ordinal
    begin = at
    while at < stop and at - begin < 5 and _among(points[at], _NUMERALS):
        at += 1
    if at in (begin, stop):
        return -1
    if bracket:
        return at + 1 if _among(points[at], _CLOSE) else -1
    if ordinal:
        return at + 1 if _among(points[at], _SECTIONS) else -1
    follows = _among(points[at], _AFTER) and not (at + 1 < stop and _among(points[at + 1], _NUMERALS))
    return at + 1 if follows else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _hash(hashed, kind, first, stop):  # type: ignore[no-untyped-def]
    """A hash of some tokens by their skeleton; never 0."""
    mixed, (name, hash_of) = np.uint64(stop - first + 1), hashed
    for row in range(first, stop):
        mixed = (mixed ^ (SLOT if kind[row] >= _SLOT_KIND else hash_of[name[row]])) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed | np.uint64(1)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_line(points, low, high, begin, stop):  # type: ignore[no-untyped-def]
    """Whether a passage is a line by itself that ends without a mark; ``low``, ``high``: those of its text."""
    while stop > begin and (_among(points[stop - 1], _BLANK) or _among(points[stop - 1], _BREAKS)):
        stop -= 1
    if stop == begin or _among(points[stop - 1], _ENDS):
        return False
    alone = _among(points[begin], _BREAKS)
    before, after = begin - 1, stop
    while before >= low and _among(points[before], _BLANK):
        before -= 1
    while after < high and _among(points[after], _BLANK):
        after += 1
    alone |= before < low or _among(points[before], _BREAKS)
    return alone and (after >= high or _among(points[after], _BREAKS))


@njit(cache=True, nogil=True, error_model="numpy")
def heading_keys(  # type: ignore[no-untyped-def]
    points, text_start, text_stop, hashed, kind, token_start, bounds, document, start, end, is_junk, rows, most, found,
    key,
):  # fmt: skip
    """The headings among passages ``rows[0]`` to ``rows[1]``, the first ``most`` of each document: fill ``found``
    (int64) with their rows and ``key`` (uint64) with a hash of the words of each; returns their number.

    A heading begins with a number (一、 （一） 第一条 1.) and has at most 24 tokens after it, or is a line of 2 to 12
    tokens without a mark at its end, and longer text follows. The opening formula of a document is the first
    tokens of its first passage that is neither. Junk is none. The rows are those of whole documents.
    """
    opened = last = np.int64(-1)
    filled = n_here = np.int64(0)
    for row in range(rows[0], rows[1]):
        if is_junk[row]:
            continue
        text = np.int64(document[row])
        if text != last:
            last, n_here = text, np.int64(0)
        if n_here == most:
            continue
        found[filled] = row
        base = text_start[text]
        first, stop = bounds[row], bounds[row + 1]
        at = _after_number(points, base + start[row], base + end[row])
        if at >= 0:
            while first < stop and base + token_start[first] < at:
                first += 1
            if 1 <= stop - first <= MOST_NUMBERED:
                key[filled] = _hash(hashed, kind, first, stop)
                filled, n_here = filled + 1, n_here + 1
            continue
        follows = row + 1 < rows[1] and document[row + 1] == text and bounds[row + 2] - bounds[row + 1] >= LONGER
        is_short = 2 <= stop - first <= MOST_BARE and follows
        if is_short and _is_line(points, base, text_stop[text], base + start[row], base + end[row]):
            key[filled] = _hash(hashed, kind, first, stop)
            filled, n_here = filled + 1, n_here + 1
            continue
        if opened != text and stop - first >= OPENING:
            opened = text
            key[filled] = _hash(hashed, kind, first, first + OPENING)
            filled, n_here = filled + 1, n_here + 1
    return filled


@njit(cache=True, nogil=True, error_model="numpy")
def _common(number, one, one_stop, other, other_stop, table):  # type: ignore[no-untyped-def]
    """The length of a longest common subsequence of two ranges; ``table`` (int32): room for the shorter and one."""
    n = other_stop - other
    table[: n + 1] = 0
    for i in range(one, one_stop):
        diagonal = np.int32(0)
        for j in range(n):
            above = table[j + 1]
            table[j + 1] = diagonal + 1 if number[i] == number[other + j] else max(above, table[j])
            diagonal = above
    return table[n]


@njit(cache=True, nogil=True, error_model="numpy")
def outline_heads(number, indptr, n_numbers, least, share, head, ratio):  # type: ignore[no-untyped-def]
    """Fill ``head`` (int64) with the lowest document whose headings each one shares, itself where there is none.

    ``number``: int64, headings as numbers below ``n_numbers``, of document d rows ``indptr[d]`` to ``indptr[d + 1]``;
    one of fewer than ``least`` has no head (-1). Documents are taken in order: each joins the lowest head with which
    2·LCS / (m + n) of the two sequences is at least ``share`` (``ratio``, float64), or becomes one. At most
    `MOST_HEADS` heads are listed for a heading.
    """
    first_entry, n_entries = np.full(n_numbers, -1, np.int64), np.zeros(n_numbers, np.int32)
    entry_head, entry_next = np.empty(number.shape[0], np.int64), np.empty(number.shape[0], np.int64)
    n = indptr.shape[0] - 1
    seen, shared = np.full(n, -1, np.int64), np.zeros(n, np.int32)
    asked = np.full(n_numbers, -1, np.int64)
    longest = np.int64(0)
    for document in range(n):
        longest = max(longest, indptr[document + 1] - indptr[document])
    table, candidates = np.empty(longest + 1, np.int32), np.empty(MOST_HEADS * (longest + 1), np.int64)
    filled = 0
    for document in range(n):
        begin, stop = indptr[document], indptr[document + 1]
        head[document], ratio[document] = -1, 1.0
        if stop - begin < least:
            continue
        n_candidates = 0
        for row in range(begin, stop):
            if asked[number[row]] == document:
                continue
            asked[number[row]] = document
            entry = first_entry[number[row]]
            while entry >= 0:
                other = entry_head[entry]
                if seen[other] != document:
                    seen[other], shared[other] = document, 0
                    candidates[n_candidates] = other
                    n_candidates += 1
                shared[other] += 1
                entry = entry_next[entry]
        best = np.int64(-1)
        for k in range(n_candidates):
            other = candidates[k]
            size = indptr[other + 1] - indptr[other] + stop - begin
            if (best >= 0 and other > best) or 2 * shared[other] < share * size:
                continue
            common = _common(number, begin, stop, indptr[other], indptr[other + 1], table)
            if 2 * common >= share * size:
                best, ratio[document] = other, 2 * common / size
        head[document] = document if best < 0 else best
        if best >= 0:
            continue
        for row in range(begin, stop):
            if n_entries[number[row]] < MOST_HEADS and asked[number[row]] == document:
                asked[number[row]] = -1  # listed once
                entry_head[filled], entry_next[filled] = document, first_entry[number[row]]
                first_entry[number[row]] = filled
                n_entries[number[row]] += 1
                filled += 1
