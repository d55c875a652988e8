"""Kills a scan at many moments and lets it go on: no half file under a final name, the same bytes in the end.

    python scripts/kill_scans.py [--moments 50] [--megabytes 3] [--format jsonl]

Moments are spread evenly over the time that an uninterrupted scan takes. At each a scan begins in an empty folder, is
killed (SIGKILL), and is resumed until it is through; every second one is killed once more while it is resumed. Every
stage is kept, however short it is.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from detector.cli import main as main_
from detector.results import unfinished

ROOT = Path(__file__).parents[1]


def corpus(path: Path, megabytes: float) -> Path:
    """The sample corpus, again and again with other figures in it."""
    texts = [file.read_text("utf-8", "ignore") for file in sorted((ROOT / "seeds").glob("*.txt"))]
    with path.open("w", encoding="utf-8") as out:
        row = 0
        while out.tell() < megabytes * 1e6:
            text = texts[row % len(texts)].replace("0", str(row % 10)).replace("5", str(row // 10 % 100))
            out.write(json.dumps({"id": f"d{row}", "text": text, "series": f"s{row % 7}"}, ensure_ascii=False) + "\n")
            row += 1
    return path


def finished(source: Path, out: Path, format_: str) -> float:
    """Let a scan end; returns its seconds."""
    began = time.monotonic()
    status = os.waitpid(begun(source, out, format_), 0)[1]
    assert os.waitstatus_to_exitcode(status) == 0
    return time.monotonic() - began


def killed(source: Path, out: Path, format_: str, after: float) -> bool:
    """Kill a scan after so many seconds; whether it still ran."""
    process = begun(source, out, format_)
    time.sleep(after)
    os.kill(process, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert code in (0, -signal.SIGKILL), code
    return code != 0


def begun(source: Path, out: Path, format_: str) -> int:
    """A scan in a process of its own: a copy of this one, so that modules and kernels are loaded once."""
    process = os.fork()
    if process:
        return process
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    code = 1
    try:
        main_(["scan", str(source), "--out", str(out), "--format", format_, "--resume", "--quiet"])
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os._exit(code)


def contents(folder: Path) -> dict[str, bytes]:
    """The files under their final names, the summary without what may differ between runs."""
    files = (
        {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()} if folder.is_dir() else {}
    )
    files = {name: data for name, data in files.items() if not name.startswith(".")}
    if "summary.json" in files:
        files["summary.json"] = json.dumps({**json.loads(files["summary.json"]), "run": None}).encode()
    return files


def check(source: Path, folder: Path, moments: int, format_: str) -> dict[str, int]:
    """How many scans were killed in which state; raises ``AssertionError`` where a file is not what it should be."""
    with contextlib.suppress(SystemExit):
        main_(["scan", str(source), "--out", str(folder / "first"), "--format", format_, "--quiet"])
    unfinished.LEAST_SECONDS, unfinished.SHARE = 0.0, float("inf")
    seconds = finished(source, folder / "expected", format_)
    expected = contents(folder / "expected")
    states: dict[str, int] = {}
    for number in range(moments):
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        ran = killed(source, out, format_, seconds * (number + 0.5) / moments)
        for _ in range(1 + number % 2):
            for name, data in contents(out).items():
                assert data == expected[name], f"{name} is not whole after a kill at moment {number}"
            manifest = out / ".unfinished" / "manifest.json"
            kept = list(json.loads(manifest.read_text("utf-8"))["stages"]) if manifest.exists() else []
            state = "done" if not ran else f"{(kept or ['nothing'])[-1]} kept, {len(contents(out))} files"
            states[state] = states.get(state, 0) + 1
            if number % 2:
                ran = killed(source, out, format_, seconds / 2)
        finished(source, out, format_)
        assert contents(out) == expected, f"other bytes after a kill at moment {number}"
        left = [path.name for path in out.iterdir() if path.name.startswith(".")]
        assert not left, f"left behind after a kill at moment {number}: {left}"
    return states


def main() -> None:
    """Check as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--megabytes", type=float, default=3.0)
    parser.add_argument("--format", choices=("jsonl", "parquet"), default="jsonl")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        source = corpus(Path(name, "in.jsonl"), options.megabytes)
        for state, n in check(source, Path(name), options.moments, options.format).items():
            print(f"{n:5} killed: {state}")


if __name__ == "__main__":
    main()
