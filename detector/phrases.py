"""Phrases: runs of tokens that enough families have exactly. Slogans, and what is left of templates inside sentences.

The definition is in ``docs/algorithm.md``; in short: maximal runs of skeleton tokens inside one passage and outside
junk, trimmed of slots and of clauses that they only touch, long enough after that, and in enough families. The
implementation keeps only stretches all of whose eight-token windows are in two families, finds the maximal repeats of
those exactly (`detector.repeats`), and cuts them. ``tests/test_phrases.py`` holds it equal to brute force.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.repeating import enclosing
from detector.passages import Passages
from detector.repeats import RepeatIndex, Sequences, collapse
from detector.tokens import Tokens, mix64

MIN_TOKENS = 8
LONG_TOKENS = 13
"""A run of 13 tokens is hardly ever chance, so that two families are enough whatever the size of the corpus."""

MIN_CLAUSE_TOKENS = 5
"""A partial clause of fewer tokens at either end of a run says nothing by itself and is cut off."""

_ORDER = np.uint64(0x9E3779B97F4A7C15)


class PhraseTable(NamedTuple):
    """Phrases in the order of their first occurrence, and where they stand.

    ``first``: int64, the token row at which the first occurrence begins; ``n_all``: int64, its tokens with slots;
    ``n_tokens``: int64, without; ``n_families``: int64; ``phrase``, ``token``: int64, a row per occurrence, the
    phrase and the token row at which it begins, sorted by both; ``longest``: bool, whether the occurrence lies in no
    longer one, so that it is marked.
    """

    first: NDArray[np.int64]
    n_all: NDArray[np.int64]
    n_tokens: NDArray[np.int64]
    n_families: NDArray[np.int64]
    phrase: NDArray[np.int64]
    token: NDArray[np.int64]
    longest: NDArray[np.bool_]


class _Stretches(NamedTuple):
    """Runs of token rows worth a closer look: ``start``, ``length``, ``family`` (int64)."""

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    family: NDArray[np.int64]


class _Cut(NamedTuple):
    """Token rows: where runs begin and stop after the cuts, and how many of their tokens are no slots."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    n_tokens: NDArray[np.int64]


def families_needed(n_families: int, min_families: int | None = None) -> int:
    """How many families a phrase of 8 to 12 tokens needs in a corpus of ``n_families``.

    >>> families_needed(31), families_needed(1000), families_needed(1_000_000)
    (2, 4, 125)
    """
    return min_families if min_families is not None else max(2, math.ceil(math.sqrt(n_families) / 8))


def find_phrases(
    tokens: Tokens,
    passages: Passages,
    is_junk: NDArray[np.bool_],
    family: NDArray[np.int64],
    *,
    min_families: int | None = None,
) -> PhraseTable:
    """The phrases of a corpus; ``is_junk`` is a row per token, ``family`` the number of each document's family."""
    n_families = int(family.max()) + 1 if len(family) else 0
    stretches = _shared_stretches(tokens, passages, is_junk, family)
    sequences, number, symbol_row = _sequences(tokens, stretches, n_families)
    index = RepeatIndex(sequences)
    runs = index.maximal(MIN_TOKENS)
    cut = _cut(tokens, passages, symbol_row[runs.start], runs.length)
    place, length, n_tokens = runs.start + cut.start - symbol_row[runs.start], cut.stop - cut.start, cut.n_tokens
    some = n_tokens >= MIN_TOKENS
    place, length, n_tokens = place[some], length[some], n_tokens[some]
    count = index.count(place, length)
    needed = np.where(n_tokens >= LONG_TOKENS, 2, families_needed(n_families, min_families))
    place = index.lowest(place, length)
    _, distinct = np.unique(index.keys(place, length), return_index=True)
    kept = np.sort(distinct[(count >= needed)[distinct]])
    kept = kept[np.lexsort((length[kept], place[kept]))]
    return _listed(index, stretches, number, (place[kept], length[kept], n_tokens[kept], count[kept]))


def _shared_stretches(
    tokens: Tokens, passages: Passages, is_junk: NDArray[np.bool_], family: NDArray[np.int64]
) -> _Stretches:
    """Stretches of a passage outside junk that are covered by windows of eight tokens (slots between them not counted)
    that two families have. Every phrase lies in one: each of its windows is in its families."""
    passage = np.repeat(np.arange(len(passages.start)), np.diff(passages.tokens))
    rows = np.flatnonzero(~tokens.is_slot & ~is_junk)
    junk_before = np.cumsum(is_junk)
    size = MIN_TOKENS
    if len(rows) < size:
        return _Stretches(*(np.empty(0, np.int64) for _ in range(3)))
    n_windows = len(rows) - size + 1
    gap = np.diff(rows, prepend=rows[0])
    hashes = np.zeros(n_windows, dtype=np.uint64)
    for step in range(size):
        window = slice(step, step + n_windows)
        value = tokens.skeleton[rows[window]]
        if step:
            value = value + mix64(gap[window].astype(np.uint64))
        hashes = mix64(hashes * _ORDER + value)
    begin, end = rows[:n_windows], rows[size - 1 :]
    inside = np.flatnonzero((passage[begin] == passage[end]) & (junk_before[begin] == junk_before[end]))
    owner = family[passages.document[passage[begin[inside]]]] if len(inside) else inside
    inside = inside[_in_two_families(hashes[inside], owner)]
    change = np.zeros(len(tokens.start) + 1, dtype=np.int64)
    np.add.at(change, begin[inside], 1)
    np.add.at(change, end[inside] + 1, -1)
    covered = _with_slots(np.cumsum(change[:-1]) > 0, tokens.is_slot & ~is_junk, passage)
    starts_here = covered & (
        np.concatenate(([True], ~covered[:-1])) | np.concatenate(([True], passage[1:] != passage[:-1]))
    )
    start = np.flatnonzero(starts_here)
    group = np.cumsum(starts_here)[covered] - 1
    length = np.bincount(group, minlength=len(start)) if len(start) else start
    return _Stretches(
        start, length.astype(np.int64), family[passages.document[passage[start]]] if len(start) else start
    )


def _with_slots(
    covered: NDArray[np.bool_], is_slot: NDArray[np.bool_], passage: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """What is covered, with the slots on both sides of it: whether a run is maximal depends on them."""
    changes = np.diff(is_slot, prepend=~is_slot[:1]) | (np.diff(passage, prepend=-1) != 0)
    start = np.flatnonzero(changes)
    stop = np.append(start[1:], len(is_slot))
    before = (start > 0) & covered[start - 1] & (passage[start - 1] == passage[start])
    after = np.append(covered, False)[stop] & (np.append(passage, -1)[stop] == passage[stop - 1])
    beside = is_slot[start] & (before | after)
    return np.asarray(covered | np.repeat(beside, stop - start))


def _in_two_families(hashes: NDArray[np.uint64], family: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether another family has the same hash; a row per hash."""
    if not len(hashes):
        return np.empty(0, dtype=bool)
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    first = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    differs = np.minimum.reduceat(family[order], first) != np.maximum.reduceat(family[order], first)
    shared = np.empty(len(hashes), dtype=bool)
    shared[order] = np.repeat(differs, np.diff(np.append(first, len(hashes))))
    return shared


def _sequences(
    tokens: Tokens, stretches: _Stretches, n_families: int
) -> tuple[Sequences, NDArray[np.int64], NDArray[np.int64]]:
    """The stretches as distinct sequences, each stretch's number among them, and the token row of every symbol."""
    indptr = np.concatenate(([0], np.cumsum(stretches.length))).astype(np.int64)
    row = np.repeat(stretches.start - indptr[:-1], stretches.length) + np.arange(indptr[-1])
    _, symbols = np.unique(tokens.skeleton[row], return_inverse=True)
    sequences, number = collapse(symbols.astype(np.int32), indptr, stretches.family, n_families)
    _, first = np.unique(number, return_index=True)
    symbol_row = np.repeat(stretches.start[first] - sequences.indptr[:-1], np.diff(sequences.indptr))
    return sequences, number, symbol_row + np.arange(len(sequences.symbols))


def _cut(tokens: Tokens, passages: Passages, start: NDArray[np.int64], length: NDArray[np.int64]) -> _Cut:
    """Runs trimmed of slots and of short partial clauses at both ends, as their first occurrence is punctuated."""
    n = len(tokens.start)
    words = np.concatenate(([0], np.cumsum(~tokens.is_slot)))
    next_word = np.minimum.accumulate(np.where(tokens.is_slot, n, np.arange(n))[::-1])[::-1] if n else np.empty(0, int)
    last_word = np.maximum.accumulate(np.where(tokens.is_slot, -1, np.arange(n))) if n else next_word
    clause_first = np.searchsorted(passages.clause, np.arange(len(passages.clause_start) + 1))
    stop = start + length
    start = start.copy()
    while True:
        before = (start.copy(), stop.copy())
        some = stop > start
        start[some] = np.minimum(next_word[start[some]], stop[some])
        stop[some] = np.maximum(last_word[stop[some] - 1] + 1, start[some])
        some = stop > start
        clause = passages.clause[start[some]]
        beyond = np.minimum(clause_first[clause + 1], stop[some])
        short = words[beyond] - words[start[some]] < MIN_CLAUSE_TOKENS
        start[some] = np.where((start[some] > clause_first[clause]) & short, beyond, start[some])
        some = stop > start
        clause = passages.clause[stop[some] - 1]
        begins = np.maximum(clause_first[clause], start[some])
        short = words[stop[some]] - words[begins] < MIN_CLAUSE_TOKENS
        stop[some] = np.where((stop[some] < clause_first[clause + 1]) & short, begins, stop[some])
        if np.array_equal(before[0], start) and np.array_equal(before[1], stop):
            return _Cut(start, stop, words[stop] - words[start])


def _listed(
    index: RepeatIndex,
    stretches: _Stretches,
    number: NDArray[np.int64],
    runs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> PhraseTable:
    """The runs that more families have than any longer one around them, with every occurrence of each."""
    place, length, n_tokens, count = runs
    run, where = index.occurrences(place, length)
    around = _enclosed(run, where, length, count)
    most = np.full(len(place), -1, dtype=np.int64)
    np.maximum.at(most, run, around)
    listed = count > most
    place, length, n_tokens, count = place[listed], length[listed], n_tokens[listed], count[listed]
    renumbered = np.cumsum(listed) - 1
    run, where = renumbered[run[listed[run]]], where[listed[run]]
    longest = _enclosed(run, where, length, np.ones_like(length)) < 0
    # from places in distinct stretches to token rows of all stretches
    sequence = index.sequence_of(where)
    by_sequence = np.argsort(number, kind="stable")
    bounds = np.searchsorted(number[by_sequence], np.arange(len(index.sequences.indptr)))
    copies = np.diff(bounds)[sequence]
    occurrence = np.repeat(np.arange(len(where)), copies)
    nth = np.arange(len(occurrence)) - np.repeat(np.cumsum(copies) - copies, copies)
    stretch = by_sequence[bounds[sequence][occurrence] + nth]
    token = stretches.start[stretch] + (where - index.sequences.indptr[sequence])[occurrence]
    order = np.lexsort((token, run[occurrence]))
    phrase, token, longest = run[occurrence][order], token[order], longest[occurrence][order]
    first = token[np.searchsorted(phrase, np.arange(len(place)))] if len(place) else place
    return PhraseTable(first, length, n_tokens, count, phrase, token, longest)


def _enclosed(
    run: NDArray[np.int64], where: NDArray[np.int64], length: NDArray[np.int64], weight: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each occurrence the largest weight of a longer run around it, or -1."""
    order = np.lexsort((-length[run], where))
    found = np.empty(len(run), dtype=np.int64)
    found[order] = enclosing(where[order], (where + length[run])[order], run[order], weight)
    return found
