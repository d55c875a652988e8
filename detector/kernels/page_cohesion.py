"""Compiled passes over pages: what lines have in common with those that were taken for content or for junk so far.

Lexical cohesion: `detector.rules.pages` names the columns; ``tests/test_page_cohesion.py`` has the obvious version of
each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import numpy as np

from detector.kernels.compiled import njit

_SURENESS, _EVEN = 0.6, 1.0
"""How steeply the odds of a line make it one of junk, and at which odds it is as much one of content: about where the
limit of a fit stands. Set once; other values were not compared."""

_FADING = 0.9
"""What is left of a word of content after a line: half after seven. Set once, as those above."""

_OWN = 8
"""Columns that tell of a line by itself."""

_REACHES = (1, 3, 8)
"""Lines on both sides that a mean is over."""

_NO_WORDS = -0.1
"""What a line without words has; no cosine and no share of one with words is below 0."""


@njit(cache=True, nogil=True, error_model="numpy")
def _fade(numbers, indptr, value, content, back, out, column):
    """Write the share by weight of each line's words that content before it has, or behind it if ``back``.

    What a line of content gives to its words fades with every line; no word has more than 1.
    """
    n = len(indptr) - 1
    have, last, powers = np.zeros(len(value)), np.zeros(len(value), np.int64), np.ones(n + 1)
    for step in range(n):
        powers[step + 1] = powers[step] * _FADING
    for step in range(n):
        row = n - 1 - step if back else step
        total = found = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            word = numbers[at]
            if word >= 0:
                had = have[word] * powers[abs(row - last[word])]
                total += value[word]
                found += value[word] * had
                have[word] = min(had + content[row], 1.0)
                last[word] = row
        out[row, column] = found / total if total > 0 else _NO_WORDS


@njit(cache=True, nogil=True, error_model="numpy")
def _compare(numbers, indptr, value, weight, out, cosine, share):
    """Write how like each line is to the others of a kind, by their weight, and the share of its words that they have.

    The kind is the sum of its lines' words, each of its weight; ``cosine`` and ``share`` are columns.
    """
    n = len(indptr) - 1
    total = np.zeros(len(value))
    for row in range(n):
        for at in range(indptr[row], indptr[row + 1]):
            if numbers[at] >= 0:
                total[numbers[at]] += value[numbers[at]] * weight[row]
    square = 0.0
    for word in range(len(value)):
        square += total[word] * total[word]
    for row in range(n):
        size = length = both = found = rest = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            word = numbers[at]
            if word >= 0:
                own = value[word] * weight[row]
                other = total[word] - own
                size += value[word]
                length += value[word] * value[word]
                both += value[word] * other
                found += min(max(other, 0.0), value[word])
                rest += own * own - 2.0 * total[word] * own
        out[row, cosine] = both / math.sqrt(length * max(square + rest, 1e-9)) if size > 0 else _NO_WORDS
        out[row, share] = found / size if size > 0 else _NO_WORDS


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(out, column):
    """Write the means of the first `_OWN` columns 1, 3 and 8 lines around each line, and of all lines, behind them."""
    n = len(out)
    so_far, at = np.zeros(n + 1), column + _OWN
    for source in range(column, column + _OWN):
        for row in range(n):
            so_far[row + 1] = so_far[row] + out[row, source]
        for reach in _REACHES:
            for row in range(n):
                low, high = max(row - reach, 0), min(row + reach + 1, n)
                out[row, at] = (so_far[high] - so_far[low]) / (high - low)
            at += 1
        for row in range(n):
            out[row, at] = so_far[n] / n
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def relate_kinds(numbers, n_words, indptr, odds, out, column):
    """Write what the lines of one text have in common with its content and its junk; returns the next column.

    ``numbers`` (int32), ``indptr`` (int64): the words of lines, as `detector.kernels.page_context.number_words` has
    them; ``odds`` (float64): that a line is junk, so far. The weight of a word is the logarithm of the number of lines
    over those that have it. Columns: the cosine of the line and the other lines of content, each by its odds, and of
    junk; the shares of its words that they have, and the first less the second; the shares that content before and
    behind it has, fading; the length of the line's vector. A line without words has -0.1. Then of each of these the
    means 1, 3 and 8 lines around and over the whole text.
    """
    n = len(indptr) - 1
    value, content, junk = np.zeros(n_words), np.empty(n), np.empty(n)
    for row in range(n):
        chance = 1 / (1 + math.exp(-_SURENESS * (odds[row] - _EVEN)))
        content[row], junk[row] = (1 - chance) * (1 - chance), chance * chance
        for at in range(indptr[row], indptr[row + 1]):
            if numbers[at] >= 0:
                value[numbers[at]] += 1.0
    for word in range(n_words):
        value[word] = math.log((n + 1) / value[word])
    _compare(numbers, indptr, value, content, out, column, column + 2)
    _compare(numbers, indptr, value, junk, out, column + 1, column + 3)
    _fade(numbers, indptr, value, content, False, out, column + 5)
    _fade(numbers, indptr, value, content, True, out, column + 6)
    for row in range(n):
        square, n_own = 0.0, 0
        for at in range(indptr[row], indptr[row + 1]):
            if numbers[at] >= 0:
                square += value[numbers[at]] * value[numbers[at]]
                n_own += 1
        out[row, column + 4] = out[row, column + 2] - out[row, column + 3] if n_own > 0 else _NO_WORDS
        out[row, column + 7] = math.sqrt(square) / 10
    return _spread(out, column)


@njit(cache=True, nogil=True, error_model="numpy")
def relate_all_kinds(numbers, n_words, of_line, indptr, odds, out, column):
    """`relate_kinds` of several texts: the lines of text t are rows ``indptr[t]`` to ``indptr[t + 1]`` of ``out``.

    The words of row r are ``numbers[of_line[r]:of_line[r + 1]]``, and text t has ``n_words[t]`` different ones;
    ``odds`` (float64) is that of each line to be junk.
    """
    for text in range(len(n_words)):
        low, high = indptr[text], indptr[text + 1]
        relate_kinds(numbers, n_words[text], of_line[low : high + 1], odds[low:high], out[low:high], column)
