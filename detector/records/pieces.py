"""Pieces of a file as it is read: rows in bundles, or blocks that are parsed at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from detector.records.arrow_rows import FilePlaces, Parsed, TextBlock
from detector.records.formats import BLOCK_BYTES, BatchBlock, Fault, Layout, LineBlock, Row
from detector.records.inputs import NamedFile

ROWS_TOGETHER = 1024


class Piece(NamedTuple):
    """Records of one file that were read together: rows, or a block each record of which is a document.

    ``first`` is the number of the first record; ``block`` are the documents.
    """

    records: list[Row] | LineBlock | BatchBlock
    first: int
    block: TextBlock


class Source:
    """One file as it is read: iterate it for its pieces; ``layout`` and ``fault`` are known once it ended."""

    def __init__(self, named: NamedFile) -> None:
        self.named = named
        self.layout: Layout | None = None
        self.fault: Fault | None = None
        self.size = 0
        self.state: tuple[int, ...] | None = None
        self.pieces: Iterator[Piece] = iter(())

    def __iter__(self) -> Iterator[Piece]:
        return self.pieces

    def placed(self, block: TextBlock, columns: Parsed, lines: LineBlock) -> TextBlock:
        """A block with the places of its texts in the file, where that can be read again."""
        if self.state is None or self.named.path is None or columns.spans is None:
            return block
        spans = columns.spans + lines.at
        return replace(block, places=FilePlaces(self.named.path, self.state, spans[:, 0], spans[:, 1]))


def bundled(
    pieces: Iterable[Row | LineBlock | BatchBlock],
) -> Iterator[list[Row] | LineBlock | BatchBlock]:
    """Blocks as they are, rows between them in lists of about `BLOCK_BYTES`."""
    held: list[Row] = []
    size = 0
    for piece in pieces:
        if isinstance(piece, Row):
            held.append(piece)
            size += sum(len(value) for value in (piece.fields or {}).values() if isinstance(value, str))
        if held and (size >= BLOCK_BYTES or len(held) == ROWS_TOGETHER or not isinstance(piece, Row)):
            yield held
            held, size = [], 0
        if not isinstance(piece, Row):
            yield piece
    if held:
        yield held


Located = tuple["list[Row] | LineBlock | BatchBlock", int]
"""A piece, and how many documents it is known to have: 0 where that is not known."""


def located(pieces: Iterable[list[Row] | LineBlock | BatchBlock], known: Mapping[int, int]) -> Iterator[Located]:
    """Pieces with the number of documents that is known of those that begin at certain lines."""
    first = 1
    for piece in pieces:
        n_known = 0
        if known and isinstance(piece, LineBlock):
            data = bytes(piece.data)
            n_lines = data.count(b"\n") + (not data.endswith(b"\n"))
            n_known = n_lines if known.get(first) == n_lines else 0
            first += n_lines
        elif known:
            first += piece.batch.num_rows if isinstance(piece, BatchBlock) else len(piece)
        yield piece, n_known


def unread_block(source: str, first: int, n: int) -> TextBlock:
    """A block of documents that are not looked at again."""
    return TextBlock(
        np.empty(0, np.uint8), np.zeros(n + 1, np.int64), [""] * n, range(first, first + n), source, [None] * n
    )
