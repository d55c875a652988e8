"""Precision, recall and F1 of findings against labelled text, by kind, by rule and by document.

Three ways of counting, each for the kinds that it suits:

- exact: placeholders, masks and script errors are right where start and end are those of a label;
- characters: junk is counted in non-blank characters, because where a widget begins and ends is a matter of taste;
  pages that are labelled line by line are counted in lines too, a line being junk where at least half of its non-blank
  characters are;
- overlap: a year swap or a spun repeat is right where it shares at least half of what it and its label cover together.

A kind is scored in a gold file that labels it anywhere, and then in all of the file's documents, so that a finding in a
document without a label counts as the false alarm that it is. Every miss and every false alarm is listed with context.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.evaluation.counts import Counts, Macro, mean, share
from detector.evaluation.gold import JUNK_LINE, GoldDocument, Label, load_gold
from detector.model import Span

EXACT_KINDS = ("placeholder", "masked", "script_error")
OVERLAP_KINDS = ("year_swap", "spun_repeat")
CHARACTER_KINDS = ("junk",)
SCORED_KINDS = (*EXACT_KINDS, *OVERLAP_KINDS, *CHARACTER_KINDS, JUNK_LINE)
MIN_OVERLAP = 0.5
MIN_COVERAGE = 0.9
"""Pages whose line labels cover less than this share of the hand-made extract (`gold_coverage`) are not scored."""

CONTEXT = 20

__all__ = ("Counts", "Evaluation", "GoldDocument", "Label", "Macro", "Mistake", "evaluate", "load_gold")


class Located(Protocol):
    """What is evaluated: `detector.model.Finding` and anything else with these attributes."""

    @property
    def kind(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def rule(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Mistake:
    """A miss or a false alarm, with the text around it.

    ``what`` is ``missed`` or ``false_alarm``; ``rule`` is that of a false alarm; ``note`` is the label's, or that of
    the entry in ``not_spans`` that the false alarm touches.
    """

    doc: str
    start: int
    end: int
    kind: str
    what: str
    rule: str | None
    text: str
    before: str
    after: str
    note: str

    def as_row(self) -> dict[str, Any]:
        """Plain values in the order of the fields."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The counts of findings against labels.

    ``by_kind`` sums over documents (micro); `macro` is the mean over documents. ``by_rule[kind][rule]`` counts as if
    the rule were the only one: its recall is the share of the kind's labels that it finds by itself. ``missing`` are
    labelled documents whose text was not given, ``skipped`` those whose labels cover too little, ``unlabelled`` texts
    without labels: none of the three is counted. ``n_content`` are the scored characters of each document that are no
    junk, where junk is scored.
    """

    by_kind: Mapping[str, Counts]
    by_rule: Mapping[str, Mapping[str, Counts]]
    by_document: Mapping[str, Mapping[str, Counts]]
    errors: tuple[Mistake, ...]
    missing: tuple[str, ...]
    skipped: tuple[str, ...]
    unlabelled: tuple[str, ...]
    n_content: Mapping[str, int] = field(default_factory=dict)

    def lost(self, doc: str) -> float | None:
        """The share of a document's content that is called junk, in characters; None where no junk is scored.

        Precision cannot tell: where nearly all of a page is junk, calling all of it junk is precise and loses the text.
        """
        junk = self.by_document[doc].get("junk")
        return None if junk is None else share(junk.n_wrong, self.n_content.get(doc, 0))

    def macro_lost(self) -> float | None:
        """Its unweighted mean over the documents."""
        return mean(self.lost(doc) for doc in self.by_document)

    def macro(self, kind: str) -> Macro:
        """Unweighted means of a kind's ratios over the documents."""
        counts = [kinds[kind] for kinds in self.by_document.values() if kind in kinds]
        return Macro(*(mean(getattr(item, name) for item in counts) for name in Macro._fields))

    def as_row(self) -> dict[str, Any]:
        """Everything but the list of errors as plain values, kinds in the order of `SCORED_KINDS`."""
        return {
            "n_documents": len(self.by_document),
            "kinds": {kind: n.as_row() | {"macro": self.macro(kind)._asdict()} for kind, n in self.by_kind.items()},
            "rules": {
                kind: {rule: counts.as_row() for rule, counts in rules.items()} for kind, rules in self.by_rule.items()
            },
            "documents": {
                doc: {kind: counts.as_row() for kind, counts in kinds.items()}
                | ({"content_lost": self.lost(doc)} if doc in self.n_content else {})
                for doc, kinds in self.by_document.items()
            },
            "content_lost": self.macro_lost(),
            "n_errors": len(self.errors),
            "missing": list(self.missing),
            "skipped": list(self.skipped),
            "unlabelled": list(self.unlabelled),
        }


def evaluate(
    findings: Mapping[str, Sequence[Located]],
    texts: Mapping[str, str],
    gold: Sequence[GoldDocument],
    *,
    min_coverage: float = MIN_COVERAGE,
) -> Evaluation:
    """Findings and texts by document id, against labels; raises `InputError` where labels do not fit their text."""
    skipped = {item.id for item in gold if item.coverage is not None and item.coverage < min_coverage}
    scored = sorted((item for item in gold if item.id in texts and item.id not in skipped), key=lambda item: item.id)
    span_kinds = frozenset(name for item in gold if item.lines is None for name in item.kinds)
    by_document: dict[str, dict[str, Counts]] = {}
    by_kind: dict[str, Counts] = {}
    by_rule: dict[str, dict[str, Counts]] = {}
    errors: list[Mistake] = []
    n_content: dict[str, int] = {}
    rules = _rules(findings.get(item.id, ()) for item in scored)
    for document in scored:
        page = _page(document, texts[document.id])
        by_document[document.id] = {}
        kinds = span_kinds if document.lines is None else document.kinds
        if not set(kinds).isdisjoint(CHARACTER_KINDS):
            wanted, is_scored = _wanted_characters(page, "junk")
            n_content[document.id] = int((is_scored & ~wanted).sum())
        for kind in (name for name in SCORED_KINDS if name in kinds):
            found = [item for item in findings.get(document.id, ()) if item.kind == _finding_kind(kind)]
            outcome = _compare(kind, found, page)
            by_document[document.id][kind] = outcome.counts
            by_kind[kind] = by_kind.get(kind, Counts()) + outcome.counts
            errors.extend(_mistakes(outcome, kind, found, page))
            for rule in rules.get(_finding_kind(kind), ()):
                of_kind = by_rule.setdefault(kind, {})
                of_kind[rule] = of_kind.get(rule, Counts()) + _alone(rule, kind, found, page)
    return Evaluation(
        by_kind={kind: by_kind[kind] for kind in SCORED_KINDS if kind in by_kind},
        by_rule={kind: by_rule[kind] for kind in SCORED_KINDS if kind in by_rule},
        by_document=by_document,
        errors=tuple(errors),
        missing=tuple(sorted(item.id for item in gold if item.id not in texts)),
        skipped=tuple(sorted(skipped)),
        unlabelled=tuple(sorted(set(texts) - {item.id for item in gold})),
        n_content=n_content,
    )


class _Page(NamedTuple):
    """A document to be scored: labels, text, which of its characters are not blank, and its lines."""

    gold: GoldDocument
    text: str
    visible: NDArray[np.bool_]
    lines: Sequence[Span]


class _Outcome(NamedTuple):
    """What one comparison gave: its counts and the spans that were missed or wrong."""

    counts: Counts
    missed: Sequence[Span]
    wrong: Sequence[Span]


def _page(document: GoldDocument, text: str) -> _Page:
    """A document with its text; raises `InputError` where labels and text differ: another version was labelled."""
    for label in (*document.spans, *document.not_spans):
        if text[label.start : label.end] != label.text:
            raise InputError(
                f"{document.id}: the label at {label.start}-{label.end} says {label.text[:30]!r} but the text there is"
                f" {text[label.start : label.end][:30]!r}; evaluate the text that was labelled"
            )
    lines = line_spans(text)
    if document.lines is not None and len(document.lines) != len(lines):
        raise InputError(
            f"{document.id}: {len(document.lines)} line labels for {len(lines)} lines; evaluate the text that was"
            " labelled"
        )
    visible = np.fromiter((not character.isspace() for character in text), dtype=bool, count=len(text))
    return _Page(document, text, visible, lines)


def _compare(kind: str, found: Sequence[Located], page: _Page) -> _Outcome:
    """Findings of one kind against the labels of one document, by the kind's own way of counting."""
    spans = sorted({Span(item.start, item.end) for item in found})
    if kind == JUNK_LINE:
        return _compare_lines(spans, page)
    labels = sorted({Span(label.start, label.end) for label in page.gold.spans if label.kind == kind})
    if kind in CHARACTER_KINDS:
        return _compare_characters(kind, spans, page)
    pairs = _overlapping(labels, spans) if kind in OVERLAP_KINDS else {span: span for span in set(labels) & set(spans)}
    missed = [label for label in labels if label not in pairs]
    right = set(pairs.values())
    wrong = [span for span in spans if span not in right]
    return _Outcome(Counts(len(pairs), len(wrong), len(missed)), missed, wrong)


def _alone(rule: str, kind: str, found: Sequence[Located], page: _Page) -> Counts:
    """The counts of one document as if no other rule had found anything."""
    return _compare(kind, [item for item in found if _rule_name(item) == rule], page).counts


def _wanted_characters(page: _Page, kind: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which characters are labelled, and which are scored: not blank, and in no line that labels leave open."""
    if page.gold.lines is None:
        labels = (Span(label.start, label.end) for label in page.gold.spans if label.kind == kind)
        return _mask(labels, len(page.text)), page.visible
    letters = list(zip(page.gold.lines, page.lines, strict=True))
    wanted = _mask((line for letter, line in letters if letter == "j"), len(page.text))
    return wanted, page.visible & ~_mask((line for letter, line in letters if letter == "a"), len(page.text))


def _compare_characters(kind: str, spans: Sequence[Span], page: _Page) -> _Outcome:
    """Non-blank characters; those of lines that are not scored count for nothing."""
    wanted, scored = _wanted_characters(page, kind)
    found = _mask(spans, len(page.text))
    missed, wrong = wanted & ~found & scored, found & ~wanted & scored
    counts = Counts(int((wanted & found & scored).sum()), int(wrong.sum()), int(missed.sum()))
    return _Outcome(counts, _runs(missed, scored), _runs(wrong, scored))


def _compare_lines(spans: Sequence[Span], page: _Page) -> _Outcome:
    """Whole lines of a page; blank lines and lines that are not scored count for nothing."""
    n_visible = np.concatenate(([0], np.cumsum(page.visible))).tolist()
    n_junk = np.concatenate(([0], np.cumsum(page.visible & _mask(spans, len(page.text))))).tolist()
    n_found = 0
    missed: list[Span] = []
    wrong: list[Span] = []
    for letter, line in zip(page.gold.lines or "", page.lines, strict=True):
        length = n_visible[line.end] - n_visible[line.start]
        if letter == "a" or not length:
            continue
        flagged = 2 * (n_junk[line.end] - n_junk[line.start]) >= length
        n_found += flagged and letter == "j"
        if flagged != (letter == "j"):
            (wrong if flagged else missed).append(line)
    return _Outcome(Counts(n_found, len(wrong), len(missed)), missed, wrong)


def _overlapping(labels: Sequence[Span], spans: Sequence[Span]) -> dict[Span, Span]:
    """Labels with the one finding that overlaps them enough, best pairs first, each used once."""
    pairs = [(overlap(label, span), label, span) for label in labels for span in spans]
    matched: dict[Span, Span] = {}
    used: set[Span] = set()
    for ratio, label, span in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if ratio >= MIN_OVERLAP and label not in matched and span not in used:
            matched[label] = span
            used.add(span)
    return matched


def overlap(one: Span, other: Span) -> float:
    """Characters in both spans over characters in either.

    >>> overlap(Span(0, 4), Span(2, 6))
    0.3333333333333333
    """
    both = max(0, min(one.end, other.end) - max(one.start, other.start))
    either = (one.end - one.start) + (other.end - other.start) - both
    return both / either if either else 0.0


def line_spans(text: str) -> list[Span]:
    """The lines of a text split at line feeds, without them."""
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append(Span(start, start + len(line)))
        start += len(line) + 1
    return spans


def _mistakes(outcome: _Outcome, kind: str, found: Sequence[Located], page: _Page) -> Iterator[Mistake]:
    """The misses and false alarms of one comparison, in order of the text."""
    rows = [(span, "missed") for span in outcome.missed] + [(span, "false_alarm") for span in outcome.wrong]
    for span, what in sorted(rows):
        labels = page.gold.spans if what == "missed" else page.gold.not_spans
        notes = [label.note for label in labels if label.kind == kind and overlap(Span(label.start, label.end), span)]
        touching = [item for item in found if overlap(Span(item.start, item.end), span)]
        yield Mistake(
            doc=page.gold.id,
            start=span.start,
            end=span.end,
            kind=kind,
            what=what,
            rule=_rule_name(touching[0]) if touching and what == "false_alarm" else None,
            text=page.text[span.start : span.end],
            before=page.text[max(0, span.start - CONTEXT) : span.start],
            after=page.text[span.end : span.end + CONTEXT],
            note="; ".join(note for note in notes if note),
        )


def _finding_kind(kind: str) -> str:
    return "junk" if kind == JUNK_LINE else kind


def _rule_name(finding: Located) -> str:
    return finding.rule or "(none)"


def _rules(documents: Iterable[Sequence[Located]]) -> dict[str, list[str]]:
    """The names of the rules by the kind of what they found, sorted."""
    names: dict[str, set[str]] = {}
    for found in documents:
        for item in found:
            names.setdefault(item.kind, set()).add(_rule_name(item))
    return {kind: sorted(rules) for kind, rules in sorted(names.items())}


def _mask(spans: Iterable[Span], length: int) -> NDArray[np.bool_]:
    mask = np.zeros(length, dtype=bool)
    for start, end in spans:
        mask[start:end] = True
    return mask


def _runs(chosen: NDArray[np.bool_], scored: NDArray[np.bool_]) -> list[Span]:
    """Runs of chosen characters; one is not cut by the characters in it that are not scored."""
    places = np.flatnonzero(scored)
    steps = np.diff(chosen[places].astype(np.int8), prepend=0, append=0)
    starts, ends = places[np.flatnonzero(steps == 1)], places[np.flatnonzero(steps == -1) - 1] + 1
    return [Span(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
