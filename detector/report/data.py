"""What a report says about a scan, as plain figures and excerpts, before anything is drawn.

Every function is a pure function of the `Scan`; where only the first rows are wanted the number of all rows comes with
them. Texts stay raw here: whoever draws them passes them through `shown`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from detector.model import PART_NAMES, DocumentScore, Finding, Member, Parts, Phrase, Span
from detector.report.column_lookup import lookup
from detector.report.lookup import Lookup, RuleGroup
from detector.report.shown import ELLIPSIS
from detector.report.spans import differences

if TYPE_CHECKING:
    from detector.results.index import Scan

ROW = TypeVar("ROW")

CONTEXT = 60
MAX_SAMPLE = 1200
"""Characters of a sample; comparing two texts takes memory by the product of their lengths, and blocks can be long."""
MAX_COMPARED = 20
"""Members of a cluster that are looked at for the one that shows best how members differ."""
MAX_LOOKED = 10_000
"""Findings of a rule that are looked at for examples."""


@dataclass(frozen=True, slots=True)
class Top(Generic[ROW]):
    """The first rows of a list and how many there are in all."""

    rows: tuple[ROW, ...]
    n_all: int

    @property
    def n_more(self) -> int:
        """How many rows were left out."""
        return self.n_all - len(self.rows)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A finding in its line: raw text before it, of it and after it; an ellipsis stands where the line goes on."""

    doc: str
    start: int
    before: str
    text: str
    after: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One member of a cluster as its document writes it, at most `MAX_SAMPLE` characters; ``n_more`` are left out.

    ``changed`` are offsets in ``text``, not in the document.
    """

    doc: str
    start: int
    text: str
    ratio: float
    n_more: int
    changed: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedText:
    """A cluster of passages or blocks: ``n_chars`` non-blank characters of all documents are shared by it."""

    id: str
    n_chars: int
    n_families: int
    n_documents: int
    n_members: int
    example: Sample
    other: Sample | None


@dataclass(frozen=True, slots=True)
class RuleRow:
    """Everything that one rule found, with its first examples, each of another document where possible."""

    kind: str
    rule: str
    n_findings: int
    n_documents: int
    examples: tuple[Excerpt, ...]


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """Documents that are near-duplicates of ``head``, with the Jaccard of each copy; the first `MAX_COMPARED` of them.

    ``n_copies`` counts all.
    """

    head: str
    copies: tuple[tuple[str, float], ...]
    n_copies: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of the whole corpus.

    ``bins`` counts documents by originality, the last bin holding 1.0; ``n_flags`` counts documents by flag.
    """

    n_documents: int
    n_families: int
    n_series: int
    parts: Parts
    originality: float | None
    originality_1k: float | None
    n_passages: int
    n_passages_matched: int
    n_matched_alone: int
    n_passages_crowded: int
    n_findings: Mapping[str, int]
    n_clusters: Mapping[str, int]
    n_phrases: int
    n_flags: Mapping[str, int]
    bins: tuple[int, ...]

    @property
    def underestimated(self) -> bool:
        """Whether the corpus is too small for sharing to be comparable with other corpora."""
        return self.originality_1k is None


@dataclass(frozen=True, slots=True)
class Skipped:
    """What the scan could not use, and how the files were read."""

    n_problems: Mapping[str, int]
    examples: tuple[str, ...]
    n_without_tokens: int
    n_files: int
    formats: Mapping[str, int]


def overview(scan: Scan) -> Overview:
    """The figures of the summary, and the distribution of originality."""
    corpus, totals = scan.summary.get("corpus", {}), scan.summary.get("totals", {})
    parts = totals.get("parts", {})
    return Overview(
        n_documents=len(scan.documents),
        n_families=corpus.get("n_families", 0),
        n_series=corpus.get("n_series", 0),
        parts=Parts(**{name: parts.get(name, 0) for name in PART_NAMES}),
        originality=totals.get("originality"),
        originality_1k=totals.get("originality_1k"),
        n_passages=totals.get("n_passages", 0),
        n_passages_matched=totals.get("n_passages_matched", 0),
        n_matched_alone=totals.get("n_matched_alone", 0),
        n_passages_crowded=totals.get("n_passages_crowded", 0),
        n_findings=totals.get("n_findings", {}),
        n_clusters=totals.get("n_clusters", {}),
        n_phrases=totals.get("n_phrases", len(scan.phrases)),
        n_flags=totals.get("flags", {}),
        bins=tuple(lookup(scan).bins()),
    )


def top_documents(scan: Scan, limit: int | None = None) -> Top[DocumentScore]:
    """Documents, least original first, longer before shorter ones; documents without text last."""
    return Top(tuple(lookup(scan).documents(limit)), len(scan.documents))


def shared_texts(scan: Scan, level: str, limit: int | None = None, *, rows: Lookup) -> Top[SharedText]:
    """Clusters of one level that at least two families have, most shared characters first."""
    sizes = rows.shared(level)
    top = _top(sizes, lambda cluster: (-sizes[cluster], cluster), limit)
    return Top(tuple(shared_text(name, sizes[name], rows) for name in top.rows), top.n_all)


def shared_text(name: str, n_chars: int, rows: Lookup) -> SharedText:
    """One cluster with its representative and the member that shows best how members differ."""
    head, *others = rows.members[name][: MAX_COMPARED + 1]
    one = _raw(head, rows)
    chosen = max(others, key=lambda member: _tells(head, one, member, rows), default=None)
    example, other = _sample(head, rows), None
    if chosen is not None:
        other = _sample(chosen, rows)
        here, there = differences(example.text, other.text)
        example, other = replace(example, changed=here), replace(other, changed=there)
    return SharedText(
        id=name,
        n_chars=n_chars,
        n_families=rows.n_families(name),
        n_documents=rows.n_documents(name),
        n_members=len(rows.members[name]),
        example=example,
        other=other,
    )


def _tells(head: Member, one: str, member: Member, rows: Lookup) -> tuple[bool, bool, bool, float]:
    """How much a reader learns from a member: of another family, differing in figures, differing at all, close."""
    two = _raw(member, rows)
    figures = re.findall(r"\d+", one) != re.findall(r"\d+", two)
    return (rows.family(head.doc) != rows.family(member.doc), figures, one != two, member.ratio)


def _sample(member: Member, rows: Lookup) -> Sample:
    """The member's text as far as it is shown."""
    text = _raw(member, rows)
    n_more = max(0, member.end - member.start - MAX_SAMPLE) if text else 0
    return Sample(member.doc, member.start, text, member.ratio, n_more)


def _raw(member: Member, rows: Lookup) -> str:
    """The first characters of the member's text, without blanks at its ends; empty where it is not at hand."""
    text = rows.text(member.doc, member.start, min(member.end, member.start + MAX_SAMPLE))
    return (text or "").strip()


def top_phrases(scan: Scan, limit: int | None = None) -> Top[Phrase]:
    """Phrases, those first that explain the most characters that no phrase before them explains."""
    return Top(tuple(phrase for phrase, _ in lookup(scan).covering(limit)), len(scan.phrases))


def rule_rows(scan: Scan, n_examples: int = 3) -> tuple[RuleRow, ...]:
    """What every rule found, by kind in the order of `RULE_KINDS`, the busiest rule first."""
    return tuple(_rule_row(scan, group, n_examples) for group in lookup(scan).rules())


def _rule_row(scan: Scan, group: RuleGroup, n_examples: int) -> RuleRow:
    """One row with examples: new texts of new documents first."""
    chosen: list[Finding] = []
    for name in ("doc", "text", "start"):
        seen = {getattr(finding, name) for finding in chosen}
        for finding in islice(group.findings, MAX_LOOKED):
            if len(chosen) == n_examples:
                break
            if getattr(finding, name) not in seen:
                seen.add(getattr(finding, name))
                chosen.append(finding)
    return RuleRow(
        kind=group.kind,
        rule=group.rule,
        n_findings=len(group.findings),
        n_documents=group.n_documents,
        examples=tuple(excerpt(scan, finding) for finding in chosen),
    )


def excerpt(scan: Scan, finding: Finding) -> Excerpt:
    """A finding with up to `CONTEXT` characters of its line on either side."""
    text = scan.texts.get(finding.doc)
    if text is None:
        return Excerpt(finding.doc, finding.start, "", finding.text, "")
    low, high = max(0, finding.start - CONTEXT), finding.end + CONTEXT
    before, after = text[low : finding.start], text[finding.end : high]
    cut = low > 0 and "\n" not in before, high < len(text) and "\n" not in after
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    before, after = ELLIPSIS * cut[0] + before, after + ELLIPSIS * cut[1]
    return Excerpt(finding.doc, finding.start, before, text[finding.start : finding.end], after)


def families(scan: Scan, limit: int | None = None, *, rows: Lookup) -> Top[FamilyRow]:
    """Families of more than one document, the largest first."""
    names = rows.families()
    found = []
    for name in names[:limit]:
        head, *copies = rows.members[name][: MAX_COMPARED + 1]
        found.append(FamilyRow(head.doc, tuple((copy.doc, copy.ratio) for copy in copies), len(rows.members[name]) - 1))
    return Top(tuple(found), len(names))


def skipped(scan: Scan) -> Skipped:
    """What was skipped and why, and how the files were read: format, encoding, compression."""
    files = scan.summary.get("files", ())
    problems = scan.summary.get("problems", {})
    formats = Counter(
        ", ".join(str(item[key]) for key in ("format", "encoding", "compression") if item.get(key)) for item in files
    )
    return Skipped(
        n_problems=dict(sorted(problems.get("n", {}).items(), key=lambda item: (-item[1], item[0]))),
        examples=tuple(problems.get("examples", ())),
        n_without_tokens=scan.summary.get("totals", {}).get("n_documents_without_tokens", 0),
        n_files=len(files),
        formats=dict(sorted(formats.items(), key=lambda item: (-item[1], item[0]))),
    )


def _top(items: Iterable[ROW], order: Callable[[ROW], Any], limit: int | None) -> Top[ROW]:
    """The first ``limit`` of the items in order, all of them for None."""
    ordered = sorted(items, key=order)
    return Top(tuple(ordered if limit is None else ordered[:limit]), len(ordered))
