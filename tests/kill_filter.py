"""Kills a filter again and again, each time at another moment, and resumes it: ``python tests/kill_filter.py DIR N``.

Half of the moments are counted in files opened and renamed, half in time. After each kill every file under a final name
must be whole; after the resume all must be as if nothing had happened. Prints the number of runs that were killed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from detector.errors import DetectorError
from detector.filtering.journal import PARTIAL
from detector.filtering.plan import FilterPlan
from detector.filtering.run import Thresholds, filter_corpus
from detector.results.index import open_scan

PLAN = FilterPlan(Thresholds(min_originality=0.3), strip=("junk", "shared", "repeated"), max_drop=1.0)


def run(folder: Path, out: Path, at_event: int | None = None) -> None:
    """In a process of its own: filter, and be killed at the n-th event of the interpreter."""
    if at_event is not None:
        count = 0

        def hook(event: str, _: object) -> None:
            nonlocal count
            if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate"):
                count += 1
                if count == at_event:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
    try:
        filter_corpus([folder / "in"], open_scan(folder / "scan"), out, plan=PLAN, resume=True)
    except DetectorError as error:
        if "nothing to resume" not in str(error):
            raise


def forked(folder: Path, out: Path, *, event: int | None = None, seconds: float | None = None) -> bool:
    """Run in a child; whether it was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(folder, out, event)
            code = 0
        finally:
            os._exit(code)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the filter failed by itself"
    return False


def results(out: Path) -> dict[str, object]:
    """The files under final names; of the summary what may not differ between two runs."""
    found: dict[str, object] = {}
    for path in out.rglob("*"):
        name = path.relative_to(out)
        if path.is_file() and name.parts[0] != PARTIAL:
            found[name.as_posix()] = path.read_bytes()
    if "summary.json" in found:
        found["summary.json"] = {**json.loads((out / "summary.json").read_text()), "run": None}
    return found


def main(folder: Path, n: int) -> None:
    """Kill ``n`` runs."""
    reference = folder / "reference"
    run(folder, folder / "warm")  # kernels are loaded once, and not by every child
    began = time.monotonic()
    assert not forked(folder, reference)
    length = time.monotonic() - began
    expected = results(reference)
    draw = random.Random(n)
    n_killed = 0
    for number in range(n):
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        n_tries = 1 + number % 3 // 2  # every third run is killed again while it is resumed
        for _ in range(n_tries):
            if number % 2:
                n_killed += forked(folder, out, seconds=draw.uniform(0, 1.1 * length))
            else:
                n_killed += forked(folder, out, event=draw.randrange(1, 90))
            for name, data in results(out).items() if out.exists() else ():
                if not name.startswith(".") and not name.endswith(".part"):
                    assert data == expected[name], f"half-written: {name}"
        forked(folder, out)
        found = results(out)
        differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        assert not differing, f"run {number}: the resumed filter gave something else in {differing}"
        assert not (out / PARTIAL).exists()
    print(n_killed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
