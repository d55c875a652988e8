"""Compiled passes of the model of scraped pages: sums of trees, and the verdict on every line of a block's pages.

`detector.pages` names the columns; ``tests/test_pages.py`` has the obvious version of each pass.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from detector.kernels.compiled import njit

_SCOUT, _JUNK, _BEFORE, _AFTER, _LAST = range(5)


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
def scout_lines(features, tree_feature, tree_limit, leaves, parts, limit):
    """How many lines look as only those of pages do: their log odds by the trees of the first part exceed ``limit``."""
    odds = np.empty(len(features))
    add_trees(features, tree_feature, tree_limit, leaves, parts[_SCOUT], parts[_SCOUT + 1], odds)
    return int((odds > limit).sum())


@njit(cache=True, nogil=True, error_model="numpy")
def scout_pages(features, indptr, tree_feature, tree_limit, leaves, parts, limit, n_least, share, is_page):
    """Make pages (``is_page``, bool) of the texts of which enough lines look as only those of pages do.

    The lines of text t are rows ``indptr[t]`` to ``indptr[t + 1]``; ``n_least`` and this share of them are enough. The
    sum of a line ends where the trees that are left cannot reach the limit, with a margin for sums in another order.
    """
    first, last = parts[_SCOUT], parts[_SCOUT + 1]
    to_come = np.zeros(last - first + 1)
    for tree in range(last - 1, first - 1, -1):
        most = leaves[tree, 0]
        for leaf in range(1, 8):
            most = max(most, leaves[tree, leaf])
        to_come[tree - first] = to_come[tree - first + 1] + most
    for text in range(len(is_page)):
        low, high = indptr[text], indptr[text + 1]
        enough = max(n_least, share * (high - low))
        n_like_pages = 0
        for row in range(low, high):
            if is_page[text] or n_like_pages + (high - row) < enough:
                break
            total = 0.0
            for tree in range(first, last):
                if total + to_come[tree - first] < limit - 1e-6:
                    break
                leaf = 0
                for question in range(3):
                    leaf = 2 * leaf + (features[row, tree_feature[tree, question]] > tree_limit[tree, question])
                total += leaves[tree, leaf]
            else:
                n_like_pages += total > limit
            is_page[text] |= n_like_pages >= enough


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
