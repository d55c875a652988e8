"""What a report counts in characters: how many a cluster has, where the parts of a text stand, what phrases explain."""

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def count_written(counts, group, document, start, end, points, base, blank):  # type: ignore[no-untyped-def]
    """Adds to ``counts`` (int64) of each span's group its characters that are not blank.

    ``start``, ``end``: offsets in ``document``, whose text begins at ``base`` (int64) of ``points`` (uint32);
    ``blank``: bool, by code point.
    """
    for span in range(len(group)):
        text = base[document[span]]
        number = np.int64(0)
        for place in range(text + start[span], text + end[span]):
            number += not blank[points[place]]
        counts[group[span]] += number


@njit(cache=True, nogil=True, error_model="numpy")
def paint_stripes(out, length, indptr, part, start, end, rank, least):  # type: ignore[no-untyped-def]
    """The parts of each text in as many stripes as ``out`` (uint8, n x stripes) has, fewer where it is shorter.

    A stripe has the part (0 to 4) that claims most of its characters, of equal ones the one of the higher ``rank``, or
    5 where all parts together claim less than ``least`` of a stripe. The claims of text t are rows ``indptr[t]`` to
    ``indptr[t + 1]`` of ``part``, ``start``, ``end``; where they meet the lowest part wins.
    """
    for text in range(len(length)):
        n_chars = length[text]
        n_stripes = min(n_chars, np.int64(out.shape[1]))
        paint = np.full(n_chars, 5, dtype=np.uint8)
        for now in range(4, -1, -1):
            for claim in range(indptr[text], indptr[text + 1]):
                if part[claim] == now:
                    for place in range(max(0, start[claim]), min(n_chars, end[claim])):
                        paint[place] = now
        weights = np.zeros(6 * n_stripes, dtype=np.int64)
        for place in range(n_chars):
            weights[6 * (place * n_stripes // n_chars) + paint[place]] += 1
        enough = max(1.0, least * n_chars / max(1, n_stripes))
        for stripe in range(n_stripes):
            best, claimed = 5, np.int64(0)
            for now in range(5):
                weight = weights[6 * stripe + now]
                claimed += weight
                if weight and (
                    best == 5
                    or weight > weights[6 * stripe + best]
                    or (weight == weights[6 * stripe + best] and rank[now] > rank[best])
                ):
                    best = now
            out[text, stripe] = best if claimed >= enough else 5


@njit(cache=True, nogil=True, error_model="numpy")
def take_unexplained(unexplained, begin, stop, first, last, known):  # type: ignore[no-untyped-def]
    """How many characters of spans ``first`` to ``last`` are set in ``unexplained`` (bool), each counted once.

    Spans ascend. Where the number is ``known``, they are no longer set afterwards.
    """
    gain = reach = np.int64(0)
    for span in range(first, last):
        for place in range(max(begin[span], reach), stop[span]):
            gain += unexplained[place]
        reach = max(reach, stop[span])
    if gain == known:
        for span in range(first, last):
            for place in range(begin[span], stop[span]):
                unexplained[place] = False
    return gain
