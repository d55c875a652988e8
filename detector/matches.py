"""Matches: passages whose skeletons have a normalised Indel similarity of at least 0.80, and their representatives.

Passages with equal skeletons are one distinct row; rows are in the order of their first occurrence. Bigrams of skeleton
tokens are signed, narrow bands propose candidates, the ratio decides. ``docs/algorithm.md`` has the measured recall.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.candidates import Bands, Buckets, band_buckets, band_keys
from detector.kernels.counting import number_keys
from detector.kernels.hashing import first_rows, skeleton_keys, sketch_rows
from detector.kernels.sorting import first_elsewhere, list_followers
from detector.kernels.verifying import (
    MAX_VERIFIED,
    common_lengths,
    earlier_in_document,
    lowest_elsewhere,
    only_groups,
    represent,
)
from detector.passages import Passages
from detector.shingles import shingle_hashes
from detector.signatures import sign
from detector.tokens import SLOT_HASH, Tokens, packed_points
from detector.workspace import Workspace, row_ranges

SHINGLE_SIZE = 2
BANDS = Bands(42, 3)
"""Short passages have few shingles, and one changed word breaks two of them: the usual 5-grams in 16 bands of 8 rows
propose one or two of ten true matches. ``benchmarks/recall.py`` prints the recall of this choice on real text."""

BLOCK_TOKENS = 1 << 18
"""Tokens that are signed at a time: their signatures stay in the cache until their bands are folded."""

BLOCK_POINTS = 1 << 21
"""Tokens whose characters are gathered at a time."""

N_BLOCKS = 32
"""Blocks of rows in which representatives are chosen: within a block that takes one thread."""

SMALL = 1 << 12
"""Rows or queries that are not worth being shared out."""

Numbers = NDArray[np.int32]


class Matches(NamedTuple):
    """Columns over the passages that are long enough to be compared, in document order.

    ``passage``: int64, the row of each in `Passages`; ``distinct``: int32, the number of its skeleton;
    ``representative``: int32, the row *in this table* of the passage that represents it (itself if it does so);
    ``ratio``: float64, its ratio with that; ``partner``: int32, the row in this table of the match that its shared text
    is measured against: the representative where that stands in another family, else its lowest match in another
    family, else its lowest match in another document, else -1; ``elsewhere``: bool, whether the partner is of another
    family; ``partner_ratio``: float64; ``earlier``: int32, its lowest earlier match in its own document or -1;
    ``earlier_ratio``: float64; ``n_crowded``: passages with more candidates than are compared, which may miss a match.
    """

    passage: NDArray[np.int64]
    distinct: Numbers
    representative: Numbers
    ratio: NDArray[np.float64]
    partner: Numbers
    elsewhere: NDArray[np.bool_]
    partner_ratio: NDArray[np.float64]
    earlier: Numbers
    earlier_ratio: NDArray[np.float64]
    n_crowded: int


class _Rows(NamedTuple):
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


class _Table(NamedTuple):
    """The passages that are compared: their rows, the number of their skeletons, their families and documents (int32),
    and the representative of each distinct row."""

    distinct: Numbers
    family: Numbers
    document: Numbers
    chosen: Numbers


def find_matches(
    tokens: Tokens,
    passages: Passages,
    family: NDArray[np.integer],
    *,
    threshold: float,
    min_tokens: int,
    seed: int,
    is_junk: NDArray[np.bool_] | None = None,
    work: Workspace | None = None,
) -> Matches:
    """All matches of a corpus; ``family`` (integers) is the number of each document's family.

    A passage of nothing but numbers has no text that another could share, and is not compared. Of junk (``is_junk``,
    a row per passage) only copies are matched, no near-copies: what a site adds by the ten thousand, links and counters
    that differ in a few characters, is explained already. The result does not depend on the workers of ``work``.
    """
    work = work or Workspace()
    passage, distinct, first = _distinct_rows(tokens, passages, min_tokens, work)
    signed = np.ones(len(first), dtype=bool)
    if is_junk is not None:
        signed[:] = False
        signed[distinct[~is_junk[passage]]] = True
    buckets = _buckets(tokens, passages, passage[first], signed, seed, work)
    rows = _rows(tokens, passages, passage, first, buckets, threshold, work)
    chosen, is_crowded = _representatives(rows)
    document = passages.document[passage].astype(np.int32, copy=False)
    table = _Table(distinct, family.astype(np.int32, copy=False)[document], document, chosen)
    representative = work.stored(first[chosen[distinct]])
    partner, missed = _partners(rows, table)
    earlier = _earlier(rows, table)
    ratio = work.stored(_ratios_with_representatives(rows, chosen)[distinct])
    known = (representative, ratio)
    return Matches(
        passage,
        distinct,
        representative,
        ratio,
        partner,
        (partner >= 0) & (table.family[partner] != table.family),
        work.stored(_ratios(rows, distinct, partner, known)),
        earlier,
        work.stored(_ratios(rows, distinct, earlier, known)),
        int((is_crowded[distinct] | missed).sum()),
    )


def _distinct_rows(
    tokens: Tokens, passages: Passages, min_tokens: int, work: Workspace
) -> tuple[NDArray[np.int64], Numbers, Numbers]:
    """The passages that are compared, the number of each one's skeleton, and the first of each skeleton."""
    n = len(passages.tokens) - 1
    keys, is_long = np.empty(n, np.uint64), np.empty(n, bool)

    def key(bounds: tuple[int, int]) -> None:
        first, last = bounds
        skeleton_keys(
            tokens.hashes, tokens.kind, passages.tokens[first : last + 1], SLOT_HASH, min_tokens, keys[first:last],
            is_long[first:last],
        )  # fmt: skip

    work.map(key, row_ranges(passages.tokens[1:], 4 * BLOCK_TOKENS))
    passage = work.stored(np.flatnonzero(is_long))
    keys = keys[passage]
    first_of = np.empty(len(keys), np.int32)
    bits = max(1, (len(keys) >> 18).bit_length())
    work.map(lambda part: first_rows(keys, part, bits, first_of), range(1 << bits))
    is_first = first_of == np.arange(len(keys), dtype=np.int32)
    number = np.cumsum(is_first, dtype=np.int32) - np.int32(1)
    return passage, number[first_of], np.flatnonzero(is_first).astype(np.int32)


def _buckets(
    tokens: Tokens,
    passages: Passages,
    passage: NDArray[np.int64],
    signed: NDArray[np.bool_],
    seed: int,
    work: Workspace,
) -> Buckets:
    """The buckets of distinct passages; those that are not ``signed`` are in none."""
    start, stop = passages.tokens[passage], passages.tokens[passage + 1]
    rows = np.flatnonzero(signed & (stop - start >= SHINGLE_SIZE)).astype(np.int32)
    start, stop = start[rows], stop[rows]
    keys = work.empty((BANDS.n_bands, len(rows)), np.uint32)

    def fold(bounds: tuple[int, int]) -> None:
        a, b = bounds
        hashes, indptr = shingle_hashes(tokens, start[a:b], stop[a:b], SHINGLE_SIZE, is_skeleton=True)
        keys[:, a:b] = band_keys(sign(hashes, indptr, n_permutations=BANDS.n_permutations, seed=seed), BANDS)

    work.map(fold, row_ranges(np.cumsum(stop - start), BLOCK_TOKENS))
    return band_buckets(keys, rows, len(passage), work)


def _rows(
    tokens: Tokens, passages: Passages, passage: NDArray[np.int64], first: Numbers, buckets: Buckets, threshold: float,
    work: Workspace,
) -> _Rows:  # fmt: skip
    """The characters and sketches of the rows that are in a bucket."""
    rows = np.flatnonzero(np.diff(buckets.row_indptr)).astype(np.int32)
    of_row = passage[first[rows]]
    start, stop = passages.tokens[of_row], passages.tokens[of_row + 1]
    most = int((passages.end[of_row].astype(np.int64) - passages.start[of_row]).sum())
    points, sketches = work.empty(most, np.uint32), work.empty((len(first), 4), np.uint64, near=True)
    indptr, n_points = work.empty(len(first) + 1, np.int64), 0
    indptr[:] = 0

    def sketched(bounds: tuple[int, int]) -> NDArray[np.uint32]:
        a, b = bounds
        packed, offsets = packed_points(tokens, start[a:b], stop[a:b])
        begin, end = offsets[:-1], offsets[1:]
        indptr[rows[a:b] + 1] = end - begin
        kept, made = np.empty(int((end - begin).sum()), np.uint32), np.empty((b - a, 4), np.uint64)
        sketch_rows(packed, begin, end, kept, made)
        sketches[rows[a:b]] = made
        return kept

    for kept in work.each(sketched, row_ranges(stop, BLOCK_POINTS)):
        points[n_points : n_points + len(kept)] = kept
        n_points += len(kept)
    np.cumsum(indptr, out=indptr)
    return _Rows(first, points, indptr, sketches, buckets, threshold, work)


def _representatives(rows: _Rows) -> tuple[Numbers, NDArray[np.bool_]]:
    """The representative of every distinct row, and whether a row was crowded.

    It is the lowest lower representative that the row matches, or the row itself: the lexicographically first maximal
    independent set. Several threads look among the representatives of the blocks before, then one decides the block;
    what they find is what one thread finds from row to row.
    """
    n, buckets = len(rows.first), rows.buckets
    chosen, compared = np.arange(n, dtype=np.int32), np.zeros(n, np.int32)
    members = rows.work.empty(len(buckets.rows), np.int32, near=True)
    filled = rows.work.empty(len(buckets.indptr) - 1, np.int64, near=True)
    filled[:] = buckets.indptr[:-1]

    def decide(first: int, last: int, floor: int, *, is_last: bool) -> None:
        represent(
            rows.points, rows.indptr, rows.sketches, buckets.row_indptr, buckets.of, buckets.indptr, members, filled,
            rows.threshold, first, last, floor, is_last, chosen, compared,
        )  # fmt: skip

    block = n if rows.work.workers == 1 else max(SMALL, -(-n // N_BLOCKS))
    for begin in range(0, n, max(1, block)):
        end = min(n, begin + block)
        if begin:
            step = -(-(end - begin) // (4 * rows.work.workers))
            parts = [(first, min(end, first + step)) for first in range(begin, end, step)]
            rows.work.map(lambda part: decide(*part, 0, is_last=False), parts)
        decide(begin, end, begin, is_last=True)
    return chosen, compared >= MAX_VERIFIED


def _partners(rows: _Rows, table: _Table) -> tuple[Numbers, NDArray[np.bool_]]:
    """Each occurrence's partner, and whether it has none because there were too many candidates."""
    family, distinct = table.family, table.distinct
    representative = rows.first[table.chosen[distinct]]
    partner = np.where(family[representative] != family, representative, np.int32(-1))
    missed, asked = np.zeros(len(partner), bool), np.flatnonzero(partner < 0).astype(np.int32)
    queries, followers = _queries(distinct[asked], family[asked]), _followers(rows, table)
    partner[asked], missed[asked] = _lowest_in_other_group(rows, followers, table, family, queries)
    asked = asked[(partner[asked] < 0) & (_n_documents(family, table.document)[family[asked]] > 1)]
    queries = _queries(distinct[asked], table.document[asked])
    partner[asked], missed[asked] = _lowest_in_other_group(rows, followers, table, table.document, queries)
    return partner, missed


def _queries(row: Numbers, group: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The number of each pair of row and group, and the different pairs."""
    keys = row.astype(np.int64)
    keys <<= 32  # in place: it may be a row per passage
    keys |= group
    number, first = number_keys(keys.view(np.uint64))
    return number, row[first], group[first]


def _followers(rows: _Rows, table: _Table) -> Buckets:
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
    rows: _Rows, followers: Buckets, table: _Table, group: Numbers, queries: tuple[Numbers, Numbers, Numbers]
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The lowest match of each of the `_queries` that stands in another ``group`` than it, or -1; and whether there is
    none because there were too many candidates.

    Two representatives never match, so that one looks among the other rows only, and knows the members of its own
    cluster already.
    """
    chosen, buckets, (number, row, its_group) = table.chosen, rows.buckets, queries
    group_of_first = group[rows.first]
    first_other = _first_in_other(table, np.arange(len(chosen), dtype=np.int32), group, group_of_first)
    cluster_other = _first_in_other(table, chosen, group, group_of_first)
    represents = chosen[row] == row
    known_other = np.where(represents, cluster_other[row], first_other[row])
    found = np.where(group_of_first[row] == its_group, known_other, rows.first[row]).astype(np.int32)
    missed = np.zeros(len(found), bool)
    for asking, listed in ((represents, followers), (~represents, buckets)):
        query = np.flatnonzero(asking & (buckets.row_indptr[row] < buckets.row_indptr[row + 1]))
        if len(query):
            groups = (first_other, group_of_first, row[query], its_group[query])
            found[query], missed[query] = _lowered(rows._replace(buckets=listed), groups, found[query])
    return found[number], missed[number]


def _lowered(
    rows: _Rows, groups: tuple[Numbers, Numbers, Numbers, Numbers], found: Numbers
) -> tuple[Numbers, NDArray[np.bool_]]:
    """What `lowest_elsewhere` finds; ``groups`` are its ``first_other``, ``group_of_first``, ``row`` and ``group``."""
    first_other, group_of_first, row, group = groups
    buckets, n = rows.buckets, len(rows.buckets.indptr) - 1
    only, crowded = rows.work.empty(n, np.int32, near=True), np.empty(len(row), bool)
    rows.work.map(
        lambda part: only_groups(buckets.indptr, buckets.rows, first_other, group_of_first, *part, only),
        _even_ranges(n, 16 * SMALL),
    )

    def ask(part: tuple[int, int]) -> None:
        a, b = part
        lowest_elsewhere(
            rows.points, rows.indptr, rows.sketches, buckets.row_indptr, buckets.of, buckets.indptr, buckets.rows, only,
            rows.threshold, rows.first, first_other, group_of_first, row[a:b], group[a:b], found[a:b], crowded[a:b],
        )  # fmt: skip

    rows.work.map(ask, _even_ranges(len(row), SMALL))
    return found, crowded


def _first_in_other(table: _Table, name: Numbers, group: Numbers, group_of_first: Numbers) -> Numbers:
    """For each name of distinct rows the lowest occurrence in a group other than its first occurrence's, or -1."""
    found = np.empty(len(name), np.int32)
    first_elsewhere(table.distinct, name, group, group_of_first, found)
    return found


def _earlier(rows: _Rows, table: _Table) -> Numbers:
    """The lowest earlier match of each occurrence in its own document, or -1."""
    buckets, document = rows.buckets, table.document
    found, n = np.empty(len(document), np.int32), len(document)
    step = max(8 * SMALL, -(-n // (4 * rows.work.workers)))
    cuts = np.unique(np.searchsorted(document, document[np.arange(0, n, step)])) if n else np.zeros(0, np.int64)
    bounds = [*cuts.tolist(), n]

    def look(part: tuple[int, int]) -> None:
        earlier_in_document(
            rows.points, rows.indptr, rows.sketches, buckets.row_indptr, buckets.of, rows.threshold, table.distinct,
            document, *part, found,
        )  # fmt: skip

    rows.work.map(look, pairwise(bounds))
    return found


def _ratios_with_representatives(rows: _Rows, chosen: Numbers) -> NDArray[np.float64]:
    """The ratio of each distinct row with its representative."""
    ratio = np.ones(len(chosen))
    follower = np.flatnonzero(chosen != np.arange(len(chosen), dtype=np.int32)).astype(np.int32)
    ratio[follower] = _measured(rows, follower, chosen[follower])
    return ratio


def _ratios(
    rows: _Rows, distinct: Numbers, other: Numbers, known: tuple[Numbers, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """The ratio of each occurrence with another one (0.0 where that is -1); ``known`` are ratios with some."""
    ratio = np.where(other < 0, 0.0, np.where(other == known[0], known[1], 1.0))
    some = np.flatnonzero((other >= 0) & (other != known[0]) & (distinct[other] != distinct))
    ratio[some] = _measured(rows, distinct[some], distinct[other[some]])
    return ratio


def _measured(rows: _Rows, left: Numbers, right: Numbers) -> NDArray[np.float64]:
    """The ratio of each pair of distinct rows."""
    common = np.empty(len(left), np.int64)
    rows.work.map(
        lambda part: common_lengths(
            rows.points, rows.indptr, left[slice(*part)], right[slice(*part)], common[slice(*part)]
        ),
        _even_ranges(len(left), SMALL),
    )
    lengths = np.diff(rows.indptr)
    return np.asarray(2 * common / np.maximum(lengths[left] + lengths[right], 1))


def _even_ranges(n: int, step: int) -> list[tuple[int, int]]:
    """Ranges of ``step`` of n rows."""
    return [(begin, min(n, begin + step)) for begin in range(0, n, step)]
