"""A cheap guess at the script that a text is written in, from the bytes of its beginning; no model and no table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCRIPTS = ("none", "han", "kana", "hangul", "latin", "cyrillic", "greek", "arabic", "hebrew", "indic", "thai", "other")
"""``kana`` is Japanese, ``hangul`` Korean; ``han`` is Chinese, nearly always."""

LOOKED_AT = 1000
"""Bytes of each text that are looked at."""

N_CLASSES = 10

_MIN_SHARE = 0.05
"""Of the letters: so many kana make a text with Han characters Japanese, so many hangul make it Korean."""


def scripts_of(values: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The script of each text (uint8, a place in `SCRIPTS`); text d is ``values[offsets[d]:offsets[d + 1]]``, UTF-8."""
    n = len(offsets) - 1
    size = np.minimum(np.diff(offsets), LOOKED_AT)
    document = np.repeat(np.arange(n), size)
    place = np.repeat(offsets[:-1] - np.cumsum(size) + size, size) + np.arange(len(document))
    kind = _CLASS[values[place]]
    counts = np.bincount(document * N_CLASSES + kind, minlength=n * N_CLASSES).reshape(n, N_CLASSES)
    letters = np.zeros((n, len(SCRIPTS)), np.int64)
    letters[:, 1] = counts[:, 1]
    letters[:, 4:9] = counts[:, 3:8]
    letters[:, 11] = counts[:, 9]
    _look_further(values, place, document, kind, letters)
    letters[:, 4] //= 3  # a letter of an alphabet says less than a character of Han
    letters[:, 5:9] //= 2
    for row in (2, 3):
        is_it = letters[:, row] > _MIN_SHARE * letters[:, 1:4].sum(axis=1)
        letters[is_it, row] += letters[is_it, 1]
        letters[is_it, 1] = 0
    return np.where(letters.any(axis=1), letters.argmax(axis=1), 0).astype(np.uint8)


def _look_further(
    values: NDArray[np.uint8],
    place: NDArray[np.int64],
    document: NDArray[np.int64],
    kind: NDArray[np.uint8],
    letters: NDArray[np.int64],
) -> None:
    """Counts the characters that their second byte tells apart."""
    at = np.flatnonzero((kind == 2) | (kind == 8))
    at = at[place[at] + 1 < len(values)]
    lead, second, row = values[place[at]], values[place[at] + 1], document[at]
    south = kind[at] == 8
    kana = (lead == 0xE3) & (second >= 0x81) & (second <= 0x83)
    hangul = (lead > 0xEA) & ~south | ((lead == 0xEA) & (second >= 0xB0))
    thai = south & (second >= 0xB8) & (second <= 0xBB)
    for script, chosen in (
        (1, (lead == 0xE3) & (second >= 0x90)), (2, kana), (3, hangul), (10, thai), (9, south & ~thai)
    ):  # fmt: skip
        letters[:, script] += np.bincount(row[chosen], minlength=len(letters))


def _classes() -> NDArray[np.uint8]:
    """What a first byte tells: 1 Han, 2 the next byte tells, 3 to 7 alphabets, 8 the scripts of E0, 9 others."""
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
