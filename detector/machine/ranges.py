"""What a task takes at a time: ranges of documents, or of rows, of about one size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def document_ranges(sizes: NDArray[np.int64], block: int) -> list[tuple[int, int]]:
    """Ranges of consecutive documents whose sizes add up to about ``block``; each has at least one.

    >>> document_ranges(np.array([3, 3, 3, 9, 1]), 6)
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    ranges: list[tuple[int, int]] = []
    begin = total = 0
    for row, size in enumerate(sizes.tolist()):
        if row > begin and total + size > block:
            ranges.append((begin, row))
            begin, total = row, 0
        total += size
    if begin < len(sizes):
        ranges.append((begin, len(sizes)))
    return ranges


def row_ranges(ends: NDArray[np.int64], block: int) -> list[tuple[int, int]]:
    """Ranges of consecutive rows of about ``block`` values; ``ends`` (int64, ascending) is where each row ends.

    >>> row_ranges(np.array([3, 6, 9, 18, 19]), 6)
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    cuts = np.searchsorted(ends, np.arange(0, int(ends[-1]) if len(ends) else 0, block), side="right")
    bounds = np.unique(np.concatenate((cuts, [0, len(ends)]))).tolist()
    return list(pairwise(bounds))
