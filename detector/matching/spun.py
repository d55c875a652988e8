"""Spun repeats: a passage that says the end of the one before it again in other words.

Text that a program reworded to pass for new often stands beside what it was made of. A kernel rules out nearly every
passage by its place, its length and its clauses; what is left is compared character by character.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from detector.kernels.spinning import similarities, spun_candidates
from detector.machine.columns import read_only
from detector.machine.workspace import Workspace
from detector.model import FINDING_KINDS
from detector.tables.columns import HitColumns
from detector.tables.score import ratio
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import SLOT_FORM, SLOT_HASH, Tokens, packed_points

MIN_SPUN_RATIO = 0.80
SPUN_RULE = "artefact.spun_repeat"

MIN_NUMBERS, COMMON_NUMBERS = 2, 1 / 3
"""Where both have so many numbers and not this share in common, the second says the like of something else: the figures
of three industries are told in sentences of one form."""

BLOCK_PASSAGES = 100_000
"""Passages that one thread looks at, at a time."""


def spun_hits(
    work: Workspace,
    texts: Texts,
    tokens: Tokens,
    passages: Passages,
    *,
    min_tokens: int,
    is_junk: NDArray[np.bool_],
) -> HitColumns:
    """The passages that say the end of the one before them again in other words, for each document.

    The end begins at a clause and has as many tokens; the ratio of their skeletons is at least 0.80, and they are not
    equal; what numbers they have are in part the same (`MIN_NUMBERS`). One span over both. Both stand in one line: the
    items of a list resemble each other by right. Junk (``is_junk``, a row per passage) repeats itself anyway.
    """

    def found(block: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        rows = np.empty(block[1] - block[0], dtype=np.int64)
        n = spun_candidates(
            read_only(texts.points), texts.start, passages.document, passages.start, passages.end, passages.tokens,
            passages.begins, tokens.form, tokens.name, is_junk, min_tokens, SLOT_HASH, *block, rows,
        )  # fmt: skip
        rows = rows[:n]
        start, stop = passages.tokens[rows], passages.tokens[rows + 1]
        tail = 2 * start - stop
        points, indptr = packed_points(tokens, np.concatenate((tail, start)), np.concatenate((start, stop)))
        similar = np.empty(n)
        similarities(points, indptr, MIN_SPUN_RATIO, similar)
        spun = np.flatnonzero(similar >= MIN_SPUN_RATIO)
        spun = spun[~_of_other_numbers(tokens, tail[spun], start[spun], stop[spun])]
        return rows[spun], similar[spun]

    n, size = len(passages.start), BLOCK_PASSAGES
    parts = work.map(found, [(row, min(row + size, n)) for row in range(0, n, size)] or [(0, 0)])
    rows, similar = (np.concatenate(column) for column in zip(*parts, strict=True))
    begin = tokens.start[2 * passages.tokens[rows] - passages.tokens[rows + 1]].astype(np.int32)
    own = zip(passages.start[rows].tolist(), passages.end[rows].tolist(), similar.tolist(), strict=True)
    return HitColumns(
        indptr=np.searchsorted(passages.document[rows], np.arange(len(texts) + 1)).astype(np.int64),
        start=begin,
        end=passages.end[rows].astype(np.int32),
        kind=np.full(len(rows), FINDING_KINDS.index("spun_repeat"), dtype=np.uint8),
        rule=np.zeros(len(rows), dtype=np.int16),
        extra=np.arange(len(rows), dtype=np.int32),
        rule_names=(SPUN_RULE,),
        extras=[{"ratio": ratio(score, 1.0), "claims": [[start, end]]} for start, end, score in own],
    )


def _of_other_numbers(
    tokens: Tokens, tail: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether tokens ``tail[i]`` to ``start[i]`` and ``start[i]`` to ``stop[i]`` have numbers, and other ones."""
    other = np.zeros(len(start), np.bool_)
    for row, (low, middle, high) in enumerate(zip(tail.tolist(), start.tolist(), stop.tolist(), strict=True)):
        said, again = (
            Counter(tokens.name[first:last][tokens.form[first:last] >> 6 == SLOT_FORM >> 6].tolist())
            for first, last in ((low, middle), (middle, high))
        )
        fewest = min(said.total(), again.total())
        other[row] = fewest >= MIN_NUMBERS and (said & again).total() < COMMON_NUMBERS * fewest
    return other
