"""What stands between the literals of a template, divided into slots.

A gap is what no token that all members have divides. Members that have something in a gap are aligned with one of them
once more, by their skeletons: so a sentence that one lacks, or a line that the representative lacks, keeps its slots.
What nearly all have is an anchor and a column, and so is what stands between two. ``tests/slot_oracles.py`` is a twin.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

LETTER, DIGIT = 64, 128  # kinds (`detector.text.tokens.Tokens.form`) from these on; below are single characters
"""Classes of tokens, as in `detector.text.folding` and `detector.text.tokens`."""

LARGEST_PAIR = 1 << 12
"""Token pairs of two fills that are aligned; of longer ones only the common ends are."""

LARGEST_GAP = 1 << 24
"""Token pairs that are aligned in one gap, and places that are remembered of it; what is more stays one slot."""

TRIED = 8
"""Fills other than the head after which nothing is divided if no token of it stands in a third of them."""

LONG = 8
"""Tokens of a fill from which on one that has little of it (less than 2 in 5 of the shorter) is a stranger to it."""


def _points(text: str):  # type: ignore[no-untyped-def]
    return np.array([ord(char) for char in text], dtype=np.uint32)


_HYPHENS = _points("-–—~～/／")
FUNCTION_WORDS = (  # as in `detector.kernels.slotting`
    "的地得之和与與及或在于於是为為对對向由从從到至以把被将將了着著过過等而同给給按经經因使令"
    "让讓且并並其各每该該此本不无無也都就还還又再"
)
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
def _same(hashes, kind, one, other):  # type: ignore[no-untyped-def]
    """Whether two tokens are the same in the skeleton."""
    return hashes[one] == hashes[other] or (kind[one] >= DIGIT and kind[other] >= DIGIT)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_numeric(kind, begin, until):  # type: ignore[no-untyped-def]
    """Whether a fill is nothing but numbers and marks, and not empty."""
    numeric = begin < until
    for row in range(begin, until):
        numeric &= kind[row] >= DIGIT
    return numeric


@njit(cache=True, nogil=True, error_model="numpy")
def _pair(hashes, kind, left, m, right, n, place, table):  # type: ignore[no-untyped-def]
    """A longest common subsequence of two fills by their skeletons: ``place[i]`` (int32) is the place of token
    ``left + i`` among the ``n`` from ``right``, or -1. Returns ``table`` (int16), grown, and the pairs it took."""
    shorter, head = min(m, n), 0
    while head < shorter and _same(hashes, kind, left + head, right + head):
        place[head] = head
        head += 1
    tail = 0
    while tail < shorter - head and _same(hashes, kind, left + m - 1 - tail, right + n - 1 - tail):
        place[m - 1 - tail] = n - 1 - tail
        tail += 1
    for i in range(head, m - tail):
        place[i] = -1
    rows, columns = m - tail - head, n - tail - head
    pairs, width = rows * columns, columns + 1
    if pairs == 0 or pairs > LARGEST_PAIR:
        return table, 0
    table = _grown(table, (rows + 1) * width)
    table[rows * width : (rows + 1) * width] = 0
    for i in range(rows - 1, -1, -1):
        one, is_number = hashes[left + head + i], kind[left + head + i] >= DIGIT
        after = diagonal = table[i * width + columns] = np.int16(0)
        for j in range(columns - 1, -1, -1):
            other, under = right + head + j, table[(i + 1) * width + j]
            same = hashes[other] == one or (is_number and kind[other] >= DIGIT)
            after = np.int16(diagonal + 1) if same else max(under, after)
            table[i * width + j], diagonal = after, under
    i = j = 0
    while i < rows and j < columns:
        if _same(hashes, kind, left + head + i, right + head + j):
            place[head + i] = head + j
            i, j = i + 1, j + 1
        elif table[(i + 1) * width + j] >= table[i * width + j + 1]:
            i += 1
        else:
            j += 1
    return table, pairs


@njit(cache=True, nogil=True, error_model="numpy")
def _head(begin, until, size, order):  # type: ignore[no-untyped-def]
    """The member whose fill the others are aligned with: of the fills that are not empty the (lower) median by length,
    the first of equal ones. ``order`` (int64): room for the members."""
    longest, n_rows = np.int64(0), 0
    for member in range(size):
        longest = max(longest, until[member] - begin[member])
        n_rows += until[member] > begin[member]
    wanted, longest = (n_rows - 1) // 2, min(longest, np.int64(LARGEST_PAIR))
    for length in range(longest + 1):
        order[length] = 0
    for member in range(size):
        order[min(until[member] - begin[member], longest)] += 1
    n_before = 0
    for length in range(1, longest + 1):
        if n_before + order[length] > wanted:
            for member in range(size):
                if min(until[member] - begin[member], longest) == length:
                    if n_before == wanted:
                        return member
                    n_before += 1
        n_before += order[length]
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _count(place, m, n, hold, lost, split):  # type: ignore[no-untyped-def]
    """Count for each of the m tokens of the head whether a fill of n tokens holds it, has other text instead of it
    (``lost``), or parts it from the next one (``split``: something stands between them, or one of them is missing)."""
    i, before = 0, -1
    while i <= m:
        j = i
        while j < m and place[j] < 0:
            j += 1
        here = place[j] if j < m else n
        more = here - before > 1
        for token in range(i, j):
            lost[token] += more
        if i > 0 and i < m:
            split[i - 1] += more or i < j
        if i < j < m:
            split[j - 1] += 1
        if j < m:
            hold[j] += 1
        before, i = here, j + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _is_anchor(n_holding, n_lost, n_kin):  # type: ignore[no-untyped-def]
    """Whether two in three of the kin hold a token of the head, and hardly any has other text instead (1 in 10)."""
    return n_holding > 1 and 3 * n_holding >= 2 * n_kin and 10 * n_lost <= n_kin


@njit(cache=True, nogil=True, error_model="numpy")
def _gap(where, at):  # type: ignore[no-untyped-def]
    """Characters between a token and the one before; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[at - 1] & 63
    return start[at] - (start[at - 1] + size if size < 63 else long_end[np.searchsorted(long_row, at - 1)])


@njit(cache=True, nogil=True, error_model="numpy")
def _runs(kind, where, points, text, head, m, n_kin, hold, lost, split, at_start, at_end, run):  # type: ignore[no-untyped-def]
    """The anchors of a gap: rows ``3 * k`` of ``run`` (int64) are the first token, the last and whether it is numbers.

    ``at_start``: how many begin with the first token of the head and go on; ``at_end``: how many end with its last.
    Returns the number of runs.
    """
    n_runs, i = 0, 0
    while i < m:
        if not _is_anchor(hold[i], lost[i], n_kin):
            i += 1
            continue
        numeric = kind[head + i] >= DIGIT
        j = i + 1
        while (
            j < m and (kind[head + j] >= DIGIT) == numeric and not split[j - 1]
            and _is_anchor(hold[j], lost[j], n_kin)
        ):  # fmt: skip
            j += 1
        strong = j - i > 1 or numeric or n_kin > 3 or (kind[head + i] >> 6 == LETTER >> 6 and n_kin > 2)
        if not strong and kind[head + i] < LETTER:
            strong = _among(points[text + where[0][head + i]], _FUNCTION)
        if strong:
            run[3 * n_runs], run[3 * n_runs + 1], run[3 * n_runs + 2] = i, j, numeric
            n_runs += 1
        i = j
    kept = 0
    for k in range(n_runs):
        i, j = run[3 * k], run[3 * k + 1]
        if run[3 * k + 2]:
            # A number alone proves nothing: it stands beside words that all have, or at the end of the gap.
            beside = k > 0 and run[3 * k - 2] == i and not run[3 * k - 1]
            beside |= k + 1 < n_runs and run[3 * k + 3] == j and not run[3 * k + 5]
            glued = i > 0 and kind[head + i - 1] >> 6 == LETTER >> 6 and not _gap(where, head + i)
            glued |= j < m and kind[head + j] >> 6 == LETTER >> 6 and not _gap(where, head + j)
            beside |= not glued and i == 0 and 3 * at_start >= 2 * n_kin
            beside |= not glued and j == m and 3 * at_end >= 2 * n_kin
            if not beside:
                continue
        run[3 * kept], run[3 * kept + 1], run[3 * kept + 2] = i, j, run[3 * k + 2]
        kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def _after_numbers(kind, where, points, text, at, until):  # type: ignore[no-untyped-def]
    """Where a number ends that goes on after ``at``: with further numbers, or with what a hyphen joins to it."""
    while at < until:
        hyphen = _gap(where, at) == 1 and _among(points[text + where[0][at] - 1], _HYPHENS)
        if kind[at] >> 6 != DIGIT >> 6 and not hyphen:
            break
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _lay_out(kind, where, points, text, member, size, begin, until, place, run, n_runs, out_begin, out_until):  # type: ignore[no-untyped-def]
    """Divide one member's fill over the ``2 * n_runs + 1`` columns of a gap: rows ``column * size + member``."""
    at, column = begin, 0
    for k in range(n_runs + 1):
        low = high = until
        if k < n_runs:
            first, last = np.int64(-1), np.int64(-1)
            for token in range(run[3 * k], run[3 * k + 1]):
                if place[token] >= 0:
                    first = np.int64(place[token]) if first < 0 else first
                    last = np.int64(place[token])
            if first < 0:
                continue
            low, high = begin + first, begin + last + 1
        if column and run[3 * (column // 2) - 1]:
            more = _after_numbers(kind, where, points, text, at, low)
            out_until[(column - 1) * size + member] = at = more
        out_begin[column * size + member], out_until[column * size + member] = at, low
        for empty in range(column + 1, 2 * k + 1):
            out_begin[empty * size + member] = out_until[empty * size + member] = low
        if k < n_runs:
            out_begin[(2 * k + 1) * size + member], out_until[(2 * k + 1) * size + member] = low, high
        at, column = high, 2 * k + 2


@njit(cache=True, nogil=True, error_model="numpy")
def _take_in(size, n_runs, out_begin, out_until):  # type: ignore[no-untyped-def]
    """Where a few members have other text instead of an anchor, both are one column: that of the anchor."""
    for k in range(n_runs):
        before, anchor, either = 2 * k * size, (2 * k + 1) * size, False
        for member in range(size):
            has_text = out_begin[before + member] < out_until[before + member]
            has_anchor = out_begin[anchor + member] < out_until[anchor + member]
            if has_text and has_anchor:
                either = False
                break
            either |= has_text
        for member in range(size if either else 0):
            if out_begin[before + member] < out_until[before + member]:
                out_begin[anchor + member] = out_begin[before + member]
                out_until[anchor + member] = out_until[before + member]
                out_until[before + member] = out_begin[before + member]


@njit(cache=True, nogil=True, error_model="numpy")
def _columns(hashes, kind, where, points, base, size, begin, until, scratch, out_begin, out_until):  # type: ignore[no-untyped-def]
    """Divide the fills of one gap (``begin``, ``until``: int64, a row per member) into columns, some of which may be
    empty in all members. Returns their number (0: the gap is one slot), the grown columns and scratch."""
    places, counts, table = scratch
    n_rows, longest, numeric = 0, np.int64(0), True
    for member in range(size):
        n_rows += begin[member] < until[member]
        longest = max(longest, until[member] - begin[member])
        numeric &= begin[member] == until[member] or _is_numeric(kind, begin[member], until[member])
    if longest <= 1 or n_rows == 1 or numeric:
        return 0, out_begin, out_until, scratch
    counts = _grown(counts, max(min(longest, np.int64(LARGEST_PAIR)) + np.int64(1), size))
    chosen = _head(begin, until, size, counts)
    head, m = begin[chosen], until[chosen] - begin[chosen]
    if n_rows * m > LARGEST_GAP:
        return 0, out_begin, out_until, (places, counts, table)
    places, counts = _grown(places, size * m), _grown(counts, 6 * m)
    hold, lost, split, run = counts[:m], counts[m : 2 * m], counts[2 * m : 3 * m], counts[3 * m : 6 * m]
    counts[: 3 * m] = 0
    n_same, n_seen, n_kin, n_pairs, at_start, at_end = 0, 0, 0, 0, 0, 0
    for member in range(size):
        n = until[member] - begin[member]
        if n == 0:
            continue
        place = places[member * m : (member + 1) * m]
        hopeless = n_seen == TRIED
        for token in range(m if hopeless else 0):
            hopeless &= 3 * hold[token] < TRIED
        if hopeless or n_pairs > LARGEST_GAP:
            return 0, out_begin, out_until, (places, counts, table)
        n_held = 0
        while n == m and n_held < m and _same(hashes, kind, head + n_held, begin[member] + n_held):
            place[n_held] = n_held
            n_held += 1
        if n_held == m:  # copies hold all that the head has: they are counted together
            n_same, n_kin, at_start, at_end = n_same + 1, n_kin + 1, at_start + (n > 1), at_end + 1
            continue
        table, pairs = _pair(hashes, kind, head, m, begin[member], n, place, table)
        n_pairs, n_seen, n_held = n_pairs + pairs, n_seen + 1, 0
        for token in range(m):
            n_held += place[token] >= 0
        if m >= LONG and 5 * n_held < 2 * min(m, n):
            place[:] = -1
            continue
        n_kin, at_start, at_end = n_kin + 1, at_start + (place[0] == 0 and n > 1), at_end + (place[m - 1] == n - 1)
        _count(place, m, n, hold, lost, split)
    hold += n_same
    n_runs = 0
    if 4 * (n_rows - n_kin) <= n_rows:
        n_runs = _runs(kind, where, points, base[chosen], head, m, n_kin, hold, lost, split, at_start, at_end, run)
    if n_runs == 0:
        return 0, out_begin, out_until, (places, counts, table)
    n_columns = 2 * n_runs + 1
    out_begin, out_until = _grown(out_begin, n_columns * size), _grown(out_until, n_columns * size)
    for member in range(size):
        if begin[member] == until[member]:
            for column in range(n_columns):
                out_begin[column * size + member] = out_until[column * size + member] = begin[member]
        else:
            _lay_out(
                kind, where, points, base[member], member, size, begin[member], until[member],
                places[member * m : (member + 1) * m], run, n_runs, out_begin, out_until,
            )  # fmt: skip
    _take_in(size, n_runs, out_begin, out_until)
    return n_columns, out_begin, out_until, (places, counts, table)


@njit(cache=True, nogil=True, error_model="numpy")
def divide_gaps(  # type: ignore[no-untyped-def]
    hashes, kind, where, points, text_start, bounds, indptr, document, first, clusters, n_gaps, whole,
    gap_begin, gap_until, n_slots,
):  # fmt: skip
    """The slots of clusters ``clusters[0]`` to ``clusters[1]``, slot by slot, as tokens of each member.

    ``n_gaps`` (int64, a row per cluster), ``whole`` (bool, a row per gap: one slot), ``gap_begin``, ``gap_until``
    (int32, tokens from the member's first): what `detector.kernels.slotting.join_gaps` leaves. Members are passages
    from ``first`` on of ``document``. Fills ``n_slots`` (int64, a row per cluster) and returns ``begin``, ``until`` as
    the gaps had them; at least one member has something in every slot.
    """
    begin, until = np.empty(64, np.int32), np.empty(64, np.int32)
    scratch = (np.empty(64, np.int32), np.empty(64, np.int64), np.empty(64, np.int16))
    base, low, high = np.empty(64, np.int64), np.empty(64, np.int64), np.empty(64, np.int64)
    out_begin, out_until = np.empty(64, np.int64), np.empty(64, np.int64)
    filled = at = number = np.int64(0)
    for cluster in range(clusters[0], clusters[1]):
        head, size = indptr[cluster], indptr[cluster + 1] - indptr[cluster]
        n_slots[cluster] = 0
        if n_gaps[cluster]:
            base, low, high = _grown(base, size), _grown(low, size), _grown(high, size)
            for member in range(size):
                base[member] = text_start[document[head + member]]
        for _ in range(n_gaps[cluster]):
            longest = np.int32(0)
            for member in range(np.uint64(at), np.uint64(at + size)):
                longest = max(longest, gap_until[member] - gap_begin[member])
            begin, until = _grown(begin, filled + size), _grown(until, filled + size)
            number += 1
            if longest == 1 or whole[number - 1]:
                for member in range(np.uint64(size)):
                    begin[np.uint64(filled) + member] = gap_begin[np.uint64(at) + member]
                    until[np.uint64(filled) + member] = gap_until[np.uint64(at) + member]
                at, filled, n_slots[cluster] = at + size, filled + size, n_slots[cluster] + 1
                continue
            for member in range(size):
                token = bounds[first[head + member]]
                low[member], high[member] = token + gap_begin[at + member], token + gap_until[at + member]
            n_columns, out_begin, out_until, scratch = _columns(
                hashes, kind, where, points, base, size, low, high, scratch, out_begin, out_until
            )
            for column in range(max(n_columns, 1)):
                begin, until = _grown(begin, filled + size), _grown(until, filled + size)
                has_text = False
                for member in range(size):
                    token, row = bounds[first[head + member]], column * size + member
                    one = out_begin[row] if n_columns else low[member]
                    other = out_until[row] if n_columns else high[member]
                    begin[filled + member], until[filled + member] = one - token, other - token
                    has_text |= one < other
                if has_text:
                    filled += size
                    n_slots[cluster] += 1
            at += size
    return begin[:filled], until[:filled]
