"""Rows turned into the columns that they could have been made from: the slow inverse of `detector.tables.rows`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from detector.model import FINDING_KINDS, PART_NAMES, Cluster, DocumentScore, Finding, Literal, Member, Phrase, Slot
from detector.results.index import Scan
from detector.tables.columns import (
    CLUSTER_LEVELS,
    SLOT_TYPES,
    ClusterColumns,
    FindingColumns,
    PhraseColumns,
    ScoreColumns,
)
from detector.tables.rows import MILLIONTHS, ClusterRows, DocumentRows, FindingRows, MemberRows, PhraseRows
from detector.text.texts import Texts

PLACES = ("doc", "start", "end", "claims")


class Tables(NamedTuple):
    """The rows of a scan over columns."""

    documents: DocumentRows
    findings: FindingRows
    clusters: ClusterRows
    members: MemberRows
    phrases: PhraseRows


def tables(scan: Scan) -> Tables:
    """The tables of a scan, made from columns that are made from them."""
    ids = [document.id for document in scan.documents]
    texts = Texts.of(scan.texts[name] for name in ids)
    clusters = cluster_columns(scan.clusters, scan.members, ids)
    return Tables(
        DocumentRows(
            score_columns(scan.documents),
            ids,
            [document.source for document in scan.documents],
            [document.row for document in scan.documents],
            n_families=scan.documents[0].n_families if ids else 0,
            score_version=scan.documents[0].score_version if ids else 1,
        ),
        FindingRows(finding_columns(scan.findings, ids), ids, texts),
        ClusterRows(clusters, ids, texts),
        MemberRows(clusters, ids, texts),
        PhraseRows(phrase_columns(scan.phrases, list(texts)), texts),
    )


def millionths(value: float | None) -> int:
    return -1 if value is None else round(value * MILLIONTHS)


def indptr(sizes: Sequence[int]) -> np.ndarray[Any, Any]:
    return np.array([0, *accumulate(sizes)], dtype=np.int64)


def small(values: Sequence[int]) -> np.ndarray[Any, Any]:
    return np.array(values, dtype=np.int32)


def finding_columns(findings: Sequence[Finding], ids: Sequence[str]) -> FindingColumns:
    place = {name: row for row, name in enumerate(ids)}
    rules = sorted({finding.rule for finding in findings if finding.rule is not None})
    evidence = [finding.evidence for finding in findings]
    extras = [{key: value for key, value in row.items() if key not in PLACES} for row in evidence]
    kept: list[Mapping[str, Any]] = [extra for extra in extras if extra]
    numbers = iter(range(len(kept)))
    claims = [[tuple(claim) for claim in row.get("claims", ())] for row in evidence]
    clusters = [(finding.cluster or "-0").rpartition("-") for finding in findings]
    return FindingColumns(
        document=small([place[finding.doc] for finding in findings]),
        start=small([finding.start for finding in findings]),
        end=small([finding.end for finding in findings]),
        kind=np.array([FINDING_KINDS.index(finding.kind) for finding in findings], dtype=np.uint8),
        rule=np.array([-1 if f.rule is None else rules.index(f.rule) for f in findings], dtype=np.int16),
        level=np.array([CLUSTER_LEVELS.index(level) for level, _, _ in clusters], dtype=np.uint8),
        cluster=small([int(number) for _, _, number in clusters]),
        n_families=small([finding.n_families or 0 for finding in findings]),
        score=small([millionths(finding.score) for finding in findings]),
        part=np.array([PART_NAMES.index(f.part) if f.part else -1 for f in findings], dtype=np.int8),
        extra=small([next(numbers) if extra else -1 for extra in extras]),
        other=small([place[row["doc"]] if "doc" in row else -1 for row in evidence]),
        other_start=small([row.get("start", -1) for row in evidence]),
        other_end=small([row.get("end", -1) for row in evidence]),
        whole=np.array(["claims" not in row for row in evidence], dtype=bool),
        claim_indptr=indptr([len(row) for row in claims]),
        claim_start=small([start for row in claims for start, _ in row]),
        claim_end=small([end for row in claims for _, end in row]),
        rule_names=rules,
        extras=kept,
    )


def _places(part: Literal | Slot, members: Sequence[Member]) -> list[int]:
    """Which members the fills of a slot belong to."""
    if isinstance(part, Literal) or len(part.fills) == len(members):
        return [] if isinstance(part, Literal) else list(range(len(members)))
    listed = iter(enumerate(members))
    return [
        next(row for row, member in listed if member.doc == fill.doc and member.start <= fill.start <= member.end)
        for fill in part.fills
    ]


def cluster_columns(clusters: Sequence[Cluster], members: Sequence[Member], ids: Sequence[str]) -> ClusterColumns:
    place = {name: row for row, name in enumerate(ids)}
    named: dict[str, list[Member]] = {}
    for member in members:
        named.setdefault(member.cluster, []).append(member)
    parts = [part for cluster in clusters for part in cluster.template]
    fills = [() if isinstance(part, Literal) else part.fills for part in parts]
    spans = []
    for cluster in clusters:
        at = named[cluster.id][0].start
        for part in cluster.template:
            begin, at = at, at + len(part.text) if isinstance(part, Literal) else part.fills[0].end
            spans.append((begin, at) if isinstance(part, Literal) else (-1, -1))
    return ClusterColumns(
        level=np.array([CLUSTER_LEVELS.index(cluster.level) for cluster in clusters], dtype=np.uint8),
        number=small([int(cluster.id.rpartition("-")[2]) for cluster in clusters]),
        n_families=small([cluster.n_families for cluster in clusters]),
        n_series=small([cluster.n_series for cluster in clusters]),
        member_indptr=indptr([cluster.n_members for cluster in clusters]),
        document=small([place[member.doc] for member in members]),
        start=small([member.start for member in members]),
        end=small([member.end for member in members]),
        ratio=small([millionths(member.ratio) for member in members]),
        part_indptr=indptr([len(cluster.template) for cluster in clusters]),
        slot=small([0 if isinstance(part, Literal) else int(part.name.removeprefix("slot")) for part in parts]),
        part_type=np.array(
            [0 if isinstance(part, Literal) else SLOT_TYPES.index(part.type) for part in parts], dtype=np.uint8
        ),
        part_start=small([start for start, _ in spans]),
        part_end=small([end for _, end in spans]),
        part_common=small([next((row for row, fill in enumerate(each) if fill.more), -1) for each in fills]),
        fill_indptr=indptr([len(row) for row in fills]),
        fill_member=small(
            [row for cluster in clusters for slot in cluster.template for row in _places(slot, named[cluster.id])]
        ),
        fill_start=small([fill.start for row in fills for fill in row]),
        fill_end=small([fill.end for row in fills for fill in row]),
    )


def phrase_columns(phrases: Sequence[Phrase], texts: Sequence[str]) -> PhraseColumns:
    """A phrase stands wherever its text is first found."""
    joined, starts = "".join(texts), [0, *accumulate(map(len, texts))]
    spans = []
    for phrase in phrases:
        at, row = -1, 0
        while at < 0 or at + len(phrase.text) > starts[row + 1]:
            at = joined.index(phrase.text, at + 1)
            row = bisect_right(starts, at, hi=len(texts)) - 1
        spans.append((row, at - starts[row], at - starts[row] + len(phrase.text)))
    return PhraseColumns(
        document=small([span[0] for span in spans]),
        start=small([span[1] for span in spans]),
        end=small([span[2] for span in spans]),
        n_tokens=small([phrase.n_tokens for phrase in phrases]),
        n_families=small([phrase.n_families for phrase in phrases]),
        n_series=small([phrase.n_series for phrase in phrases]),
        n_occurrences=small([phrase.n_occurrences for phrase in phrases]),
        key=[phrase.key for phrase in phrases],
    )


def score_columns(documents: Sequence[DocumentScore]) -> ScoreColumns:
    place = {document.id: row for row, document in enumerate(documents)}
    flags = sorted({flag for document in documents for flag in document.flags})
    return ScoreColumns(
        parts=np.array([[getattr(d.parts, name) for name in PART_NAMES] for d in documents], dtype=np.int64).reshape(
            len(documents), len(PART_NAMES)
        ),
        originality=small([millionths(document.originality) for document in documents]),
        originality_1k=small([millionths(document.originality_1k) for document in documents]),
        n_findings=small([[d.n_findings.get(kind, 0) for kind in FINDING_KINDS] for d in documents]).reshape(
            len(documents), len(FINDING_KINDS)
        ),
        head=small(
            [
                row if document.duplicate_of is None else place[document.duplicate_of]
                for row, document in enumerate(documents)
            ]
        ),
        flags=np.array([sum(1 << flags.index(flag) for flag in d.flags) for d in documents], dtype=np.uint8),
        flag_names=flags,
    )
