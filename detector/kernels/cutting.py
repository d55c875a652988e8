"""Passages and clauses of documents in one pass over their characters; ``tests/oracles.py`` has the obvious version.

Cuts are decided on the plain form, a few of them by the case of the text itself; what ends and begins a passage is
said in `detector.text.passages`. Every look back or ahead is bounded or goes over a character once, so that the time is
linear in any text.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

(
    LINE_BREAK, LINE_FEED, CARRIAGE_RETURN, STOP, ELLIPSIS, RAISED_ELLIPSIS, DOT, OPENING, CIRCLED, COLON, CLOSER,
    COMMA, IS, CURLY_CLOSER, DOUBLE_QUOTE, SINGLE_QUOTE, BLANK, ORDINAL, SECTION, ZERO, LIST_COMMA, UNCOUNTED, NUMERAL,
) = range(1, 24)  # fmt: skip
"""Kinds of plain characters, 0 for any other. Up to `IS` a cut may begin with them; `UNCOUNTED`, `ORDINAL` and the
numeral of a hundred before 一是 make it something else; NUMERAL + n is the numeral of n, 11 that of a hundred."""

UPPER, LOWER, DIGIT, DECIMAL, ALPHABETIC, ALPHANUMERIC, SPACE = (1 << bit for bit in range(7))
"""Properties of characters, as `str.isupper` and its like tell them."""

_HUNDRED = NUMERAL + 11
_SOFT_WRAP_LENGTH, _LONGEST_WRAPPED, _WRAP_WINDOW = 40, 400, 40
_QUOTE_WINDOW = 2000
_WORD_WINDOW, _HEADING_WINDOW, _BLANK_WINDOW = 24, 20, 8
_LONGEST_ABBREVIATION = 8
_NO, _YES = np.uint8(0), np.uint8(1)
"""Typed, because a function is compiled once for each literal that it is called with."""


@njit(cache=True, nogil=True, error_model="numpy")
def _is_abbreviation(points, plain, start, end, raw, abbreviations):  # type: ignore[no-untyped-def]
    """Whether a word is one of the abbreviations; a ``raw`` one as `str.lower` has it, otherwise its plain form."""
    if end - start > _LONGEST_ABBREVIATION or end <= start:
        return False
    word = np.uint64(0)
    for place in range(start, end):
        point = plain[points[place]]
        if point >= 0x80 or (raw and points[place] >= 0x80 and points[place] != 0x212A):  # the sign of Kelvin is a k
            return False
        word = word << np.uint64(8) | np.uint64(point)
    low, high = 0, abbreviations.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if abbreviations[middle] < word:
            low = middle + 1
        else:
            high = middle
    return low < abbreviations.shape[0] and abbreviations[low] == word


@njit(cache=True, nogil=True, error_model="numpy")
def _ends_with_abbreviation(points, plain, start, end, raw, abbreviations):  # type: ignore[no-untyped-def]
    """Whether the last word between two places is an abbreviation with its full stop."""
    word = end - 1
    if end <= start or plain[points[word]] != 0x2E or (raw and points[word] != 0x2E):
        return False
    while word > start and end - word <= _LONGEST_ABBREVIATION + 2:
        before = points[word - 1]
        if before == 0x20 or (not raw and plain[before] == 0x20):
            break
        word -= 1
    return _is_abbreviation(points, plain, word, end - 1, raw, abbreviations)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_spaced_letter(point, properties):  # type: ignore[no-untyped-def]
    return properties[point] & ALPHABETIC != 0 and point < 0x1100 and not 0x0E00 <= point <= 0x0E7F


@njit(cache=True, nogil=True, error_model="numpy")
def _is_soft_wrap(points, base, stop, line, at, end, plain, properties, abbreviations):  # type: ignore[no-untyped-def]
    """Whether the line break from ``at`` to ``end`` stands inside a sentence of a spaced script that began at ``line``
    (or before), put there by a program."""
    if at - base > _LONGEST_WRAPPED and at - line >= _LONGEST_WRAPPED:
        return False
    following, limit = end, min(stop, end + _WRAP_WINDOW)
    while following < limit and (points[following] == 0x20 or points[following] == 0x09):
        following += 1
    if following == limit or not _is_spaced_letter(points[following], properties):
        return False
    shown = at
    while shown > line and properties[points[shown - 1]] & SPACE:
        shown -= 1
    if shown - line < _SOFT_WRAP_LENGTH:
        return False
    before = points[shown - 1]
    if before == 0x29 or before == 0x5D or before == 0x22 or before == 0x27 or before == 0x201D or before == 0x2019:
        return properties[points[following]] & LOWER != 0
    return (
        before == 0x2C
        or before == 0x2D
        or _is_spaced_letter(before, properties)
        or _ends_with_abbreviation(points, plain, line, shown, _YES, abbreviations)
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _is_list_number(points, base, begin, plain, abbreviations):  # type: ignore[no-untyped-def]
    """Whether a number of a few digits that begins at ``begin`` is that of a heading or list item."""
    lowest, shown = max(base, begin - _HEADING_WINDOW), begin
    while shown > lowest:
        point = plain[points[shown - 1]]
        if point != 0x20 and point != 0x23 and point != 0x2A and point != 0x2D:  # # * -
            break
        shown -= 1
    if shown == lowest:
        return True
    last = plain[points[shown - 1]]
    ends = (
        last == 0x0A or last == 0x0D or last == 0x2E or last == 0x21 or last == 0x3F or last == 0x3A or last == 0x3B
        or last == 0x3002
    )  # fmt: skip
    return ends and not _ends_with_abbreviation(points, plain, lowest, shown, _NO, abbreviations)


@njit(cache=True, nogil=True, error_model="numpy")
def _ends_sentence(points, base, stop, at, end, plain, properties, abbreviations):  # type: ignore[no-untyped-def]
    """Whether the full stop at ``at``, with its closers up to ``end``, ends a sentence: what follows begins one, what
    precedes is no abbreviation."""
    place = end
    while place < stop and place - end < _BLANK_WINDOW and properties[points[place]] & SPACE:
        place += 1
    if place == stop:
        return True
    point = points[place]
    opens = (
        point == 0x22 or point == 0x27 or point == 0x28 or point == 0x201C or point == 0x2018 or point == 0x300C
        or point == 0x300E
    )  # fmt: skip
    if not (opens or properties[point] & (UPPER | DIGIT)):
        return False
    begin, n_digits = at, 0
    while begin > base and at - begin < _WORD_WINDOW:
        before = plain[points[begin - 1]]
        if before != 0x2E and not properties[before] & ALPHANUMERIC:
            break
        n_digits += properties[before] & DIGIT != 0
        begin -= 1
    size = at - begin
    if 0 < size <= 3 and n_digits == size and _is_list_number(points, base, begin, plain, abbreviations):
        return False
    if size == 1 and properties[plain[points[begin]]] & ALPHABETIC:
        before = plain[points[begin - 1]] if begin > base else np.uint32(0)
        if before != 0x27 and before != 0x2019:
            return False  # an initial
    return not _is_abbreviation(points, plain, begin, at, _NO, abbreviations)


@njit(cache=True, nogil=True, error_model="numpy")
def _closes(points, base, place, kinds, counted):  # type: ignore[no-untyped-def]
    """Whether the straight quote at ``place`` closes one that its line opened.

    ``counted`` (int64, 4) remembers the stretch that was counted last and the double and single quotes in it; places
    come in order, so that each character is counted once.
    """
    window = max(base, place - _QUOTE_WINDOW)
    if counted[1] < window:
        counted[0] = counted[1] = window
        counted[2] = counted[3] = 0
    while counted[0] < window:
        kind = kinds[points[counted[0]]]
        counted[2] -= kind == DOUBLE_QUOTE
        counted[3] -= kind == SINGLE_QUOTE
        counted[0] += 1
    while counted[1] < place:
        kind = kinds[points[counted[1]]]
        counted[1] += 1
        if kind == LINE_FEED:
            counted[0] = counted[1]
            counted[2] = counted[3] = 0
        counted[2] += kind == DOUBLE_QUOTE
        counted[3] += kind == SINGLE_QUOTE
    return counted[2 if kinds[points[place]] == DOUBLE_QUOTE else 3] & 1 == 1


@njit(cache=True, nogil=True, error_model="numpy")
def _closers_end(points, at, stop, kinds, quotes):  # type: ignore[no-untyped-def]
    """Where a run of closing brackets and quotes ends; straight ones belong to it only with ``quotes``."""
    while at < stop:
        kind = kinds[points[at]]
        straight = kind in (DOUBLE_QUOTE, SINGLE_QUOTE)
        if kind != CLOSER and kind != CURLY_CLOSER and not (quotes and straight):
            break
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _numerals_end(points, at, stop, kinds):  # type: ignore[no-untyped-def]
    """Where a run of numerals ends, or four characters on."""
    end = at
    while end < stop and end - at < 4 and kinds[points[end]] > NUMERAL:
        end += 1
    return end


@njit(cache=True, nogil=True, error_model="numpy")
def _is_enumerator(points, at, stop, plain, kinds, properties):  # type: ignore[no-untyped-def]
    """Whether ``一、``, ``1.`` or ``第一条`` with its blank begins here."""
    if at >= stop:
        return False
    if kinds[points[at]] > NUMERAL:
        end = _numerals_end(points, at, stop, kinds)
        if end - at > 3 or end == stop or kinds[points[end]] != LIST_COMMA:
            return False
        next_end = _numerals_end(points, end + 1, stop, kinds)
        if not 1 <= next_end - end - 1 <= 3 or next_end == stop:
            return True
        kind = kinds[points[next_end]]
        return kind != LIST_COMMA and kind != COMMA  # 一、二、五中 is a list
    if kinds[points[at]] == ORDINAL:
        end = at + 1
        while end < stop and end - at <= 6:
            point = points[end]
            if not (kinds[point] > NUMERAL or kinds[point] == ZERO or properties[plain[point]] & DECIMAL):
                break
            end += 1
        if not 1 <= end - at - 1 <= 5 or end + 1 >= stop:
            return False
        return kinds[points[end]] == SECTION and kinds[points[end + 1]] == BLANK
    end = at
    while end < stop and end - at < 3 and properties[plain[points[end]]] & DECIMAL:
        end += 1
    if not 1 <= end - at <= 2 or end == stop:
        return False
    kind = kinds[points[end]]
    if kind != DOT and kind != LIST_COMMA:
        return False
    return end + 1 == stop or not properties[plain[points[end + 1]]] & DECIMAL


@njit(cache=True, nogil=True, error_model="numpy")
def _counted_clause(points, base, at, kinds):  # type: ignore[no-untyped-def]
    """Where the numeral before the 是 at ``at`` begins, two characters if it can, and its value; 0 for none."""
    for size in (2, 1):
        begin = at - size
        if begin < base or kinds[points[begin]] <= NUMERAL:
            continue
        if begin > base:
            before = kinds[points[begin - 1]]
            if before in (ORDINAL, UNCOUNTED, _HUNDRED):
                continue
        tens, units = np.int64(kinds[points[begin]]) - NUMERAL, np.int64(kinds[points[at - 1]]) - NUMERAL
        if size == 1:
            return begin, units if units <= 10 else 0
        if tens == 10:
            return begin, 10 + (units if units < 10 else 0)
        return begin, tens * 10 if units == 10 and tens < 10 else 0
    return -1, 0


@njit(cache=True, nogil=True, error_model="numpy")
def find_cuts(points, base, stop, plain, kinds, properties, abbreviations, cuts, counted):  # type: ignore[no-untyped-def]
    """Find where passages and clauses of ``points[base:stop]`` (uint32) begin; returns how many are in each array.

    ``cuts``: int32, offsets in ascending order, where a passage begins as they are, where a clause does as ``~offset``;
    ``counted``: int32, ascending offsets of counted clauses, which begin passages too. ``plain`` (uint32), ``kinds``
    and ``properties`` (uint8; constants of this module) are indexed by code point; ``abbreviations``: uint64, sorted,
    the ASCII characters of each word in its bytes. Both arrays have room for as many rows as there are points.
    """
    n_cuts = n_counted = chain = 0
    chain_first = line = base
    quotes = np.empty(4, np.int64)
    quotes[0] = quotes[1] = base
    quotes[2] = quotes[3] = 0
    at = base
    while at < stop:
        kind = kinds[points[at]]
        if kind == 0 or kind > IS:
            at += 1
            continue
        end = at + 1
        if kind <= CARRIAGE_RETURN:
            while end < stop and 0 < kinds[points[end]] <= CARRIAGE_RETURN:
                end += 1
            one = (end == at + 1 and kind != LINE_BREAK) or (
                end == at + 2 and kind == CARRIAGE_RETURN and kinds[points[at + 1]] == LINE_FEED
            )
            if not one or not _is_soft_wrap(points, base, stop, line, at, end, plain, properties, abbreviations):
                cuts[n_cuts] = end - base
                n_cuts += 1
            for place in range(at, end):
                if kinds[points[place]] != LINE_BREAK:
                    line, chain = place + 1, 0
        elif kind == STOP:
            while end < stop and kinds[points[end]] == STOP:
                end += 1
            begin, end = end, _closers_end(points, end, stop, kinds, _YES)
            cut = end
            for place in range(begin, end):
                name = kinds[points[place]]
                straight = name in (DOUBLE_QUOTE, SINGLE_QUOTE)
                if straight and not _closes(points, base, place, kinds, quotes):
                    cut = place
                    break
            cuts[n_cuts] = cut - base
            n_cuts += 1
        elif kind in (ELLIPSIS, RAISED_ELLIPSIS):
            while end < stop and kinds[points[end]] == kind:
                end += 1
            if end - at > 1:
                end = _closers_end(points, end, stop, kinds, _NO)
                cuts[n_cuts] = end - base
                n_cuts += 1
        elif kind == DOT:
            while end < stop and end - at < 6 and kinds[points[end]] == DOT:
                end += 1
            if end - at == 6:
                end = _closers_end(points, end, stop, kinds, _NO)
                cuts[n_cuts] = end - base
                n_cuts += 1
            elif end == at + 1:
                end = _closers_end(points, end, stop, kinds, _YES)
                following = kinds[points[end]] if end < stop else np.uint8(0)
                if following != BLANK and not 0 < following <= CARRIAGE_RETURN:
                    end = at + 1
                elif _ends_sentence(points, base, stop, at, end, plain, properties, abbreviations):
                    cuts[n_cuts] = end - base
                    n_cuts += 1
            else:
                end = at + 1
        elif kind == OPENING:
            close = _numerals_end(points, end, stop, kinds)
            if 1 <= close - end <= 3 and close < stop and plain[points[close]] == 0x29:
                cuts[n_cuts] = at - base
                n_cuts += 1
        elif kind == CIRCLED:
            cuts[n_cuts] = at - base
            n_cuts += 1
        elif kind == COMMA:
            cuts[n_cuts] = ~(end - base)
            n_cuts += 1
        elif kind == IS:
            begin, value = -1, 0
            if at > base and kinds[points[at - 1]] > NUMERAL:
                begin, value = _counted_clause(points, base, at, kinds)
            if value == 1:
                chain, chain_first = 1, begin
            elif chain and value == chain + 1:
                chain += 1
                if chain == 2:
                    counted[n_counted] = chain_first - base
                    n_counted += 1
                counted[n_counted] = begin - base
                n_counted += 1
        else:
            if kind == COLON:
                cuts[n_cuts] = ~(end - base)
                n_cuts += 1
            while end < stop and kinds[points[end]] == BLANK:
                end += 1
            if _is_enumerator(points, end, stop, plain, kinds, properties):
                cuts[n_cuts] = end - base
                n_cuts += 1
            else:
                end = at + 1
        at = end
    return n_cuts, n_counted


@njit(cache=True, nogil=True, error_model="numpy")
def cut_documents(  # type: ignore[no-untyped-def]
    points, text_start, text_stop, first, last, plain, kinds, properties, abbreviations,
    cuts, cut_indptr, counted, counted_indptr,
):  # fmt: skip
    """Find the cuts of documents ``first`` to ``last`` (half-open), each as `find_cuts` does; those of the n-th of them
    are rows ``indptr[n]`` to ``indptr[n + 1]`` (int64) of both arrays."""
    cut_indptr[0] = counted_indptr[0] = 0
    for row in range(last - first):
        n_cuts, n_counted = cut_indptr[row], counted_indptr[row]
        more, more_counted = find_cuts(
            points, text_start[first + row], text_stop[first + row], plain, kinds, properties, abbreviations,
            cuts[n_cuts:], counted[n_counted:],
        )  # fmt: skip
        cut_indptr[row + 1], counted_indptr[row + 1] = n_cuts + more, n_counted + more_counted
