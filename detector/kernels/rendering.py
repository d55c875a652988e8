"""Rows of JSON Lines written as bytes from columns, without a Python object for any of them.

A kernel writes into ``out`` (uint8), which the caller has made large enough, and says how far it came. Strings of a
table (texts, evidence, templates: `detector.kernels.templating`) are written first, then `render_rows` joins them with
keys and numbers. A string is written as Python's ``json.dumps`` writes it (``tests/test_rendering.py``), by one of
three modes: `JSON` (UTF-8, lone surrogates escaped), `ASCII` (all but ASCII escaped), `RAW` (no JSON: bare UTF-8,
U+FFFD for a lone surrogate).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from detector.kernels.compiled import njit

JSON, ASCII, RAW = range(3)

WIDEST = (6, 12, 4)
"""Bytes of the widest character in each mode."""

MOST_NUMBER, MOST_CLAIM, MOST_EVIDENCE, MOST_ELLIPSIS = 24, 32, 96, 3
"""Bytes of a number, a claim, of evidence and of an ellipsis at most, their strings not counted."""

WHOLE, COUNT, RATIO, NAME, ID, CLUSTER, TEXT, NESTED, COUNTS, WORD = range(10)
"""What a field of a row is.

`WHOLE`: the number of its column; `COUNT`: likewise, null for 0; `RATIO`: millionths, null below 0; `NAME`: the word of
that number, null below 0; `ID`: the id of that document, null below 0; `CLUSTER`: the word of its column, a hyphen and
the number of the next one, in quotes, null for a word below 0; `TEXT`: the span of the row, in quotes; `NESTED`: what
was written for the row; `COUNTS`: an object of the columns from its own to ``last`` that are not 0, the word after the
field's own being the key of the first, and so on; `WORD`: its own word alone.
"""

_KEYS = ('"doc":', '"start":', ',"end":', '"claims":[', "null", "e-0")
_DOC, _START, _END, _CLAIMS, _NULL, _EXPONENT = np.arange(len(_KEYS))  # `_word` would be compiled for each literal
_KEY_BYTES = np.frombuffer("".join(_KEYS).encode(), dtype=np.uint8)
_KEY_INDPTR = np.concatenate(([0], np.cumsum([len(key) for key in _KEYS]))).astype(np.int64)
_QUOTE, _COMMA, _HYPHEN, _POINT, _BEGIN, _STOP, _OPEN, _CLOSE = np.frombuffer(b'",-.[]{}', dtype=np.uint8)
_ONE, _TWO, _THREE = np.arange(1, 4, dtype=np.uint64)
_DIGITS = np.frombuffer("".join(f"{number:<4}" for number in range(10_000)).encode(), dtype=np.uint8)
"""The numbers below 10,000, four bytes for each."""
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_ESCAPES = np.zeros(128, dtype=np.uint8)
"""What follows the backslash for the characters that have a short escape."""
_ESCAPES[[ord(char) for char in '"\\\b\t\n\f\r']] = [ord(letter) for letter in '"\\btnfr']


class Strings(NamedTuple):
    """Strings as bytes: string s is ``data[indptr[s]:indptr[s + 1]]`` (uint8, int64)."""

    data: Any
    indptr: Any


class Spans(NamedTuple):
    """Texts as code points ``start`` to ``stop`` (int64) of a buffer (uint32); of those of more than ``limit`` (-1: no
    limit) the first are written, and an ellipsis."""

    points: Any
    start: Any
    stop: Any
    limit: Any


class Evidence(NamedTuple):
    """What evidence of findings is made of, as in `detector.tables.columns.FindingColumns`; extras without braces."""

    extra: Any
    other: Any
    other_start: Any
    other_end: Any
    whole: Any
    claim_indptr: Any
    claim_start: Any
    claim_end: Any
    extras: Strings


@njit(cache=True, nogil=True, error_model="numpy")
def _copy(out, at, strings, number):  # type: ignore[no-untyped-def]
    """A string; places of bytes are unsigned, as a signed one might count from the end and is compared every time."""
    begin = strings.indptr[number]
    size = strings.indptr[number + 1] - begin
    for place in range(size):
        out[np.uint64(at + place)] = strings.data[np.uint64(begin + place)]
    return at + size


@njit(cache=True, nogil=True, error_model="numpy")
def _word(out, at, number):  # type: ignore[no-untyped-def]
    begin, size = _KEY_INDPTR[number], _KEY_INDPTR[number + 1] - _KEY_INDPTR[number]
    for place in range(size):
        out[np.uint64(at + place)] = _KEY_BYTES[np.uint64(begin + place)]
    return at + size


@njit(cache=True, nogil=True, error_model="numpy")
def _byte(out, at, value):  # type: ignore[no-untyped-def]
    out[np.uint64(at)] = value
    return at + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _comma(out, at, begin):  # type: ignore[no-untyped-def]
    """A comma after what was written since ``begin``, if anything was."""
    return _byte(out, at, _COMMA) if at > begin else at


@njit(cache=True, nogil=True, error_model="numpy")
def _integer(out, at, number):  # type: ignore[no-untyped-def]
    """A whole number from 0 on; nearly all are offsets of up to four digits, which are looked up: how many there are of
    them no processor can guess."""
    value, ten = np.uint64(number), np.uint64(10)
    if value < np.uint64(10_000):
        here, digits = np.uint64(at), np.uint64(4) * value
        out[here] = _DIGITS[digits]
        out[here + _ONE] = _DIGITS[digits + _ONE]
        out[here + _TWO] = _DIGITS[digits + _TWO]
        out[here + _THREE] = _DIGITS[digits + _THREE]
        return at + 1 + (value >= ten) + (value >= np.uint64(100)) + (value >= np.uint64(1000))
    size = 1
    rest = value
    while rest >= ten:
        rest //= ten
        size += 1
    for place in range(size):
        out[np.uint64(at + size - 1 - place)] = np.uint64(48) + value % ten
        value //= ten
    return at + size


@njit(cache=True, nogil=True, error_model="numpy")
def _millionths(out, at, number):  # type: ignore[no-untyped-def]
    """A count of millionths as Python writes the float: ``1.0``, ``0.912346``, ``1.2e-05`` below ``0.0001``."""
    value = np.int64(number)
    if 0 < value < 100:
        at = _integer(out, at, value if value < 10 else value // 10)
        if value > 10 and value % 10:
            at = _integer(out, _byte(out, at, _POINT), value % 10)
        return _integer(out, _word(out, at, _EXPONENT), np.int64(6 if value < 10 else 5))
    at = _integer(out, at, value // 1_000_000)
    out[at] = 46
    at += 1
    rest, unit = value % 1_000_000, 100_000
    while True:
        out[at] = 48 + rest // unit
        at += 1
        rest %= unit
        unit //= 10
        if rest == 0:
            return at


@njit(cache=True, nogil=True, error_model="numpy")
def _escape(out, at, code):  # type: ignore[no-untyped-def]
    out[at] = 92
    out[at + 1] = 117
    for place in range(4):
        out[at + 2 + place] = _HEX[(code >> (12 - 4 * place)) & 15]
    return at + 6


@njit(cache=True, nogil=True, error_model="numpy")
def _text(out, at, points, start, stop, mode):  # type: ignore[no-untyped-def]
    """Code points ``start`` to ``stop`` of a buffer, without quotes."""
    for place in range(start, stop):
        code = np.int64(points[np.uint64(place)])
        here = np.uint64(at)
        if mode != ASCII and 0x800 <= code < 0xD800:
            out[here] = 0xE0 | (code >> 12)
            out[here + _ONE] = 0x80 | ((code >> 6) & 63)
            out[here + _TWO] = 0x80 | (code & 63)
            at += 3
        elif code < 0x80:
            if mode == RAW or (code >= 0x20 and code != 0x22 and code != 0x5C and (code != 0x7F or mode == JSON)):
                out[here] = code
                at += 1
            elif _ESCAPES[code]:
                out[here] = 92
                out[here + _ONE] = _ESCAPES[code]
                at += 2
            else:
                at = _escape(out, at, code)
        elif mode == ASCII:
            if code >= 0x10000:
                at = _escape(out, at, 0xD800 + ((code - 0x10000) >> 10))
                at = _escape(out, at, 0xDC00 + (code & 0x3FF))
            else:
                at = _escape(out, at, code)
        elif code < 0x800:
            out[here] = 0xC0 | (code >> 6)
            out[here + _ONE] = 0x80 | (code & 63)
            at += 2
        elif code < 0x10000:
            if code < 0xE000 and mode == JSON:
                at = _escape(out, at, code)
                continue
            code = np.int64(0xFFFD) if code < 0xE000 else code
            out[here] = 0xE0 | (code >> 12)
            out[here + _ONE] = 0x80 | ((code >> 6) & 63)
            out[here + _TWO] = 0x80 | (code & 63)
            at += 3
        else:
            out[here] = 0xF0 | (code >> 18)
            out[here + _ONE] = 0x80 | ((code >> 12) & 63)
            out[here + _TWO] = 0x80 | ((code >> 6) & 63)
            out[here + _THREE] = 0x80 | (code & 63)
            at += 4
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _span(out, at, spans, row, mode):  # type: ignore[no-untyped-def]
    """The text of a row."""
    start, stop = spans.start[row], spans.stop[row]
    is_cut = 0 <= spans.limit < stop - start
    at = _text(out, at, spans.points, start, start + spans.limit if is_cut else stop, mode)
    if is_cut:
        out[at] = 0xE2
        out[at + 1] = 0x80
        out[at + 2] = 0xA6
        at += 3
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def render_texts(out, indptr, spans, mode):  # type: ignore[no-untyped-def]
    """Texts as strings without quotes; ``indptr`` (n + 1) is filled."""
    at = np.int64(0)
    indptr[0] = 0
    for row in range(len(spans.start)):
        at = _span(out, at, spans, row, mode)
        indptr[row + 1] = at
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _evidence(out, at, row, table, ids):  # type: ignore[no-untyped-def]
    """The evidence of a finding without its braces."""
    begin = at
    if table.extra[row] >= 0:
        at = _copy(out, at, table.extras, np.int64(table.extra[row]))
    if table.other[row] >= 0:
        at = _word(out, _comma(out, at, begin), _DOC)
        at = _copy(out, at, ids, np.int64(table.other[row]))
    if table.other_start[row] >= 0:
        at = _word(out, _comma(out, at, begin), _START)
        at = _integer(out, at, np.int64(table.other_start[row]))
        at = _word(out, at, _END)
        at = _integer(out, at, np.int64(table.other_end[row]))
    if table.whole[row]:
        return at
    at = _word(out, _comma(out, at, begin), _CLAIMS)
    first = table.claim_indptr[row]
    for claim in range(first, table.claim_indptr[row + 1]):
        if claim > first:
            at = _byte(out, at, _COMMA)
        at = _integer(out, _byte(out, at, _BEGIN), np.int64(table.claim_start[claim]))
        at = _integer(out, _byte(out, at, _COMMA), np.int64(table.claim_end[claim]))
        at = _byte(out, at, _STOP)
    return _byte(out, at, _STOP)


@njit(cache=True, nogil=True, error_model="numpy")
def render_evidence(out, indptr, first, table, ids):  # type: ignore[no-untyped-def]
    """The evidence of the findings from ``first`` on as objects of JSON; ``indptr`` (n + 1) is filled."""
    at = np.int64(0)
    indptr[0] = 0
    for place in range(len(indptr) - 1):
        at = _byte(out, at, _OPEN)
        at = _evidence(out, at, first + place, table, ids)
        at = _byte(out, at, _CLOSE)
        indptr[place + 1] = at
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _counts(out, at, values, row, fields, number, words):  # type: ignore[no-untyped-def]
    """An object of those columns of a field that are not 0."""
    begin = at
    for column in range(fields[number, 2], fields[number, 3]):
        if values[column, row]:
            at = _byte(out, at, _COMMA if at > begin else _OPEN)
            at = _copy(out, at, words, fields[number, 1] + 1 + column - fields[number, 2])
            at = _integer(out, at, values[column, row])
    if at == begin:
        at = _byte(out, at, _OPEN)
    return _byte(out, at, _CLOSE)


@njit(cache=True, nogil=True, error_model="numpy")
def render_rows(out, indptr, fields, values, words, ids, texts, nested):  # type: ignore[no-untyped-def]
    """Rows of a table: for each field its word and its value; ``indptr`` (n_rows + 1) is filled.

    ``fields``: int64, n_fields x 4: what it is, its word, its column, ``last``; ``values``: int64, n_columns x n_rows;
    ``words``, ``ids``: strings for the whole table; ``texts``, ``nested``: spans and strings of these rows.
    """
    at = np.int64(0)
    indptr[0] = 0
    for row in range(values.shape[1]):
        for number in range(fields.shape[0]):
            kind, column = fields[number, 0], fields[number, 2]
            value = values[column, row]
            at = _copy(out, at, words, fields[number, 1])
            if kind == WORD:
                continue
            if kind == COUNTS:
                at = _counts(out, at, values, row, fields, number, words)
            elif kind == TEXT:
                at = _span(out, _byte(out, at, _QUOTE), texts, row, JSON)
                at = _byte(out, at, _QUOTE)
            elif kind == NESTED:
                at = _copy(out, at, nested, row)
            elif value < 0 or (kind == COUNT and value == 0):
                at = _word(out, at, _NULL)
            elif kind == RATIO:
                at = _millionths(out, at, value)
            elif kind == NAME:
                at = _copy(out, at, words, value)
            elif kind == ID:
                at = _copy(out, at, ids, value)
            elif kind == CLUSTER:
                at = _copy(out, _byte(out, at, _QUOTE), words, value)
                at = _integer(out, _byte(out, at, _HYPHEN), values[column + 1, row])
                at = _byte(out, at, _QUOTE)
            else:
                at = _integer(out, at, value)
        indptr[row + 1] = at
    return at
