"""Tokens: one Han, Kana, Hangul or Thai character, one word of a spaced script, one number, or one mark.

All documents of a block are tokenised at once, in arrays; nothing here assumes that spaces separate words. In the
*skeleton* every number and every mark is the one slot token, so that an unfilled template meets its completions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.folding import DIGIT, character_table, code_points
from detector.kernels.tokenising import tokenise_points

MARK = 6
"""Class of the characters of a mark; the classes below it are those of `detector.folding`."""

SLOT_HASH = np.uint64(0x736C6F74736C6F74)
"""Token hash of every slot in a skeleton. A token with this hash by chance is as unlikely as any 64-bit collision."""

SLOT_POINT = 0x110000
"""The one character of a slot in a skeleton: beyond Unicode, so that no text holds it."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


class Tokens(NamedTuple):
    """Columns of the tokens of a corpus, in document order.

    ``start``, ``end``: int64, code points of the token's own document; ``kind``: uint8, SINGLE, LETTER, DIGIT or MARK;
    ``hashes``: uint64, of the folded token; ``skeleton``: uint64, the same with `SLOT_HASH` for numbers and marks;
    ``points``: uint32, the characters of the skeleton: the folded ones of each token after each other, one
    `SLOT_POINT` for a slot; ``point_indptr``: int64, n_tokens + 1, the characters of each token;
    ``indptr``: int64, n_documents + 1, the tokens of document d are rows ``indptr[d]`` to ``indptr[d + 1]``.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    kind: NDArray[np.uint8]
    hashes: NDArray[np.uint64]
    skeleton: NDArray[np.uint64]
    points: NDArray[np.uint32]
    point_indptr: NDArray[np.int64]
    indptr: NDArray[np.int64]

    @property
    def is_slot(self) -> NDArray[np.bool_]:
        """Whether a token is the slot in the skeleton."""
        return np.asarray(self.kind >= DIGIT)


class Block(NamedTuple):
    """Texts joined by line breaks, so that no token or passage spans two of them.

    ``text`` and ``points`` (uint32) have the same length; document d is ``text[starts[d]:starts[d] + lengths[d]]``.
    """

    text: str
    points: NDArray[np.uint32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


def join_block(texts: Sequence[str]) -> Block:
    """One block of several texts."""
    text = "\n".join(texts)
    lengths = np.fromiter((len(item) for item in texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate(([0], np.cumsum(lengths + 1)[:-1])) if len(texts) else np.empty(0, np.int64)
    return Block(text, code_points(text), starts.astype(np.int64), lengths)


def tokenise(block: Block, marks: Sequence[tuple[int, int]]) -> Tokens:
    """The tokens of a block; ``marks`` are sorted, non-overlapping spans in the block's own offsets."""
    table, n = character_table(), len(block.points)
    spans = np.array(marks, dtype=np.int64).reshape(-1, 2)
    start, end, skeleton_end = (np.empty(n, dtype=np.int64) for _ in range(3))
    kind, hashes, points = np.empty(n, np.uint8), np.empty(n, np.uint64), np.empty(n, np.uint32)
    n_tokens, n_points = tokenise_points(
        block.points, table.classes, table.folded, spans[:, 0].copy(), spans[:, 1].copy(), np.uint32(SLOT_POINT),
        start, end, kind, hashes, points, skeleton_end,
    )  # fmt: skip
    start, end = start[:n_tokens].copy(), end[:n_tokens].copy()
    kind, hashes = kind[:n_tokens].copy(), hashes[:n_tokens].copy()
    point_indptr = np.concatenate((np.zeros(1, np.int64), skeleton_end[:n_tokens]))
    document = np.searchsorted(block.starts, start, side="right") - 1
    indptr = np.searchsorted(document, np.arange(len(block.starts) + 1)).astype(np.int64)
    offset = block.starts[document] if n_tokens else start
    skeleton = np.where(kind >= DIGIT, SLOT_HASH, hashes)
    return Tokens(start - offset, end - offset, kind, hashes, skeleton, points[:n_points].copy(), point_indptr, indptr)


def concatenate(parts: Sequence[Tokens]) -> Tokens:
    """Tokens of several blocks as those of one corpus."""
    if not parts:
        parts = [tokenise(join_block([]), [])]
    start, end, kind, hashes, skeleton, points = (np.concatenate([part[i] for part in parts]) for i in range(6))
    point_indptr = join_offsets([part.point_indptr for part in parts])
    return Tokens(
        start, end, kind, hashes, skeleton, points, point_indptr, join_offsets([part.indptr for part in parts])
    )


def join_offsets(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The offsets of rows that follow each other, from the offsets (each from 0) of their parts."""
    base = np.cumsum([0] + [int(part[-1]) for part in parts])
    return np.concatenate([part[:-1] + base[i] for i, part in enumerate(parts)] + [base[-1:]]).astype(np.int64)


def sequence_hashes(values: NDArray[np.uint64], indptr: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A 64-bit hash of each row ``values[indptr[r]:indptr[r + 1]]``: of its values, their places and their number."""
    lengths = np.diff(indptr)
    place = np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths)
    mixed = mix64(mix64(values[: indptr[-1]]) + place.astype(np.uint64) * _MULTIPLIER)
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)))
    return sums[indptr[1:]] - sums[indptr[:-1]] + mix64(lengths.astype(np.uint64))


def gather_rows(indptr: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the values of some rows stand, one row after the other, and the offsets of the rows among them."""
    lengths = indptr[rows + 1] - indptr[rows]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return np.repeat(indptr[rows] - offsets[:-1], lengths) + np.arange(offsets[-1]), offsets


def distinct_in_order(keys: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row of each distinct key, ascending, and the number of each row's key in that order."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    by_first = np.argsort(first, kind="stable")
    rank = np.empty_like(by_first)
    rank[by_first] = np.arange(len(by_first))
    return first[by_first].astype(np.int64), rank[inverse].astype(np.int64)


def mix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64-bit words that spreads every bit (the finaliser of MurmurHash3, public domain)."""
    values = values ^ (values >> np.uint64(33))
    values = values * _MIX
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(values ^ (values >> np.uint64(33)))
