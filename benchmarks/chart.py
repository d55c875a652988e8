"""The plot of the results: a bar a tool and corpus, seconds on a logarithmic scale, as SVG written by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from results import Result, Row

WIDTH, LEFT, RIGHT = 860, 230, 130
BAR, GAP, TITLE, AXIS, MARGIN = 16, 8, 34, 30, 16
INK, FAINT, PAGE = "#24292f", "#d0d7de", "#ffffff"
OWN, PEER = "#0a6e5c", "#8c959f"
FONT = 'font-family="\'DejaVu Sans\', Helvetica, Arial, sans-serif" font-size="13"'


def draw(results: Sequence[Result]) -> str:
    """The plot; a tool without figures has its name and why."""
    times = [row.seconds for result in results for row in result.rows if row.costs] or [1.0]
    low = math.floor(math.log10(max(min(times), 0.01)))
    high = max(low + 1, math.ceil(math.log10(max(times))))
    scale = (WIDTH - LEFT - RIGHT) / (high - low)
    body: list[str] = []
    top = MARGIN
    for result in results:
        height = len(result.rows) * (BAR + GAP)
        body.append(_text(MARGIN, top + 18, result.title, weight="bold"))
        top += TITLE
        body += [_tick(LEFT + (power - low) * scale, top, height, power) for power in range(low, high + 1)]
        for row in result.rows:
            body += _bar(row, top, low, scale)
            top += BAR + GAP
        top += AXIS
    frame = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}" {FONT} '
        f'role="img"><title>Seconds by tool, logarithmic</title>'
    )
    page = f'<rect width="{WIDTH}" height="{top}" fill="{PAGE}"/>'
    return "\n".join([frame, page, *body, "</svg>"]) + "\n"


def _bar(row: Row, top: int, low: int, scale: float) -> list[str]:
    middle = top + BAR - 3
    name = _text(LEFT - 10, middle, row.name, anchor="end", weight="bold" if row.ours else "normal")
    if not row.costs:
        return [name, _text(LEFT + 6, middle, row.failure or "not run", colour=PEER)]
    length = max(1.0, (math.log10(max(row.seconds, 0.01)) - low) * scale)
    label = f"{row.seconds:.2f} s, {row.memory / 1e6:,.0f} MB"
    return [
        f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{OWN if row.ours else PEER}"/>',
        name,
        _text(LEFT + length + 6, middle, label),
    ]


def _tick(left: float, top: int, height: int, power: int) -> str:
    line = f'<path d="M{left:.1f} {top - 4}V{top + height}" stroke="{FAINT}"/>'
    return line + _text(left, top + height + 14, f"{10.0**power:g} s", anchor="middle", colour=PEER)


def _text(
    left: float, top: float, text: str, *, anchor: str = "start", weight: str = "normal", colour: str = INK
) -> str:
    return (
        f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{colour}">'
        f"{escape(text)}</text>"
    )
