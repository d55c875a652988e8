"""Kernels compiled ahead, in processes of their own: numba compiles one function at a time, and a first scan wants more
than a hundred.

`LIST` names the kernels of a scan and the kinds of arguments that each is called with, in the order in which they are
asked for (``scripts/list_kernels.py`` writes it). The first kernel without code starts a process for every processor
but one; these begin at the end of the list, while the scan comes from its beginning. What the list lacks is compiled
when it is asked for, as ever. ``python -m detector.kernels.ahead`` compiles all of it.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

LIST = Path(__file__).parents[1] / "data" / "kernels.jsonl"


class Wanted(NamedTuple):
    """A kernel by its module and name, and the kinds (`machine_code.kind`) of the arguments that it is called with."""

    module: str
    name: str
    kinds: Any


def wanted() -> list[Wanted]:
    """All rows of the list."""
    return [Wanted(*_tuples(json.loads(line))) for line in LIST.read_text("utf-8").splitlines()]


HELPER = "DETECTOR_COMPILES"
"""Set in the processes that are started here, which start none themselves."""


@cache
def begin() -> None:
    """Begin to compile what the list has, once in a process; it ends with the process at the latest."""
    if HELPER in os.environ:
        return
    for number in range(1, _processors()):
        with suppress(OSError):
            process = _start(number - 1, _processors() - 1)
            atexit.register(process.kill)


def main() -> None:
    """Compiles a part of the list, from its end, while who asked for it lives; without arguments all of it."""
    if len(sys.argv) == 1:
        for process in [_start(number, _processors()) for number in range(_processors())]:
            process.wait()
        return
    part, n_parts, parent = map(int, sys.argv[1:])
    for row in wanted()[::-1][part::n_parts]:
        if os.getppid() != parent:
            return
        with suppress(Exception):  # whoever asks for it will see why
            getattr(import_module(row.module), row.name).have(row.kinds)


def _start(part: int, n_parts: int) -> subprocess.Popen[bytes]:
    """A process for a part of the list."""
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", "detector.kernels.ahead", *map(str, (part, n_parts, os.getpid()))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), HELPER: "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _processors() -> int:
    """The processors that this process may use (kernels are compiled here on Linux only)."""
    return len(os.sched_getaffinity(0))


def _tuples(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


if __name__ == "__main__":
    main()
