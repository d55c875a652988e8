"""Why one document was dropped, kept or scored as it was: every rule with its margin, and the spans that cost most."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detector.errors import ScanError
from detector.filtering.plan import FilterPlan, preset_values
from detector.model import PART_NAMES, DocumentScore, Finding, Span
from detector.thresholds.decisions import Reason, Thresholds, decide, family_of
from detector.thresholds.tuning import keeping, margin, option, threshold_names, values

MAX_GAP = 2
"""Characters between two spans that are one: a line break, a blank."""


class Margin(NamedTuple):
    """A rule: the document's value, the threshold and the margin to it (below 0: dropped), None where there is none."""

    name: str
    value: float | None
    threshold: float | None
    margin: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """A span that is not the document's own, and ``n_chars`` non-blank characters of it that no other part claims.

    ``other``, ``other_start`` and ``other_end`` are the place that it was compared with, where there is one. ``name``
    is the rule or the cluster, ``n_families`` how many families have it.
    """

    start: int
    end: int
    part: str
    kind: str
    name: str | None
    n_chars: int
    n_families: int | None
    text: str
    other: str | None = None
    other_start: int = 0
    other_end: int = 0
    other_text: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a filter asks for: thresholds, which copies of a family it keeps, and what it strips."""

    thresholds: Thresholds
    families: str | None = None
    strip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a document is kept by a plan (None where nothing was asked for) and why.

    ``reasons`` are all that speak against it, ``keep`` the options that would keep it. ``rank`` is its place by
    originality among ``n_ranked`` documents with text, 1 the least original; None without text.
    """

    document: DocumentScore
    kept: bool | None
    checks: tuple[Margin, ...]
    reasons: tuple[Reason, ...]
    keep: tuple[str, ...]
    rank: int | None
    n_ranked: int
    costs: tuple[Cost, ...]

    def as_row(self) -> dict[str, Any]:
        """Plain values in the order of the fields."""
        return {
            "document": asdict(self.document),
            "kept": self.kept,
            "checks": [check._asdict() for check in self.checks],
            "reasons": [reason._asdict() for reason in self.reasons],
            "keep": list(self.keep),
            "rank": self.rank,
            "n_ranked": self.n_ranked,
            "costs": [asdict(cost) for cost in self.costs],
        }


def plan_of_filter(directory: Path) -> tuple[Asked, Mapping[str, Any]] | None:
    """What the filter that wrote to a folder was asked for, and its summary; None for a folder of something else."""
    try:
        summary = json.loads((directory / "summary.json").read_text("utf-8"))
        told = summary["thresholds"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(told, Mapping):
        return None
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    try:
        thresholds = Thresholds(**known)
    except TypeError as error:
        raise ScanError(f"{directory}/summary.json: was written by another version: {error}. Filter again.") from None
    plan = {**summary, **(summary["plan"] if isinstance(summary.get("plan"), Mapping) else {})}
    return Asked(thresholds, plan.get("families"), tuple(plan.get("strip") or ())), summary


def plan_of_preset(name: str) -> Asked:
    """The plan of a preset: one of the package by its name, or a TOML file like theirs; raises `SettingsError`."""
    plan = FilterPlan.from_mapping(preset_values(name), name)
    return Asked(plan.thresholds, plan.families, plan.strip)


def scan_of_filter(summary: Mapping[str, Any]) -> str | None:
    """The folder of the scan that a filter was given, where its summary names it."""
    run = summary.get("run")
    told = [summary.get("scan"), run.get("scan") if isinstance(run, Mapping) else None]
    return next((name for name in told if isinstance(name, str)), None)


def recorded(directory: Path, doc_id: str) -> tuple[bool, tuple[Reason, ...]] | None:
    """Whether a filter kept a document and what spoke against it, from its ``decisions.jsonl``; None without one.

    This is what was done: it knows of the texts that cleaning left and of last copies, which scores alone do not.
    """
    try:
        with (directory / "decisions.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["id"] == doc_id:
                    return bool(row["kept"]), tuple(Reason(**reason) for reason in row["reasons"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScanError(f"{directory}/decisions.jsonl: cannot be read: {error}. Filter again.") from None
    return None


def verdict(
    documents: Sequence[DocumentScore],
    doc_id: str,
    plan: Asked,
    findings: Iterable[Finding],
    *,
    done: tuple[bool, tuple[Reason, ...]] | None = None,
    n_costs: int = 5,
) -> Verdict:
    """What a plan says of one of the documents, with what costs it most; raises `KeyError` for an id that is not there.

    Whether a copy is kept depends on its family, so all documents are looked at; ``done`` is what a filter did, where
    that is known (`recorded`). The texts of costs are those of the findings (`with_texts` puts in whole ones).
    """
    document = next((row for row in documents if row.id == doc_id), None)
    if document is None:
        raise KeyError(doc_id)
    asked = any(value not in (None, ()) for value in asdict(plan.thresholds).values()) or plan.families is not None
    if done is None:
        reasons = _reasons(documents, document, plan) if asked else ()
        kept = not reasons if asked else None
    else:
        kept, reasons = done
    found = values(document)
    checks = []
    for name in threshold_names():
        value, threshold = found[name], getattr(plan.thresholds, name)
        apart = None if value is None or threshold is None else margin(name, value, threshold)
        checks.append(Margin(name, None if value is None else round(value, 6), threshold, apart))
    measured = sorted(value for row in documents if (value := _originality(row)) is not None)
    mine = _originality(document)
    return Verdict(
        document=document,
        kept=kept,
        checks=tuple(checks),
        reasons=reasons,
        keep=tuple(_keep(reason, document) for reason in reasons),
        rank=None if mine is None else 1 + sum(value < mine for value in measured),
        n_ranked=len(measured),
        costs=tuple(costs(findings)[:n_costs]),
    )


def _originality(document: DocumentScore) -> float | None:
    return document.originality if document.originality_1k is None else document.originality_1k


def _reasons(documents: Sequence[DocumentScore], document: DocumentScore, plan: Asked) -> tuple[Reason, ...]:
    """All that speaks against a document, its family and what stripping leaves of it among that."""
    parts = document.parts
    known = {}
    if "junk" in plan.strip and parts.total and parts.junk == parts.total:
        known[document.id] = Reason("empty_after_strip", parts.junk, None)
    family = [row for row in documents if family_of(row) == family_of(document)]
    chosen = {} if plan.families is None else {"families": plan.families}
    decisions = decide(family, plan.thresholds, known=known, **chosen)
    return next(decision.reasons for decision in decisions if decision.id == document.id)


def _keep(reason: Reason, document: DocumentScore) -> str:
    """The option with which a reason would not speak."""
    if reason.rule == "family":
        return "--families keep-all"
    if reason.rule == "empty_after_strip":
        return "no --strip"
    if reason.rule in threshold_names():
        value = keeping(reason.rule, document)
        return f"{option(reason.rule)} {value:g}" if value is not None else f"no {option(reason.rule)}"
    return f"no {option(reason.rule)} {reason.value}" if isinstance(reason.value, str) else f"no {option(reason.rule)}"


def costs(findings: Iterable[Finding]) -> list[Cost]:
    """What of a document is not its own, span by span, what costs most first.

    A character belongs to the first part that claims it and within a part to the first finding, so nothing counts
    twice. What runs on here, and where it was found, is one span.
    """
    groups: dict[tuple[int, tuple[Span, ...]], Finding] = {}
    for finding in findings:
        if finding.part is not None and finding.part != "own":
            groups.setdefault((PART_NAMES.index(finding.part), finding.claims), finding)
    length = max((span.end for _, claims in groups for span in claims), default=0)
    taken = np.zeros(length, dtype=np.bool_)
    found = []
    for (part, claims), finding in sorted(groups.items(), key=lambda item: (item[0][0], item[1].start, item[1].end)):
        n_chars = 0
        for start, end in claims:
            here = taken[start:end]
            inside = finding.text[max(0, start - finding.start) : max(0, end - finding.start)]
            free = np.flatnonzero(~here).tolist()
            within = len(inside) == end - start
            n_chars += sum(not (within and inside[at].isspace()) for at in free)
            here[:] = True
        if n_chars:
            found.append(_cost(finding, PART_NAMES[part], claims, n_chars))
    return sorted(_joined(found), key=lambda cost: (-cost.n_chars, cost.start))


def _cost(finding: Finding, part: str, claims: Sequence[Span], n_chars: int) -> Cost:
    """A finding as a span that costs; one that claims more than itself is as long as what it claims."""
    start = min(finding.start, *(span.start for span in claims))
    end = max(finding.end, *(span.end for span in claims))
    place = _place(finding)
    return Cost(
        start=start,
        end=end,
        part=part,
        kind=finding.kind,
        name=finding.cluster or finding.rule,
        n_chars=n_chars,
        n_families=finding.n_families,
        text=finding.text or "",
        other=place[0],
        other_start=place[1],
        other_end=place[2],
    )


def _place(finding: Finding) -> tuple[str | None, int, int]:
    """Where evidence says that the like of a finding stands: in another document, or earlier in its own."""
    start, end = finding.evidence.get("start"), finding.evidence.get("end")
    if finding.kind not in ("passage", "repeat") or not isinstance(start, int) or not isinstance(end, int):
        return None, 0, 0
    doc = finding.evidence.get("doc", finding.doc)
    return (doc, start, end) if isinstance(doc, str) else (None, 0, 0)


def _joined(found: Sequence[Cost]) -> list[Cost]:
    """Spans with those that follow them, here and in the other document, as one."""
    joined: list[Cost] = []
    for cost in sorted(found, key=lambda one: (one.part, one.start)):
        last = joined[-1] if joined else None
        if last is not None and last.part == cost.part and last.kind == cost.kind and _follows(last, cost):
            joined[-1] = replace(
                last,
                end=cost.end,
                n_chars=last.n_chars + cost.n_chars,
                text=last.text + cost.text,
                other_end=cost.other_end,
                n_families=max(last.n_families or 0, cost.n_families or 0) or None,
            )
        else:
            joined.append(cost)
    return joined


def _follows(last: Cost, cost: Cost) -> bool:
    """Whether a span begins where the last one ends, here and where both were found."""
    if not 0 <= cost.start - last.end <= MAX_GAP or last.other != cost.other:
        return False
    return cost.other is None or 0 <= cost.other_start - last.other_end <= MAX_GAP


def with_texts(found: Verdict, texts: Mapping[str, str]) -> Verdict:
    """The verdict with the texts of its spans and of where they were found, as far as ``texts`` has them."""
    whole = texts.get(found.document.id)
    made = []
    for cost in found.costs:
        text = cost.text if whole is None else whole[cost.start : cost.end]
        there = texts.get(cost.other) if cost.other is not None else None
        other = None if there is None else there[cost.other_start : cost.other_end]
        made.append(replace(cost, text=text, other_text=other))
    return replace(found, costs=tuple(made))
