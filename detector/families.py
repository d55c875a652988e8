"""Families: documents that are near-duplicates of each other, so that each article counts once.

A family is the documents whose set of token 5-grams has an exact Jaccard similarity of at least 0.80 with that of the
family's head; the head is the lowest of them in document order. LSH proposes pairs, the exact sets decide. Documents of
fewer than five tokens have no shingle and are a family each: empty and short texts are never equal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.candidates import Bands, band_buckets
from detector.kernels.verifying import representatives
from detector.shingles import hash_sets
from detector.signatures import byte_slots, sign
from detector.tokens import Tokens

SHINGLE_SIZE = 5
BANDS = Bands(32, 4)
"""At Jaccard 0.80 a pair is missed once in 10**7: 1 - (1 - 0.8**4)**32. At 0.5, the lowest setting, 13 % are missed."""

MIN_AGREEMENT = 96
"""Of 128 permutations at Jaccard 1.0, in proportion below: at 0.8 six standard deviations under a true pair."""


class Families(NamedTuple):
    """``head``: int64, a row per document, the document that heads its family; ``number``: int64, the family's number
    from 0 in the order of the heads; ``ratio``: float64, the Jaccard similarity with the head; ``n_families``."""

    head: NDArray[np.int64]
    number: NDArray[np.int64]
    ratio: NDArray[np.float64]
    n_families: int


def find_families(tokens: Tokens, *, threshold: float, seed: int) -> Families:
    """The families of a corpus; documents are rows in document order."""
    sets, indptr = hash_sets(tokens.hashes, tokens.indptr, SHINGLE_SIZE)
    signatures = sign((sets >> np.uint64(32)).astype(np.uint32), indptr, n_permutations=BANDS.n_permutations, seed=seed)
    buckets = band_buckets(signatures, BANDS)
    slots = byte_slots(signatures)
    head, _ = representatives(
        sets, indptr, buckets.of, buckets.indptr, slots, int(threshold * MIN_AGREEMENT), threshold, True
    )
    heads, number = np.unique(head, return_inverse=True)
    ratio = np.ones(len(head))
    for row in np.flatnonzero(head != np.arange(len(head))):
        ratio[row] = _jaccard(sets[indptr[row] : indptr[row + 1]], sets[indptr[head[row]] : indptr[head[row] + 1]])
    return Families(head, number, ratio, len(heads))


def _jaccard(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> float:
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common / (len(left) + len(right) - common)
