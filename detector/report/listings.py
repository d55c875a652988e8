"""Shorter reports: phrase book, templates, evaluation, rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from detector.model import Cluster, Literal, Slot, as_row
from detector.report.column_lookup import lookup
from detector.report.palette import percent
from detector.report.shown import shortened, shown

if TYPE_CHECKING:
    from detector.evaluation import Counts, Evaluation
    from detector.index import Scan
    from detector.rules import Rule

DIM = "dim"


def as_json(scan: Scan, table: str, level: str | None) -> list[dict[str, Any]]:
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
        for cluster in _templates(scan, level)
    ]


def phrase_book(scan: Scan, console: Console, *, limit: int) -> None:
    """The phrases that explain most characters, each those that no phrase before it explains."""
    table = _table("families", "places", "explains")
    table.add_column("phrase", overflow="fold")
    for phrase, n_chars in lookup(scan).covering(limit):
        counts = (phrase.n_families, phrase.n_occurrences, n_chars)
        table.add_row(*(f"{count:,}" for count in counts), Text(shown(phrase.text)))
    console.print(table)
    _rest(len(scan.phrases) - limit, console)


def template_list(scan: Scan, console: Console, *, level: str | None, limit: int) -> None:
    """Templates with their slots and what stands in them."""
    clusters = _templates(scan, level)
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
    for counted in result.by_rule.values():
        for rule, counts in counted.items():
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


def _templates(scan: Scan, level: str | None) -> list[Cluster]:
    """Clusters of one level or all, those in most families first."""
    chosen = [cluster for cluster in scan.clusters if level is None or cluster.level == level]
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
