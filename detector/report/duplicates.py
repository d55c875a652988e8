"""The report of a scan of documents on the terminal: totals, copies by series, the largest families, problems.

As in `detector.report.terminal` everything is drawn as `rich.text.Text` from `shown` text, never as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from detector.report.palette import percent
from detector.report.shown import ELLIPSIS, shortened, shown
from detector.report.terminal import BOLD, DIM, counted, heading, one_line, text_rows

if TYPE_CHECKING:
    from detector.document_scan import DocumentScan

MEMBERS = 3
"""Copies of a family that are listed."""


def render_duplicates(found: DocumentScan, console: Console, *, limit: int = 10) -> None:
    """Print the report of ``found``, at most ``limit`` rows of every list; what is left out is counted."""
    console.print(_summary(found))
    if found.ids:
        _series(found, console, limit)
        _families(found, console, limit)
    _problems(found, console, limit)


def _summary(found: DocumentScan) -> Panel:
    """The figures of the whole corpus."""
    n, corpus = len(found.ids), found.summary["corpus"]
    if not n:
        return Panel(Text("No documents were read."), box=box.ROUNDED, border_style=DIM, padding=(0, 1))
    headline = Text.assemble(
        (percent(found.n_duplicates / n), BOLD), f" of {counted(n, 'document')} are near-duplicates of another one"
    )
    threshold = found.summary["settings"]["document_jaccard"]
    facts = [
        ("corpus", f"{counted(n, 'document')} · {corpus['n_chars']:,} characters"),
        ("families", f"{found.n_families:,}, {len(found.families):,} of more than one document"),
        ("duplicates", f"{found.n_duplicates:,} at a Jaccard similarity of {threshold:g} or more with their head"),
    ]
    if corpus["n_series"]:
        facts.insert(1, ("series", f"{corpus['n_series']:,}"))
    if n_crowded := found.summary["totals"]["n_documents_crowded"]:
        facts.append(("crowded", f"{counted(n_crowded, 'document')} had more candidates than are compared"))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style=DIM)
    table.add_column(overflow="fold")
    for label, value in facts:
        table.add_row(Text(label), Text(value))
    content: list[RenderableType] = [headline, Text(), table]
    return Panel(Group(*content), box=box.ROUNDED, border_style=DIM, padding=(1, 2))


def _series(found: DocumentScan, console: Console, limit: int) -> None:
    """How many documents of a series are copies, of any series; nothing where no series is known or has copies."""
    is_copy = found.head != np.arange(len(found.head))
    known = found.series >= 0
    n_names = len(found.series_names)
    copies = np.bincount(found.series[known & is_copy], minlength=n_names).tolist()
    documents = np.bincount(found.series[known], minlength=n_names).tolist()
    listed = [number for number in range(n_names) if copies[number]]
    if not listed:
        return
    listed.sort(key=lambda number: (-copies[number], found.series_names[number]))
    rows = listed[:limit]
    heading("Series", f"most duplicates first, {len(rows):,} of {len(listed):,}", console)
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_row(*(Text(name, DIM) for name in ("duplicates", "documents", "share", "series")))
    for number in rows:
        name = Text(shortened(shown(found.series_names[number]), max(4, console.width - 40)))
        share = percent(copies[number] / documents[number])
        table.add_row(Text(f"{copies[number]:,}", BOLD), Text(f"{documents[number]:,}"), Text(share), name)
    console.print(table)
    _more(len(listed) - len(rows), "documents", console)


def _families(found: DocumentScan, console: Console, limit: int) -> None:
    """The largest families: the head, and copies with their Jaccard similarity."""
    if not found.families:
        heading("Families", "no document is a near-duplicate of another", console)
        return
    largest = found.largest(limit)
    heading("Families", f"largest first, {len(largest):,} of {len(found.families):,}", console)
    for rows in largest:
        n_copies = counted(len(rows) - 1, "copy")
        name = shortened(shown(found.ids[rows[0]]), max(4, console.width - len(n_copies) - 4))
        console.print(one_line(Text.assemble("  ", name, "  ", (n_copies, BOLD))))
        for row in rows[1 : MEMBERS + 1]:
            name = shortened(shown(found.ids[row]), max(4, console.width - 21))
            console.print(one_line(Text.assemble("     ", name, (f"  Jaccard {found.ratio[row]:.2f}", DIM))))
        _more(len(rows) - 1 - MEMBERS, "members", console)
    _more(len(found.families) - len(largest), "clusters", console)


def _problems(found: DocumentScan, console: Console, limit: int) -> None:
    """What could not be used, and why."""
    problems = found.summary["problems"]
    n_lost = sum(problems["n"].values())
    heading("Input", "nothing was skipped" if not n_lost else f"{n_lost:,} skipped or changed", console)
    for name, number in problems["n"].items():
        console.print(one_line(Text.assemble((f"{number:>7,}", BOLD), f"  {shown(name)}")))
    examples = problems["examples"][:limit]
    for message in examples:
        for number, row in enumerate(text_rows(Text(shown(message)), console.width - 4, 3)):
            console.print(one_line(Text.assemble(("  - " if not number else "    ", DIM), row)))
    _more(n_lost - len(examples), "summary", console)


def _more(n_more: int, table: str, console: Console) -> None:
    """How many rows a list has left out, and where they are."""
    if n_more > 0:
        console.print(one_line(Text(f"  {ELLIPSIS} {n_more:,} more in the table of {table}", DIM)))
