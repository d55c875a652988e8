"""The rows of a scan by what they belong to, collected from its tables when a report first asks for them.

`detector.report.column_lookup` answers alike for a scan over columns, without a pass over all rows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.model import PART_NAMES, Cluster, DocumentScore, Fill, Finding, Literal, Member, Phrase, Slot, Span
from detector.report.cover import Explained, explained
from detector.tables.rows import MILLIONTHS, TextsById

if TYPE_CHECKING:
    from detector.results.index import Scan

RULE_KINDS = ("placeholder", "junk", "masked", "year_swap", "spun_repeat", "script_error", "repeat")
"""Kinds that are listed by rule, in this order; passages and phrases have lists of their own."""

MAX_FILLS = 200
"""Members of a cluster whose fills are looked at: a template of thousands of members has as many."""

N_BINS = 20


class RuleGroup(NamedTuple):
    """All findings of one rule, in document order, and in how many documents they stand."""

    kind: str
    rule: str
    findings: Sequence[Finding]
    n_documents: int


class Aligned(NamedTuple):
    """The first parts of a template with what stands in its slots in each of the first members.

    ``parts``: literals, None for a slot; ``types``: of the slots; ``texts``: what stands in them, each text once;
    ``fills``: int32, n_slots x n_members, a place in ``texts``, -1: not known; ``n_more`` parts are left out.
    """

    parts: Sequence[str | None]
    types: Sequence[str]
    texts: Sequence[str]
    fills: NDArray[np.int32]
    n_more: int


class Listing(NamedTuple):
    """Documents as columns, a row each.

    ``parts``: int64, n x 6, non-blank characters by place in `PART_NAMES`; ``sample``: int64, the originality to be
    expected in a sample of 1,000 families in millionths, -1 where there is none; ``n_findings``, ``n_blanks`` (the
    placeholders among them): int64; ``head``: the id of the head of its family, its own where it is no copy.
    """

    ids: Sequence[str]
    sources: Sequence[str]
    rows: Sequence[int]
    parts: NDArray[np.int64]
    sample: NDArray[np.int64]
    n_findings: NDArray[np.int64]
    n_blanks: NDArray[np.int64]
    head: Sequence[str]
    flags: Sequence[tuple[str, ...]]


class Occurrence(NamedTuple):
    """Where something stands: a document and offsets in it."""

    doc: str
    start: int
    end: int


class Claimed(NamedTuple):
    """What clusters claim of documents: of ``document`` (its row) ``cluster`` (its row) claims ``n_chars``; int64."""

    document: NDArray[np.int64]
    cluster: NDArray[np.int64]
    n_chars: NDArray[np.int64]


class Claims(NamedTuple):
    """The claims of some documents: those of document d are rows ``indptr[d]`` to ``indptr[d + 1]`` (int64)."""

    indptr: NDArray[np.int64]
    part: NDArray[np.uint8]
    start: NDArray[np.int32]
    end: NDArray[np.int32]


def measure(score: DocumentScore) -> float | None:
    """The originality to show: the one that is comparable across corpora where it exists."""
    return score.originality if score.originality_1k is None else score.originality_1k


def n_written(text: str | None, span: Span) -> int:
    """Non-blank characters of a span; all of them where the text is not at hand."""
    return span.end - span.start if text is None else len("".join(text[span.start : span.end].split()))


def _texts_in(slot: Slot, members: Sequence[Member], n_members: int) -> list[str | None]:
    """What stands in a slot in each of the first ``n_members``: where not every member has a fill of its own, one that
    has none has the text that the slot lists once for many (`Fill.more`), or None."""
    if len(slot.fills) == len(members):
        return [fill.text for fill in slot.fills[:n_members]]
    found: list[str | None] = []
    common = next((fill.text for fill in slot.fills if fill.more), None)
    places: defaultdict[str, list[Fill]] = defaultdict(list)
    for fill in slot.fills:
        places[fill.doc].append(fill)
    for member in members[:n_members]:
        here = (fill.text for fill in places[member.doc] if member.start <= fill.start <= fill.end <= member.end)
        found.append(next(here, common))
    return found


class Lookup:
    """A scan as rows."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan

    @cached_property
    def scores(self) -> Mapping[str, DocumentScore]:
        """Documents by id."""
        return {score.id: score for score in self.scan.documents}

    @cached_property
    def clusters(self) -> Mapping[str, Cluster]:
        """Clusters by id."""
        return {cluster.id: cluster for cluster in self.scan.clusters}

    @cached_property
    def phrases(self) -> Mapping[str, Phrase]:
        """Phrases by id."""
        return {phrase.id: phrase for phrase in self.scan.phrases}

    def counts_of_phrase(self, name: str) -> tuple[int, int] | None:
        """In how many families a phrase is said, and in how many places; None for the id of none."""
        phrase = self.phrases.get(name)
        return None if phrase is None else (phrase.n_families, phrase.n_occurrences)

    @cached_property
    def members(self) -> Mapping[str, Sequence[Member]]:
        """The members of clusters by their ids, the representative first."""
        members: defaultdict[str, list[Member]] = defaultdict(list)
        for member in self.scan.members:
            members[member.cluster].append(member)
        return dict(members)

    @cached_property
    def _findings(self) -> Mapping[str, Sequence[Finding]]:
        found: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in self.scan.findings:
            found[finding.doc].append(finding)
        return found

    def findings(self, doc: str) -> Sequence[Finding]:
        """The findings of a document."""
        of: Any = getattr(self.scan.findings, "of", None)
        return of(doc) if of is not None else self._findings.get(doc, ())

    def text(self, doc: str, start: int, end: int) -> str | None:
        """A part of a document's text, None where that is not at hand."""
        if isinstance(self.scan.texts, TextsById):
            return self.scan.texts.slice(doc, start, end)
        text = self.scan.texts.get(doc)
        return None if text is None else text[start:end]

    def family(self, doc: str) -> str:
        """The head of the document's family."""
        score = self.scores.get(doc)
        return doc if score is None else score.duplicate_of or doc

    def bins(self) -> list[int]:
        """Documents by originality, the last bin holding 1.0."""
        bins = [0] * N_BINS
        for score in self.scan.documents:
            value = measure(score)
            if value is not None:
                bins[min(int(value * N_BINS), N_BINS - 1)] += 1
        return bins

    def documents(self, limit: int | None) -> Sequence[DocumentScore]:
        """Documents, least original first, longer before shorter ones; documents without text last."""

        def order(score: DocumentScore) -> tuple[bool, float, int, str]:
            value = measure(score)
            return (value is None, value or 0.0, -score.n_chars, score.id)

        return sorted(self.scan.documents, key=order)[:limit]

    def listed(self, limit: int | None) -> Listing:
        """The documents of `documents` as columns."""
        scores = self.documents(limit)
        return Listing(
            ids=[score.id for score in scores],
            sources=[score.source for score in scores],
            rows=[score.row for score in scores],
            parts=np.array(
                [[getattr(score.parts, name) for name in PART_NAMES] for score in scores], dtype=np.int64
            ).reshape(-1, len(PART_NAMES)),
            sample=np.array(
                [-1 if score.originality_1k is None else round(score.originality_1k * MILLIONTHS) for score in scores],
                dtype=np.int64,
            ),
            n_findings=np.array([sum(score.n_findings.values()) for score in scores], dtype=np.int64),
            n_blanks=np.array([score.n_findings.get("placeholder", 0) for score in scores], dtype=np.int64),
            head=[score.duplicate_of or score.id for score in scores],
            flags=[score.flags for score in scores],
        )

    def covering(self, limit: int | None) -> list[tuple[Phrase, int]]:
        """Phrases by the characters that they explain and no phrase before them does, then the others by families."""
        phrases = self.scan.phrases
        number = {phrase.id: row for row, phrase in enumerate(phrases)}
        document = {score.id: row for row, score in enumerate(self.scan.documents)}
        found = [finding for finding in self.scan.findings if finding.kind == "phrase" and finding.cluster in number]
        ranked = explained(
            [number[finding.cluster or ""] for finding in found],
            [document[finding.doc] for finding in found],
            [finding.start for finding in found],
            [finding.end for finding in found],
            texts=[each.text if len(each.text or "") == each.end - each.start else None for each in found],
            limit=limit,
        )
        return self._with_others(ranked, limit)

    def _with_others(self, ranked: Sequence[Explained], limit: int | None) -> list[tuple[Phrase, int]]:
        phrases = self.scan.phrases
        first = [(phrases[item.phrase], item.n_chars) for item in ranked]
        if len(first) == limit:
            return first
        listed = {item.phrase for item in ranked}
        others = (phrase for row, phrase in enumerate(phrases) if row not in listed)
        rest = sorted(others, key=lambda phrase: (-phrase.n_families, -phrase.n_tokens, phrase.text))
        return [*first, *((phrase, 0) for phrase in rest)][:limit]

    def n_missing(self) -> int:
        """Documents whose texts are not at hand."""
        return sum(1 for score in self.scan.documents if score.id not in self.scan.texts)

    def shared(self, level: str) -> Mapping[str, int]:
        """The clusters of a level that two families have, with the characters of all documents that they share.

        Those are the non-blank ones that findings claim for the cluster, or of its members where no finding names it.
        """
        claimed = self._claimed
        return {
            cluster.id: claimed[cluster.id] if cluster.id in claimed else self._n_member_chars(cluster.id)
            for cluster in self.scan.clusters
            if cluster.level == level and cluster.n_families > 1 and self.members.get(cluster.id)
        }

    def largest(self, level: str, limit: int) -> tuple[Mapping[str, int], int]:
        """The first of `shared`: those that share most, of these those of more families; and how many there are."""
        sizes = self.shared(level)
        return self._first_of(sizes, limit), len(sizes)

    def _first_of(self, sizes: Mapping[str, int], limit: int) -> dict[str, int]:
        order = sorted(sizes, key=lambda name: (-sizes[name], -self.n_families(name), name))
        return {name: sizes[name] for name in order[:limit]}

    @cached_property
    def _claimed(self) -> Mapping[str, int]:
        claimed: Counter[str] = Counter()
        for finding in self.scan.findings:
            if finding.part == "shared" and finding.cluster is not None:
                text = self.scan.texts.get(finding.doc)
                claimed[finding.cluster] += sum(n_written(text, claim) for claim in finding.claims)
        return claimed

    def _n_member_chars(self, cluster: str) -> int:
        members = self.members[cluster]
        return sum(n_written(self.scan.texts.get(item.doc), Span(item.start, item.end)) for item in members)

    def n_documents(self, cluster: str) -> int:
        """In how many documents a cluster stands."""
        return len({member.doc for member in self.members[cluster]})

    def n_families(self, cluster: str) -> int:
        """How many families have a cluster."""
        return self.clusters[cluster].n_families

    def aligned(self, cluster: str, n_members: int, n_parts: int) -> Aligned:
        """The first parts of the template of a cluster, with the fills of its first members."""
        template, members = self.clusters[cluster].template, self.members[cluster]
        parts = template[:n_parts]
        slots = [part for part in parts if isinstance(part, Slot)]
        place: dict[str, int] = {}
        fills = [
            [-1 if text is None else place.setdefault(text, len(place)) for text in _texts_in(slot, members, n_members)]
            for slot in slots
        ]
        return Aligned(
            parts=[part.text if isinstance(part, Literal) else None for part in parts],
            types=[slot.type for slot in slots],
            texts=[*place],
            fills=np.array(fills, np.int32).reshape(len(slots), min(n_members, len(members))),
            n_more=len(template) - len(parts),
        )

    def blanks(self, cluster: str, n_members: int) -> list[list[str]]:
        """The texts of the placeholders in each of the first members of a cluster."""
        found = []
        for member in self.members[cluster][:n_members]:
            places = self._blanks.get(member.doc, [])
            first, stop = (bisect_left(places, (place, "")) for place in (member.start, member.end))
            found.append([text for _, text in places[first:stop]])
        return found

    @cached_property
    def _blanks(self) -> Mapping[str, list[tuple[int, str]]]:
        found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for finding in self.scan.findings:
            if finding.kind == "placeholder":
                found[finding.doc].append((finding.start, finding.text))
        return {doc: sorted(places, key=itemgetter(0)) for doc, places in found.items()}

    def families(self) -> Sequence[str]:
        """The ids of the families of more than one document, the largest first."""
        found = [item.id for item in self.scan.clusters if item.level == "document" and len(self.members[item.id]) > 1]
        return sorted(found, key=lambda name: (-len(self.members[name]), self.members[name][0].doc))

    def rules(self) -> Iterator[RuleGroup]:
        """What every rule found, by kind in the order of `RULE_KINDS`, the busiest rule first."""
        found: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
        for finding in self.scan.findings:
            if finding.kind in RULE_KINDS:
                found[finding.kind, finding.rule or finding.kind].append(finding)
        for kind, rule in sorted(found, key=lambda pair: (RULE_KINDS.index(pair[0]), -len(found[pair]), pair[1])):
            findings = found[kind, rule]
            yield RuleGroup(kind, rule, findings, len({finding.doc for finding in findings}))

    def occurrences(self, phrases: Sequence[str], limit: int) -> Mapping[str, list[Occurrence]]:
        """The first places of some phrases, in document order."""
        found: dict[str, list[Occurrence]] = {name: [] for name in phrases}
        for finding in self.scan.findings:
            places = found.get(finding.cluster or "") if finding.kind == "phrase" else None
            if places is not None and len(places) < limit:
                places.append(Occurrence(finding.doc, finding.start, finding.end))
        return found

    def around(self, places: Sequence[Occurrence], size: int) -> list[tuple[str, str]]:
        """The ``size`` characters before and after some places; none where a text is not at hand."""
        return [
            (self.text(doc, max(0, start - size), start) or "", self.text(doc, end, end + size) or "")
            for doc, start, end in places
        ]

    def claimed(self) -> Claimed:
        """What every cluster claims of every document that has it, a row for each finding that names one."""
        document = {score.id: row for row, score in enumerate(self.scan.documents)}
        cluster = {item.id: row for row, item in enumerate(self.scan.clusters)}
        rows = [
            (document[item.doc], cluster[item.cluster], sum(end - start for start, end in item.claims))
            for item in self.scan.findings
            if item.part == "shared" and item.cluster in cluster
        ]
        return Claimed(*np.array(rows, dtype=np.int64).reshape(-1, 3).T.copy())

    def heads(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows (int64) of the heads of the families of some documents."""
        scores = [(row, self.scan.documents[row].duplicate_of) for row in rows.tolist()]
        return np.array([row if head is None else self._row[head] for row, head in scores], dtype=np.int64)

    @cached_property
    def _row(self) -> Mapping[str, int]:
        return {score.id: row for row, score in enumerate(self.scan.documents)}

    def cluster_id(self, row: int) -> str:
        """The id of the cluster of a row."""
        return self.scan.clusters[row].id

    def claims(self, docs: Sequence[str]) -> Claims:
        """What findings claim in some documents, as places in `PART_NAMES`."""
        rows: list[tuple[int, int, int]] = []
        sizes: list[int] = []
        for doc in docs:
            found = [(finding.part, claim) for finding in self.findings(doc) for claim in finding.claims]
            rows.extend((PART_NAMES.index(str(part)), *claim) for part, claim in found)
            sizes.append(len(found))
        part, start, end = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        indptr = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        return Claims(indptr, part.astype(np.uint8), start.astype(np.int32), end.astype(np.int32))

    def lengths(self, docs: Sequence[str]) -> NDArray[np.int64]:
        """Characters of some texts; 0 where they are not at hand."""
        return np.array([len(self.scan.texts.get(doc, "")) for doc in docs], dtype=np.int64)
