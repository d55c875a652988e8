"""Passages and clauses: where sentences end, where enumerations begin, with or without line breaks.

A passage is the unit that is signed and compared; a clause is a part of one. Nothing assumes that paragraphs survived:
a body that a converter left as one line of thousands of characters is cut at its sentences and at its run-in headings.

On the plain form a passage begins

- after a line break, but for one that a program put inside a sentence of a spaced script (a soft wrap);
- after ``。``, ``!``, ``?``, ``;`` or an ellipsis, with the closing brackets and quotes that follow; a straight quote
  belongs to it only if it closes one that its line opened;
- after a full stop and a blank, where what follows begins a sentence and what precedes is no abbreviation, initial or
  number of a list item;
- before ``(一)`` and ``㈠`` wherever they stand, and after a colon or a closing bracket before ``一、``, ``1.``, or
  ``第一条`` with a blank (but 一、二、五中 is a list, 《某法》第一条 a citation);
- before ``一是``, ``二是`` and so on in a paragraph that counts at least to two.

A clause also begins after a comma or colon that is no part of a number. `detector.kernels.cutting` decides it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels import cutting
from detector.kernels.cutting import cut_documents
from detector.kernels.tokenising import split_documents
from detector.machine.columns import Gathered, add_all, read_only
from detector.machine.ranges import document_ranges
from detector.machine.workspace import Workspace
from detector.text.folding import N_CODE_POINTS, character_table, code_points, is_blank
from detector.text.kept_tables import kept_tables
from detector.text.texts import Texts
from detector.text.tokens import (
    Block,
    Marks,
    Tokens,
    alphabet,
    join_offsets,
    tokenise_texts,
)

BLOCK_CHARACTERS = 500_000
"""Documents are cut in blocks of about this size: what is put aside for the cuts of one is as long as its texts."""

MAX_PASSAGE_TOKENS = 4096
"""A text without any punctuation is cut here: comparing passages costs the product of their lengths."""

_KINDS = {
    cutting.LINE_BREAK: "\v\f\x85\u2028\u2029",
    cutting.LINE_FEED: "\n",
    cutting.CARRIAGE_RETURN: "\r",
    cutting.STOP: "。!?;",
    cutting.ELLIPSIS: "…",
    cutting.RAISED_ELLIPSIS: "⋯",
    cutting.DOT: ".",
    cutting.OPENING: "(",
    cutting.CIRCLED: "㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩",
    cutting.COLON: ":",
    cutting.CLOSER: "’」』》〉】)]",
    cutting.COMMA: ",",
    cutting.IS: "是",
    cutting.CURLY_CLOSER: "”",
    cutting.DOUBLE_QUOTE: '"',
    cutting.SINGLE_QUOTE: "'",
    cutting.BLANK: " ",
    cutting.ORDINAL: "第",
    cutting.SECTION: "条章节编",
    cutting.ZERO: "零",
    cutting.LIST_COMMA: "、",
    cutting.UNCOUNTED: "之唯统单同万千其周期初",
}
"""Kinds of plain characters that have a part in cuts; numerals follow."""

_NUMERALS = "一二三四五六七八九十百"

_PROPERTIES = {
    cutting.UPPER: "isupper",
    cutting.LOWER: "islower",
    cutting.DIGIT: "isdigit",
    cutting.DECIMAL: "isdecimal",
    cutting.ALPHABETIC: "isalpha",
    cutting.ALPHANUMERIC: "isalnum",
    cutting.SPACE: "isspace",
}

_N_ASSIGNED = 0x40000
"""Code points from here on have none of the properties: they are tags, variation selectors, private or unassigned."""

_LONGEST_ABBREVIATION = 8
"""An abbreviation is one 64-bit word for the kernel."""


class Passages(NamedTuple):
    """Columns of passages and clauses in document order.

    ``start``, ``end``: int32, code points of the passage's document, without surrounding blanks; ``document``: int32,
    the row of its document; ``tokens``: int64, n_passages + 1, the tokens of passage p are rows ``tokens[p]`` to
    ``tokens[p + 1]`` (a passage has at least one token and every token is in one passage);
    ``begins``: uint8, a bit per token, eight in each: whether a clause begins with it; ``clause_start``,
    ``clause_end``: int32, code points of each clause's document, without surrounding blanks; ``clause_document``:
    int32.
    """

    start: NDArray[np.int32]
    end: NDArray[np.int32]
    document: NDArray[Any]
    tokens: NDArray[np.int64]
    begins: NDArray[np.uint8]
    clause_start: NDArray[np.int32]
    clause_end: NDArray[np.int32]
    clause_document: NDArray[np.int32]

    @property
    def clause(self) -> NDArray[np.int64]:
        """The number of each token's clause (int64): a column that few need."""
        return np.cumsum(_bits(self.begins, int(self.tokens[-1])), dtype=np.int64) - 1


class _Part(NamedTuple):
    """Passages and clauses of a block: start, end and document (int32, 3 rows), the first token of each passage, and
    which tokens begin a clause."""

    passages: NDArray[np.int32]
    tokens: NDArray[np.int64]
    clauses: NDArray[np.int32]
    begins: NDArray[np.uint8]


_FIELDS = (np.int32, np.int32, np.int32, np.int64, np.int32, np.int32, np.int32)
"""Of a `_Part`: three of passages, their tokens, three of clauses."""


def prepare_tokens() -> None:
    """Make beforehand what no text changes."""
    _cutting_table()
    _abbreviations()
    alphabet()


def tokenise_corpus(texts: Texts, marks: Marks, work: Workspace) -> tuple[Tokens, Passages]:
    """Tokens, passages and clauses of all texts; ``marks`` are one token each and are not cut."""
    tokens = tokenise_texts(texts, marks, work)
    return tokens, split_tokens(tokens, work)


def split_tokens(tokens: Tokens, work: Workspace) -> Passages:
    """Passages and clauses of the texts that ``tokens`` were made of."""
    begins = work.empty(-(-len(tokens.form) // 8), np.uint8)
    begins[:] = 0
    blocks = document_ranges(tokens.texts.lengths, BLOCK_CHARACTERS)
    columns = [Gathered(work, dtype) for dtype in _FIELDS]
    parts = work.each(lambda block: _split_block(tokens, *block), blocks)
    for (begin, _), part in zip(blocks, parts, strict=True):
        first = int(tokens.indptr[begin]) // 8
        begins[first : first + len(part.begins)] |= part.begins
        add_all(columns, (*part.passages, part.tokens, *part.clauses))
    columns[3].add(np.array([len(tokens.form)], np.int64))
    start, end, document, tokens_of, *clauses = (column.column() for column in columns)
    return Passages(start, end, document, tokens_of, begins, *clauses)


def _split_block(tokens: Tokens, begin: int, end: int) -> _Part:
    """The passages and clauses of some documents."""
    cuts, cut_indptr, counted, counted_indptr = find_cuts(tokens.texts, begin, end)
    first, last = int(tokens.indptr[begin]), int(tokens.indptr[end])
    n_tokens = last - first
    most = min(n_tokens, len(cuts) + len(counted) + end - begin + n_tokens // MAX_PASSAGE_TOKENS)
    begins = np.zeros(-(-last // 8) - first // 8, np.uint8)
    part = _Part(np.empty((3, most), np.int32), np.empty(most, np.int64), np.empty((3, most), np.int32), begins)
    n_passages, n_clauses = split_documents(
        read_only(tokens.texts.points), tokens.texts.start, tokens.texts.stop, begin, end, is_blank(),
        MAX_PASSAGE_TOKENS, cuts, cut_indptr, counted, counted_indptr,
        tokens.indptr, tokens.where, *part,
    )  # fmt: skip
    return _Part(
        part.passages[:, :n_passages].copy(),
        part.tokens[:n_passages].copy(),
        part.clauses[:, :n_clauses].copy(),
        begins,
    )


def _bits(packed: NDArray[np.uint8], n: int) -> NDArray[np.uint8]:
    """The first ``n`` bits, one each (uint8)."""
    return np.unpackbits(packed, count=n, bitorder="little")


def find_cuts(
    texts: Texts, begin: int, end: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """The cuts of some documents and their offsets, then the counted ones and theirs, as `cut_documents` has them."""
    size = int((texts.stop[begin:end] - texts.start[begin:end]).sum())
    cuts, counted = np.empty(size, np.int32), np.empty(size, np.int32)
    cut_indptr, counted_indptr = np.empty(end - begin + 1, np.int64), np.empty(end - begin + 1, np.int64)
    kinds, properties = _cutting_table()
    cut_documents(
        read_only(texts.points), texts.start, texts.stop, begin, end, character_table().plain, kinds, properties,
        _abbreviations(), cuts, cut_indptr, counted, counted_indptr,
    )  # fmt: skip
    return cuts[: cut_indptr[-1]].copy(), cut_indptr, counted[: counted_indptr[-1]].copy(), counted_indptr


def passage_cuts(text: str, folded: str | None = None) -> NDArray[np.int64]:
    """Sorted offsets at which a passage begins (0 is seldom listed); the plain form is not needed any more.

    >>> passage_cuts("存在的问题一是薄弱；二是缓慢。工作总结(一)好").tolist()
    [5, 10, 15, 19]
    """
    cuts, _, counted, _ = find_cuts(Texts.of([text]), 0, 1)
    return np.array(sorted({*cuts[cuts >= 0].tolist(), *counted.tolist()}), dtype=np.int64)


@cache
def _cutting_table() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What `detector.kernels.cutting` knows of each code point: the kind of its plain form, and its properties."""
    kinds, properties = kept_tables(_kinds_and_properties, ["characters.tsv"], [cutting.__name__])
    return kinds, properties


def _kinds_and_properties() -> list[NDArray[np.uint8]]:
    kinds, properties = np.zeros(N_CODE_POINTS, np.uint8), np.zeros(N_CODE_POINTS, np.uint8)
    for kind, members in _KINDS.items():
        kinds[code_points(members)] = kind
    kinds[code_points(_NUMERALS)] = cutting.NUMERAL + np.arange(1, len(_NUMERALS) + 1)
    kinds = kinds[character_table().plain]
    characters = np.arange(_N_ASSIGNED, dtype=np.uint32).view("<U1")
    for bit, name in _PROPERTIES.items():
        properties[:_N_ASSIGNED] |= np.where(getattr(np.char, name)(characters), np.uint8(bit), np.uint8(0))
    return [kinds, properties]


@cache
def _abbreviations() -> NDArray[np.uint64]:
    """The words after which a full stop ends nothing, each the bytes of its characters in a uint64, sorted."""
    rows = resources.files("detector").joinpath("data/abbreviations.txt").read_text("ascii").splitlines()
    words = [word for row in rows if not row.startswith("#") for word in row.split()]
    if any(len(word) > _LONGEST_ABBREVIATION for word in words):
        raise ValueError(f"an abbreviation is longer than {_LONGEST_ABBREVIATION} characters")
    return read_only(np.array(sorted(int.from_bytes(word.encode(), "big") for word in words), dtype=np.uint64))


def split_passages(block: Block, tokens: Tokens, marks: Sequence[tuple[int, int]]) -> Passages:
    """Passages and clauses of the block that ``tokens`` and ``marks`` were made of."""
    return split_tokens(tokens, Workspace())


def concatenate(parts: Sequence[Passages], n_documents: Sequence[int]) -> Passages:
    """Passages of several blocks as those of one corpus; ``n_documents`` is the number of documents of each block."""
    documents = np.cumsum([0, *n_documents])
    bits = [_bits(part.begins, int(part.tokens[-1])) for part in parts]
    pairs = list(enumerate(parts))

    def joined(columns: list[NDArray[Any]]) -> NDArray[np.int32]:
        return np.concatenate(columns).astype(np.int32) if columns else np.empty(0, np.int32)

    return Passages(
        joined([part.start for part in parts]),
        joined([part.end for part in parts]),
        joined([part.document + documents[i] for i, part in pairs]),
        join_offsets([part.tokens for part in parts]),
        np.packbits(np.concatenate([np.empty(0, np.uint8), *bits]), bitorder="little"),
        joined([part.clause_start for part in parts]),
        joined([part.clause_end for part in parts]),
        joined([part.clause_document + documents[i] for i, part in pairs]),
    )
