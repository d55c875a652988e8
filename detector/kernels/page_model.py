"""Compiled passes of the model of scraped pages: sums of trees, and the verdict on every line of a block's pages.

`detector.pages` names the columns; ``tests/test_pages.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_JUNK, _BEFORE, _AFTER, _LAST = range(4)


@njit(cache=True, nogil=True, error_model="numpy")
def add_trees(features, tree_feature, tree_limit, leaves, first, last, out):
    """Log odds of lines: the sum of the trees from ``first`` to before ``last`` (``out``, float64).

    Each tree asks three questions, ``features[r, tree_feature[t, q]] > tree_limit[t, q]``; the answers are the binary
    number of its leaf.
    """
    for row in range(len(out)):
        total = 0.0
        for tree in range(first, last):
            leaf = 0
            for question in range(3):
                leaf = 2 * leaf + (features[row, tree_feature[tree, question]] > tree_limit[tree, question])
            total += leaves[tree, leaf]
        out[row] = total


@njit(cache=True, nogil=True, error_model="numpy")
def first_round(features, tree_feature, tree_limit, leaves, parts):
    """The first round's log odds (float64, 3 x lines): that lines are junk, stand before and after the text."""
    odds = np.empty((3, len(features)))
    for at, part in enumerate((_JUNK, _BEFORE, _AFTER)):
        add_trees(features, tree_feature, tree_limit, leaves, parts[part], parts[part + 1], odds[at])
    return odds


@njit(cache=True, nogil=True, error_model="numpy")
def second_round(features, tree_feature, tree_limit, leaves, parts, column, share, out):
    """The log odds that lines are junk, by what the first round says around them too (``out``, float64).

    The first round's own odds, which stand in ``column``, count too, by ``share``.
    """
    add_trees(features, tree_feature, tree_limit, leaves, parts[_LAST], parts[_LAST + 1], out)
    for row in range(len(out)):
        out[row] += share * features[row, column]


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
