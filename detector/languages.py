"""A cheap guess at the script that a text is written in, from the bytes of its beginning; no model and no table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCRIPTS = ("none", "han", "kana", "hangul", "latin", "cyrillic", "greek", "arabic", "hebrew", "indic", "thai", "other")
"""``kana`` is Japanese, ``hangul`` Korean; ``han`` is Chinese, nearly always."""

LOOKED_AT = 3000
"""Bytes of each text that are looked at."""

_MIN_SHARE = 0.05
"""Of the letters: so many kana make a text with Han characters Japanese, so many hangul make it Korean."""


def scripts_of(values: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The script of each text (uint8, a place in `SCRIPTS`); text d is ``values[offsets[d]:offsets[d + 1]]``, UTF-8."""
    found = np.zeros(len(offsets) - 1, np.uint8)
    for row, (start, stop) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
        found[row] = _script(values[start : min(stop, start + LOOKED_AT)])
    return found


def _script(data: NDArray[np.uint8]) -> int:
    if not len(data):
        return 0
    counts = np.bincount(_CLASS[data], minlength=16)
    letters = np.zeros(len(SCRIPTS), np.int64)
    letters[1] = counts[1]  # E4 to E9: Han
    three = np.flatnonzero(_CLASS[data[:-1]] == 2)  # E3, EA to ED: what it is the second byte tells
    if len(three):
        lead, second = data[three], data[three + 1]
        is_kana = (lead == 0xE3) & (second >= 0x81) & (second <= 0x83)
        letters[2] = is_kana.sum()
        letters[3] = ((lead >= 0xEA) & (second >= 0x80)).sum() - ((lead == 0xEA) & (second < 0xB0)).sum()
        letters[1] += ((lead == 0xE3) & (second >= 0x90)).sum()
    south = np.flatnonzero(_CLASS[data[:-1]] == 8)  # E0
    if len(south):
        second = data[south + 1]
        letters[10] = ((second >= 0xB8) & (second <= 0xBB)).sum()
        letters[9] = len(south) - letters[10]
    letters[4:9] = counts[3:8]
    letters[11] = counts[9]
    total = letters[1] + letters[2] + letters[3]
    if letters[2] > _MIN_SHARE * total and letters[2] >= letters[3]:
        letters[2], letters[1] = letters[2] + letters[1], 0
    elif letters[3] > _MIN_SHARE * total:
        letters[3], letters[1] = letters[3] + letters[1], 0
    letters[4] //= 3  # a letter of an alphabet says less than a character of Han
    letters[5:9] //= 2
    return int(letters.argmax()) if letters.any() else 0


def _classes() -> NDArray[np.uint8]:
    """What a byte tells as the first of a character: 1 Han, 2 look at the next, 3 to 7 alphabets, 8 the south, 9 other."""
    classes = np.zeros(256, np.uint8)
    classes[0xE4:0xEA] = 1
    classes[[0xE3, 0xEA, 0xEB, 0xEC, 0xED]] = 2
    for first, last in ((0x41, 0x5B), (0x61, 0x7B), (0xC3, 0xCA)):
        classes[first:last] = 3
    classes[0xD0:0xD3] = 4
    classes[0xCE:0xD0] = 5
    classes[0xD8:0xDC] = 6
    classes[0xD7] = 7
    classes[0xE0] = 8
    classes[[0xE1, 0xF0]] = 9
    return classes


_CLASS = _classes()
