"""UTF-8 to code points; ``bytes.decode`` is the oracle."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_REPLACEMENT = 0xFFFD
_HIGH, _THREE, _HIGH_BITS, _UNIT_BITS = np.uint32(0xF0), np.uint32(0xE0), np.uint32(0x0F), np.uint32(0x3F)
_UNIT, _TWO_UNITS, _THREE_UNITS = np.uint32(6), np.uint32(12), np.uint32(18)


@njit(cache=True, nogil=True, error_model="numpy")
def decode_utf8(values, start, stop, points, at):  # type: ignore[no-untyped-def]
    """Decode ``values[start:stop]`` (uint8) to ``points[at:]`` (uint32); returns the number of code points.

    The bytes are valid UTF-8, or WTF-8 with surrogates in three bytes, which stay the code points that they are. A
    sequence that ``stop`` cuts off is one U+FFFD; nothing outside of ``values[start:stop]`` is read. ``points`` has
    room for as many code points as there are bytes.
    """
    begin = at
    while start < stop:
        lead = np.uint32(values[start])
        if start + 3 >= stop and start + (lead >= 0x80) + (lead >= 0xE0) + (lead >= 0xF0) >= stop:
            points[at] = _REPLACEMENT
            start = stop
        elif (lead & _HIGH) == _THREE:
            points[at] = (
                ((lead & _HIGH_BITS) << _TWO_UNITS)
                | ((np.uint32(values[start + 1]) & _UNIT_BITS) << _UNIT)
                | (np.uint32(values[start + 2]) & _UNIT_BITS)
            )
            start += 3
        elif lead < 0x80:
            points[at] = lead
            start += 1
        elif lead < 0xE0:
            points[at] = ((lead & _UNIT_BITS) << _UNIT) | (np.uint32(values[start + 1]) & _UNIT_BITS)
            start += 2
        else:
            points[at] = (
                ((lead & _HIGH_BITS) << _THREE_UNITS)
                | ((np.uint32(values[start + 1]) & _UNIT_BITS) << _TWO_UNITS)
                | ((np.uint32(values[start + 2]) & _UNIT_BITS) << _UNIT)
                | (np.uint32(values[start + 3]) & _UNIT_BITS)
            )
            start += 4
        at += 1
    return at - begin


@njit(cache=True, nogil=True, error_model="numpy")
def decode_texts(values, offsets, points, to):  # type: ignore[no-untyped-def]
    """Decode each ``values[offsets[d]:offsets[d + 1]]`` (uint8, int64), as `decode_utf8` does, to ``points[to[d]:]``
    (uint32, int64)."""
    for text in range(to.shape[0]):
        decode_utf8(values, offsets[text], offsets[text + 1], points, to[text])


@njit(cache=True, nogil=True, error_model="numpy")
def count_points(values, offsets, counts):  # type: ignore[no-untyped-def]
    """The code points of each ``values[offsets[d]:offsets[d + 1]]`` (uint8, int64) to ``counts`` (int64): the bytes
    that continue none."""
    for text in range(counts.shape[0]):
        n = np.int64(0)
        part = values[offsets[text] : offsets[text + 1]]
        for at in range(part.shape[0]):
            n += (part[at] & np.uint8(0xC0)) != np.uint8(0x80)
        counts[text] = n
