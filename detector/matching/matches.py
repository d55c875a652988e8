"""Matches: passages whose skeletons have a normalised Indel similarity of at least 0.80, and their representatives.

Passages with equal skeletons are one distinct row; rows are in the order of their first occurrence. Bigrams of skeleton
tokens are signed, narrow bands propose candidates, the ratio decides. ``docs/algorithm.md`` has the measured recall.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.sketching import near_rows, sketch_rows
from detector.kernels.verifying import (
    MAX_LISTED,
    MAX_VERIFIED,
    common_lengths,
    earlier_in_document,
    represent,
)
from detector.machine.columns import Gathered, read_only
from detector.machine.ranges import row_ranges
from detector.machine.workspace import Workspace
from detector.matching.candidates import Bands, Buckets, Groups, Sieve, Sifted, band_buckets, signed_bands
from detector.matching.partners import Numbers, Rows, Table, even_ranges, find_partners
from detector.matching.skeletons import Skeletons, find_skeletons
from detector.text.folding import character_table
from detector.text.passages import Passages
from detector.text.tokens import SLOT_POINT, Tokens, packed_points

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

PAIRS = 4
"""Pairs for a row of a bucket, up to which the bucket is taken apart: the same pairs come in many bands."""

SMALL = 1 << 12
"""Rows or queries that are not worth being shared out."""


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


def find_matches(
    tokens: Tokens,
    passages: Passages,
    family: NDArray[np.integer],
    *,
    threshold: float,
    min_tokens: int,
    seed: int,
    is_junk: NDArray[np.bool_] | None = None,
    skeletons: Skeletons | None = None,
    work: Workspace | None = None,
) -> Matches:
    """All matches of a corpus; ``family`` (integers) is the number of each document's family.

    ``skeletons`` are those of the passages, where they are known.

    A passage of nothing but numbers has no text that another could share, and is not compared. Of junk (``is_junk``,
    a row per passage) only copies are matched, no near-copies: what a site adds by the ten thousand, links and counters
    that differ in a few characters, is explained already. The result does not depend on the workers of ``work``.
    """
    work = work or Workspace()
    skeletons = skeletons or find_skeletons(tokens, passages, min_tokens, work)
    passage, (distinct, first) = skeletons.passage, _distinct_rows(skeletons)
    signed = np.ones(len(first), dtype=bool)
    if is_junk is not None:
        signed[:] = False
        signed[distinct[~is_junk[passage]]] = True
    rows = _rows(tokens, passages, (passage, first, signed), threshold, seed, work)
    chosen, ratio_with_chosen, is_crowded = _representatives(rows)
    document = work.stored(passages.document[passage].astype(np.int32, copy=False))
    table = Table(distinct, work.stored(family.astype(np.int32, copy=False)[document]), document, chosen)
    representative = work.stored(first[chosen[distinct]])
    partner, missed = find_partners(rows, table)
    earlier = _earlier(rows, table)
    ratio = work.stored(ratio_with_chosen[distinct])
    known = (representative, ratio)
    return Matches(
        passage,
        distinct,
        representative,
        ratio,
        partner,
        (partner >= 0) & (table.family[partner] != table.family),
        work.stored(_ratios(rows, table, partner, known)),
        earlier,
        work.stored(_ratios(rows, table, earlier, known)),
        int((is_crowded[distinct] | missed).sum()),
    )


def _distinct_rows(skeletons: Skeletons) -> tuple[Numbers, Numbers]:
    """The number of the skeleton of each passage that is compared, and the first of each skeleton."""
    is_first = skeletons.first == np.arange(len(skeletons.first), dtype=np.int32)
    number = np.cumsum(is_first, dtype=np.int32) - np.int32(1)
    return number[skeletons.first], np.flatnonzero(is_first).astype(np.int32)


def _rows(
    tokens: Tokens, passages: Passages, of: tuple[NDArray[np.int64], Numbers, NDArray[np.bool_]], threshold: float,
    seed: int, work: Workspace,
) -> Rows:  # fmt: skip
    """The distinct rows with their buckets, those that are not ``signed`` in none; ``of`` are the passages that are
    compared, the first of each row among them, and which rows are signed."""
    passage, first, signed = of
    first_passage = passage[first]
    start, stop = passages.tokens[first_passage], passages.tokens[first_passage + 1]
    sketches = work.empty((len(first), 4), np.uint64, near=True)

    def sieve(rows: Numbers) -> Callable[[Groups], Sifted]:
        """Of each bucket those rows that may match another one of it by their sketches."""
        base = tokens.texts.start[passages.document[first_passage[rows]]]
        folded, points, begin, end = character_table().folded, read_only(tokens.texts.points), start[rows], stop[rows]

        def sketch(bounds: tuple[int, int]) -> None:
            some = slice(*bounds)
            sketch_rows(
                points, folded, tokens.where, tokens.form, base[some], begin[some], end[some],
                np.uint32(SLOT_POINT), rows[some], sketches,
            )  # fmt: skip

        work.map(sketch, row_ranges(end, BLOCK_POINTS))
        return lambda groups: near_rows(*groups, sketches, threshold, MAX_LISTED, PAIRS)

    buckets = _buckets(tokens, start, stop, signed, seed, work, sieve)
    points, indptr = _points(tokens, start, stop, buckets, work)
    return Rows(first, points, indptr, sketches, buckets, threshold, work)


def _buckets(
    tokens: Tokens, start: NDArray[np.int64], stop: NDArray[np.int64], signed: NDArray[np.bool_], seed: int,
    work: Workspace, sieve: Sieve,
) -> Buckets:  # fmt: skip
    """The buckets of the rows of tokens ``start[r]`` to ``stop[r]``; those that are not ``signed`` are in none."""
    rows = np.flatnonzero(signed & (stop - start >= SHINGLE_SIZE)).astype(np.int32)
    begin, end = start[rows], stop[rows]
    return band_buckets(
        signed_bands(
            tokens, begin, end, SHINGLE_SIZE, BANDS, is_skeleton=True, seed=seed, block=BLOCK_TOKENS, work=work
        ),
        rows, len(start), work, sieve,
    )  # fmt: skip


def _points(
    tokens: Tokens, start: NDArray[np.int64], stop: NDArray[np.int64], buckets: Buckets, work: Workspace
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The characters of the rows that are in a bucket, and the offsets of all rows."""
    rows = np.flatnonzero(np.diff(buckets.row_indptr)).astype(np.int32)
    start, stop = start[rows], stop[rows]
    points, indptr = Gathered(work, np.uint32), work.empty(len(buckets.row_indptr), np.int64)
    indptr[:] = 0
    ranges = row_ranges(np.cumsum(stop - start), BLOCK_POINTS)
    packed = work.each(lambda part: packed_points(tokens, start[slice(*part)], stop[slice(*part)]), ranges)
    for part, (kept, offsets) in zip(ranges, packed, strict=True):
        indptr[rows[slice(*part)] + 1] = np.diff(offsets)
        points.add(kept)
    np.cumsum(indptr, out=indptr)
    return points.column(), indptr


def _representatives(rows: Rows) -> tuple[Numbers, NDArray[np.float64], NDArray[np.bool_]]:
    """The representative of every distinct row, the ratio with it, and whether a row was crowded.

    It is the lowest lower representative that the row matches, or the row itself: the lexicographically first maximal
    independent set. Several threads look among the representatives of the blocks before, then one decides the block;
    what they find is what one thread finds from row to row.
    """
    n, buckets = len(rows.first), rows.buckets
    chosen, common, compared = np.arange(n, dtype=np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
    members = rows.work.empty(len(buckets.rows), np.int32, near=True)
    filled = rows.work.empty(len(buckets.indptr) - 1, np.int64, near=True)
    filled[:] = buckets.indptr[:-1]

    def decide(first: int, last: int, floor: int, *, is_last: bool) -> None:
        represent(
            rows.points, rows.indptr, rows.sketches, buckets.row_indptr, buckets.of, buckets.indptr, members, filled,
            rows.threshold, first, last, floor, is_last, chosen, common, compared,
        )  # fmt: skip

    block = n if rows.work.workers == 1 else max(SMALL, -(-n // N_BLOCKS))
    for begin in range(0, n, max(1, block)):
        end = min(n, begin + block)
        if begin:
            step = -(-(end - begin) // (4 * rows.work.workers))
            parts = [(first, min(end, first + step)) for first in range(begin, end, step)]
            rows.work.map(lambda part: decide(*part, 0, is_last=False), parts)
        decide(begin, end, begin, is_last=True)
    ratio, lengths = np.ones(n), np.diff(rows.indptr)
    follower = np.flatnonzero(chosen != np.arange(n, dtype=np.int32))
    ratio[follower] = 2 * common[follower].astype(np.int64) / (lengths[follower] + lengths[chosen[follower]])
    return chosen, ratio, compared >= MAX_VERIFIED


def _earlier(rows: Rows, table: Table) -> Numbers:
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


def _ratios(
    rows: Rows, table: Table, other: Numbers, known: tuple[Numbers, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """The ratio of each occurrence with another one (0.0 where that is -1); ``known`` are its representative and the
    ratio with that, which is that of the representative with it as well."""
    distinct, chosen = table.distinct, table.chosen
    ratio = np.where(other < 0, 0.0, np.where(other == known[0], known[1], 1.0))
    some = np.flatnonzero((other >= 0) & (other != known[0]) & (distinct[other] != distinct))
    row, its = distinct[some], distinct[other[some]]
    follows, leads = chosen[row] == its, chosen[its] == row
    ratio[some] = np.where(follows, known[1][some], known[1][other[some]])
    unknown = np.flatnonzero(~(follows | leads))
    ratio[some[unknown]] = _measured(rows, row[unknown], its[unknown])
    return ratio


def _measured(rows: Rows, left: Numbers, right: Numbers) -> NDArray[np.float64]:
    """The ratio of each pair of distinct rows."""
    common = np.empty(len(left), np.int64)
    rows.work.map(
        lambda part: common_lengths(
            rows.points, rows.indptr, left[slice(*part)], right[slice(*part)], common[slice(*part)]
        ),
        even_ranges(len(left), SMALL),
    )
    lengths = np.diff(rows.indptr)
    return np.asarray(2 * common / np.maximum(lengths[left] + lengths[right], 1))
