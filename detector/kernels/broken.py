"""Bytes that were read in a wrong encoding; `detector.rules.artefacts` has the pattern of them, which is the oracle."""

from __future__ import annotations

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def _is_broken_quote(point):  # type: ignore[no-untyped-def]
    """What the last byte of a quotation mark or a dash is read as."""
    if 0x80 <= point <= 0x9F or point == 0xA6 or point == 0x153:
        return True
    return point == 0x2DC or point == 0x201C or point == 0x201D or point == 0x2122


@njit(cache=True, nogil=True, error_model="numpy")
def _is_broken_byte(point):  # type: ignore[no-untyped-def]
    """What a byte after the first of a Chinese character is read as."""
    return 0x80 <= point <= 0xBF or 0x152 <= point <= 0x192 or 0x2C6 <= point <= 0x2122


@njit(cache=True, nogil=True, error_model="numpy")
def _broken_end(points, at, stop):  # type: ignore[no-untyped-def]
    """The end of the broken text at ``at``, or ``at``: `detector.rules.artefacts` has the pattern, of which none of the
    branches begin with one character, so that none is tried after another."""
    first, left = points[at], stop - at
    if first == 0xFFFD:
        end = at + 1
        while end < stop and points[end] == 0xFFFD:
            end += 1
        return end
    if first == 0x9428:
        return at + 2 if left > 1 and points[at + 1] == 0x52E9 else at + 1
    if left < 2:
        return at
    second = points[at + 1]
    if first == 0xC2 or first == 0xC3:
        return at + 2 if 0x80 <= second <= 0xBF else at
    if first == 0x951B:
        return at + 2 if 0x3400 <= second <= 0x9FFF else at
    if first == 0x9286:
        return at + 2 if 0x3400 <= second <= 0x9FFF or 0xE000 <= second <= 0xF8FF or second == 0x20AC else at
    if left < 3:
        return at
    third = points[at + 2]
    if first == 0xE2:
        return at + 3 if (second == 0x20AC or second == 0x80) and _is_broken_quote(third) else at
    if first == 0x951F:
        return at + 3 if second == 0x65A4 and third == 0x62F7 else at
    if first == 0x70EB or first == 0x5C6F:
        return at + 3 if second == first and third == first else at
    if left < 6 or not (_is_broken_byte(second) and _is_broken_byte(third) and 0xE4 <= points[at + 3] <= 0xE9):
        return at
    return at + 6 if _is_broken_byte(points[at + 4]) and _is_broken_byte(points[at + 5]) else at


@njit(cache=True, nogil=True, error_model="numpy")
def count_broken(points, start, stop, begins, counts):  # type: ignore[no-untyped-def]
    """Per text (``counts``, int64, n x 2) its Han characters and its broken places, none in another.

    ``begins`` (bool, by code point) is whether a broken place can begin with a character.
    """
    for text in range(len(start)):
        n_han = n_broken = 0
        free, last = start[text], stop[text]
        for at in range(free, last):
            point = points[at]
            n_han += 0x3400 <= point <= 0x9FFF
            if begins[point] and at >= free:
                end = _broken_end(points, at, last)
                if end > at:
                    n_broken += 1
                    free = end
        counts[text, 0], counts[text, 1] = n_han, n_broken
