"""Slots as they are read: gaps joined that are one slot, values cut that stand apart, fills as code points, and blanks.

Two gaps are one slot where only a date's unit, or a character that a few names share by chance, stands between them.
Blanks that follow each other are a slot each, and so is the one number in a line that a single member has.
``tests/slot_oracles.py`` says the same in plain Python.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

LETTER, DIGIT, MARK = 64, 128, 192
"""Kinds (`form` of `detector.tokens.Tokens`) from these on; below are single characters."""
"""Classes of tokens, as in `detector.folding` and `detector.tokens`."""

NAME = 8
"""Tokens of a name that may hold a character by chance."""

HOLDS_MARK = 4
"""Bit of a fill's class where one of its tokens is a mark."""

LINE = 16
"""Tokens of a line that only one member has and that is divided at its number."""

DATE, CHANCE = 1, 2
"""Why two gaps are one slot."""


def _points(text: str):  # type: ignore[no-untyped-def]
    return np.array([ord(char) for char in text], dtype=np.uint32)


_HYPHENS = _points("-–—~～/／")
_UNITS, _LAST_UNITS, _DATE_UNITS = _points("年月"), _points("月日号號"), _points("年月日号號")
FUNCTION_WORDS = (
    "的地得之和与與及或在于於是为為对對向由从從到至以把被将將了着著过過等而同给給按经經因使令"
    "让讓且并並其各每该該此本不无無也都就还還又再"
)
"""Characters that join or divide words: one alone between two slots is no chance."""
_FUNCTION = _points(FUNCTION_WORDS)


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
def _among(point, points):  # type: ignore[no-untyped-def]
    found = False
    for one in points:
        found |= one == point
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _is_numeric(kind, begin, until):  # type: ignore[no-untyped-def]
    """Whether a fill is nothing but numbers and marks, and not empty."""
    numeric = begin < until
    for row in range(begin, until):
        numeric &= kind[row] >= DIGIT
    return numeric


@njit(cache=True, nogil=True, error_model="numpy")
def _same_fill(hashes, one, one_until, other, other_until):  # type: ignore[no-untyped-def]
    """Whether two ranges hold the same tokens."""
    if one_until - one != other_until - other:
        return False
    step = 0
    while step < one_until - one and hashes[one + step] == hashes[other + step]:
        step += 1
    return step == one_until - one


@njit(cache=True, nogil=True, error_model="numpy")
def _end(where, row):  # type: ignore[no-untyped-def]
    """Where a token ends; ``where`` is `detector.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def _joins(hashes, kind, where, points, base, token, size, begin, until, here):  # type: ignore[no-untyped-def]
    """Whether one slot lies in two gaps of a cluster: 1 for a date, 2 for names, 0 for none.

    ``base``, ``token``: int64, the place of each member's text in ``points`` and its first token; the fills of the gap
    are rows ``here`` and on of ``begin`` and ``until`` (int32, tokens of the member), those of the next one follow.
    """
    after = here + size
    for member in range(size):
        if begin[after + member] - until[here + member] != 1:
            return 0
    middle = token[0] + until[here]
    point = points[base[0] + where[0][middle]]
    numeric = some_numeric = True
    if _among(point, _UNITS):
        for member in range(size):
            one, other = here + member, after + member
            numeric &= _is_numeric(kind, token[member] + begin[one], token[member] + until[one])
            numeric &= _is_numeric(kind, token[member] + begin[other], token[member] + until[other])
        if numeric:
            return 1
    if kind[middle] >= LETTER or _among(point, _FUNCTION):
        return 0
    first, second, n_kinds = np.int64(0), np.int64(-1), 1
    for member in range(size):
        low, high = token[member] + begin[here + member], token[member] + until[after + member]
        some_numeric = low < high - 1
        for row in range(low, high):
            some_numeric &= kind[row] < DIGIT
            # a name is written in one: nothing stands between its characters
            some_numeric &= row == low or _end(where, row - 1) == where[0][row]
        if not some_numeric or high - low > NAME:
            return 0
        begun, stopped = token[first] + begin[here + first], token[first] + until[after + first]
        new = not _same_fill(hashes, low, high, begun, stopped)
        if new and second >= 0:
            begun, stopped = token[second] + begin[here + second], token[second] + until[after + second]
            new = not _same_fill(hashes, low, high, begun, stopped)
        if new:
            n_kinds += 1
            second = np.int64(member)
        if n_kinds > 3:
            return 0
    return 2


@njit(cache=True, nogil=True, error_model="numpy")
def _is_date(kind, token_start, points, base, token, size, begin, until, here):  # type: ignore[no-untyped-def]
    """Whether all fills of a gap are numbers (or marks) and the units of dates, both of them."""
    for member in range(size):
        low, high = token[member] + begin[here + member], token[member] + until[here + member]
        n_numbers = 0
        for row in range(low, high):
            number = kind[row] >= DIGIT
            n_numbers += number
            if not number and not _among(points[base[member] + token_start[row]], _DATE_UNITS):
                return False
        if n_numbers == 0 or n_numbers == high - low:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def join_gaps(  # type: ignore[no-untyped-def]
    hashes, kind, where, points, text_start, bounds, indptr, document, first, last, clusters, n_gaps,
    begin, until,
):  # fmt: skip
    """Join the gaps of clusters ``clusters[0]`` to ``clusters[1]`` that are one slot, in place.

    ``n_gaps`` (int64, a row per cluster), ``begin``, ``until`` (int32): as
    `detector.kernels.aligning.template_gaps` has them; members are passages ``first`` to ``last`` of ``document``.
    Returns ``whole``: bool, a row per gap that is left, whether it was joined; what follows in ``begin`` and
    ``until`` is none.
    """
    n_all = np.int64(0)
    for cluster in range(clusters[0], clusters[1]):
        n_all += n_gaps[cluster]
    whole = np.zeros(n_all, np.bool_)
    base, token = np.empty(64, np.int64), np.empty(64, np.int64)
    at = filled = number = np.int64(0)
    for cluster in range(clusters[0], clusters[1]):
        head, size, n = indptr[cluster], indptr[cluster + 1] - indptr[cluster], n_gaps[cluster]
        if n == 0:
            continue
        base, token = _grown(base, size), _grown(token, size)
        for member in range(size):
            token[member], base[member] = bounds[first[head + member]], text_start[document[head + member]]
        n_gaps[cluster] = 0
        past = at + n * size
        while at < past:
            here, after = at, at + size
            is_date = _is_date(kind, where[0], points, base, token, size, begin, until, here)
            while after < past:
                why = _joins(hashes, kind, where, points, base, token, size, begin, until, after - size)
                if why == 0:
                    break
                is_date |= why == DATE
                after += size
            final, more = after - size, np.int32(0)
            stop = token[0] + until[final]
            if is_date and stop < (token[0] + begin[after] if after < past else bounds[last[head]]):
                more = np.int32(_among(points[base[0] + where[0][stop]], _LAST_UNITS))
            if filled < here or here < final or more:
                for member in range(size):
                    begin[filled + member] = begin[here + member]
                    # the unit of a date's last number belongs to it
                    until[filled + member] = until[final + member] + more
            whole[number] = is_date or here < final
            filled += size
            number += 1
            n_gaps[cluster] += 1
            at = after
    return whole[:number]


@njit(cache=True, nogil=True, error_model="numpy")
def _after_numbers(kind, where, points, text, at, until):  # type: ignore[no-untyped-def]
    """Where a number ends that goes on after ``at``: with further numbers, or with what a hyphen joins to it."""
    while at < until:
        hyphen = where[0][at] - _end(where, at - 1) == 1 and _among(points[text + where[0][at] - 1], _HYPHENS)
        if kind[at] >> 6 != DIGIT >> 6 and not hyphen:
            break
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _alone(kind, where, points, text, begin, until, cuts):  # type: ignore[no-untyped-def]
    """Where a line that only one member has is cut: before and after its one number, and at the end of the line.

    Only between words that stand apart, and in no more than `LINE` tokens. Returns whether ``cuts`` (int64, 3 tokens)
    were found.
    """
    if until - begin > LINE:
        return False
    at = begin
    while at < until and kind[at] >> 6 != DIGIT >> 6:
        at += 1
    stop = at + 1
    if at in (until, begin) or _end(where, at - 1) == where[0][at]:
        return False
    stop = _after_numbers(kind, where, points, text, stop, until)
    if stop == until or _end(where, stop - 1) == where[0][stop]:
        return False
    end = stop
    while end < until:
        for place in range(_end(where, end - 1), where[0][end]):
            if points[text + place] == 10:
                cuts[0], cuts[1], cuts[2] = at, stop, end
                return True
        if kind[end] >= DIGIT:
            return False
        end += 1
    cuts[0], cuts[1], cuts[2] = at, stop, end
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _apart(kind, where, points, text, begin, until):  # type: ignore[no-untyped-def]
    """Whether numbers and marks are values of their own: only marks, or each in a line of its own."""
    for token in range(begin + 1, until):
        apart = kind[token] >= MARK and kind[token - 1] >= MARK
        for place in range(_end(where, token - 1), where[0][token]):
            apart |= points[text + place] == 10
        if not apart:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def cut_slots(  # type: ignore[no-untyped-def]
    kind, where, points, text_start, bounds, indptr, document, first, clusters, n_slots, begin, until
):
    """Cut the slots of clusters ``clusters[0]`` to ``clusters[1]`` where values stand apart in them.

    ``n_slots`` (int64, a row per cluster), ``begin``, ``until``: as `detector.kernels.dividing.divide_gaps` has them,
    and as they are returned.
    """
    out_begin, out_until = np.empty(begin.shape[0], np.int32), np.empty(begin.shape[0], np.int32)
    cuts = np.empty(3, np.int64)
    at = filled = np.int64(0)
    for cluster in range(clusters[0], clusters[1]):
        head, size, n = indptr[cluster], indptr[cluster + 1] - indptr[cluster], n_slots[cluster]
        n_slots[cluster] = 0
        for _ in range(n):
            n_rows, row, longest = 0, np.int64(0), np.int64(0)
            for member in range(size):
                if begin[at + member] < until[at + member]:
                    row = np.int64(member) if n_rows == 0 else row
                    n_rows += 1
                    longest = max(longest, np.int64(until[at + member] - begin[at + member]))
            n_columns = np.int64(1)
            token, text = bounds[first[head + row]], text_start[document[head + row]]
            low, high = token + begin[at + row], token + until[at + row]
            if longest > 1:
                if n_rows == 1 and _alone(kind, where, points, text, low, high, cuts):
                    n_columns = np.int64(4 if cuts[2] < high else 3)
                elif _is_numeric(kind, low, high) and _apart(kind, where, points, text, low, high):
                    n_columns = high - low
                    for member in range(size):
                        here = bounds[first[head + member]]
                        one, other = here + begin[at + member], here + until[at + member]
                        if one < other and (other - one != n_columns or not _is_numeric(kind, one, other)):
                            n_columns = np.int64(1)
                            break
            out_begin = _grown(out_begin, filled + n_columns * size)
            out_until = _grown(out_until, filled + n_columns * size)
            is_line = n_rows == 1 and n_columns > 1 and not _is_numeric(kind, low, high)
            for column in range(n_columns):
                for member in range(size):
                    one, other = np.int64(begin[at + member]), np.int64(until[at + member])
                    if one < other and is_line:
                        one = one if column == 0 else cuts[column - 1] - token
                        other = other if column == n_columns - 1 else cuts[column] - token
                    elif one < other and n_columns > 1:
                        one, other = one + column, one + column + 1
                    out_begin[filled + member], out_until[filled + member] = one, other
                filled += size
            n_slots[cluster] += n_columns
            at += size
    return out_begin[:filled], out_until[:filled]


@njit(cache=True, nogil=True, error_model="numpy")
def write_fills(  # type: ignore[no-untyped-def]
    kind, where, bounds, indptr, first, start, clusters, n_slots, begin, until, fill_start, fill_end,
    fill_class,
):  # fmt: skip
    """Fills as code points: ``fill_start``, ``fill_end`` (int32), and ``fill_class``: uint8, 0 for a fill of nothing or
    of marks alone, 1 for numbers alone, else 2; `HOLDS_MARK` more where there is a mark.

    Slots of clusters ``clusters[0]`` to ``clusters[1]`` as `detector.kernels.dividing.divide_gaps` has them. An empty
    fill stands after the token before it, or where its member begins (``start``).
    """
    filled, bases = np.int64(0), np.empty(64, np.int64)
    for cluster in range(clusters[0], clusters[1]):
        head, size = indptr[cluster], indptr[cluster + 1] - indptr[cluster]
        if n_slots[cluster]:
            bases = _grown(bases, size)
            for member in range(size):
                bases[member] = bounds[first[head + member]]
        for _ in range(n_slots[cluster]):
            for member in range(size):
                base, fill = bases[member], filled + member
                low, high = base + begin[fill], base + until[fill]
                if low < high:
                    fill_start[fill], fill_end[fill] = where[0][low], _end(where, high - 1)
                else:
                    fill_start[fill] = _end(where, low - 1) if low > base else start[head + member]
                    fill_end[fill] = fill_start[fill]
                marks, digits, marked = True, True, False
                for token in range(low, high):
                    is_mark = kind[token] >= MARK
                    marks &= is_mark
                    marked |= is_mark
                    digits &= kind[token] >> 6 == DIGIT >> 6
                fill_class[fill] = (0 if marks else 1 if digits else 2) + (HOLDS_MARK if marked else 0)
            filled += size


@njit(cache=True, nogil=True, error_model="numpy")
def blanks_in_slots(  # type: ignore[no-untyped-def]
    blank_indptr, blank_start, blank_end, level, member_indptr, document, part_indptr, part_common, fill_indptr,
    fill_member, fill_start, fill_end, part, n_filled,
):  # fmt: skip
    """The slot that each blank stands in: ``part`` (int64, -1: none), and in how many members something else stands
    there (``n_filled``, int64).

    The blanks of document d are rows ``blank_indptr[d]`` to ``blank_indptr[d + 1]`` of ``blank_start``, ``blank_end``,
    in order; the rest is as in `detector.columns.ClusterColumns`. No blank stands in a fill that is not listed, for a
    blank is a mark. Of several slots one that somebody filled is taken,
    then the one of the highest ``level``, then that with most fills, then the first.
    """
    best = np.full(part.shape[0], -1, np.int64)
    part[:] = -1
    for cluster in range(level.shape[0]):
        head = member_indptr[cluster]
        for here in range(part_indptr[cluster], part_indptr[cluster + 1]):
            some, n_others = False, np.int64(0)
            for fill in range(fill_indptr[here], fill_indptr[here + 1]):
                text = document[head + fill_member[fill]]
                low, high = blank_indptr[text], blank_indptr[text + 1]
                row = low
                if low < high and fill_start[fill] < fill_end[fill]:
                    row = low + np.searchsorted(blank_start[low:high], fill_start[fill])
                is_blank = row < high and fill_start[fill] <= blank_start[row] and blank_end[row] <= fill_end[fill]
                some |= is_blank
                n_others += not is_blank and fill_start[fill] < fill_end[fill]
            if not some:
                continue
            if part_common[here] >= 0:
                fill = fill_indptr[here] + part_common[here]
                n_rest = member_indptr[cluster + 1] - head - (fill_indptr[here + 1] - fill_indptr[here])
                n_others += n_rest if fill_start[fill] < fill_end[fill] else 0
            key = np.int64(n_others > 0) << 40 | np.int64(level[cluster]) << 36 | min(n_others, np.int64(1) << 32)
            for fill in range(fill_indptr[here], fill_indptr[here + 1]):
                text = document[head + fill_member[fill]]
                low, high = blank_indptr[text], blank_indptr[text + 1]
                row = low + np.searchsorted(blank_start[low:high], fill_start[fill])
                while row < high and blank_end[row] <= fill_end[fill]:
                    if key > best[row]:
                        best[row], part[row], n_filled[row] = key, here, n_others
                    row += 1
