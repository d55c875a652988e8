"""Why findings are findings, in words, and a text cut into pieces by what was found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from detector.model import Finding
from detector.report.lookup import Lookup
from detector.report.shown import shown
from detector.report.spans import RUN, painted
from detector.report.words import counted

UNMARKED, MARK, PLACEHOLDER = range(3)
MARK_KINDS = ("masked", "year_swap", "script_error")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of one document's text of one part; ``mark`` tells a placeholder or a finding of no part on it."""

    start: int
    end: int
    part: str
    mark: int


class Place(NamedTuple):
    """An offset in a document."""

    doc: str
    start: int


def pieces(length: int, findings: Sequence[Finding]) -> list[Piece]:
    """A text of ``length`` code points cut wherever its part or its mark changes."""
    marks = bytearray(length)
    for finding in findings:
        mark = PLACEHOLDER if finding.kind == "placeholder" else MARK if finding.kind in MARK_KINDS else UNMARKED
        start, end = max(0, finding.start), min(length, finding.end)
        if mark and start < end:
            marks[start:end] = bytes([mark]) * (end - start)
    found: list[Piece] = []
    for start, end, part in painted(length, findings):
        if marks.count(UNMARKED, start, end) == end - start:  # as in nearly all
            found.append(Piece(start, end, part, UNMARKED))
            continue
        for run in RUN.finditer(bytes(marks[start:end])):
            found.append(Piece(start + run.start(), start + run.end(), part, marks[start + run.start()]))
    return found


def says(finding: Finding, found: Lookup) -> str:
    """Why a finding is one, in words: where the same text stands, how many families have it, or which rule spoke."""
    counts = found.counts_of_phrase(finding.cluster or "") if finding.kind == "phrase" else None
    if counts is not None:
        families, places = counted(counts[0], "family"), counted(counts[1], "place")
        return f"{shown(finding.cluster or '')}: in {families}, {places}"
    place = elsewhere(finding, found)
    if place is None:
        return ", ".join([shown(finding.rule or finding.kind), *evidence_words(finding.evidence)])
    if place.doc == finding.doc:
        return f"again the text at {place.start:,}, ratio {finding.score:.2f}"
    families = "" if finding.n_families is None else f", {counted(finding.n_families, 'family')}"
    named = f"{shown(finding.cluster)}: " if finding.cluster else ""
    return f"{named}also in {shown(place.doc)} at {place.start:,}, ratio {finding.score:.2f}{families}"


def elsewhere(finding: Finding, found: Lookup) -> Place | None:
    """Where a passage or a repeat has its like: the place its evidence names, which is an earlier one or another's."""
    if finding.kind not in ("passage", "repeat"):
        return None
    start = finding.evidence.get("start")
    doc = finding.evidence.get("doc", finding.doc)
    if not isinstance(start, int) or doc not in found.scores:
        return None
    return Place(doc, start)


def evidence_words(evidence: Mapping[str, Any]) -> list[str]:
    """What evidence holds besides spans, as ``name value``."""
    return [
        f"{shown(name)} {shown(str(value))}"
        for name, value in evidence.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    ]
