"""What all reports on the terminal are drawn with: headings, rows of text, numbers with their nouns, marked excerpts.

Everything is drawn as `rich.text.Text` from `shown` text, never as markup, and measured in cells, so that wide
characters align and a document can neither inject styles nor move the cursor.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.style import Style
from rich.text import Text

from detector.model import Span
from detector.report.bars import is_plain
from detector.report.shown import ELLIPSIS, clipped, rows, shortened, shown, widths
from detector.report.spans import Run

WIDEST = 120
"""Columns beyond which nothing is drawn: longer lines of text are hard to read."""
COUNT = 7
"""Digits that a column of numbers has room for."""
NAME = 16
"""Cells in which an id that does not fit is still told from others."""
LEAD = 20
"""Characters before the first difference of a long sample."""
DIM = Style(dim=True)
BOLD = Style(bold=True)
DIFFERENT = Style(color="magenta", bold=True)
"""What differs between two members: no colour of a part, and one of those that the terminal fits to its background."""
FOUND = Style()
"""A finding in its line, which is drawn dim around it."""
COMMAND = Style(color="cyan")


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a report is drawn: the console, the rows a list may have, and whether colours are missing."""

    console: Console
    limit: int
    plain: bool

    @classmethod
    def of(cls, console: Console, limit: int) -> Frame:
        """A frame on a console."""
        return cls(console, limit, is_plain(console))

    @property
    def width(self) -> int:
        """Columns that are drawn in."""
        return min(self.console.width, WIDEST)

    def line(self, *parts: str | Text | tuple[str, Style]) -> None:
        """Print one line, cut at the edge rather than wrapped; `Console.print` must be told so, for it joins its texts
        to a new one that has nothing of their own settings."""
        text = Text.assemble(*parts)
        if self.plain:
            text.rstrip()  # with colours, spaces are bars
        self.console.print(text, no_wrap=True, overflow="crop")

    def gap(self) -> None:
        """Print an empty line."""
        self.console.print()

    def title(self, title: str, note: str = "") -> None:
        """An empty line, then the title of a section and what its rows are."""
        indent = len(title) + 2
        self.gap()
        for place, row in enumerate(text_rows(Text(note, DIM), self.width - indent, 2)):
            self.line(*(" " * indent,) if place else ((title, BOLD), "  " if note else ""), row)

    def more(self, n_more: int, what: str = "") -> None:
        """How many rows a list has left out."""
        if n_more > 0:
            self.line((clipped(f"  {ELLIPSIS} {n_more:,} more {what}".rstrip(), self.width), DIM))

    def count(self, number: int, says: str, n_rows: int = 2) -> None:
        """A number and what it counts, in rows below each other."""
        for place, row in enumerate(text_rows(Text(says), self.width - COUNT - 4, n_rows)):
            self.line((f"  {number:>{COUNT},}" if not place else " " * (COUNT + 2), BOLD), "  ", row)

    def paragraph(self, text: Text, indent: int, n_rows: int) -> None:
        """A text in at most ``n_rows`` indented rows."""
        for row in text_rows(text, self.width - indent, n_rows):
            self.line(" " * indent, row)


def text_rows(text: Text, width: int, n_rows: int) -> list[Text]:
    """A text as at most ``n_rows`` rows; an ellipsis says that something was cut."""
    found = rows(text.plain, width)
    drawn = [text[row.start : row.end] for row in found[:n_rows]]
    if len(found) > n_rows:
        last = found[n_rows - 1]
        kept = clipped(text.plain[last.start : last.end] + "  ", max(1, sum(widths(text.plain[last.start : last.end]))))
        drawn[-1] = text[last.start : last.start + len(kept) - 1].append(ELLIPSIS, DIM)
    return drawn


def padded(text: str, width: int) -> str:
    """``text`` with spaces up to ``width`` cells.

    >>> padded("镇", 4)
    '镇  '
    """
    return text + " " * max(0, width - sum(widths(text)))


def cell_width(text: str) -> int:
    """Cells that a `shown` text takes."""
    return sum(widths(text))


def marked(text: str, spans: Iterable[Span], style: Style, *, plain: bool) -> Text:
    """Raw ``text`` as drawn, with ``spans`` of it in ``style``, or in angle quotes without colour."""
    drawn, at = Text(), 0
    for start, end in spans:
        drawn.append(shown(text[at:start]))
        inside = shown(text[start:end])
        drawn.append(f"«{inside}»" if plain else inside, style)
        at = end
    drawn.append(shown(text[at:]))
    return drawn


def side_by_side(runs: Sequence[Run], *, plain: bool) -> Text:
    """Two texts as one: what both have, and where they differ both sides, ``here|there``."""
    drawn = Text()
    for run in runs:
        if run.same:
            drawn.append(shown(run.here))
            continue
        both = f"{shown(run.here)}|{shown(run.there)}"
        drawn.append(f"«{both}»" if plain else both, DIFFERENT)
    return drawn


def from_first(runs: Sequence[Run], width: int, n_rows: int) -> list[Run]:
    """The runs, where the first difference lies beyond ``n_rows`` without what is between their beginning and it."""
    first = runs[0] if runs else None
    if first is None or len(runs) == 1 or not first.same or cell_width(shown(first.here)) <= (n_rows - 1) * width:
        return list(runs)
    begin = clipped(first.here, width - 2 * LEAD).removesuffix(ELLIPSIS)
    here = f"{begin} {ELLIPSIS} {first.here[-LEAD:]}"
    return [Run(here, here, True), *runs[1:]]


def in_context(before: str, text: str, after: str, width: int, *, plain: bool) -> Text:
    """A finding in its line, cut on both sides to ``width`` cells; the finding itself is kept whole if it fits."""
    mark = shortened(shown(text), width - 2 if plain else width)
    mark = f"«{mark}»" if plain else mark
    left = width - cell_width(mark)
    before, after = shown(before.lstrip()), shown(after.rstrip())
    n_after = min(cell_width(after), max(left // 2, left - cell_width(before)))
    head = clipped(before[::-1], left - n_after)[::-1]
    return Text.assemble((head, DIM), (mark, FOUND), (clipped(after, left - cell_width(head)), DIM))


def names(found: Sequence[str], n_all: int, width: int) -> str:
    """Ids in one line of at most ``width`` cells, as many of the first as fit, with the number of the others.

    >>> names(["north", "south", "west"], 5, 24)
    'north · south · … 3 more'
    """
    listed: list[str] = []
    for place, name in enumerate(found):
        rest = n_all - place - 1
        tail = f" · {ELLIPSIS} {rest:,} more" if rest else ""
        room = width - cell_width(" · ".join([*listed, ""])) - cell_width(tail)
        one = shown(name)
        if listed and cell_width(one) > room and room < NAME:
            break
        listed.append(shortened(one, max(4, room)))
    rest = n_all - len(listed)
    return " · ".join([*listed, *([f"{ELLIPSIS} {rest:,} more"] if rest else [])])


def command(*words: str) -> str | None:
    """A command line to copy, quoted for a shell; None where a word holds what cannot be drawn as it is."""
    line = " ".join(shlex.quote(word) for word in words)
    return line if shown(line) == line else None
