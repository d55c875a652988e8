"""Members of groups, how many families they have, and what kind of value a slot holds."""

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
BEYOND = 8  # characters after a fill that say what a number counts


@njit(cache=True, nogil=True, error_model="numpy")
def members_by_key(key, n_keys, group_of):  # type: ignore[no-untyped-def]
    """Rows by their key, for every key that at least two rows have: ``indptr`` (int64, n_groups + 1) and ``rows``.

    ``key`` is 0 to ``n_keys``; groups are in the order of their keys, rows (int64) ascend in each. ``group_of`` (int64,
    a row per key's row) becomes the number of each row's group or -1.
    """
    count = np.zeros(n_keys + 1, np.int64)
    for row in range(key.shape[0]):
        count[key[row] + 1] += 1
    number = np.full(n_keys, -1, np.int32)
    n_groups = n_rows = 0
    for one in range(n_keys):
        if count[one + 1] > 1:
            number[one] = n_groups
            count[n_groups] = n_rows  # from here on the offset of the group
            n_rows += count[one + 1]
            n_groups += 1
    indptr = np.empty(n_groups + 1, np.int64)
    for group in range(n_groups):
        indptr[group] = count[group]
    indptr[n_groups] = n_rows
    rows = np.empty(n_rows, np.int64)
    for row in range(key.shape[0]):
        group = number[key[row]]
        group_of[row] = group
        if group >= 0:
            rows[count[group]] = row
            count[group] += 1
    return indptr, rows


@njit(cache=True, nogil=True, error_model="numpy")
def find_copies(hashes, bounds, indptr, first, last, differs):  # type: ignore[no-untyped-def]
    """Fill ``differs`` (bool): whether each member has not the same tokens as the representative of its cluster, cut
    into passages at the same places.

    Members of cluster c are rows ``indptr[c]`` to ``indptr[c + 1]``, the representative first: passages ``first`` to
    ``last``; the tokens of passage p are rows ``bounds[p]`` to ``bounds[p + 1]`` of ``hashes``.
    """
    for cluster in range(indptr.shape[0] - 1):
        head = indptr[cluster]
        base, n = bounds[first[head]], last[head] - first[head]
        for member in range(head, indptr[cluster + 1]):
            start, same = bounds[first[member]], last[member] - first[member] == n
            for passage in range(1, n + 1 if same else 0):
                same &= bounds[first[member] + passage] - start == bounds[first[head] + passage] - base
            size, step = bounds[last[head]] - base if same else np.int64(0), np.int64(0)
            while step < size and hashes[np.uint64(base + step)] == hashes[np.uint64(start + step)]:
                step += 1
            differs[member] = not same or step < size


@njit(cache=True, nogil=True, error_model="numpy")
def count_distinct(indptr, document, number, n_numbers, counts):  # type: ignore[no-untyped-def]
    """How many different ``number[document[m]]`` (0 to ``n_numbers``, -1 not counted) the members of each group have.

    Members of group g are rows ``indptr[g]`` to ``indptr[g + 1]``; ``counts``: int32, a row per group.
    """
    seen_in = np.full(n_numbers, -1, np.int64)
    for group in range(indptr.shape[0] - 1):
        distinct = 0
        for member in range(indptr[group], indptr[group + 1]):
            value = number[document[member]]
            if value >= 0 and seen_in[value] != group:
                seen_in[value] = group
                distinct += 1
        counts[group] = distinct


@njit(cache=True, nogil=True, error_model="numpy")
def _among(point, points):  # type: ignore[no-untyped-def]
    found = False
    for one in points:
        found |= one == point
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _begins(points, plain, at, stop, word):  # type: ignore[no-untyped-def]
    """Whether the plain form of ``points[at:stop]`` begins with a word."""
    if stop - at < word.shape[0]:
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
def _same(points, start, end, until, other, other_end, other_until):  # type: ignore[no-untyped-def]
    """Whether two fills are the same, with what follows them up to ``until``."""
    size = until - start
    if end - start != other_end - other or size != other_until - other:
        return False
    step = 0
    while step < size and points[np.uint64(start + step)] == points[np.uint64(other + step)]:
        step += 1
    return step == size


@njit(cache=True, nogil=True, error_model="numpy")
def slot_types(  # type: ignore[no-untyped-def]
    points, text_start, text_stop, plain, is_blank, is_digit, document, member_at, fill_at, fill_start, fill_end,
    fill_class, types,
):  # fmt: skip
    """Fill ``types`` (uint8) with what kind of value each slot holds: its fills and what follows them tell.

    The fills of slot s are rows ``fill_at[s]`` to ``fill_at[s + 1]`` of ``fill_start``, ``fill_end`` (code points of
    their text), one for each member from ``member_at[s]`` on, whose texts are ``document``. ``fill_class`` (uint8) is 0
    for a fill of nothing or of marks alone, which does not count where anything else stands, 1 for numbers, else 2 (in
    its lower two bits). Of the fills that count four in five are of the type. ``plain``: uint32, ``is_blank``,
    ``is_digit``: bool, indexed by code point.
    """
    other, told = np.empty(7, np.int64), np.empty(7, np.bool_)
    for slot in range(types.shape[0]):
        n_filled, most = 0, (fill_at[slot + 1] - fill_at[slot]) // 5
        other[:] = 0  # how many are no number, percentage, sum of money, year, date, place or name
        last, last_end, last_until, last_kind = np.int64(0), np.int64(0), np.int64(0), np.uint8(0)
        hopeless = False
        for fill in range(fill_at[slot], fill_at[slot + 1]):
            kind = fill_class[fill] & 3
            n_filled += kind != 0
            if kind == 0 or hopeless:
                continue
            text = document[member_at[slot] + fill - fill_at[slot]]
            start, end = text_start[text] + fill_start[fill], text_start[text] + fill_end[fill]
            until = min(end + BEYOND, text_stop[text]) if kind == 1 else end
            if kind != last_kind or not _same(points, start, end, until, last, last_end, last_until):
                last, last_end, last_until, last_kind = start, end, until, kind
                told[0] = kind != 1
                told[1] = other[1] <= most and (kind != 1 or not _is_percent(points, plain, is_blank, end, until))
                told[2] = other[2] <= most and (kind != 1 or not _is_money(points, plain, end, until))
                while start < end and is_blank[plain[points[start]]]:
                    start += 1
                while start < end and is_blank[plain[points[end - 1]]]:
                    end -= 1
                told[3] = other[3] <= most and not _is_year(points, plain, is_digit, start, end)
                told[4] = other[4] <= most and not _is_date(points, plain, start, end)
                told[5] = other[5] <= most and (kind == 1 or not _is_place(points, plain, start, end))
                told[6] = other[6] <= most and (kind == 1 or not _is_name(points, plain, is_digit, start, end))
            hopeless = True
            for one in range(7):
                other[one] += told[one]
                hopeless &= other[one] > most
        numbers = 5 * other[0] <= n_filled
        types[slot] = PLACEHOLDER if n_filled == 0 else NUMBER if numbers else TEXT
        for rank in range(6):
            # figures are no date; one that a hyphen or a unit goes on from is
            if n_filled and 5 * other[_TOLD[rank, 0]] <= n_filled and not (numbers and rank > 2):
                types[slot] = _TOLD[rank, 1]
                break


@njit(cache=True, nogil=True, error_model="numpy")
def template_parts(  # type: ignore[no-untyped-def]
    indptr, start, end, slot_indptr, fill_at, fill_start, fill_end, types, common, part_indptr, slot, part_type,
    part_start, part_end, part_common, n_fills,
):  # fmt: skip
    """The parts of every template: slots, with the literals of the representative between them; returns their number.

    ``indptr``, ``start``, ``end``: members, the representative of each cluster first; ``slot_indptr``: the slots of
    each cluster, with ``types`` and ``common`` (`detector.kernels.listing`). Row ``fill_at[s]`` of the fills is what
    the representative has in slot s, and the span of its part. A cluster has at most one literal more than slots.
    """
    filled = 0
    for cluster in range(indptr.shape[0] - 1):
        head = indptr[cluster]
        at = start[head]
        part_indptr[cluster] = filled
        first = slot_indptr[cluster]
        for number in range(first, slot_indptr[cluster + 1] + 1):
            is_slot = number < slot_indptr[cluster + 1]
            until = fill_start[fill_at[number]] if is_slot else end[head]
            if at < until:
                slot[filled], part_type[filled], n_fills[filled], part_common[filled] = 0, 0, 0, -1
                part_start[filled], part_end[filled] = at, until
                filled += 1
            if is_slot:
                slot[filled], part_type[filled] = number - first + 1, types[number]
                n_fills[filled], part_common[filled] = fill_at[number + 1] - fill_at[number], common[number]
                part_start[filled], part_end[filled] = until, fill_end[fill_at[number]]
                at = part_end[filled]
                filled += 1
    part_indptr[indptr.shape[0] - 1] = filled
    return filled
