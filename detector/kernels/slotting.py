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
def _joins(hashes, kind, where, points, base, token, size, begin, until, here, of):  # type: ignore[no-untyped-def]
    """Whether one slot lies in two gaps of a cluster: 1 for a date, 2 for names, 0 for none.

    ``base``, ``token``: int64, the place of each variant's text in ``points`` and its first token; the fills of the gap
    are rows ``here`` and on of ``begin`` and ``until`` (int32, tokens of the variant), those of the next one follow:
    one token stands between them. ``of`` (int32): the variant of each member.
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
    for member in of:
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
def _copy(out, at, column, row, size):  # type: ignore[no-untyped-def]
    """``size`` rows of a column; unsigned places are not compared with 0, so that it is done several at a time."""
    for step in range(np.uint64(size)):
        out[np.uint64(at) + step] = column[np.uint64(row) + step]


@njit(cache=True, nogil=True, error_model="numpy")
def join_gaps(  # type: ignore[no-untyped-def]
    hashes, kind, where, points, text_start, bounds, indptr, document, first, last, members, of, n_gaps, begin, until,
):  # fmt: skip
    """Join the gaps of clusters that are one slot, in place.

    The variants of cluster c (`detector.kernels.variants`) are rows ``indptr[c]`` to ``indptr[c + 1]``, passages
    ``first`` to ``last`` of ``document``; its members are rows ``members[c]`` to ``members[c + 1]`` of ``of`` (int32),
    the variant of each. ``n_gaps`` (int64, a row per cluster), ``begin``, ``until`` (int32): as
    `detector.kernels.aligning.template_gaps` has them for variants.
    Returns ``whole``: bool, a row per gap that is left, whether it was joined; what follows in ``begin`` and
    ``until`` is none.
    """
    n_all = np.int64(0)
    for cluster in range(indptr.shape[0] - 1):
        n_all += n_gaps[cluster]
    whole = np.zeros(n_all, np.bool_)
    base, token = np.empty(64, np.int64), np.empty(64, np.int64)
    at = filled = number = np.int64(0)
    for cluster in range(indptr.shape[0] - 1):
        head, size, n = indptr[cluster], indptr[cluster + 1] - indptr[cluster], n_gaps[cluster]
        if n == 0:
            continue
        its = of[members[cluster] : members[cluster + 1]]
        base, token = _grown(base, size), _grown(token, size)
        for row in range(size):
            token[row], base[row] = bounds[first[head + row]], text_start[document[head + row]]
        n_gaps[cluster] = 0
        past = at + n * size
        while at < past:
            here, after = at, at + size
            is_date = _is_date(kind, where[0], points, base, token, size, begin, until, here)
            # what stands between two gaps is the same in all members, so the first tells how much it is
            while after < past and begin[after] - until[after - size] == 1:
                why = _joins(hashes, kind, where, points, base, token, size, begin, until, after - size, its)
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
def cut_slots(kind, where, points, text_start, bounds, indptr, document, first, weight, n_slots, begin, until):  # type: ignore[no-untyped-def]
    """Cut the slots of clusters where values stand apart in them.

    ``weight`` (int32): the members that have each variant; ``n_slots`` (int64, a row per cluster), ``begin``,
    ``until``: as `detector.kernels.dividing.divide_gaps` has them, and as they are returned.
    """
    out_begin, out_until = np.empty(begin.shape[0], np.int32), np.empty(begin.shape[0], np.int32)
    cuts = np.empty(3, np.int64)
    at = filled = np.int64(0)
    for cluster in range(indptr.shape[0] - 1):
        head, size, n = indptr[cluster], indptr[cluster + 1] - indptr[cluster], n_slots[cluster]
        n_slots[cluster] = 0
        for _ in range(n):
            n_members, row, longest = np.int64(0), np.int64(0), np.int32(0)
            for variant in range(np.uint64(size)):
                length = until[np.uint64(at) + variant] - begin[np.uint64(at) + variant]
                n_members += weight[np.uint64(head) + variant] if length > 0 else 0
                longest = max(longest, length)
            if longest <= 1:
                out_begin, out_until = _grown(out_begin, filled + size), _grown(out_until, filled + size)
                _copy(out_begin, filled, begin, at, size)
                _copy(out_until, filled, until, at, size)
                n_slots[cluster] += 1
                at, filled = at + size, filled + size
                continue
            while begin[at + row] == until[at + row]:
                row += 1
            n_columns = np.int64(1)
            token, text = bounds[first[head + row]], text_start[document[head + row]]
            low, high = token + begin[at + row], token + until[at + row]
            if n_members == 1 and _alone(kind, where, points, text, low, high, cuts):
                n_columns = np.int64(4 if cuts[2] < high else 3)
            elif _is_numeric(kind, low, high) and _apart(kind, where, points, text, low, high):
                n_columns = high - low
                for variant in range(size):
                    here = bounds[first[head + variant]]
                    one, other = here + begin[at + variant], here + until[at + variant]
                    if one < other and (other - one != n_columns or not _is_numeric(kind, one, other)):
                        n_columns = np.int64(1)
                        break
            out_begin = _grown(out_begin, filled + n_columns * size)
            out_until = _grown(out_until, filled + n_columns * size)
            is_line = n_members == 1 and n_columns > 1 and not _is_numeric(kind, low, high)
            for column in range(n_columns):
                for variant in range(size):
                    one, other = np.int64(begin[at + variant]), np.int64(until[at + variant])
                    if one < other and is_line:
                        one = one if column == 0 else cuts[column - 1] - token
                        other = other if column == n_columns - 1 else cuts[column] - token
                    elif one < other and n_columns > 1:
                        one, other = one + column, one + column + 1
                    out_begin[filled + variant], out_until[filled + variant] = one, other
                filled += size
            n_slots[cluster] += n_columns
            at += size
    return out_begin[:filled], out_until[:filled]
