"""The lines of the texts of a block for `detector.junk.junk_of`, with what compiled passes know of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.trying import try_groups
from detector.lines import Lines
from detector.places import AFTER_BLANK, SENTENCE, Block
from detector.rule_plan import Plan
from detector.rules import Rule


class Pairs(NamedTuple):
    """Lines and rules that match them (int64): those of text d are rows ``indptr[d]`` to ``indptr[d + 1]``, sorted."""

    indptr: NDArray[np.int64]
    line: NDArray[np.int64]
    rule: NDArray[np.int64]


def beside_bits(block: Block, plan: Plan, wanted: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The `BESIDE_BITS` of rules that may match each wanted line of a block, 0 for the others."""
    bits = np.zeros(len(wanted), dtype=np.uint8)
    if wanted.any():
        max_chars = np.array([rule.max_chars for rule in plan.beside.rules], dtype=np.int64)
        try_groups(
            block.plain, block.line_start, block.line_end, wanted, plan.beside.program, max_chars, plan.beside_bits,
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
