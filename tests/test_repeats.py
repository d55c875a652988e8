"""Maximal repeats against the enumeration of every run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby, pairwise
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import Key, Repeat, is_maximal, repeats

from detector.kernels.hashing import leave_copies
from detector.kernels.linking import number_keys
from detector.kernels.repeating import sort_suffixes
from detector.machine.workspace import Workspace
from detector.matching import repeats as repeats_module
from detector.matching import stretches as stretches_module
from detector.matching.repeats import RepeatIndex, Repeats, Sequences, collapse
from detector.matching.stretches import Rows, Stretches, find_stretches
from detector.text.tokens import SLOT_FORM, mix64

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
        np.array([family for owners in families for family in owners], dtype=np.int32),
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
    indptr, place = index.occurrences(start, length)
    found = [sorted(place[begin:end].tolist()) for begin, end in pairwise(indptr.tolist())]
    assert found == [places(every[key], sequences) for _, key in asked]


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


# stretches, copies and chains

SIZE = 3


@st.composite
def sections(draw: st.DrawFn) -> tuple[list[list[int]], list[list[bool]], list[int]]:
    """Sections of symbols of a small alphabet (0 is a slot), which of them are junk, and the family of each."""
    run = draw(st.lists(st.integers(0, 4), min_size=1, max_size=8))
    part = st.lists(st.integers(0, draw(st.integers(1, 5))), max_size=6) | st.just(run)
    rows = [
        [symbol for piece in pieces for symbol in piece]
        for pieces in draw(st.lists(st.lists(part, max_size=4), max_size=7))
    ]
    rare = st.sampled_from([False] * 9 + [True])
    junk = [draw(st.lists(rare, min_size=len(row), max_size=len(row))) for row in rows]
    return rows, junk, [draw(st.integers(0, N_FAMILIES - 1)) for _ in rows]


def rows_of(symbols: Sequence[Sequence[int]], junk: Sequence[Sequence[bool]], owners: Sequence[int]) -> Rows:
    flat = np.array([symbol for row in symbols for symbol in row], dtype=np.uint32)
    owner = np.array(owners, dtype=np.int32)
    return Rows(
        (flat, mix64(np.arange(1, flat.max(initial=0) + 2, dtype=np.uint64))),
        np.where(flat == 0, SLOT_FORM, 1).astype(np.uint8),
        np.packbits(np.array([value for row in junk for value in row], dtype=bool), bitorder="little"),
        np.cumsum([0, *map(len, symbols)]).astype(np.int64),
        owner,
        owner,
        N_FAMILIES,
    )


def without_copies(rows: Rows, symbols: Sequence[Sequence[int]]) -> Rows:
    """The windows of sections that two families have word for word are counted once."""
    texts, counted = [tuple(row) for row in symbols], rows.owner.copy()
    pairs = np.array([(row, texts.index(text)) for row, text in enumerate(texts) if texts.index(text) < row], np.int64)
    leave_copies(*pairs.reshape(-1, 2).T.copy(), rows.bounds, rows.junk, rows.owner, N_FAMILIES, counted)
    return rows._replace(counted=counted)


def stretches_of(
    symbols: Sequence[Sequence[int]], junk: Sequence[Sequence[bool]], owners: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Start, length and family of every stretch, from the definition."""
    windows: dict[tuple[int, ...], set[int]] = defaultdict(set)
    where: list[tuple[tuple[int, ...], int, int, int]] = []
    for number, (row, is_junk) in enumerate(zip(symbols, junk, strict=True)):
        words = [place for place, symbol in enumerate(row) if symbol and not is_junk[place]]
        for at in range(len(words) - SIZE + 1):
            first, last = words[at], words[at + SIZE - 1]
            if not any(is_junk[first : last + 1]):
                key = tuple(row[first : last + 1])
                windows[key].add(owners[number])
                where.append((key, number, first, last))
    found = []
    base = 0
    for number, (row, is_junk) in enumerate(zip(symbols, junk, strict=True)):
        covered = [False] * len(row)
        for key, section, first, last in where:
            if section == number and len(windows[key]) > 1:
                covered[first : last + 1] = [True] * (last + 1 - first)
        for steps in (range(len(row)), range(len(row) - 1, -1, -1)):
            beside = False
            for place in steps:
                beside = covered[place] or (beside and not row[place] and not is_junk[place])
                covered[place] |= beside
        place = 0
        for is_covered, run in groupby(covered):
            length = len(list(run))
            if is_covered:
                found.append((base + place, length, owners[number]))
            place += length
        base += len(row)
    return found


@kernel
@given(sections(), st.integers(1, 3), st.integers(1, 20), st.integers(1, 6), st.integers(1, 3))
def test_stretches_equal_brute_force(
    case: tuple[list[list[int]], list[list[bool]], list[int]],
    workers: int,
    block_rows: int,
    partition_rows: int,
    times: int,
) -> None:
    """Whatever the blocks, the partitions and the workers, with the windows of copies counted and not."""
    names = {"BLOCK_ROWS": block_rows, "PARTITION_ROWS": partition_rows}
    symbols, junk, owners = (times * column for column in case)  # type: ignore[operator]
    case = symbols, junk, [(owner + number) % N_FAMILIES for number, owner in enumerate(owners)]
    rows = rows_of(*case)
    with mock.patch.multiple(stretches_module, **names), Workspace(workers=workers) as work:
        found = find_stretches(rows, SIZE, work)
        with_copies_left = find_stretches(without_copies(rows, case[0]), SIZE, work)
    assert all(np.array_equal(*columns) for columns in zip(found, with_copies_left, strict=True))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == stretches_of(*case)


@kernel
@given(sections(), st.integers(1, 4))
def test_repeats_of_rows_equal_brute_force(
    case: tuple[list[list[int]], list[list[bool]], list[int]], size: int
) -> None:
    """Over any sections: junk plays no part in what follows the stretches."""
    symbols, _, owners = case
    rows = rows_of(symbols, [[False] * len(row) for row in symbols], owners)
    starts = np.array([start for start, row in zip(rows.bounds.tolist(), symbols, strict=False) if row], np.int64)
    lengths = np.array([len(row) for row in symbols if row], np.int32)
    family = np.array([owner for owner, row in zip(owners, symbols, strict=True) if row], np.int32)
    found = Repeats(rows, Stretches(starts, lengths, family), size)
    runs = repeats([tuple(row) for row in symbols], [[owner] for owner in owners], 1)
    sequences = [tuple(row) for row in symbols]
    expected = {
        (min(int(rows.bounds[s]) + place for s, place in runs[key].places), len(key))
        for key in runs
        if len(key) >= size and is_maximal(key, runs, sequences)
    }
    maximal = found.maximal()
    first = found.start[maximal.sequence] + maximal.offset
    assert sorted(zip(first.tolist(), maximal.length.tolist(), strict=True)) == sorted(expected)
    # every part of a maximal run that is long enough is looked up
    asked = [
        (int(sequence), int(offset) + skipped, int(length) - skipped)
        for sequence, offset, length in zip(maximal.sequence, maximal.offset, maximal.length, strict=True)
        for skipped in range(int(length) - size + 1)
    ]
    columns = np.array(asked, np.int64).reshape(-1, 3)
    chain, n_chains, before = found.lookup(columns[:, 0].astype(np.int32), columns[:, 1], columns[:, 2])
    flat = [symbol for row in symbols for symbol in row]
    begins = [int(found.start[sequence]) + offset for sequence, offset, _ in asked]
    keys = [tuple(flat[begin : begin + length]) for begin, (_, _, length) in zip(begins, asked, strict=True)]
    assert found.index.count(chain, n_chains).tolist() == [len(runs[key].families) for key in keys]
    lowest = found.rows(found.index.lowest(chain, n_chains), before)
    where = [sorted(int(rows.bounds[s]) + place for s, place in runs[key].places) for key in keys]
    assert lowest.tolist() == [places[0] for places in where]
    places_found = found.occurrences(chain, n_chains, before)
    for bits in (repeats_module.WORD_BITS, 0):
        with mock.patch.object(repeats_module, "WORD_BITS", bits):
            run, row = places_found.copied(starts[found.copies.stretch])
        assert list(zip(run.tolist(), row.tolist(), strict=True)) == [
            (number, place) for number, places in enumerate(where) for place in places
        ]
    assert places_found.n_copies().tolist() == [len(places) for places in where]


@kernel
@given(sections())
def test_equal_stretches_are_one_with_their_families(
    case: tuple[list[list[int]], list[list[bool]], list[int]],
) -> None:
    symbols, junk, owners = case
    rows = rows_of(symbols, junk, owners)
    stretches = Stretches(rows.bounds[:-1], np.diff(rows.bounds).astype(np.int32), rows.owner)
    found = collapse(rows, stretches)
    texts = [tuple(row) for row in symbols]
    distinct = list(dict.fromkeys(texts))
    assert found.number.tolist() == [distinct.index(text) for text in texts]
    assert found.first.tolist() == [texts.index(text) for text in distinct]
    for number, text in enumerate(distinct):
        copies = [row for row, other in enumerate(texts) if other == text]
        assert found.stretch[found.indptr[number] : found.indptr[number + 1]].tolist() == copies
        families = found.families[found.family_indptr[number] : found.family_indptr[number + 1]].tolist()
        assert families == list(dict.fromkeys(owners[row] for row in copies))


@kernel
@given(st.integers(1, 3000), st.integers(0, 2**32 - 1))
def test_keys_are_numbered_as_they_first_come(n_different: int, seed: int) -> None:
    """Of more different ones than the table has room for at first."""
    keys = np.random.default_rng(seed).integers(0, n_different, 2000).astype(np.uint64) << np.uint64(32)
    number, first = number_keys(keys)
    distinct = {key: n for n, key in enumerate(dict.fromkeys(keys.tolist()))}
    assert number.tolist() == [distinct[key] for key in keys.tolist()]
    assert keys[first].tolist() == list(distinct)


@kernel
@given(corpora(), st.integers(0, 60))
def test_suffixes_are_sorted(case: tuple[list[tuple[int, ...]], list[list[int]]], copies: int) -> None:
    """With enough copies of a sequence that its groups are too large to be sorted by insertion."""
    rows = [*case[0], *[row for row in case[0][:2] for _ in range(copies)]]
    sequences = sequences_of(rows, [[0]] * len(rows))
    ends = np.repeat(sequences.indptr[1:], np.diff(sequences.indptr)).astype(np.int32)
    suffixes, rank = sort_suffixes(sequences.symbols, ends, 4)
    flat = sequences.symbols.tolist()
    assert suffixes.tolist() == sorted(range(len(flat)), key=lambda place: (flat[place : ends[place]], place))
    assert rank[suffixes].tolist() == list(range(len(flat)))
