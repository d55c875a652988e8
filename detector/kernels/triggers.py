"""Where rules can match: one pass folds texts, others find their lines, triggers and years; no pattern is tried here.

``tests/test_hits.py`` has the obvious version of each. Texts of a block stand one after the other in one buffer of
plain code points; text d is ``plain[bounds[d]:bounds[d + 1]]``, and nothing is ever read across such a bound.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_BREAK, _BLANK_OR_BREAK, _FOLLOWER, _OF_YEARS, _STOP = 2, 3, 4, 12, 16
_AFTER_BLANK, _SENTENCE = 1, 2
_YEAR, _CYCLE = 0x5E74, 0x5468
_FIRST_HAN, _N_HAN = np.uint32(0x3400), np.uint32(0xA000 - 0x3400)
_FIRST_KANA, _N_KANA = np.uint32(0x3041), np.uint32(0x30FB - 0x3041)
_BEGIN = 3
_TOGETHER = 4096
_NONE = np.uint64(0x1FFFFF)
_POINT_BITS = np.uint64(21)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_LAST_TRIPLE = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(32)


@njit(cache=True, nogil=True, error_model="numpy")
def fold_texts(points, start, stop, plain_of, plain, counts):  # type: ignore[no-untyped-def]
    """Write the plain form of each ``points[start[d]:stop[d]]`` to ``plain``, one after the other.

    ``counts`` (int64, n_texts x 3) becomes the Han characters of each, the Kana, and the Han that folding changed.
    """
    out = 0
    for text in range(len(start)):
        part = points[start[text] : stop[text]]
        simple = plain[out : out + part.shape[0]]
        for place in range(part.shape[0]):
            simple[place] = plain_of[part[place]]
        n_han = n_kana = n_changed = np.uint32(0)  # a loop of its own, and numbers as wide as characters: eight at once
        for place in range(part.shape[0]):
            point = part[place]
            is_han = np.uint32(point - _FIRST_HAN) < _N_HAN
            n_han += np.uint32(is_han)
            n_changed += np.uint32(is_han & (point != simple[place]))
            n_kana += np.uint32(np.uint32(point - _FIRST_KANA) < _N_KANA)
        counts[text, 0], counts[text, 1], counts[text, 2] = n_han, n_kana, n_changed
        out += part.shape[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _is_digit(point):  # type: ignore[no-untyped-def]
    return 0x30 <= point <= 0x39


@njit(cache=True, nogil=True, error_model="numpy")
def _closes(point):  # type: ignore[no-untyped-def]
    """A quotation mark or bracket that may follow the full stop of either script."""
    return point == 0x201D or point == 0x2019 or point == 0x22 or point == 0x27 or point == 0x29


@njit(cache=True, nogil=True, error_model="numpy")
def _is_sentence(plain, start, end, min_chars, min_words, has_stop):  # type: ignore[no-untyped-def]
    """`detector.rules.lines.is_sentence` of ``plain[start:end]``, which has no `_STOP` where ``has_stop`` is 0; of a
    long line few characters are looked at."""
    at = start
    if at < end and plain[at] == 0x28:
        at += 1
    n_digits = 0
    while n_digits < 3 and at < end and _is_digit(plain[at]):
        at += 1
        n_digits += 1
    if n_digits and at < end and (plain[at] == 0x2E or plain[at] == 0x29 or plain[at] == 0x3001):
        at += 1
        if at < end and plain[at] == 0x20:
            at += 1
        start = at
    length, n_spaces, is_ascii = end - start, 0, True
    enough = max(min_chars, 8 * min_words)
    at = start
    while at < end and (length < enough or (is_ascii and n_spaces + 1 < min_words)):
        n_spaces += plain[at] == 0x20
        is_ascii &= plain[at] < 0x80
        at += 1
    if length < enough or is_ascii:
        if is_ascii or n_spaces * 8 > length:
            if n_spaces + 1 < min_words:
                return False
        elif length < min_chars:
            return False
    at = end - 1
    only_common = True
    for _ in range(4):
        if at < start:
            break
        point = plain[at]
        if point == 0x3002 or point == 0x21 or point == 0x3F or point == 0x3B or point == 0x2026:
            return True
        if point == 0x2E and only_common:
            return True
        if not _closes(point):
            if point != 0x300D and point != 0x300F and point != 0x300B and point != 0x5D:
                break
            only_common = False
        at -= 1
    if length < 2 * min_chars or not has_stop:
        return False
    for at in range(start, end - 1):
        point = plain[at]
        if point == 0x3002 or point == 0x21 or point == 0x3F or point == 0x3B:
            return True
        if point == 0x2E:
            after = at + 1
            if plain[after] == 0x201D or plain[after] == 0x22:
                after += 1
            if after + 1 < end and plain[after] == 0x20:
                return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def find_lines(plain, bounds, shapes, min_chars, min_words, start, end, flags, indptr):  # type: ignore[no-untyped-def]
    """The non-blank lines of each text, without their surrounding blanks; returns how many.

    ``shapes`` (uint8, by code point) has bit 1 for blanks, bit 2 for what ends a line and bit 16 for what may end a
    sentence in it. ``start``, ``end`` (int64) are places in ``plain``; ``flags`` (uint8): 1 a blank line stands before
    it, 2 it is a sentence; the lines of text d become rows ``indptr[d]`` to ``indptr[d + 1]``.
    """
    n = 0
    for text in range(len(bounds) - 1):
        indptr[text] = n
        base = bounds[text]
        part = plain[base : bounds[text + 1]]
        size = part.shape[0]
        begin = n_feeds = n_returns = 0
        seen = np.uint8(0)
        for at in range(size + 1):
            shape = shapes[part[at]] if at < size else np.uint8(_BREAK)
            seen |= shape
            if not shape & _BREAK:
                continue
            last = at
            while begin < last and shapes[part[begin]] & _BLANK_OR_BREAK:
                begin += 1
            while begin < last and shapes[part[last - 1]] & _BLANK_OR_BREAK:
                last -= 1
            if begin < last:
                start[n], end[n] = base + begin, base + last
                breaks = n_feeds if n_feeds else n_returns
                flags[n] = _AFTER_BLANK if breaks > 1 else 0
                if _is_sentence(part, begin, last, min_chars, min_words, seen & _STOP):
                    flags[n] |= _SENTENCE
                n += 1
                n_feeds = n_returns = 0
            if at < size:
                n_feeds += part[at] == 0x0A
                n_returns += part[at] == 0x0D
            begin, seen = at + 1, np.uint8(0)
    indptr[len(bounds) - 1] = n
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _may_stand(plain, low, high, group, thirds, fourths, lengths, out):  # type: ignore[no-untyped-def]
    """The places from ``low`` to ``high`` where a trigger may begin, in ``out``, by `find_triggers`; returns how many.

    Two loops without a branch, as one in sixteen places is as good as any other.
    """
    n = 0
    ahead, next_ahead = np.int64(group[plain[low]]), np.int64(group[plain[low + 1]])
    for at in range(low, high):
        pair = ahead << 8 | next_ahead
        ahead, next_ahead = next_ahead, np.int64(group[plain[at + 2]])
        out[n] = at
        n += thirds[pair] >> (next_ahead & 7) & 1
    n_kept = 0
    for row in range(n):
        at = out[row]
        first, second = np.int64(group[plain[at]]), np.int64(group[plain[at + 1]])
        third, fourth = np.int64(group[plain[at + 2]]), np.int64(group[plain[at + 3]])
        out[n_kept] = at
        n_kept += (fourths[second << 8 | third] >> (fourth & 7) & 1) | (lengths[first << 8 | second] & 3 != 0)
    return n_kept


@njit(cache=True, nogil=True, error_model="numpy")
def find_triggers(  # type: ignore[no-untyped-def]
    plain, bounds, line_start, line_end, line_indptr, group, thirds, fourths, lengths, keys, key_first, key_last,
    points, indptr, in_span, rule_indptr, rule_of, max_chars, place, trigger, line, rule,
):  # fmt: skip
    """Every place of every trigger, and every pair of a line and a rule that has a trigger in it; returns both numbers.

    ``plain`` goes on for three characters. ``group`` (uint8, by code point) puts characters into 256 groups. By the
    groups of the first two characters ``thirds`` (uint8, 65536) has the lowest three bits of the groups of what can
    stand third in a trigger, which at most places is all there is to look at, and ``lengths`` (uint8) the lengths of
    triggers that begin so, 1, 2, and 4 for longer ones; by those of the second and third ``fourths`` has what can stand
    fourth. ``keys`` (uint64, a power of two, 0 is free) is an open table of 1 + the first `_BEGIN` characters (`_NONE`
    beyond the end of a shorter trigger), whose triggers are rows
    ``key_first`` to ``key_last`` of ``points`` by ``indptr``. Triggers with ``in_span`` get a row of ``place`` and
    ``trigger``; of a run of a trigger of one character only the first place. The rules ``rule_of`` (by
    ``rule_indptr``, per trigger) get a row of ``line`` and ``rule`` for each line of at most their ``max_chars`` that
    holds the trigger, once. Where the outputs are too short, what is over is only counted.
    """
    mask = np.uint64(len(keys) - 1)
    seen = np.full(len(max_chars), -1, np.int64)
    candidates = np.empty(_TOGETHER, np.int64)
    n_places = n_pairs = n_candidates = candidate = 0
    for text in range(len(bounds) - 1):
        low, high = bounds[text], bounds[text + 1]
        row, last_row = line_indptr[text], line_indptr[text + 1]
        looked = low
        while candidate < n_candidates or looked < high:
            if candidate == n_candidates:
                until = min(looked + _TOGETHER, high)
                n_candidates = _may_stand(plain, looked, until, group, thirds, fourths, lengths, candidates)
                looked, candidate = until, 0
                continue
            at = candidates[candidate]
            candidate += 1
            point = plain[at]
            while row < last_row and line_end[row] <= at:
                row += 1
            in_line = row < last_row and line_start[row] <= at
            of_begin = lengths[np.int64(group[point]) << 8 | np.int64(group[plain[at + 1]])]
            for begin_length in range(1, min(_BEGIN, high - at) + 1):
                if not of_begin >> (begin_length - 1) & 1:
                    continue
                key = np.uint64(0)
                for more in range(_BEGIN):
                    key = key << _POINT_BITS | (np.uint64(plain[at + more]) if more < begin_length else _NONE)
                key += np.uint64(1)
                slot = (((key ^ key >> _SHIFT) * _GOLDEN) >> _SHIFT) & mask
                while keys[slot] != 0 and keys[slot] != key:
                    slot = (slot + np.uint64(1)) & mask
                if keys[slot] == 0:
                    continue
                for number in range(key_first[slot], key_last[slot]):
                    begin, length = indptr[number], indptr[number + 1] - indptr[number]
                    if at + length > high:
                        continue
                    same = _BEGIN
                    while same < length and plain[at + same] == points[begin + same]:
                        same += 1
                    if same < length:
                        continue
                    if in_span[number] and (begin_length > 1 or at == low or plain[at - 1] != point):
                        if n_places < len(place):
                            place[n_places], trigger[n_places] = at, number
                        n_places += 1
                    if in_line and at + length <= line_end[row]:
                        size = line_end[row] - line_start[row]
                        for entry in range(rule_indptr[number], rule_indptr[number + 1]):
                            one = rule_of[entry]
                            if size <= max_chars[one] and seen[one] != row:
                                seen[one] = row
                                if n_pairs < len(line):
                                    line[n_pairs], rule[n_pairs] = row, one
                                n_pairs += 1
    return n_places, n_pairs


@njit(cache=True, nogil=True, error_model="numpy")
def find_years(plain, bounds, shapes, reach, place, n_stand_ins):  # type: ignore[no-untyped-def]
    """Years after which the same year or an anniversary stands within ``reach`` characters; returns how many.

    ``place`` (int64) becomes where their numbers begin; it must have room for all years. ``n_stand_ins`` (int64, per
    text) becomes the places where a number of one or two digits that ends a word stands before a character whose shape
    has bit 4; that of the character of years has bit 8.
    """
    n_kept = 0
    newest = np.full(200, -1, np.int64)
    wanted = np.zeros(len(place), np.bool_)
    for text in range(len(bounds) - 1):
        low, high = bounds[text], bounds[text + 1]
        n = first = n_kept
        n_signs = 0
        for at in range(low + 1, high):
            point = plain[at]
            if not shapes[point] & _OF_YEARS:
                continue
            if shapes[point] & _FOLLOWER and at >= low + 2 and _is_digit(plain[at - 1]):
                before = plain[at - 2]
                n_signs += _is_digit(before) or 0x3400 <= before <= 0x9FFF or 0x61 <= before <= 0x7A
            if point != _YEAR:
                continue
            if plain[at - 1] == _CYCLE:
                back = n - 1
                while back >= first and at - place[back] <= reach:
                    wanted[back] = True
                    back -= 1
                continue
            if at - low < 4 or not (_is_digit(plain[at - 1]) and _is_digit(plain[at - 2])):
                continue
            century = plain[at - 4] * 16 + plain[at - 3]
            if century != 0x31 * 16 + 0x39 and century != 0x32 * 16 + 0x30:
                continue
            year = (plain[at - 4] - 0x31) * 100 + (plain[at - 2] - 0x30) * 10 + plain[at - 1] - 0x30
            back = newest[year]
            if first <= back < n and at - place[back] <= reach:
                wanted[back] = True
            if at - low < 5 or not _is_digit(plain[at - 5]):
                place[n], wanted[n] = at - 4, False
                newest[year] = n
                n += 1
        for back in range(first, n):
            if wanted[back]:
                place[n_kept] = place[back]
                n_kept += 1
        for year in range(200):
            newest[year] = -1
        n_stand_ins[text] = n_signs
    return n_kept


@njit(cache=True, nogil=True, error_model="numpy")
def hash_edges(plain, start, end, flags, indptr, n_edge, max_chars, row, hashes):  # type: ignore[no-untyped-def]
    """Hashes of the lines at either edge of texts of two lines or more, a run of digits as one; returns how many.

    Only lines of at most ``max_chars`` that are no sentence; ``row`` (int64) is their row, ``hashes`` uint64.
    """
    n = 0
    for text in range(len(indptr) - 1):
        low, high = indptr[text], indptr[text + 1]
        if high - low < 2:
            continue
        tail = max(low + n_edge, high - n_edge)
        for line in range(low, high):
            if low + n_edge <= line < tail or end[line] - start[line] > max_chars or flags[line] & _SENTENCE:
                continue
            value = _GOLDEN
            in_number = False
            for at in range(start[line], end[line]):
                digit = _is_digit(plain[at])
                if not (digit and in_number):
                    value = (value ^ (np.uint64(0x30) if digit else np.uint64(plain[at]))) * _LAST_TRIPLE
                    value ^= value >> _SHIFT
                in_number = digit
            row[n], hashes[n] = line, value
            n += 1
    return n
