"""Scans hostile input in its full size: nothing crashes, nothing is lost silently, time and memory stay linear.

    python scripts/hostile.py [CASE ...] [--scale 1.0] [--memory 4GB] [--level passage]

Each case is written to a temporary folder and scanned by a process of its own, whose seconds of processor time and
peak of memory are printed beside the bytes that it read. ``--scale 0.1`` makes a tenth of everything. The sizes are
those of docs/reliability.md; scaled down far the same cases are a test (tests/test_hostile.py).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

ROOT = Path(__file__).parents[1]

SENTENCE = "我们要坚持以群众满意为标准，扎实推进各项民生工程落地见效。"
EVIL_IDS = (
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows\\system32",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\x1b[2J\x1b]0;owned\x07\x1b[31m",
    "[bold red]owned[/bold red] [link=file:///etc/passwd]x[/link]",
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "\"'`;--",
    "\u202egnp.exe",
    "\u200b" * 50,
    "\0",
    "\ud800",
    "a\nb\r\nc",
    "%s%n{0}{{7*7}}",
    "C" * 100_000,
    "",
)
EVIL_TEXTS = (
    "\x1b[2J\x1b[1;1Hroot:x:0:0 \x9b31m 完成投资X亿元。",
    "[red]红[/red][/] [[x]] 完成投资X亿元。",
    "<script>alert('X亿元')</script><!-- --> 完成投资X亿元 ]]>",
    "\u202e完成投资X亿元\u202c。\u2066\u2069\u200e\u200f",
    '=HYPERLINK("http://x","完成投资X亿元")',
    "完成\0投资X亿\0元。\0",
    "完成投资X亿元\ud83d。\udc00\ud800",
    "{{ 7*7 }} {% raw %} ${7*7} 完成投资X亿元。",
)


class Case(NamedTuple):
    """What is written (a function of a folder and a scale that gives the path)."""

    write: Callable[[Path, float], Path]


def _rows(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def one_long_line(folder: Path, scale: float) -> Path:
    """A document of 500 MB in one line, every sentence with a figure of its own."""
    path = folder / "in.jsonl"
    with path.open("w", encoding="utf-8") as out:
        out.write('{"id": "long", "text": "')
        for number in range(int(scale * 500e6 / 70)):
            out.write(f"{number * 7919 % 1000003}个村第{number}次完成投资，{number % 977}户参加合作社。")
        out.write('"}\n{"id": "short", "text": "完成投资X亿元。"}\n')
    return path


def one_long_word(folder: Path, scale: float) -> Path:
    """A text file of 100 MB without a blank or a line break."""
    path = folder / "in.txt"
    path.write_bytes(b"a" * int(scale * 100e6))
    return path


def empty_documents(folder: Path, scale: float) -> Path:
    """10 million documents without a character."""
    path = folder / "in.jsonl"
    with path.open("wb") as out:
        for _ in range(1000):
            out.write(b'{"text":""}\n' * int(scale * 10_000))
    return path


def one_sentence_in_one(folder: Path, scale: float) -> Path:
    """A sentence a million times in one document."""
    return _rows(folder / "in.jsonl", iter([{"id": "a", "text": SENTENCE * int(scale * 1e6)}]))


def one_sentence_in_each(folder: Path, scale: float) -> Path:
    """A sentence alone in each of a million documents."""
    path = folder / "in.jsonl"
    with path.open("wb") as out:
        out.write((json.dumps({"text": SENTENCE}) + "\n").encode() * int(scale * 1e6))
    return path


def one_id(folder: Path, scale: float) -> Path:
    """A million documents with one id."""
    path = folder / "in.jsonl"
    with path.open("wb") as out:
        out.write((json.dumps({"id": "a", "text": SENTENCE}) + "\n").encode() * int(scale * 1e6))
    return path


def one_line_in_each(folder: Path, scale: float) -> Path:
    """A million documents of one site whose lines all are the same three."""
    lines = "首页 > 新闻\n版权所有 某某网\n" + SENTENCE
    path = folder / "in.jsonl"
    with path.open("wb") as out:
        out.write((json.dumps({"text": lines, "series": "a"}) + "\n").encode() * int(scale * 1e6))
    return path


def zero_width_flood(folder: Path, scale: float) -> Path:
    """100 MB of joiners, marks that change the direction, and combining accents."""
    texts = (
        "完成\u200b投资\u200d" * int(scale * 1e6),
        "\u202e\u202d\u2066" * int(scale * 3e6),
        "e" + "\u0301" * int(scale * 1e7),
        "\ufeff" * int(scale * 5e6),
    )
    return _rows(folder / "in.jsonl", ({"id": str(row), "text": text} for row, text in enumerate(texts)))


def long_runs(folder: Path, scale: float) -> Path:
    """Texts of 5 million equal characters, each of a kind that some rule or cut looks at."""
    n = int(scale * 5e6)
    signs = 'X○_(（《"“.。…、：:;\n\r\t一第#*×-=@<>[]{}|\\/年0'
    return _rows(folder / "in.jsonl", ({"id": f"run {ord(sign)}", "text": sign * n} for sign in signs))


def deep_json(folder: Path, scale: float) -> Path:
    """Records nested a million deep, beside one that is not."""
    n = int(scale * 1e6)
    path = folder / "in.jsonl"
    with path.open("w", encoding="ascii") as out:
        out.write('{"text": "fine"}\n')
        out.write('{"text": "deep", "a": ' + "[" * n + "]" * n + "}\n")
        out.write('{"text": "deep", "a": ' + '{"a":' * n + "1" + "}" * n + "}\n")
        out.write('{"text": ' + "[" * n + "\n")
    return path


def broken_bytes(folder: Path, scale: float) -> Path:
    """Bytes that are no UTF-8, in lines that are else: one bad byte each, and lines of nothing but such bytes."""
    n = int(scale * 100_000)
    path = folder / "in.jsonl"
    with path.open("wb") as out:
        for number in range(n):
            out.write(b'{"text": "' + SENTENCE.encode() + b"\xff" + str(number).encode() + b'"}\n')
        out.write(b'{"text": "' + b"\xff\xfe\x80" * 1000 + b'"}\n')
        out.write(b'{"text": "\\ud800 \\udc00\\ud800 \\u0000"}\n')
    return path


def bomb(folder: Path, scale: float) -> Path:
    """A .zst of 400 kB that unpacks to a line of 4 GB."""
    path = folder / "in.jsonl.zst"
    with path.open("wb") as raw, zstandard.ZstdCompressor(level=3).stream_writer(raw) as out:
        out.write(b'{"text": "fine"}\n{"text": "')
        for _ in range(int(scale * 4000)):
            out.write(b"0" * 1_000_000)
        out.write(b'"}\n{"text": "fine, too"}\n')
    return path


def bomb_of_text(folder: Path, scale: float) -> Path:
    """A .txt.gz of 4 MB that unpacks to 4 GB."""
    path = folder / "in.txt.gz"
    with gzip.open(path, "wb", 6) as out:
        for _ in range(int(scale * 4000)):
            out.write(b"0" * 1_000_000)
    return path


def open_quote(folder: Path, scale: float) -> Path:
    """A CSV file of 4 GB whose first cell opens a quote that nobody closes."""
    path = folder / "in.csv.gz"
    with gzip.open(path, "wb", 1) as out:
        out.write(b'id,text\n1,fine\n2,"')
        for _ in range(int(scale * 4000)):
            out.write(b"0,0,0,0,0\n" * 100_000)
    return path


def evil_names(folder: Path, scale: float) -> Path:
    """Ids, series and texts that are paths, formulas, escapes, markup, HTML and script."""
    rows = [
        {"id": name, "text": text * 3 + SENTENCE, "series": name, "url": "javascript:alert(1)"}
        for name in EVIL_IDS
        for text in EVIL_TEXTS
    ]
    return _rows(folder / "in.jsonl", iter(rows))


CASES = {
    "one_long_line": Case(one_long_line),
    "one_long_word": Case(one_long_word),
    "empty_documents": Case(empty_documents),
    "one_sentence_in_one": Case(one_sentence_in_one),
    "one_sentence_in_each": Case(one_sentence_in_each),
    "one_id": Case(one_id),
    "one_line_in_each": Case(one_line_in_each),
    "zero_width_flood": Case(zero_width_flood),
    "long_runs": Case(long_runs),
    "deep_json": Case(deep_json),
    "broken_bytes": Case(broken_bytes),
    "bomb": Case(bomb),
    "bomb_of_text": Case(bomb_of_text),
    "open_quote": Case(open_quote),
    "evil_names": Case(evil_names),
}


class Outcome(NamedTuple):
    """What a scan of a case took and said."""

    code: int
    seconds: float
    peak: int
    summary: dict[str, Any]
    told: str


def scanned(source: Path, out: Path, memory: str, level: str) -> Outcome:
    """A scan in a process of its own."""
    command = [sys.executable, "-m", "detector", "scan", source, "--out", out, "--memory", memory, "--level", level]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*map(str, command), "--json", "--finding-text", "short"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    summary = json.loads(done.stdout) if done.stdout else {}
    return Outcome(
        done.returncode, seconds, summary.get("run", {}).get("peak_memory", 0), summary, done.stderr.decode()
    )


def main() -> None:
    """Run the cases that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--level", default="passage")
    options = parser.parse_args()
    for name in options.cases or CASES:
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            source = CASES[name].write(Path(folder), options.scale)
            written = time.monotonic()
            found = scanned(source, Path(folder, "out"), options.memory, options.level)
            n_documents = found.summary.get("corpus", {}).get("n_documents")
            problems = found.summary.get("problems", {}).get("n")
            last = "" if found.code == 0 else found.told.strip().splitlines()[-1][:200]
            print(
                f"{name:22} {source.stat().st_size / 1e6:8.1f} MB  made {written - began:6.1f} s  exit {found.code}"
                f"  cpu {found.seconds:7.1f} s  peak {found.peak / 1e6:7.0f} MB  documents {n_documents}"
                f"  problems {problems} {last}",
                flush=True,
            )


if __name__ == "__main__":
    main()
