"""Compiled passes over the lines of what may be a scraped page: what each holds, and whether the text is one.

`detector.rules.pages` names the columns; ``tests/test_pages.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SINGLE, _LETTER, _DIGIT, _EXTENDER = 1, 2, 3, 4
_MIX = np.uint64(0xC4CEB9FE1A85EC53)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)
_NUMBER = np.uint64(0x30)
_LONGER = 1 << 15
_MAX_UNITS = 256
_MAX_PHRASE = 6
_END, _COMMA, _RULE, _QUOTE, _CLOSE, _MORE, _SIGN, _COLON = 1, 2, 4, 8, 16, 32, 64, 128
_CHARS, _WORDS, _HAN, _ENDS, _COMMAS, _DIGITS, _UPPER, _RULES, _QUOTES, _FLAGS, _SEEN = range(11)
_LETTERS, _LONG, _TITLED, _JOINED, _CLASS = range(11, 16)
_AT_END, _AT_MORE, _IS_DATE, _IS_TIME, _IS_LINK, _AT_COLON = 1, 2, 4, 8, 16, 32
_FROM_UPPER, _FROM_LOWER, _FROM_DIGIT, _TO_LETTER, _TO_DIGIT = 64, 128, 256, 512, 1024
_LONG_WORD = 4
_MOST_OF_PAGES = 8


@njit(cache=True, nogil=True, error_model="numpy")
def _mixed(value, point):
    """A hash with one value more (uint64, modulo 2**64)."""
    value = (value ^ point) * _MIX
    return value ^ (value >> _SHIFT)


@njit(cache=True, nogil=True, error_model="numpy")
def _phrase(unit_hash, unit, n_units, keys, masks):
    """The classes of the longest phrase that begins with a unit (bits, 0: there is none), and how many units it has."""
    mask = np.uint64(len(keys) - 1)
    value, found, length = _GOLDEN, 0, 1
    for more in range(min(_MAX_PHRASE, n_units - unit)):
        value = _mixed(value, unit_hash[unit + more])
        key = value | np.uint64(1)
        slot = (key >> _SHIFT) & mask
        while keys[slot] != 0 and keys[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        if keys[slot] == 0:
            break
        if masks[slot] & (_LONGER - 1):
            found, length = masks[slot] & (_LONGER - 1), more + 1
        if not masks[slot] & _LONGER:
            break
    return found, length


@njit(cache=True, nogil=True, error_model="numpy")
def count_lines(plain, points, shift, start, end, classes, signs, upper, keys, masks, n_classes, counts, hashes):
    """What each line ``plain[start[r]:end[r]]`` holds, in ``counts`` (int32, a row each), and its hash (uint64).

    ``points[at + shift[r]]`` is the raw character of ``plain[at]``; ``classes`` (uint8) those of
    `detector.text.folding.CharacterTable`, ``signs`` (uint8) bits of punctuation, ``upper`` (bool) capitals, all by
    code point; ``keys`` (uint64, a power of two, 0 is free) and ``masks`` (uint16) are phrases by the hash of their
    units: a bit for each class, bit 15 where a longer phrase begins so. Columns: characters, words, single characters,
    ends of sentences, commas, digits, capitals, rules, quotation marks, flags, characters of the units that were looked
    up, letters, words of at least four letters, those of them that begin with a capital, capitals just behind a small
    letter or the end of a sentence, then characters that a phrase of each class covers, and those that any but the last
    three covers.
    """
    unit_hash = np.empty(_MAX_UNITS, np.uint64)
    unit_size = np.empty(_MAX_UNITS, np.int32)
    for row in range(len(start)):
        low, high, back = start[row], end[row], shift[row]
        n_units, in_word, in_number, was_dot = 0, False, False, False
        n_words = n_han = n_ends = n_commas = n_digits = n_upper = n_rules = n_quotes = flags = 0
        n_letters = n_long = n_titled = n_joined = of_word = 0
        was_small = was_end = titled = False
        whole = _GOLDEN
        year = number = 0
        for at in range(low, high):
            point = plain[at]
            kind = classes[point]
            whole = _mixed(whole, np.uint64(point))
            if kind == _DIGIT:
                if not in_number:
                    number, year = 0, 0
                number += 1
                if 0x30 <= point <= 0x39:
                    year = (year * 10 + int(point) - 0x30) % 100000
                n_digits += 1
            else:
                if in_number and at + 1 < high and classes[plain[at + 1]] == _DIGIT:
                    if (
                        number == 4
                        and 1980 <= year <= 2039
                        and (point == 0x2D or point == 0x2F or point == 0x2E or point == 0x5E74)
                    ):
                        flags |= _IS_DATE
                    if number <= 2 and (point == 0x3A):
                        flags |= _IS_TIME
                if in_number and number == 4 and 1980 <= year <= 2039 and high - low <= 60:
                    flags |= _IS_DATE
            if kind == _LETTER or (kind == _EXTENDER and in_word):
                big = upper[points[at + back]]
                n_joined += big and (was_small or was_end)
                was_small, was_end = not big, False
                n_letters += 1
                if not in_word:
                    n_words += 1
                    n_upper += big
                    of_word, titled = 0, big
                    if n_units < _MAX_UNITS:
                        unit_hash[n_units], unit_size[n_units] = _GOLDEN, 0
                    n_units += 1
                if n_units <= _MAX_UNITS:
                    unit_hash[n_units - 1] = _mixed(unit_hash[n_units - 1], np.uint64(point))
                    unit_size[n_units - 1] += 1
                of_word += 1
                if of_word == _LONG_WORD:
                    n_long += 1
                    n_titled += titled
                in_word, in_number = True, False
            elif kind == _DIGIT:
                if not in_number:
                    if n_units < _MAX_UNITS:
                        unit_hash[n_units], unit_size[n_units] = _mixed(_GOLDEN, _NUMBER), 0
                    n_units += 1
                if n_units <= _MAX_UNITS:
                    unit_size[n_units - 1] += 1
                in_word, in_number = False, True
            else:
                in_word = in_number = False
                if kind == _SINGLE:
                    n_han += 1
                    if n_units < _MAX_UNITS:
                        unit_hash[n_units], unit_size[n_units] = _mixed(_GOLDEN, np.uint64(point)), 1
                    n_units += 1
                else:
                    sign = signs[point]
                    if sign:
                        if sign & _END:
                            if point != 0x2E:
                                n_ends += 1
                            elif at + 1 == high or plain[at + 1] == 0x20 or signs[plain[at + 1]] & (_CLOSE | _QUOTE):
                                n_ends += not was_dot
                        n_commas += sign & _COMMA != 0
                        n_rules += sign & _RULE != 0
                        n_quotes += sign & _QUOTE != 0
                        if sign & _SIGN:
                            flags |= _IS_LINK
            if kind != _LETTER and kind != _EXTENDER:
                was_small, was_end = False, signs[point] & _END != 0
            was_dot = point == 0x2E
        if number == 4 and in_number and 1980 <= year <= 2039 and high - low <= 60:
            flags |= _IS_DATE
        at = high - 1
        while at > low and at > high - 4 and signs[plain[at]] & _CLOSE:
            at -= 1
        if high > low:
            if signs[plain[at]] & _END:
                flags |= _AT_END
            if signs[plain[at]] & _MORE or (plain[at] == 0x2E and at > low and plain[at - 1] == 0x2E):
                flags |= _AT_MORE
            if signs[plain[at]] & _COLON:
                flags |= _AT_COLON
            kind = classes[plain[low]]
            if kind == _LETTER:
                flags |= _FROM_UPPER if upper[points[low + back]] else _FROM_LOWER
            elif kind == _DIGIT:
                flags |= _FROM_DIGIT
            kind = classes[plain[high - 1]]
            if kind in (_LETTER, _SINGLE, _EXTENDER):
                flags |= _TO_LETTER
            elif kind == _DIGIT:
                flags |= _TO_DIGIT
        counts[row, _CHARS], counts[row, _WORDS], counts[row, _HAN] = high - low, n_words, n_han
        counts[row, _ENDS], counts[row, _COMMAS], counts[row, _DIGITS] = n_ends, n_commas, n_digits
        counts[row, _UPPER], counts[row, _RULES], counts[row, _QUOTES] = n_upper, n_rules, n_quotes
        counts[row, _FLAGS], counts[row, _LETTERS], counts[row, _LONG] = flags, n_letters, n_long
        counts[row, _TITLED], counts[row, _JOINED] = n_titled, n_joined
        hashes[row] = whole
        n_units = min(n_units, _MAX_UNITS)
        for column in range(n_classes + 1):
            counts[row, _CLASS + column] = 0
        unit = seen = 0
        while unit < n_units:
            found, length = _phrase(unit_hash, unit, n_units, keys, masks)
            size = 0
            for more in range(length):
                size += unit_size[unit + more]
            seen += size
            if found:
                any_of = False
                for column in range(n_classes):
                    if found >> column & 1:
                        counts[row, _CLASS + column] += size
                        any_of |= column < n_classes - 3
                if any_of:
                    counts[row, _CLASS + n_classes] += size
            unit += length
        counts[row, _SEEN] = seen


@njit(cache=True, nogil=True, error_model="numpy")
def count_repeats(hashes, seen, out):
    """How often each hash stands in ``hashes`` (``out``, int32); ``seen`` (int32, a power of two > 2n) is scratch."""
    mask = np.uint64(len(seen) - 1)
    seen[:] = -1
    for row in range(len(hashes)):
        slot = (hashes[row] >> _SHIFT) & mask
        while seen[slot] >= 0 and hashes[seen[slot]] != hashes[row]:
            slot = (slot + np.uint64(1)) & mask
        if seen[slot] < 0:
            seen[slot] = row
            out[row] = 0
        out[seen[slot]] += 1
    for row in range(len(hashes)):
        slot = (hashes[row] >> _SHIFT) & mask
        while hashes[seen[slot]] != hashes[row]:
            slot = (slot + np.uint64(1)) & mask
        out[row] = out[seen[slot]]


@njit(cache=True, nogil=True, error_model="numpy")
def may_be_pages(start, end, flags, indptr, limits, out):
    """Whether a text has enough lines, not too many, and enough short ones that are no sentence (``out``, bool).

    ``limits`` (float64): `detector.rules.pages.Gate`.
    """
    for text in range(len(out)):
        n_short = 0
        n = indptr[text + 1] - indptr[text]
        for row in range(indptr[text], indptr[text + 1]):
            n_short += end[row] - start[row] < 60 and flags[row] & 2 == 0
        out[text] = limits[0] <= n <= limits[1] and n_short >= limits[2] * n


@njit(cache=True, nogil=True, error_model="numpy")
def _is_of_pages(plain, low, high, classes, keys, masks, unit_hash, unit_size):
    """Whether a line is nothing but words of pages, as `signs_of_page` has it; most are too long, and soon left."""
    tenths, in_word = 0, False
    for at in range(low, high):
        kind = classes[plain[at]]
        if kind == _SINGLE:
            tenths += 6
            in_word = False
        elif kind == _LETTER or (kind == _EXTENDER and in_word):
            tenths += 0 if in_word else 10
            in_word = True
        else:
            in_word = False
        if tenths >= 10 * _MOST_OF_PAGES:
            return False
    n_units, in_word, in_number = 0, False, False
    for at in range(low, high):
        point = plain[at]
        kind = classes[point]
        is_letter = kind == _LETTER or (kind == _EXTENDER and in_word)
        is_digit = kind == _DIGIT
        if (is_letter and not in_word) or (is_digit and not in_number) or kind == _SINGLE:
            if n_units < _MAX_UNITS:
                unit_hash[n_units], unit_size[n_units] = _mixed(_GOLDEN, _NUMBER) if is_digit else _GOLDEN, 0
            n_units += 1
        if (is_letter or is_digit or kind == _SINGLE) and n_units <= _MAX_UNITS:
            if not is_digit:
                unit_hash[n_units - 1] = _mixed(unit_hash[n_units - 1], np.uint64(point))
            unit_size[n_units - 1] += 1
        in_word, in_number = is_letter, is_digit
    n_units = min(n_units, _MAX_UNITS)
    unit = seen = of_pages = 0
    while unit < n_units:
        found, length = _phrase(unit_hash, unit, n_units, keys, masks)
        size = 0
        for more in range(length):
            size += unit_size[unit + more]
        seen += size
        for column in range(4):
            of_pages += size * (found >> column & 1)
        unit += length
    return of_pages >= 0.6 * max(seen, 1)


@njit(cache=True, nogil=True, error_model="numpy")
def keep_pages(plain, start, end, line_indptr, classes, keys, masks, out):
    """Take back ``out`` (bool) of the texts without a line that `signs_of_page` counts, which then says 0 of them."""
    unit_hash, unit_size = np.empty(_MAX_UNITS, np.uint64), np.empty(_MAX_UNITS, np.int32)
    for text in range(len(out)):
        row, last = line_indptr[text], line_indptr[text + 1]
        while out[text] and not _is_of_pages(
            plain, start[row], end[row], classes, keys, masks, unit_hash, unit_size
        ):  # fmt: skip
            row += 1
            out[text] = row < last


@njit(cache=True, nogil=True, error_model="numpy")
def signs_of_page(counts, repeats, limits):
    """2 if enough different short lines are made of words of pages, 1 if one is; equal lines count as one."""
    n_short = 0
    n_all = n_chrome = 0.0
    for row in range(len(counts)):
        units = counts[row, _WORDS] + 0.6 * counts[row, _HAN]
        n_short += units < 7
        n_all += 1.0 / repeats[row]
        of_pages = 0
        for column in range(4):
            of_pages += counts[row, _CLASS + column]
        if units < _MOST_OF_PAGES and of_pages >= 0.6 * max(counts[row, _SEEN], 1):
            n_chrome += 1.0 / repeats[row]
    n_chrome += 1e-6
    short = n_short / len(counts)
    some = n_chrome >= limits[3] and n_chrome >= limits[4] * n_all and short >= limits[5]
    many = n_chrome >= limits[6] and n_chrome >= limits[7] * n_all and short >= limits[8]
    return 2 if some or many else 1 if n_chrome >= 1 else 0


@njit(cache=True, nogil=True, error_model="numpy")
def count_pages(
    plain, points, back, start, end, line_indptr, texts, indptr, classes, signs, upper, keys, masks, n_classes,
    limits, counts, repeats, signs_of,
):  # fmt: skip
    """Counts of the lines of ``texts`` (int64) and how often each stands there, and `signs_of_page` of the text.

    The lines of the n-th are rows ``indptr[n]`` to ``indptr[n + 1]`` of ``counts`` and ``repeats`` (int32); raw
    characters of text d stand ``back[d]`` (int64) after the plain ones.
    """
    for number in range(len(texts)):
        text = texts[number]
        low, high = line_indptr[text], line_indptr[text + 1]
        first, last = indptr[number], indptr[number + 1]
        n = high - low
        hashes, shift = np.empty(n, np.uint64), np.empty(n, np.int64)
        shift[:] = back[text]
        count_lines(
            plain, points, shift, start[low:high], end[low:high], classes, signs, upper, keys, masks, n_classes,
            counts[first:last], hashes,
        )  # fmt: skip
        size = 16
        while size <= 2 * n:
            size *= 2
        count_repeats(hashes, np.empty(size, np.int32), repeats[first:last])
        signs_of[number] = signs_of_page(counts[first:last], repeats[first:last], limits)
