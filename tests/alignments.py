"""Which tokens of two spans are the same tokens, run by run: what `detector.kernels.aligning` must equal.

Tokens are compared as they are folded, numbers by their digits, so that a figure that differs is a difference. Inside a
passage RapidFuzz's Indel alignment decides; longer spans are first aligned passage by passage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from detector.kernels import aligning
from detector.kernels.aligning import LARGEST_ALIGNMENT
from detector.machine.workspace import Workspace
from detector.text.passages import Passages
from detector.text.tokens import Tokens, join_offsets

PAIRS_AT_ONCE = 1 << 15
"""Pairs of passages that a thread takes at a time."""


class LiteralColumns(NamedTuple):
    """What pairs of passages have in common: ``whole`` (bool, a row per pair), nothing of the left one differs.

    If something does, rows ``indptr[i]`` to ``indptr[i + 1]`` (int64) of ``start``, ``end`` (int32, code points of its
    document) are the spans that do not; a pair that is whole has none.
    """

    whole: NDArray[np.bool_]
    indptr: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]


def literal_columns(
    tokens: Tokens, passages: Passages, left: NDArray[np.int64], right: NDArray[np.int64], work: Workspace
) -> LiteralColumns:
    """What each passage ``left[i]`` has in common with passage ``right[i]``: all of its span but its differing tokens.

    Punctuation between two differing tokens goes with them, any other punctuation with the literal beside it.
    """

    def part(begin: int) -> LiteralColumns:
        here = slice(begin, begin + PAIRS_AT_ONCE)
        return LiteralColumns(
            *aligning.literal_spans(
                tokens.name, tokens.where, passages.tokens, passages.start, passages.end,
                left[here], right[here],
            )
        )  # fmt: skip

    parts = work.map(part, range(0, max(len(left), 1), PAIRS_AT_ONCE))
    if len(parts) == 1:
        return parts[0]
    whole, start, end = (np.concatenate([part[column] for part in parts]) for column in (0, 2, 3))
    return LiteralColumns(whole, join_offsets([part.indptr for part in parts]), start, end)


class Run(NamedTuple):
    """``length`` tokens from row ``left`` are the same as those from row ``right``."""

    left: int
    right: int
    length: int


class TokenRange(NamedTuple):
    """Token rows ``start`` to ``stop`` (half-open)."""

    start: int
    stop: int


def align_tokens(tokens: Tokens, left: TokenRange, right: TokenRange) -> list[Run]:
    """Runs of equal tokens of two ranges, ascending in both: common ends first, then an Indel alignment of the rest.

    Where the rest is larger than `LARGEST_ALIGNMENT` it stays a difference.
    """
    one = tokens.hashes[left.start : left.stop]
    other = tokens.hashes[right.start : right.stop]
    shorter = min(len(one), len(other))
    head = _equal_from_start(one[:shorter], other[:shorter])
    tail = _equal_from_start(one[head:][::-1][: shorter - head], other[head:][::-1][: shorter - head])
    inner, other_inner = one[head : len(one) - tail], other[head : len(other) - tail]
    runs = [Run(left.start, right.start, head)] if head else []
    if len(inner) * len(other_inner) <= LARGEST_ALIGNMENT:
        runs.extend(
            Run(left.start + head + code.src_start, right.start + head + code.dest_start, code.src_end - code.src_start)
            for code in Indel.opcodes(inner.tolist(), other_inner.tolist())
            if code.tag == "equal"
        )
    if tail:
        runs.append(Run(left.stop - tail, right.stop - tail, tail))
    return runs


def _equal_from_start(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> int:
    """How many values two arrays of one length have in common from the start."""
    differs = np.flatnonzero(one != other)
    return int(differs[0]) if len(differs) else len(one)


def align_passages(
    tokens: Tokens, passages: Passages, keys: NDArray[np.uint64], left: TokenRange, right: TokenRange
) -> list[Run]:
    """Runs of equal tokens of two ranges of *passage* rows; ``keys`` is the hash of each passage's skeleton.

    Passages with equal skeletons are anchors: their tokens stand in the same places. What lies between two anchors is
    aligned token by token.
    """
    anchors = [
        (left.start + code.src_start + step, right.start + code.dest_start + step)
        for code in Indel.opcodes(keys[left.start : left.stop].tolist(), keys[right.start : right.stop].tolist())
        if code.tag == "equal"
        for step in range(code.src_end - code.src_start)
    ]
    runs: list[Run] = []
    left_at, right_at = left.start, right.start
    for one, other in [*anchors, (left.stop, right.stop)]:
        gap = TokenRange(int(passages.tokens[left_at]), int(passages.tokens[one]))
        other_gap = TokenRange(int(passages.tokens[right_at]), int(passages.tokens[other]))
        if gap.start < gap.stop and other_gap.start < other_gap.stop:
            runs.extend(align_tokens(tokens, gap, other_gap))
        if one < left.stop:
            runs.extend(_same_places(tokens, passages, one, other))
        left_at, right_at = one + 1, other + 1
    return runs


def _same_places(tokens: Tokens, passages: Passages, one: int, other: int) -> Iterator[Run]:
    """Runs of equal tokens at the same places of two passages with one skeleton."""
    start, other_start = int(passages.tokens[one]), int(passages.tokens[other])
    length = int(passages.tokens[one + 1]) - start
    same = tokens.hashes[start : start + length] == tokens.hashes[other_start : other_start + length]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield Run(start + begin, other_start + begin, end - begin)


def literal_spans(tokens: Tokens, span: tuple[int, int], rows: TokenRange, runs: list[Run]) -> list[tuple[int, int]]:
    """The parts of a span of text that ``runs`` (on its left side) account for: all but its differing tokens.

    Punctuation between two differing tokens goes with them, any other punctuation with the literal beside it.
    """
    same = np.zeros(rows.stop - rows.start, dtype=bool)
    for run in runs:
        same[run.left - rows.start : run.left - rows.start + run.length] = True
    if same.all():
        return [span]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], ~same, [False])).astype(np.int8)))
    literals, at = [], span[0]
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start, stop = int(tokens.start[rows.start + begin]), int(tokens.end[rows.start + end - 1])
        if at < start:
            literals.append((at, start))
        at = stop
    if at < span[1]:
        literals.append((at, span[1]))
    return literals
