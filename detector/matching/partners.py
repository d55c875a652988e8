"""Partners: the match of a passage in another family, or else another document, that its text is measured against."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.linking import number_keys
from detector.kernels.sorting import first_elsewhere, list_followers, only_groups
from detector.kernels.verifying import lowest_elsewhere
from detector.machine.workspace import Workspace
from detector.matching.candidates import Buckets

SMALL = 1 << 12
"""Queries that are not worth being shared out."""

Numbers = NDArray[np.int32]


class Rows(NamedTuple):
    """Distinct skeletons in the order of their ``first`` occurrence (int32, a row of the table).

    ``points`` (uint32) with ``indptr`` (int64): the characters of those that are in a bucket, the others have none;
    ``sketches``: uint64, n x 4.
    """

    first: Numbers
    points: NDArray[np.uint32]
    indptr: NDArray[np.int64]
    sketches: NDArray[np.uint64]
    buckets: Buckets
    threshold: float
    work: Workspace


class Table(NamedTuple):
    """The passages that are compared: their rows, the number of their skeletons, their families and documents (int32),
    and the representative of each distinct row."""

    distinct: Numbers
    family: Numbers
    document: Numbers
    chosen: Numbers


def find_partners(rows: Rows, table: Table) -> tuple[Numbers, NDArray[np.bool_]]:
    """Each occurrence's partner, and whether it has none because there were too many candidates."""
    family, distinct = table.family, table.distinct
    representative = rows.first[table.chosen[distinct]]
    partner = np.where(family[representative] != family, representative, np.int32(-1))
    del representative
    missed, asked = np.zeros(len(partner), bool), np.flatnonzero(partner < 0).astype(np.int32)
    followers = _followers(rows, table)
    partner[asked], missed[asked] = _lowest_in_other_group(rows, followers, table, family, asked)
    asked = asked[(partner[asked] < 0) & (_n_documents(family, table.document)[family[asked]] > 1)]
    partner[asked], missed[asked] = _lowest_in_other_group(rows, followers, table, table.document, asked)
    return partner, missed


def _queries(row: Numbers, group: Numbers) -> tuple[Numbers, Numbers, Numbers, NDArray[np.int64]]:
    """The number of each pair of row and group, the different pairs, and where each first comes."""
    keys = row.astype(np.int64)
    keys <<= 32  # in place: it may be a row per passage
    keys |= group
    number, first = number_keys(keys.view(np.uint64))
    del keys
    return number, row[first], group[first], first


def _followers(rows: Rows, table: Table) -> Buckets:
    """The buckets without the representatives."""
    buckets, work = rows.buckets, rows.work
    indptr = work.empty(len(buckets.indptr), np.int64, near=True)
    followers = work.empty(len(buckets.rows), np.int32, near=True)
    n = list_followers(buckets.indptr, buckets.rows, table.chosen, indptr, followers)
    return buckets._replace(indptr=indptr, rows=followers[:n])


def _n_documents(family: Numbers, document: Numbers) -> NDArray[np.int64]:
    """How many documents of each family have passages here."""
    is_first = np.ones(len(document), bool)
    is_first[1:] = document[1:] != document[:-1]
    return np.bincount(family[is_first], minlength=1)


def _lowest_in_other_group(
    rows: Rows, followers: Buckets, table: Table, group: Numbers, asked: Numbers
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The lowest match of each occurrence of ``asked`` that stands in another ``group`` than it, or -1; and whether
    there is none because there were too many candidates.

    Two representatives never match, so that one looks among the other rows only, and knows the members of its own
    cluster already. Most rows are in no bucket and have nothing to look at.
    """
    chosen, buckets = table.chosen, rows.buckets
    group_of_first = group[rows.first]
    first_other = _first_in_other(table, np.arange(len(chosen), dtype=np.int32), group, group_of_first)
    cluster_other = _first_in_other(table, chosen, group, group_of_first)
    row, its_group = table.distinct[asked], group[asked]
    lowest = np.where(chosen[row] == row, cluster_other[row], first_other[row])
    del cluster_other
    np.copyto(lowest, rows.first[row], where=group_of_first[row] != its_group)
    missed = np.zeros(len(lowest), bool)
    is_looking = (np.diff(buckets.row_indptr) > 0)[row]
    looking = np.flatnonzero(is_looking).astype(np.int32)
    row, its_group = row[is_looking], its_group[is_looking]
    del is_looking
    number, row, its_group, first = _queries(row, its_group)
    found, crowded = lowest[looking[first]], np.zeros(len(row), bool)
    represents = chosen[row] == row
    for asking, listed in ((represents, followers), (~represents, buckets)):
        query = np.flatnonzero(asking)
        if len(query):
            groups = (first_other, group_of_first, row[query], its_group[query])
            found[query], crowded[query] = _lowered(rows._replace(buckets=listed), groups, found[query])
    lowest[looking], missed[looking] = found[number], crowded[number]
    return lowest, missed


def _lowered(
    rows: Rows, groups: tuple[Numbers, Numbers, Numbers, Numbers], found: Numbers
) -> tuple[Numbers, NDArray[np.bool_]]:
    """What `lowest_elsewhere` finds; ``groups`` are its ``first_other``, ``group_of_first``, ``row`` and ``group``."""
    first_other, group_of_first, row, group = groups
    buckets, n = rows.buckets, len(rows.buckets.indptr) - 1
    only, crowded = rows.work.empty(n, np.int32, near=True), np.empty(len(row), bool)
    rows.work.map(
        lambda part: only_groups(buckets.indptr, buckets.rows, first_other, group_of_first, *part, only),
        even_ranges(n, 16 * SMALL),
    )

    def ask(part: tuple[int, int]) -> None:
        a, b = part
        lowest_elsewhere(
            rows.points, rows.indptr, rows.sketches, buckets.row_indptr, buckets.of, buckets.indptr, buckets.rows, only,
            rows.threshold, rows.first, first_other, group_of_first, row[a:b], group[a:b], found[a:b], crowded[a:b],
        )  # fmt: skip

    rows.work.map(ask, even_ranges(len(row), SMALL))
    return found, crowded


def _first_in_other(table: Table, name: Numbers, group: Numbers, group_of_first: Numbers) -> Numbers:
    """For each name of distinct rows the lowest occurrence in a group other than its first occurrence's, or -1."""
    found = np.empty(len(name), np.int32)
    first_elsewhere(table.distinct, name, group, group_of_first, found)
    return found


def even_ranges(n: int, step: int) -> list[tuple[int, int]]:
    """Ranges of ``step`` of n rows."""
    return [(begin, min(n, begin + step)) for begin in range(0, n, step)]
