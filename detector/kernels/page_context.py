"""Compiled passes over whole pages: what lines have in common with the prose around them, and where the text stands.

`detector.rules.pages` names the columns; ``tests/test_page_context.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import numpy as np

from detector.kernels.compiled import njit

_SINGLE, _LETTER, _EXTENDER = 1, 2, 4
_MIX = np.uint64(0xC4CEB9FE1A85EC53)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)
_LONG_WORD = 4
_PROSE = 2.0
_REACH = 6
_HEAD_REACH, _HEAD_WORDS = 4, 3


@njit(cache=True, nogil=True, error_model="numpy")
def collect_words(plain, start, end, classes, words, indptr):
    """Hashes of what lines are about: words of at least four letters, and pairs of single characters side by side.

    Those of line r go to ``words[indptr[r]:indptr[r + 1]]`` (uint64, room for a word each character; ``indptr`` int64).
    """
    n = 0
    for row in range(len(start)):
        indptr[row] = n
        value, of_word, single = _GOLDEN, 0, np.uint64(0)
        for at in range(start[row], end[row] + 1):
            kind = classes[plain[at]] if at < end[row] else 0
            if kind == _LETTER or (kind == _EXTENDER and of_word > 0):
                value = (value ^ np.uint64(plain[at])) * _MIX
                value ^= value >> _SHIFT
                of_word += 1
            else:
                if of_word >= _LONG_WORD:
                    words[n] = value
                    n += 1
                value, of_word = _GOLDEN, 0
            if kind == _SINGLE:
                this = np.uint64(plain[at])
                if single:
                    pair = (single << _SHIFT ^ this) * _MIX
                    words[n] = pair ^ (pair >> _SHIFT)
                    n += 1
                single = this
            else:
                single = np.uint64(0)
    indptr[len(start)] = n


@njit(cache=True, nogil=True, error_model="numpy")
def number_words(words, indptr, numbers):
    """Number different words from 0 on (``numbers``, int32; a word that its line has before gets -1); how many."""
    size = 16
    while size <= 2 * len(words):
        size *= 2
    mask = np.uint64(size - 1)
    slots = np.full(size, -1, np.int32)
    first, last = np.empty(len(words), np.int64), np.empty(len(words), np.int64)
    n = 0
    for row in range(len(indptr) - 1):
        for at in range(indptr[row], indptr[row + 1]):
            slot = (words[at] >> _SHIFT) & mask
            while slots[slot] >= 0 and words[first[slots[slot]]] != words[at]:
                slot = (slot + np.uint64(1)) & mask
            number = slots[slot]
            if number < 0:
                number = slots[slot] = n
                first[n] = at
                n += 1
                numbers[at] = number
            else:
                numbers[at] = -1 if last[number] == row else number
            last[number] = row
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def weigh_around(weight, reach, source, out, column):
    """Write the mean of a column over the lines up to ``reach`` before and after each, weighted (float64)."""
    n = len(weight)
    for row in range(n):
        total = of_weight = 0.0
        for other in range(max(row - reach, 0), min(row + reach + 1, n)):
            total += weight[other] * out[other, source]
            of_weight += weight[other]
        out[row, column] = total / max(of_weight, 1e-6)


@njit(cache=True, nogil=True, error_model="numpy")
def relate_lines(numbers, n_words, indptr, prose, first, last, out, column):
    """Write how much of what each line is about stands in other lines, in nine columns.

    The weight of a word is the logarithm of the number of lines over those that have it. Columns: the share by weight
    that other lines of prose have; the logarithm of how many such lines have a rarer word, mean over all words; the
    share that other lines of the text from ``first`` to ``last`` have; that which the 6 lines before have, and the 6
    after. A line without words has -0.1 in place of a share. Then means of the first share 6 lines around, of the third
    6 lines around, and of the third 3 and 8 around, where a line counts by its words.
    """
    n = len(indptr) - 1
    n_lines, n_prose, n_body = np.zeros(n_words), np.zeros(n_words), np.zeros(n_words)
    seen = np.full(n_words, -_REACH - 1)
    for row in range(n):
        for at in range(indptr[row], indptr[row + 1]):
            word = numbers[at]
            if word >= 0:
                n_lines[word] += 1
                n_prose[word] += prose[row] > _PROSE
                n_body[word] += first <= row <= last
    for row in range(n):
        own, inside = prose[row] > _PROSE, first <= row <= last
        weight = of_prose = rare = of_body = of_near = 0.0
        n_own = 0
        for at in range(indptr[row], indptr[row + 1]):
            word = numbers[at]
            if word < 0:
                continue
            n_own += 1
            value = math.log((n + 1) / n_lines[word])
            weight += value
            others = n_prose[word] - own
            of_prose += value if others > 0 else 0.0
            rare += others if value > 1 else 0.0
            of_body += value if n_body[word] > inside else 0.0
            of_near += value if seen[word] >= row - _REACH else 0.0
            seen[word] = row
        some = n_own > 0
        out[row, column] = of_prose / weight if some else -0.1
        out[row, column + 1] = math.log1p(rare / max(n_own, 1))
        out[row, column + 2] = of_body / weight if some else -0.1
        out[row, column + 3] = of_near / weight if some else -0.1
    seen[:] = n + _REACH
    for row in range(n - 1, -1, -1):
        weight = of_near = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            word = numbers[at]
            if word >= 0:
                value = math.log((n + 1) / n_lines[word])
                weight += value
                of_near += value if seen[word] <= row + _REACH else 0.0
                seen[word] = row
        out[row, column + 4] = of_near / weight if weight > 0 else -0.1
    alike, n_words_of = np.ones(n), np.zeros(n)
    for row in range(n):
        for at in range(indptr[row], indptr[row + 1]):
            n_words_of[row] += numbers[at] >= 0
    weigh_around(alike, 6, column, out, column + 5)
    weigh_around(alike, 6, column + 2, out, column + 6)
    weigh_around(n_words_of, 3, column + 2, out, column + 7)
    weigh_around(n_words_of, 8, column + 2, out, column + 8)


@njit(cache=True, nogil=True, error_model="numpy")
def place_headline(numbers, n_words, indptr, prose, first, last, out, column):
    """Write where each line stands by the likely headline, in five columns.

    The headline is the line before or in the text from ``first`` to ``last``, no sentence and of three words at least,
    whose words the other lines of that text have most: their weight, as in `relate_lines`, times its share of the
    line's; of equals the last. Columns: the share by weight of a line's words that the headline has (-0.1 without
    words); logarithms of how far the line stands before it and behind it; that of the headline's value; that of how far
    the text begins behind it. Without a headline all but the first are 0.
    """
    n = len(indptr) - 1
    n_lines, n_body = np.zeros(n_words), np.zeros(n_words)
    for row in range(n):
        for at in range(indptr[row], indptr[row + 1]):
            if numbers[at] >= 0:
                n_lines[numbers[at]] += 1
                n_body[numbers[at]] += first <= row <= last
    head, best = -1, 0.0
    for row in range(min(first + _HEAD_REACH, last + 1)):
        if prose[row] > 0:
            continue
        weight = found = 0.0
        n_own = 0
        for at in range(indptr[row], indptr[row + 1]):
            word = numbers[at]
            if word >= 0:
                n_own += 1
                value = math.log((n + 1) / n_lines[word])
                weight += value
                found += value if n_body[word] > (first <= row <= last) else 0.0
        if n_own >= _HEAD_WORDS and found > 0 and found * found / weight >= best - 1e-9:
            head, best = row, max(best, found * found / weight)
    in_head = np.zeros(n_words)
    if head >= 0:
        for at in range(indptr[head], indptr[head + 1]):
            if numbers[at] >= 0:
                in_head[numbers[at]] = 1.0
    for row in range(n):
        weight = found = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            word = numbers[at]
            if word >= 0:
                value = math.log((n + 1) / n_lines[word])
                weight += value
                found += value * in_head[word]
        out[row, column] = found / weight if weight > 0 else -0.1
        out[row, column + 1] = math.log1p(max(head - row, 0)) if head >= 0 else 0.0
        out[row, column + 2] = math.log1p(max(row - head, 0)) if head >= 0 else 0.0
        out[row, column + 3] = math.log1p(best)
        out[row, column + 4] = math.log1p(max(first - head, 0)) if head >= 0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _added(one, other):
    """The logarithm of the sum of two numbers given by their logarithms."""
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high)) if low > -1e8 else high


@njit(cache=True, nogil=True, error_model="numpy")
def place_lines(before, after, rate, out, column):
    """Write the probabilities that each line stands before, in and after the one run of text, in three columns.

    ``before``, ``after`` (float64): log odds line by line; ``rate`` is how much of their evidence counts, since
    neighbours say the same. Sums run over all runs (forward, backward); each border costs 2.
    """
    n, cost, nothing = len(before), 2.0, -1e9
    for row in range(n):
        ahead, behind = 1 / (1 + math.exp(-before[row])), 1 / (1 + math.exp(-after[row]))
        out[row, column] = rate * math.log(max(ahead, 1e-6))
        out[row, column + 1] = rate * math.log(max(1 - ahead - behind, 1e-6))
        out[row, column + 2] = rate * math.log(max(behind, 1e-6))
    forward = np.empty((n, 3))
    forward[0, 0], forward[0, 1], forward[0, 2] = out[0, column], out[0, column + 1] - cost, nothing
    for row in range(1, n):
        forward[row, 0] = forward[row - 1, 0] + out[row, column]
        for state in (1, 2):
            come = _added(forward[row - 1, state], forward[row - 1, state - 1] - cost)
            forward[row, state] = come + out[row, column + state]
    back = np.zeros(3)
    for row in range(n - 1, -1, -1):
        now = out[row, column : column + 3].copy()
        total = _added(_added(forward[row, 0] + back[0], forward[row, 1] + back[1]), forward[row, 2] + back[2])
        for state in range(3):
            out[row, column + state] = math.exp(forward[row, state] + back[state] - total)
            back[state] += now[state]
        for state in (0, 1):
            back[state] = _added(back[state], back[state + 1] - cost)


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(gain, back, out, column):
    """Write the largest sum of a run that ends at each row, or begins there if ``back``."""
    total = 0.0
    n = len(gain)
    for step in range(n):
        row = n - 1 - step if back else step
        total = max(total, 0.0) + gain[row]
        out[row, column] = total


@njit(cache=True, nogil=True, error_model="numpy")
def describe_odds(odds, before, after, length, out, column):
    """Write the second round's features of the lines of one text from the first's log odds; returns the next column.

    ``odds``, ``before``, ``after`` (float64): that a line is junk, stands before and after the text; ``length``
    (float64): logarithms of characters. Columns: the odds, their means 1, 2, 4 and 8 lines around, those of the lines
    2 before to 2 after; the other odds; `place_lines` at two rates; whether the line is in the run of most content, how
    far before and after it; the sum of that run; the share of content up to the line and from it; the best runs that
    end there, begin there and go through it, over that sum.
    """
    n = len(odds)
    for row in range(n):
        out[row, column] = odds[row]
        for at, reach in enumerate((1, 2, 4, 8)):
            low, high = max(row - reach, 0), min(row + reach + 1, n)
            total = 0.0
            for other in range(low, high):
                total += odds[other]
            out[row, column + 1 + at] = total / (high - low)
        for at, step in enumerate((-2, -1, 1, 2)):
            out[row, column + 5 + at] = odds[row + step] if 0 <= row + step < n else 5.0
        out[row, column + 9], out[row, column + 10] = before[row], after[row]
    column += 11
    place_lines(before, after, 0.3, out, column)
    place_lines(before, after, 1.0, out, column + 3)
    column += 6
    gain = np.empty(n)
    best, total, begin = -1.0, 0.0, 0
    first = last = 0
    content = 0.0
    for row in range(n):
        gain[row] = min(max(-odds[row], -4.0), 4.0) * min(math.exp(0.5 * length[row]), 12.0) / 4.0
        content += max(gain[row], 0.0)
        total += gain[row]
        if total > best:
            best, first, last = total, begin, row
        if total < 0:
            total, begin = 0.0, row + 1
    most, content = max(best, 1e-9), max(content, 1e-9)
    _sums(gain, False, out, column + 6)
    _sums(gain, True, out, column + 7)
    so_far = 0.0
    for row in range(n):
        out[row, column] = first <= row <= last
        out[row, column + 1] = math.log1p(max(first - row, 0))
        out[row, column + 2] = math.log1p(max(row - last, 0))
        out[row, column + 3] = max(best, 0.0)
        out[row, column + 5] = 1.0 - so_far / content
        so_far += max(gain[row], 0.0)
        out[row, column + 4] = so_far / content
        out[row, column + 8] = (out[row, column + 6] + out[row, column + 7] - gain[row]) / most
        out[row, column + 6] /= most
        out[row, column + 7] /= most
    return column + 9


@njit(cache=True, nogil=True, error_model="numpy")
def relate_pages(plain, start, end, begin, indptr, runs, classes, source, out, column):
    """`relate_lines` of several texts: the lines of text t are rows ``indptr[t]`` to ``indptr[t + 1]`` of ``out``.

    Their places are those from ``begin[t]`` on; ``source`` is the column of prose, ``runs`` (int64) the first and last
    line of prose of each text.
    """
    for text in range(len(runs)):
        low, high = indptr[text], indptr[text + 1]
        first, last = begin[text], begin[text] + high - low
        n_chars = 0
        for row in range(first, last):
            n_chars += end[row] - start[row]
        words, of_line = np.empty(n_chars + 1, np.uint64), np.empty(high - low + 1, np.int64)
        collect_words(plain, start[first:last], end[first:last], classes, words, of_line)
        numbers = np.empty(of_line[high - low], np.int32)
        n = number_words(words[: len(numbers)], of_line, numbers)
        prose = out[low:high, source].copy()
        relate_lines(numbers, n, of_line, prose, runs[text, 0], runs[text, 1], out[low:high], column)
        place_headline(numbers, n, of_line, prose, runs[text, 0], runs[text, 1], out[low:high], column + 9)


@njit(cache=True, nogil=True, error_model="numpy")
def number_pages(plain, start, end, begin, indptr, classes, numbers, of_line, n_words):
    """`collect_words` and `number_words` of several texts, whose lines are those of `relate_pages`.

    The words of row r go to ``numbers[of_line[r]:of_line[r + 1]]`` (int32, room for a word each character; ``of_line``
    int64), how many different ones text t has to ``n_words[t]`` (int64).
    """
    of_line[0] = 0
    for text in range(len(n_words)):
        low, high = indptr[text], indptr[text + 1]
        first, last = begin[text], begin[text] + high - low
        n_chars = 0
        for row in range(first, last):
            n_chars += end[row] - start[row]
        words, own = np.empty(n_chars + 1, np.uint64), np.empty(high - low + 1, np.int64)
        collect_words(plain, start[first:last], end[first:last], classes, words, own)
        n = own[high - low]
        base = of_line[low]
        n_words[text] = number_words(words[:n], own, numbers[base : base + n])
        for row in range(high - low):
            of_line[low + row + 1] = base + own[row + 1]


@njit(cache=True, nogil=True, error_model="numpy")
def describe_all_odds(odds, indptr, out, column):
    """`describe_odds` of several texts: the lines of text t are ``indptr[t]`` to ``indptr[t + 1]``.

    ``odds`` (float64, 3 x lines): that lines are junk, before and after the text; column 0 of ``out`` has their length.
    """
    for text in range(len(indptr) - 1):
        low, high = indptr[text], indptr[text + 1]
        length = out[low:high, 0].copy()
        describe_odds(odds[0, low:high], odds[1, low:high], odds[2, low:high], length, out[low:high], column)
