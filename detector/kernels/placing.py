"""Which matches of rules count, for the texts in which nothing but the rules themselves has to be asked.

`detector.rules.junk.junk_of` and `detector.rules.marks.marks_of` are the definitions, and do the other texts;
``tests/test_hits.py`` proves that both ways find the same.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_AFTER_BLANK, _SENTENCE = 1, 2
_ANY, _HEAD, _TAIL, _ENDS = 0, 1, 2, 3
_DONE, _LEFT = 1, 2
_MOST = 64
_MOST_PAIRS = 1 << 14


@njit(cache=True, nogil=True, error_model="numpy")
def _first_of(rule, place_of, begin, end, place):
    """The first rule of rows ``begin`` to ``end`` that is for a place, -1 if there is none."""
    for row in range(begin, end):
        if place_of[rule[row]] == place:
            return np.int64(rule[row])
    return np.int64(-1)


@njit(cache=True, nogil=True, error_model="numpy")
def _may_be_filled(plain, start, end, flags, last, at, short):
    """Whether the lines between junk lines ``last`` and ``at`` may be junk for that: all are short and part of no
    sentence, and there is no blank line."""
    for line in range(last + 1, at + 1):
        if flags[line] & _AFTER_BLANK:
            return False
    for line in range(last + 1, at):
        if end[line] - start[line] > short:
            return False
        for place in range(start[line], end[line]):
            point = plain[place]
            if point == 0x3002 or point == 0x21 or point == 0x3F or point == 0x3B or point == 0x2C:
                return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def place_lines(
    plain, start, end, line_indptr, flags, pair_indptr, pair_line, pair_rule, place_of, asks, edge, gap, short, state,
    line, rule,
):  # fmt: skip
    """The lines that rules call junk where they stand, each with the first of its rules; returns how many.

    Rows ``pair_indptr[d]`` to ``pair_indptr[d + 1]`` of ``pair_line`` and ``pair_rule`` are the lines of text d with
    the rules that match them, in order; ``place_of`` (uint8, by rule): 0 any, 1 head, 2 tail, 3 either end. Texts whose
    ``state`` (uint8) is 2 are left out; it becomes 1 where ``line`` (int64) and ``rule`` (int32) have rows, and 2
    where what stands around them must be asked: a rule ``asks`` (bool), or between two of them stand up to ``gap``
    lines of at most ``short`` characters.
    """
    n = 0
    for text in range(len(state)):
        low, high = line_indptr[text], line_indptr[text + 1]
        first, last = pair_indptr[text], pair_indptr[text + 1]
        if state[text] == _LEFT or first == last:
            continue
        begin = n
        head, tail = low, high
        for once in range(2):
            n = begin
            row = first
            is_placed = False
            while row < last:
                past, at = row + 1, pair_line[row]
                is_placed |= place_of[pair_rule[row]] != _ANY
                while past < last and pair_line[past] == at:
                    is_placed |= place_of[pair_rule[past]] != _ANY
                    past += 1
                found = _first_of(pair_rule, place_of, row, past, _ANY)
                if once:
                    if found < 0 and at < head:
                        found = _first_of(pair_rule, place_of, row, past, _HEAD)
                    if found < 0 and at >= tail:
                        found = _first_of(pair_rule, place_of, row, past, _TAIL)
                    if found < 0 and high - low > 1 and (at == low or at == high - 1):
                        found = _first_of(pair_rule, place_of, row, past, _ENDS)
                if found >= 0:
                    line[n], rule[n] = at, found
                    n += 1
                row = past
            if once or not is_placed:
                break
            head, row = low, begin
            while head < high and (not flags[head] & _SENTENCE or (row < n and line[row] == head)):
                row += row < n and line[row] == head
                head += 1
            tail, row = high - 1, n - 1
            while tail >= low and (not flags[tail] & _SENTENCE or (row >= begin and line[row] == tail)):
                row -= row >= begin and line[row] == tail
                tail -= 1
            head, tail = max(head, low + edge), min(tail + 1, high - edge)
        is_left = False
        for row in range(begin, n):
            is_left |= asks[rule[row]]
            if row > begin and 1 < line[row] - line[row - 1] <= gap + 1:
                is_left |= _may_be_filled(plain, start, end, flags, line[row - 1], line[row], short)
        if is_left:
            n = begin
        if is_left or n > begin:
            state[text] = _LEFT if is_left else _DONE
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _is_bracket(point):
    return point == 0x5B or point == 0x28 or point == 0x3010 or point == 0x3014


@njit(cache=True, nogil=True, error_model="numpy")
def _n_certain(plain, point, order, is_alive, start, rule, needs, is_mask):
    """At how many places certain placeholders begin with a character, or with a bracket before it."""
    n = 0
    last = np.int64(-1)
    for row in order:
        one = rule[row]
        if is_alive[row] and needs[one] == 0 and not is_mask[one] and start[row] != last:
            at = start[row]
            if plain[at] == point or (_is_bracket(plain[at]) and plain[at + 1] == point):
                n += 1
                last = at
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _guarded(start, end, rule, guard, guard_start, guard_end, affects, in_span, at_least, masks, counts, alive, masked):
    """Take out matches that guards keep back (``alive``, bool), and tell those that a guard calls ``masked`` (bool)."""
    for own in range(len(guard)):
        one = guard[own]
        if in_span[one]:
            for row in range(len(start)):
                if affects[one, rule[row]] and guard_start[own] < end[row] and guard_end[own] > start[row]:
                    alive[row] = False
        else:
            counts[one] += 1
    for row in range(len(start)):
        masked[row] = False
    for own in range(len(guard)):
        one = guard[own]
        if counts[one] and counts[one] >= at_least[one]:
            for row in range(len(start)):
                if affects[one, rule[row]]:
                    if masks[one]:
                        masked[row] = True
                    else:
                        alive[row] = False
        counts[one] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _without_overlaps(start, end, rule, is_mask, masked, alive, kept):
    """Which are ``kept`` (bool): of those that overlap the mask, then the longest, the first, the first rule."""
    for row in range(len(start)):
        kept[row] = False
    while True:
        best, best_masks = -1, False
        for row in range(len(start)):
            if not alive[row]:
                continue
            row_masks = masked[row] or is_mask[rule[row]]
            if best >= 0:
                longer = (end[row] - start[row]) - (end[best] - start[best])
                if row_masks != best_masks:
                    is_better = row_masks
                elif longer != 0:
                    is_better = longer > 0
                elif start[row] != start[best]:
                    is_better = start[row] < start[best]
                else:
                    is_better = rule[row] < rule[best]
            else:
                is_better = True
            if is_better:
                best, best_masks = row, row_masks
        if best < 0:
            break
        kept[best] = True
        for row in range(len(start)):
            alive[row] &= start[row] >= end[best] or end[row] <= start[best]


@njit(cache=True, nogil=True, error_model="numpy")
def settle_marks(
    plain, indptr, start, end, rule, needs, is_mask, guard_indptr, guard, guard_start, guard_end, affects, in_span,
    at_least, masks, state, found, found_masked,
):  # fmt: skip
    """The matches of rules of marks that count, in order and without overlaps; returns how many.

    Those of text d are rows ``indptr[d]`` to ``indptr[d + 1]`` of ``start``, ``end``, ``rule``, and by ``guard_indptr``
    its guards' matches of ``guard``, ``guard_start``, ``guard_end`` (int64 all). By rule: ``needs`` (int64), and
    whether it ``is_mask``. By guard: ``affects`` (bool, a column for each rule), whether it speaks of what it covers
    (``in_span``), otherwise how many matches it needs and whether it ``masks``. ``found`` (int64) becomes the rows,
    ``found_masked`` (bool) whether a guard says masked. Texts whose ``state`` (uint8) is 2 are left out, and it becomes
    2 where there are too many matches for this.
    """
    counts = np.zeros(len(in_span), np.int64)
    alive, masked, kept = np.empty(_MOST, np.bool_), np.empty(_MOST, np.bool_), np.empty(_MOST, np.bool_)
    order = np.empty(_MOST, np.int64)
    n_found = 0
    for text in range(len(state)):
        base, n = indptr[text], indptr[text + 1] - indptr[text]
        first, last = guard_indptr[text], guard_indptr[text + 1]
        if state[text] == _LEFT or n == 0:
            continue
        if n > _MOST or n * (last - first) > _MOST_PAIRS:
            state[text] = _LEFT
            continue
        own_start, own_end, own_rule = start[base : base + n], end[base : base + n], rule[base : base + n]
        for row in range(n):
            alive[row] = True
            at = row
            while at > 0 and own_start[order[at - 1]] > own_start[row]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = row
        _guarded(
            own_start, own_end, own_rule, guard[first:last], guard_start[first:last], guard_end[first:last], affects,
            in_span, at_least, masks, counts, alive, masked,
        )  # fmt: skip
        for row in range(n):
            one = own_rule[row]
            if alive[row] and needs[one] and needs[one] > _n_certain(
                plain, plain[own_start[row]], order[:n], alive, own_start, own_rule, needs, is_mask
            ):  # fmt: skip
                alive[row] = False
        _without_overlaps(own_start, own_end, own_rule, is_mask, masked, alive, kept)
        for row in order[:n]:
            if kept[row]:
                found[n_found], found_masked[n_found] = base + row, masked[row]
                n_found += 1
    return n_found
