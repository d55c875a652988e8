"""Tokens: one Han, Kana, Hangul or Thai character, one word of a spaced script, one number, or one mark.

Documents are tokenised in blocks, by all threads at once; nothing here assumes that spaces separate words. In the
*skeleton* every number and every mark is the one slot token, so that an unfilled template meets its completions.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache, cached_property, partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.hashing import first_rows
from detector.kernels.tokenising import (
    count_packed,
    count_tokens,
    fill_tokens,
    hash_alone,
    pack_points,
    rename_words,
)
from detector.machine.columns import read_only
from detector.machine.ranges import document_ranges
from detector.machine.workspace import Workspace
from detector.text.folding import DIGIT, LETTER, SINGLE, character_table, code_points
from detector.text.kept_tables import kept_tables
from detector.text.texts import Texts

MARK = 6
"""Class of the characters of a mark; the classes below it are those of `detector.text.folding`."""

SLOT_HASH = np.uint64(0x736C6F74736C6F74)
"""Token hash of every slot in a skeleton. A token with this hash by chance is as unlikely as any 64-bit collision."""

SLOT_POINT = 0x110000
"""The one character of a slot in a skeleton: beyond Unicode, so that no text holds it."""

LONG = 63
"""The length of a token that has at least as many characters."""

SLOT_FORM = 128
"""Forms from this one on are those of numbers and marks, the slots of a skeleton."""

BLOCK_CHARACTERS = 4_000_000
"""Documents are worked on in blocks of about this size, one a thread; a longer document is a block of its own."""

HASHED_POINTS = 1 << 16
"""Code points that are names of tokens, with their hashes in a table: nearly all that texts consist of, and half a
megabyte."""

WORD_BITS = 18
"""So many words (a power of two), and up to twice as many, are told apart in one table."""

_KINDS = np.array([SINGLE, LETTER, DIGIT, MARK], dtype=np.uint8)
"""By the upper bits of a form."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


class Marks(NamedTuple):
    """Marks by document: those of document d are rows ``indptr[d]`` to ``indptr[d + 1]``, sorted, without overlaps.

    ``indptr``: int64, n_documents + 1; ``start``, ``end``: int32, code points of the document.
    """

    indptr: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]


class _TokenColumns(NamedTuple):
    """The fields of `Tokens`."""

    start: NDArray[np.int32]
    form: NDArray[np.uint8]
    name: NDArray[np.uint32]
    words: NDArray[np.uint64]
    indptr: NDArray[np.int64]
    texts: Texts
    long_row: NDArray[np.int64]
    long_end: NDArray[np.int32]


class Tokens(_TokenColumns):
    """Columns of the tokens of a corpus, in document order: nine bytes each, because a corpus has as many tokens as
    characters or nearly so.

    ``start``: int32, code points of the token's own document; ``form``: uint8, in the upper two bits 0 for `SINGLE`, 1
    for `LETTER`, 2 for `DIGIT` and 3 for `MARK`, in the lower six the token's code points, `LONG` for that many or
    more, of which ``long_row`` (int64, ascending) and ``long_end`` (int32) tell row and end; ``name``: uint32, equal
    for equal folded tokens and no others: the folded code point of a token of one character below `HASHED_POINTS`, that
    and a row of ``words`` for any other; ``words``: uint64, their hashes, each once; ``indptr``: int64, n_documents +
    1, the tokens of document d are rows ``indptr[d]`` to ``indptr[d + 1]``; ``texts``: what they are the tokens of. In
    the skeleton a number or a mark (``form >= SLOT_FORM``) has the hash `SLOT_HASH` and the one character `SLOT_POINT`
    (`packed_points`).
    """

    @property
    def where(self) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int32]]:
        """What tells kernels where tokens begin and end."""
        return self.start, self.form, self.long_row, self.long_end

    @cached_property
    def hash_of(self) -> NDArray[np.uint64]:
        """The hash of a token by its name (uint64)."""
        return read_only(np.concatenate((alphabet().alone, self.words)) if len(self.words) else alphabet().alone)

    @property
    def hashed(self) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        """What tells kernels the hashes of tokens: their names, and the hash by name."""
        return self.name, self.hash_of

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """The hash of each folded token (uint64): a column that few need whole."""
        return self.hash_of[self.name]

    @cached_property
    def kind(self) -> NDArray[np.uint8]:
        """`SINGLE`, `LETTER`, `DIGIT` or `MARK` (uint8): another one."""
        return np.asarray(_KINDS[self.form >> 6])

    def ends(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Where some tokens end (int32)."""
        length = self.form[rows] & np.uint8(LONG)
        end = self.start[rows] + length
        is_long = length == LONG
        end[is_long] = self.long_end[np.searchsorted(self.long_row, rows[is_long])]
        return end

    @cached_property
    def end(self) -> NDArray[np.int32]:
        """Where each token ends (int32): a column that few need whole."""
        return self.ends(np.arange(len(self.start)))

    @property
    def is_slot(self) -> NDArray[np.bool_]:
        """Whether a token is the slot in the skeleton."""
        return np.asarray(self.form >= SLOT_FORM)

    @cached_property
    def skeleton(self) -> NDArray[np.uint64]:
        """The hash of each token in the skeleton (uint64)."""
        return np.where(self.is_slot, SLOT_HASH, self.hashes)

    @cached_property
    def _packed(self) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        rows = np.arange(len(self.form) + 1)
        return packed_points(self, rows[:-1], rows[1:])

    @property
    def points(self) -> NDArray[np.uint32]:
        """The characters of the skeleton of all tokens (uint32)."""
        return self._packed[0]

    @property
    def point_indptr(self) -> NDArray[np.int64]:
        """The characters of each token in ``points`` (int64, n_tokens + 1)."""
        return self._packed[1]


class Alphabet(NamedTuple):
    """By code point ``table`` (uint32) has the class, shifted by 24 bits, and the folded code point; ``alone`` (uint64)
    the hash of a token of one character, of those below `HASHED_POINTS`."""

    table: NDArray[np.uint32]
    alone: NDArray[np.uint64]


@cache
def alphabet() -> Alphabet:
    """The table of all code points."""
    return Alphabet(*kept_tables(_alphabet, ["characters.tsv"], ["detector.kernels.tokenising"]))


def _alphabet() -> list[NDArray[Any]]:
    characters = character_table()
    table = characters.classes.astype(np.uint32) << np.uint32(24) | characters.folded
    alone = np.empty(HASHED_POINTS, np.uint64)
    hash_alone(table, alone)
    return [table, alone]


def tokenise_texts(texts: Texts, marks: Marks, work: Workspace) -> Tokens:
    """The tokens of all texts: counted block by block, then written in place."""
    points = read_only(texts.points)
    indptr = np.zeros(len(texts) + 1, dtype=np.int64)
    mark_columns = (
        np.ascontiguousarray(marks.indptr, np.int64),
        np.ascontiguousarray(marks.start, np.int32),
        np.ascontiguousarray(marks.end, np.int32),
    )
    blocks = document_ranges(texts.lengths, BLOCK_CHARACTERS)

    def count(block: tuple[int, int]) -> None:
        count_tokens(points, texts.start, texts.stop, *block, *mark_columns, alphabet().table, indptr)

    work.map(count, blocks)
    np.cumsum(indptr, out=indptr)
    n = int(indptr[-1])
    start, form, name = (work.empty(n, dtype, put=True, in_order=True) for dtype in (np.int32, np.uint8, np.uint32))
    fill = partial(_fill, texts, points, mark_columns, indptr, (start, form, name), work)
    long_row, long_end, words = zip(*work.map(fill, blocks), strict=True) if blocks else ((), (), ())
    distinct = _name_words(name, [(int(indptr[first]), int(indptr[last])) for first, last in blocks], words, work)
    return Tokens(
        start, form, name, distinct, indptr, texts,
        np.concatenate([np.empty(0, np.int64), *long_row]), np.concatenate([np.empty(0, np.int32), *long_end]),
    )  # fmt: skip


def _fill(
    texts: Texts,
    points: NDArray[np.uint32],
    marks: tuple[Any, Any, Any],
    indptr: NDArray[np.int64],
    columns: tuple[NDArray[Any], ...],
    work: Workspace,
    block: tuple[int, int],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint64]]:
    """Fill the columns of the tokens of some documents; returns the rows and ends of the long ones, and the words."""
    here = slice(*block)
    most = int(texts.lengths[here].sum()) // LONG
    long_row, long_end = np.empty(most, np.int64), np.empty(most, np.int32)
    first, last = int(indptr[block[0]]), int(indptr[block[1]])
    with ExitStack() as stack:
        parts = [stack.enter_context(work.filling(column, first, last)) for column in columns]
        n, words = fill_tokens(
            points, texts.start[here], texts.stop[here], 0, block[1] - block[0],
            marks[0][block[0] : block[1] + 1], *marks[1:], alphabet().table,
            indptr[block[0] : block[1] + 1] - first, *parts, long_row, long_end,
        )  # fmt: skip
    return long_row[:n] + first, long_end[:n].copy(), words


def _name_words(
    name: NDArray[np.uint32], ranges: Sequence[tuple[int, int]], words: Sequence[NDArray[np.uint64]], work: Workspace
) -> NDArray[np.uint64]:
    """The words of all ranges of rows, each once, in the order in which they first come.

    In ``name`` each range numbers its own ``words``; they get the numbers of all.
    """
    every = np.concatenate([np.empty(0, np.uint64), *words])
    first = np.empty(len(every), np.int32)
    bits = max(1, (len(every) >> WORD_BITS).bit_length())
    work.map(lambda part: first_rows(every, part, bits, first), range(1 << bits))
    is_first = first == np.arange(len(every), dtype=np.int32)
    number = (np.cumsum(is_first) + (HASHED_POINTS - 1)).astype(np.uint32)[first]
    ends = np.cumsum([len(its) for its in words])

    def rename(at: int) -> None:
        first, last = ranges[at]
        with work.filling(name, first, last) as renamed:
            rename_words(name[first:last], number[ends[at] - len(words[at]) : ends[at]], renamed)

    # the first words are numbered as all words are
    work.map(rename, [at for at, its in enumerate(words) if at and len(its)])
    return np.asarray(every[is_first])


def packed_points(
    tokens: Tokens, first: NDArray[np.int64], stop: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The skeleton characters of the token rows ``first[r]`` to ``stop[r]`` (int64), one range after the other.

    Returns the characters (uint32: the folded ones of a token, one `SLOT_POINT` for a number or a mark) and the
    offsets of the ranges among them (int64, n_ranges + 1).
    """
    first, stop = np.ascontiguousarray(first, np.int64), np.ascontiguousarray(stop, np.int64)
    indptr = np.zeros(len(first) + 1, dtype=np.int64)
    count_packed(tokens.where, first, stop, indptr)
    np.cumsum(indptr, out=indptr)
    packed = np.empty(int(indptr[-1]), np.uint32)
    pack_points(
        read_only(tokens.texts.points), tokens.texts.start, character_table().folded, tokens.indptr, tokens.where,
        tokens.name, first, stop, np.uint32(SLOT_POINT), indptr, packed,
    )  # fmt: skip
    return packed, indptr


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
    spans = np.array(marks, dtype=np.int64).reshape(-1, 2)
    indptr = np.append(np.searchsorted(spans[:, 0], block.starts), len(spans)).astype(np.int64)
    spans -= np.repeat(block.starts, np.diff(indptr))[:, np.newaxis] if len(spans) else 0
    texts = Texts(block.points, block.starts, block.starts + block.lengths)
    return tokenise_texts(texts, Marks(indptr, spans[:, 0].astype(np.int32), spans[:, 1].astype(np.int32)), Workspace())


def concatenate(parts: Sequence[Tokens]) -> Tokens:
    """Tokens of several blocks as those of one corpus."""
    if not parts:
        parts = [tokenise(join_block([]), [])]
    start, form, name = (np.concatenate([part[i] for part in parts]) for i in range(3))
    rows = np.cumsum([0] + [len(part.start) for part in parts])
    long_row = np.concatenate([part.long_row + rows[i] for i, part in enumerate(parts)])
    long_end = np.concatenate([part.long_end for part in parts])
    base = np.cumsum([0] + [len(part.texts.points) for part in parts])
    texts = Texts(
        np.concatenate([part.texts.points for part in parts]),
        np.concatenate([part.texts.start + base[i] for i, part in enumerate(parts)]),
        np.concatenate([part.texts.stop + base[i] for i, part in enumerate(parts)]),
    )
    indptr = join_offsets([part.indptr for part in parts])
    words = _name_words(name, list(pairwise(rows.tolist())), [part.words for part in parts], Workspace())
    return Tokens(start, form, name, words, indptr, texts, long_row, long_end)


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


def mix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64-bit words that spreads every bit (the finaliser of MurmurHash3, public domain)."""
    values = values ^ (values >> np.uint64(33))
    values = values * _MIX
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(values ^ (values >> np.uint64(33)))
