"""What each document's findings claim, as columns in document order, and which copies of shared text stay.

Kept within the budget of a workspace: 15 bytes a finding and 8 a claim, in files without a name where memory is short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.filtering.claim_masks import COPIES, UNFILLED
from detector.filtering.scan_columns import Claims
from detector.machine.columns import Gathered
from detector.machine.workspace import Workspace
from detector.tables.columns import CLUSTER_LEVELS

BLOCK_FINDINGS = 1 << 18


class OfDocument(NamedTuple):
    """What `detector.filtering.cleaning.clean` needs to know of one document."""

    claims: list[tuple[int, int, int]]
    marks: list[tuple[int, int]]
    retained: list[tuple[int, int]]


class ClaimStore:
    """The findings of all documents that feed the parts to be stripped."""

    def __init__(self, blocks: Iterable[Claims], n_documents: int, work: Workspace) -> None:
        kinds = (np.int32, np.int32, np.uint8, np.int64, np.int32, np.int32, np.int32)
        columns = [Gathered(work, kind) for kind in kinds]
        per_document = np.zeros((2, n_documents + 1), np.int64)
        for block in blocks:
            part = block.part + np.uint8(1)
            n_claims = block.n_claims.astype(np.int64)
            per_document[0, 1:] += np.bincount(block.document, minlength=n_documents)
            per_document[1, 1:] += np.bincount(block.document, n_claims, minlength=n_documents).astype(np.int64)
            values = (block.start, block.end, part, block.cluster, block.n_claims, block.claim_start, block.claim_end)
            for column, added, kind in zip(columns, values, kinds, strict=True):
                column.add(np.ascontiguousarray(added, kind))
        np.cumsum(per_document, axis=1, out=per_document)
        self.indptr, self._claim_indptr = per_document
        self.start, self.end, self.part, self.cluster, self._n_claims, self._claim_start, self._claim_end = (
            column.column() for column in columns
        )
        self.retained = work.empty(len(self.part), np.bool_)
        self.retained[...] = False

    def __len__(self) -> int:
        return len(self.part)

    def has(self) -> NDArray[np.bool_]:
        """Which documents have any claim (bool)."""
        return np.diff(self.indptr) > 0

    def of(self, row: int) -> OfDocument:
        """The claims of one document."""
        first, last = int(self.indptr[row]), int(self.indptr[row + 1])
        some = slice(int(self._claim_indptr[row]), int(self._claim_indptr[row + 1]))
        start, end, part, n_claims = (
            column[first:last] for column in (self.start, self.end, self.part, self._n_claims)
        )
        whole = n_claims == 0
        columns = (
            np.concatenate((start[whole], self._claim_start[some])),
            np.concatenate((end[whole], self._claim_end[some])),
            np.concatenate((part[whole], np.repeat(part, n_claims))),
        )
        claims = list(zip(*(column.tolist() for column in columns), strict=True))
        stay = self.retained[first:last]
        return OfDocument(claims, _pairs(start, end, part == UNFILLED), _pairs(start, end, stay))

    def retain(self, groups: Sequence[NDArray[np.bool_]], copies: int) -> NDArray[np.bool_]:
        """Note which ``copies`` of each shared text stay; returns the documents for which that changed (bool).

        They are the first in document order among the documents of the first group (bool, a row a document), then
        among those of the next. Text that matched alone, in no cluster, has no other copy that is known, and stays. No
        copies: nothing stays.
        """
        changed = np.zeros(len(self.indptr) - 1, np.bool_)
        counts = _Counts()
        before = self.retained[...].copy()
        self.retained[...] = False
        for group in groups if copies else ():
            for begin in range(0, len(self), BLOCK_FINDINGS):
                end = min(begin + BLOCK_FINDINGS, len(self))
                rows = begin + np.flatnonzero(np.isin(self.part[begin:end], COPIES))
                rows = rows[group[self._documents(rows)]]
                keys = self.cluster[rows]
                self.retained[rows[keys < 0]] = True
                rows, keys = rows[keys >= 0], keys[keys >= 0]
                self.retained[rows[counts.ranks(keys) < copies]] = True
        different = np.flatnonzero(before != self.retained)
        changed[self._documents(different)] = True
        return changed

    def _documents(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The documents of some findings (int64)."""
        return np.searchsorted(self.indptr, rows, side="right") - 1


def _pairs(start: NDArray[np.int32], end: NDArray[np.int32], chosen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Starts and ends of the chosen spans."""
    return list(zip(start[chosen].tolist(), end[chosen].tolist(), strict=True)) if chosen.any() else []


class _Counts:
    """How many of each cluster were met so far."""

    def __init__(self) -> None:
        self._of = [np.zeros(0, np.int32) for _ in CLUSTER_LEVELS]

    def ranks(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many of its cluster came before each (int64), these among them in their order."""
        ranks = np.empty(len(keys), np.int64)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        first = np.concatenate(([True], ordered[1:] != ordered[:-1])) if len(keys) else np.zeros(0, np.bool_)
        begins = np.flatnonzero(first)
        run = np.cumsum(first) - 1
        ranks[order] = np.arange(len(keys)) - begins[run] if len(keys) else ranks
        levels, numbers = keys & 7, keys >> 3
        for level in range(len(CLUSTER_LEVELS)):
            rows = np.flatnonzero(levels == level)
            if not len(rows):
                continue
            most = int(numbers[rows].max()) + 1
            if most > len(self._of[level]):
                self._of[level] = np.concatenate((self._of[level], np.zeros(most - len(self._of[level]), np.int32)))
            counted = self._of[level]
            ranks[rows] += counted[numbers[rows]]
            np.add.at(counted, numbers[rows], 1)
        return ranks
