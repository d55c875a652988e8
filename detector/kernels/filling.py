"""The fills of slots: what kind of value they are, and which of them are listed.

In a large cluster what most members have is listed once, and who else has it told by who is not listed.
``tests/template_oracles.py`` says the same in plain Python.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

TEXT, NUMBER, PERCENT, MONEY, DATE, YEAR, NAME, PLACE_OR_BODY, PLACEHOLDER = range(9)
"""Types of slots: their places in `detector.tables.columns.SLOT_TYPES`."""

_TOLD = np.array([[1, PERCENT], [2, MONEY], [3, YEAR], [4, DATE], [5, PLACE_OR_BODY], [6, NAME]])  # in this order


def _points(text: str):  # type: ignore[no-untyped-def]
    return np.array([ord(char) for char in text], dtype=np.uint32)


_PLACE_WORDS, _HYPHENS = _points("街道集团公司中心政府"), _points("-–—~～")  # words of two characters each
PERCENT_WORDS = (_points("%"), _points("‰"), _points("个百分点"), _points("percent"), _points("per cent"))
CURRENCIES = (_points("usd"), _points("dollar"), _points("yuan"), _points("rmb"))
YUAN = np.uint32(ord("元"))
IS_BLANK, IS_DIGIT, IS_HAN, PLACE_END, PLACE_WORD_END, SURNAME, DATE_FIRST, DATE_UNIT, DATE_REST = 1 << np.arange(9)
PERCENT_FIRST, CURRENCY_FIRST, MORE, TIMES, COUNTRY, MEASURE = 1 << np.arange(9, 15)
"""Bits of the class of a character: see `detector.matching.fill_classes`."""
BEYOND = 8  # characters after a fill that say so

_KIND, _NUMBER, _MARKED, _AT_START = 3, 1, 4, 8
"""Of the kind of a fill, as in `detector.kernels.fill_places`."""


@njit(cache=True, nogil=True, error_model="numpy")
def _among(point, points):  # type: ignore[no-untyped-def]
    found = False
    for one in points:
        found |= one == point
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _begins(points, plain, at, stop, word):  # type: ignore[no-untyped-def]
    """Whether the plain form of ``points[at:stop]`` begins with a word."""
    if stop - at < word.shape[0] or plain[points[at]] != word[0]:
        return False
    same = True
    for place in range(word.shape[0]):
        same &= plain[points[at + place]] == word[place]
    return same


@njit(cache=True, nogil=True, error_model="numpy")
def _is_percent(points, plain, classes, at, stop):  # type: ignore[no-untyped-def]
    """Whether a per cent sign or word follows, blanks apart."""
    while at < stop and classes[points[at]] & IS_BLANK:
        at += 1
    if at == stop or not classes[points[at]] & PERCENT_FIRST:
        return False
    return (
        _begins(points, plain, at, stop, PERCENT_WORDS[0])
        or _begins(points, plain, at, stop, PERCENT_WORDS[1])
        or _begins(points, plain, at, stop, PERCENT_WORDS[2])
        or _begins(points, plain, at, stop, PERCENT_WORDS[3])
        or _begins(points, plain, at, stop, PERCENT_WORDS[4])
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _is_money(points, plain, classes, at, stop):  # type: ignore[no-untyped-def]
    """Whether a currency follows, spaces apart: ``[多余]?[万亿千百]*[美欧日]?元`` or a word."""
    while at < stop and plain[points[at]] == 0x20:
        at += 1
    if at < stop and classes[points[at]] & CURRENCY_FIRST:
        return (
            _begins(points, plain, at, stop, CURRENCIES[0])
            or _begins(points, plain, at, stop, CURRENCIES[1])
            or _begins(points, plain, at, stop, CURRENCIES[2])
            or _begins(points, plain, at, stop, CURRENCIES[3])
        )
    if at < stop and classes[points[at]] & MORE:
        at += 1
    while at < stop and classes[points[at]] & TIMES:
        at += 1
    if at < stop and classes[points[at]] & COUNTRY:
        at += 1
    return at < stop and plain[points[at]] == YUAN


@njit(cache=True, nogil=True, error_model="numpy")
def _is_year_alone(points, plain, classes, at, stop):  # type: ignore[no-untyped-def]
    """Whether four digits begin with 18, 19, 20 or 21."""
    if stop - at != 4:
        return False
    century = np.int64(0)
    for place in range(2):
        point = np.int64(plain[points[at + place]])
        if point < 48 or point > 57:
            return False
        century = 10 * century + point - 48
    return 18 <= century <= 21 and classes[points[at + 2]] & classes[points[at + 3]] & IS_DIGIT > 0


@njit(cache=True, nogil=True, error_model="numpy")
def _is_year(points, plain, classes, at, stop):  # type: ignore[no-untyped-def]
    """Whether four digits begin with 18, 19, 20 or 21, alone or twice with a hyphen between them."""
    if stop - at == 9 and _among(points[at + 4], _HYPHENS):
        return _is_year_alone(points, plain, classes, at, at + 4) and _is_year_alone(
            points, plain, classes, at + 5, stop
        )
    return _is_year_alone(points, plain, classes, at, stop)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_counted(points, plain, classes, at, stop):  # type: ignore[no-untyped-def]
    """Whether a measure word follows, spaces and tens of thousands apart: 1830人 is no year."""
    while at < stop and (plain[points[at]] == 0x20 or classes[points[at]] & TIMES):
        at += 1
    return at < stop and classes[points[at]] & MEASURE > 0


@njit(cache=True, nogil=True, error_model="numpy")
def _is_date(points, plain, classes, at, stop):  # type: ignore[no-untyped-def]
    """One to four figures, spaces, a unit or a separator, then only figures, units, separators and spaces."""
    first = at
    while at < stop and classes[points[at]] & DATE_FIRST:
        at += 1
    if not 1 <= at - first <= 4:
        return False
    while at < stop and plain[points[at]] == 0x20:
        at += 1
    if at == stop or not classes[points[at]] & DATE_UNIT:
        return False
    while at < stop and classes[points[at]] & DATE_REST:
        at += 1
    return at == stop


@njit(cache=True, nogil=True, error_model="numpy")
def _is_place(points, plain, classes, at, stop):  # type: ignore[no-untyped-def]
    """Whether the last character or the last two name a kind of place or body."""
    if at == stop:
        return False
    last = classes[points[stop - 1]]
    if last & PLACE_END:
        return True
    found = False
    if stop - at > 1 and last & PLACE_WORD_END:
        one, other = plain[points[stop - 2]], plain[points[stop - 1]]
        for word in range(0, _PLACE_WORDS.shape[0], 2):
            found |= one == _PLACE_WORDS[word] and other == _PLACE_WORDS[word + 1]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _is_name(points, plain, classes, at, stop):  # type: ignore[no-untyped-def]
    """Whether a name may be written so: a surname and one or two characters, or up to six words, most capitalised."""
    if 2 <= stop - at <= 3 and classes[points[at]] & SURNAME:
        is_han = IS_HAN
        for place in range(at, stop):
            is_han &= classes[points[place]]
        return is_han > 0
    n_words, n_small, some_small, begins = 0, 0, False, True
    for place in range(at, stop):
        point = points[place]
        if point >= 0x250 or classes[point] & IS_DIGIT:
            return False
        letter = plain[point]
        is_letter = 97 <= letter <= 122 or letter >= 0xC0
        if is_letter and begins:
            n_words += 1
            n_small += point == letter
            if n_words == 1 and point == letter:
                return False
        some_small |= is_letter and point == letter
        begins = not is_letter and point != 39 and point != 46 and point != 64
    return 1 <= n_words <= 6 and 3 * n_small <= n_words and some_small


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
def _same(points, one, one_end, other, other_end):  # type: ignore[no-untyped-def]
    """Whether two texts are the same."""
    if one_end - one != other_end - other:
        return False
    while one < one_end and points[np.uint64(one)] == points[np.uint64(other)]:
        one, other = one + 1, other + 1
    return one == one_end


@njit(cache=True, nogil=True, error_model="numpy")
def _find_alike(points, text, low, high, same):  # type: ignore[no-untyped-def]
    """Fill ``same``: whether each fill has the text of the first one. Their first characters, which are far from each
    other, are asked for without asking what came of it: the processor waits for several at a time."""
    n, size, head = np.uint64(low.shape[0]), np.int64(high[0]) - low[0], text[0] + low[0]
    if size == 0:
        for row in range(n):
            same[row] = low[row] == high[row]
        return
    point = points[head]
    for row in range(n):
        at = np.uint64(text[row] + low[row]) if low[row] < high[row] else np.uint64(head)
        same[row] = (points[at] == point) & (high[row] - low[row] == size)
    for row in range(n if size > 1 else np.uint64(0)):
        if same[row]:
            at = text[row] + low[row]
            same[row] = _same(points, head, head + size, at, at + size)


@njit(cache=True, nogil=True, error_model="numpy")
def _tell(points, plain, classes, is_number, start, end, until, other, most, told):  # type: ignore[no-untyped-def]
    """Fill ``told`` with what a fill is not: a number, percentage, sum of money, year, date, place, name; what too many
    others are not is not asked."""
    told[0] = not is_number
    told[1] = other[1] <= most and not (is_number and _is_percent(points, plain, classes, end, until))
    told[2] = other[2] <= most and not (is_number and _is_money(points, plain, classes, end, until))
    is_count = other[3] <= most and is_number and _is_counted(points, plain, classes, end, until)
    while start < end and classes[points[start]] & IS_BLANK:
        start += 1
    while start < end and classes[points[end - 1]] & IS_BLANK:
        end -= 1
    told[3] = other[3] <= most and (is_count or not _is_year(points, plain, classes, start, end))
    told[4] = other[4] <= most and not _is_date(points, plain, classes, start, end)
    told[5] = other[5] <= most and (is_number or not _is_place(points, plain, classes, start, end))
    told[6] = other[6] <= most and (is_number or not _is_name(points, plain, classes, start, end))


@njit(cache=True, nogil=True, error_model="numpy")
def _add(other, told, n_members, most):  # type: ignore[no-untyped-def]
    """Count what some members are not; returns whether too many are none of each."""
    hopeless = True
    for one in range(7):
        other[one] += n_members if told[one] else 0
        hopeless &= other[one] > most
    return hopeless


@njit(cache=True, nogil=True, error_model="numpy")
def _slot_type(points, plain, classes, text, stop, weight, n_members, low, high, kind, same, other, told):  # type: ignore[no-untyped-def]
    """What kind of value a slot holds: of the fills that are neither empty nor blank four in five are of it, with what
    follows them. ``text``, ``stop``: where each text begins and ends; ``other``, ``told``: room for seven (int64,
    bool)."""
    n_filled, n_alike, most = 0, 0, n_members // 5
    other[:] = 0  # how many are no number, percentage, sum of money, year, date, place or name
    first, first_low, first_high = kind[0] & _KIND, text[0] + low[0], text[0] + high[0]
    first_until = min(first_high + BEYOND, stop[0]) if first == 1 else first_high
    last, last_low, last_high, last_until = kind[0] & 0, np.int64(0), np.int64(0), np.int64(0)
    for row in range(np.uint64(weight.shape[0])):
        of = kind[row] & _KIND
        if of == 0:
            continue
        n_filled += weight[row]
        its_high = text[row] + high[row]
        until = min(its_high + BEYOND, stop[row]) if of == 1 else its_high
        # most are as the first one
        if same[row] and of == first and (of != 1 or _same(points, its_high, until, first_high, first_until)):
            n_alike += weight[row]
            continue
        its_low = text[row] + low[row]
        known = of == last and _same(points, its_low, its_high, last_low, last_high)
        if not known or (of == 1 and not _same(points, its_high, until, last_high, last_until)):
            last, last_low, last_high, last_until = of, its_low, its_high, until
            _tell(points, plain, classes, of == 1, its_low, its_high, until, other, most, told)
        if _add(other, told, weight[row], most):  # whatever follows, it is text
            return TEXT
    if n_alike:
        _tell(points, plain, classes, first == 1, first_low, first_high, first_until, other, most, told)
        _add(other, told, n_alike, most)
    if n_filled == 0:
        return PLACEHOLDER
    numbers = 5 * other[0] <= n_filled
    for rank in range(6):
        # figures are no date; one that a hyphen or a unit goes on from is
        if 5 * other[_TOLD[rank, 0]] <= n_filled and not (numbers and rank > 2):
            return _TOLD[rank, 1]
    return NUMBER if numbers else TEXT


@njit(cache=True, nogil=True, error_model="numpy")
def _hold_majority(points, text, weight, n_members, low, high, kind, same):  # type: ignore[no-untyped-def]
    """Leave in ``same`` which variants have the text that more than half of the members have; returns how many members
    have it, 0 where there is no such text or it holds a mark.

    It is nearly always the first one's; else one pass finds the only text that may be it (Boyer and Moore 1981).
    """
    n, n_holding = weight.shape[0], 0
    for row in range(n):
        n_holding += weight[row] if same[row] else 0
    if 2 * n_holding <= n_members:
        one, votes, n_holding = 0, 0, 0
        for row in range(n):
            begin, stop = text[row] + low[row], text[row] + high[row]
            if _same(points, text[one] + low[one], text[one] + high[one], begin, stop):
                votes += weight[row]
            else:
                votes -= weight[row]
                if votes < 0:
                    one, votes = row, -votes
        for row in range(n):
            begin, stop = text[row] + low[row], text[row] + high[row]
            same[row] = _same(points, text[one] + low[one], text[one] + high[one], begin, stop)
            n_holding += weight[row] if same[row] else 0
    marked = False
    for row in range(n):
        marked |= same[row] and kind[row] & _MARKED > 0
    return 0 if marked or 2 * n_holding <= n_members else n_holding


@njit(cache=True, nogil=True, error_model="numpy")
def type_slots(  # type: ignore[no-untyped-def]
    points, text_start, text_stop, plain, classes, variants, members, n_slots, most, begin, until, kind, types,
    n_listed,
):  # fmt: skip
    """The types of the slots of clusters (``types``, uint8), and how many of their fills are listed (``n_listed``,
    int32).

    ``variants``: ``indptr``, ``member`` and ``weight`` of `detector.kernels.variants.find_variants`; ``members``:
    ``indptr`` by clusters, and the ``document`` of each (its text is ``text_start`` to ``text_stop`` of ``points``);
    ``begin``, ``until``, ``kind``: as `detector.kernels.fill_places.place_fills` leaves them. ``plain`` (uint32) and
    ``classes`` (uint16) by code point. In a cluster of more than ``most`` fills (of all members in all slots) a text
    that more than half of the members have and that holds no mark is listed for the first that has it. In ``begin`` and
    ``until`` is left what `detector.kernels.fill_places.list_fills` is told: a fill that is listed once for all that
    have it begins at ``-1 - begin``, one at its member's beginning is until -1.
    """
    indptr, one_of, weights = variants
    member_indptr, document = members
    text, stop, same = np.empty(64, np.int64), np.empty(64, np.int64), np.empty(64, np.bool_)
    other, told = np.empty(7, np.int64), np.empty(7, np.bool_)
    at = slot = np.int64(0)
    for cluster in range(n_slots.shape[0]):
        begun, n, past = indptr[cluster], indptr[cluster + 1] - indptr[cluster], slot + n_slots[cluster]
        size, weight = member_indptr[cluster + 1] - member_indptr[cluster], weights[begun : begun + n]
        text, stop, same = _grown(text, n), _grown(stop, n), _grown(same, n)
        shortened = n_slots[cluster] * size > most
        for row in range(n if n_slots[cluster] else 0):
            its = document[one_of[begun + row]]
            text[row], stop[row] = text_start[its], text_stop[its]
        while slot < past:
            low, high, its_kind = begin[at : at + n], until[at : at + n], kind[at : at + n]
            _find_alike(points, text, low, high, same)
            types[slot] = _slot_type(
                points, plain, classes, text, stop, weight, size, low, high, its_kind, same, other, told
            )
            n_holding = _hold_majority(points, text, weight, size, low, high, its_kind, same) if shortened else 0
            n_listed[slot] = size - n_holding + 1 if n_holding else size
            for row in range(np.uint64(n)):
                low[row] = -1 - low[row] if n_holding and same[row] else low[row]
                high[row] = -1 if its_kind[row] & _AT_START else high[row]
            at, slot = at + n, slot + 1
