"""Matches: passages whose skeletons have a normalised Indel similarity of at least 0.80, and their representatives.

Passages with equal skeletons are one distinct row; rows are in the order of their first occurrence. Bigrams of skeleton
tokens are signed, narrow bands propose candidates, the ratio decides. ``docs/algorithm.md`` has the measured recall.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.candidates import Bands, Buckets, band_buckets
from detector.kernels.verifying import common_lengths, earlier_in_document, lowest_elsewhere, representatives
from detector.passages import Passages
from detector.shingles import shingle_hashes
from detector.signatures import EMPTY_VALUE, byte_slots, sign
from detector.tokens import Tokens, distinct_in_order, gather_rows, sequence_hashes

SHINGLE_SIZE = 2
BANDS = Bands(42, 3)
"""Short passages have few shingles, and one changed word breaks two of them: the usual 5-grams in 16 bands of 8 rows
propose one or two of ten true matches. ``benchmarks/recall.py`` prints the recall of this choice on real text."""

MIN_AGREEMENT = 16
"""Of 128 bytes, two of them padding that always agrees: below it the estimated Jaccard is under 14 / 126, where hardly
a pair has the ratio 0.80. It spares text that is unlike; a crowd of half-alike lines passes it."""


class Matches(NamedTuple):
    """Columns over the passages that are long enough to be compared, in document order.

    ``passage``: int64, the row of each in `Passages`; ``distinct``: int64, the number of its skeleton;
    ``representative``: int64, the row *in this table* of the passage that represents it (itself if it does so);
    ``ratio``: float64, its ratio with that; ``partner``: int64, the row in this table of the match that its shared text
    is measured against: the representative where that stands in another family, else its lowest match in another
    family, else its lowest match in another document, else -1; ``elsewhere``: bool, whether the partner is of another
    family; ``partner_ratio``: float64; ``earlier``: int64, its lowest earlier match in its own document or -1;
    ``earlier_ratio``: float64; ``n_crowded``: passages with more candidates than are compared, which may miss a match.
    """

    passage: NDArray[np.int64]
    distinct: NDArray[np.int64]
    representative: NDArray[np.int64]
    ratio: NDArray[np.float64]
    partner: NDArray[np.int64]
    elsewhere: NDArray[np.bool_]
    partner_ratio: NDArray[np.float64]
    earlier: NDArray[np.int64]
    earlier_ratio: NDArray[np.float64]
    n_crowded: int


class _Rows(NamedTuple):
    """Distinct skeletons: ``first`` occurrence (row of the table), characters with ``indptr``, buckets, and ``slots``
    (uint64, n x n_words), the low bytes of their signatures."""

    first: NDArray[np.int64]
    points: NDArray[np.uint32]
    indptr: NDArray[np.int64]
    buckets: Buckets
    slots: NDArray[np.uint64]


def find_matches(
    tokens: Tokens,
    passages: Passages,
    family: NDArray[np.int64],
    *,
    threshold: float,
    min_tokens: int,
    seed: int,
    is_junk: NDArray[np.bool_] | None = None,
) -> Matches:
    """All matches of a corpus; ``family`` (int64) is the number of each document's family.

    A passage of nothing but numbers has no text that another could share, and is not compared. Of junk (``is_junk``,
    a row per passage) only copies are matched, no near-copies: what a site adds by the ten thousand, links and counters
    that differ in a few characters, is explained already.
    """
    words = np.concatenate(([0], np.cumsum(~tokens.is_slot)))[passages.tokens]
    passage = np.flatnonzero((np.diff(passages.tokens) >= min_tokens) & (np.diff(words) > 0))
    token_rows, indptr = gather_rows(passages.tokens, passage)
    skeleton = tokens.skeleton[token_rows]
    first, distinct = distinct_in_order(sequence_hashes(skeleton, indptr))
    silent = np.zeros(len(first), dtype=bool)
    if is_junk is not None:
        silent[:] = True
        silent[distinct[~is_junk[passage]]] = False
    rows = _distinct_rows(tokens, passages, passage[first], silent, seed)._replace(first=first)
    chosen, crowded = representatives(
        rows.points, rows.indptr, rows.buckets.of, rows.buckets.indptr, rows.slots, MIN_AGREEMENT, threshold, False
    )
    representative = first[chosen[distinct]]
    document = passages.document[passage]
    partner, elsewhere = _partners(rows, chosen, distinct, (family[document], document), threshold)
    earlier = earlier_in_document(
        rows.points, rows.indptr, rows.buckets.of, rows.slots, MIN_AGREEMENT, threshold, distinct, document
    )
    return Matches(
        passage,
        distinct,
        representative,
        _ratios(rows, distinct, representative),
        partner,
        elsewhere,
        _ratios(rows, distinct, partner),
        earlier,
        _ratios(rows, distinct, earlier),
        int(crowded[distinct].sum()),
    )


def _distinct_rows(
    tokens: Tokens, passages: Passages, passage: NDArray[np.int64], silent: NDArray[np.bool_], seed: int
) -> _Rows:
    """The characters and buckets of distinct passages; those that are ``silent`` are in no bucket."""
    token_rows, indptr = gather_rows(passages.tokens, passage)
    hashes, shingle_indptr = shingle_hashes(tokens.skeleton[token_rows], indptr, SHINGLE_SIZE)
    short = (hashes >> np.uint64(32)).astype(np.uint32)
    signatures = sign(short, shingle_indptr, n_permutations=BANDS.n_permutations, seed=seed)
    signatures.values[silent] = EMPTY_VALUE
    buckets = band_buckets(signatures, BANDS)
    bounds = np.stack(
        (tokens.point_indptr[passages.tokens[passage]], tokens.point_indptr[passages.tokens[passage + 1]])
    )
    places, point_indptr = gather_rows(bounds.T.ravel(), 2 * np.arange(len(passage)))
    return _Rows(passage, tokens.points[places], point_indptr, buckets, byte_slots(signatures))


def _partners(
    rows: _Rows,
    chosen: NDArray[np.int64],
    distinct: NDArray[np.int64],
    groups: tuple[NDArray[np.int64], NDArray[np.int64]],
    threshold: float,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Each occurrence's partner, and whether it is of another family; ``groups`` are families and documents."""
    family = groups[0]
    representative = rows.first[chosen[distinct]]
    partner = np.where(family[representative] != family, representative, -1)
    for group in groups:
        asked = np.flatnonzero(partner < 0)
        partner[asked] = _lowest_in_other_group(rows, chosen, distinct, (group, asked), threshold)
    return partner, (partner >= 0) & (family[partner] != family)


def _lowest_in_other_group(
    rows: _Rows,
    chosen: NDArray[np.int64],
    distinct: NDArray[np.int64],
    query: tuple[NDArray[np.int64], NDArray[np.int64]],
    threshold: float,
) -> NDArray[np.int64]:
    """The lowest match of each asked occurrence that stands in another group than it, or -1.

    ``query`` is the group of every occurrence and the occurrences asked for. Two representatives never match, so that
    one looks among the other rows only, and knows the members of its own cluster already.
    """
    group, asked = query
    group_of_first = group[rows.first]
    first_other = _first_in_other(distinct, group, group_of_first)
    cluster = chosen[distinct]
    cluster_other = _first_in_other(cluster, group, group_of_first)
    pairs, inverse = np.unique(np.stack((distinct[asked], group[asked]), axis=1), axis=0, return_inverse=True)
    row, its_group = pairs[:, 0].copy(), pairs[:, 1].copy()
    is_representative = chosen[row] == row
    known_other = np.where(is_representative, cluster_other[row], first_other[row])
    found = np.where(group_of_first[row] == its_group, known_other, rows.first[row])
    buckets = rows.buckets
    follows = chosen[buckets.rows] != buckets.rows
    followers = np.concatenate(([0], np.cumsum(follows)))[buckets.indptr].astype(np.int64)
    for mask, indptr, members in (
        (is_representative, followers, buckets.rows[follows]),
        (~is_representative, buckets.indptr, buckets.rows),
    ):
        some = found[mask]
        lowest_elsewhere(
            rows.points, rows.indptr, buckets.of, indptr, members, rows.slots, MIN_AGREEMENT, threshold,
            rows.first, first_other, group_of_first, row[mask], its_group[mask], some,
        )  # fmt: skip
        found[mask] = some
    return np.asarray(found[inverse.ravel()])


def _first_in_other(
    key: NDArray[np.int64], group: NDArray[np.int64], group_of_first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each key the lowest occurrence in a group other than its first occurrence's, or -1."""
    other = np.flatnonzero(group != group_of_first[key])
    first_other = np.full(len(group_of_first), -1, dtype=np.int64)
    first_other[key[other][::-1]] = other[::-1]
    return first_other


def _ratios(rows: _Rows, distinct: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """The ratio of each occurrence with another one (0.0 where that is -1)."""
    ratios = np.zeros(len(distinct))
    some = np.flatnonzero(other >= 0)
    left, right = distinct[some], distinct[other[some]]
    pairs, inverse = np.unique(np.stack((left, right), axis=1), axis=0, return_inverse=True)
    common = np.empty(len(pairs), dtype=np.int64)
    common_lengths(rows.points, rows.indptr, pairs[:, 0].copy(), pairs[:, 1].copy(), common)
    lengths = np.diff(rows.indptr)
    total = lengths[pairs[:, 0]] + lengths[pairs[:, 1]]
    ratios[some] = (2 * common / np.maximum(total, 1))[inverse.ravel()]
    return ratios
