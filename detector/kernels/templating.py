"""Templates of clusters as JSON, from columns: literals, slots, and the fills that are listed.

Strings are written as `detector.kernels.rendering` writes them, which says what the modes are; the functions that write
one are here again, for numba's cache sees no change of another file's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from detector.kernels.compiled import njit

JSON, ASCII, RAW = range(3)

MOST_PART = 128
"""Bytes of a part or fill of a template at most, its strings not counted."""

_KEYS = ('{"text":"', '{"slot":"slot', '","type":', ',"fills":[', ',"end":', ',"text":"', '","more":')
_LITERAL, _SLOT, _TYPE, _FILLS, _END, _FILL_TEXT, _MORE = np.arange(len(_KEYS))
_KEY_BYTES = np.frombuffer("".join(_KEYS).encode(), dtype=np.uint8)
_KEY_INDPTR = np.concatenate(([0], np.cumsum([len(key) for key in _KEYS]))).astype(np.int64)
_QUOTE, _COMMA, _BEGIN, _STOP, _CLOSE = np.frombuffer(b'",[]}', dtype=np.uint8)
_ONE, _TWO, _THREE = np.arange(1, 4, dtype=np.uint64)
_DIGITS = np.frombuffer("".join(f"{number:<4}" for number in range(10_000)).encode(), dtype=np.uint8)
"""The numbers below 10,000, four bytes for each."""
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_ESCAPES = np.zeros(128, dtype=np.uint8)
"""What follows the backslash for the characters that have a short escape."""
_ESCAPES[[ord(char) for char in '"\\\b\t\n\f\r']] = [ord(letter) for letter in '"\\btnfr']


class Corpus(NamedTuple):
    """Texts as code points (uint32) with the place where each begins (int64), and what a fill of each begins with
    (`detector.kernels.rendering.Strings`)."""

    points: Any
    start: Any
    fills: Any


class Templates(NamedTuple):
    """What templates are made of, as in `detector.tables.columns.ClusterColumns`; types of slots as strings of JSON."""

    member_indptr: Any
    document: Any
    part_indptr: Any
    slot: Any
    part_type: Any
    part_start: Any
    part_end: Any
    part_common: Any
    fill_indptr: Any
    fill_member: Any
    fill_start: Any
    fill_end: Any
    types: Any


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
def template_sizes(table, corpus, widest):  # type: ignore[no-untyped-def]
    """Bytes that the template of each cluster may take (int64); ``widest``: of a character."""
    sizes = np.empty(len(table.member_indptr) - 1, dtype=np.int64)
    for row in range(len(sizes)):
        first, size = table.member_indptr[row], np.int64(MOST_PART)
        for part in range(table.part_indptr[row], table.part_indptr[row + 1]):
            size += MOST_PART
            if not table.slot[part]:
                size += widest * np.int64(table.part_end[part] - table.part_start[part])
                continue
            for fill in range(table.fill_indptr[part], table.fill_indptr[part + 1]):
                document = table.document[first + table.fill_member[fill]]
                size += corpus.fills.indptr[document + 1] - corpus.fills.indptr[document]
                size += MOST_PART + widest * np.int64(table.fill_end[fill] - table.fill_start[fill])
        sizes[row] = size
    return sizes


@njit(cache=True, nogil=True, error_model="numpy")
def _fills(out, at, part, member, n_members, table, corpus, mode):  # type: ignore[no-untyped-def]
    """The fills of a slot; ``member`` is the row of the first of the ``n_members`` of its cluster."""
    begin, n_listed = table.fill_indptr[part], table.fill_indptr[part + 1] - table.fill_indptr[part]
    for fill in range(begin, begin + n_listed):
        document = np.int64(table.document[member + table.fill_member[fill]])
        start, end, base = np.int64(table.fill_start[fill]), np.int64(table.fill_end[fill]), corpus.start[document]
        if fill > begin:
            at = _byte(out, at, _COMMA)
        at = _integer(out, _copy(out, at, corpus.fills, document), start)
        at = _integer(out, _word(out, at, _END), end)
        at = _text(out, _word(out, at, _FILL_TEXT), corpus.points, base + start, base + end, mode)
        if fill - begin == table.part_common[part]:
            at = _integer(out, _word(out, at, _MORE), n_members - n_listed)
        else:
            at = _byte(out, at, _QUOTE)
        at = _byte(out, at, _CLOSE)
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def render_templates(out, indptr, first, table, corpus, mode, lines, ending):  # type: ignore[no-untyped-def]
    """The templates of the clusters from ``first`` on as arrays of JSON; ``indptr`` (n + 1) is filled.

    Each follows what ``lines`` has for its cluster (strings, empty ones too), and ``ending`` (uint8) comes after it.
    """
    at = np.int64(0)
    indptr[0] = 0
    for place in range(len(indptr) - 1):
        at = _copy(out, at, lines, place)
        member, past = table.member_indptr[first + place], table.member_indptr[first + place + 1]
        base = corpus.start[table.document[member]]
        begin = table.part_indptr[first + place]
        at = _byte(out, at, _BEGIN)
        for part in range(begin, table.part_indptr[first + place + 1]):
            if part > begin:
                at = _byte(out, at, _COMMA)
            if not table.slot[part]:
                at = _word(out, at, _LITERAL)
                start, end = base + table.part_start[part], base + table.part_end[part]
                at = _text(out, at, corpus.points, start, end, mode)
                at = _byte(out, at, _QUOTE)
            else:
                at = _integer(out, _word(out, at, _SLOT), np.int64(table.slot[part]))
                at = _copy(out, _word(out, at, _TYPE), table.types, np.int64(table.part_type[part]))
                at = _fills(out, _word(out, at, _FILLS), part, member, past - member, table, corpus, mode)
                at = _byte(out, at, _STOP)
            at = _byte(out, at, _CLOSE)
        at = _byte(out, at, _STOP)
        for byte in ending:
            at = _byte(out, at, byte)
        indptr[place + 1] = at
    return at
