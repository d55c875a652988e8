"""What a filter kept, dropped and cut out, and what a restore put back, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from detector.report.palette import percent
from detector.report.shown import shortened, shown
from detector.report.words import counted, problem_words

if TYPE_CHECKING:
    from detector.filtering.restoring import Restored
    from detector.filtering.run import FilterSummary

DIM = "dim"

NOTES = ("skipped_name", "results", "no_text")
"""Reasons that are what the settings ask for, or are told of among the notes."""

MOST_ROWS = 6
"""Rows of each table of rates: those that lose most."""


def filter_report(summary: FilterSummary, out: str | Path, console: Console) -> None:
    """What a filter kept, dropped and cut out."""
    kept = summary.n_kept / summary.n_documents if summary.n_documents else None
    lines = [
        ("documents", f"{summary.n_documents:,}"),
        ("kept", f"{summary.n_kept:,} ({percent(kept)})"),
        ("dropped", f"{summary.n_dropped:,}"),
        *((f"  {rule}", f"{count:,}") for rule, count in summary.dropped_by.items()),
        ("cleaned", f"{counted(summary.n_cleaned, 'document')}, {summary.n_removed_chars:,} characters cut out"),
        *((f"  {part}", counted(count, "place")) for part, count in summary.n_removed.items()),
    ]
    if summary.n_spared:
        lines.append(
            ("spared", f"{counted(summary.n_spared, 'document')}: protected, or the last that hold a shared text")
        )
    if summary.n_whole_for_figures:
        lines.append(("left whole", f"{counted(summary.n_whole_for_figures, 'sentence')} with figures of their own"))
    lines += [
        ("without text", f"{summary.n_without_text:,}"),
        ("not read", f"{counted(summary.n_not_read, 'record')}, kept as they are"),
    ]
    if summary.n_damaged:
        lines.append(("not cleaned", f"{counted(summary.n_damaged, 'document')} with bytes that could not be decoded"))
    lost = {reason: count for reason, count in summary.problems.items() if reason not in NOTES}
    lines.extend(("in the input", f"{count:,} {problem_words(reason)}") for reason, count in lost.items())
    for label, value in lines:
        console.print(Text.assemble((f"{shown(label):<18}", DIM), value))
    for name, rates in summary.rates.items():
        _rates(name, rates, console)
    for note in summary.notes:
        console.print(Text(f"note: {shown(note)}", "bold"))
    console.print(
        Text(f"Written to {shown(str(out))}: kept/, dropped/, removed.jsonl, decisions.jsonl, summary.json", DIM),
        soft_wrap=True,
    )


def _rates(name: str, rates: Mapping[str, Mapping[str, int]], console: Console) -> None:
    """The groups that lose most, with how much."""
    if not rates:
        return
    table = Table(box=None, pad_edge=False, header_style=DIM)
    for title in ("dropped", "", "of"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(name, overflow="fold")
    ordered = list(rates.items())
    if len(ordered) > MOST_ROWS:
        ordered.sort(key=lambda item: (-item[1]["dropped"] / item[1]["n"], -item[1]["n"], item[0]))
    for group, counts in ordered[:MOST_ROWS]:
        share = percent(counts["dropped"] / counts["n"])
        table.add_row(share, f"{counts['dropped']:,}", f"{counts['n']:,}", Text(shortened(shown(group), 48)))
    console.print(table)
    if len(ordered) > MOST_ROWS:
        console.print(Text(f"    and {len(ordered) - MOST_ROWS:,} more in summary.json", DIM))


def restore_report(restored: Restored, out: str | Path, console: Console) -> None:
    """What was put back."""
    told = "ids and texts are those that were filtered" if restored.same_digest else (
        "ids or texts differ from what was filtered: was the input renamed, or the folder changed?"
    )  # fmt: skip
    for label, value in (
        ("files", f"{restored.n_files:,}"),
        ("records", f"{restored.n_records:,}"),
        ("texts put back", f"{restored.n_texts:,}"),
        ("checked", told),
    ):
        console.print(Text.assemble((f"{label:<18}", DIM), value))
    console.print(Text(f"Written to {shown(str(out))}", DIM), soft_wrap=True)
