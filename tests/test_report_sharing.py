"""The map of who shares with whom, against what a table of all pairs says."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from corpora import timeless
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.report.lookup import Claimed, Lookup
from detector.report.sharing import Sharing, sharing

N = 9


class Made(Lookup):
    """Clusters that claim characters of documents; the families are pairs of documents."""

    def __init__(self, rows: list[tuple[int, int, int]]) -> None:
        self.rows = rows

    def claimed(self) -> Claimed:
        return Claimed(*np.array(self.rows, dtype=np.int64).reshape(-1, 3).T.copy())

    def heads(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return rows - rows % 2

    def cluster_id(self, row: int) -> str:
        return f"c{row}"


def all_pairs(rows: list[tuple[int, int, int]]) -> dict[tuple[int, int], tuple[int, int]]:
    """Characters and clusters that each two families share, pair by pair."""
    sums: dict[tuple[int, int], int] = {}
    for document, cluster, n in rows:
        sums[document, cluster] = sums.get((document, cluster), 0) + n
    has: dict[tuple[int, int], int] = {}
    for (document, cluster), n in sums.items():
        key = (document - document % 2, cluster)
        has[key] = max(has.get(key, 0), n)
    found = {}
    for one, two in combinations(sorted({family for family, _ in has}), 2):
        shared = {c: min(has[one, c], has[two, c]) for _, c in has if (one, c) in has and (two, c) in has}
        if shared:
            found[one, two] = (sum(shared.values()), len(shared))
    return found


def pairs_of(found: Sharing) -> dict[tuple[int, int], tuple[int, int]]:
    made = {}
    for pair in found.pairs:
        one, two = sorted((found.heads[pair.one], found.heads[pair.two]))
        made[one, two] = (pair.n_chars, pair.n_clusters)
    return made


ROWS = st.lists(st.tuples(st.integers(0, N), st.integers(0, 6), st.integers(1, 50)), max_size=30)


@timeless
@given(ROWS)
def test_all_families_that_share_are_on_a_map_with_room(rows: list[tuple[int, int, int]]) -> None:
    found = sharing(Made(rows), 2 * N)
    expected = all_pairs(rows)
    assert pairs_of(found) == expected
    assert found.n_families == len({family for pair in expected for family in pair})


@timeless
@given(ROWS, st.integers(1, 4))
def test_a_small_map_holds_some_of_the_families_with_the_same_figures(
    rows: list[tuple[int, int, int]], limit: int
) -> None:
    found, expected = sharing(Made(rows), limit), all_pairs(rows)
    assert len(found.heads) <= limit
    assert pairs_of(found) == {pair: n for pair, n in expected.items() if set(pair) <= set(found.heads)}


def test_groups_stand_together_and_pairs_name_what_they_share() -> None:
    rows = [(0, 1, 90), (4, 1, 90), (2, 2, 80), (6, 2, 80), (0, 3, 5), (2, 3, 5), (4, 3, 5), (6, 3, 5)]
    found = sharing(Made(rows), 9)
    assert {frozenset(found.heads[:2]), frozenset(found.heads[2:])} == {frozenset({0, 4}), frozenset({2, 6})}
    first = next(pair for pair in found.pairs if pair.n_chars == 95)
    assert first.clusters == ("c1", "c3")


def test_what_stands_everywhere_does_not_choose_who_is_on_the_map() -> None:
    rows = [(family, 0, 1000) for family in range(0, 40, 2)] + [(36, 1, 10), (38, 1, 10)]
    assert set(sharing(Made(rows), 2).heads) == {36, 38}


def test_a_scan_without_clusters_has_an_empty_map() -> None:
    assert sharing(Made([]), 5) == Sharing((), (), (), 0)
