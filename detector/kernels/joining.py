"""Documents joined to representatives: those that share a bucket, agree in enough slots, and were compared.

`detector.kernels.documents` signs and compares them, `detector.kernels.bucketing` makes the buckets.
"""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

MAX_LISTED = 64
"""Representatives that a bucket lists, the lowest: in a hot bucket they stand for the others."""

MAX_VERIFIED = 64
"""Candidates of a document that are compared, those of the highest agreement; one that has more is *crowded*."""

MIN_MARKED = 3
"""Slots of eight that must agree before all are looked at: at Jaccard 0.7 fewer do once in 90, at 0.15 nine in ten."""

_LOW_BITS, _HIGH_BITS, _EACH_BYTE = (
    np.uint64(0x7F7F7F7F7F7F7F7F),
    np.uint64(0x8080808080808080),
    np.uint64(0x0101010101010101),
)
_ROUNDING = 1e-9
"""Slack of the comparison with a threshold, so that 0.7 of 30 shingles is 21 whatever the binary fraction says."""


@njit(cache=True, nogil=True, error_model="numpy")
def _n_equal(left, right):  # type: ignore[no-untyped-def]
    """How many of the eight bytes of two words are the same."""
    differs = left ^ right
    # The highest bit of each byte is set where any bit of it is.
    differs = (((differs & _LOW_BITS) + _LOW_BITS) | differs) & _HIGH_BITS
    return np.int64(8) - np.int64(((differs >> np.uint64(7)) * _EACH_BYTE) >> np.uint64(56))


@njit(cache=True, nogil=True, error_model="numpy")
def _candidates(row, stamp, bands, entries, slots, min_agreed, seen, found, agreed):  # type: ignore[no-untyped-def]
    """Representatives that share a bucket with a row and agree in enough slots, those of most agreement first, and
    whether some were left out.

    The word of slots that is listed beside a representative is of bands two further on: few unrelated documents pass
    it, and one that would match passes it in most of the bands that the two share.
    """
    n_words = slots.shape[1]
    n_found, is_crowded = 0, False
    for band in range(bands.shape[1]):
        first = np.int64(bands[row, band])
        if first == 0:
            continue
        mark = slots[row, (band // 2 + 1) % n_words]
        for entry in range(first, first + np.int64(entries[first - 1, 0])):
            other = np.int64(entries[entry, 0]) - 1
            if other < 0:
                break
            if _n_equal(mark, entries[entry, 1]) < MIN_MARKED or seen[other] == stamp:
                continue
            seen[other] = stamp
            same = np.int64(0)
            for word in range(n_words):
                same += _n_equal(slots[row, word], slots[other, word])
            if same < min_agreed:
                continue
            if n_found == MAX_VERIFIED:
                is_crowded = True
                if agreed[n_found - 1] > same or (agreed[n_found - 1] == same and found[n_found - 1] < other):
                    continue
                n_found -= 1
            place = n_found
            while place > 0 and (agreed[place - 1] < same or (agreed[place - 1] == same and found[place - 1] > other)):
                found[place], agreed[place] = found[place - 1], agreed[place - 1]
                place -= 1
            found[place], agreed[place] = other, same
            n_found += 1
    return n_found, is_crowded


@njit(cache=True, nogil=True, error_model="numpy")
def join_documents(  # type: ignore[no-untyped-def]
    rows, start, stamp, bands, entries, slots, known, known_heads, known_common, known_union,
    min_agreed, likely, threshold, guess, seen, extra, head, common, union, crowded,
):  # fmt: skip
    """Join each of ``rows[start:]`` (int32, ascending) to its lowest representative that it matches, or make it one.

    ``entries`` (uint64, m x 2) has the buckets one after the other: how many entries there are, then the
    representatives, row + 1 each (zeros at first) and a word of their slots. ``bands``: uint32, n x n_bands, the first
    entry of each bucket, 0 for none. ``slots``: uint64, n x words of eight 8-bit slots; candidates
    agree in at least ``min_agreed`` of them. What is known of row r are places ``known[r]`` to ``known[r + 1]`` (int64)
    of the heads it was compared with and of the shingles in common and in all; of ``rows[start]`` also ``extra``
    (int64, 3 x m: heads, common, union). A pair that is not known is wanted, and if ``guess`` is set, the agreement
    (``likely`` slots) decides; otherwise the walk stops at it. ``seen``: int64, by row, with a ``stamp`` above all that
    it holds. Filled are ``head``, ``common``, ``union`` (int64) and ``crowded`` (bool).
    Returns the place in ``rows`` where it stopped, and rows and others of the wanted pairs.
    """
    n_bands = bands.shape[1]
    found, agreed = np.empty(MAX_VERIFIED, np.int64), np.empty(MAX_VERIFIED, np.int64)
    wanted, n_wanted = np.empty((2, 1024), np.int64), 0
    for at in range(start, rows.shape[0]):
        row = np.int64(rows[at])
        n_found, crowded[row] = _candidates(
            row, stamp + row, bands, entries, slots, min_agreed, seen, found, agreed
        )  # fmt: skip
        joined = asked = False
        for step in range(n_found):
            lowest = step
            for i in range(step + 1, n_found):
                if found[i] < found[lowest]:
                    lowest = i
            found[step], found[lowest] = found[lowest], found[step]
            agreed[step], agreed[lowest] = agreed[lowest], agreed[step]
            other = found[step]
            in_common, in_all = np.int64(-1), np.int64(1)
            for place in range(known[row], known[row + 1]):
                if known_heads[place] == other:
                    in_common, in_all = known_common[place], known_union[place]
            if at == start:
                for place in range(extra.shape[1]):
                    if extra[0, place] == other:
                        in_common, in_all = extra[1, place], extra[2, place]
            if in_common < 0:
                # A row whose guess has failed once wants all that is left: one by one would take a round each.
                last = step + 1 if guess and known[row] == known[row + 1] else n_found
                for i in range(step, 0 if asked else last):
                    if n_wanted == wanted.shape[1]:
                        grown = np.empty((2, 2 * n_wanted), np.int64)
                        for place in range(n_wanted):
                            grown[0, place], grown[1, place] = wanted[0, place], wanted[1, place]
                        wanted = grown
                    wanted[0, n_wanted], wanted[1, n_wanted] = row, found[i]
                    n_wanted += 1
                asked = last == n_found
                if not guess:
                    return at, wanted[0, :n_wanted].copy(), wanted[1, :n_wanted].copy()
                in_common = np.int64(agreed[step] >= likely)
            if in_common > 0 and in_common + _ROUNDING >= threshold * in_all:
                head[row], common[row], union[row] = other, in_common, in_all
                joined = True
                break
        if joined:
            continue
        head[row], common[row], union[row] = row, 1, 1
        for band in range(n_bands):
            begin = np.int64(bands[row, band])
            if begin == 0:
                continue
            for entry in range(begin, begin + np.int64(entries[begin - 1, 0])):
                if entries[entry, 0] == 0:
                    entries[entry, 0] = row + 1
                    entries[entry, 1] = slots[row, (band // 2 + 1) % slots.shape[1]]
                    break
    return rows.shape[0], wanted[0, :n_wanted].copy(), wanted[1, :n_wanted].copy()
