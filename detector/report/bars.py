"""The parts on a terminal: as bars, chips and legends, by colour or, without it, by letter."""

from __future__ import annotations

from rich.console import Console
from rich.style import Style
from rich.text import Text

from detector.model import Parts
from detector.report.palette import PAINTS, Paint, bar_widths, percent

OWN = Style(bgcolor="#7d8590")
"""Own text in a bar: a grey that is quiet on a dark and on a light background. Bars are made of blanks on colour: block
letters are two cells wide in some fonts for Chinese."""
OWN_DOT = "\N{MIDDLE DOT}"
"""Own text in a bar without colour, so that the letters of the other parts stand out."""


def is_plain(console: Console) -> bool:
    """Whether letters have to carry the meaning: the console draws no colours, or 16, in which some parts are alike."""
    return console.no_color or console.color_system in (None, "standard")


def style_of(paint: Paint) -> Style:
    """Letters on the part's colour."""
    return Style(color=paint.ink, bgcolor=paint.colour)


def bar(parts: Parts, width: int, *, plain: bool) -> Text:
    """The parts as one stacked bar; with ``plain`` every cell is the letter of its part, and a dot for own text."""
    drawn = Text(no_wrap=True)
    for name, cells in bar_widths(parts, width).items():
        paint = PAINTS[name]
        if plain:
            drawn.append((OWN_DOT if name == "own" else paint.letter) * cells)
        else:
            drawn.append(" " * cells, OWN if name == "own" else Style(bgcolor=paint.colour))
    drawn.append(" " * (width - drawn.cell_len))
    return drawn


def chip(name: str, *, plain: bool) -> Text:
    """What stands for a part in a legend: its letter, on its colour where there are colours."""
    paint = PAINTS[name]
    if plain:
        return Text(OWN_DOT if name == "own" else paint.letter)
    return Text().append(f" {paint.letter} ", style_of(paint))


def legend(parts: Parts | None = None, *, plain: bool) -> list[Text]:
    """Letter, name and share of every part, one text each, in the order of the bar."""
    texts = []
    for name in PAINTS:
        text = Text(no_wrap=True)
        text.append_text(chip(name, plain=plain)).append(f" {name}")
        if parts is not None:
            text.append(f" {percent(parts.share(name))}", "bold")
        texts.append(text)
    return texts
