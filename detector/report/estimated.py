"""The table of what a scan would take, each need beside what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from detector.report.shown import shown
from detector.report.words import counted
from detector.room import human

if TYPE_CHECKING:
    from detector.estimate import Estimate

DIM = "dim"


def render_estimate(told: Estimate, console: Console) -> None:
    """Draw an estimate: time, memory, temporary disk, output; then what it rests on."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, title_style="bold", title_justify="left")
    table.title = f"A scan of {counted(told.n_files, 'file')}, {human(told.n_bytes)}, would take about"
    table.add_column("")
    table.add_column("needed", justify="right", no_wrap=True)
    table.add_column("there is", overflow="fold")
    for name, need, available, fits in _rows(told):
        table.add_row(name, Text(need, "" if fits else "bold red"), Text(shown(available)))
    console.print(table)
    console.print(Text(_notes(told), DIM))


def _rows(told: Estimate) -> list[tuple[str, str, str, bool]]:
    """Name, need, what there is, and whether it fits."""
    write = f"{duration(told.seconds_analysis)} to analyse, {duration(told.seconds_writing)} to write the results"
    limits = [size for size in (told.memory_budget, told.memory_available) if size is not None]
    memory = [
        f"{human(size)} {what}"
        for size, what in ((told.memory_budget, "allowed (--memory)"), (told.memory_available, "free"))
        if size is not None
    ]
    output = "no folder is named (--out)"
    if told.output_folder is not None and told.output_available is not None:
        output = _there(told.output_available, told.output_folder)
    needed = told.output + told.unfinished
    until_then = f" (until it is complete {human(needed)})" if told.unfinished else ""
    return [
        ("time", duration(told.seconds), f"{counted(told.workers, 'thread')}: {write}", True),
        ("memory", human(told.memory), ", ".join(memory), told.memory <= min(limits, default=told.memory)),
        (
            "temporary disk",
            human(told.temporary),
            _there(told.temporary_available, told.temporary_folder),
            told.temporary <= told.temporary_available,
        ),
        (
            f"output ({told.format})",
            human(told.output),
            output + until_then,
            told.output_available is None or needed <= told.output_available,
        ),
    ]


def _there(free: int, folder: str) -> str:
    return f"{human(free)} free in {folder}"


def _notes(told: Estimate) -> str:
    """What the estimate rests on, and in which direction it errs."""
    looked = counted(told.sample_files, "file")
    whole = told.sample_bytes >= told.text_bytes
    sample = (
        f"From {counted(told.sample_documents, 'document')} with {human(told.sample_bytes)} of text"
        f" {'' if whole else 'at the beginning '}of {looked}, scanned on this machine as it is now; the whole input is"
        f" taken to hold {human(told.text_bytes)} of text."
    )
    if whole or told.level == "document":
        return sample
    return f"{sample} The larger a corpus, the more of it is shared: matching and output may take more."


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(0.2), duration(7.26), duration(95), duration(4000), duration(200_000)
    ('under 1 s', '7.3 s', '1 min 35 s', '1 h 6 min', '55 h 33 min')
    """
    if seconds < 1:
        return "under 1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
