"""Slots as they are read: gaps joined that are one slot, values cut that stand apart, and fills as code points.

Two gaps are one slot where only a date's unit, or a character that a few names share by chance, stands between them.
Blanks that follow each other are a slot each, and so is the one number in a line that a single member has.
``tests/slot_oracles.py`` says the same in plain Python.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

LETTER, DIGIT, MARK = 64, 128, 192
"""Kinds (`form` of `detector.text.tokens.Tokens`) from these on; below are single characters."""
"""Classes of tokens, as in `detector.text.folding` and `detector.text.tokens`."""

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
    """Where a token ends; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def _joins(hashes, kind, where, points, base, token, size, begin, until, here):  # type: ignore[no-untyped-def]
    """Whether one slot lies in two gaps of a cluster: 1 for a date, 2 for names, 0 for none.

    ``base``, ``token``: int64, the place of each member's text in ``points`` and its first token; the fills of the gap
    are rows ``here`` and on of ``begin`` and ``until`` (int32, tokens of the member), those of the next one follow: one
    token stands between them.
    """
    after = here + size
    middle = token[0] + until[here]
    point = points[base[0] + where[0][middle]]
    if _among(point, _UNITS):
        numeric, member = True, 0
        while numeric and member < size:
            one, other = here + member, after + member
            numeric = _is_numeric(kind, token[member] + begin[one], token[member] + until[one])
            numeric = numeric and _is_numeric(kind, token[member] + begin[other], token[member] + until[other])
            member += 1
        if numeric:
            return 1
    if kind[middle] >= LETTER or _among(point, _FUNCTION):
        return 0
    for member in range(size):  # what tells of most that they are none comes first
        length = until[after + member] - begin[here + member]
        if length < 2 or length > NAME:
            return 0
    first, second, n_kinds = token[0] + begin[here], np.int64(-1), 1
    for member in range(1, size):
        low, high = token[member] + begin[here + member], token[member] + until[after + member]
        new = not _same_fill(hashes, low, high, first, token[0] + until[after])
        if new and second >= 0:
            begun, stopped = token[second] + begin[here + second], token[second] + until[after + second]
            new = not _same_fill(hashes, low, high, begun, stopped)
        if new:
            n_kinds += 1
            second = np.int64(member)
        if n_kinds > 3:
            return 0
    for member in range(size):
        low, high = token[member] + begin[here + member], token[member] + until[after + member]
        for row in range(low, high):
            # a name is written in one: nothing stands between its characters
            if kind[row] >= DIGIT or (row > low and _end(where, row - 1) != where[0][row]):
                return 0
    return 2


@njit(cache=True, nogil=True, error_model="numpy")
def _is_date(kind, token_start, points, base, token, size, begin, until, here):  # type: ignore[no-untyped-def]
    """Whether all fills of a gap are numbers (or marks) and the units of dates, both of them."""
    for member in range(size):
        low, high = token[member] + begin[here + member], token[member] + until[here + member]
        n_numbers = 0
        if high - low < 2:
            return False
        for row in range(low, high):
            number = kind[row] >= DIGIT
            n_numbers += number
            if not number and not _among(points[base[member] + token_start[row]], _DATE_UNITS):
                return False
        if n_numbers == 0 or n_numbers == high - low:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _move(column, to, row, size, more):  # type: ignore[no-untyped-def]
    """Write ``size`` rows of a column further ahead in it; unsigned places are not compared with 0, so that it is done
    several at a time."""
    for member in range(np.uint64(size)):
        column[np.uint64(to) + member] = column[np.uint64(row) + member] + more


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
            # what stands between two gaps is the same in all members, so the first tells how much it is
            while after < past and begin[after] - until[after - size] == 1:
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
                _move(begin, filled, here, size, np.int32(0))
                _move(until, filled, final, size, more)  # the unit of a date's last number belongs to it
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
            n_rows, row, longest = np.int64(0), np.int64(0), np.int32(0)
            for member in range(np.uint64(at), np.uint64(at + size)):
                length = until[member] - begin[member]
                n_rows += length > 0
                longest = max(longest, length)
            if longest <= 1:
                out_begin, out_until = _grown(out_begin, filled + size), _grown(out_until, filled + size)
                for member in range(np.uint64(size)):
                    out_begin[np.uint64(filled) + member] = begin[np.uint64(at) + member]
                for member in range(np.uint64(size)):
                    out_until[np.uint64(filled) + member] = until[np.uint64(at) + member]
                n_slots[cluster] += 1
                at, filled = at + size, filled + size
                continue
            while begin[at + row] == until[at + row]:
                row += 1
            n_columns = np.int64(1)
            token, text = bounds[first[head + row]], text_start[document[head + row]]
            low, high = token + begin[at + row], token + until[at + row]
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
                for token in range(np.uint64(low), np.uint64(high)):
                    is_mark = kind[token] >= MARK
                    marks &= is_mark
                    marked |= is_mark
                    digits &= kind[token] >> 6 == DIGIT >> 6
                fill_class[fill] = (0 if marks else 1 if digits else 2) + (HOLDS_MARK if marked else 0)
            filled += size
