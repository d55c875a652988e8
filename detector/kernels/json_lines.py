"""JSON Lines to columns in one pass; ``json.loads`` is the oracle, and what is not plain is refused.

Every byte is read by the grammar, also that of fields nobody asked for. Refused are, beside what is no JSON: bytes that
are not UTF-8, halves of surrogate pairs, NaN and infinities, keys with escapes, fields that a line has twice, numbers
of thousands of digits, deep nesting. A line feed ends everything: no state goes past one, so that the data, which ends
with one, is never left.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

NOTHING, STRING, ESCAPED, INTEGER = range(4)
"""What a field is: not there or null, a string, a string with escapes, a whole number."""

REFUSED = -1
MAX_DIGITS = 4000
MAX_DEPTH = 60
_FEED, _RETURN, _QUOTE, _COMMA, _MINUS, _DOT, _ZERO, _COLON, _BACKSLASH = 10, 13, 34, 44, 45, 46, 48, 58, 92
_OPEN_LIST, _CLOSE_LIST, _OPEN, _CLOSE = 91, 93, 123, 125
_BYTE, _STEP = np.uint8, 32
_ESCAPES = np.array([list(b'n"\\/trbf'), list(b'\n"\\/\t\r\b\f')], np.uint8)
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _BACKSLASHES, _SPACES = np.uint64(0x22) * _ONES, np.uint64(0x5C) * _ONES, np.uint64(0x20) * _ONES


@njit(cache=True, nogil=True, error_model="numpy")
def _is_utf8(data):  # type: ignore[no-untyped-def]
    """Whether data that begins with a brace is UTF-8, without a branch, so that many bytes are looked at together."""
    for i in range(1, min(3, data.shape[0])):
        if data[i] >= 0x80 and (i == 1 or data[i] < 0xC2 or data[i] > 0xF4):
            return False
    n = data.shape[0] - 3
    # Slices of one length, because the compiler does not see that four places of one array move along together.
    bytes_, ones, twos, threes = data[3:], data[2 : n + 2], data[1 : n + 1], data[0:n]
    wrong = _BYTE(0)
    for i in range(n):
        byte, one, two, three = bytes_[i], ones[i], twos[i], threes[i]
        bad = _BYTE((byte & _BYTE(0xC0)) == _BYTE(0x80)) ^ _BYTE(
            (one >= _BYTE(0xC0)) | (two >= _BYTE(0xE0)) | (three >= _BYTE(0xF0))
        )
        bad |= _BYTE((byte & _BYTE(0xFE)) == _BYTE(0xC0)) | _BYTE(byte >= _BYTE(0xF5))
        bad |= _BYTE((one == _BYTE(0xE0)) & (byte < _BYTE(0xA0))) | _BYTE((one == _BYTE(0xED)) & (byte >= _BYTE(0xA0)))
        bad |= _BYTE((one == _BYTE(0xF0)) & (byte < _BYTE(0x90))) | _BYTE((one == _BYTE(0xF4)) & (byte >= _BYTE(0x90)))
        wrong = _BYTE(wrong | bad)
    return wrong == 0


@njit(cache=True, nogil=True, error_model="numpy")
def _plain_end(data, words, at):  # type: ignore[no-untyped-def]
    """The first quote, backslash or control character from ``at`` on; eight bytes are looked at together."""
    while at & 7:
        byte = data[at]
        if (byte == _QUOTE) | (byte == _BACKSLASH) | (byte < 0x20):
            return at
        at += 1
    place = at >> 3
    while place < words.shape[0]:
        word = words[place]
        quotes, slashes = word ^ _QUOTES, word ^ _BACKSLASHES
        # A byte of zero, or one below 0x20, is all that borrows into the highest bit where that was not set.
        hit = ((quotes - _ONES) & ~quotes) | ((slashes - _ONES) & ~slashes) | ((word - _SPACES) & ~word)
        if hit & _HIGHS:
            break
        place += 1
    at = place << 3
    while True:
        byte = data[at]
        if (byte == _QUOTE) | (byte == _BACKSLASH) | (byte < 0x20):
            return at
        at += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _hexadecimal(data, at):  # type: ignore[no-untyped-def]
    """The number that four digits stand for, negative where they are none."""
    number = np.int64(0)
    for place in range(at, at + 4):
        digit = np.int64(data[place])
        if 48 <= digit <= 57:
            digit -= 48
        elif 65 <= digit <= 70 or 97 <= digit <= 102:
            digit = (digit & 0x5F) - 55
        else:
            return -1
        number = number << 4 | digit
    return number


@njit(cache=True, nogil=True, error_model="numpy")
def _escape(data, at):  # type: ignore[no-untyped-def]
    """The character of the escape whose backslash is at ``at``, negative where there is none, and where it ends."""
    name = data[at + 1]
    for place in range(_ESCAPES.shape[1]):
        if name == _ESCAPES[0, place]:
            return np.int64(_ESCAPES[1, place]), at + 2
    if name != 117:
        return np.int64(-1), at
    first = _hexadecimal(data, at + 2)
    if first < 0xD800 or first > 0xDFFF:
        return first, at + 6
    if first > 0xDBFF or data[at + 6] != _BACKSLASH or data[at + 7] != 117:
        return np.int64(-1), at
    second = _hexadecimal(data, at + 8)
    if second < 0xDC00 or second > 0xDFFF:
        return np.int64(-1), at
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), at + 12


@njit(cache=True, nogil=True, error_model="numpy")
def _string(data, words, at):  # type: ignore[no-untyped-def]
    """Where the string ends whose first character is at ``at`` (its closing quote, or negative), and has it escapes?"""
    has_escapes = False
    while True:
        at = _plain_end(data, words, at)
        if data[at] == _QUOTE:
            return at, has_escapes
        if data[at] != _BACKSLASH:
            return -1, False
        point, at = _escape(data, at)
        if point < 0:
            return -1, False
        has_escapes = True


@njit(cache=True, nogil=True, error_model="numpy")
def _copy(data, at, size, values, n):  # type: ignore[no-untyped-def]
    """Copy ``size`` bytes to ``values[n:]``, in whole steps where both have room: what is behind is written later."""
    if at + size + _STEP <= data.shape[0] and n + size + _STEP <= values.shape[0]:
        for step in range(0, size, _STEP):
            source, target = data[at + step : at + step + _STEP], values[n + step : n + step + _STEP]
            for place in range(_STEP):
                target[place] = source[place]
    else:
        for place in range(size):
            values[n + place] = data[at + place]


@njit(cache=True, nogil=True, error_model="numpy")
def _unescape(data, words, at, values, n):  # type: ignore[no-untyped-def]
    """Write the string whose first character is at ``at`` to ``values[n:]``; its closing quote (or negative), new n."""
    while True:
        end = _plain_end(data, words, at)
        _copy(data, at, end - at, values, n)
        n += end - at
        if data[end] == _QUOTE:
            return end, n
        if data[end] != _BACKSLASH:
            return -1, n
        point, at = _escape(data, end)
        if point < 0:
            return -1, n
        if point < 0x80:
            values[n] = point
            n += 1
        elif point < 0x800:
            values[n], values[n + 1] = 0xC0 | point >> 6, 0x80 | point & 0x3F
            n += 2
        elif point < 0x10000:
            values[n], values[n + 1] = 0xE0 | point >> 12, 0x80 | point >> 6 & 0x3F
            values[n + 2] = 0x80 | point & 0x3F
            n += 3
        else:
            values[n], values[n + 1] = 0xF0 | point >> 18, 0x80 | point >> 12 & 0x3F
            values[n + 2], values[n + 3] = 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F
            n += 4


@njit(cache=True, nogil=True, error_model="numpy")
def _after_space(data, at):  # type: ignore[no-untyped-def]
    while data[at] == 0x20 or data[at] == 0x09 or data[at] == _RETURN:
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _after_digits(data, at):  # type: ignore[no-untyped-def]
    """The end of a run of digits, negative where it has none."""
    begin = at
    while 48 <= data[at] <= 57:
        at += 1
    return at if at > begin else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _number(data, at):  # type: ignore[no-untyped-def]
    """Where the number ends that begins at ``at`` (negative: it is none), and is it a whole one?"""
    begin, is_whole = at, True
    if data[at] == _MINUS:
        at += 1
    at = at + 1 if data[at] == _ZERO else _after_digits(data, at)
    if at >= 0 and data[at] == _DOT:
        is_whole = False
        at = _after_digits(data, at + 1)
    if at >= 0 and data[at] | 0x20 == 101:
        is_whole = False
        at += 1
        if data[at] == 43 or data[at] == _MINUS:
            at += 1
        at = _after_digits(data, at)
    return (at if at - begin <= MAX_DIGITS else -1), is_whole


@njit(cache=True, nogil=True, error_model="numpy")
def _word(data, at):  # type: ignore[no-untyped-def]
    """Where ``true``, ``false`` or ``null`` ends, negative where none of them is."""
    first, second = data[at], data[at + 1]
    if first == 116 and second == 114 and data[at + 2] == 117 and data[at + 3] == 101:
        return at + 4
    if first == 110 and second == 117 and data[at + 2] == 108 and data[at + 3] == 108:
        return at + 4
    if first == 102 and second == 97 and data[at + 2] == 108 and data[at + 3] == 115 and data[at + 4] == 101:
        return at + 5
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def _after_key(data, words, at):  # type: ignore[no-untyped-def]
    """Where the value begins whose key begins at ``at``, negative where there is no key."""
    if data[at] != _QUOTE:
        return -1
    at, _ = _string(data, words, at + 1)
    if at < 0:
        return -1
    at = _after_space(data, at + 1)
    return _after_space(data, at + 1) if data[at] == _COLON else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _after_value(data, words, at):  # type: ignore[no-untyped-def]
    """Where the value ends that begins at ``at``, negative where there is none that is valid and not too deep."""
    objects, depth = np.uint64(0), 0
    while True:
        first = data[at]
        opened = False
        if (first == _OPEN) | (first == _OPEN_LIST):
            at = _after_space(data, at + 1)
            if data[at] == (_CLOSE if first == _OPEN else _CLOSE_LIST):
                at += 1
            else:
                depth += 1
                objects = objects << np.uint64(1) | np.uint64(first == _OPEN)
                opened = True
                if first == _OPEN:
                    at = _after_key(data, words, at)
        elif first == _QUOTE:
            at, _ = _string(data, words, at + 1)
            at = at + 1 if at >= 0 else -1
        elif first == _MINUS or 48 <= first <= 57:
            at, _ = _number(data, at)
        else:
            at = _word(data, at)
        if at < 0 or depth > MAX_DEPTH:
            return -1
        while not opened:
            if depth == 0:
                return at
            at = _after_space(data, at)
            is_object = objects & np.uint64(1)
            if data[at] == _COMMA:
                at = _after_space(data, at + 1)
                if is_object:
                    at = _after_key(data, words, at)
                    if at < 0:
                        return -1
                opened = True
            elif data[at] == (_CLOSE if is_object else _CLOSE_LIST):
                objects >>= np.uint64(1)
                depth -= 1
                at += 1
            else:
                return -1


@njit(cache=True, nogil=True, error_model="numpy")
def _field(data, begin, end, names, bounds):  # type: ignore[no-untyped-def]
    """Which of the wanted names stands at ``begin`` to ``end``, -1 for none."""
    for field in range(bounds.shape[0] - 1):
        size = bounds[field + 1] - bounds[field]
        if size == end - begin:
            same = True
            for place in range(size):
                same &= names[bounds[field] + place] == data[begin + place]
            if same:
                return field
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def _line(data, words, at, row, names, bounds, values, n, kinds, spans):  # type: ignore[no-untyped-def]
    """Read one line, whose text goes to ``values[n:]``; the end of the line (or negative), new n."""
    has_text = False
    for field in range(kinds.shape[1]):
        kinds[row, field] = -1
    if data[at] != _OPEN:
        return -1, n
    at = _after_space(data, at + 1)
    while True:
        if data[at] != _QUOTE:
            return -1, n
        begin = at + 1
        at, has_escapes = _string(data, words, begin)
        if at < 0 or has_escapes:
            return -1, n
        field = _field(data, begin, at, names, bounds)
        at = _after_space(data, at + 1)
        if data[at] != _COLON:
            return -1, n
        at = _after_space(data, at + 1)
        if field < 0:
            at = _after_value(data, words, at)
        elif field == 0:
            if has_text or data[at] != _QUOTE:
                return -1, n
            spans[row, 0, 0] = at
            at, n = _unescape(data, words, at + 1, values, n)
            at = at + 1 if at >= 0 else -1
            spans[row, 0, 1] = at
            has_text = True
        else:
            if kinds[row, field] >= 0:
                return -1, n
            begin = at
            if data[at] == _QUOTE:
                at, has_escapes = _string(data, words, at + 1)
                at = at + 1 if at >= 0 else -1
                kinds[row, field] = ESCAPED if has_escapes else STRING
            elif data[at] == 110:
                at = _word(data, at)
                kinds[row, field] = NOTHING
            else:
                at, is_whole = _number(data, at)
                if field != 1 or not is_whole:
                    return -1, n
                kinds[row, field] = INTEGER
            spans[row, field, 0], spans[row, field, 1] = begin, at
        if at < 0:
            return -1, n
        at = _after_space(data, at)
        if data[at] == _CLOSE:
            break
        if data[at] != _COMMA:
            return -1, n
        at = _after_space(data, at + 1)
    at += 1
    if data[at] == _RETURN:
        at += 1
    return (at if has_text and data[at] == _FEED else -1), n


@njit(cache=True, nogil=True, error_model="numpy")
def parse_lines(data, words, names, bounds, values, offsets, kinds, spans):  # type: ignore[no-untyped-def]
    """Read lines of one object each; the number of lines, or `REFUSED`.

    ``data``: uint8, ends with a line feed; ``words``: its whole words (uint64). The wanted fields are
    ``names[bounds[f]:bounds[f + 1]]`` (uint8, int64): the text, the id, and others. Filled are ``values`` (uint8, as
    long as ``data``), ``offsets`` (int64, lines + 1) with the texts; ``spans`` (int64, lines x fields x 2) with begin
    and end of each field in ``data``, quotes included; ``kinds`` (int8, lines x fields; negative or `NOTHING`: none) of
    fields other than the text. Only an id may be a number, a whole one.
    """
    if data.shape[0] == 0 or data[0] != _OPEN or not _is_utf8(data):
        return REFUSED
    at, row, n = np.int64(0), np.int64(0), np.int64(0)
    offsets[0] = 0
    while at < data.shape[0]:
        at, n = _line(data, words, at, row, names, bounds, values, n, kinds, spans)
        if at < 0:
            return REFUSED
        at += 1
        row += 1
        offsets[row] = n
    return row


@njit(cache=True, nogil=True, error_model="numpy")
def unescape_texts(data, words, bounds, is_json, values, offsets):  # type: ignore[no-untyped-def]
    """Join texts that stand in ``data`` (uint8, a line feed after the last) at ``bounds[t]`` to ``bounds[t + 1]``.

    ``is_json`` (bool) says which are JSON strings, with quotes. Filled are ``values`` (uint8) and ``offsets`` (int64,
    texts + 1). Whether all strings were such.
    """
    n = np.int64(0)
    offsets[0] = 0
    for text in range(is_json.shape[0]):
        begin, end = bounds[text], bounds[text + 1]
        if is_json[text]:
            if data[begin] != _QUOTE:
                return False
            last, n = _unescape(data, words, begin + 1, values, n)
            if last != end - 1:
                return False
        else:
            _copy(data, begin, end - begin, values, n)
            n += end - begin
        offsets[text + 1] = n
    return True
