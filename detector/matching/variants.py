"""Which members of a cluster have the same text, so that what is told of their texts is told once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels import variants
from detector.machine.ranges import row_ranges
from detector.machine.workspace import Workspace
from detector.matching.fill_classes import counting
from detector.text.folding import character_table
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import Tokens

BLOCK_TOKENS = 1 << 20
"""Tokens of the passages that a thread hashes at a time."""

Keys = tuple[NDArray[np.uint64], NDArray[np.uint64]]


class Variants(NamedTuple):
    """The texts of the members of some clusters, each once: those of cluster c are rows ``indptr[c]`` to
    ``indptr[c + 1]`` (int64) of ``member`` (int32), the first that has it, and ``weight`` (int32), how many do; ``of``
    (int32): which variant of its cluster each member has."""

    indptr: NDArray[np.int64]
    member: NDArray[np.int32]
    weight: NDArray[np.int32]
    of: NDArray[np.int32]


def text_keys(
    tokens: Tokens, passages: Passages, texts: Texts, first: NDArray[Any], last: NDArray[Any], work: Workspace
) -> Keys:
    """Hashes of the text of each passage as it is written: where a member ends with it, and where it goes on.

    Only of members, passages ``first`` to ``last`` each (int32): two in three passages are in no cluster. Two texts
    with one hash would be taken for the same, as two tokens would; nothing checks for that.
    """
    n = len(passages.start)
    ending, going_on = work.empty(n, np.uint64), work.empty(n, np.uint64)
    tables = character_table().plain, counting()
    wanted = np.zeros(n, np.bool_)
    variants.mark_passages(first, last, wanted)

    def part(rows: tuple[int, int]) -> None:
        here, with_next = slice(*rows), slice(rows[0], rows[1] + 1)
        variants.text_keys(
            tokens.where, texts.points, *tables, texts.start, texts.stop, passages.tokens[with_next],
            passages.document[with_next], wanted[here], ending[here], going_on[here],
        )  # fmt: skip

    work.map(part, row_ranges(passages.tokens[1:], BLOCK_TOKENS))
    return ending, going_on


def variants_of(keys: Keys, indptr: NDArray[np.int64], first: NDArray[Any], last: NDArray[Any]) -> Variants:
    """The variants of clusters, whose members are rows ``indptr[c]`` to ``indptr[c + 1]``: passages ``first`` to
    ``last``."""
    return Variants(*variants.find_variants(*keys, indptr, first, last))
