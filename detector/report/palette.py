"""The six parts as people see them: order, letter, name and colour.

Colours are those of Okabe and Ito ("Color Universal Design", 2008), which people with any common colour blindness can
tell apart; own text is a quiet grey, so that what a document did not write stands out. The letter is always drawn too.
"""

from __future__ import annotations

from typing import NamedTuple

from detector.model import Parts


class Paint(NamedTuple):
    """How one part is drawn: ``ink`` is the colour of letters on ``colour``."""

    letter: str
    colour: str
    ink: str
    says: str


PAINTS = {
    "own": Paint("O", "#b4bcc6", "#1b1f24", "found nowhere else"),
    "phrase": Paint("P", "#56b4e9", "#06202e", "said by several families"),
    "shared": Paint("S", "#0072b2", "#ffffff", "also in another family"),
    "repeated": Paint("R", "#cc79a7", "#2b0f1f", "earlier in the document"),
    "unfilled": Paint("U", "#d55e00", "#ffffff", "clauses with blanks left"),
    "junk": Paint("J", "#f0c030", "#2b2100", "added by the site"),
}
"""Parts in the order of the bars: own text first, so that bars of several documents compare by their left end."""


def percent(ratio: float | None, digits: int = 1) -> str:
    """A ratio as percent, never rounded to all or nothing; a dash for None.

    >>> percent(0.4217), percent(0.99999), percent(1.0), percent(0.00001), percent(None)
    ('42.2 %', '>99.9 %', '100.0 %', '<0.1 %', '–')
    """
    if ratio is None:
        return "\N{EN DASH}"
    step = 10.0 ** -(digits + 2)
    if 0.0 < ratio < step:
        return f"<{step:.{digits}%}".replace("%", " %")
    if 1.0 - step < ratio < 1.0:
        return f">{1.0 - step:.{digits}%}".replace("%", " %")
    return f"{ratio:.{digits}%}".replace("%", " %")


def bar_widths(parts: Parts, width: int) -> dict[str, int]:
    """Cells of every part in a bar of ``width``: largest remainder, and at least one cell for a part that exists.

    >>> bar_widths(Parts(junk=1, own=999), 10)
    {'own': 9, 'phrase': 0, 'shared': 0, 'repeated': 0, 'unfilled': 0, 'junk': 1}
    """
    counts = {name: getattr(parts, name) for name in PAINTS}
    cells = dict.fromkeys(PAINTS, 0)
    if not parts.total or width < 1:
        return cells
    exact = {name: count * width / parts.total for name, count in counts.items()}
    cells = {name: max(int(value), 1 if value else 0) for name, value in exact.items()}
    by_need = sorted(PAINTS, key=lambda name: exact[name] - cells[name])
    while sum(cells.values()) < width:
        name = max(PAINTS, key=lambda name: exact[name] - cells[name])
        cells[name] += 1
    while sum(cells.values()) > width:
        name = next((name for name in by_need if cells[name] > 1), None) or max(cells, key=lambda name: cells[name])
        cells[name] -= 1
        by_need = sorted(PAINTS, key=lambda name: exact[name] - cells[name])
    return cells
