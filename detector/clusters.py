"""Clusters: what matches one representative, at the level of passages, blocks and documents.

A block is to passages what a phrase is to tokens: a maximal run of passages that runs in the same order in another
family, found by the same engine (`detector.repeats`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.families import Families
from detector.matches import Matches
from detector.passages import Passages
from detector.repeats import RepeatIndex, collapse
from detector.tokens import Tokens, mix64, sequence_hashes


class Group(NamedTuple):
    """One cluster in rows: its members are passages ``first[m]`` to ``last[m]`` (half-open) of ``document[m]``.

    All int64 and in document order but for the representative, which is member 0; ``ratio`` (float64) is each
    member's ratio with it, None where it is still to be computed.
    """

    level: str
    document: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    ratio: NDArray[np.float64] | None


def passage_keys(tokens: Tokens, passages: Passages) -> NDArray[np.uint64]:
    """A hash of each passage's skeleton."""
    return sequence_hashes(tokens.skeleton, passages.tokens)


def passage_groups(matches: Matches, passages: Passages) -> tuple[list[Group], NDArray[np.int64]]:
    """Passages by their representative, in the order of the representatives, and the group of each row or -1.

    A passage that no other joined is in no group.
    """
    n = len(matches.passage)
    order = np.argsort(matches.representative, kind="stable")
    bounds = [*np.flatnonzero(np.diff(matches.representative[order], prepend=-1)).tolist(), n] if n else [0]
    group_of = np.full(n, -1, dtype=np.int64)
    groups: list[Group] = []
    for begin, end in pairwise(bounds):
        if end - begin > 1:
            rows = order[begin:end]
            group_of[rows] = len(groups)
            passage = matches.passage[rows]
            groups.append(Group("passage", passages.document[passage], passage, passage + 1, matches.ratio[rows]))
    return groups, group_of


def document_groups(families: Families, passages: Passages) -> list[Group]:
    """Families of at least two documents, each document with all its passages."""
    bounds = np.searchsorted(passages.document, np.arange(len(families.head) + 1))
    groups = []
    for head in np.flatnonzero(np.bincount(families.head, minlength=1) > 1).tolist():
        members = np.flatnonzero(families.head == head)
        groups.append(Group("document", members, bounds[members], bounds[members + 1], families.ratio[members]))
    return groups


def block_groups(
    matches: Matches,
    group_of: NDArray[np.int64],
    passages: Passages,
    keys: NDArray[np.uint64],
    *,
    is_junk: NDArray[np.bool_],
    family: NDArray[np.int64],
) -> list[Group]:
    """Runs of at least two passages, one of them in a cluster, that another family has in the same order.

    Passages in one cluster count as the same; the others, short ones too, count as the same where their skeletons are
    equal. ``is_junk`` is a row per passage: junk ends a run.
    """
    rows = np.flatnonzero(~is_junk)
    if not len(rows):
        return []
    key = keys.copy()
    clustered = np.zeros(len(key), dtype=bool)
    members = matches.passage[group_of >= 0]
    key[members] = mix64(group_of[group_of >= 0].astype(np.uint64) + np.uint64(1))
    clustered[members] = True
    _, symbols = np.unique(key[rows], return_inverse=True)
    begins = (np.diff(rows, prepend=-2) != 1) | (np.diff(passages.document[rows], prepend=-1) != 0)
    indptr = np.append(np.flatnonzero(begins), len(rows)).astype(np.int64)
    owner = family[passages.document[rows[indptr[:-1]]]]
    sequences, number = collapse(symbols.astype(np.int32), indptr, owner, int(family.max()) + 1)
    index = RepeatIndex(sequences)
    runs = index.maximal(2)
    run, place = index.occurrences(runs.start, runs.length)
    sequence = index.sequence_of(place)
    offset = place - sequences.indptr[sequence]
    groups: list[Group] = []
    order = np.argsort(number, kind="stable")
    bounds = np.searchsorted(number[order], np.arange(len(sequences.indptr)))
    run_bounds = np.searchsorted(run, np.arange(len(runs.start) + 1))
    for at, length in enumerate(runs.length.tolist()):
        here = slice(run_bounds[at], run_bounds[at + 1])
        first = np.concatenate(
            [
                rows[indptr[order[bounds[s] : bounds[s + 1]]] + o]
                for s, o in zip(sequence[here].tolist(), offset[here].tolist(), strict=True)
            ]
        )
        first.sort()
        if clustered[first[0] : first[0] + length].any():
            groups.append(Group("block", passages.document[first], first, first + length, None))
    return sorted(groups, key=lambda group: (int(group.first[0]), int(group.last[0])))


def n_different(values: NDArray[np.int64]) -> int:
    """How many different non-negative values there are (a series that is not known is -1)."""
    return len(np.unique(values[values >= 0]))


def series_numbers(series: list[str | None]) -> NDArray[np.int64]:
    """A number for each document's series, -1 where it has none."""
    numbers: dict[str, int] = {}
    return np.array([-1 if name is None else numbers.setdefault(name, len(numbers)) for name in series], dtype=np.int64)
