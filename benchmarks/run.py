"""The benchmark: makes the corpora, installs the peers, runs all tools in turn, and writes what it measured.

    python benchmarks/run.py [--size 10,100] [--runs 3] [--peers rensa,gaoya] [--memory 1200MiB]

Each round runs every tool once on every corpus, so that what else the machine does falls on all of them.
benchmarks/README.md says what is measured and how.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import chart
from corpus import is_made, make, truth_path
from environments import NotInstalled, Peer, last_line, load_peers, python_of
from measuring import TIMED_OUT, Cost, measure
from quality import THRESHOLD, Answer, Quality, Truth, judge, read_answer, scan_answer
from results import DOCUMENTS, WHOLE, Result, Row, markdown, show, to_json

HERE = Path(__file__).resolve().parent
CACHE = Path.home() / ".cache" / "detector-bench"
RUNS = 3
LIMIT = 3600.0
"""Seconds after which a run is ended."""

WARM_UP_MB = 0.3
"""Size of the corpus that every tool sees once before it is timed: kernels compile, files come into the page cache."""

UNITS = {"": 1e6, "mb": 1e6, "gb": 1e9}


class Tool(NamedTuple):
    """Something to measure: ``command`` makes its command line from corpus and output, ``answer`` reads the output."""

    name: str
    job: str
    command: Callable[[Path, Path], list[str]]
    answer: Callable[[Path], Answer]
    note: str = ""
    ours: bool = False
    failure: str | None = None


class Timed(NamedTuple):
    """The costs of a tool's runs and its last answer, or why there is none."""

    costs: tuple[Cost, ...]
    answer: Answer | None
    failure: str | None


def size(text: str) -> int:
    """Bytes of a size: megabytes, or with MB or GB behind."""
    found = re.fullmatch(r"([\d.]+)\s*(|mb|gb)", text.strip().lower())
    try:
        n_bytes = int(float(found[1]) * UNITS[found[2]]) if found else 0
    except ValueError:
        n_bytes = 0
    if n_bytes <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 10, 10MB or 1GB")
    return n_bytes


def sizes(text: str) -> list[int]:
    """Several sizes with commas between."""
    return [size(part) for part in text.split(",")]


def own_tools(work: Path, memory: str | None = None) -> list[Tool]:
    """The detector's rows: documents alone where the command can do that, the whole scan, and that within memory."""
    settings = work / "settings.toml"
    settings.write_text(f"family_jaccard = {THRESHOLD}\ndocument_jaccard = {THRESHOLD}\n", "utf-8")
    scan = [sys.executable, "-m", "detector", "scan", "--quiet", "--settings", str(settings)]

    def whole(corpus: Path, out: Path) -> list[str]:
        return [*scan, str(corpus), "--out", str(out)]

    def documents(corpus: Path, out: Path) -> list[str]:
        return [*whole(corpus, out), "--level", "document"]

    def within(corpus: Path, out: Path) -> list[str]:
        return [*whole(corpus, out), "--memory", str(memory)]

    bounded = Tool(f"detector, whole scan, --memory {memory}", WHOLE, within, scan_answer, ours=True)
    more = [bounded] if memory else []
    shown = subprocess.run([*scan[:4], "--help"], capture_output=True, text=True, cwd=HERE.parent, check=True).stdout
    if "--level" in shown:
        return [
            Tool("detector --level document", DOCUMENTS, documents, scan_answer, ours=True),
            Tool("detector, whole scan", WHOLE, whole, scan_answer, "every rule, phrase, cluster and score", ours=True),
            *more,
        ]
    note = "every rule, phrase, cluster and score; job a is its families, as this version cannot scan documents alone"
    return [Tool("detector, whole scan", DOCUMENTS + WHOLE, whole, scan_answer, note, ours=True), *more]


def peer_tool(peer: Peer, envs: Path) -> Tool:
    """A peer as a tool; one that cannot be installed is a row that says so."""

    def command(corpus: Path, out: Path) -> list[str]:
        return [str(interpreter), str(peer.program), str(corpus), str(out / "answer.json"), *peer.arguments]

    def answer(out: Path) -> Answer:
        return read_answer(out / "answer.json")

    failure = None
    interpreter = Path(sys.executable)
    try:
        interpreter = python_of(peer, envs)
    except NotInstalled as error:
        failure = f"not installed: {error}"
    return Tool(peer.name, peer.job, command, answer, peer.note, failure=failure)


def run_once(tool: Tool, corpus: Path, work: Path, limit: float) -> Timed:
    """One run in a folder of its own, which is removed."""
    out = Path(tempfile.mkdtemp(prefix="run-", dir=work))
    try:
        outcome = measure(tool.command(corpus, out), HERE.parent, limit)
        if outcome.cost.status == TIMED_OUT:
            return Timed((), None, f"ended after {limit:.0f} s")
        if outcome.cost.status:
            return Timed((), None, f"failed: {last_line(outcome.errors)}")
        return Timed((outcome.cost,), tool.answer(out), None)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def take_turns(
    tools: Sequence[Tool], corpora: Sequence[Path], work: Path, *, runs: int, limit: float
) -> list[list[Timed]]:
    """Every tool once a round on every corpus, a list for each corpus; where one fails it is not run again."""
    timed = [[Timed((), None, tool.failure) for tool in tools] for _ in corpora]
    for number in range(1, runs + 1):
        for of_corpus, corpus in zip(timed, corpora, strict=True):
            for place, tool in enumerate(tools):
                if of_corpus[place].failure is not None:
                    continue
                print(f"{corpus.name}, round {number} of {runs}: {tool.name}", file=sys.stderr, flush=True)
                now = run_once(tool, corpus, work, limit)
                if now.failure is None:
                    now = Timed((*of_corpus[place].costs, *now.costs), now.answer, None)
                of_corpus[place] = now
    return timed


def made(n_bytes: int, work: Path) -> Path:
    """The corpus of this size in the work folder."""
    corpus = work / f"corpus-{n_bytes / 1e6:g}MB.jsonl"
    if not is_made(corpus, n_bytes):
        make(n_bytes, corpus)
    return corpus


def benchmark(
    tools: Sequence[Tool], sizes: Sequence[int], work: Path, *, runs: int, limit: float = LIMIT
) -> list[Result]:
    """Corpora of these sizes through all tools; the answers are judged when all clocks have stopped."""
    corpora = [made(n_bytes, work) for n_bytes in sizes]
    timed = take_turns(tools, corpora, work, runs=runs, limit=limit)
    return [judged(tools, corpus, of_corpus) for corpus, of_corpus in zip(corpora, timed, strict=True)]


def judged(tools: Sequence[Tool], corpus: Path, timed: Sequence[Timed]) -> Result:
    """What the tools cost on a corpus, and how good their answers are."""
    truth = Truth(corpus)
    rows = []
    for tool, (costs, answer, failure) in zip(tools, timed, strict=True):
        quality: Quality | None = judge(answer, truth) if answer is not None else None
        stages = answer.stages if answer is not None else {}
        rows.append(Row(tool.name, tool.job, costs, quality, tool.note, failure, tool.ours, stages))
    n_documents = json.loads(truth_path(corpus).read_text("utf-8"))["n_documents"]
    return Result(corpus.stat().st_size, n_documents, len(list(truth.planted())), tuple(rows))


def warm(tools: Sequence[Tool], work: Path) -> list[Tool]:
    """Every tool run once on a small corpus; those that fail there carry the reason and are not timed."""
    [timed] = take_turns(tools, [made(int(WARM_UP_MB * 1e6), work)], work, runs=1, limit=LIMIT)
    return [tool._replace(failure=now.failure) for tool, now in zip(tools, timed, strict=True)]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = _parser().parse_args(arguments)
    peers = load_peers(options.table)
    names = [peer.name for peer in peers]
    chosen = names if options.peers is None else [name for name in options.peers.split(",") if name]
    if unknown := [name for name in chosen if name not in names]:
        print(f"error: no peer is named {', '.join(unknown)}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    options.work.mkdir(parents=True, exist_ok=True)
    tools = own_tools(options.work, options.memory) if options.ours else []
    for peer in peers:
        if peer.name in chosen:
            print(f"environment: {peer.name}", file=sys.stderr, flush=True)
            tools.append(peer_tool(peer, options.envs))
    tools = warm(tools, options.work)
    results = benchmark(tools, sorted(options.size), options.work, runs=options.runs, limit=options.limit)
    show(results)
    options.out.mkdir(parents=True, exist_ok=True)
    command = shlex.join(["python", "benchmarks/run.py", *_told(options)])
    packages = [name for peer in peers if peer.name in chosen for name in _installed(peer, options.envs)]
    page = markdown(results, command=command, packages=packages, runs=options.runs)
    (options.out / "results.md").write_text(page, "utf-8")
    (options.out / "results.svg").write_text(chart.draw(results), "utf-8")
    (options.work / "results.json").write_text(to_json(results), "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the detector against its peers on made corpora.")
    parser.add_argument("--size", type=sizes, default=sizes("10,100"), help="megabytes, or 1GB; several with commas")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each tool (default: {RUNS})")
    parser.add_argument("--peers", help="names of peers with commas between (default: all of peers.toml)")
    parser.add_argument("--memory", metavar="SIZE", help="a row more: the whole scan within this, as 1200MiB")
    parser.add_argument("--envs", type=Path, default=CACHE / "envs", help="where the peers' environments are kept")
    parser.add_argument("--work", type=Path, default=CACHE / "work", help="where corpora are kept and runs write")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds after which a run is ended")
    parser.add_argument("--out", type=Path, default=HERE, help="where results.md and results.svg go")
    parser.add_argument("--table", type=Path, default=HERE / "peers.toml", help="the table of peers")
    parser.add_argument("--no-ours", dest="ours", action="store_false", help="measure the peers only")
    return parser


def _told(options: argparse.Namespace) -> list[str]:
    """The options that shape the figures; folders do not."""
    told = ["--size", ",".join(f"{n / 1e6:g}" for n in options.size), "--runs", str(options.runs)]
    for name in ("peers", "memory"):
        if (value := getattr(options, name)) is not None:
            told += [f"--{name}", value]
    return told


def _installed(peer: Peer, envs: Path) -> list[str]:
    """Name and release of a peer's own package, the first that it requires."""
    if not peer.requires:
        return []
    package = re.split(r"[<>=!~\[ ]", peer.requires[0])[0]
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    try:
        interpreter = python_of(peer, envs)
        done = subprocess.run([interpreter, "-c", ask], capture_output=True, text=True, check=True)
    except (NotInstalled, OSError, subprocess.CalledProcessError):
        return []
    return [f"{package} {done.stdout.strip()}"]


if __name__ == "__main__":
    sys.exit(main())
