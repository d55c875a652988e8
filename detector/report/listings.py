"""Shorter reports: phrase book, evaluation, rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from detector.errors import ScanError
from detector.model import Finding, Phrase, as_row
from detector.report.column_lookup import lookup
from detector.report.drawing import BOLD, DIM, Frame, padded, text_rows
from detector.report.palette import percent
from detector.report.shown import clipped, shortened, shown
from detector.report.words import counted, none_found

if TYPE_CHECKING:
    from detector.evaluation.measures import Counts, Evaluation
    from detector.results.index import Scan
    from detector.rules.rule_tables import Rule

MAX_DOCUMENTS = 20
"""Documents that a report of an evaluation lists; `--json` has all."""


def as_json(scan: Scan) -> list[dict[str, Any]]:
    """The phrases of a scan as plain values."""
    return [as_row(phrase) for phrase, _ in lookup(scan).covering(None)]


def phrase_book(scan: Scan, console: Console, *, limit: int) -> None:
    """The phrases that explain most characters, each those that no phrase before it explains."""
    frame = Frame.of(console, limit)
    rows = lookup(scan).covering(limit)
    if not rows:
        frame.paragraph(Text(none_found("phrases", scan.summary)), 0, 2)
        return
    n_id = max((len(phrase.id) for phrase, _ in rows), default=0)
    frame.line((clipped(f"families  places  explains  {'id':<{n_id}}  phrase", frame.width), DIM))
    for phrase, n_chars in rows:
        line = Text.assemble((f"{phrase.n_families:>8,}", BOLD), f"{phrase.n_occurrences:>8,}{n_chars:>10,}  ")
        line.append(padded(shown(phrase.id), n_id) + "  ", DIM)
        room = max(8, frame.width - line.cell_len)
        indent = " " * (frame.width - room)
        for place, row in enumerate(text_rows(Text(shown(phrase.text)), room, 6)):
            frame.line(indent if place else line, row)
    frame.more(len(scan.phrases) - limit, "phrases; --limit N shows more")


def phrase_page(scan: Scan, names: Sequence[str], console: Console, *, limit: int) -> None:
    """Some phrases with the documents that have them; raises `ScanError` for an id that is none."""
    frame = Frame.of(console, limit)
    for number, (phrase, places) in enumerate(phrase_places(scan, names)):
        if number:
            frame.gap()
        counts = f"in {counted(phrase.n_families, 'family')}, {counted(phrase.n_occurrences, 'place')}"
        frame.line((shown(phrase.id), BOLD), "  ", (counts, DIM))
        frame.paragraph(Text(shown(phrase.text)), 2, 12)
        for finding in places[:limit]:
            where = f"{finding.start:>10,}  "
            line = Text.assemble((where, DIM), shortened(shown(finding.doc), max(4, frame.width - len(where))))
            if finding.text != phrase.text and finding.text:
                line.append("  " + shown(finding.text), DIM)
            frame.line(text_rows(line, frame.width, 1)[0])
        frame.more(len(places) - limit, "places; --limit N shows more")
        if (n_longer := phrase.n_occurrences - len(places)) > 0:
            frame.line((f"  {counted(n_longer, 'place')} in longer phrases", DIM))


def phrase_places(scan: Scan, names: Sequence[str]) -> list[tuple[Phrase, list[Finding]]]:
    """Phrases by their ids with the findings of each; raises `ScanError` for an id that is none."""
    known = {phrase.id: phrase for phrase in scan.phrases}
    for name in names:
        if name not in known:
            hint = "'phrases' lists them" + ("" if name.startswith("phrase-") else ", 'templates' clusters")
            raise ScanError(f"no phrase {shown(name)!r} in this scan of {counted(len(known), 'phrase')}; {hint}")
    places: dict[str, list[Finding]] = {name: [] for name in names}
    for finding in scan.findings:
        if finding.kind == "phrase" and finding.cluster in places:
            places[finding.cluster].append(finding)
    return [(known[name], found) for name, found in places.items()]


def evaluation_report(result: Evaluation, console: Console) -> None:
    """Precision, recall and F1 by kind over all documents, their means over documents, by rule, and by document."""
    table = _table("found", "wrong", "missed", "precision", "recall", "F1", first="kind")
    for kind, counts in result.by_kind.items():
        table.add_row(Text(kind), *_ratios(counts))
        table.add_row(Text("  mean of documents", DIM), "", "", "", *(percent(value) for value in result.macro(kind)))
    console.print(table)
    if result.macro_lost() is not None:
        said = f"Of a document's content {percent(result.macro_lost())} is called junk, mean over documents"
        console.print(Text(f"{said}; of all content {percent(_lost_in_all(result))}", DIM), soft_wrap=True)
    rules = _table("found", "wrong", first="rule")
    for by_rule in result.by_rule.values():
        for rule, counts in by_rule.items():
            rules.add_row(Text(shown(rule)), f"{counts.n_found:,}", f"{counts.n_wrong:,}")
    console.print(rules)
    _document_table(result, console)
    for name, ids in (("labelled but not in the scan", result.missing), ("labels cover too little", result.skipped)):
        if ids:
            console.print(Text(f"{len(ids)} documents not scored: {name}", DIM))


def _document_table(result: Evaluation, console: Console) -> None:
    """The documents with misses and false alarms, those with most first."""
    wrong = [
        (counts.n_wrong + counts.n_missed, doc, kind, counts)
        for doc, kinds in result.by_document.items()
        for kind, counts in kinds.items()
        if counts.n_wrong + counts.n_missed
    ]
    if not wrong:
        return
    table = _table("found", "wrong", "missed", "precision", "recall", "F1", "content lost", first="document")
    table.add_column("kind", style=DIM)
    for _, doc, kind, counts in sorted(wrong, key=lambda row: (-row[0], row[1], row[2]))[:MAX_DOCUMENTS]:
        lost = percent(result.lost(doc)) if kind == "junk" else ""
        table.add_row(Text(shown(doc)), *_ratios(counts), lost, Text(kind))
    console.print(table)
    if len(wrong) > MAX_DOCUMENTS:
        console.print(Text(f"    and {len(wrong) - MAX_DOCUMENTS:,} more; --json has all", DIM))


def _lost_in_all(result: Evaluation) -> float | None:
    """The share of all content that is called junk."""
    n_content = sum(result.n_content.values())
    return result.by_kind["junk"].n_wrong / n_content if n_content else None


def rule_list(rules: Sequence[Rule], console: Console) -> None:
    """One line a rule."""
    table = _table(first="rule")
    table.add_column("kind", style=DIM)
    table.add_column("why", overflow="fold")
    for rule in rules:
        table.add_row(Text(shown(rule.name)), Text(rule.kind), Text(shown(rule.why)))
    console.print(table)


def rule_page(rules: Sequence[Rule], console: Console) -> None:
    """Everything that a rule's row says."""
    for rule in rules:
        for name, value in as_row(rule).items():
            if value not in (None, (), "", [], 0):
                values = value if isinstance(value, tuple | list) else [value]
                for place, item in enumerate(values):
                    text = shown(str(item), lines=True).strip("\n")
                    console.print(Text.assemble((f"{name if place == 0 else '':<14}", "bold"), text))


def _table(*numbers: str, first: str | None = None) -> Table:
    table = Table(box=None, pad_edge=False, header_style=DIM)
    if first:
        table.add_column(first, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _ratios(counts: Counts) -> list[str]:
    return [
        f"{counts.n_found:,}",
        f"{counts.n_wrong:,}",
        f"{counts.n_missed:,}",
        *(percent(value) for value in (counts.precision, counts.recall, counts.f1)),
    ]
