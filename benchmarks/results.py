"""The table of results: rows as data, then drawn on the terminal and as Markdown."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from measuring import Cost
from quality import Quality

DOCUMENTS, WHOLE, MASK = "a", "b", "m"
"""The jobs, by letter: documents deduplicated, the whole scan with its files written, and shared characters marked. A
row that does two has both letters."""

COLUMNS = ("job", "tool", "seconds", "CPU s", "MB/s", "memory MB", "a / its", "b / its", "recall", "precision", "note")
PRINTED_WIDTH = 120
"""Columns of the table where it does not go to a terminal."""

OWN_PACKAGES = ("boilerplate-detector", "numpy", "numba", "pyarrow", "rapidfuzz")


class Row(NamedTuple):
    """One tool on one corpus; ``failure`` says why there are no costs."""

    name: str
    job: str
    costs: tuple[Cost, ...] = ()
    quality: Quality | None = None
    note: str = ""
    failure: str | None = None
    ours: bool = False
    stages: Mapping[str, float] = MappingProxyType({})

    @property
    def seconds(self) -> float:
        """The median of wall clock seconds."""
        return statistics.median(cost.seconds for cost in self.costs)

    @property
    def processor(self) -> float:
        """The median of processor seconds."""
        return statistics.median(cost.processor for cost in self.costs)

    @property
    def memory(self) -> float:
        """The median of peak memory, in bytes."""
        return statistics.median(cost.memory for cost in self.costs)


class Result(NamedTuple):
    """Everything of one corpus."""

    n_bytes: int
    n_documents: int
    n_planted: int
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """What the corpus is."""
        return (
            f"{self.n_bytes / 1e6:,.1f} MB, {self.n_documents:,} documents, "
            f"{self.n_planted:,} planted pairs of Jaccard 0.7 or more"
        )


def cells(result: Result) -> list[tuple[str, ...]]:
    """The table's text, one tuple of `COLUMNS` a row; ratios are of wall clock, our seconds to theirs."""
    own = {job: row for row in reversed(result.rows) if row.ours and row.costs for job in row.job}
    return [_cells(row, result.n_bytes, own) for row in result.rows]


def _cells(row: Row, n_bytes: int, own: dict[str, Row]) -> tuple[str, ...]:
    if row.failure is not None:
        return (row.job, row.name, *("-",) * 8, row.failure)
    quality = row.quality
    return (
        row.job,
        row.name,
        f"{row.seconds:.2f}",
        f"{row.processor:.2f}",
        f"{n_bytes / 1e6 / row.seconds:.1f}",
        f"{row.memory / 1e6:,.0f}",
        *(f"{own[job].seconds / row.seconds:.3f}" if job in own else "-" for job in (DOCUMENTS, WHOLE)),
        *(_share(share) for share in ((quality.recall, quality.precision) if quality else (None, None))),
        row.note,
    )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.4f}"


def machine() -> str:
    """Processor, number of cores, memory, system and Python."""
    model = ""
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model or platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; "
        f"{platform.system()} {platform.machine()}; Python {platform.python_version()}"
    )


def versions(peers: Sequence[str]) -> str:
    """Our own packages, then the peers', each once."""
    own = [f"{name} {version(name)}" for name in OWN_PACKAGES]
    return ", ".join([*own, *sorted(set(peers))])


def markdown(results: Sequence[Result], *, command: str, packages: Sequence[str], runs: int) -> str:
    """The page benchmarks/results.md."""
    lines = [
        "# Results",
        "",
        f"Written by `{command}`; the README beside it says how to read it. The median of {runs} runs, taken in turn.",
        "",
        f"- Machine: {machine()}",
        f"- Versions: {versions(packages)}",
        "- Jobs: a = documents deduplicated (character 5-grams, 128 permutations, threshold 0.7), "
        "b = the whole scan, files written; m = shared characters marked by a suffix array",
        '- "a / its" and "b / its": our seconds for that job divided by the row\'s, from this run',
    ]
    for result in results:
        lines += ["", f"## {result.title}", "", _row(COLUMNS), _row(["---"] * len(COLUMNS))]
        lines += [_row(row) for row in cells(result)]
        lines += [line for row in result.rows if row.stages and row.costs for line in ("", stages(row))]
    if told := growth(results):
        head = ("tool", *(f"{result.n_bytes / 1e6:,.0f} MB" for result in results), "last / first")
        lines += ["", "## Throughput by size, MB/s", "", _row(head), _row(["---"] * len(head))]
        lines += [_row(row) for row in told]
    lines += ["", "![Seconds by tool, on a logarithmic scale](results.svg)"]
    return "\n".join(lines) + "\n"


def growth(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """Of every tool that has seen all of several corpora: its name, MB/s on each, and the last's over the first's."""
    told = []
    for rows in zip(*(result.rows for result in results), strict=True) if len(results) > 1 else ():
        if all(row.costs for row in rows):
            speeds = [result.n_bytes / 1e6 / row.seconds for result, row in zip(results, rows, strict=True)]
            told.append((rows[0].name, *(f"{speed:.1f}" for speed in speeds), f"{speeds[-1] / speeds[0]:.2f}"))
    return told


def stages(row: Row) -> str:
    """What each step of a scan took in its last run, and what is left of the clock: start-up and imports."""
    steps = [f"{name} {seconds:.2f}" for name, seconds in row.stages.items()]
    left = row.costs[-1].seconds - sum(row.stages.values())
    told = ", ".join([*steps, f"start and what no stage counts {left:.2f}"])
    return f"Stages of {row.name}, last run, seconds: {told}."


def _row(values: Sequence[str]) -> str:
    return "| " + " | ".join(value.replace("|", "\\|") for value in values) + " |"


def show(results: Sequence[Result]) -> None:
    """The tables on the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=PRINTED_WIDTH)
    for result in results:
        table = Table(title=Text(result.title), title_justify="left", box=box.SIMPLE)
        for name in COLUMNS[:-1]:
            table.add_column(name, justify="left" if name in ("job", "tool") else "right", no_wrap=True)
        drawn = cells(result)
        for row, texts in zip(result.rows, drawn, strict=True):
            style = "bold" if row.ours else "red" if row.failure is not None else ""
            table.add_row(*map(Text, texts[:-1]), style=style)
        console.print(table)
        for texts in drawn:
            if texts[-1]:
                console.print(Text(f"  {texts[1]}: {texts[-1]}"))


def to_json(results: Sequence[Result]) -> str:
    """All figures, each run's own among them."""
    return json.dumps(
        [
            {
                "n_bytes": result.n_bytes,
                "n_documents": result.n_documents,
                "rows": [
                    {
                        "name": row.name,
                        "job": row.job,
                        "runs": [cost._asdict() for cost in row.costs],
                        "quality": row.quality._asdict() if row.quality else None,
                        "failure": row.failure,
                    }
                    for row in result.rows
                ],
            }
            for result in results
        ],
        indent=1,
    )
