"""What a scan found, as columns: one array per field instead of one object per row.

A corpus of 100 MB has half a million findings; as objects they cost more than finding them. `detector.tables.rows`
shows the same columns as the frozen rows of `detector.model`, one at a time. Offsets count code points of the
document's text. Ratios are whole millionths (int32), so that files are the same bytes on every machine. Documents are
rows in document order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CLUSTER_LEVELS = ("", "document", "block", "passage", "phrase")
"""What `FindingColumns.level` counts in; an id is the level and the number, as ``passage-7``."""

SLOT_TYPES = ("text", "number", "percent", "money", "date", "year", "name", "place_or_body", "placeholder")
"""What `ClusterColumns.part_type` counts in."""


class HitColumns(NamedTuple):
    """What rules found in each text: the hits of document d are rows ``indptr[d]`` to ``indptr[d + 1]``.

    ``indptr``: int64, n_documents + 1; ``start``, ``end``: int32; ``kind``: uint8, a place in `FINDING_KINDS`;
    ``rule``: int16, a place in ``rule_names``; ``extra``: int32, a place in ``extras`` (the evidence) or -1.
    """

    indptr: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    kind: NDArray[np.uint8]
    rule: NDArray[np.int16]
    extra: NDArray[np.int32]
    rule_names: Sequence[str]
    extras: Sequence[Mapping[str, Any]]


class FindingColumns(NamedTuple):
    """Every finding, in document order, then by start, the longer first, then by the names of kind and rule.

    ``document``, ``start``, ``end``: int32; ``kind``: uint8, a place in `FINDING_KINDS`; ``rule``: int16, a place in
    ``rule_names`` or -1; ``level``: uint8, a place in `CLUSTER_LEVELS`, and ``cluster``: int32, the number of the
    cluster or phrase in its level, counted from 1, or 0; ``n_families``: int32, 0 where there is none; ``score``:
    int32, millionths; ``part``: int8, a place in `PART_NAMES` or -1. Of the evidence: ``extra``: int32, a place in
    ``extras`` or -1; ``other``: int32, the document that has the same text or -1, with ``other_start``, ``other_end``
    (int32, -1: none); ``whole``: bool, whether the finding claims its own span, otherwise it claims the spans of rows
    ``claim_indptr[i]`` to ``claim_indptr[i + 1]`` (int64) of ``claim_start``, ``claim_end`` (int32). The keys of the
    evidence of a row come in this order: those of its extra, ``doc``, ``start``, ``end``, ``claims``.
    """

    document: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    kind: NDArray[np.uint8]
    rule: NDArray[np.int16]
    level: NDArray[np.uint8]
    cluster: NDArray[np.int32]
    n_families: NDArray[np.int32]
    score: NDArray[np.int32]
    part: NDArray[np.int8]
    extra: NDArray[np.int32]
    other: NDArray[np.int32]
    other_start: NDArray[np.int32]
    other_end: NDArray[np.int32]
    whole: NDArray[np.bool_]
    claim_indptr: NDArray[np.int64]
    claim_start: NDArray[np.int32]
    claim_end: NDArray[np.int32]
    rule_names: Sequence[str]
    extras: Sequence[Mapping[str, Any]]


class GroupColumns(NamedTuple):
    """Clusters of one level before they have templates: members of group g are rows ``indptr[g]`` to ``indptr[g + 1]``.

    The representative is the first member, the others follow in document order; groups are in the order of their
    representatives, then of their lengths. A member is passages ``first`` to ``last`` (half-open, int32) of
    ``document`` (int32); ``ratio``: float64, with the representative, NaN where it is still to be computed.
    """

    indptr: NDArray[np.int64]
    document: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    ratio: NDArray[np.float64]


class ClusterColumns(NamedTuple):
    """Clusters level by level (document, block, passage), in each by their representatives, with their templates.

    ``level``: uint8, a place in `CLUSTER_LEVELS`; ``number``: int32, from 1 in each level; ``n_families``,
    ``n_series``: int32; members of cluster c are rows ``member_indptr[c]`` to ``member_indptr[c + 1]`` (int64), the
    representative first, of ``document``, ``start``, ``end``, ``ratio`` (int32; ratio in millionths); parts of its
    template are rows ``part_indptr[c]`` to ``part_indptr[c + 1]`` (int64): ``slot``: int32, 0 for a literal, otherwise
    the slot's number from 1; ``part_type``: uint8, a place in `SLOT_TYPES`; ``part_start``, ``part_end``: int32, the
    literal in the representative's text. The fills of part p that are listed (`detector.kernels.listing`) are rows
    ``fill_indptr[p]`` to ``fill_indptr[p + 1]`` (int64; none for a literal) of ``fill_member`` (int32, which member of
    the cluster, ascending from 0), ``fill_start``, ``fill_end`` (int32, in the member's document); ``part_common``:
    int32, which of them is also that of the members that are not listed, -1 where every member is.
    """

    level: NDArray[np.uint8]
    number: NDArray[np.int32]
    n_families: NDArray[np.int32]
    n_series: NDArray[np.int32]
    member_indptr: NDArray[np.int64]
    document: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    ratio: NDArray[np.int32]
    part_indptr: NDArray[np.int64]
    slot: NDArray[np.int32]
    part_type: NDArray[np.uint8]
    part_start: NDArray[np.int32]
    part_end: NDArray[np.int32]
    part_common: NDArray[np.int32]
    fill_indptr: NDArray[np.int64]
    fill_member: NDArray[np.int32]
    fill_start: NDArray[np.int32]
    fill_end: NDArray[np.int32]


class PhraseColumns(NamedTuple):
    """Phrases in the order of their first occurrence, numbered from 1.

    ``document``, ``start``, ``end``: int32, the first occurrence; ``n_tokens``, ``n_families``, ``n_series``,
    ``n_occurrences``: int32; ``key``: the folded tokens of each, words apart, ``#`` for a slot.
    """

    document: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    n_tokens: NDArray[np.int32]
    n_families: NDArray[np.int32]
    n_series: NDArray[np.int32]
    n_occurrences: NDArray[np.int32]
    key: Sequence[str]


class ScoreColumns(NamedTuple):
    """The score of every document.

    ``parts``: int64, n_documents x 6, non-blank characters by place in `PART_NAMES`; ``originality``,
    ``originality_1k``: int32, millionths, -1 where there is none; ``n_findings``: int32, n_documents x n_kinds, by
    place in `FINDING_KINDS`; ``head``: int32, the head of the document's family (itself: no duplicate); ``flags``: a
    bit for each place in ``flag_names`` (uint8).
    """

    parts: NDArray[np.int64]
    originality: NDArray[np.int32]
    originality_1k: NDArray[np.int32]
    n_findings: NDArray[np.int32]
    head: NDArray[np.int32]
    flags: NDArray[np.uint8]
    flag_names: Sequence[str]
