"""Phrases: runs of tokens that enough families have exactly. Slogans, and what is left of templates inside sentences.

The definition is in ``docs/algorithm.md``; in short: maximal runs of skeleton tokens inside one passage and outside
junk, trimmed of slots and of clauses that they only touch, long enough after that, and in enough families. The
implementation keeps only stretches all of whose eight-token windows are in two families, finds the maximal repeats of
those exactly (`detector.repeats`), and cuts them. ``tests/test_phrases.py`` holds it equal to brute force.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.columns import PhraseColumns
from detector.folding import character_table
from detector.kernels.phrasing import count_series, cut_runs, enclosing, write_keys
from detector.passages import Passages
from detector.repeats import Places, Repeats, Rows, Stretches, find_stretches
from detector.texts import Texts
from detector.tokens import Tokens
from detector.workspace import Workspace

MIN_TOKENS = 8
LONG_TOKENS = 13
"""A run of 13 tokens is hardly ever chance, so that two families are enough whatever the size of the corpus."""

MIN_CLAUSE_TOKENS = 5
"""A partial clause of fewer tokens at either end of a run says nothing by itself and is cut off."""


class PhraseTable(NamedTuple):
    """Phrases in the order of their first occurrence, and where they stand.

    ``first``: int64, the token row at which the first occurrence begins; ``n_all``: int64, its tokens with slots;
    ``n_tokens``: int64, without; ``n_families``: int64; ``n_occurrences``: int64. ``phrase``, ``token``: int64, a row
    per occurrence that lies in no longer one, so that it is marked: the phrase and the token row at which it begins,
    sorted by both. All occurrences, which can be a hundred times as many, are kept as ``places`` in distinct stretches
    of text, with ``is_longest`` (bool) for each of them and ``copy_start`` (int64), the token rows at which the copies
    of these begin.
    """

    first: NDArray[np.int64]
    n_all: NDArray[np.int64]
    n_tokens: NDArray[np.int64]
    n_families: NDArray[np.int64]
    n_occurrences: NDArray[np.int64]
    phrase: NDArray[np.int64]
    token: NDArray[np.int64]
    places: Places
    is_longest: NDArray[np.bool_]
    copy_start: NDArray[np.int64]

    @property
    def longest(self) -> NDArray[np.bool_]:
        """Whether each row of ``phrase`` and ``token`` lies in no longer occurrence: all do."""
        return np.ones(len(self.phrase), dtype=bool)

    def occurrences(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every occurrence: phrase and first token row, sorted by both."""
        return self.places.copied(np.arange(len(self.places.sequence)), self.copy_start)


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
    work: Workspace | None = None,
) -> PhraseTable:
    """The phrases of a corpus; ``is_junk`` is a row per token, ``family`` the number of each document's family."""
    n_families = int(family.max()) + 1 if len(family) else 0
    owner = family[passages.document].astype(np.int32) if len(family) else np.empty(0, np.int32)
    bounds = passages.tokens if len(passages.tokens) else np.zeros(1, np.int64)
    rows = Rows(tokens.hashes, tokens.kind, is_junk, bounds, owner, n_families)
    stretches = find_stretches(rows, MIN_TOKENS, work or Workspace())
    repeats = Repeats(rows, stretches, MIN_TOKENS)
    runs = _cut(tokens, passages, repeats)
    needed = np.where(runs.n_tokens >= LONG_TOKENS, 2, families_needed(n_families, min_families))
    runs = _listed(repeats, runs.take(np.flatnonzero(runs.n_families >= needed)))
    return _table(repeats, stretches, runs)


class _Runs(NamedTuple):
    """Runs by their lowest places: the ``row`` of the tokens at which each begins, its ``length``, ``n_tokens`` that
    are no slots, ``n_families``, and as `Repeats` names it, ``chain``, ``n_chains`` and ``before`` (all int64)."""

    row: NDArray[np.int64]
    length: NDArray[np.int64]
    n_tokens: NDArray[np.int64]
    n_families: NDArray[np.int64]
    chain: NDArray[np.int64]
    n_chains: NDArray[np.int64]
    before: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> _Runs:
        return _Runs(*(column[rows] for column in self))


def _cut(tokens: Tokens, passages: Passages, repeats: Repeats) -> _Runs:
    """The maximal repeats trimmed of slots and of short partial clauses at both ends, as their first occurrence is
    punctuated; each distinct result that is long enough once, in the order of the text, the shorter first."""
    found = repeats.maximal()
    base = repeats.start[found.sequence]
    start = base + found.offset
    stop = start + found.length
    n_tokens = cut_runs(tokens.kind, passages.clause, start, stop, MIN_CLAUSE_TOKENS)
    kept = np.flatnonzero(n_tokens >= MIN_TOKENS)
    length = (stop - start)[kept]
    chain, n_chains, before = repeats.lookup(found.sequence[kept], (start - base)[kept], length)
    n_families = repeats.index.count(chain, n_chains)
    chain = repeats.index.lowest(chain, n_chains)
    row, n_tokens = repeats.rows(chain, before), n_tokens[kept].astype(np.int64)
    runs = _Runs(row, length, n_tokens, n_families, chain, n_chains, before)
    runs = runs.take(np.lexsort((length, row)))
    return runs.take(np.flatnonzero((np.diff(runs.row, prepend=-1) != 0) | (np.diff(runs.length, prepend=-1) != 0)))


def _listed(repeats: Repeats, runs: _Runs) -> _Runs:
    """The runs that more families have than any longer one around them."""
    places = repeats.occurrences(runs.chain, runs.n_chains, runs.before)
    run, order = _by_place(repeats, places, runs.length)
    start = places.offset[order]
    longest = int(repeats.length.max()) if len(repeats.length) else 0
    around = enclosing(start, start + runs.length[run], places.sequence[order], run, runs.n_families, longest)
    most = np.full(len(runs.row), -1, dtype=np.int64)
    np.maximum.at(most, run, around)
    return runs.take(np.flatnonzero(runs.n_families > most))


def _by_place(
    repeats: Repeats, places: Places, length: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The order of all places by sequence, then by offset, then the longer run first; and the runs in that order."""
    run = np.repeat(np.arange(len(length), dtype=np.int32), np.diff(places.indptr))
    base = np.concatenate(([0], np.cumsum(repeats.length.astype(np.int64))))
    most = int(length.max(initial=0)) + 1
    order = np.argsort((base[places.sequence] + places.offset) * most + (most - length[run]))
    return run[order], order


def _table(repeats: Repeats, stretches: Stretches, runs: _Runs) -> PhraseTable:
    """Phrases with all their places."""
    places = repeats.occurrences(runs.chain, runs.n_chains, runs.before)
    run, order = _by_place(repeats, places, runs.length)
    base = np.concatenate(([0], np.cumsum(repeats.length.astype(np.int64))))[places.sequence[order]]
    end = base + places.offset[order] + runs.length[run]
    reach = np.maximum.accumulate(np.concatenate(([0], end)))
    longest = np.empty(len(order), dtype=bool)
    longest[order] = end > reach[:-1]
    copy_start = stretches.start[repeats.copies.stretch]
    phrase, token = places.copied(np.flatnonzero(longest), copy_start)
    counts = (runs.n_tokens, runs.n_families, places.n_copies())
    return PhraseTable(runs.row, runs.length, *counts, phrase, token, places, longest, copy_start)


def phrase_columns(table: PhraseTable, tokens: Tokens, texts: Texts, series: NDArray[np.int64]) -> PhraseColumns:
    """The phrases as they are written to files; ``series`` is a number per document or -1."""
    document = np.searchsorted(tokens.indptr, table.first, side="right") - 1
    start, end = tokens.start[table.first], tokens.end[table.first + table.n_all - 1]
    keys, ends = write_keys(
        texts.points,
        texts.start[document],
        table.first,
        table.n_all,
        tokens.start,
        tokens.end,
        tokens.kind,
        character_table().folded,
    )
    written = keys.tobytes().decode("utf-32-le", "surrogatepass")
    bounds = [0, *ends.tolist()]
    copy_document = np.searchsorted(tokens.indptr, table.copy_start, side="right") - 1
    n_series = count_series(
        table.places.indptr,
        table.places.sequence,
        table.places.copy_indptr,
        series[copy_document].astype(np.int32),
        int(series.max(initial=-1)) + 1,
    )
    return PhraseColumns(
        document=document.astype(np.int32),
        start=start.astype(np.int32),
        end=end.astype(np.int32),
        n_tokens=table.n_tokens.astype(np.int32),
        n_families=table.n_families.astype(np.int32),
        n_series=n_series,
        n_occurrences=table.n_occurrences.astype(np.int32),
        key=[written[begin:stop] for begin, stop in pairwise(bounds)],
    )
