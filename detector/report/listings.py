"""Shorter reports: phrase book, templates, evaluation, rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from detector.errors import ScanError
from detector.model import Cluster, Finding, Literal, Phrase, Slot, as_row
from detector.report.column_lookup import lookup
from detector.report.drawing import BOLD, Frame, counted, padded, text_rows
from detector.report.drawing import DIM as DIMMED
from detector.report.palette import percent
from detector.report.shown import clipped, shortened, shown

if TYPE_CHECKING:
    from detector.evaluation import Counts, Evaluation
    from detector.index import Scan
    from detector.rules import Rule

DIM = "dim"


def as_json(scan: Scan, table: str, level: str | None, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The phrases or the templates of a scan as plain values."""
    if table == "phrases":
        return [as_row(phrase) for phrase, _ in lookup(scan).covering(None)]
    return [
        {
            **as_row(cluster),
            "template": [
                {"text": part.text}
                if isinstance(part, Literal)
                else {"slot": part.name, "type": part.type, "fills": [fill._asdict() for fill in part.fills]}
                for part in cluster.template
            ],
        }
        for cluster in _templates(scan, level, names)
    ]


def phrase_book(scan: Scan, console: Console, *, limit: int) -> None:
    """The phrases that explain most characters, each those that no phrase before it explains."""
    frame = Frame.of(console, limit)
    rows = lookup(scan).covering(limit)
    n_id = max((len(phrase.id) for phrase, _ in rows), default=0)
    frame.line((clipped(f"families  places  explains  {'id':<{n_id}}  phrase", frame.width), DIMMED))
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
        frame.line((shown(phrase.id), BOLD), "  ", (counts, DIMMED))
        frame.paragraph(Text(shown(phrase.text)), 2, 12)
        for finding in places[:limit]:
            where = f"{finding.start:>10,}  "
            line = Text.assemble((where, DIMMED), shortened(shown(finding.doc), max(4, frame.width - len(where))))
            if finding.text != phrase.text and finding.text:
                line.append("  " + shown(finding.text), DIM)
            frame.line(text_rows(line, frame.width, 1)[0])
        frame.more(len(places) - limit, "places; --limit N shows more")
        if (n_longer := phrase.n_occurrences - len(places)) > 0:
            frame.line((f"  {counted(n_longer, 'place')} in longer phrases", DIMMED))


def phrase_places(scan: Scan, names: Sequence[str]) -> list[tuple[Phrase, list[Finding]]]:
    """Phrases by their ids with the findings of each; raises `ScanError` for an id that is none."""
    known = {phrase.id: phrase for phrase in scan.phrases}
    for name in names:
        if name not in known:
            raise ScanError(f"no phrase {shown(name)!r} in this scan of {len(known):,} phrases; 'phrases' lists them")
    places: dict[str, list[Finding]] = {name: [] for name in names}
    for finding in scan.findings:
        if finding.kind == "phrase" and finding.cluster in places:
            places[finding.cluster].append(finding)
    return [(known[name], found) for name, found in places.items()]


def template_list(scan: Scan, console: Console, *, level: str | None, limit: int, names: Sequence[str] = ()) -> None:
    """Templates with their slots and what stands in them, all or those of the clusters named."""
    clusters = _templates(scan, level, names)
    for cluster in clusters[:limit]:
        slots = [part for part in cluster.template if isinstance(part, Slot)]
        differing = f"{len(slots)} {'slot' if len(slots) == 1 else 'slots'}" if slots else "the same in all"
        console.print(
            Text.assemble(
                (shown(cluster.id), "bold"),
                (f"  {cluster.n_members} members in {cluster.n_families} families, {differing}", DIM),
            )
        )
        console.print(_template_text(cluster), soft_wrap=False)
        for slot in slots[:8]:
            console.print(_slot_text(slot, console.width), no_wrap=True, overflow="ellipsis")
        _rest(len(slots) - 8, console, "slots")
        console.print()
    _rest(len(clusters) - limit, console)


def evaluation_report(result: Evaluation, console: Console) -> None:
    """Precision, recall and F1 by kind, then by rule."""
    table = _table("found", "wrong", "missed", "precision", "recall", "F1", "macro F1", first="kind")
    for kind, counts in result.by_kind.items():
        table.add_row(Text(kind), *_ratios(counts), percent(result.macro(kind).f1))
    console.print(table)
    rules = _table("found", "wrong", first="rule")
    for by_rule in result.by_rule.values():
        for rule, counts in by_rule.items():
            rules.add_row(Text(shown(rule)), f"{counts.n_found:,}", f"{counts.n_wrong:,}")
    console.print(rules)
    for name, ids in (("labelled but not in the scan", result.missing), ("labels cover too little", result.skipped)):
        if ids:
            console.print(Text(f"{len(ids)} documents not scored: {name}", DIM))


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


def _templates(scan: Scan, level: str | None, names: Sequence[str] = ()) -> list[Cluster]:
    """Clusters of one level or all, or those named, those in most families first; raises `ScanError`."""
    of: Any = getattr(scan.clusters, "named", None)
    if names and of is not None:
        found = [cluster for name in dict.fromkeys(names) for cluster in of(name)]
    else:
        found = [cluster for cluster in scan.clusters if not names or cluster.id in names]
    if missing := sorted(set(names) - {cluster.id for cluster in found}):
        raise ScanError(f"no cluster {shown(missing[0])!r} in this scan; 'templates' and 'explain' name them")
    chosen = [cluster for cluster in found if level is None or cluster.level == level]
    return sorted(chosen, key=lambda cluster: (-cluster.n_families, -cluster.n_members))


def _template_text(cluster: Cluster) -> Text:
    """A template on the terminal: slots are numbered and stand in guillemets, so that they show without colour."""
    text = Text("  ")
    for part in cluster.template:
        if isinstance(part, Literal):
            text.append(shown(part.text))
        else:
            text.append(f"«{part.name.removeprefix('slot')}:{part.type}»", "bold cyan")
    return text


def _slot_text(slot: Slot, width: int) -> Text:
    """The different fills of a slot, the most frequent first."""
    counts: dict[str, int] = {}
    for fill in slot.fills:
        counts[fill.text] = counts.get(fill.text, 0) + 1
    fills = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{shortened(shown(text), 30) or '(nothing)'}{f' ×{count}' if count > 1 else ''}" for text, count in fills]
    return Text.assemble(
        (f"    «{slot.name.removeprefix('slot')}» ", "bold cyan"), shortened(" | ".join(words), width - 12)
    )


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


def _rest(n_more: int, console: Console, noun: str = "") -> None:
    if n_more > 0:
        console.print(Text(f"    and {n_more:,} more {noun}".rstrip() + "; --limit N shows more", DIM))
