"""What each threshold of a filter would drop, on the terminal: a ladder of values with documents at the boundary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from detector.report.drawing import BOLD, COMMAND, DIM, Frame, command, padded
from detector.report.palette import percent
from detector.report.shown import clipped, shortened, shown
from detector.report.terminal import distribution
from detector.report.words import counted
from detector.thresholds.tuning import counts, is_least

if TYPE_CHECKING:
    from detector.thresholds.tuning import Ladder, Near, Step, Tuning

WIDE = 100
"""Columns from which on both documents beside a threshold are named."""


def render_tuning(found: Tuning, console: Console, *, inputs: Sequence[str] = (), folder: str = "") -> None:
    """Print the ladders; nothing is recommended: what may go depends on what the corpus is for."""
    frame = Frame.of(console, 1)
    told = f"{counted(found.n_documents, 'document')}, {found.n_chars:,} characters"
    if found.n_copies:
        told += f"; {counted(found.n_copies, 'near-copy')} among them, which --families decides on"
    frame.paragraph(Text(f"What each threshold by itself would drop of {told}."), 0, 3)
    for ladder in found.ladders:
        _ladder(ladder, found, frame)
    line = command("detector", "filter", *inputs, "--scan", folder, "--out", "clean") if inputs and folder else None
    if line is not None:
        frame.gap()
        text = Text.assemble(("apply what you choose  ", DIM), (f"{line} --min-originality R", COMMAND))
        frame.console.print(text, soft_wrap=True)


def _ladder(ladder: Ladder, whole: Tuning, frame: Frame) -> None:
    """One threshold: how its values lie, then a row a step."""
    if not ladder.n_measured:
        frame.title(ladder.option, "no document has a value")
        return
    least, _, median, _, most = (_number(ladder.name, value) for value in ladder.quartiles)
    frame.title(ladder.option, f"values from {least} to {most}, half of them up to {median}")
    if not ladder.steps:
        frame.line((clipped("  drops nothing, or everything, at any step", frame.width), DIM))
        return
    if ladder.bins and frame.width >= 50:
        frame.line(("  0 ", DIM), distribution(ladder.bins), (" 1", DIM))
    side = "below" if is_least(ladder.name) else "above"
    beside = "last dropped, first kept" if frame.width >= WIDE else "last dropped"
    frame.line((clipped(f"  {side:>7}  {'documents':>18}  {'characters':>10}  {beside}", frame.width), DIM))
    for step in ladder.steps:
        _step(ladder, step, whole, frame)


def _step(ladder: Ladder, step: Step, whole: Tuning, frame: Frame) -> None:
    """What one value drops, and the documents beside it."""
    share = percent(step.n_documents / whole.n_documents)
    chars = percent(step.n_chars / whole.n_chars if whole.n_chars else 0.0)
    line = Text.assemble(
        (f"  {_number(ladder.name, step.threshold, digits=2):>7}", BOLD),
        f"  {step.n_documents:>9,} {share:>8}  {chars:>10}  ",
    )
    room = frame.width - line.cell_len
    if frame.width >= WIDE:
        each = (room - 2) // 2
        line.append(padded(_near(ladder.name, step.dropped, each), each) + "  ", DIM)
        line.append(_near(ladder.name, step.kept, each), DIM)
    elif room >= 12:
        line.append(_near(ladder.name, step.dropped, room), DIM)
    frame.line(line)


def _near(name: str, near: Sequence[Near], width: int) -> str:
    """A document with its value."""
    if not near:
        return clipped("none", width)
    value = _number(name, near[0].value)
    return f"{value} {shortened(shown(near[0].id), max(3, width - len(value) - 1))}"


def _number(name: str, value: float, digits: int = 3) -> str:
    """A value of a threshold as the command line takes it."""
    return f"{int(value):,}" if counts(name) else f"{value:.{digits}f}"
