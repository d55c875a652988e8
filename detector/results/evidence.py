"""Evidence: what the steps found, as findings that point at raw text and say why.

Findings are columns, put together source by source (rules, matches, blocks, phrases) and then in order. Every finding
that feeds a part of the score carries the spans that it claims, so that the score can be replayed from them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.kernels.aligning import literal_spans
from detector.kernels.painting import (
    choose_blocks,
    gather_spans,
    group_by_document,
    group_families,
    last_begun,
    sort_in_documents,
    spans_without_slots,
)
from detector.machine.ranges import document_ranges
from detector.machine.workspace import Workspace
from detector.matching.gathering import gather_passages, is_mapped, spans_of
from detector.matching.matches import Matches
from detector.matching.phrases import PhraseTable
from detector.model import FINDING_KINDS, PART_NAMES
from detector.tables.columns import CLUSTER_LEVELS, FindingColumns, GroupColumns, HitColumns
from detector.tables.score import millionths
from detector.text.passages import Passages
from detector.text.texts import Texts
from detector.text.tokens import Tokens, join_offsets

RULE_PARTS = {"junk": "junk", "placeholder": "unfilled", "spun_repeat": "repeated"}
"""The part that a finding of a rule feeds; kinds that are not here feed none."""

CERTAIN = 1_000_000
"""The score of a finding that is there or not, in millionths."""

BLOCK_PAIRS = 5_000
"""Pairs of passages that one thread aligns at a time."""

BLOCK_FINDINGS = 20_000


class AnalysisColumns(NamedTuple):
    """The columns of a corpus that findings are made of; ``family`` (int64) is a row per document."""

    texts: Texts
    tokens: Tokens
    passages: Passages
    family: NDArray[np.int64]
    matches: Matches
    phrases: PhraseTable


class _Claims(NamedTuple):
    """Claimed spans of some findings; those that are ``whole`` have none and claim their own."""

    whole: NDArray[np.bool_]
    indptr: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]


_COLUMNS: Mapping[str, tuple[type[np.generic], int]] = {
    "document": (np.int32, 0),
    "start": (np.int32, 0),
    "end": (np.int32, 0),
    "kind": (np.uint8, 0),
    "rule": (np.int16, -1),
    "level": (np.uint8, 0),
    "cluster": (np.int32, 0),
    "n_families": (np.int32, 0),
    "score": (np.int32, CERTAIN),
    "part": (np.int8, -1),
    "extra": (np.int32, -1),
    "other": (np.int32, -1),
    "other_start": (np.int32, -1),
    "other_end": (np.int32, -1),
}
"""The columns of findings but for their claims, with what a source has that does not give them."""


class _Source:
    """Findings of one origin: their claims, and the columns that differ from the defaults (one value or an array)."""

    def __init__(self, work: Workspace, claims: _Claims, **columns: Any) -> None:
        self.claims = _Claims(*map(work.stored, claims))
        self._columns = {name: work.stored(np.asarray(column, _COLUMNS[name][0])) for name, column in columns.items()}

    def column(self, name: str) -> NDArray[Any]:
        """A column of `_COLUMNS`, a row per finding."""
        dtype, default = _COLUMNS[name]
        return np.broadcast_to(self._columns.get(name, dtype(default)), len(self.claims.whole))


def finding_columns(
    work: Workspace,
    analysis: AnalysisColumns,
    hits: Sequence[HitColumns],
    *,
    group_of: NDArray[np.int64],
    n_families: NDArray[np.int32],
    blocks: GroupColumns,
) -> FindingColumns:
    """Every finding of a corpus, in order.

    ``hits``: what the rules found, tables that stand beside each other; ``group_of``: the group of each row of the
    matches or -1; ``n_families``: how many families each of these groups has (`family_counts`).
    """
    rule_names = sorted({name for table in hits for name in table.rule_names})
    extras = [{key: value for key, value in one.items() if key != "claims"} for table in hits for one in table.extras]

    def others() -> tuple[list[_Source], list[_Source]]:
        rules, n_extras = [], 0
        for table in hits:
            rules.append(_rule_source(work, analysis.passages, table, rule_names, n_extras))
            n_extras += len(table.extras)
        return rules, [_block_source(work, analysis, blocks), _phrase_source(work, analysis)]

    found = work.beside(others)
    matched = _match_sources(work, analysis, group_of, n_families)
    rules, shared = found()
    sources = [*rules, *matched, *shared]
    return _in_order(work, sources, len(analysis.texts), rule_names, extras)


def family_counts(groups: GroupColumns, family: NDArray[np.int64]) -> NDArray[np.int32]:
    """How many families the members of each group are of (int32)."""
    return _families(groups, family)[0]


def _families(groups: GroupColumns, family: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The families of each group, and its first member of another family than its first member's (or that)."""
    n = len(groups.indptr) - 1
    counts, stranger = np.empty(n, np.int32), np.empty(n, np.int64)
    n_families = int(family.max()) + 1 if len(family) else 0
    group_families(groups.indptr, groups.document, family, n_families, counts, stranger)
    return counts, stranger


def _rule_source(
    work: Workspace, passages: Passages, hits: HitColumns, rule_names: Sequence[str], n_extras: int
) -> _Source:
    """Findings of rules; a placeholder claims the clause around it. ``n_extras`` stand before those of this table."""
    n = len(hits.start)
    n_documents = len(hits.indptr) - 1
    document = np.repeat(np.arange(n_documents, dtype=np.int32), np.diff(hits.indptr))
    bounds = np.searchsorted(passages.clause_document, np.arange(n_documents + 1)).astype(np.int64)
    blank = np.flatnonzero(hits.kind == FINDING_KINDS.index("placeholder"))
    clause = np.empty(len(blank), np.int64)
    at = document[blank]
    last_begun(passages.clause_start, bounds[at], bounds[at + 1], hits.start[blank], clause)
    spans = zip(passages.clause_start[clause].tolist(), passages.clause_end[clause].tolist(), strict=True)
    claims: dict[int, Sequence[Sequence[int]]] = {row: [span] for row, span in zip(blank.tolist(), spans, strict=True)}
    given = np.array([("claims" in extra) for extra in hits.extras], dtype=bool)
    if given.any():
        for row in np.flatnonzero((hits.extra >= 0) & given[hits.extra]).tolist():
            claims[row] = hits.extras[int(hits.extra[row])]["claims"]
    part = [PART_NAMES.index(RULE_PARTS[kind]) if kind in RULE_PARTS else -1 for kind in FINDING_KINDS]
    number = {name: row for row, name in enumerate(rule_names)}
    return _Source(
        work,
        _listed_claims(n, claims),
        document=document,
        start=hits.start,
        end=hits.end,
        kind=hits.kind,
        rule=np.array([number[name] for name in hits.rule_names], dtype=np.int16)[hits.rule],
        part=np.array(part, dtype=np.int8)[hits.kind],
        extra=np.where(hits.extra >= 0, hits.extra + n_extras, -1),
    )


def _listed_claims(n: int, claims: Mapping[int, Sequence[Sequence[int]]]) -> _Claims:
    """The claims of n findings, given by row; others claim their own span."""
    rows = sorted(claims)
    counts = np.zeros(n, np.int64)
    counts[rows] = [len(claims[row]) for row in rows]
    whole = np.ones(n, dtype=bool)
    whole[rows] = False
    spans = np.array([span for row in rows for span in claims[row]], dtype=np.int32).reshape(-1, 2)
    return _Claims(whole, np.concatenate(([0], np.cumsum(counts))).astype(np.int64), spans[:, 0], spans[:, 1])


def _match_sources(
    work: Workspace, analysis: AnalysisColumns, group_of: NDArray[np.int64], n_families: NDArray[np.int32]
) -> list[_Source]:
    """A ``passage`` finding for each match in another document, a ``repeat`` for each earlier one in its own."""
    matches = analysis.matches
    among = np.append(n_families, 1)  # a match in no group is of one family
    rows = np.flatnonzero(matches.partner >= 0)
    elsewhere = matches.elsewhere[rows]
    here, other = matches.passage[rows], matches.passage[matches.partner[rows]]
    shared = _passage_source(
        work,
        analysis,
        (here, other),
        kind=FINDING_KINDS.index("passage"),
        n_families=np.maximum(among[group_of[rows]], np.where(elsewhere, 2, 1)),
        score=millionths(matches.partner_ratio[rows]),
        part=np.where(elsewhere, PART_NAMES.index("shared"), -1),
        other=analysis.passages.document[other],
        **_cluster("passage", group_of[rows]),
    )
    rows = np.flatnonzero(matches.earlier >= 0)
    here, other = matches.passage[rows], matches.passage[matches.earlier[rows]]
    repeated = _passage_source(
        work,
        analysis,
        (here, other),
        kind=FINDING_KINDS.index("repeat"),
        n_families=1,
        score=millionths(matches.earlier_ratio[rows]),
        part=PART_NAMES.index("repeated"),
        **_cluster("passage", group_of[rows]),
    )
    return [shared, repeated]


def _cluster(level: str, number: NDArray[Any]) -> dict[str, Any]:
    """The columns that name the clusters of a level by their numbers from 0; -1 names none."""
    return {"level": np.where(number >= 0, CLUSTER_LEVELS.index(level), 0), "cluster": number + 1}


def _block_source(work: Workspace, analysis: AnalysisColumns, blocks: GroupColumns) -> _Source:
    """A ``passage`` finding for each passage too short to be compared alone that stands in a shared block.

    A heading or a list item of three words proves nothing; between passages that another family has around the very
    same one it was copied with them. Of several blocks the one that most families have speaks, then the first.
    """
    passages, family = analysis.passages, analysis.family
    n_families, stranger = _families(blocks, family)
    compared = np.zeros(len(passages.start), dtype=bool)
    compared[analysis.matches.passage] = True
    chosen = np.empty(len(passages.start), dtype=np.int32)
    owner = np.repeat(np.arange(len(n_families)), np.diff(blocks.indptr))
    choose_blocks(blocks.indptr, blocks.first, blocks.last, n_families, compared, owner, chosen)
    here = np.flatnonzero(chosen >= 0)
    member = chosen[here]
    block = owner[member]
    base = blocks.indptr[block]
    # what a member is measured against: the first of its block, which measures itself against the first stranger
    its_own = family[blocks.document[member]] == family[blocks.document[base]]
    other = blocks.first[np.where(its_own, stranger[block], base)] + (here - blocks.first[member])
    return _passage_source(
        work,
        analysis,
        (here, other),
        kind=FINDING_KINDS.index("passage"),
        n_families=n_families[block],
        part=PART_NAMES.index("shared"),
        other=passages.document[other],
        **_cluster("block", block),
    )


def _passage_source(
    work: Workspace, analysis: AnalysisColumns, pairs: tuple[NDArray[np.int64], NDArray[np.int64]], **columns: Any
) -> _Source:
    """Findings that the first passages of ``pairs`` say what the second ones say; they claim what both have."""
    tokens, passages = analysis.tokens, analysis.passages
    here, other = (rows.astype(np.int64, copy=False) for rows in pairs)  # one compiled kernel for all sources

    def aligned(block: tuple[int, int]) -> Any:
        left, right, ours = here[slice(*block)], other[slice(*block)], tokens
        bounds, start, end = passages.tokens, passages.start, passages.end
        if is_gathered:
            some = gather_passages(tokens, passages, np.union1d(left, right))
            ours, bounds, start, end = some.tokens, some.bounds, start[some.rows], end[some.rows]
            left, right = some.places(left), some.places(right)
        return literal_spans(ours.name, ours.where, bounds, start, end, left, right)

    is_gathered = is_mapped(work, tokens)
    size = BLOCK_PAIRS if is_gathered else work.scattered(BLOCK_PAIRS)
    return _Source(
        work,
        _joined_claims(work.map(aligned, _ranges(len(here), size))),
        document=passages.document[here],
        start=passages.start[here],
        end=passages.end[here],
        other_start=passages.start[other],
        other_end=passages.end[other],
        **columns,
    )


def _ranges(n: int, size: int) -> list[tuple[int, int]]:
    """Rows 0 to n in ranges of a size; at least one."""
    return [(row, min(row + size, n)) for row in range(0, n, size)] or [(0, 0)]


def _joined_claims(parts: Sequence[Any]) -> _Claims:
    """The claims of findings that follow each other."""
    whole, indptr, start, end = zip(*parts, strict=True)
    return _Claims(np.concatenate(whole), join_offsets(indptr), np.concatenate(start), np.concatenate(end))


def _phrase_source(work: Workspace, analysis: AnalysisColumns) -> _Source:
    """A finding for each occurrence of a phrase that lies in no longer one.

    Slots are not claimed: the figures in a slogan are the document's own.
    """
    phrases, tokens = analysis.phrases, analysis.tokens
    phrase, first = phrases.phrase, phrases.token
    if is_mapped(work, tokens):  # then in the order of the text, so that each page is read once
        order = np.argsort(first)
        phrase, first = phrase[order], first[order]
    n_all = phrases.n_all[phrase]
    n_slots = n_all - phrases.n_tokens[phrase]
    indptr = np.empty(len(first) + 1, dtype=np.int64)
    room = int((n_slots + 1)[n_slots > 0].sum())
    start, end = np.empty(room, np.int32), np.empty(room, np.int32)
    spans_without_slots(tokens.form, tokens.where, first, first + n_all, n_slots, indptr, start, end)
    tokens_start, tokens_end = spans_of(work, tokens, first, first + n_all - 1)
    return _Source(
        work,
        _Claims(n_slots == 0, indptr, start[: indptr[-1]], end[: indptr[-1]]),
        document=np.searchsorted(tokens.indptr, first, side="right") - 1,
        start=tokens_start,
        end=tokens_end,
        kind=FINDING_KINDS.index("phrase"),
        n_families=phrases.n_families[phrase],
        part=PART_NAMES.index("phrase"),
        **_cluster("phrase", phrase),
    )


def _in_order(
    work: Workspace,
    sources: Sequence[_Source],
    n_documents: int,
    rule_names: Sequence[str],
    extras: Sequence[Mapping[str, Any]],
) -> FindingColumns:
    """The findings of all sources, in order."""
    order = _order(work, sources, n_documents)

    columns: dict[str, Any] = {name: work.empty(len(order), dtype) for name, (dtype, _) in _COLUMNS.items()}
    work.map(lambda name: np.take(_joined(sources, name), order, out=columns[name], mode="clip"), _COLUMNS)
    claims = _joined_claims([source.claims for source in sources])
    claim_indptr = work.empty(len(order) + 1, np.int64)
    claim_start, claim_end = (work.empty(len(claims.start), np.int32) for _ in range(2))
    gather_spans(order, claims.indptr, claims.start, claims.end, claim_indptr, claim_start, claim_end)
    return FindingColumns(
        **columns,
        whole=work.stored(claims.whole[order]),
        claim_indptr=claim_indptr,
        claim_start=claim_start,
        claim_end=claim_end,
        rule_names=rule_names,
        extras=extras,
    )


def _order(work: Workspace, sources: Sequence[_Source], n_documents: int) -> NDArray[np.int64]:
    """The rows by document, then start, the longer first, then by the names of kind and rule, then as they come."""
    names = sorted(FINDING_KINDS)
    tie = np.array([names.index(name) for name in FINDING_KINDS], dtype=np.int64)[_joined(sources, "kind")] << 16
    tie += _joined(sources, "rule") + 1
    key = _joined(sources, "start").astype(np.int64) << 31
    key += 0x7FFFFFFF - _joined(sources, "end")
    order, room, bounds = (work.empty(n, np.int64) for n in (len(key), len(key), n_documents + 1))
    group_by_document(_joined(sources, "document"), bounds, order)
    work.map(
        lambda block: sort_in_documents(bounds, key, tie, order, room, *block),
        document_ranges(np.diff(bounds), BLOCK_FINDINGS),
    )
    return order


def _joined(sources: Sequence[_Source], name: str) -> NDArray[Any]:
    """One column of all sources, one after the other."""
    return np.concatenate([source.column(name) for source in sources])
