"""Where a scan's time goes: its stages, then the functions that cost most by themselves.

    python benchmarks/profile_scan.py [INPUT ...] [--size 10] [--rows 25] [--workers 1]

Without an input it makes the benchmark's corpus of that size. The first table is of a run without the profiler, whose
own cost falls on Python functions; kernels count for the function that calls them. With two workers or more phrases
are found beside the matches, and their row is what they took beyond those.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from run import CACHE, made, size

from detector.machine.workspace import Workspace
from detector.pipeline import scan


def run(inputs: Sequence[str], workers: int) -> tuple[dict[str, float], int]:
    """Seconds of each stage, writing included, and characters."""
    with tempfile.TemporaryDirectory() as folder, Workspace(workers=workers) as work:
        began = time.perf_counter()
        result = scan(list(inputs), work=work)
        analysed = time.perf_counter()
        result.write(folder)
        ended = time.perf_counter()
    stages = dict(result.summary["run"]["seconds"])
    stages["between stages"] = analysed - began - sum(stages.values())
    stages["writing"] = ended - analysed
    return stages, int(result.summary["corpus"]["n_chars"])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Show where a scan's time goes.")
    parser.add_argument("input", nargs="*", help="what to scan (default: the corpus of the benchmark)")
    parser.add_argument("--size", type=size, default=size("10"), help="megabytes of the corpus (default: 10)")
    parser.add_argument("--rows", type=int, default=25, help="functions to show (default: 25)")
    parser.add_argument("--workers", type=int, default=1, help="threads (default: 1)")
    options = parser.parse_args(arguments)
    if not options.input:
        (CACHE / "work").mkdir(parents=True, exist_ok=True)
        options.input = [str(made(options.size, CACHE / "work"))]
    run(options.input, options.workers)  # kernels are loaded, files are in the page cache
    stages, n_characters = run(options.input, options.workers)
    console = Console() if sys.stdout.isatty() else Console(width=120)
    table = Table(
        "stage",
        title=f"{n_characters:,} characters that are no blanks, {sum(stages.values()):.2f} s",
        title_justify="left",
    )
    for name in ("seconds", "share", "ns a character"):
        table.add_column(name, justify="right")
    for name, seconds in stages.items():
        share = f"{seconds / sum(stages.values()):.1%}"
        table.add_row(name, f"{seconds:.2f}", share, f"{seconds / max(1, n_characters) * 1e9:.1f}")
    console.print(table)
    profile = cProfile.Profile()
    profile.runcall(run, options.input, 1)
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(options.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
