"""Families: documents that are near-duplicates of each other, so that each article counts once.

A family is the documents whose set of token 5-grams has an exact Jaccard similarity of at least 0.80 with that of the
family's head; the head is the lowest of them in document order. LSH proposes pairs, the exact sets decide. Documents of
fewer than five tokens have no shingle and are a family each: empty and short texts are never equal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.hashing import lead
from detector.machine.workspace import Workspace
from detector.matching.candidates import Bands, Buckets, band_buckets, signed_bands
from detector.text.tokens import Tokens

SHINGLE_SIZE = 5
BANDS = Bands(32, 4)
"""At Jaccard 0.80 a pair is missed once in 10**7: 1 - (1 - 0.8**4)**32. At 0.5, the lowest setting, 13 % are missed."""

MIN_AGREEMENT = 96
"""Of 128 permutations at Jaccard 1.0, in proportion below: at 0.8 six standard deviations under a true pair."""

BLOCK_TOKENS = 1 << 20
"""Tokens that are signed at a time."""

N_BLOCKS = 16
"""Blocks of documents in which heads are chosen: within a block that takes one thread."""


class Families(NamedTuple):
    """``head``: int64, a row per document, the document that heads its family; ``number``: int64, the family's number
    from 0 in the order of the heads; ``ratio``: float64, the Jaccard similarity with the head; ``n_families``."""

    head: NDArray[np.int64]
    number: NDArray[np.int64]
    ratio: NDArray[np.float64]
    n_families: int


def find_families(tokens: Tokens, *, threshold: float, seed: int, work: Workspace | None = None) -> Families:
    """The families of a corpus; documents are rows in document order. The workers of ``work`` do not change them."""
    work = work or Workspace()
    buckets, slots = _buckets(tokens, seed, work)
    head, ratio = _heads(tokens, buckets, slots, threshold, work)
    is_head = head == np.arange(len(head))
    number = (np.cumsum(is_head) - 1)[head]
    return Families(head.astype(np.int64), number, ratio, int(is_head.sum()))


def _buckets(tokens: Tokens, seed: int, work: Workspace) -> tuple[Buckets, NDArray[np.uint8]]:
    """The buckets of all documents that have a shingle, and the low bytes of all signatures."""
    lengths = np.diff(tokens.indptr)
    rows = np.flatnonzero(lengths >= SHINGLE_SIZE).astype(np.int32)
    start, stop = tokens.indptr[rows], tokens.indptr[rows + 1]
    slots = work.empty((len(lengths), BANDS.n_permutations), np.uint8)
    slots[:] = 0
    keys = signed_bands(
        tokens, start, stop, SHINGLE_SIZE, BANDS, is_skeleton=False, seed=seed, block=BLOCK_TOKENS, work=work,
        low=(rows, slots),
    )  # fmt: skip
    return band_buckets(keys, rows, len(lengths), work), slots


def _heads(
    tokens: Tokens, buckets: Buckets, slots: NDArray[np.uint8], threshold: float, work: Workspace
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The head of every document's family, and the Jaccard similarity with it.

    Heads are the lexicographically first maximal independent set. Several threads look among the heads of the blocks
    before, then one decides the block; what they find is what one thread finds from document to document.
    """
    n = len(slots)
    head, ratio = np.arange(n, dtype=np.int32), np.ones(n)
    members, filled = np.empty(len(buckets.rows), np.int32), buckets.indptr[:-1].copy()

    def decide(first: int, last: int, floor: int, *, is_last: bool) -> None:
        lead(
            tokens.hashed, tokens.indptr, SHINGLE_SIZE, slots, int(threshold * MIN_AGREEMENT),
            threshold, buckets.row_indptr, buckets.of, buckets.indptr, members, filled, first, last, floor, is_last,
            head, ratio,
        )  # fmt: skip

    block = max(1, n if work.workers == 1 else -(-n // N_BLOCKS))
    for begin in range(0, n, block):
        end = min(n, begin + block)
        if begin:
            step = -(-(end - begin) // (2 * work.workers))
            parts = [(first, min(end, first + step)) for first in range(begin, end, step)]
            work.map(lambda part: decide(*part, 0, is_last=False), parts)
        decide(begin, end, begin, is_last=True)
    return head, ratio
