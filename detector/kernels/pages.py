"""Compiled passes over the lines of scraped pages: features of a line among the others, and the model's verdict.

`detector.pages` names the columns; ``tests/test_pages.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import numpy as np

from detector.kernels.compiled import njit

_CHARS, _WORDS, _HAN, _ENDS, _COMMAS, _DIGITS, _UPPER, _RULES, _QUOTES, _FLAGS, _SEEN, _CLASS = range(12)
_AT_END, _AT_MORE, _IS_DATE, _IS_TIME, _IS_LINK, _AT_COLON = 1, 2, 4, 8, 16, 32


@njit(cache=True, nogil=True, error_model="numpy")
def _window(values, reach, out, column):
    """Write the mean of the values up to ``reach`` rows before and after each (rows that are not there are 0)."""
    n = len(values)
    total = 0.0
    for row in range(min(reach, n)):
        total += values[row]
    for row in range(n):
        if row + reach < n:
            total += values[row + reach]
        if row > reach:
            total -= values[row - reach - 1]
        out[row, column] = total / (2 * reach + 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _fading(values, rate, out, column):
    """Write the sum of the values before each row, each step weakened by ``rate``, and in the next column after it."""
    n = len(values)
    total = 0.0
    for row in range(n):
        out[row, column] = total
        total = total * rate + values[row]
    total = 0.0
    for row in range(n - 1, -1, -1):
        out[row, column + 1] = total
        total = total * rate + values[row]


@njit(cache=True, nogil=True, error_model="numpy")
def _beside(values, step, out, column):
    """Write the value ``step`` rows on, 0 where there is none."""
    n = len(values)
    for row in range(n):
        out[row, column] = values[row + step] if 0 <= row + step < n else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _best_run(values):
    """First and last row of the run of the largest sum."""
    best, total, begin = -1.0, 0.0, 0
    first = last = 0
    for row in range(len(values)):
        total += values[row]
        if total > best:
            best, first, last = total, begin, row
        if total < 0:
            total, begin = 0.0, row + 1
    return first, last


@njit(cache=True, nogil=True, error_model="numpy")
def _places(first, last, out, column):
    """Write whether each row lies from ``first`` to ``last``, how far before it and how far after it it stands."""
    for row in range(len(out)):
        out[row, column] = first <= row <= last
        out[row, column + 1] = math.log1p(max(first - row, 0))
        out[row, column + 2] = math.log1p(max(row - last, 0))


@njit(cache=True, nogil=True, error_model="numpy")
def describe_lines(counts, repeats, n_classes, out):
    """Features of the lines of one text (``out``, float64, n x `detector.pages.FEATURES`), which has at least one."""
    n = len(counts)
    stops = _CLASS + n_classes - 1
    said, person, nav = stops - 2, stops - 1, stops + 1
    prose, length, cover = np.empty(n), np.empty(n), np.empty(n)
    short, headed, discussed, told, spoken, dated, fielded = (
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
    )
    gain, ended = np.empty(n), np.empty(n)
    mass_sum = 0.0
    n_han = n_words = 0
    for row in range(n):
        chars = max(counts[row, _CHARS], 1)
        seen = max(counts[row, _SEEN], 1)
        units = counts[row, _WORDS] + 0.6 * counts[row, _HAN]
        n_han += counts[row, _HAN]
        n_words += counts[row, _WORDS]
        flags = counts[row, _FLAGS]
        stop = counts[row, stops] / seen
        good = units * (1.0 if counts[row, _ENDS] else 0.0) * min(1.0, stop / 0.12)
        prose[row], length[row] = math.log1p(good), math.log1p(chars)
        mass_sum += prose[row]
        ended[row] = 1.0 if flags & _AT_END else 0.0
        cover[row] = counts[row, nav] / seen
        short[row] = units < 7
        headed[row] = units < 14 and counts[row, _CLASS + 1] * 2 >= seen
        discussed[row] = units < 20 and counts[row, _CLASS + 2] * 3 >= seen
        told[row], spoken[row] = counts[row, said] / seen, counts[row, person] / seen
        dated[row] = units < 25 and (flags & (_IS_DATE | _IS_TIME) != 0 or counts[row, _CLASS + 6] * 4 >= seen)
        fielded[row] = units < 25 and counts[row, _CLASS + 4] * 3 >= seen
        gain[row] = prose[row] if good > 0 else -0.7
        out[row, 0] = length[row]
        out[row, 1] = math.log1p(units)
        out[row, 2] = min(counts[row, _ENDS], 4)
        out[row, 3] = ended[row]
        out[row, 4] = 1.0 if flags & _AT_MORE else 0.0
        out[row, 5] = 1.0 if flags & _AT_COLON else 0.0
        out[row, 6] = min(counts[row, _COMMAS] / max(units, 1.0) * 10.0, 5.0)
        out[row, 7] = min(counts[row, _COMMAS], 6)
        out[row, 8] = counts[row, _DIGITS] / chars
        out[row, 9] = counts[row, _UPPER] / max(counts[row, _WORDS], 1)
        out[row, 10] = min(counts[row, _RULES] / chars * 5.0, 1.0)
        out[row, 11] = min(counts[row, _QUOTES], 4)
        out[row, 12] = min(math.log(repeats[row]), 3.0)
        out[row, 13] = 1.0 if flags & _IS_DATE else 0.0
        out[row, 14] = 1.0 if flags & _IS_TIME else 0.0
        out[row, 15] = 1.0 if flags & _IS_LINK else 0.0
        out[row, 16] = prose[row]
        for column in range(n_classes + 1):
            out[row, 17 + column] = counts[row, _CLASS + column] / seen
        out[row, 18 + n_classes] = headed[row]
        out[row, 19 + n_classes] = discussed[row]
    at = 20 + n_classes
    for reach in (1, 2, 4, 8):
        _window(prose, reach, out, at)
        at += 1
    _window(length, 2, out, at)
    _window(short, 4, out, at + 1)
    _window(cover, 2, out, at + 2)
    _window(cover, 5, out, at + 3)
    _window(told, 4, out, at + 4)
    _window(spoken, 4, out, at + 5)
    _window(dated, 2, out, at + 6)
    _window(dated, 6, out, at + 7)
    _window(fielded, 3, out, at + 8)
    _window(discussed, 4, out, at + 9)
    at += 10
    for step in (-2, -1, 1, 2):
        _beside(prose, step, out, at)
        _beside(length, step, out, at + 1)
        _beside(cover, step, out, at + 2)
        at += 3
    _beside(ended, -1, out, at)
    _beside(ended, 1, out, at + 1)
    _beside(headed, -1, out, at + 2)
    _beside(fielded, -1, out, at + 3)
    _beside(fielded, 1, out, at + 4)
    _beside(dated, -1, out, at + 5)
    _beside(dated, 1, out, at + 6)
    at += 7
    _fading(prose, 0.8, out, at)
    most = 1e-9
    for row in range(n):
        most = max(most, out[row, at] + out[row, at + 1] + prose[row])
    for row in range(n):
        before, after = out[row, at], out[row, at + 1]
        out[row, at + 2] = min(before, after)
        out[row, at + 3] = (before + after + prose[row]) / most
    at += 4
    _fading(prose, 0.93, out, at)
    _fading(headed, 0.9, out, at + 2)
    _fading(discussed, 0.93, out, at + 4)
    _fading(dated, 0.9, out, at + 6)
    _fading(short, 0.85, out, at + 8)
    at += 10
    first, last = _best_run(gain)
    _places(first, last, out, at)
    at += 3
    so_far = 0.0
    n_headed = n_discussed = 0
    run = 0
    for row in range(n):
        so_far += prose[row]
        if so_far > 0.3 * mass_sum:
            n_headed += headed[row] > 0
            n_discussed += discussed[row] > 0
        out[row, at] = so_far / max(mass_sum, 1e-9)
        out[row, at + 1] = math.log1p(n_headed)
        out[row, at + 2] = math.log1p(n_discussed)
        run = run + 1 if prose[row] == 0 else 0
        out[row, at + 3] = math.log1p(run)
        out[row, at + 5] = row / max(n - 1, 1)
        out[row, at + 6] = math.log1p(mass_sum)
        out[row, at + 7] = n_han / max(n_han + n_words, 1)
        out[row, at + 8] = min(math.log1p(row), math.log1p(n - 1 - row))
    run = 0
    for row in range(n - 1, -1, -1):
        run = run + 1 if prose[row] == 0 else 0
        out[row, at + 4] = math.log1p(run)
    return at + 9


@njit(cache=True, nogil=True, error_model="numpy")
def score_lines(features, linear, tree_feature, tree_limit, leaves, out):
    """The log odds that lines are junk: the mean of a linear model and of the sum of trees (``out``, float64).

    ``linear`` (float64): a weight for each feature and the constant. Each tree asks three questions,
    ``features[r, tree_feature[t, q]] > tree_limit[t, q]``; the answers are the binary number of its leaf.
    """
    n_features = len(linear) - 1
    for row in range(len(out)):
        total = linear[n_features]
        for column in range(n_features):
            total += features[row, column] * linear[column]
        grown = 0.0
        for tree in range(len(tree_feature)):
            leaf = 0
            for question in range(3):
                leaf = 2 * leaf + (features[row, tree_feature[tree, question]] > tree_limit[tree, question])
            grown += leaves[tree, leaf]
        out[row] = 0.5 * total + 0.5 * grown


@njit(cache=True, nogil=True, error_model="numpy")
def judge_pages(counts, repeats, indptr, is_page, n_classes, linear, tree_feature, tree_limit, leaves, limits, scores):
    """The scores of all lines of texts that are pages (``scores``, float64): above 0 a line is junk.

    ``linear`` has a row for texts of words and one for texts of Han, as ``limits`` has of what is taken off the log
    odds, behind the share of Han from which the second counts.
    """
    n_features = linear.shape[1] - 1
    for number in range(len(is_page)):
        if not is_page[number]:
            continue
        low, high = indptr[number], indptr[number + 1]
        features = np.empty((high - low, n_features))
        describe_lines(counts[low:high], repeats[low:high], n_classes, features)
        script = 1 if features[0, n_features - 2] > limits[0] else 0
        score_lines(features, linear[script], tree_feature, tree_limit, leaves, scores[low:high])
        for row in range(low, high):
            scores[row] -= limits[1 + script]
