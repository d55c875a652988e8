"""Which tokens of two ranges are the same, and which parts of a text that leaves as literals.

An alignment is the longest common subsequence that RapidFuzz's ``Indel.opcodes`` finds, bit for bit: common ends first,
then one row of bits for each token of the right side (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"),
where a bit is 0 if the subsequence grows with that token of the left side, and a way back through the rows that
prefers leaving out the left token, then the right one. ``tests/test_kernels_aligning.py`` holds it.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_ZERO, _ONE, _ALL = np.uint64(0), np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
_SIX, _LOW_SIX = np.uint64(6), np.uint64(63)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

MARK = 192
"""Tokens of this kind (`form` of `detector.text.tokens.Tokens`) and above are marks."""

LARGEST_ALIGNMENT = np.int64(16_000_000)
"""Token pairs of one alignment (2 MB of bits); larger gaps between aligned passages stay differences."""

LARGEST_ANCHORING = np.int64(1 << 30)
"""Passage pairs of one alignment (128 MB of bits): two texts of 30,000 passages without common ends."""

SCRATCH = 4096
"""Words of scratch that are worth keeping from pair to pair; an alignment that needs more makes its own."""

MOST_DIFFERENCES = 88
"""Tokens left out or put in up to which `_trace_few` counts them; `SCRATCH` has room for so many rows."""


@njit(cache=True, nogil=True, error_model="numpy")
def _slot(table, values, value):  # type: ignore[no-untyped-def]
    """Where a hash table (int64, places of values, -1 where it is free) has a value, or where it would be."""
    last = table.shape[0] - 1
    slot = np.int64((np.uint64(value) * _SPREAD) >> np.uint64(32)) & last
    while table[slot] >= 0 and values[table[slot]] != value:
        slot = (slot + 1) & last
    return slot


@njit(cache=True, nogil=True, error_model="numpy")
def _places_of(values, start, stop, other_start, other_stop, number):  # type: ignore[no-untyped-def]
    """For each distinct value of ``values[other_start:other_stop]`` the bits of its places in ``values[start:stop]``.

    Returns uint64, n_distinct x n_words; ``number`` (int64) gets the row of each value of the other range.
    """
    size = 16
    while size < 2 * (other_stop - other_start):
        size *= 2
    table, n_distinct = np.full(size, -1), 0
    for place in range(other_start, other_stop):
        slot = _slot(table, values, values[place])
        if table[slot] < 0:
            table[slot] = place
            number[place - other_start] = n_distinct
            n_distinct += 1
        number[place - other_start] = number[table[slot] - other_start]
    masks = np.zeros((n_distinct, (stop - start + 63) >> 6), np.uint64)
    for place in range(start, stop):
        slot = _slot(table, values, values[place])
        if table[slot] >= 0:
            bit = np.uint64(place - start)
            masks[number[table[slot] - other_start], bit >> _SIX] |= _ONE << (bit & _LOW_SIX)
    return masks


@njit(cache=True, nogil=True, error_model="numpy")
def _trace_bits(hashes, left, m, right, n, place, at, rows):  # type: ignore[no-untyped-def]
    """``place[at + i]`` (it comes as -1) becomes ``right + j`` where left token i is right token j.

    ``rows`` (uint64): room for a row of bits after each token of the right side, a word for 64 tokens of the left.
    """
    number = np.empty(n, np.int64)
    masks = _places_of(hashes, left, left + m, right, right + n, number)
    n_words = masks.shape[1]
    for j in range(n):
        carry = _ZERO
        for word in range(n_words):
            before = rows[(j - 1) * n_words + word] if j else _ALL
            hit = before & masks[number[j], word]
            total = before + hit
            overflow = np.uint64(total < before)
            total += carry
            carry = overflow | np.uint64(total < carry)
            rows[j * n_words + word] = total | (before - hit)
    while m and n:
        of, bit = np.int64(m - 1) >> 6, np.uint64(m - 1) & _LOW_SIX
        if (rows[(n - 1) * n_words + of] >> bit) & _ONE:
            m -= 1
        else:
            n -= 1
            if n == 0 or (rows[(n - 1) * n_words + of] >> bit) & _ONE:
                m -= 1
                place[at + m] = right + n


@njit(cache=True, nogil=True, error_model="numpy")
def _trace_few(hashes, left, m, right, n, place, at, rows):  # type: ignore[no-untyped-def]
    """The same as `_trace_bits` where the sides differ in few tokens (Myers 1986); returns whether they do.

    Row d of ``rows`` (uint64) has for each diagonal k = -d, -d + 2 .. d how far on the left a path of d differences
    comes that is k ahead there. A place is at most d differences from the start if it is no further on its diagonal:
    the rows tell what the bits would, in the time of reading near-copies. Of row d only the diagonals are known that
    are at most ``most - d`` from that of the end, for no way of ``most`` leads over others.
    """
    ahead, most = m - n, np.int64(MOST_DIFFERENCES)
    if m + n > most:
        most = min(most, np.int64(np.sqrt(12.0 * (m + n))))
    if ahead == 0:
        n_other = np.int64(0)
        for step in range(n):
            n_other += hashes[np.uint64(left + step)] != hashes[np.uint64(right + step)]
        most = min(most, 2 * n_other)
    most -= (most ^ ahead) & 1
    low, high = (ahead - most) >> 1, (ahead + most) >> 1
    if low > 0 or high < 0:
        return False
    d, row, found = np.int64(0), np.int64(0), False
    while not found and d <= most:
        before = row - d  # of the row of one difference less
        for number in range(max(0, low + d), min(d, high) + 1):
            i = np.int64(rows[np.uint64(before + number)]) if number < d else np.int64(0)
            if number:
                i = max(i, np.int64(rows[np.uint64(before + number - 1)]) + 1)
            j = i - (2 * number - d)
            while i < m and j < n and hashes[np.uint64(left + i)] == hashes[np.uint64(right + j)]:
                i, j = i + 1, j + 1
            rows[np.uint64(row + number)] = i
            found |= i >= m and j >= n
        row, d = row + d + 1, d + 1
    i, j = np.int64(m if found else 0), np.int64(n)
    while i:
        row, d = row - d, d - 1  # the row of all differences that are left; where there are none, all is the same
        at_k, taken, stop = (i - j + d) >> 1, np.int64(-1), np.int64(0)
        if d:
            taken = np.int64(rows[row - d + at_k - 1]) + 1 if at_k > max(0, low + d - 1) else np.int64(-1)
            stop = np.int64(rows[row - d + at_k]) if low + d - 1 <= at_k <= min(d - 1, high) else np.int64(-1)
        while i > max(taken, stop):
            i, j = i - 1, j - 1
            place[at + i] = right + j
        if i <= taken:
            i -= 1
        else:
            j -= 1
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _align(hashes, left, left_stop, right, right_stop, place, scratch, limit):  # type: ignore[no-untyped-def]
    """`align` without an alignment of more than ``limit`` pairs; the place of token row r is ``place[r - left]``."""
    m, n = left_stop - left, right_stop - right
    shorter = min(m, n)
    head = 0
    while head < shorter and hashes[left + head] == hashes[right + head]:
        place[head] = right + head
        head += 1
    tail = 0
    while tail < shorter - head and hashes[left_stop - 1 - tail] == hashes[right_stop - 1 - tail]:
        place[m - 1 - tail] = right_stop - 1 - tail
        tail += 1
    place[head : m - tail] = -1
    inner, other = m - head - tail, n - head - tail
    if inner == 0 or other == 0 or inner * other > limit:
        return
    if inner == 1 or other == 1:
        # A token left out of one side or put in: the way back ends at the first place that has it.
        for i in range(inner):
            for j in range(other):
                if hashes[left + head + i] == hashes[right + head + j]:
                    place[head + i] = right + head + j
                    return
        return
    if _trace_few(hashes, left + head, inner, right + head, other, place, head, scratch):
        return
    size = other * ((inner + 63) >> 6)
    rows = scratch if size <= scratch.shape[0] else np.empty(size, np.uint64)
    _trace_bits(hashes, left + head, inner, right + head, other, place, head, rows)


@njit(cache=True, nogil=True, error_model="numpy")
def align(hashes, left_start, left_stop, right_start, right_stop, place, scratch):  # type: ignore[no-untyped-def]
    """``place`` (int64, from 0): for each token of the left range the row of the same token in the right range or -1.

    ``hashes``: uint64, a row per token; ``scratch``: uint64, `SCRATCH` words of any value. Common ends first, then an
    Indel alignment of the rest; where that has more than `LARGEST_ALIGNMENT` pairs it stays a difference.
    """
    _align(hashes, left_start, left_stop, right_start, right_stop, place, scratch, LARGEST_ALIGNMENT)


@njit(cache=True, nogil=True, error_model="numpy")
def align_passages(hashes, bounds, keys, left_first, left_last, right_first, right_last, place, anchor, scratch):  # type: ignore[no-untyped-def]
    """As `align`, for the tokens of passages ``left_first`` to ``left_last`` and ``right_first`` to ``right_last``.

    ``bounds``: int64, the tokens of passage p are rows ``bounds[p]`` to ``bounds[p + 1]``; ``keys``: uint64, the hash
    of each passage's skeleton; ``anchor``: int64, room for the passages on the left. Passages with equal keys that an
    Indel alignment of the keys pairs are anchors, their tokens stand in the same places; what lies between two
    anchors is aligned token by token.
    """
    _align(keys, left_first, left_last, right_first, right_last, anchor, scratch, LARGEST_ANCHORING)
    base = bounds[left_first]
    left_at, right_at = left_first, right_first
    for one in range(left_first, left_last + 1):
        other = anchor[one - left_first] if one < left_last else right_last
        if other < 0:
            continue
        _align(
            hashes, bounds[left_at], bounds[one], bounds[right_at], bounds[other],
            place[bounds[left_at] - base :], scratch, LARGEST_ALIGNMENT,
        )  # fmt: skip
        if one < left_last:
            start, other_start = bounds[one], bounds[other]
            for step in range(bounds[one + 1] - start):
                row = other_start + step
                same = row < bounds[other + 1] and hashes[start + step] == hashes[row]
                place[start + step - base] = row if same else -1
        left_at, right_at = one + 1, other + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _grown(column, needed):  # type: ignore[no-untyped-def]
    """The column, or a copy of it with room for at least ``needed`` rows."""
    if needed <= column.shape[0]:
        return column
    larger = np.empty(max(needed, 2 * column.shape[0]), column.dtype)
    for row in range(column.shape[0]):
        larger[row] = column[row]
    return larger


@njit(cache=True, nogil=True, error_model="numpy")
def _end(where, row):  # type: ignore[no-untyped-def]
    """Where a token ends; ``where`` is `detector.text.tokens.Tokens.where`."""
    start, length, long_row, long_end = where
    size = length[row] & 63
    return np.int64(start[row] + size if size < 63 else long_end[np.searchsorted(long_row, row)])


@njit(cache=True, nogil=True, error_model="numpy")
def literal_spans(hashes, where, bounds, start, end, left, right):  # type: ignore[no-untyped-def]
    """The parts of each passage ``left[i]`` that its alignment with passage ``right[i]`` accounts for.

    ``where``: `detector.text.tokens.Tokens.where`; ``bounds``, ``start``, ``end``: tokens and code points of each
    passage. Returns ``whole`` (bool, n: nothing differs), ``indptr`` (int64, n + 1) and ``span_start``, ``span_end``
    (int32): all but the differing tokens where it is not whole, no row where it is. Punctuation between two differing
    tokens goes with them, any other with the literal beside it.
    """
    n, token_start = left.shape[0], where[0]
    whole, indptr = np.empty(n, np.bool_), np.zeros(n + 1, np.int64)
    span_start, span_end = np.empty(256, np.int32), np.empty(256, np.int32)
    place, scratch = np.empty(256, np.int64), np.empty(SCRATCH, np.uint64)
    filled = 0
    for pair in range(n):
        mine, other = left[pair], right[pair]
        first, stop = bounds[mine], bounds[mine + 1]
        length, base, row = stop - first, bounds[other], 0
        if bounds[other + 1] - base == length:
            while row < length and hashes[first + row] == hashes[base + row]:
                row += 1
            if row == length:
                whole[pair], indptr[pair + 1] = True, filled
                continue
        place = _grown(place, length)
        align(hashes, first, stop, base, bounds[other + 1], place, scratch)
        # Between two literals stands a differing token: there is at most one literal more than half the tokens.
        span_start, span_end = _grown(span_start, filled + length + 1), _grown(span_end, filled + length + 1)
        same, at, row = True, start[mine], 0
        while row < length:
            if place[row] >= 0:
                row += 1
                continue
            same = False
            if at < token_start[first + row]:
                span_start[filled], span_end[filled] = at, token_start[first + row]
                filled += 1
            while row < length and place[row] < 0:
                row += 1
            at = _end(where, first + row - 1)
        if not same and at < end[mine]:
            span_start[filled], span_end[filled] = at, end[mine]
            filled += 1
        whole[pair] = same
        indptr[pair + 1] = filled
    return whole, indptr, span_start[:filled].copy(), span_end[:filled].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(hashes, bounds, keys, by_passage, mine, other, place, anchor, scratch, kept, at):  # type: ignore[no-untyped-def]
    """Align two members of a cluster; ``kept[at + i]`` (int32) is the place of token i among the other's, or -1."""
    base = bounds[other[0]]
    if by_passage:
        align_passages(hashes, bounds, keys, mine[0], mine[1], other[0], other[1], place, anchor, scratch)
    else:
        align(hashes, bounds[mine[0]], bounds[mine[1]], base, bounds[other[1]], place, scratch)
    for row in range(bounds[mine[1]] - bounds[mine[0]]):
        kept[at + row] = place[row] - base if place[row] >= 0 else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _literals(holds, n, literal):  # type: ignore[no-untyped-def]
    """List the rows that hold, and n after them, in ``literal``; from here ``holds`` says of the gap before each of
    them whether it is a slot, as far as the representative tells. Returns their number."""
    n_literals, previous = 0, -1
    for row in range(n + 1):
        if row == n or holds[row]:
            literal[n_literals] = row
            holds[n_literals] = row - previous > 1
            previous = row
            n_literals += 1
    return n_literals


@njit(cache=True, nogil=True, error_model="numpy")
def template_gaps(hashes, kind, bounds, keys, indptr, first, last, differs, by_passage, clusters, n_kept, n_gaps):  # type: ignore[no-untyped-def]
    """What stands between the literals of clusters ``clusters[0]`` to ``clusters[1]``: each member's tokens.

    Members of cluster c are rows ``indptr[c]`` to ``indptr[c + 1]``, the representative first: passages ``first`` to
    ``last``; ``differs`` (bool): whether one is no copy of it (`detector.kernels.grouping.find_copies`); ``by_passage``
    (bool, a row per cluster): whether they are aligned passage by passage. A token that all members have is a literal,
    unless it is a mark; between two literals is a gap wherever some member has more tokens. ``n_kept`` places of tokens
    at most are remembered of the alignments of a cluster. Fills ``n_gaps`` (int64, a row per cluster). Returns
    ``begin``, ``until`` (int32): tokens of the member, counted from its first.
    """
    begin, until = np.empty(64, np.int32), np.empty(64, np.int32)
    place, anchor, scratch = np.empty(256, np.int64), np.empty(64, np.int64), np.empty(SCRATCH, np.uint64)
    literal, holds, gaps = np.empty(256, np.int32), np.empty(256, np.bool_), np.empty(256, np.int32)
    kept = np.empty(256, np.int32)
    filled = 0
    for cluster in range(clusters[0], clusters[1]):
        head, size = indptr[cluster], indptr[cluster + 1] - indptr[cluster]
        mine, whole = (np.int64(first[head]), np.int64(last[head])), by_passage[cluster]
        n = bounds[mine[1]] - bounds[mine[0]]
        n_gaps[cluster] = n_differing = 0
        for member in range(head, head + size):
            n_differing += differs[member]
        holds = _grown(holds, n + 1)
        n_marks = 0
        for row in range(n):
            holds[row] = kind[bounds[mine[0]] + row] < MARK
            n_marks += not holds[row]
        if n_differing == 0 and n_marks == 0:
            continue
        place, anchor = _grown(place, n), _grown(anchor, mine[1] - mine[0])
        literal, gaps = _grown(literal, n + 1), _grown(gaps, n + 1)
        # As many alignments are remembered as there is room for; the others are made again where they are needed.
        room = min(n_differing, n_kept // max(n, 1))
        kept = _grown(kept, (room + 1) * n)
        number = 0
        for member in range(size):
            if differs[head + member]:
                other = (np.int64(first[head + member]), np.int64(last[head + member]))
                at = min(number, room) * n
                _keep(hashes, bounds, keys, whole, mine, other, place, anchor, scratch, kept, at)
                for row in range(n):
                    holds[row] &= kept[at + row] >= 0
                number += 1
        n_literals = _literals(holds, n, literal)
        number = 0
        for member in range(size):
            if differs[head + member]:
                other = (np.int64(first[head + member]), np.int64(last[head + member]))
                at = min(number, room) * n
                if number >= room:
                    _keep(hashes, bounds, keys, whole, mine, other, place, anchor, scratch, kept, at)
                previous = np.int64(-1)
                for gap in range(n_literals - 1):
                    here = np.int64(kept[at + literal[gap]])
                    holds[gap] |= here - previous > 1
                    previous = here
                holds[n_literals - 1] |= bounds[other[1]] - bounds[other[0]] - previous > 1
                number += 1
        n_here = 0
        for gap in range(n_literals):
            if holds[gap]:
                gaps[n_here] = gap
                n_here += 1
        n_gaps[cluster] = n_here
        begin, until = _grown(begin, filled + n_here * size), _grown(until, filled + n_here * size)
        number = 0
        for member in range(size):
            other = (np.int64(first[head + member]), np.int64(last[head + member]))
            at = min(number, room) * n
            if differs[head + member]:
                if number >= room:
                    _keep(hashes, bounds, keys, whole, mine, other, place, anchor, scratch, kept, at)
                number += 1
            for gap in range(n_here):
                left = np.int64(literal[gaps[gap] - 1]) if gaps[gap] else np.int64(-1)
                right = np.int64(literal[gaps[gap]])
                row = filled + gap * size + member
                begin[row], until[row] = left + 1, right
                if differs[head + member]:
                    begin[row] = kept[at + left] + 1 if left >= 0 else 0
                    until[row] = kept[at + right] if right < n else bounds[other[1]] - bounds[other[0]]
        filled += n_here * size
    return begin[:filled], until[:filled]
