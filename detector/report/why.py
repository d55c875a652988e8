"""Why a document was dropped, kept or scored so, on the terminal: the verdict, the rules, what costs most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.style import Style
from rich.text import Text

from detector.report.bars import bar, chip
from detector.report.drawing import (
    BOLD,
    COMMAND,
    DIM,
    Frame,
    cell_width,
    command,
    from_first,
    padded,
    side_by_side,
    text_rows,
)
from detector.report.palette import PAINTS, percent
from detector.report.shown import clipped, shortened, shown
from detector.report.spans import compared, without_tail
from detector.report.terminal import document_notes, without_figures
from detector.report.words import counted
from detector.thresholds.tuning import counts, option

if TYPE_CHECKING:
    from detector.filtering.verdicts import Cost, Margin, Verdict

COST_ROWS = 3
MAX_COMPARED = 1200
"""Characters of two texts that are compared; longer spans are compared at their beginning."""
DROPPED, KEPT = Style(color="red", bold=True), Style(color="green", bold=True)


def render_verdict(found: Verdict, console: Console, *, folder: str | None = None) -> None:
    """Print a verdict; with ``folder``, the command that shows the whole document, too."""
    frame = Frame.of(console, len(found.costs))
    _head(found, frame)
    _decision(found, frame)
    _rules(found, frame)
    _costs(found, frame)
    if folder is not None:
        line = command("detector", "explain", folder, "--doc", found.document.id)
        if line is not None:
            frame.gap()
            frame.console.print(Text.assemble(("all of it, in place  ", DIM), (line, COMMAND)), soft_wrap=True)


def _head(found: Verdict, frame: Frame) -> None:
    """The document, its originality and parts."""
    score = found.document
    where = f"{shown(score.source)}, record {score.row:,}" if score.source else f"record {score.row:,}"
    frame.line((shortened(shown(score.id), frame.width), BOLD))
    frame.line((shortened(where, frame.width), DIM))
    for note in document_notes(score):
        frame.line(clipped(note, frame.width))
    frame.gap()
    if score.originality is None:
        frame.paragraph(Text(without_figures(score)), 0, 2)
        return
    value = score.originality if score.originality_1k is None else score.originality_1k
    line = Text.assemble((percent(value), BOLD), f" of {score.n_chars:,} characters")
    line.append(" not seen elsewhere" if score.originality_1k is None else " expected not to be seen in 1,000 families")
    if found.rank is not None and found.n_ranked > 1:
        least = f"the least original of {found.n_ranked:,} documents"
        line.append(
            f"; {least if found.rank == 1 else f'{found.rank - 1:,} of {found.n_ranked:,} documents have less'}"
        )
    for row in text_rows(line, frame.width, 3):
        frame.line(row)
    frame.line(bar(score.parts, frame.width, plain=frame.plain))
    words = Text()
    for name in PAINTS:
        if getattr(score.parts, name):
            word = Text.assemble(chip(name, plain=frame.plain), f" {name} {percent(score.parts.share(name))}  ")
            if words.cell_len + word.cell_len > frame.width + 2:
                frame.line(words)
                words = Text()
            words.append_text(word)
    frame.line(words)


def _decision(found: Verdict, frame: Frame) -> None:
    """Kept or dropped, and what would have kept it."""
    frame.gap()
    if found.kept is None:
        frame.paragraph(Text("No threshold was named: these are the values that thresholds look at.", DIM), 0, 2)
        return
    if found.kept:
        frame.line(("kept", KEPT), "  nothing speaks against it")
        return
    rules = ", ".join(_rule(reason.rule) for reason in found.reasons)
    frame.paragraph(Text.assemble(("dropped", DROPPED), f"  by {shown(rules)}"), 0, 3)
    for reason in found.reasons:
        if reason.rule == "family":
            frame.paragraph(Text(f"its family has another member that is kept: {shown(str(reason.value))}"), 2, 3)
    frame.paragraph(Text.assemble("would be kept with  ", (shown("  ".join(found.keep)), COMMAND)), 2, 3)


def _rule(name: str) -> str:
    """A rule as the command line names it."""
    words = {"family": "--families", "empty_after_strip": "--strip"}
    return words.get(name) or option(name)


def _rules(found: Verdict, frame: Frame) -> None:
    """Value, threshold and margin of every rule."""
    frame.title("Rules", "" if found.kept is None else "margin below 0: the rule speaks against the document")
    name_width = max(len(option(check.name)) for check in found.checks)
    frame.line((clipped(f"  {'':<{name_width}}  {'value':>9}  {'threshold':>9}  {'margin':>9}", frame.width), DIM))
    is_measured = found.document.originality is not None or not found.document.n_chars
    for check in found.checks:
        if not is_measured and not counts(check.name):
            continue
        value = f"{_number(check, check.value):>9}"
        threshold = f"{_number(check, check.threshold):>9}"
        apart = "" if check.margin is None else f"{_number(check, check.margin, sign=True):>9}"
        speaks = check.margin is not None and check.margin < 0
        style = DROPPED if speaks else BOLD
        line = Text.assemble("  ", padded(option(check.name), name_width), "  ", (value, BOLD), "  ", threshold, "  ")
        frame.line(line.append(apart, style).append("  drops it" if speaks else "", DROPPED))


def _number(check: Margin, value: float | None, *, sign: bool = False) -> str:
    """A value as thresholds are written: ratios with three digits."""
    if value is None:
        return "\N{EN DASH}"
    plus = "+" if sign else ""
    return f"{int(value):{plus},}" if counts(check.name) else f"{value:{plus}.3f}"


def _costs(found: Verdict, frame: Frame) -> None:
    """The spans that cost most originality, beside what they were compared with."""
    if not found.costs:
        if found.document.originality is not None:
            frame.title("Costs nothing", "all of its text is its own")
        return
    frame.title("Costs most", "characters that are not its own · here|there where both differ")
    for number, cost in enumerate(found.costs):
        if number:
            frame.gap()
        head = Text.assemble("  ", chip(cost.part, plain=frame.plain), " ", (f"{cost.n_chars:,}", BOLD))
        share = cost.n_chars / max(1, found.document.n_chars)
        head.append(f" characters, {percent(share)} of the document, at {cost.start:,}")
        name = clipped(shown(cost.name or cost.kind), max(0, frame.width - head.cell_len - 2))
        frame.line(head, " " * max(2, frame.width - head.cell_len - cell_width(name)), (name, DIM))
        frame.paragraph(_text(cost, frame), 4, COST_ROWS)
        if where := _where(cost, found.document.id):
            frame.paragraph(Text(where, DIM), 4, 2)


def _text(cost: Cost, frame: Frame) -> Text:
    """The span, beside the one that it was compared with where that is at hand."""
    if not cost.text:
        return Text("(the text is not at hand)", DIM)
    if cost.other_text is None:
        return Text(shown(" ".join(cost.text[:MAX_COMPARED].split())))
    runs = compared(cost.text[:MAX_COMPARED].strip(), cost.other_text[:MAX_COMPARED].strip())
    if len(cost.text) > MAX_COMPARED or len(cost.other_text) > MAX_COMPARED:
        runs = without_tail(runs)
    return side_by_side(from_first(runs, frame.width - 4, COST_ROWS), plain=frame.plain)


def _where(cost: Cost, doc: str) -> str:
    """Where a span was found, and how many families have it."""
    among = "" if cost.n_families is None or cost.n_families < 2 else counted(cost.n_families, "family")
    if cost.other is None:
        return f"in {among}" if among else ""
    if cost.other == doc:
        return f"earlier in the document, at {cost.other_start:,}"
    place = f"also in {shown(cost.other)} at {cost.other_start:,}"
    return f"{place}, in {among} in all" if among else place
