"""The rows of a scan by what they belong to, collected from its tables when a report first asks for them.

`detector.report.column_lookup` answers alike for a scan over columns, without a pass over all rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.model import PART_NAMES, Cluster, DocumentScore, Finding, Literal, Member, Phrase, Span
from detector.report.cover import Explained, explained
from detector.rows import TextsById

if TYPE_CHECKING:
    from detector.index import Scan

RULE_KINDS = ("placeholder", "junk", "masked", "year_swap", "spun_repeat", "script_error", "repeat")
"""Kinds that are listed by rule, in this order; passages and phrases have lists of their own."""

MAX_FILLS = 20
"""Fills of a slot that are looked at: a template of thousands of members has as many."""

N_BINS = 20


class RuleGroup(NamedTuple):
    """All findings of one rule, in document order, and in how many documents they stand."""

    kind: str
    rule: str
    findings: Sequence[Finding]
    n_documents: int


class SlotTexts(NamedTuple):
    """A slot of a template: its type, and what stands in it in the first `MAX_FILLS` members."""

    type: str
    fills: Sequence[str]


class Claims(NamedTuple):
    """The claims of some documents: those of document d are rows ``indptr[d]`` to ``indptr[d + 1]`` (int64)."""

    indptr: NDArray[np.int64]
    part: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def measure(score: DocumentScore) -> float | None:
    """The originality to show: the one that is comparable across corpora where it exists."""
    return score.originality if score.originality_1k is None else score.originality_1k


def n_written(text: str | None, span: Span) -> int:
    """Non-blank characters of a span; all of them where the text is not at hand."""
    return span.end - span.start if text is None else len("".join(text[span.start : span.end].split()))


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

    def template(self, cluster: str, longest: int) -> list[str | SlotTexts]:
        """The literals and slots of a cluster; none where its literals have over ``longest`` characters."""
        parts = self.clusters[cluster].template
        if sum(len(part.text) for part in parts if isinstance(part, Literal)) > longest:
            return []
        return [
            part.text
            if isinstance(part, Literal)
            else SlotTexts(part.type, [fill.text for fill in part.fills[:MAX_FILLS]])
            for part in parts
        ]

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

    def claims(self, docs: Sequence[str]) -> Claims:
        """What findings claim in some documents, as places in `PART_NAMES`."""
        rows: list[tuple[int, int, int]] = []
        sizes: list[int] = []
        for doc in docs:
            found = [(finding.part, claim) for finding in self.findings(doc) for claim in finding.claims]
            rows.extend((PART_NAMES.index(str(part)), *claim) for part, claim in found)
            sizes.append(len(found))
        columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return Claims(np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))), *columns.T.copy())

    def lengths(self, docs: Sequence[str]) -> NDArray[np.int64]:
        """Characters of some texts; 0 where they are not at hand."""
        return np.array([len(self.scan.texts.get(doc, "")) for doc in docs], dtype=np.int64)
