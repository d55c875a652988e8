"""Compiled passes over the lines of scraped pages: features of a line among the others, and the model's verdict.

`detector.rules.pages` names the columns; ``tests/test_pages.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import numpy as np

from detector.kernels.compiled import njit

_CHARS, _WORDS, _HAN, _ENDS, _COMMAS, _DIGITS, _UPPER, _RULES, _QUOTES, _FLAGS, _SEEN = range(11)
_LETTERS, _LONG, _TITLED, _JOINED, _CLASS = range(11, 16)
_AT_END, _AT_MORE, _IS_DATE, _IS_TIME, _IS_LINK, _AT_COLON = 1, 2, 4, 8, 16, 32
_FROM_UPPER, _FROM_LOWER, _FROM_DIGIT, _TO_LETTER, _TO_DIGIT = 64, 128, 256, 512, 1024
_PROSE = 2.0


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
def _describe_shapes(counts, prose, first, last, out, at):
    """Write how lines begin and end, how they are written, whether they recur in steps, and what the page is like."""
    n = len(counts)
    titled, open_end, capital = np.empty(n), np.empty(n), np.empty(n)
    n_short = n_prose = 0
    of_body = in_all = 0.0
    for row in range(n):
        flags = counts[row, _FLAGS]
        titled[row] = counts[row, _TITLED] / counts[row, _LONG] if counts[row, _LONG] else -1.0
        open_end[row], capital[row] = (flags & _TO_LETTER) != 0, (flags & _FROM_UPPER) != 0
        n_short += counts[row, _WORDS] + 0.6 * counts[row, _HAN] < 7
        n_prose += prose[row] > _PROSE
        in_all += prose[row]
        of_body += prose[row] if first <= row <= last else 0.0
        out[row, at] = titled[row]
        out[row, at + 1] = counts[row, _LETTERS] / max(counts[row, _WORDS], 1)
        out[row, at + 2] = min(counts[row, _JOINED], 6)
        out[row, at + 3], out[row, at + 4] = capital[row], (flags & _FROM_LOWER) != 0
        out[row, at + 5], out[row, at + 6] = (flags & _FROM_DIGIT) != 0, open_end[row]
        out[row, at + 7] = (flags & _TO_DIGIT) != 0
    for row in range(n):
        out[row, at + 8], out[row, at + 9] = math.log1p(n), n_short / n
        out[row, at + 10], out[row, at + 11] = n_prose / n, of_body / max(in_all, 1e-9)
        out[row, at + 12], out[row, at + 13] = math.log1p(row), math.log1p(n - 1 - row)
    at += 14
    for reach in (2, 6):
        _window(titled, reach, out, at)
        _window(open_end, reach, out, at + 1)
        _window(capital, reach, out, at + 2)
        at += 3
    unlike = np.empty(n)
    for step in (1, 2, 3):
        for row in range(n):
            unlike[row] = 3.0
            if row >= step:
                apart = abs(out[row, 0] - out[row - step, 0]) + abs(open_end[row] - open_end[row - step])
                apart += 2 * abs(out[row, 3] - out[row - step, 3]) + 2 * abs(out[row, 13] - out[row - step, 13])
                unlike[row] = min(apart + abs(titled[row] - titled[row - step]), 3.0)
        _window(unlike, 5, out, at)
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def describe_lines(counts, repeats, n_classes, out):
    """Features of the lines of a text (``out``, float64, n x `detector.rules.pages.FEATURES`); one at least."""
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
    return _describe_shapes(counts, prose, first, last, out, at + 9), first, last


@njit(cache=True, nogil=True, error_model="numpy")
def describe_pages(counts, repeats, indptr, n_classes, out, runs):
    """The same of several texts: the lines of text t are rows ``indptr[t]`` to ``indptr[t + 1]`` (int64).

    ``runs`` (int64, texts x 2) gets the first and last line of prose of each.
    """
    for text in range(len(runs)):
        low, high = indptr[text], indptr[text + 1]
        _, first, last = describe_lines(counts[low:high], repeats[low:high], n_classes, out[low:high])
        runs[text, 0], runs[text, 1] = first, last
