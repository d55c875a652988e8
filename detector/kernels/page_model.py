"""Compiled passes of the model of scraped pages: sums of trees, and the verdict on every line of a block's pages.

`detector.rules.pages` names the columns; ``tests/test_pages.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_FIRST_ROUND = 3
_TOGETHER = 16


@njit(cache=True, nogil=True, error_model="numpy")
def _columns(features, begin, some):
    """The features of `_TOGETHER` lines from ``begin`` on, a row for each feature; the last line fills what is over."""
    for row in range(_TOGETHER):
        line = min(begin + row, len(features) - 1)
        for feature in range(features.shape[1]):
            some[feature, row] = features[line, feature]


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(some, tree_feature, tree_limit, leaves, first, last, total):
    """The sum of some trees of each of `_TOGETHER` lines, in the order of the trees."""
    for row in range(_TOGETHER):
        total[row] = 0.0
    for tree in range(first, last):
        one, two, three = some[tree_feature[tree, 0]], some[tree_feature[tree, 1]], some[tree_feature[tree, 2]]
        limit_one, limit_two, limit_three = tree_limit[tree, 0], tree_limit[tree, 1], tree_limit[tree, 2]
        own = leaves[tree]
        for row in range(_TOGETHER):
            total[row] += own[4 * (one[row] > limit_one) + 2 * (two[row] > limit_two) + (three[row] > limit_three)]


@njit(cache=True, nogil=True, error_model="numpy")
def add_trees(features, tree_feature, tree_limit, leaves, bounds, out):
    """Log odds of lines by each part of the trees, from ``bounds[p]`` to before ``bounds[p + 1]`` (``out``, float64, a
    row for each part).

    Each tree asks three questions, ``features[r, tree_feature[t, q]] > tree_limit[t, q]``; the answers are the binary
    number of its leaf. Lines are asked together, because a tree's questions are then read once for all of them.
    """
    some, total = np.empty((features.shape[1], _TOGETHER)), np.empty(_TOGETHER)
    for begin in range(0, len(features), _TOGETHER):
        _columns(features, begin, some)
        for part in range(len(out)):
            _sums(some, tree_feature, tree_limit, leaves, bounds[part], bounds[part + 1], total)
            for row in range(min(_TOGETHER, len(features) - begin)):
                out[part, begin + row] = total[row]


@njit(cache=True, nogil=True, error_model="numpy")
def first_round(features, tree_feature, tree_limit, leaves, parts):
    """The first round's log odds (float64, 3 x lines): that lines are junk, stand before and after the text."""
    odds = np.empty((_FIRST_ROUND, len(features)))
    add_trees(features, tree_feature, tree_limit, leaves, parts, odds)
    return odds


@njit(cache=True, nogil=True, error_model="numpy")
def later_round(features, tree_feature, tree_limit, leaves, parts, part, column, share, share_before, out):
    """The log odds that lines are junk, by what the round before says around them too (``out``, float64).

    They are those of the trees of one part, by ``share``, and those of the round before, which stand in ``column``, by
    ``share_before``.
    """
    odds = np.empty((1, len(features)))
    add_trees(features, tree_feature, tree_limit, leaves, parts[part:], odds)
    for row in range(len(out)):
        out[row] = share * odds[0, row] + share_before * features[row, column]


@njit(cache=True, nogil=True, error_model="numpy")
def judge_pages(odds, repeats, indptr, signs, limits, is_page):
    """Whether texts are pages (``is_page``, bool), by how many of their lines are junk without a doubt.

    The lines of text t are rows ``indptr[t]`` to ``indptr[t + 1]`` of ``odds`` (float64) and ``repeats`` (int32), how
    often each stands there. ``limits`` (float64): the odds, the least number of different lines and the least share of
    lines; then the odds and share that are enough for a text that its words show to be a page (``signs``, uint8, 2).
    """
    for text in range(len(is_page)):
        low, high = indptr[text], indptr[text + 1]
        n_sure = n_likely = 0
        n_different = 1e-6
        for row in range(low, high):
            if odds[row] > limits[0]:
                n_sure += 1
                n_different += 1.0 / repeats[row]
            n_likely += odds[row] > limits[3]
        is_page[text] = n_different >= limits[1] and n_sure >= limits[2] * (high - low)
        is_page[text] |= signs[text] == 2 and n_likely >= limits[4] * (high - low)
