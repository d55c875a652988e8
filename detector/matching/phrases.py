"""Phrases: runs of tokens that enough families have exactly. Slogans, and what is left of templates inside sentences.

The definition is in ``docs/algorithm.md``; in short: maximal runs of skeleton tokens inside one passage and outside
junk, trimmed of slots and of clauses that they only touch, long enough after that, and in enough families. The
implementation keeps only stretches all of whose eight-token windows are in two families, finds the maximal repeats of
those exactly (`detector.matching.repeats`), and cuts them. ``tests/test_phrases.py`` holds it equal to brute force.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.hashing import leave_copies
from detector.kernels.phrasing import count_series, cut_runs, enclosing, longest_places, write_keys
from detector.machine.columns import Gathered
from detector.machine.ranges import row_ranges
from detector.machine.workspace import Workspace
from detector.matching.gathering import spans_of
from detector.matching.repeats import BLOCK_PLACES, Places, PlacesInOrder, Repeats
from detector.matching.skeletons import Skeletons, find_skeletons
from detector.matching.stretches import Rows, Stretches, find_stretches
from detector.tables.columns import PhraseColumns
from detector.text.folding import character_table
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import Tokens

MIN_TOKENS = 8
LONG_TOKENS = 13
"""A run of 13 tokens is hardly ever chance, so that two families are enough whatever the size of the corpus."""

MIN_CLAUSE_TOKENS = 5
"""A partial clause of fewer tokens at either end of a run says nothing by itself and is cut off."""

BLOCK_KEYS = 1 << 19
"""Tokens of phrases whose keys are written at a time."""


class PhraseTable(NamedTuple):
    """Phrases in the order of their first occurrence, and where they stand.

    ``first``: int64, the token row at which the first occurrence begins; ``n_all``: int64, its tokens with slots;
    ``n_tokens``: int64, without; ``n_families``: int64; ``n_occurrences``: int64. ``phrase``, ``token``: int64, a row
    per occurrence that lies in no longer one, so that it is marked: the phrase and the token row at which it begins,
    sorted by both. All occurrences, which can be a hundred times as many, are ``places`` in distinct stretches of text;
    ``copy_start`` (int64): the token rows at which the copies of these begin.
    """

    first: NDArray[np.int64]
    n_all: NDArray[np.int64]
    n_tokens: NDArray[np.int64]
    n_families: NDArray[np.int64]
    n_occurrences: NDArray[np.int64]
    phrase: NDArray[np.int64]
    token: NDArray[np.int64]
    places: Places
    copy_start: NDArray[np.int64]

    @property
    def longest(self) -> NDArray[np.bool_]:
        """Whether each row of ``phrase`` and ``token`` lies in no longer occurrence: all do."""
        return np.ones(len(self.phrase), dtype=bool)

    def without_places(self) -> PhraseTable:
        """The table with no ``places``, which take more memory than the rest."""
        none = np.empty(0, np.int32)
        return self._replace(places=Places(none, none, none, none, none, none, np.zeros(1, np.int64)))

    def occurrences(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every occurrence: phrase and first token row, sorted by both."""
        return self.places.copied(self.copy_start)


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
    work = work or Workspace()
    skeletons = find_skeletons(tokens, passages, MIN_TOKENS, work)
    found = repeated(tokens, passages, skeletons, np.packbits(is_junk, bitorder="little"), family, work)
    return phrases_of(tokens, passages, *found, min_families=min_families, work=work)


def repeated(
    tokens: Tokens,
    passages: Passages,
    skeletons: Skeletons,
    junk: NDArray[np.uint8],
    family: NDArray[np.int64],
    work: Workspace,
) -> tuple[Rows, Stretches]:
    """The rows that phrases are looked for in, and the stretches of them that may hold any: what keeps all threads
    busy, and takes most memory. ``junk`` (a bit per token) plays no part in what follows, and is not held."""
    n_families = int(family.max()) + 1 if len(family) else 0
    owner = family[passages.document].astype(np.int32) if len(family) else np.empty(0, np.int32)
    bounds, counted = passages.tokens if len(passages.tokens) else np.zeros(1, np.int64), owner.copy()
    passage, first = skeletons.passage, skeletons.first
    again = np.flatnonzero(first != np.arange(len(first), dtype=np.int32))
    leave_copies(passage[again], passage[first[again]], bounds, junk, owner, n_families, counted)
    rows = Rows(tokens.hashed, tokens.form, junk, bounds, owner, counted, n_families)
    return rows._replace(junk=np.empty(0, np.uint8)), find_stretches(rows, MIN_TOKENS, work)


def phrases_of(
    tokens: Tokens,
    passages: Passages,
    rows: Rows,
    stretches: Stretches,
    *,
    min_families: int | None = None,
    work: Workspace,
) -> PhraseTable:
    """The phrases in what is `repeated`."""
    n_families = rows.n_families
    repeats = Repeats(rows, stretches, MIN_TOKENS, work)
    runs = _cut(tokens, passages, repeats)
    needed = np.where(runs.n_tokens >= LONG_TOKENS, 2, families_needed(n_families, min_families))
    runs = runs.take(np.flatnonzero(runs.n_families >= needed))
    places = repeats.in_order(repeats.occurrences(runs.chain, runs.n_chains, runs.before), runs.length, work)
    is_listed = _listed(repeats, places, runs, work)
    longest = _longest(places, runs, is_listed, work)
    del places
    return _table(repeats, stretches, longest, runs.take(np.flatnonzero(is_listed)), work)


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
    n_tokens = cut_runs(tokens.form, passages.begins, start, stop, MIN_CLAUSE_TOKENS)
    kept = np.flatnonzero(n_tokens >= MIN_TOKENS)
    length = (stop - start)[kept]
    sequence, offset = found.sequence[kept], (start - base)[kept]
    del found, base, start, stop
    chain, n_chains, before = repeats.lookup(sequence, offset, length)
    del sequence, offset
    n_families = repeats.index.count(chain, n_chains)
    chain = repeats.index.lowest(chain, n_chains)
    row, n_tokens = repeats.rows(chain, before), n_tokens[kept].astype(np.int64)
    order = np.lexsort((length, row))
    is_first = (np.diff(row[order], prepend=-1) != 0) | (np.diff(length[order], prepend=-1) != 0)
    return _Runs(row, length, n_tokens, n_families, chain, n_chains, before).take(order[is_first])


def _listed(repeats: Repeats, places: PlacesInOrder, runs: _Runs, work: Workspace) -> NDArray[np.bool_]:
    """Whether more families have a run than any longer one around it."""
    longest = int(repeats.length.max()) if len(repeats.length) else 0
    most = np.full(len(runs.row), -1, dtype=np.int64)

    def around(part: tuple[int, int]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        sequence, run, offset = places.part(*part)
        start = offset.astype(np.int64)
        return run, enclosing(start, start + runs.length[run], sequence, run, runs.n_families, longest)

    for run, found in work.each(around, row_ranges(places.indptr[1:], BLOCK_PLACES)):
        np.maximum.at(most, run, found)
    return np.asarray(runs.n_families > most)


_PlacesOfPhrases = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
"""The phrase, the distinct stretch and the offset in it."""


def _longest(places: PlacesInOrder, runs: _Runs, is_listed: NDArray[np.bool_], work: Workspace) -> _PlacesOfPhrases:
    """The places of runs that are listed, but for those that lie in a longer one's."""
    number = np.where(is_listed, np.cumsum(is_listed, dtype=np.int32) - np.int32(1), np.int32(-1))

    def marked(part: tuple[int, int]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        return longest_places(places.indptr, *part, runs.length, *places[1:], number)  # type: ignore[no-any-return]

    parts = work.map(marked, row_ranges(places.indptr[1:], BLOCK_PLACES) or [(0, 0)])
    sequence, phrase, offset = (np.concatenate(column) for column in zip(*parts, strict=True))
    return phrase, sequence, offset


def _table(
    repeats: Repeats, stretches: Stretches, longest: _PlacesOfPhrases, runs: _Runs, work: Workspace
) -> PhraseTable:
    """The runs that are listed, with all their places."""
    copy_start = stretches.start[repeats.copies.stretch]
    every = repeats.occurrences(runs.chain, runs.n_chains, runs.before)
    phrase, token = every.copies(*longest, copy_start)
    counts = (runs.n_tokens, runs.n_families, every.n_copies())
    return PhraseTable(
        runs.row, runs.length, *counts, work.stored(phrase), work.stored(token), every, work.stored(copy_start)
    )


def phrase_columns(
    table: PhraseTable, tokens: Tokens, texts: Texts, series: NDArray[np.int64], work: Workspace | None = None
) -> PhraseColumns:
    """The phrases as they are written to files; ``series`` is a number per document or -1."""
    document = np.searchsorted(tokens.indptr, table.first, side="right") - 1
    work = work or Workspace()
    start, end = spans_of(work, tokens, table.first, table.first + table.n_all - 1)
    copy_document = np.searchsorted(tokens.indptr, table.copy_start, side="right") - 1
    places = table.places
    n_series = count_series(
        places.first,
        places.last,
        places.suffixes,
        places.owner,
        places.copy_indptr,
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
        key=_keys(table, tokens, texts, document, work),
    )


def _keys(table: PhraseTable, tokens: Tokens, texts: Texts, document: NDArray[np.int64], work: Workspace) -> Texts:
    """The keys of all phrases over one buffer."""
    ends, points = np.zeros(len(document) + 1, np.int64), Gathered(work, np.uint32)

    def written(part: tuple[int, int]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        here = slice(*part)
        return write_keys(  # type: ignore[no-any-return]
            texts.points, texts.start[document[here]], table.first[here], table.n_all[here],
            tokens.where, tokens.form, character_table().folded,
        )  # fmt: skip

    ranges = row_ranges(np.cumsum(table.n_all), BLOCK_KEYS)
    for (first, last), (keys, its_ends) in zip(ranges, work.each(written, ranges), strict=True):
        ends[first + 1 : last + 1] = points.n + its_ends
        points.add(keys)
    return Texts(points.column(), ends[:-1], ends[1:])
