"""Clusters: what matches one representative, of passages and of documents (blocks: `detector.matching.blocks`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels.grouping import members_by_key
from detector.matching.families import Families
from detector.matching.matches import Matches
from detector.tables.columns import GroupColumns
from detector.text.passages import Passages


def passage_groups(matches: Matches, passages: Passages) -> tuple[GroupColumns, NDArray[np.int64]]:
    """Passages by their representative, in the order of the representatives, and the group of each match or -1.

    A passage that no other joined is in no group. A representative is the lowest row that it represents.
    """
    group_of = np.empty(len(matches.passage), dtype=np.int64)
    indptr, rows = members_by_key(matches.representative, len(group_of), group_of)
    first = matches.passage[rows].astype(np.int32)
    document = _int32(passages.document[first])
    return GroupColumns(indptr, document, first, first + np.int32(1), matches.ratio[rows]), group_of


def document_groups(families: Families, passages: Passages) -> GroupColumns:
    """Families of at least two documents, each document with all its passages."""
    n = len(families.head)
    bounds = np.searchsorted(passages.document, np.arange(n + 1)).astype(np.int32)
    indptr, rows = members_by_key(families.head.astype(np.int32), n, np.empty(n, dtype=np.int64))
    return GroupColumns(indptr, _int32(rows), bounds[rows], bounds[rows + 1], families.ratio[rows])


def _int32(column: NDArray[Any]) -> NDArray[np.int32]:
    return column.astype(np.int32, copy=False)


def series_numbers(series: Sequence[str | None]) -> NDArray[np.int64]:
    """A number for each document's series, -1 where it has none."""
    numbers: dict[str, int] = {}
    return np.array([-1 if name is None else numbers.setdefault(name, len(numbers)) for name in series], dtype=np.int64)
