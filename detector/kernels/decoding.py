"""UTF-8 to code points; ``bytes.decode`` is the oracle."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_REPLACEMENT = 0xFFFD


@njit(cache=True, nogil=True, error_model="numpy")
def decode_utf8(values, start, stop, points, at):  # type: ignore[no-untyped-def]
    """Decode ``values[start:stop]`` (uint8) to ``points[at:]`` (uint32); returns the number of code points.

    The bytes are valid UTF-8, or WTF-8 with surrogates in three bytes, which stay the code points that they are. A
    sequence that ``stop`` cuts off is one U+FFFD; nothing outside of ``values[start:stop]`` is read. ``points`` has
    room for as many code points as there are bytes.
    """
    begin = at
    while start < stop:
        lead = np.int64(values[start])
        if lead < 0x80:
            points[at] = lead
            start += 1
        elif start + (1 + (lead >= 0xE0) + (lead >= 0xF0)) >= stop:
            points[at] = _REPLACEMENT
            start = stop
        elif lead < 0xE0:
            points[at] = (lead & 0x1F) << 6 | (values[start + 1] & 0x3F)
            start += 2
        elif lead < 0xF0:
            points[at] = (lead & 0x0F) << 12 | (values[start + 1] & 0x3F) << 6 | (values[start + 2] & 0x3F)
            start += 3
        else:
            points[at] = (
                (lead & 0x07) << 18
                | (values[start + 1] & 0x3F) << 12
                | (values[start + 2] & 0x3F) << 6
                | (values[start + 3] & 0x3F)
            )
            start += 4
        at += 1
    return at - begin
