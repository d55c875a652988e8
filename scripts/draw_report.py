"""Writes docs/report.svg, the terminal report of seeds/ in a dark terminal, and reports/sample.

Run it from anywhere: ``python scripts/draw_report.py``. The same corpus gives the same bytes. Rich has a writer of its
own, but it stretches whole runs of text to their width, which squeezes Chinese; here every character has its place.
"""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from detector.pipeline import scan
from detector.report.terminal import Written, render
from detector.settings import Settings

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "report.svg"
SAMPLE = ROOT / "reports" / "sample"

COLUMNS = 100
ROWS_PER_LIST = 3
"""Rows of each list of the report: few, so that the picture shows several lists."""

CELL, LINE, FONT = 8.4, 20, 14
"""Width of a cell, height of a line and size of the letters, in pixels: a cell is 0.6 of the size, as monospaced
fonts have it."""

MARGIN = 20
FONTS = (
    "'DejaVu Sans Mono', 'SFMono-Regular', Menlo, Consolas, 'Noto Sans Mono CJK SC', 'Noto Sans CJK SC', "
    "'PingFang SC', 'Microsoft YaHei', monospace"
)

THEME = TerminalTheme(
    (18, 20, 24),
    (222, 226, 230),
    [
        (40, 44, 52),
        (224, 108, 117),
        (152, 195, 121),
        (229, 192, 123),
        (97, 175, 239),
        (198, 120, 221),
        (86, 182, 194),
        (171, 178, 191),
    ],
)
DIM = 0.6
"""How much of the way from the background to its colour dim text goes."""

STEPS = " ▁▂▃▄▅▆▇█"
"""Letters of a small chart, drawn as they are named: so many eighths of a line."""


class Look(NamedTuple):
    """How a run of text is drawn: colours as hexadecimal numbers, ``back`` None for the page's own."""

    colour: str
    back: str | None
    bold: bool


class Piece(NamedTuple):
    """A run of text of one look that begins at a cell of a line."""

    cell: int
    text: str
    look: Look


def report_lines() -> list[list[Piece]]:
    """The lines of the report on the sample corpus."""
    console = Console(
        record=True, file=StringIO(), width=COLUMNS, force_terminal=True, color_system="truecolor", _environ={}
    )
    found = scan(ROOT / "seeds", Settings())
    render(found, console, limit=ROWS_PER_LIST, written=Written("reports/seeds", ["seeds"]))
    # What is exported is text without styles; the record with them has no public name.
    segments = Segment.filter_control(console._record_buffer)
    return [_pieces(line) for line in Segment.split_lines(segments)]


def _pieces(line: list[Segment]) -> list[Piece]:
    pieces, cell = [], 0
    for segment in line:
        look = _look(segment.style or Style())
        if segment.text.strip() or look.back is not None:
            pieces.append(Piece(cell, segment.text, look))
        cell += cell_len(segment.text)
    return pieces


def _look(style: Style) -> Look:
    back, ink = THEME.background_color, THEME.foreground_color
    colour = style.color.get_truecolor(THEME) if style.color else ink
    behind = style.bgcolor.get_truecolor(THEME, foreground=False) if style.bgcolor else back
    if style.reverse:
        colour, behind = behind, colour
    if style.dim:
        mixed = (round(b + DIM * (c - b)) for b, c in zip(behind, colour, strict=True))
        colour = Color.from_rgb(*mixed).get_truecolor()
    return Look(colour.hex, None if behind == back else behind.hex, bool(style.bold))


def _drawn(row: int, piece: Piece) -> list[str]:
    """The elements of one piece: what is behind it, its lines, and its letters, each at its own place."""
    top, left = MARGIN + row * LINE, MARGIN + piece.cell * CELL
    elements = []
    if piece.look.back is not None:
        width = _number(cell_len(piece.text) * CELL)
        elements.append(
            f'<rect x="{_number(left)}" y="{top}" width="{width}" height="{LINE}" fill="#{_hex(piece.look.back)}"/>'
        )
    letters, places, cell = "", [], 0
    for character in piece.text:
        width = cell_len(character)
        at = left + cell * CELL
        cell += width
        if character in STEPS[1:]:
            tall = LINE * STEPS.index(character) / 8
            elements.append(
                f'<rect x="{_number(at)}" y="{_number(top + LINE - tall)}" width="{_number(CELL)}" '
                f'height="{_number(tall)}" fill="#{_hex(piece.look.colour)}"/>'
            )
        elif not character.isspace():
            letters += character
            places.append(_number(at + max(0.0, width * CELL - FONT) / 2 if width == 2 else at))
    if letters:
        weight = ' font-weight="bold"' if piece.look.bold else ""
        elements.append(
            f'<text y="{top + LINE - 5.5}" fill="#{_hex(piece.look.colour)}"{weight} x="{" ".join(places)}">'
            f"{escape(letters)}</text>"
        )
    return elements


def _hex(colour: str) -> str:
    return colour.removeprefix("#")


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def svg(lines: list[list[Piece]]) -> str:
    """The picture of some lines."""
    width, height = round(2 * MARGIN + COLUMNS * CELL), 2 * MARGIN + len(lines) * LINE
    elements = [element for row, line in enumerate(lines) for piece in line for element in _drawn(row, piece)]
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            "<!-- made by scripts/draw_report.py -->",
            "<title>The terminal report of detector scan seeds</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#{_hex(THEME.background_color.hex)}"/>',
            f'<g font-family="{FONTS}" font-size="{FONT}" fill="none" shape-rendering="auto" xml:space="preserve">',
            *elements,
            "</g>",
            "</svg>",
            "",
        ]
    )


def write_sample(directory: Path) -> None:
    """The files of a scan of seeds/, without what differs from run to run; its texts are found from the checkout."""
    found = scan(ROOT / "seeds", Settings())
    replace(found, summary={**found.summary, "run": {"inputs": ["seeds"]}}).write(directory)


if __name__ == "__main__":
    write_sample(SAMPLE)
    print(f"wrote {SAMPLE.relative_to(ROOT)}")
    TARGET.write_text(svg(report_lines()), "utf-8", newline="\n")
    print(f"wrote {TARGET.relative_to(ROOT)}")
