"""Where texts may have marks that stand, again and again, before what is counted and named; few need a closer look.

``tests/test_stand_ins.py`` holds that no text is passed over. Texts stand one after the other in one buffer of plain
code points, as in `detector.kernels.triggers`.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_HEAD, _FIRM, _SUFFIX, _BEGINS, _ANY, _ENDS = 1, 2, 4, 8, 13, 16
_STOP = 0x2E
_N_SLOTS = 256
_TWICE = 3
_MIN_NAMES = 3
_LONGEST = 12


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
def _is_opened(plain, low, at, opener):  # type: ignore[no-untyped-def]
    """Whether a bracket that closes at a place was opened shortly before it, with no digit inside."""
    for before in range(at - 1, max(low, at - _LONGEST) - 1, -1):
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
        low, high = bounds[text], bounds[text + 1]
        found[text] = False
        for at in range(low + 1, high):
            head = heads[plain[at]]
            if not head & _ANY:
                continue
            is_name = head & _SUFFIX or (head & _BEGINS and at + 1 < high and heads[plain[at + 1]] & _ENDS)
            if not (head & _HEAD or is_name):
                continue
            last = plain[at - 1]
            n_wanted = int(wanted[last])
            if n_wanted == 0:
                if at < low + 2 or plain[at - 2] != last or not 0x3400 <= last <= 0x9FFF:
                    continue
                n_wanted = _TWICE
            if last == _STOP and (at < low + 2 or plain[at - 2] != _STOP):
                continue
            opener = _opener(last)
            if opener and not _is_opened(plain, low, at - 1, opener):
                continue
            slot = last % _N_SLOTS
            if newest[slot] != text:
                newest[slot], total[slot], firm[slot], names[slot] = text, 0, 0, 0
            total[slot] += 1
            firm[slot] += head & _FIRM != 0
            names[slot] += is_name != 0
            has_kind = firm[slot] >= min(n_wanted - 1, 2) or names[slot] >= max(n_wanted, _MIN_NAMES)
            if total[slot] >= n_wanted and has_kind:
                found[text] = True
                break
