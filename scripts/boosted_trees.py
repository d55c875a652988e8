"""Boosted trees that ask the same question in all leaves of a level (Newton boosting of the log loss), in numba.

The draws of features and rows come from the seed: the same rows give the same trees.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

N_BINS = 40
DEPTH = 3
PENALTY = 5.0
MIN_WEIGHT = 5.0
DIGITS = 5
"""Decimals of limits and leaves, as the table has them."""


class Trees(NamedTuple):
    """``feature`` (int64) and ``limit`` (float64), a row of `DEPTH` for each tree; ``leaves`` (float64), a row of 8."""

    feature: NDArray[np.int64]
    limit: NDArray[np.float64]
    leaves: NDArray[np.float64]

    def odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log odds of rows."""
        out = np.zeros(len(features))
        _add_up(np.ascontiguousarray(features.T), self.feature, self.limit, self.leaves, out)
        return out


class Shape(NamedTuple):
    """How many trees are grown, how much of each counts, and the shares of features and rows that each may use."""

    n_trees: int = 200
    rate: float = 0.1
    feature_share: float = 0.15
    row_share: float = 0.6


class Bins(NamedTuple):
    """Rows as trees see them: ``bins`` (uint8), a row for each feature; ``edges``: the limits between bins of each."""

    bins: NDArray[np.uint8]
    edges: list[NDArray[np.float64]]


def into_bins(features: NDArray[np.float64]) -> Bins:
    """The bins of rows, at their own quantiles; shared by all trees that are grown from some of them."""
    edges = [_edges(column) for column in features.T]
    bins = np.empty((len(edges), len(features)), dtype=np.uint8)
    for at, (edge, column) in enumerate(zip(edges, features.T, strict=True)):
        bins[at] = np.searchsorted(edge, column)
    return Bins(bins, edges)


def grow(
    table: Bins,
    rows: NDArray[np.int64],
    label: NDArray[np.float64],
    weight: NDArray[np.float64],
    shape: Shape,
    seed: int = 0,
) -> Trees:
    """Trees for some rows of a table; their labels are 0 and 1, their weights positive."""
    n_bins = np.array([len(edge) + 1 for edge in table.edges])
    feature, cut = np.zeros((2, shape.n_trees, DEPTH), dtype=np.int64)
    leaves = np.zeros((shape.n_trees, 1 << DEPTH))
    _grow(
        np.ascontiguousarray(table.bins[:, rows]), n_bins, label.astype(np.float64), weight, shape.rate,
        shape.feature_share, shape.row_share, seed, feature, cut, leaves,
    )  # fmt: skip
    limit = [table.edges[name][at] for name, at in zip(feature.ravel().tolist(), cut.ravel().tolist(), strict=True)]
    return Trees(feature, np.array(limit).reshape(feature.shape), leaves)


def _edges(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Limits between bins, rounded as they are written; one at least."""
    edges = np.unique(np.round(np.quantile(column, np.linspace(0, 1, N_BINS + 1)[1:-1]), DIGITS))
    return np.asarray(edges)


@njit(cache=False, nogil=True)
def _add_up(columns, feature, limit, leaves, out):  # type: ignore[no-untyped-def]
    """Sums of the leaves that rows reach; ``columns`` holds a feature a row."""
    for tree in range(len(feature)):
        for row in range(len(out)):
            leaf = 0
            for question in range(feature.shape[1]):
                leaf = 2 * leaf + (columns[feature[tree, question], row] > limit[tree, question])
            out[row] += leaves[tree, leaf]


@njit(cache=False, nogil=True)
def _grow(bins, n_bins, label, weight, rate, feature_share, row_share, seed, feature, cut, leaves):  # type: ignore[no-untyped-def]
    """Grow the trees, one after the other."""
    np.random.seed(seed)
    n_rows, depth = len(label), feature.shape[1]
    odds, pull = np.zeros(n_rows), np.empty((n_rows, 2))
    leaf, rows = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
    sums = np.empty((256 << depth, 2))
    for tree in range(len(feature)):
        use = np.random.random(len(bins)) < feature_share
        use[np.random.randint(len(bins))] = True
        n = 0
        for row in range(n_rows):
            if np.random.random() < row_share:
                share = 1 / (1 + np.exp(-odds[row]))
                pull[n, 0] = weight[row] * (label[row] - share)
                pull[n, 1] = weight[row] * max(share * (1 - share), 1e-6)
                leaf[n] = 0
                rows[n] = row
                n += 1
        for level in range(depth):
            total = _totals(leaf[:n], pull, 1 << level)
            best, best_name, best_cut = -1.0, 0, 0
            for name in range(len(bins)):
                if use[name] and n_bins[name] > 1:
                    gain, at_cut = _best_cut(bins[name], n_bins[name], rows[:n], leaf, pull, total, sums)
                    if gain > best:
                        best, best_name, best_cut = gain, name, at_cut
            feature[tree, level], cut[tree, level] = best_name, best_cut
            asked = bins[best_name]
            for at in range(n):
                leaf[at] = 2 * leaf[at] + (asked[rows[at]] > best_cut)
        total = _totals(leaf[:n], pull, 1 << depth)
        for at in range(1 << depth):
            leaves[tree, at] = round(rate * total[at, 0] / (total[at, 1] + PENALTY), DIGITS)
        for row in range(n_rows):
            at = 0
            for level in range(depth):
                at = 2 * at + (bins[feature[tree, level], row] > cut[tree, level])
            odds[row] += leaves[tree, at]


@njit(cache=False, nogil=True)
def _totals(leaf, pull, n_leaves):  # type: ignore[no-untyped-def]
    """The sums of the slopes and bends of the rows of each leaf."""
    total = np.zeros((n_leaves, 2))
    for at in range(len(leaf)):
        total[leaf[at], 0] += pull[at, 0]
        total[leaf[at], 1] += pull[at, 1]
    return total


@njit(cache=False, nogil=True)
def _best_cut(asked, n_bins, rows, leaf, pull, total, sums):  # type: ignore[no-untyped-def]
    """The cut of one feature that gains most over all leaves together, and its gain."""
    n_leaves = len(total)
    sums[: n_leaves * n_bins] = 0.0
    for at in range(len(rows)):
        place = leaf[at] * n_bins + asked[rows[at]]
        sums[place, 0] += pull[at, 0]
        sums[place, 1] += pull[at, 1]
    best, best_cut = -1.0, 0
    left = np.zeros((n_leaves, 2))
    for cut in range(n_bins - 1):
        gain = 0.0
        for one in range(n_leaves):
            left[one, 0] += sums[one * n_bins + cut, 0]
            left[one, 1] += sums[one * n_bins + cut, 1]
            below, above = left[one, 1], total[one, 1] - left[one, 1]
            if below >= MIN_WEIGHT and above >= MIN_WEIGHT:
                rest = total[one, 0] - left[one, 0]
                gain += left[one, 0] ** 2 / (below + PENALTY) + rest**2 / (above + PENALTY)
                gain -= total[one, 0] ** 2 / (total[one, 1] + PENALTY)
        if gain > best:
            best, best_cut = gain, cut
    return best, best_cut
