"""Compiled passes over the words of scraped pages: what the words of a line say of it, and of the lines around it.

`detector.rules.pages` names the columns; ``tests/test_page_vocabulary.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import numpy as np

from detector.kernels.compiled import njit

_SINGLE, _LETTER, _DIGIT, _EXTENDER = 1, 2, 3, 4
_MIX = np.uint64(0xC4CEB9FE1A85EC53)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)
_NUMBER = np.uint64(0x30)
_ONE = np.uint64(1)
_MOST = 4.0
_FADING = 0.85
_PROSE = 2.0
_GAP = 5


@njit(cache=True, nogil=True, error_model="numpy")
def _mixed(value, point):
    """A hash with one value more (uint64, modulo 2**64)."""
    value = (value ^ point) * _MIX
    return value ^ (value >> _SHIFT)


@njit(cache=True, nogil=True, error_model="numpy")
def _slot_of(key, keys):
    """The slot of a key in a table of a power of two (0 is free), -1 if it is not there."""
    mask = np.uint64(len(keys) - 1)
    slot = (key >> _SHIFT) & mask
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + _ONE) & mask
    return np.int64(slot) if keys[slot] == key else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _weigh(key, row, keys, weights, seen, out):
    """Add the weights of a word to those of its row, unless it is unknown or was there before; whether it did."""
    slot = _slot_of(key | _ONE, keys)
    if slot < 0 or seen[slot] == row:
        return 0
    seen[slot] = row
    for column in range(weights.shape[1]):
        out[row, column] += weights[slot, column]
    return 1


@njit(cache=True, nogil=True, error_model="numpy")
def weigh_words(plain, start, end, classes, keys, weights, most, out):
    """Write what the known words of each line ``plain[start[r]:end[r]]`` say, in a row of ``out`` (float64).

    Words are runs of letters, numbers (all are one word), single characters and pairs of them; the first ``most``
    characters of a line are read, and a word counts once. ``keys`` (uint64, a power of two, 0 is free) and ``weights``
    (float64, a row each) are the vocabulary. A row of ``out`` is the sum of the weights of the line's known words over
    the square root of their number.
    """
    seen = np.full(len(keys), -1, np.int32)
    for row in range(len(start)):
        high = min(end[row], start[row] + most)
        for column in range(weights.shape[1]):
            out[row, column] = 0.0
        n_known = 0
        word, before = _GOLDEN, np.uint64(0)
        in_word = in_number = False
        for at in range(start[row], high + 1):
            kind = classes[plain[at]] if at < high else 0
            extends = kind == _LETTER or (kind == _EXTENDER and in_word)
            if in_word and not extends:
                n_known += _weigh(_mixed(_GOLDEN, word), row, keys, weights, seen, out)
            if extends:
                word = _mixed(word if in_word else _GOLDEN, np.uint64(plain[at]))
                before = np.uint64(0)
            elif kind == _DIGIT:
                if not in_number:
                    n_known += _weigh(_mixed(_GOLDEN, _mixed(_GOLDEN, _NUMBER)), row, keys, weights, seen, out)
                before = np.uint64(0)
            elif kind == _SINGLE:
                this = _mixed(_GOLDEN, np.uint64(plain[at]))
                n_known += _weigh(_mixed(_GOLDEN, this), row, keys, weights, seen, out)
                if before:
                    n_known += _weigh(_mixed(_mixed(_GOLDEN, before), this), row, keys, weights, seen, out)
                before = this
            in_word, in_number = extends, kind == _DIGIT
        if n_known:
            for column in range(weights.shape[1]):
                out[row, column] /= math.sqrt(n_known)


@njit(cache=True, nogil=True, error_model="numpy")
def describe_words(scores, out, column):
    """Write what words say around each line of one text from what they say of each (``scores``, float64).

    For each column of scores, cut off at 4: the score; the means of the 1, 3 and 8 lines before and after (lines that
    are not there are 0); the sums of all before and of all after, each step weakened; the plain sums of both.
    """
    n = len(scores)
    value, so_far = np.empty(n), np.zeros(n + 1)
    for part in range(scores.shape[1]):
        for row in range(n):
            value[row] = min(max(scores[row, part], -_MOST), _MOST)
            so_far[row + 1] = so_far[row] + value[row]
            out[row, column] = value[row]
        column += 1
        for reach in (1, 3, 8):
            for row in range(n):
                out[row, column] = (so_far[row] - so_far[max(row - reach, 0)]) / reach
                out[row, column + 1] = (so_far[min(row + 1 + reach, n)] - so_far[row + 1]) / reach
            column += 2
        total = 0.0
        for row in range(n):
            out[row, column] = total
            total = total * _FADING + value[row]
            out[row, column + 2] = so_far[row]
            out[row, column + 3] = so_far[n] - so_far[row + 1]
        total = 0.0
        for row in range(n - 1, -1, -1):
            out[row, column + 1] = total
            total = total * _FADING + value[row]
        column += 4
    return column


@njit(cache=True, nogil=True, error_model="numpy")
def _cross_gaps(scores, prose, marks, back, out, column):
    """Write, for each line, what stands from the line of prose before it (behind it if ``back``) up to it.

    The logarithm of the number of lines, that of the marks among them, the largest first score, the sums of the first
    and of the last scores, all cut off at 4. A line of prose is told of the gap that ends with it.
    """
    n = len(prose)
    n_lines = n_marks = 0.0
    most, total, of_last = -_MOST, 0.0, 0.0
    for step in range(n):
        row = n - 1 - step if back else step
        n_lines += 1
        n_marks += marks[row]
        score = min(max(scores[row, 0], -_MOST), _MOST)
        other = scores[row, 1 if back else 2]
        most, total = max(most, score), total + score
        of_last += min(max(other, -_MOST), _MOST)
        out[row, column], out[row, column + 1] = math.log1p(n_lines), math.log1p(n_marks)
        out[row, column + 2], out[row, column + 3], out[row, column + 4] = most, total, of_last
        if prose[row] > _PROSE:
            n_lines = n_marks = 0.0
            most, total, of_last = -_MOST, 0.0, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def describe_gaps(scores, prose, marks, first, last, out, column):
    """Write what stands between each line and prose; ``marks`` (float64) are lines that are words of pages.

    `_cross_gaps` to the prose before and to that behind; then from the run of prose from ``first`` to ``last`` up to a
    line outside it: the logarithm of the number of marks, the largest score that the line is junk, and the sum.
    """
    n = len(prose)
    _cross_gaps(scores, prose, marks, False, out, column)
    _cross_gaps(scores, prose, marks, True, out, column + _GAP)
    column += 2 * _GAP
    for row in range(n):
        out[row, column], out[row, column + 1], out[row, column + 2] = 0.0, -_MOST, 0.0
    for step in (-1, 1):
        n_marks, most, total = 0.0, -_MOST, 0.0
        row = last + 1 if step > 0 else first - 1
        while 0 <= row < n:
            score = min(max(scores[row, 0], -_MOST), _MOST)
            n_marks, most, total = n_marks + marks[row], max(most, score), total + score
            out[row, column], out[row, column + 1], out[row, column + 2] = math.log1p(n_marks), most, total
            row += step
    return column + 3


@njit(cache=True, nogil=True, error_model="numpy")
def describe_scores(scores, runs, indptr, prose, cover, out, column):
    """`describe_words` and `describe_gaps` of several texts: the lines of text t are rows ``indptr[t]`` and on.

    ``runs`` (int64, texts x 2): the first and last line of prose of each; columns ``prose`` and ``cover`` of ``out``
    hold how much of a line is prose and how much of it is words of pages.
    """
    for text in range(len(runs)):
        low, high = indptr[text], indptr[text + 1]
        own = out[low:high]
        marks, like_prose = np.empty(high - low), np.empty(high - low)
        for row in range(high - low):
            marks[row], like_prose[row] = own[row, cover] >= 0.5, own[row, prose]
        at = describe_words(scores[low:high], own, column)
        describe_gaps(scores[low:high], like_prose, marks, runs[text, 0], runs[text, 1], own, at)


@njit(cache=True, nogil=True, error_model="numpy")
def describe_vocabulary(
    plain, start, end, begin, indptr, classes, keys, weights, base, most, runs, prose, cover, out, column
):
    """All of them, from the words; the lines of text t stand in places ``begin[t]`` and on.

    ``base`` (float64) is what a line without known words has.
    """
    scores = np.empty((len(out), weights.shape[1]))
    for text in range(len(begin)):
        low, high = indptr[text], indptr[text + 1]
        first, last = begin[text], begin[text] + high - low
        weigh_words(plain, start[first:last], end[first:last], classes, keys, weights, most, scores[low:high])
    for row in range(len(out)):
        for part in range(weights.shape[1]):
            scores[row, part] += base[part]
    describe_scores(scores, runs, indptr, prose, cover, out, column)
