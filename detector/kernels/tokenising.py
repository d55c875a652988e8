"""Tokens of a block in one pass over its characters; ``tests/oracles.py`` has the obvious version."""

from __future__ import annotations

import numpy as np
from numba import njit

_SINGLE, _DIGIT, _EXTENDER, _MARK = 1, 3, 4, 6
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT, _HALF = np.uint64(33), np.uint64(32)


@njit(cache=True, nogil=True, error_model="numpy")
def _mix(value):  # type: ignore[no-untyped-def]
    """The finaliser of MurmurHash3, as `detector.tokens.mix64` has it for arrays."""
    value ^= value >> _SHIFT
    value *= _FIRST
    value ^= value >> _SHIFT
    value *= _SECOND
    return value ^ (value >> _SHIFT)


@njit(cache=True, nogil=True, error_model="numpy")
def _hash(points, folded, start, end):  # type: ignore[no-untyped-def]
    """The hash of a token: of its folded characters and their places in it."""
    total = np.uint64(0)
    for place in range(start, end):
        value = np.uint64(folded[points[place]]) | (np.uint64(place - start) << _HALF)
        total += _mix(value * _MULTIPLIER)
    return _mix(total)


@njit(cache=True, nogil=True, error_model="numpy")
def _token_end(points, classes, start, limit):  # type: ignore[no-untyped-def]
    """Where the token that begins at ``start`` ends; ``limit`` is where the next mark or the text does."""
    kind = classes[points[start]]
    end = start + 1
    while end < limit:
        point = points[end]
        following = classes[point]
        inner = (
            kind == _DIGIT
            and (point == 0x2E or point == 0x2C or point == 0xFF0E)  # . and , and the full-width stop
            and classes[points[end - 1]] == _DIGIT
            and end + 1 < limit
            and classes[points[end + 1]] == _DIGIT
        )
        if following != _EXTENDER and not inner and (following != kind or kind == _SINGLE):
            break
        end += 1
    return end


@njit(cache=True, nogil=True, error_model="numpy")
def tokenise_points(  # type: ignore[no-untyped-def]
    points, classes, folded, mark_start, mark_end, slot_point, start, end, kind, hashes, skeleton, skeleton_end
):
    """Fill the columns of the tokens of ``points`` (uint32); returns how many tokens and skeleton characters there are.

    ``classes`` (uint8) and ``folded`` (uint32) are indexed by code point; ``mark_start``, ``mark_end`` (int64) are
    sorted and do not overlap. ``start``, ``end``, ``skeleton_end`` (int64), ``kind`` (uint8), ``hashes`` (uint64) and
    ``skeleton`` (uint32) have room for as many rows as there are points.
    """
    n, n_tokens, n_skeleton, mark, at = points.shape[0], 0, 0, 0, 0
    while at < n:
        is_mark = mark < mark_start.shape[0] and mark_start[mark] == at
        name = classes[points[at]]
        if is_mark:
            stop, name = mark_end[mark], np.uint8(_MARK)
            mark += 1
        elif _SINGLE <= name <= _DIGIT:
            limit = mark_start[mark] if mark < mark_start.shape[0] else n
            stop = _token_end(points, classes, at, limit)
        else:
            at += 1
            continue
        start[n_tokens], end[n_tokens], kind[n_tokens] = at, stop, name
        hashes[n_tokens] = _hash(points, folded, at, stop)
        if name >= _DIGIT:
            skeleton[n_skeleton] = slot_point
            n_skeleton += 1
        else:
            for place in range(at, stop):
                skeleton[n_skeleton] = folded[points[place]]
                n_skeleton += 1
        skeleton_end[n_tokens] = n_skeleton
        n_tokens += 1
        at = stop
    return n_tokens, n_skeleton
