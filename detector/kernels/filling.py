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


_PLACE_ENDS = _points("省市县区镇乡村州旗盟社局厅委部院校司行会所站办厂")
_PLACE_WORDS = _points("街道集团公司中心政府")  # two characters each
_SURNAMES = _points(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金"
    "韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常"
)
_DATE_FIRST, _DATE_UNITS = _points("0123456789x×*○〇一二三四五六七八九十"), _points("年月./-")
_DATE_REST, _HYPHENS = _points("0123456789x×*年月日号./ -"), _points("-–—~～")
_PERCENT = (_points("%"), _points("‰"), _points("个百分点"), _points("percent"), _points("per cent"))
_CURRENCIES = (_points("usd"), _points("dollar"), _points("yuan"), _points("rmb"))
_MORE, _TIMES, _COUNTRIES, _YUAN = _points("多余"), _points("万亿千百"), _points("美欧日"), np.uint32(ord("元"))
_COUNTED = (*_PERCENT, *_CURRENCIES, _MORE, _TIMES, _COUNTRIES, np.array([_YUAN]))
COUNTING = np.unique(np.concatenate(_COUNTED))
"""Characters, in their plain form and blanks apart, that may say what a number before them counts (uint32)."""
BEYOND = 8  # characters after a fill that say so

DIGIT, MARK = 128, 192
"""Kinds (`form` of `detector.text.tokens.Tokens`) from these on are numbers and marks, and marks."""

_KIND, _MARKED = 3, 4
"""Of a fill: 0 for nothing or marks alone, 1 for numbers alone, else 2; and a bit where one of its tokens is a mark."""


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
def _is_percent(points, plain, is_blank, at, stop):  # type: ignore[no-untyped-def]
    """Whether a per cent sign or word follows, blanks apart."""
    while at < stop and is_blank[plain[points[at]]]:
        at += 1
    return (
        _begins(points, plain, at, stop, _PERCENT[0])
        or _begins(points, plain, at, stop, _PERCENT[1])
        or _begins(points, plain, at, stop, _PERCENT[2])
        or _begins(points, plain, at, stop, _PERCENT[3])
        or _begins(points, plain, at, stop, _PERCENT[4])
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _is_money(points, plain, at, stop):  # type: ignore[no-untyped-def]
    """Whether a currency follows, spaces apart: ``[多余]?[万亿千百]*[美欧日]?元`` or a word."""
    while at < stop and plain[points[at]] == 0x20:
        at += 1
    if (
        _begins(points, plain, at, stop, _CURRENCIES[0])
        or _begins(points, plain, at, stop, _CURRENCIES[1])
        or _begins(points, plain, at, stop, _CURRENCIES[2])
        or _begins(points, plain, at, stop, _CURRENCIES[3])
    ):
        return True
    if at < stop and _among(plain[points[at]], _MORE):
        at += 1
    while at < stop and _among(plain[points[at]], _TIMES):
        at += 1
    if at < stop and _among(plain[points[at]], _COUNTRIES):
        at += 1
    return at < stop and plain[points[at]] == _YUAN


@njit(cache=True, nogil=True, error_model="numpy")
def _is_year_alone(points, plain, is_digit, at, stop):  # type: ignore[no-untyped-def]
    """Whether four digits begin with 18, 19, 20 or 21."""
    if stop - at != 4:
        return False
    century = np.int64(0)
    for place in range(2):
        point = np.int64(plain[points[at + place]])
        if point < 48 or point > 57:
            return False
        century = 10 * century + point - 48
    return 18 <= century <= 21 and is_digit[plain[points[at + 2]]] and is_digit[plain[points[at + 3]]]


@njit(cache=True, nogil=True, error_model="numpy")
def _is_year(points, plain, is_digit, at, stop):  # type: ignore[no-untyped-def]
    """Whether four digits begin with 18, 19, 20 or 21, alone or twice with a hyphen between them."""
    if stop - at == 9 and _among(points[at + 4], _HYPHENS):
        return _is_year_alone(points, plain, is_digit, at, at + 4) and _is_year_alone(
            points, plain, is_digit, at + 5, stop
        )
    return _is_year_alone(points, plain, is_digit, at, stop)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_date(points, plain, at, stop):  # type: ignore[no-untyped-def]
    """One to four figures, spaces, a unit or a separator, then only figures, units, separators and spaces."""
    first = at
    while at < stop and _among(plain[points[at]], _DATE_FIRST):
        at += 1
    if not 1 <= at - first <= 4:
        return False
    while at < stop and plain[points[at]] == 0x20:
        at += 1
    if at == stop or not _among(plain[points[at]], _DATE_UNITS):
        return False
    while at < stop and _among(plain[points[at]], _DATE_REST):
        at += 1
    return at == stop


@njit(cache=True, nogil=True, error_model="numpy")
def _is_place(points, plain, at, stop):  # type: ignore[no-untyped-def]
    """Whether the last character or the last two name a kind of place or body."""
    if at == stop:
        return False
    last = plain[points[stop - 1]]
    if _among(last, _PLACE_ENDS):
        return True
    found = False
    if stop - at > 1:
        for word in range(0, _PLACE_WORDS.shape[0], 2):
            found |= plain[points[stop - 2]] == _PLACE_WORDS[word] and last == _PLACE_WORDS[word + 1]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _is_name(points, plain, is_digit, at, stop):  # type: ignore[no-untyped-def]
    """Whether a name may be written so: a surname and one or two characters, or up to six words, most capitalised."""
    if 2 <= stop - at <= 3 and _among(plain[points[at]], _SURNAMES):
        is_han = True
        for place in range(at, stop):
            is_han &= 0x4E00 <= plain[points[place]] <= 0x9FFF
        return is_han
    n_words, n_small, some_small, begins = 0, 0, False, True
    for place in range(at, stop):
        point, letter = points[place], plain[points[place]]
        if point >= 0x250 or is_digit[letter]:
            return False
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
def _end(where, row):  # type: ignore[no-untyped-def]
    """Where a token ends; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def _same(points, one, one_end, other, other_end):  # type: ignore[no-untyped-def]
    """Whether two texts are the same."""
    if one_end - one != other_end - other:
        return False
    while one < one_end and points[np.uint64(one)] == points[np.uint64(other)]:
        one, other = one + 1, other + 1
    return one == one_end


@njit(cache=True, nogil=True, error_model="numpy")
def _read(where, points, text, token, begin, until, n, low, high, kind, same):  # type: ignore[no-untyped-def]
    """Where the fills of a slot stand in ``points`` (``low``, ``high``), their ``kind``, and whether each is the text
    of the first one (``same``)."""
    for row in range(n):
        first, past = token[row] + begin[row], token[row] + until[row]
        marks, digits, marked = True, True, False
        for place in range(np.uint64(first), np.uint64(past)):
            form = where[1][place]
            marks &= form >= MARK
            marked |= form >= MARK
            digits &= form >> 6 == DIGIT >> 6
        kind[row] = (0 if marks else 1 if digits else 2) + (_MARKED if marked else 0)
        low[row] = high[row] = 0
        if first < past:
            low[row], high[row] = text[row] + where[0][first], text[row] + _end(where, past - 1)
        same[row] = _same(points, low[0], high[0], low[row], high[row])


@njit(cache=True, nogil=True, error_model="numpy")
def _tell(points, plain, is_blank, is_digit, is_number, start, end, until, other, most, told):  # type: ignore[no-untyped-def]
    """Fill ``told`` with what a fill is not: a number, percentage, sum of money, year, date, place, name; what too many
    others are not is not asked."""
    told[0] = not is_number
    told[1] = other[1] <= most and not (is_number and _is_percent(points, plain, is_blank, end, until))
    told[2] = other[2] <= most and not (is_number and _is_money(points, plain, end, until))
    while start < end and is_blank[plain[points[start]]]:
        start += 1
    while start < end and is_blank[plain[points[end - 1]]]:
        end -= 1
    told[3] = other[3] <= most and not _is_year(points, plain, is_digit, start, end)
    told[4] = other[4] <= most and not _is_date(points, plain, start, end)
    told[5] = other[5] <= most and (is_number or not _is_place(points, plain, start, end))
    told[6] = other[6] <= most and (is_number or not _is_name(points, plain, is_digit, start, end))


@njit(cache=True, nogil=True, error_model="numpy")
def _add(other, told, n_members, most):  # type: ignore[no-untyped-def]
    """Count what some members are not; returns whether too many are none of each."""
    hopeless = True
    for one in range(7):
        other[one] += n_members if told[one] else 0
        hopeless &= other[one] > most
    return hopeless


@njit(cache=True, nogil=True, error_model="numpy")
def _slot_type(points, plain, is_blank, is_digit, stop, weight, n_members, low, high, kind, same, n, other, told):  # type: ignore[no-untyped-def]
    """What kind of value a slot holds: of the fills that are neither empty nor blank four in five are of it, with what
    follows them. ``stop``: where each text ends; ``other``, ``told``: room for seven (int64, bool)."""
    n_filled, n_alike, most = 0, 0, n_members // 5
    other[:] = 0  # how many are no number, percentage, sum of money, year, date, place or name
    first = kind[0] & _KIND
    first_until = min(high[0] + BEYOND, stop[0]) if first == 1 else high[0]
    last, last_until = np.int64(-1), np.int64(0)
    for row in range(n):
        of = kind[row] & _KIND
        if of == 0:
            continue
        n_filled += weight[row]
        until = min(high[row] + BEYOND, stop[row]) if of == 1 else high[row]
        # most are as the first one
        if same[row] and of == first and (of != 1 or _same(points, high[row], until, high[0], first_until)):
            n_alike += weight[row]
            continue
        known = last >= 0 and of == kind[last] & _KIND
        known = known and _same(points, low[row], high[row], low[last], high[last])
        if not known or (of == 1 and not _same(points, high[row], until, high[last], last_until)):
            last, last_until = np.int64(row), until
            _tell(points, plain, is_blank, is_digit, of == 1, low[row], high[row], until, other, most, told)
        if _add(other, told, weight[row], most):  # whatever follows, it is text
            return TEXT
    if n_alike:
        _tell(points, plain, is_blank, is_digit, first == 1, low[0], high[0], first_until, other, most, told)
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
def _hold_majority(points, weight, n_members, low, high, kind, same, n):  # type: ignore[no-untyped-def]
    """Leave in ``same`` which variants have the text that more than half of the members have; returns how many members
    have it, 0 where there is no such text or it holds a mark.

    It is nearly always the first one's; else one pass finds the only text that may be it (Boyer and Moore 1981).
    """
    n_holding = 0
    for row in range(n):
        n_holding += weight[row] if same[row] else 0
    if 2 * n_holding <= n_members:
        one, votes, n_holding = 0, 0, 0
        for row in range(n):
            if _same(points, low[one], high[one], low[row], high[row]):
                votes += weight[row]
            else:
                votes -= weight[row]
                if votes < 0:
                    one, votes = row, -votes
        for row in range(n):
            same[row] = _same(points, low[one], high[one], low[row], high[row])
            n_holding += weight[row] if same[row] else 0
    marked = False
    for row in range(n):
        marked |= same[row] and kind[row] >= _MARKED
    return 0 if marked or 2 * n_holding <= n_members else n_holding


@njit(cache=True, nogil=True, error_model="numpy")
def _list(where, bounds, first, start, of, head, size, begin, until, once, same, n_listed, filled, out):  # type: ignore[no-untyped-def]
    """List the ``n_listed`` fills of a slot from row ``filled`` of ``out`` on, those of variants that are ``same``
    ``once``; returns which of them that is, -1 where all are listed."""
    member, fill_start, fill_end = out
    begun, row, common = filled, head, -1
    while filled < begun + n_listed:
        variant = of[row]
        if not once or not same[variant] or common < 0:
            if once and same[variant]:
                common = filled - begun
            base = bounds[first[row]]
            low, high = base + begin[variant], base + until[variant]
            if low < high:
                fill_start[filled], fill_end[filled] = where[0][low], _end(where, high - 1)
            else:
                fill_start[filled] = _end(where, low - 1) if low > base else start[row]
                fill_end[filled] = fill_start[filled]
            member[filled] = row - head
            filled += 1
        row += 1
    return common


@njit(cache=True, nogil=True, error_model="numpy")
def fill_slots(  # type: ignore[no-untyped-def]
    where, points, text_start, text_stop, bounds, plain, is_blank, is_digit, variants, members, n_slots, most,
    begin, until, types, n_listed, common,
):  # fmt: skip
    """The fills that are listed: the ``member`` of each in its cluster, ``start`` and ``end`` (code points), int32.

    ``variants``: ``indptr``, ``member`` and ``weight`` of `detector.kernels.variants.find_variants`; ``members``:
    ``indptr`` by clusters, and of each ``document`` (its text is ``text_start`` to ``text_stop`` of ``points``),
    ``first`` (passage), ``start`` (code points) and which variant of its cluster it has. Slots of clusters are as
    `detector.kernels.dividing.divide_gaps` has them. Fills a row per slot of ``types`` (uint8; ``plain``: uint32,
    ``is_blank``, ``is_digit``: bool, by code point), ``n_listed`` (int32) and ``common`` (int32): which of the slot's
    listed fills is also that of the members that are not listed, -1 where all are. In a cluster of more than ``most``
    fills (of all members in all slots) a text that more than half of the members have and that holds no mark is listed
    for the first that has it. An empty fill stands after the token before it, or where its member begins.
    """
    indptr, one_of, weights = variants
    member_indptr, document, first, start, of = members
    text, stop, token = np.empty(64, np.int64), np.empty(64, np.int64), np.empty(64, np.int64)
    low, high = np.empty(64, np.int64), np.empty(64, np.int64)
    kind, same = np.empty(64, np.uint8), np.empty(64, np.bool_)
    other, told = np.empty(7, np.int64), np.empty(7, np.bool_)
    out = (np.empty(4096, np.int32), np.empty(4096, np.int32), np.empty(4096, np.int32))
    at = slot = filled = np.int64(0)
    for cluster in range(n_slots.shape[0]):
        if n_slots[cluster] == 0:
            continue
        head, size = member_indptr[cluster], member_indptr[cluster + 1] - member_indptr[cluster]
        begun, n = indptr[cluster], indptr[cluster + 1] - indptr[cluster]
        text, stop, token = _grown(text, n), _grown(stop, n), _grown(token, n)
        low, high, kind, same = _grown(low, n), _grown(high, n), _grown(kind, n), _grown(same, n)
        for row in range(n):
            its = document[one_of[begun + row]]
            text[row], stop[row], token[row] = text_start[its], text_stop[its], bounds[first[one_of[begun + row]]]
        weight, shortened = weights[begun : begun + n], n_slots[cluster] * size > most
        for _ in range(n_slots[cluster]):
            its_begin, its_until = begin[at : at + n], until[at : at + n]
            _read(where, points, text, token, its_begin, its_until, n, low, high, kind, same)
            types[slot] = _slot_type(
                points, plain, is_blank, is_digit, stop, weight, size, low, high, kind, same, n, other, told
            )
            n_holding = _hold_majority(points, weight, size, low, high, kind, same, n) if shortened else 0
            n_listed[slot] = size - n_holding + 1 if n_holding else size
            more = filled + n_listed[slot]
            out = (_grown(out[0], more), _grown(out[1], more), _grown(out[2], more))
            common[slot] = _list(
                where, bounds, first, start, of, head, size, its_begin, its_until, n_holding > 0, same, n_listed[slot],
                filled, out,
            )  # fmt: skip
            at, slot, filled = at + n, slot + 1, more
    return out[0][:filled], out[1][:filled], out[2][:filled]
