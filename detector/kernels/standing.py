"""Where texts may have marks that stand, again and again, before what is counted and named; few need a closer look.

``tests/test_stand_ins.py`` holds that no text is passed over. Texts stand one after the other in one buffer of plain
code points, as in `detector.kernels.triggers`.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_HEAD, _FIRM, _SUFFIX, _BEGINS, _ANY, _ENDS = 1, 2, 4, 8, 13, 16
_STOP = 0x2E
_FIRST_HAN, _N_HAN = np.uint32(0x3400), np.uint32(0xA000 - 0x3400)
_N_SLOTS = 256
_TWICE = 3
_MIN_NAMES = 3
_LONGEST = 12


@njit(cache=True, nogil=True, error_model="numpy")
def _is_of_han(part):  # type: ignore[no-untyped-def]
    """Whether a fourth of a text at least is Han."""
    n_han = np.uint32(0)
    for at in range(part.shape[0]):
        n_han += np.uint32(np.uint32(part[at] - _FIRST_HAN) < _N_HAN)
    return np.int64(n_han) * 4 >= part.shape[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _opener(point):  # type: ignore[no-untyped-def]
    """The bracket that a closing one belongs to; 0 for other characters."""
    if point == 0x29:
        return 0x28
    if point == 0x5D or point == 0x7D:
        return point - 2
    if point == 0x3E:
        return 0x3C
    if point == 0x3011 or point == 0x3015:
        return point - 1
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _is_opened(plain, at, opener):  # type: ignore[no-untyped-def]
    """Whether a bracket that closes at a place was opened shortly before it, with no digit inside."""
    for before in range(at - 1, max(0, at - _LONGEST) - 1, -1):
        if plain[before] == opener:
            return True
        if 0x30 <= plain[before] <= 0x39:
            return False
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def may_repeat_marks(plain, bounds, heads, wanted, found):  # type: ignore[no-untyped-def]
    """Whether each text (``found``, bool) can have a repeated mark.

    ``heads`` (uint8, by code point) has bit 1 for what words for counted things begin with, bit 2 for those that only
    figures have, bit 4 for what names can end in, bits 8 and 16 for the two characters of such words. By ``wanted``
    (uint8, by code point) a mark that ends with the character needs so many places, and none does at 0; a Han character
    that stands twice needs three. One place or two must be of bit 2, or three and more of names.
    """
    total, firm, names = np.zeros(_N_SLOTS, np.int64), np.zeros(_N_SLOTS, np.int64), np.zeros(_N_SLOTS, np.int64)
    newest = np.full(_N_SLOTS, -1, np.int64)
    for text in range(len(bounds) - 1):
        part = plain[bounds[text] : bounds[text + 1]]
        found[text] = False
        if not _is_of_han(part):
            continue
        point = before = np.uint32(0)
        for at in range(part.shape[0]):
            last_but_one, before, point = before, point, part[at]
            is_han = np.uint32(before - _FIRST_HAN) < _N_HAN
            if at == 0 or (is_han and last_but_one != before):
                continue
            head = heads[point]
            if not head & _ANY:
                continue
            is_name = head & _SUFFIX or (head & _BEGINS and at + 1 < part.shape[0] and heads[part[at + 1]] & _ENDS)
            if not (head & _HEAD or is_name):
                continue
            n_wanted = _TWICE if is_han else int(wanted[before])
            if n_wanted == 0 or (before == _STOP and last_but_one != _STOP):
                continue
            opener = _opener(before)
            if opener and not _is_opened(part, at - 1, opener):
                continue
            slot = before % _N_SLOTS
            if newest[slot] != text:
                newest[slot], total[slot], firm[slot], names[slot] = text, 0, 0, 0
            total[slot] += 1
            firm[slot] += head & _FIRM != 0
            names[slot] += is_name != 0
            has_kind = firm[slot] >= min(n_wanted - 1, 2) or names[slot] >= max(n_wanted, _MIN_NAMES)
            if total[slot] >= n_wanted and has_kind:
                found[text] = True
                break
