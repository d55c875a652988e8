"""Compiled passes over the lines at the ends of texts: which are worth a look, and where each stands.

`detector.rules.frames` names the columns; ``tests/test_frames.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import numpy as np

from detector.kernels.compiled import njit

_AFTER_BLANK, _SENTENCE = 1, 2
_FAR = 6
_NOTHING = 128
_KNOWN = 3.0


@njit(cache=True, nogil=True, error_model="numpy")
def _may_speak(plain, low, high, said, base):
    """Whether the single characters of a line speak for it, or are less than half of it."""
    packed = 0
    for at in range(low, high):
        packed += said[min(plain[at], np.uint32(len(said) - 1))]
    n_single, n_known = packed >> 24, packed >> 16 & 0xFF
    return 2 * n_single < high - low or (packed & 0xFFFF) - _NOTHING * n_known + base * math.sqrt(max(n_known, 1)) > 0


@njit(cache=True, nogil=True, error_model="numpy")
def lines_to_weigh(plain, start, end, line_indptr, matched, said, base, head, tail, most, out):
    """Rows of lines (``out``, int64) whose words are worth a look; returns how many.

    They stand among the first ``head`` or last ``tail`` lines of their text, are no longer than ``most``, no rule
    matches them (``matched``, bool), and their single characters speak for junk, or are few. ``said`` (int32, by code
    point) has bit 24 where a character is a single one, bit 16 where something is known of it, and then `_NOTHING` more
    than what it says, in the unit of ``base``: one sum tells all of a line of up to 255 characters.
    """
    n = 0
    for text in range(len(line_indptr) - 1):
        first, last = line_indptr[text], line_indptr[text + 1]
        row = first
        while row < last:
            if row == first + head and last - tail > row:
                row = last - tail
            fits = end[row] - start[row] <= most and not matched[row]
            if fits and _may_speak(plain, start[row], end[row], said, base):
                out[n] = row
                n += 1
            row += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def edge_lines(line_indptr, known, texts, head, tail, near, out, indptr):
    """Rows of the lines of some texts that are looked at (``out``, int64), those of the n-th from ``indptr[n]`` on.

    They are the first ``head`` and the last ``tail`` lines, and those up to ``near`` lines from one that is ``known``.
    """
    n = 0
    for number in range(len(texts)):
        first, last = line_indptr[texts[number]], line_indptr[texts[number] + 1]
        indptr[number] = n
        for row in range(first, last):
            wanted = row < first + head or row >= last - tail
            for beside in range(max(row - near, first), min(row + near + 1, last)):
                wanted |= known[beside]
            if wanted:
                out[n] = row
                n += 1
    indptr[len(texts)] = n
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _beside(values, low, high, at, step):
    return values[at + step] if low <= at + step < high else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _describe_words(rows, known, words, low, high, out, column):
    """Write what words say of each line, of two before and after it, and the most and least they say on either side."""
    best, worst = 0.0, 0.0
    for at in range(low, high):
        out[at, column] = words[at]
        out[at, column + 1], out[at, column + 2] = _beside(words, low, high, at, -1), _beside(words, low, high, at, 1)
        out[at, column + 3], out[at, column + 4] = _beside(words, low, high, at, -2), _beside(words, low, high, at, 2)
        out[at, column + 5], out[at, column + 7] = best, worst
        said = _KNOWN if known[rows[at]] else words[at]
        best, worst = max(best, said), min(worst, said)
    best, worst = 0.0, 0.0
    for at in range(high - 1, low - 1, -1):
        out[at, column + 6], out[at, column + 8] = best, worst
        said = _KNOWN if known[rows[at]] else words[at]
        best, worst = max(best, said), min(worst, said)
    return column + 9


@njit(cache=True, nogil=True, error_model="numpy")
def _describe_known(first, last, known, flags, from_known, sentences):
    """Write how far before each line of a text one is known (``_FAR`` at most), and the sentences before it."""
    n_sentences = n_known = 0
    distance = _FAR
    for row in range(first, last):
        from_known[row - first], sentences[row - first] = distance, n_sentences
        distance = 1 if known[row] else min(distance + 1, _FAR)
        n_known += known[row]
        n_sentences += flags[row] & _SENTENCE != 0 and not known[row]
    sentences[last - first] = n_sentences
    return min(n_known, _FAR)


@njit(cache=True, nogil=True, error_model="numpy")
def describe_places(start, end, flags, line_indptr, bounds, known, texts, rows, indptr, words, out, column):
    """Write where lines of some texts stand and what words say around them, in the columns `detector.rules.frames.OWN`.

    ``rows[indptr[n]:indptr[n + 1]]`` are the lines of text ``texts[n]`` that are looked at; ``words`` (float64, a row
    each) is what their words say.
    """
    for number in range(len(texts)):
        low, high, text = indptr[number], indptr[number + 1], texts[number]
        first, last = line_indptr[text], line_indptr[text + 1]
        next_column = _describe_words(rows, known, words, low, high, out, column)
        from_known, sentences = np.empty(last - first), np.empty(last - first + 1)
        n_known = _describe_known(first, last, known, flags, from_known, sentences)
        n_sentences = sentences[last - first]
        distance, row_before = _FAR, last
        for at in range(high - 1, low - 1, -1):
            row = rows[at]
            for beside in range(row_before - 1, row, -1):
                distance = 1 if known[beside] else min(distance + 1, _FAR)
            place, is_sentence = row - first, flags[row] & _SENTENCE != 0
            values = out[at, next_column:]
            values[0], values[1] = place, last - 1 - row
            values[2], values[3] = math.log1p(start[row] - bounds[text]), math.log1p(bounds[text + 1] - end[row])
            values[4] = last - first
            values[5] = sentences[place]
            values[6] = n_sentences - sentences[place] - (is_sentence and not known[row])
            values[7] = is_sentence
            values[8] = flags[row] & _AFTER_BLANK != 0
            values[9] = row + 1 < last and flags[row + 1] & _AFTER_BLANK != 0
            values[10], values[11], values[12] = from_known[place], distance, n_known
            distance = 1 if known[row] else min(distance + 1, _FAR)
            row_before = row
