"""The lines of the texts of a block for `detector.rules.junk.junk_of`, with what compiled passes know of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.trying import try_groups
from detector.rules.junk_places import MIN_PROSE
from detector.rules.lines import Lines
from detector.rules.places import AFTER_BLANK, SENTENCE, Block
from detector.rules.rule_plan import Plan
from detector.rules.rule_tables import Rule


class Pairs(NamedTuple):
    """Lines and rules that match them (int64): those of text d are rows ``indptr[d]`` to ``indptr[d + 1]``, sorted."""

    indptr: NDArray[np.int64]
    line: NDArray[np.int64]
    rule: NDArray[np.int64]


def has_rest(block: Block, line: NDArray[np.int64], text: NDArray[np.int64]) -> NDArray[np.int64]:
    """The texts of prose in which other lines follow one of some junk lines (ascending) below the last sentence."""
    is_sentence = block.line_flags & SENTENCE != 0
    is_sentence[line] = False
    sentences = np.flatnonzero(is_sentence)
    indptr = np.searchsorted(sentences, block.line_indptr)
    last = np.append(sentences, -1)[indptr[1:] - 1]
    below = (line > last[text]) & (np.diff(indptr)[text] >= MIN_PROSE)
    texts, first, n_junk = np.unique(text[below], return_index=True, return_counts=True)
    found: NDArray[np.int64] = texts[block.line_indptr[texts + 1] - line[below][first] > n_junk]
    return found


def beside_bits(block: Block, plan: Plan, wanted: NDArray[np.bool_], mask: int = 255) -> NDArray[np.uint8]:
    """The `BESIDE_BITS`, of those in ``mask``, of rules that may match each wanted line of a block; 0 for others."""
    bits = np.zeros(len(wanted), dtype=np.uint8)
    if wanted.any():
        rows = np.flatnonzero(plan.beside_bits & mask).tolist()
        max_chars = np.array([plan.beside.rules[row].max_chars for row in rows], dtype=np.int64)
        program, bits_of = plan.beside.program[rows], plan.beside_bits[rows]
        try_groups(
            block.plain, block.line_start, block.line_end, wanted, program, max_chars, bits_of,
            *plan.programs[:4], bits,
        )  # fmt: skip
    return bits


class BlockLines:
    """The lines of some texts of a block (``wanted``: bool by text)."""

    def __init__(self, block: Block, plan: Plan, wanted: NDArray[np.bool_], pairs: Pairs) -> None:
        self._block, self._plan, self._pairs = block, plan, pairs
        asked = np.repeat(wanted & (np.diff(pairs.indptr) > 0), np.diff(block.line_indptr))
        self._bits = beside_bits(block, plan, asked)

    def of(self, row: int, text: str) -> tuple[Lines, dict[int, list[Rule]]]:
        """The lines of a text, and the rules that match each wherever it stands."""
        block, pairs, rules = self._block, self._pairs, self._plan.lines.tried.rules
        first = int(block.line_indptr[row])
        own, base = slice(first, int(block.line_indptr[row + 1])), block.bounds[row]
        flags = block.line_flags[own]
        lines = Lines(
            text,
            (block.line_start[own] - base).tolist(),
            (block.line_end[own] - base).tolist(),
            (flags & AFTER_BLANK != 0).tolist(),
            np.flatnonzero(flags & SENTENCE).tolist(),
            self._bits[own].tobytes(),
        )
        matched: dict[int, list[Rule]] = {}
        rows = slice(int(pairs.indptr[row]), int(pairs.indptr[row + 1]))
        for line, rule in zip(pairs.line[rows].tolist(), pairs.rule[rows].tolist(), strict=True):
            matched.setdefault(line - first, []).append(rules[rule])
        return lines, matched
