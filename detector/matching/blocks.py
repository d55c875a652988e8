"""Blocks: runs of passages that stand in the same order in another family.

A block is to passages what a phrase is to tokens: a maximal run, found by the same engine
(`detector.matching.repeats`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.machine.workspace import Workspace
from detector.matching.matches import Matches
from detector.matching.repeats import Repeats
from detector.matching.stretches import Rows, find_stretches
from detector.tables.columns import GroupColumns
from detector.text.passages import Passages
from detector.text.tokens import mix64

MIN_PASSAGES = 2


def block_groups(
    matches: Matches,
    group_of: NDArray[np.int64],
    passages: Passages,
    keys: NDArray[np.uint64],
    *,
    is_junk: NDArray[np.bool_],
    family: NDArray[np.int64],
    work: Workspace | None = None,
) -> GroupColumns:
    """Runs of at least two passages, one of them in a cluster, that another family has in the same order.

    Passages in one cluster count as the same; the others, short ones too, count as the same where their skeletons are
    equal. ``is_junk`` is a row per passage: junk ends a run.
    """
    n_families = int(family.max()) + 1 if len(family) else 0
    key, clustered = _symbols(matches, group_of, keys)
    bounds = np.searchsorted(passages.document, np.arange(len(family) + 1)).astype(np.int64)
    kind = np.zeros(len(key), dtype=np.uint8)
    hashed = np.arange(len(key), dtype=np.uint32), key
    owner = family.astype(np.int32)
    rows = Rows(hashed, kind, np.packbits(is_junk, bitorder="little"), bounds, owner, owner, n_families)
    work = work or Workspace()
    stretches = find_stretches(rows, MIN_PASSAGES, work)
    repeats = Repeats(rows, stretches, MIN_PASSAGES, work)
    runs = repeats.maximal()
    first = repeats.start[runs.sequence] + runs.offset
    n_clustered = np.concatenate((np.zeros(1, np.int32), np.cumsum(clustered, dtype=np.int32)))
    kept = np.flatnonzero(n_clustered[first + runs.length] > n_clustered[first])
    order = kept[np.lexsort((runs.length[kept], first[kept]))]
    places = repeats.occurrences(runs.chain[order], runs.n_chains[order], np.zeros(len(order), np.int64))
    run, member = places.copied(stretches.start[repeats.copies.stretch])
    indptr = np.searchsorted(run, np.arange(len(order) + 1)).astype(np.int64)
    last = member + runs.length[order][run]
    document = passages.document[member].astype(np.int32)
    ratio = np.full(len(member), np.nan)
    return GroupColumns(indptr, document, member.astype(np.int32), last.astype(np.int32), ratio)


def _symbols(
    matches: Matches, group_of: NDArray[np.int64], keys: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """What each passage counts as, and whether it is in a cluster."""
    key, clustered = keys.copy(), np.zeros(len(keys), dtype=bool)
    chosen = np.flatnonzero(group_of >= 0)
    members = matches.passage[chosen]
    key[members] = mix64(group_of[chosen].astype(np.uint64) + np.uint64(1))
    clustered[members] = True
    return key, clustered
