"""How much text the clusters of a scan share, counted over its columns.

Characters are counted where they stand, which takes a look at each; a list of the largest needs that of few clusters.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels.reporting import count_claimed, count_written
from detector.model import PART_NAMES
from detector.report.lookup import Claimed
from detector.tables.columns import CLUSTER_LEVELS, FindingColumns
from detector.tables.rows import FindingRows, MemberRows
from detector.text.folding import is_blank

Integers = NDArray[np.int64]

SHARED = PART_NAMES.index("shared")


class SharedText:
    """The characters that clusters share: what findings claim for them, or what their members have where none does."""

    def __init__(self, findings: FindingRows, members: MemberRows) -> None:
        self._findings, self._texts, self._members = findings.columns, findings.texts, members.columns

    def of_several(self, level: str) -> Integers:
        """The rows of the clusters of a level that two families have."""
        columns = self._members
        return np.flatnonzero((columns.level == CLUSTER_LEVELS.index(level)) & (columns.n_families > 1))

    def largest(self, rows: Integers, limit: int) -> tuple[Integers, Integers]:
        """Of some clusters at least the ``limit`` that share most, with all that share as much, and how much that is.

        Once the last of them shares more than any that was not counted can share, these need not be.
        """
        most = self._most[rows]
        order, n_counted = np.argsort(-most, kind="stable"), 2 * limit
        while True:
            some = rows[np.sort(order[:n_counted])]
            sizes = self.counted(some)
            least = int(np.sort(sizes)[-limit]) if limit < len(sizes) else 0
            if n_counted >= len(order) or most[order[n_counted]] < least:
                return some[sizes >= least], sizes[sizes >= least]
            n_counted *= 2

    def counted(self, rows: Integers) -> Integers:
        """How many characters that are not blank some clusters share."""
        columns, n = self._members, len(self._members.level)
        counts, is_chosen = np.zeros(n, np.int64), np.zeros(n, np.bool_)
        is_chosen[rows] = True
        where = (self._texts.points, self._texts.start, is_blank())
        mine = is_chosen[self.claimed.cluster]
        claims = (self._findings.document, *claim_columns(self._findings))
        count_claimed(counts, self._claiming[mine], self.claimed.cluster[mine], *claims, *where)
        owner = np.repeat(np.arange(n), np.diff(columns.member_indptr))
        rest = np.flatnonzero((is_chosen & ~self._is_named)[owner])
        count_written(counts, owner[rest], columns.document[rest], columns.start[rest], columns.end[rest], *where)
        return counts[rows]

    @cached_property
    def claimed(self) -> Claimed:
        """What findings claim for clusters, blank characters among it."""
        columns, rows = self._findings, self._claiming
        first = np.searchsorted(self._members.level, np.arange(len(CLUSTER_LEVELS)))
        before = _sums(columns.claim_start, columns.claim_end)
        first_claim, past_claim = (before[columns.claim_indptr[rows + one]] for one in (0, 1))
        whole = columns.end[rows].astype(np.int64) - columns.start[rows]
        n_chars = np.where(columns.whole[rows], whole, past_claim - first_claim)
        cluster = (first[columns.level[rows]] + columns.cluster[rows] - 1).astype(np.int64)
        return Claimed(columns.document[rows].astype(np.int64), cluster, n_chars)

    @cached_property
    def _claiming(self) -> Integers:
        """The rows of the findings that claim something for a cluster."""
        return np.flatnonzero((self._findings.part == SHARED) & (self._findings.level > 0))

    @cached_property
    def _is_named(self) -> NDArray[np.bool_]:
        """Whether any finding claims something for a cluster."""
        return np.bincount(self.claimed.cluster, minlength=len(self._members.level)) > 0

    @cached_property
    def _most(self) -> Integers:
        """How many characters each cluster shares, blank ones among them."""
        columns, claimed = self._members, self.claimed
        sizes = np.bincount(claimed.cluster, weights=claimed.n_chars, minlength=len(columns.level)).astype(np.int64)
        return np.where(self._is_named, sizes, np.diff(_sums(columns.start, columns.end)[columns.member_indptr]))


def claim_columns(columns: FindingColumns) -> tuple[NDArray[Any], ...]:
    """The columns that say what findings claim."""
    claims = (columns.claim_indptr, columns.claim_start, columns.claim_end)
    return (columns.start, columns.end, columns.whole, *claims)


def _sums(start: NDArray[Any], end: NDArray[Any]) -> Integers:
    """How long all spans before each are together, and all of them."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(end - start, dtype=np.int64)))
