"""Blanks and their slots: what stands in other documents where nobody filled this one in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from detector.kernels.listing import blanks_in_slots
from detector.model import FINDING_KINDS
from detector.tables.columns import CLUSTER_LEVELS, SLOT_TYPES, ClusterColumns, HitColumns
from detector.tables.rows import slices
from detector.text.texts import Texts

MOST_FILLS = 5
"""Different fills that the evidence of a blank names, the most frequent first."""

MOST_READ = 200
"""Members whose fills are read for that."""

MOST_CHARACTERS = 40
"""Of a fill."""


def with_slots(hits: HitColumns, clusters: ClusterColumns, texts: Texts, ids: Sequence[str]) -> HitColumns:
    """The hits, the evidence of each placeholder that stands in a slot extended by what is known of the slot.

    ``cluster`` and ``slot`` name it; where members have something else there, ``expected_type`` is what kind of value,
    ``n_filled`` how many members, and ``fills`` some of these (``doc``, ``start``, ``text``), the most frequent first.
    """
    document = np.repeat(np.arange(len(hits.indptr) - 1), np.diff(hits.indptr))
    rows = np.flatnonzero(hits.kind == FINDING_KINDS.index("placeholder"))
    rows = rows[np.lexsort((hits.start[rows], document[rows]))]
    indptr = np.searchsorted(document[rows], np.arange(len(hits.indptr))).astype(np.int64)
    part, n_filled = np.empty(len(rows), np.int64), np.zeros(len(rows), np.int64)
    blanks_in_slots(
        indptr, hits.start[rows], hits.end[rows], clusters.level, clusters.member_indptr, clusters.document,
        clusters.part_indptr, clusters.part_common, clusters.fill_indptr, clusters.fill_member, clusters.fill_start,
        clusters.fill_end, part, n_filled,
    )  # fmt: skip
    extras: list[Mapping[str, Any]] = list(hits.extras)
    extra = hits.extra.copy()
    known: dict[int, dict[str, Any]] = {}
    places: dict[tuple[int, int], int] = {}
    blanks: dict[int, list[int]] = {}
    for row in rows[part >= 0].tolist():
        blanks.setdefault(int(document[row]), []).append(int(hits.start[row]))
    for row, slot, count in zip(rows.tolist(), part.tolist(), n_filled.tolist(), strict=True):
        if slot < 0:
            continue
        key = (slot, int(hits.extra[row]))
        if key not in places:
            if slot not in known:
                known[slot] = _of_slot(clusters, slot, count, texts, ids, blanks)
            places[key] = len(extras)
            extras.append({**(hits.extras[key[1]] if key[1] >= 0 else {}), **known[slot]})
        extra[row] = places[key]
    return hits._replace(extra=extra, extras=extras)


def _of_slot(
    clusters: ClusterColumns,
    part: int,
    n_filled: int,
    texts: Texts,
    ids: Sequence[str],
    blanks: Mapping[int, Sequence[int]],
) -> dict[str, Any]:
    """What the evidence of a blank says of its slot."""
    cluster = int(np.searchsorted(clusters.part_indptr, part, side="right")) - 1
    found: dict[str, Any] = {
        "cluster": f"{CLUSTER_LEVELS[clusters.level[cluster]]}-{clusters.number[cluster]}",
        "slot": f"slot{clusters.slot[part]}",
    }
    if not n_filled:
        return found
    found["expected_type"] = SLOT_TYPES[clusters.part_type[part]]
    found["n_filled"] = n_filled
    first = int(clusters.fill_indptr[part])
    head, past = clusters.member_indptr[cluster : cluster + 2].tolist()
    n_read = min(past - head, MOST_READ)
    stop = first + int(np.searchsorted(clusters.fill_member[first : int(clusters.fill_indptr[part + 1])], n_read))
    member = clusters.document[head + clusters.fill_member[first:stop]]
    start, end = clusters.fill_start[first:stop], clusters.fill_end[first:stop]
    said = slices(texts, member, start, np.minimum(end, start + MOST_CHARACTERS))
    owners: dict[str, tuple[int, int]] = {}
    counts: Counter[str] = Counter()
    more = [1] * len(said)
    if 0 <= (common := int(clusters.part_common[part])) < len(more):
        more[common] += n_read - len(said)  # the members that are not listed
    for text, owner, at, n in zip(said, member.tolist(), start.tolist(), more, strict=True):
        if text and not any(at <= blank < at + len(text) for blank in blanks.get(owner, ())):
            owners.setdefault(text, (owner, at))
            counts[text] += n
    ranked = sorted(counts, key=lambda text: (-counts[text], text))
    found["fills"] = [
        {"doc": ids[owner], "start": at, "text": text} for text in ranked[:MOST_FILLS] for owner, at in (owners[text],)
    ]
    return found
