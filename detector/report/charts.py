"""The charts of a scan as SVG: for a paper each is a file of its own, in the page they take the page's colours.

Every part has a pattern and a letter besides its colour, so that a chart holds in print and for any eye. There is no
PNG: drawing Chinese letters needs a font engine, and every program that places an SVG makes one at the size it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from html import escape as escape_html
from typing import TYPE_CHECKING

from detector.model import PART_NAMES, Parts
from detector.report.column_lookup import lookup
from detector.report.palette import PAINTS, percent
from detector.report.shown import cells, shortened, shown

if TYPE_CHECKING:
    from detector.results.index import Scan

FONTS = (
    "'Helvetica Neue', Arial, 'Noto Sans', 'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', "
    "'Microsoft YaHei', sans-serif"
)
"""Latin letters first, then the fonts with Chinese letters that systems come with."""

WIDTH, MARGIN = 560, 12
SIZE, CELL = 12, 6.4
"""Size of the letters and the width of one terminal cell of them, in pixels: a Chinese letter is two."""
ROW, BAR = 24, 16
LABEL_CELLS = 24

# What stands over a part's colour, in its ink: second to the colour, so that it is drawn thinly.
PATTERNS = {
    "own": "",
    "phrase": '<circle cx="2" cy="2" r="1" stroke="none"/><circle cx="6" cy="6" r="1" stroke="none"/>',
    "shared": "",
    "repeated": '<path d="M0 2H8M0 6H8" stroke-width="1"/>',
    "unfilled": '<path d="M-2 2L2 -2M0 8L8 0M6 10L10 6" stroke-width="1.4"/>',
    "junk": '<path d="M2 0V8M6 0V8" stroke-width="1"/>',
}

STYLE = (
    f"text{{font:{SIZE}px {FONTS};fill:#1b1f24}}.quiet{{fill:#5b6470}}.title{{font-size:14px;font-weight:600}}"
    ".grid{stroke:#dde1e6}.axis{stroke:#5b6470}.bin{fill:#0072b2}.end{text-anchor:end}.middle{text-anchor:middle}"
    + "".join(
        f".{name}{{fill:url(#fill-{name})}}.{name}-ink{{fill:{paint.ink};font-weight:600}}"
        for name, paint in PAINTS.items()
    )
)
"""Colours of a chart that stands alone; in the page the style sheet has those of both schemes."""


escape = partial(escape_html, quote=False)
"""As that of ``xml.sax.saxutils``, which loads what speaks to servers."""


def charts(scan: Scan, limit: int = 30) -> dict[str, str]:
    """Every chart of a scan by the name of its file without ending; of documents the ``limit`` least original ones.

    Sources are the files that documents were read from: the series of a document is not kept in a scan.
    """
    found = lookup(scan)
    documents = [(score.id, score.parts) for score in found.documents(limit)]
    drawn = {
        "originality": originality_chart(found.bins()),
        "parts-by-document": parts_chart(documents, "Parts of the least original documents"),
    }
    by_source = parts_by_source(scan)
    if len(by_source) > 1:
        drawn["parts-by-source"] = parts_chart(by_source[:limit], "Parts of the files")
    return drawn


def parts_by_source(scan: Scan) -> list[tuple[str, Parts]]:
    """The files of a scan with the parts of all their documents, the least original first."""
    listing = lookup(scan).listed(None)
    sums: dict[str, list[int]] = {}
    for source, row in zip(listing.sources, listing.parts.tolist(), strict=True):
        held = sums.setdefault(source, [0] * len(PART_NAMES))
        sums[source] = [one + more for one, more in zip(held, row, strict=True)]
    rows = [(name, Parts(*counts)) for name, counts in sums.items()]
    return sorted(rows, key=lambda row: (row[1].originality is None, row[1].originality or 0.0, row[0]))


def patterns() -> str:
    """The fills of the parts, which charts and barcodes name as ``url(#fill-NAME)``."""
    drawn = []
    for name, paint in PAINTS.items():
        over = (
            f'<g fill="{paint.ink}" stroke="{paint.ink}" opacity=".34">{PATTERNS[name]}</g>' if PATTERNS[name] else ""
        )
        drawn.append(
            f'<pattern id="fill-{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
            f'<rect class="{name}-back" width="8" height="8" fill="{paint.colour}"/>{over}</pattern>'
        )
    return f"<defs>{''.join(drawn)}</defs>"


def originality_chart(bins: Sequence[int], *, alone: bool = True, link: Callable[[int, int], str] | None = None) -> str:
    """How many documents there are at every originality; ``link`` gives the address for a range in percent.

    ``bins`` are counts of documents at equal steps from 0 to 1. With ``alone`` the picture has its own style.
    """
    height, left, top = 256, 44, 34 if alone else 10
    bottom, tallest = height - 40, max(bins, default=0)
    step, ticks = (WIDTH - left - MARGIN) / max(1, len(bins)), _ticks(tallest)
    scale = (bottom - top) / max(1, ticks[-1])
    drawn = [_title("Documents by originality")] if alone else []
    for tick in ticks:
        y = bottom - tick * scale
        drawn.append(f'<path class="grid" d="M{left} {_n(y)}H{WIDTH - MARGIN}"/>')
        drawn.append(f'<text class="quiet end" x="{left - 6}" y="{_n(y + 4)}">{tick:,}</text>')
    for number, count in enumerate(bins):
        low, high = 100 * number // len(bins), 100 * (number + 1) // len(bins)
        x, tall = left + number * step, max(1.5, count * scale) if count else 0
        says = f"<title>{low} to {high} % own: {count:,} {'document' if count == 1 else 'documents'}</title>"
        bar = f'<rect class="bin" x="{_n(x + 1)}" y="{_n(bottom - tall)}" width="{_n(step - 2)}" height="{_n(tall)}"/>'
        if link is not None and count:
            whole = f'<rect class="hit" x="{_n(x)}" y="{top}" width="{_n(step)}" height="{bottom - top}"/>'
            drawn.append(f"<a href={_quoted(link(low, high))}>{says}{whole}{bar}</a>")
        elif count:
            drawn.append(f"<g>{says}{bar}</g>")
    drawn.append(f'<path class="axis" d="M{left} {bottom}H{WIDTH - MARGIN}"/>')
    for share in range(0, 101, 25):
        x = left + (WIDTH - left - MARGIN) * share / 100
        anchor = "end" if share == 100 else "middle"
        drawn.append(f'<text class="quiet {anchor}" x="{_n(x)}" y="{bottom + 17}">{share} %</text>')
    middle = (left + WIDTH - MARGIN) / 2
    drawn.append(f'<text class="quiet middle" x="{_n(middle)}" y="{bottom + 34}">own text of a document</text>')
    return _svg(height, "Documents by originality", drawn, alone=alone)


def parts_chart(
    rows: Iterable[tuple[str, Parts]],
    title: str = "Parts of the documents",
    *,
    alone: bool = True,
    links: Sequence[str] | None = None,
) -> str:
    """One stacked bar for each name with its parts; ``links`` are the addresses of the names."""
    held = list(rows)
    widest = max((cells(shortened(shown(name), LABEL_CELLS)) for name, _ in held), default=0)
    left, top = round(MARGIN + widest * CELL + 8), 34 if alone else 8
    width = WIDTH - left - 58
    drawn = [_title(title)] if alone else []
    for number, (name, parts) in enumerate(held):
        y = top + number * ROW
        label = f'<text class="end" x="{left - 8}" y="{y + 12}">{_text(shortened(shown(name), LABEL_CELLS))}</text>'
        label = f"<title>{_text(name)}</title>{label}"
        drawn.append(f"<g>{label}</g>" if links is None else f"<a href={_quoted(links[number])}>{label}</a>")
        drawn += _stack(parts, left, y, width)
        drawn.append(f'<text class="quiet" x="{left + width + 8}" y="{y + 12}">{percent(parts.originality)}</text>')
    y = top + len(held) * ROW + 6
    x: float = MARGIN
    for name, paint in PAINTS.items() if alone else ():
        drawn.append(f'<rect class="{name}" x="{_n(x)}" y="{y}" width="18" height="14"/>')
        drawn.append(f'<text class="{name}-ink middle" x="{_n(x + 9)}" y="{y + 11}">{paint.letter}</text>')
        drawn.append(f'<text class="quiet" x="{_n(x + 23)}" y="{y + 11}">{name}</text>')
        x += 40 + len(name) * CELL
    return _svg(y + 26 if alone else y, title, drawn, alone=alone)


def _stack(parts: Parts, left: float, y: float, width: float) -> list[str]:
    """The segments of one bar, each with its letter where there is room."""
    drawn, x = [], left
    for name, paint in PAINTS.items():
        share = parts.share(name)
        if not share:
            continue
        wide = share * width
        says = f"<title>{name} {percent(share)}</title>"
        drawn.append(f'<rect class="{name}" x="{_n(x)}" y="{y}" width="{_n(wide)}" height="{BAR}">{says}</rect>')
        if wide >= 14:
            drawn.append(f'<text class="{name}-ink" x="{_n(x + 4)}" y="{y + 12}">{paint.letter}</text>')
        x += wide
    return drawn


def _svg(height: float, title: str, drawn: Sequence[str], *, alone: bool) -> str:
    label = f'role="{"img" if alone else "group"}" aria-label={_quoted(shown(title))}'
    if not alone:
        return f'<svg class="chart" viewBox="0 0 {WIDTH} {_n(height)}" {label}>{"".join(drawn)}</svg>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{_n(height)}" '
    head += f'viewBox="0 0 {WIDTH} {_n(height)}" {label}>'
    back = f'<rect width="{WIDTH}" height="{_n(height)}" fill="#ffffff"/>'
    return "\n".join([head, f"<style>{escape(STYLE)}</style>", patterns(), back, *drawn, "</svg>", ""])


def _title(title: str) -> str:
    return f'<text class="title" x="{MARGIN}" y="20">{_text(title)}</text>'


def _text(text: str) -> str:
    return escape(shown(text))


def _quoted(text: str) -> str:
    """A text without line breaks as the value of an attribute."""
    return '"' + escape(text).replace('"', "&quot;") + '"'


def _ticks(tallest: int) -> list[int]:
    """Round numbers from 0 to at least ``tallest``, four steps or fewer.

    >>> _ticks(3), _ticks(17), _ticks(41_230), _ticks(0)
    ([0, 1, 2, 3], [0, 5, 10, 15, 20], [0, 20000, 40000, 60000], [0, 1])
    """
    step = next(size * 10**power for power in range(20) for size in (1, 2, 5) if size * 10**power * 4 >= tallest)
    return list(range(0, max(step, -(-tallest // step) * step) + 1, step))


def _n(value: float) -> str:
    """A coordinate with at most one decimal, the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
