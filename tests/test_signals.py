"""Signals and kills: a command ends within a second, leaves nothing half written, and says how to go on."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from detector.commands.signals import INTERRUPTED, Watch
from detector.tables.scan_files import MANIFEST, UNFINISHED

ROOT = Path(__file__).parents[1]

BUSY = """
import hashlib, sys, threading
from pathlib import Path
from detector.commands.display import SITUATION
from detector.machine.leftovers import temporary
from detector.commands.signals import Watch

SITUATION.stage, SITUATION.kept = "matches", lambda: "two stages are kept"
folder = Path(sys.argv[1])
with Watch(lambda: print(SITUATION.told(), file=sys.stderr)), temporary(folder / "half.part") as path:
    path.write_text("half")
    threading.Timer(0.2, print, ["begun"], {"flush": True}).start()  # while it is at what follows
    hashlib.pbkdf2_hmac("sha256", b"", b"", 1 << 30)  # some minutes without an instruction of Python's
"""


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def begun(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that has said that it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_long_computation_ends_within_a_second(tmp_path: Path, number: signal.Signals) -> None:
    process = begun(BUSY, tmp_path)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)  # it would take minutes otherwise
    assert process.returncode == INTERRUPTED
    assert told == "interrupted at the stage 'matches': two stages are kept\n"
    assert list(tmp_path.iterdir()) == []


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    process = begun(
        BUSY.replace("import Watch", "import Watch; import detector.commands.signals as s; s.GRACE_SECONDS = 60"),
        tmp_path,
    )
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == INTERRUPTED


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + BUSY.replace("1 << 30", "1 << 21")
    process = begun(code, tmp_path)
    process.send_signal(signal.SIGHUP)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (0, "")


def test_handlers_are_as_they_were_after_a_command() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyError), Watch(lambda: None):
        assert signal.getsignal(signal.SIGTERM) != before[1]
        raise KeyError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1


KEEPING = """
import sys
from detector.results import unfinished
unfinished.LEAST_SECONDS, unfinished.SHARE = 0.0, float("inf")
from detector.cli import main
print("begun", flush=True)
main(sys.argv[1:])
"""


def test_an_interrupted_scan_says_what_is_kept(tmp_path: Path) -> None:
    source = load(ROOT / "scripts" / "kill_scans.py").corpus(tmp_path / "in.jsonl", 3.0)
    out = tmp_path / "out"
    process = begun(KEEPING, "scan", source, "--out", out)
    deadline = time.monotonic() + 60
    while not (out / UNFINISHED / MANIFEST).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    last = process.communicate(timeout=30)[1].splitlines()[-1]
    assert process.returncode == INTERRUPTED
    assert last.startswith("detector: interrupted at the stage ")
    assert last.endswith("; go on with the same command and --resume")
    assert "rules" in last
    assert list(tmp_path.rglob("*.part")) == []


def test_scans_that_are_killed_go_on_to_the_same_bytes() -> None:
    script = [sys.executable, ROOT / "scripts" / "kill_scans.py", "--moments", "6", "--megabytes", "0.2"]
    done = subprocess.run(
        script, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sum(int(line.split()[0]) for line in done.stdout.splitlines()) == 9
