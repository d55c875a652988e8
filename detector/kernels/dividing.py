"""What stands between the literals of a template, divided into slots.

A gap is what no token that all members have divides. Members that have something in a gap are aligned with one of them
once more, by their skeletons: so a sentence that one lacks, or a line that the representative lacks, keeps its slots.
What nearly all have is an anchor and a column, and so is what stands between two. ``tests/slot_oracles.py`` is a twin.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

LETTER, DIGIT = 64, 128  # kinds (`detector.text.tokens.Tokens.form`) from these on; below are single characters

LARGEST_PAIR = 1 << 12
"""Token pairs of two fills that are aligned; of longer ones only the common ends are."""

LARGEST_GAP = 1 << 24
"""Token pairs that are aligned in one gap, and places that are remembered of it; what is more stays one slot."""

TRIED = 8
"""Fills other than the head after which nothing is divided if no token of it stands in a third of them."""

LONG = 8
"""Tokens of a fill from which on one that has little of it (less than 2 in 5 of the shorter) is a stranger to it."""


_HYPHENS = np.array([ord(char) for char in "-–—~～/／"], dtype=np.uint32)
FUNCTION_WORDS = (  # as in `detector.kernels.slotting`
    "的地得之和与與及或在于於是为為对對向由从從到至以把被将將了着著过過等而同给給按经經因使令"
    "让讓且并並其各每该該此本不无無也都就还還又再"
)
_FUNCTION = np.array([ord(char) for char in FUNCTION_WORDS], dtype=np.uint32)


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
    place[head : m - tail] = -1
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
def _head(begin, until, size, weight, of, n_rows, longest, order):  # type: ignore[no-untyped-def]
    """The variant whose fill the others are aligned with: of the members' fills the (lower) median by length, the first
    of equal ones. Lengths count up to ``longest``; ``order`` (int64): room for as many, and one."""
    wanted, length = (n_rows - 1) // 2, 1
    order[: longest + 1] = 0
    for variant in range(size):
        order[min(until[variant] - begin[variant], longest)] += weight[variant]
    while order[length] <= wanted:
        wanted, length = wanted - order[length], length + 1
    for variant in of:
        wanted -= min(until[variant] - begin[variant], longest) == length
        if wanted < 0:
            return np.int64(variant)
    return np.int64(0)


@njit(cache=True, nogil=True, error_model="numpy")
def _count(place, m, n, times, hold, lost, split):  # type: ignore[no-untyped-def]
    """Count for each of the m tokens of the head whether a fill of n tokens (of ``times`` members) holds it, has other
    text instead (``lost``), or parts it from the next one (``split``: something is between, or one is missing)."""
    i, before = 0, -1
    while i <= m:
        while i < m and place[i] == before + 1:  # nothing stands between it and the one before
            hold[i] += times
            i, before = i + 1, before + 1
        j = i
        while j < m and place[j] < 0:
            j += 1
        here = place[j] if j < m else n
        for token in range(i, j if here - before > 1 else i):
            lost[token] += times
        if 0 < i < m:
            split[i - 1] += times
        if i < j < m:
            split[j - 1] += times
        if j < m:
            hold[j] += times
        before, i = here, j + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _gap(where, at):  # type: ignore[no-untyped-def]
    """Characters between a token and the one before; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[at - 1] & 63
    return start[at] - (start[at - 1] + size if size < 63 else long_end[np.searchsorted(long_row, at - 1)])


@njit(cache=True, nogil=True, error_model="numpy")
def _runs(kind, where, points, text, head, m, n_kin, hold, lost, split, at_start, at_end, run):  # type: ignore[no-untyped-def]
    """The anchors of a gap: rows ``3 * k`` of ``run`` (int64) are the first token, the last and whether it is numbers.
    Returns their number. ``at_start``, ``at_end``: how many begin with the head's first token and go on, end with its
    last."""
    n_runs, i = 0, 0
    for token in range(m):  # two in three of the kin hold it, and hardly any has other text instead (1 in 10)
        hold[token] = hold[token] > 1 and 3 * hold[token] >= 2 * n_kin and 10 * lost[token] <= n_kin
    while i < m:
        if not hold[i]:
            i += 1
            continue
        numeric, j = kind[head + i] >= DIGIT, i + 1
        while j < m and (kind[head + j] >= DIGIT) == numeric and not split[j - 1] and hold[j]:
            j += 1
        strong = j - i > 1 or numeric or n_kin > 3 or (kind[head + i] >> 6 == LETTER >> 6 and n_kin > 2)
        if strong or (kind[head + i] < LETTER and _among(points[text + where[0][head + i]], _FUNCTION)):
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
def _lay_out(kind, where, points, text, begin, until, place, run, n_runs, out_begin, out_until):  # type: ignore[no-untyped-def]
    """Divide one fill over the ``2 * n_runs + 1`` columns of a gap, counted from its first token."""
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
            out_begin[2 * k + 1], out_until[2 * k + 1] = first, last + 1
        if column and run[3 * (column // 2) - 1]:
            at = _after_numbers(kind, where, points, text, at, low)
            out_until[column - 1] = at - begin
        out_begin[column], out_until[column] = at - begin, low - begin
        for empty in range(column + 1, 2 * k + 1):
            out_begin[empty] = out_until[empty] = low - begin
        at, column = high, 2 * k + 2


@njit(cache=True, nogil=True, error_model="numpy")
def _take_in(past, n_columns, out_begin, out_until):  # type: ignore[no-untyped-def]
    """Where a few fills have other text instead of an anchor, both are one column; ``past``: places of all layouts."""
    for before in range(0, n_columns - 1, 2):
        both = False
        for row in range(before, past, n_columns):
            both |= out_begin[row] < out_until[row] and out_begin[row + 1] < out_until[row + 1]
        for row in range(before, 0 if both else past, n_columns):
            if out_begin[row] < out_until[row]:
                out_begin[row + 1], out_until[row + 1] = out_begin[row], out_until[row]
                out_until[row] = out_begin[row]


@njit(cache=True, nogil=True, error_model="numpy")
def _first_tried(begin, until, of, row_of, tried):  # type: ignore[no-untyped-def]
    """Count in ``tried`` (int64, of each variant) the first `TRIED` members whose fill is neither empty nor a copy of
    the head (row 1 of ``row_of``). Returns whether others with a fill follow, and the variant of the last one."""
    n_seen, last = 0, of.shape[0] - 1
    while begin[of[last]] == until[of[last]]:
        last -= 1
    for variant in of[: last + 1]:
        if begin[variant] < until[variant] and n_seen == TRIED:
            return True, np.int64(of[last])
        if begin[variant] < until[variant] and row_of[variant] != 1:
            tried[variant], n_seen = tried[variant] + 1, n_seen + 1
    return False, np.int64(of[last])


@njit(cache=True, nogil=True, error_model="numpy")
def _columns(  # type: ignore[no-untyped-def]
    hashes, kind, where, points, base, size, weight, of, begin, until, scratch, row_of, tried, out_begin, out_until
):
    """Divide the fills of one gap (``begin``, ``until``: int64, a row per variant) into columns, some of which may be
    empty in all members. Returns their number (0: the gap is one slot), the layouts (`_lay_out`), grown, and scratch.

    ``row_of`` (int64) tells the layout of each variant: 0 for nothing, 1 for the head and its copies, which most are;
    ``tried``: int64, room for a row per variant.
    """
    places, counts, table = scratch
    n_filled, longest, numeric = 0, np.int64(0), True
    for variant in range(size):
        n_filled += weight[variant] if begin[variant] < until[variant] else 0
        longest = max(longest, until[variant] - begin[variant])
        for token in range(begin[variant], until[variant] if numeric else begin[variant]):
            numeric &= kind[token] >= DIGIT
    if longest <= 1 or n_filled == 1 or numeric:
        return 0, out_begin, out_until, scratch
    longest = min(longest, np.int64(LARGEST_PAIR))
    counts = _grown(counts, longest + 1)
    chosen = _head(begin, until, size, weight, of, n_filled, longest, counts)
    head, m = begin[chosen], until[chosen] - begin[chosen]
    if n_filled * m > LARGEST_GAP:
        return 0, out_begin, out_until, (places, counts, table)
    places, counts = _grown(places, 2 * m), _grown(counts, 6 * m)
    hold, lost, split, run = counts[:m], counts[m : 2 * m], counts[2 * m : 3 * m], counts[3 * m : 6 * m]
    counts[: 3 * m] = 0
    for token in range(m):
        places[m + token] = token
    n_rows, n_same, n_pairs = 2, 0, 0
    for variant in range(size):  # copies hold all that the head has: they are counted together
        n, n_held = until[variant] - begin[variant], 0
        while n == m and n_held < m and _same(hashes, kind, head + n_held, begin[variant] + n_held):
            n_held += 1
        row_of[variant], tried[variant] = n_held == m, 0
        n_same += weight[variant] if n_held == m else 0
    n_kin, at_start, at_end = n_same, n_same if m > 1 else 0, n_same
    goes_on, last = _first_tried(begin, until, of, row_of, tried)
    for stage in range(2):  # first the members that are tried, then all others
        for variant in range(size):
            times = tried[variant] if stage == 0 else weight[variant] - tried[variant]
            n = until[variant] - begin[variant]
            if n == 0 or row_of[variant] == 1 or times == 0:
                continue
            if row_of[variant] == 0:
                row_of[variant], n_rows = n_rows, n_rows + 1
                places = _grown(places, n_rows * m)
                place = places[(n_rows - 1) * m : n_rows * m]
                table, pairs = _pair(hashes, kind, head, m, begin[variant], n, place, table)
                n_pairs, n_held = n_pairs + pairs * (weight[variant] - (variant == last)), 0
                if n_pairs > LARGEST_GAP:  # before the last member
                    return 0, out_begin, out_until, (places, counts, table)
                for token in range(m):
                    n_held += place[token] >= 0
                if m >= LONG and 5 * n_held < 2 * min(m, n):
                    place[:], tried[variant] = -1, weight[variant]
                    continue
            place = places[row_of[variant] * m : (row_of[variant] + 1) * m]
            n_kin += times
            at_start += times if place[0] == 0 and n > 1 else 0
            at_end += times if place[m - 1] == n - 1 else 0
            _count(place, m, n, times, hold, lost, split)
        hopeless = goes_on and stage == 0
        for token in range(m if hopeless else 0):
            hopeless &= 3 * hold[token] < TRIED
        if hopeless:
            return 0, out_begin, out_until, (places, counts, table)
    hold += n_same
    are_kin = 4 * (n_filled - n_kin) <= n_filled
    run_of = (kind, where, points, base[chosen], head, m, n_kin, hold, lost, split, at_start, at_end, run)
    n_runs = _runs(*run_of) if are_kin else 0
    if n_runs == 0:
        return 0, out_begin, out_until, (places, counts, table)
    n_columns, goes_on, is_laid = 2 * n_runs + 1, False, False
    for k in range(n_runs):  # how much of what follows numbers belongs to them is not told by the skeleton
        goes_on |= run[3 * k + 2] and run[3 * k + 1] < (run[3 * k + 3] if k + 1 < n_runs else m)
    out_begin, out_until = _grown(out_begin, n_columns * (size + 2)), _grown(out_until, n_columns * (size + 2))
    out_begin[:n_columns] = 0
    out_until[:n_columns] = 0
    for variant in range(size):
        row = row_of[variant]
        if row == 0 or (row == 1 and is_laid and not goes_on):
            continue
        place = places[row * m : (row + 1) * m]
        if row == 1 and is_laid:
            row_of[variant], n_rows = n_rows, n_rows + 1
        here, is_laid = row_of[variant] * n_columns, is_laid or row == 1
        _lay_out(
            kind, where, points, base[variant], begin[variant], until[variant], place, run, n_runs,
            out_begin[here:], out_until[here:],
        )  # fmt: skip
    _take_in(n_rows * n_columns, n_columns, out_begin, out_until)
    return n_columns, out_begin, out_until, (places, counts, table)


@njit(cache=True, nogil=True, error_model="numpy")
def divide_gaps(  # type: ignore[no-untyped-def]
    hashes, kind, where, points, text_start, bounds, indptr, document, first, weight, members, of, n_gaps,
    whole, gap_begin, gap_until, n_slots,
):  # fmt: skip
    """The slots of clusters, slot by slot, as tokens of each variant.

    Variants and gaps are as `detector.kernels.slotting.join_gaps` leaves them, with ``whole`` (bool, a row per gap: one
    slot); ``weight`` (int32): the members that have each variant. Fills ``n_slots`` (int64, a row per cluster) and
    returns ``begin``, ``until`` as the gaps had them; at least one variant has something in every slot.
    """
    begin, until = np.empty(gap_begin.shape[0], np.int32), np.empty(gap_begin.shape[0], np.int32)
    scratch = (np.empty(64, np.int32), np.empty(64, np.int64), np.empty(64, np.int16))
    out_begin, out_until = np.empty(64, np.int32), np.empty(64, np.int32)
    room = np.empty(1024, np.int64)
    filled = at = number = np.int64(0)
    for cluster in range(indptr.shape[0] - 1):
        head, size = indptr[cluster], indptr[cluster + 1] - indptr[cluster]
        n_slots[cluster] = 0
        room = _grown(room, 5 * size)
        base, low, high = room[:size], room[size : 2 * size], room[2 * size : 3 * size]
        row_of, tried = room[3 * size : 4 * size], room[4 * size : 5 * size]
        for _ in range(n_gaps[cluster]):
            n_columns, is_long = 0, False
            for variant in range(np.uint64(at), np.uint64(at + size)):
                is_long |= gap_until[variant] - gap_begin[variant] > 1
            if is_long and not whole[number]:
                for variant in range(size):
                    base[variant] = text_start[document[head + variant]]
                    token = bounds[first[head + variant]]
                    low[variant], high[variant] = token + gap_begin[at + variant], token + gap_until[at + variant]
                n_columns, out_begin, out_until, scratch = _columns(
                    hashes, kind, where, points, base, size, weight[head:], of[members[cluster] : members[cluster + 1]],
                    low, high, scratch, row_of, tried, out_begin, out_until,
                )  # fmt: skip
            more = filled + max(n_columns, 1) * size
            begin, until = _grown(begin, more), _grown(until, more)
            for variant in range(np.uint64(0 if n_columns else size)):
                begin[np.uint64(filled) + variant] = gap_begin[np.uint64(at) + variant]
                until[np.uint64(filled) + variant] = gap_until[np.uint64(at) + variant]
            if n_columns == 0:
                filled, n_slots[cluster] = filled + size, n_slots[cluster] + 1
            for column in range(n_columns):
                has_text = False
                for variant in range(np.uint64(size)):
                    cell, one = np.uint64(row_of[variant] * n_columns + column), gap_begin[np.uint64(at) + variant]
                    begin[np.uint64(filled) + variant] = one + out_begin[cell]
                    until[np.uint64(filled) + variant] = one + out_until[cell]
                    has_text |= out_begin[cell] < out_until[cell]
                if has_text:
                    filled, n_slots[cluster] = filled + size, n_slots[cluster] + 1
            at, number = at + size, number + 1
    return begin[:filled], until[:filled]
