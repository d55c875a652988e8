"""The report of a scan of documents on the terminal: totals, copies by series, the largest families, problems.

As in `detector.report.terminal` everything is drawn as `rich.text.Text` from `shown` text, never as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.text import Text

from detector.report import data
from detector.report.drawing import BOLD, DIM, Frame, names
from detector.report.palette import percent
from detector.report.shown import shortened, shown
from detector.report.terminal import input_section
from detector.report.words import counted

if TYPE_CHECKING:
    from detector.document_scan import DocumentScan

MEMBERS = 3
"""Copies of a family that are listed."""


def render_duplicates(found: DocumentScan, console: Console, *, limit: int = 5) -> None:
    """Print the report of ``found``, at most ``limit`` rows of every list; what is left out is counted."""
    frame = Frame.of(console, limit)
    _summary(found, frame)
    if found.ids:
        _series(found, frame)
        _families(found, frame)
    _problems(found, frame)


def _summary(found: DocumentScan, frame: Frame) -> None:
    """The figures of the whole corpus."""
    n, corpus = len(found.ids), found.summary["corpus"]
    if not n:
        frame.line("No documents were read.")
        return
    share = percent(found.n_duplicates / n)
    frame.line((share, BOLD), f" of {counted(n, 'document')} are near-duplicates of another one")
    threshold = found.summary["settings"]["document_jaccard"]
    told = [f"{corpus['n_chars']:,} characters", f"{found.n_families:,} families"]
    told += [f"{corpus['n_series']:,} series"] if corpus["n_series"] else []
    lines = [" · ".join(told)]
    if found.n_duplicates:
        families = f"{counted(len(found.families), 'family')} of several documents"
        copies = counted(found.n_duplicates, "copy")
        lines.append(f"{copies} at a Jaccard similarity of {threshold:g} or more with the first of {families}")
    if n_crowded := found.summary["totals"]["n_documents_crowded"]:
        lines.append(f"{counted(n_crowded, 'document')} had more candidates than are compared")
    frame.gap()
    for line in lines:
        frame.paragraph(Text(line, DIM), 0, 3)


def _series(found: DocumentScan, frame: Frame) -> None:
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
    frame.title("Series", "copies, of how many documents")
    for number in listed[: frame.limit]:
        line = Text.assemble("  ", (f"{copies[number]:>7,}", BOLD), f"  of {documents[number]:>7,}")
        line.append(f"  {percent(copies[number] / documents[number]):>8}  ")
        frame.line(line.append(shortened(shown(found.series_names[number]), max(4, frame.width - line.cell_len))))
    frame.more(len(listed) - frame.limit, "series")


def _families(found: DocumentScan, frame: Frame) -> None:
    """The largest families: the head, and copies with their Jaccard similarity."""
    if not found.families:
        frame.title("Families", "no document is a near-duplicate of another")
        return
    largest = found.largest(frame.limit)
    frame.title("Families", "documents · the first, its copies with their Jaccard similarity")
    for rows in largest:
        copies = [f"{found.ids[row]} {found.ratio[row]:.2f}" for row in rows[1 : MEMBERS + 1]]
        head = shortened(shown(found.ids[rows[0]]), max(4, (frame.width - 11) // 2))
        line = Text.assemble("  ", (f"{len(rows):>7,}", BOLD), f"  {head}  ")
        frame.line(line.append(names(copies, len(rows) - 1, max(4, frame.width - line.cell_len)), DIM))
    frame.more(len(found.families) - len(largest), "families")


def _problems(found: DocumentScan, frame: Frame) -> None:
    """What could not be used, and why."""
    problems = found.summary["problems"]
    input_section(data.Skipped(problems["n"], tuple(problems["examples"]), 0, 0, {}), frame)
