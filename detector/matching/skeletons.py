"""Passages of the same skeleton: matches make them one row, and the windows for phrases are counted in one of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.hashing import first_rows, skeleton_keys
from detector.machine.ranges import row_ranges
from detector.machine.workspace import Workspace
from detector.text.passages import Passages
from detector.text.tokens import SLOT_HASH, Tokens

BLOCK_TOKENS = 1 << 20
"""Tokens that one thread hashes at a time."""


class Skeletons(NamedTuple):
    """``key``: uint64, a hash of each passage's skeleton; ``passage``: int64, the passages that are compared, that have
    enough tokens, not all of them slots; ``first``: int32, a row of these each, the first one of the same skeleton."""

    key: NDArray[np.uint64]
    passage: NDArray[np.int64]
    first: NDArray[np.int32]


def find_skeletons(tokens: Tokens, passages: Passages, min_tokens: int, work: Workspace) -> Skeletons:
    """The skeletons of all passages; compared are those of at least ``min_tokens`` tokens."""
    key, is_long = _hashed(tokens, passages, min_tokens, work)
    passage = work.stored(np.flatnonzero(is_long))
    keys = key[passage]
    first = np.empty(len(keys), np.int32)
    bits = max(1, (len(keys) >> 18).bit_length())
    work.map(lambda part: first_rows(keys, part, bits, first), range(1 << bits))
    return Skeletons(work.stored(key), passage, work.stored(first))


def passage_keys(tokens: Tokens, passages: Passages, work: Workspace | None = None) -> NDArray[np.uint64]:
    """A hash of each passage's skeleton."""
    return _hashed(tokens, passages, 1, work or Workspace())[0]


def _hashed(
    tokens: Tokens, passages: Passages, min_tokens: int, work: Workspace
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """A hash of each passage's skeleton, and whether it is compared."""
    n, bounds = len(passages.start), passages.tokens
    keys, is_long = np.empty(n, np.uint64), np.empty(n, bool)

    def part(rows: tuple[int, int]) -> None:
        first, last = rows
        skeleton_keys(
            tokens.name, tokens.form, bounds[first : last + 1], SLOT_HASH, min_tokens, keys[first:last],
            is_long[first:last],
        )  # fmt: skip

    work.map(part, row_ranges(bounds[1:], BLOCK_TOKENS))
    return keys, is_long
