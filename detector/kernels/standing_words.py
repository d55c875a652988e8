"""The same as `detector.kernels.standing` for spaced scripts: which texts may have marks where figures should stand."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_N_SLOTS = 256
_ENOUGH = 2
_LONGEST = 16
_PERCENT, _DOLLAR, _SPACE = 0x25, 0x24, 0x20
_FIRST_HAN, _N_HAN = np.uint32(0x3400), np.uint32(0xA000 - 0x3400)
_FNV, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_of_han(part):  # type: ignore[no-untyped-def]
    """Whether a fourth of a text at least is Han."""
    n_han = np.uint32(0)
    for at in range(part.shape[0]):
        n_han += np.uint32(np.uint32(part[at] - _FIRST_HAN) < _N_HAN)
    return np.int64(n_han) * 4 >= part.shape[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _hash(plain, start, end):  # type: ignore[no-untyped-def]
    value = _FNV
    for at in range(start, end):
        value = (value ^ np.uint64(plain[at])) * _PRIME
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def hash_words(points, indptr, out):  # type: ignore[no-untyped-def]
    """Write the hash of each word ``points[indptr[r]:indptr[r + 1]]`` to ``out`` (uint64)."""
    for row in range(len(out)):
        out[row] = _hash(points, indptr[row], indptr[row + 1])


@njit(cache=True, nogil=True, error_model="numpy")
def _has(words, value):  # type: ignore[no-untyped-def]
    """Whether some sorted hashes have a value."""
    at = np.searchsorted(words, value)
    return at < len(words) and words[at] == value


@njit(cache=True, nogil=True, error_model="numpy")
def _is_letter(point):  # type: ignore[no-untyped-def]
    return 0x61 <= point <= 0x7A


@njit(cache=True, nogil=True, error_model="numpy")
def _closer(point):  # type: ignore[no-untyped-def]
    """The bracket that closes what one opens; 0 for other characters."""
    if point == 0x28:
        return 0x29
    if point == 0x5B or point == 0x7B or point == 0x3C:
        return point + 2
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _goes_on(point):  # type: ignore[no-untyped-def]
    """Whether a comma or point before a character is within a number."""
    return _is_letter(point) or 0x30 <= point <= 0x39 or point == 0x23


@njit(cache=True, nogil=True, error_model="numpy")
def _mark_end(plain, at, high, is_blank):  # type: ignore[no-untyped-def]
    """Where a mark ends that begins at a place: after its bracket, or before a blank, a percent sign or a stop."""
    end = at
    if plain[at] == _DOLLAR and at + 1 < high and plain[at + 1] == 0x7B:
        end += 1
    closer = _closer(plain[end])
    if closer:
        last = min(high, end + _LONGEST)
        n_open = 2 if end + 1 < high and plain[end + 1] == plain[end] else 1
        while end < last and plain[end] != closer:
            end += 1
        while end < last and n_open and plain[end] == closer:
            end += 1
            n_open -= 1
        return end
    while end < high and plain[end] == _PERCENT:
        end += 1
    while end < high and not is_blank[plain[end]]:
        point = plain[end]
        if point == _PERCENT:
            break
        if point == 0x3B or point == 0x29 or point == 0x22 or point == 0x201D:
            break
        if (point == 0x2C or point == 0x2E) and (end + 1 == high or not _goes_on(plain[end + 1])):
            break
        end += 1
    return end


@njit(cache=True, nogil=True, error_model="numpy")
def _may_begin(plain, at, high, begins, pairs):  # type: ignore[no-untyped-def]
    """Whether a mark can begin with the characters from a place on."""
    point = plain[at]
    second = plain[at + 1] if at + 1 < high else np.uint32(_SPACE)
    if _is_letter(point):
        if _is_letter(second):
            return pairs[(point - 0x61) * 26 + second - 0x61]
        return point != 0x61 and point != 0x69
    if 0x30 <= point <= 0x39:
        return second == 0x78 or (second == point and (point == 0x30 or point == 0x39)) or second == 0x2C
    return begins[point]


@njit(cache=True, nogil=True, error_model="numpy")
def may_repeat_spaced(plain, bounds, is_blank, begins, pairs, counted, about, found):  # type: ignore[no-untyped-def]
    """Whether each text (``found``, bool) can have a mark of spaced scripts.

    ``begins`` (bool, by code point) and ``pairs`` (bool, by two letters) tell what marks begin with; ``counted`` and
    ``about`` (sorted uint64, as `hash_words` makes them) are the words after and before figures. Twice at least one
    mark must stand after a currency, before a percent sign or beside such a word.
    """
    firm = np.zeros(_N_SLOTS, np.int64)
    newest = np.full(_N_SLOTS, -1, np.int64)
    for text in range(len(bounds) - 1):
        low, high = bounds[text], bounds[text + 1]
        found[text] = False
        if _is_of_han(plain[low:high]):
            continue
        at = low
        while at < high:
            before = plain[at - 1] if at > low else np.uint32(_SPACE)
            is_money = before == _DOLLAR or before == 0xA3 or before == 0x20AC
            is_begin = is_money or is_blank[before] or before == 0x28 or before == 0x22 or before == 0x201C
            if not is_begin or not _may_begin(plain, at, high, begins, pairs):
                at += 1
                continue
            end = _mark_end(plain, at, high, is_blank)
            is_firm = is_money or (end < high and plain[end] == _PERCENT)
            if not is_firm and end < high and plain[end] == _SPACE:
                last = end + 1
                while last < high and _is_letter(plain[last]):
                    last += 1
                is_firm = _has(counted, _hash(plain, end + 1, last))
            if not is_firm and before == _SPACE:
                first = at - 1
                while first > low and _is_letter(plain[first - 1]):
                    first -= 1
                is_firm = _has(about, _hash(plain, first, at - 1))
            if is_firm:
                slot = np.int64(_hash(plain, at, end) % np.uint64(_N_SLOTS))
                if newest[slot] != text:
                    newest[slot], firm[slot] = text, 0
                firm[slot] += 1
                if firm[slot] >= _ENOUGH:
                    found[text] = True
                    break
            at += 1
