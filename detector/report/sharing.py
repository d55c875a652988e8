"""Who shares with whom: the families that have most text in common with others, and how much each two of them have.

Two families share, for every cluster that both have, the smaller of the two amounts that it claims of them. Only the
families with most are compared with each other: all pairs of a large corpus would neither fit a page nor an eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.report.lookup import Lookup

Integers = NDArray[np.int64]

CLUSTERS_TOGETHER = 4096
"""Clusters that are compared at a time: 40 families need as little as 1.3 MB then."""
NAMED = 5
"""Clusters that a pair names, those first that both have most of."""
COMMON = 12
"""Families of a cluster from which on it no longer says who belongs together, when families are chosen."""


class Pair(NamedTuple):
    """Two families by their places, the characters and the number of clusters that they share, the largest of these."""

    one: int
    two: int
    n_chars: int
    n_clusters: int
    clusters: tuple[str, ...]


class Sharing(NamedTuple):
    """Families in an order that puts those side by side which share most.

    ``heads``: rows of documents; ``n_chars``: characters that each shares with any other; ``n_families``: how many
    families of the corpus share anything.
    """

    heads: tuple[int, ...]
    n_chars: tuple[int, ...]
    pairs: tuple[Pair, ...]
    n_families: int


def sharing(rows: Lookup, limit: int) -> Sharing:
    """The ``limit`` families that share most with each other."""
    family, cluster, n_chars = _by_family(rows)
    heads, total = _sums(family, n_chars)
    family = np.searchsorted(heads, family)
    chosen = _chosen(family, cluster, n_chars, len(heads), limit)
    place = np.full(len(heads), -1)
    place[chosen] = np.arange(len(chosen))
    mine = place[family] >= 0
    rows_of = (place[family[mine]], cluster[mine], n_chars[mine])
    shared, common = _compared(*rows_of, len(chosen))
    has = [(rows_of[1][own], rows_of[2][own]) for own in (rows_of[0] == one for one in range(len(chosen)))]
    order = _side_by_side(shared)
    pairs = []
    for left, one in enumerate(order):
        for right, two in enumerate(order[left + 1 :], left + 1):
            if shared[one, two]:
                names = tuple(rows.cluster_id(row) for row in _named(has[one], has[two]))
                pairs.append(Pair(left, right, int(shared[one, two]), int(common[one, two]), names))
    ordered = chosen[order]
    return Sharing(tuple(heads[ordered].tolist()), tuple(total[ordered].tolist()), tuple(pairs), len(heads))


def _by_family(rows: Lookup) -> tuple[Integers, Integers, Integers]:
    """What clusters of several families claim: the head's row, the cluster's row, and the most of any one document."""
    claimed = rows.claimed()
    if not len(claimed.document):
        return claimed
    width = int(claimed.cluster.max()) + 1
    keys, which = np.unique(claimed.document * width + claimed.cluster, return_inverse=True)
    sizes = np.bincount(which, weights=claimed.n_chars).astype(np.int64)
    document, which = np.unique(keys // width, return_inverse=True)
    head = rows.heads(document)[which]
    keys, which = np.unique(head * width + keys % width, return_inverse=True)
    most = np.zeros(len(keys), dtype=np.int64)
    np.maximum.at(most, which, sizes)
    family, cluster = keys // width, keys % width
    several = np.bincount(cluster)[cluster] > 1
    return family[several], cluster[several], most[several]


def _sums(family: Integers, n_chars: Integers) -> tuple[Integers, Integers]:
    """The families in their order, and the characters of each."""
    heads, which = np.unique(family, return_inverse=True)
    return heads, np.bincount(which, weights=n_chars, minlength=len(heads)).astype(np.int64)


def _chosen(family: Integers, cluster: Integers, n_chars: Integers, n: int, limit: int) -> Integers:
    """The families that share most, first what stands in few families only: a slogan of all says nothing of any two."""
    rare = np.bincount(cluster)[cluster] <= COMMON if len(cluster) else np.empty(0, np.bool_)
    some, every = (np.bincount(family[rows], weights=n_chars[rows], minlength=n) for rows in (rare, slice(None)))
    return np.lexsort((np.arange(n), -every, -some))[:limit]


def _compared(family: Integers, cluster: Integers, n_chars: Integers, n: int) -> tuple[Integers, Integers]:
    """Characters and clusters that each two families share (n x n), by the rows of what each has."""
    shared, common = np.zeros((n, n), np.int64), np.zeros((n, n), np.int64)
    names, column = np.unique(cluster, return_inverse=True)
    for start in range(0, len(names), CLUSTERS_TOGETHER):
        here = (column >= start) & (column < start + CLUSTERS_TOGETHER)
        has = np.zeros((n, min(CLUSTERS_TOGETHER, len(names) - start)), np.int64)
        has[family[here], column[here] - start] = n_chars[here]
        for one in range(n):
            both = np.minimum(has[one], has)
            shared[one] += both.sum(axis=1)
            common[one] += (both > 0).sum(axis=1)
    for table in (shared, common):
        np.fill_diagonal(table, 0)
    return shared, common


def _side_by_side(shared: Integers) -> list[int]:
    """The families in a row: after each the one of the rest that shares most with it, so that groups stand together."""
    left = list(range(len(shared)))
    order: list[int] = []
    while left:
        beside = shared[order[-1]] if order else shared.sum(axis=1)
        if order and not beside[left].any():
            beside = shared.sum(axis=1)
        following = max(left, key=lambda one: (beside[one], -one))
        left.remove(following)
        order.append(following)
    return order


def _named(one: tuple[Integers, Integers], two: tuple[Integers, Integers]) -> Sequence[int]:
    """The clusters that two families share most in, by the clusters of each and what it has of them."""
    both, first, second = np.intersect1d(one[0], two[0], assume_unique=True, return_indices=True)
    sizes = np.minimum(one[1][first], two[1][second])
    named: list[int] = both[np.lexsort((both, -sizes))][:NAMED].tolist()
    return named
