"""Blocks against the definition carried out by brute force, and the keys of passages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import oracles
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.matching.blocks import block_groups
from detector.matching.matches import Matches
from detector.matching.skeletons import passage_keys
from detector.text.passages import Passages, split_passages
from detector.text.tokens import join_block, sequence_hashes, tokenise

timeless = settings(deadline=None)
"""No deadline: the first call of a kernel may compile it."""


def group(matches: Sequence[int]) -> Matches:
    """Matches in which row r has the representative ``matches[r]``."""
    n = len(matches)
    column = np.arange(n)
    ones, none = np.ones(n), np.full(n, -1)
    representative = np.array(matches, np.int64)
    return Matches(column, column, representative, ones, none, none >= 0, ones, none, ones, n_crowded=0)


def made_passages(document: Sequence[int]) -> Passages:
    n = len(document)
    row, nothing = np.arange(n), np.empty(0, np.int64)
    return Passages(row, row + 1, np.array(document, np.int64), np.arange(n + 1), row, nothing, nothing, nothing)


SEQUENCES = st.lists(st.lists(st.integers(0, 3), max_size=8), min_size=1, max_size=6)


@timeless
@given(SEQUENCES, st.data())
def test_blocks_are_what_brute_force_finds(rows: list[list[int]], data: st.DataObject) -> None:
    """Symbols 0 and 1 are clustered passages, 2 and 3 short ones with equal skeletons."""
    family = [data.draw(st.integers(0, min(row, 2)), label="family") for row in range(len(rows))]
    family = [sorted(set(family)).index(number) for number in family]
    document = [number for number, row in enumerate(rows) for _ in row]
    symbols = [symbol for row in rows for symbol in row]
    is_junk = np.array(data.draw(st.lists(st.booleans(), min_size=len(symbols), max_size=len(symbols))), dtype=bool)
    passages = made_passages(document)
    clustered = np.flatnonzero(np.array(symbols, np.int64) < 2)
    group_of = np.array(symbols, np.int64)[clustered]
    matches = group(list(range(len(clustered))))._replace(passage=clustered)
    keys = np.array(symbols, np.uint64) + np.uint64(100)
    # two clustered passages of one symbol need not have one skeleton
    keys[clustered] = clustered.astype(np.uint64) + np.uint64(1000)
    found = block_groups(matches, group_of, passages, keys, is_junk=is_junk, family=np.array(family, np.int64))
    got = []
    for begin, end in pairwise(found.indptr.tolist()):
        lengths = found.last[begin:end] - found.first[begin:end]
        assert (lengths == lengths[0]).all()
        got.append((found.first[begin:end].tolist(), int(lengths[0])))
    assert found.document.tolist() == [document[first] for first in found.first.tolist()]
    assert np.isnan(found.ratio).all()
    assert got == sorted(got)
    assert got == brute_force_blocks(symbols, document, family, is_junk.tolist())


def brute_force_blocks(
    symbols: Sequence[int], document: Sequence[int], family: Sequence[int], is_junk: Sequence[bool]
) -> list[tuple[list[int], int]]:
    """Where each block stands and how long it is, from the definition."""
    starts: list[int] = []
    stretches: list[list[int]] = []
    for place, symbol in enumerate(symbols):
        if is_junk[place]:
            continue
        if not place or is_junk[place - 1] or document[place] != document[place - 1]:
            starts.append(place)
            stretches.append([])
        stretches[-1].append(symbol)
    rows = [tuple(row) for row in stretches]
    runs = oracles.repeats(rows, [[family[document[start]]] for start in starts], 2)
    return sorted(
        (sorted(starts[sequence] + offset for sequence, offset in run.places), len(key))
        for key, run in runs.items()
        if oracles.is_maximal(key, runs, rows) and min(map(int, key)) < 2
    )


@timeless
@given(st.lists(st.lists(st.sampled_from(["甲", "乙", "7", "word ", "。", "，"]), max_size=9).map("".join), max_size=4))
def test_keys_of_passages_are_equal_where_their_skeletons_are(texts: list[str]) -> None:
    block = join_block(texts)
    tokens = tokenise(block, [])
    passages = split_passages(block, tokens, [])
    keys, hashes = passage_keys(tokens, passages), sequence_hashes(tokens.skeleton, passages.tokens)
    assert np.array_equal(keys[:, None] == keys, hashes[:, None] == hashes)
