"""What a command costs from start to end: wall clock, processor time and peak memory, with its whole family.

    python benchmarks/measuring.py OUT.json SECONDS COMMAND...

A process of its own starts the command: on Linux the peak memory of a child is at least its parent's at the time of the
start, and the benchmark's own memory must not pass for a tool's.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

TIMED_OUT = 124
"""Exit status that stands for a command that was ended, as of the command timeout."""


class Cost(NamedTuple):
    """Seconds, seconds of processor time (user and system, children included), bytes, exit status.

    ``memory`` is the largest single process's: the kernel does not add up the peaks of those that ran side by side.
    """

    seconds: float
    processor: float
    memory: int
    status: int


class Outcome(NamedTuple):
    """The cost of a command and what it said on stderr."""

    cost: Cost
    errors: str


def measure(command: Sequence[str], folder: Path, limit: float) -> Outcome:
    """Run a command in a folder; it is ended with all its children after ``limit`` seconds."""
    with tempfile.TemporaryDirectory() as name:
        result = Path(name) / "cost.json"
        launcher = [sys.executable, "-S", str(Path(__file__).resolve()), str(result), str(limit), *command]
        done = subprocess.run(launcher, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        errors = done.stderr.decode("utf-8", "replace")
        if not result.is_file():
            return Outcome(Cost(0.0, 0.0, 0, done.returncode or 1), errors)
        return Outcome(Cost(**json.loads(result.read_text("utf-8"))), errors)


def launch(command: Sequence[str], limit: float) -> Cost:
    """The cost of a command that runs in a session of its own."""

    ended: list[bool] = []

    def end(*_: object) -> None:
        ended.append(True)
        os.killpg(child.pid, signal.SIGKILL)

    began = time.perf_counter()
    child = subprocess.Popen(list(command), start_new_session=True)
    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    signal.setitimer(signal.ITIMER_REAL, 0)
    child.returncode = TIMED_OUT if ended else os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, child.returncode)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(launch(sys.argv[3:], float(sys.argv[2]))._asdict()), "utf-8")
