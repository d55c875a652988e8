"""Maximal repeats against the enumeration of every run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import Key, Repeat, is_maximal, repeats

from detector.repeats import RepeatIndex, Sequences, collapse

N_FAMILIES = 4

kernel = settings(max_examples=200, deadline=None)
"""No deadline: the first call of a kernel may compile it."""


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], list[list[int]]]:
    """Different sequences over a small alphabet, some with runs in common, and the families of each."""
    run = draw(st.lists(st.integers(0, 2), min_size=1, max_size=6))
    row = st.lists(st.lists(st.integers(0, draw(st.integers(0, 3))), max_size=5) | st.just(run), max_size=4)
    rows = draw(
        st.lists(
            row.map(lambda parts: tuple(symbol for part in parts for symbol in part)).filter(bool),
            max_size=7,
            unique=True,
        )
    )
    owners = st.lists(st.integers(0, N_FAMILIES - 1), min_size=1, max_size=N_FAMILIES, unique=True).map(sorted)
    return rows, [draw(owners) for _ in rows]


def sequences_of(rows: Sequence[Sequence[int]], families: Sequence[Sequence[int]]) -> Sequences:
    return Sequences(
        np.array([symbol for row in rows for symbol in row], dtype=np.int32),
        np.cumsum([0, *map(len, rows)]).astype(np.int64),
        np.array([family for owners in families for family in owners], dtype=np.int64),
        np.cumsum([0, *map(len, families)]).astype(np.int64),
        N_FAMILIES,
    )


def places(run: Repeat, sequences: Sequences) -> list[int]:
    return sorted(int(sequences.indptr[s]) + start for s, start in run.places)


@kernel
@given(corpora(), st.integers(1, 4))
def test_maximal_equals_brute_force(case: tuple[list[tuple[int, ...]], list[list[int]]], shortest: int) -> None:
    rows, families = case
    sequences = sequences_of(rows, families)
    runs = repeats(rows, families, 1)
    expected = {
        (places(runs[key], sequences)[0], len(key), len(runs[key].families))
        for key in runs
        if len(key) >= shortest and is_maximal(key, runs, rows)
    }
    found = RepeatIndex(sequences).maximal(shortest)
    rows_found = list(zip(*(column.tolist() for column in found), strict=True))
    assert set(rows_found) == expected
    assert len(rows_found) == len(expected)
    assert found.start.tolist() == sorted(found.start.tolist())


@kernel
@given(corpora())
def test_any_run_is_looked_up(case: tuple[list[tuple[int, ...]], list[list[int]]]) -> None:
    rows, families = case
    sequences = sequences_of(rows, families)
    index = RepeatIndex(sequences)
    every: dict[Key, Repeat] = {}
    for s, row in enumerate(rows):
        for start in range(len(row)):
            for stop in range(start + 1, len(row) + 1):
                run = every.setdefault(row[start:stop], Repeat([], frozenset()))
                every[row[start:stop]] = Repeat([*run.places, (s, start)], run.families | frozenset(families[s]))
    asked = [(place, key) for key, run in every.items() for place in places(run, sequences)]
    start = np.array([place for place, _ in asked], dtype=np.int64)
    length = np.array([len(key) for _, key in asked], dtype=np.int64)
    assert index.lowest(start, length).tolist() == [places(every[key], sequences)[0] for _, key in asked]
    assert index.count(start, length).tolist() == [len(every[key].families) for _, key in asked]
    run, place = index.occurrences(start, length)
    expected = [(number, other) for number, (_, key) in enumerate(asked) for other in places(every[key], sequences)]
    assert list(zip(run.tolist(), place.tolist(), strict=True)) == expected
    keys = index.keys(start, length).tolist()
    assert len(set(keys)) == len(every) == len({(key, name) for (_, key), name in zip(asked, keys, strict=True)})


@kernel
@given(corpora())
def test_the_order_of_the_sequences_does_not_change_the_repeats(
    case: tuple[list[tuple[int, ...]], list[list[int]]],
) -> None:
    def content(rows: Sequence[Sequence[int]], families: Sequence[Sequence[int]]) -> set[tuple[Key, int]]:
        sequences = sequences_of(rows, families)
        found = RepeatIndex(sequences).maximal(1)
        return {
            (tuple(sequences.symbols[start : start + length].tolist()), count)
            for start, length, count in zip(*(column.tolist() for column in found), strict=True)
        }

    rows, families = case
    assert content(rows, families) == content(rows[::-1], families[::-1])


def test_no_repeat_crosses_two_sequences() -> None:
    found = RepeatIndex(sequences_of([(1, 2), (3, 1), (2, 3)], [[0], [1], [2]])).maximal(1)
    assert found.length.tolist() == [1, 1, 1]


def test_a_run_inside_one_family_is_no_repeat() -> None:
    assert not len(RepeatIndex(sequences_of([(1, 2, 1, 2), (1, 2, 3)], [[0], [0]])).maximal(1).start)


def test_one_sequence_of_several_families_is_one() -> None:
    found = RepeatIndex(sequences_of([(7, 8, 9)], [[0, 2, 3]])).maximal(1)
    assert [column.tolist() for column in found] == [[0], [3], [3]]


def test_nothing_is_nothing() -> None:
    assert not len(RepeatIndex(sequences_of([], [])).maximal(1).start)


def test_long_equal_runs_are_sorted() -> None:
    rows = [(5,) * 3000, (5,) * 2000 + (6,)]
    found = RepeatIndex(sequences_of(rows, [[0], [1]])).maximal(1)
    assert [column.tolist() for column in found] == [[0], [2000], [2]]


@kernel
@given(
    st.lists(st.tuples(st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple), st.integers(0, 3)), max_size=12)
)
def test_collapse_keeps_each_sequence_once_with_its_families(rows: list[tuple[tuple[int, ...], int]]) -> None:
    symbols = np.array([symbol for row, _ in rows for symbol in row], dtype=np.int32)
    indptr = np.cumsum([0, *(len(row) for row, _ in rows)]).astype(np.int64)
    family = np.array([owner for _, owner in rows], dtype=np.int64)
    found, number = collapse(symbols, indptr, family, N_FAMILIES)
    distinct = list(dict.fromkeys(row for row, _ in rows))
    assert number.tolist() == [distinct.index(row) for row, _ in rows]
    for s, row in enumerate(distinct):
        assert tuple(found.symbols[found.indptr[s] : found.indptr[s + 1]].tolist()) == row
        owners = found.families[found.family_indptr[s] : found.family_indptr[s + 1]].tolist()
        assert owners == sorted({owner for other, owner in rows if other == row})
    assert found.n_families == N_FAMILIES
