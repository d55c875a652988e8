"""The scan at the level of documents: which are near-duplicates of which, and nothing else.

Its files are those of the contract, so that what reads a scan reads this one: every character is a document's own,
originality is not known (null), there are no findings and no phrases.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.machine.clock import Clock, Progress, input_names, peak_memory, silent
from detector.machine.workspace import Workspace
from detector.model import DIGITS, LEVELS, Parts, as_row
from detector.records.arrow_rows import TextBlock
from detector.records.corpus import Notes, joined_digest
from detector.records.problems import told_problems
from detector.records.reading import Reader
from detector.results.document_files import failed, write_tables
from detector.settings import Settings
from detector.tables.scan_files import finish
from detector.version import FORMAT_VERSION, SCORE_VERSION, VERSION

HELD_BLOCKS = 32
"""Blocks that are parsed ahead, about 64 MB, while the kernels are loaded on another thread."""

SWITCH_SECONDS = 2e-4
"""How long a thread holds the interpreter lock meanwhile before another may have it."""


@dataclass(frozen=True, slots=True)
class DocumentScan:
    """What the scan found, in document order.

    ``ids``, ``sources``, ``rows`` of the documents; ``series``: int32, places in ``series_names``, -1 for none;
    ``n_points``, ``n_chars``, ``head``: int64, as in `detector.matching.duplicates.Duplicates`; ``ratio``: float64, the
    Jaccard similarity with the head; ``families``: the rows of each family of at least two documents, the head first,
    in the order of the heads; ``summary``: what ``summary.json`` holds.
    """

    ids: Sequence[str]
    sources: Sequence[str]
    rows: Sequence[int]
    series: NDArray[np.int32]
    series_names: Sequence[str]
    n_points: NDArray[np.int64]
    n_chars: NDArray[np.int64]
    head: NDArray[np.int64]
    ratio: NDArray[np.float64]
    families: Sequence[Sequence[int]]
    summary: dict[str, Any]

    @property
    def n_duplicates(self) -> int:
        """Documents that are near-duplicates of another, which is the head of their family."""
        return sum(len(rows) - 1 for rows in self.families)

    @property
    def n_families(self) -> int:
        """Families, those of a single document too."""
        return len(self.ids) - self.n_duplicates

    def largest(self, limit: int) -> list[Sequence[int]]:
        """The families of most documents, at most ``limit``; of equal ones those whose head is lower first."""
        return sorted(self.families, key=len, reverse=True)[:limit]

    def write(self, directory: str | Path) -> None:
        """Write every file of the contract; ``summary.json`` comes last, so that a folder with one is a whole scan.

        Raises `OutputError` where the folder holds something else or cannot be written.
        """
        directory, began = Path(directory), time.perf_counter()
        write_tables(self, directory)
        run = self.summary["run"]
        seconds = {**run["seconds"], "write": round(time.perf_counter() - began, 3)}
        summary = {**self.summary, "run": {**run, "seconds": seconds, "peak_memory": peak_memory()}}
        try:
            finish(directory, summary)
        except OSError as error:
            raise failed(directory, error) from None


def scan_documents(
    inputs: Sequence[str | Path] | str | Path,
    settings: Settings | None = None,
    work: Workspace | None = None,
    progress: Progress = silent,
) -> DocumentScan:
    """Reads the inputs and finds the families of near-duplicate documents.

    ``settings.document_jaccard`` is the Jaccard similarity, of sets of five characters, from which a document is one.
    Raises `InputError` where nothing can be read, `OutputError` where the folder for temporary files is full.
    """
    settings = (settings or Settings()).with_values(level="document")
    if work is not None:
        return _scanned(inputs, settings, work, progress)
    with Workspace() as own:
        return _scanned(inputs, settings, own, progress)


def _scanned(
    inputs: Sequence[str | Path] | str | Path, settings: Settings, work: Workspace, progress: Progress
) -> DocumentScan:
    clock = Clock(progress)
    with clock.stage("read"), _hurried():
        loading = threading.Thread(target=_load_kernels, daemon=True)
        loading.start()
        reader = Reader(inputs, settings)
        read = Notes(progress)
        blocks = read.noted(reader.blocks(work.workers))
        held: list[TextBlock] = []
        while loading.is_alive() and len(held) < HELD_BLOCKS and (block := next(blocks, None)) is not None:
            held.append(block)
        loading.join()
    from detector.matching.duplicates import find_duplicates

    found = find_duplicates(
        _chained(held, blocks),
        threshold=settings.document_jaccard,
        seed=settings.seed,
        work=work,
        clock=clock,
        passing=read.digest,
    )
    sources, rows = read.places(found.order)
    series = read.series_numbers(found.order)
    families = _families(found.head)
    summary = _summary(settings, reader, joined_digest(read.digests), found.n_chars, series, families)
    summary["totals"]["n_documents_crowded"] = found.n_crowded
    summary["run"] = {
        "inputs": input_names([inputs] if isinstance(inputs, str | Path) else inputs),
        "seconds": clock.seconds,
        "workers": work.workers,
        "peak_memory": peak_memory(),
        "spilled": work.spilled,
    }
    return DocumentScan(
        ids=found.ids,
        sources=sources,
        rows=rows.tolist(),
        series=series,
        series_names=read.series_names,
        n_points=found.n_points,
        n_chars=found.n_chars,
        head=found.head,
        ratio=np.round(found.common / found.union, DIGITS),
        families=families,
        summary=summary,
    )


@contextmanager
def _hurried() -> Iterator[None]:
    """While kernels load on one thread and blocks are parsed on others: threads give way to each other sooner.

    Loading holds the interpreter lock all the time, and parsing asks for it often: at the usual 5 ms each time it would
    wait for longer than it works. What loading makes stays, so that there is no garbage to look for in it.
    """
    interval, collects = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        if collects:
            gc.enable()


def _load_kernels() -> None:
    from detector.matching.duplicates import warm

    warm()


def _chained(held: list[TextBlock], rest: Iterator[TextBlock]) -> Iterator[TextBlock]:
    """Blocks that are held, each let go when it is given, and those that follow."""
    held.reverse()
    while held:
        yield held.pop()
    yield from rest


def _families(head: NDArray[np.int64]) -> list[list[int]]:
    """The members of each family of at least two, the head first, in the order of the heads."""
    families: dict[int, list[int]] = {}
    joined = np.flatnonzero(head != np.arange(len(head)))
    for row, first in zip(joined.tolist(), head[joined].tolist(), strict=True):
        families.setdefault(first, [first]).append(row)
    return [families[first] for first in sorted(families)]


def _summary(
    settings: Settings,
    reader: Reader,
    digest: str,
    n_chars: NDArray[np.int64],
    series: NDArray[np.int32],
    families: Sequence[Sequence[int]],
) -> dict[str, Any]:
    """What ``summary.json`` holds, but for ``run`` and what was crowded; the keys are those of a full scan."""
    total = int(n_chars.sum())
    n_duplicates = sum(len(rows) - 1 for rows in families)
    return {
        "format_version": FORMAT_VERSION,
        "score_version": SCORE_VERSION,
        "version": VERSION,
        "settings": settings.as_dict(),
        "corpus": {
            "digest": digest,
            "n_documents": len(n_chars),
            "n_families": len(n_chars) - n_duplicates,
            "n_series": int(np.count_nonzero(np.bincount(series[series >= 0]))),  # np.unique would import numpy.ma
            "n_chars": total,
            "n_bytes": sum(file.n_bytes for file in reader.files),
        },
        "totals": {
            "parts": asdict(Parts(own=total)),
            "originality": None,
            "originality_1k": None,
            "n_findings": {},
            "n_rules": {},
            "n_clusters": {level: len(families) if level == "document" else 0 for level in LEVELS},
            "n_phrases": 0,
            "flags": {},
            "n_passages": 0,
            "n_passages_matched": 0,
            "n_matched_alone": 0,
            "n_passages_crowded": 0,
            "n_documents_without_tokens": int((n_chars == 0).sum()),
            "n_duplicates": n_duplicates,
        },
        "files": [as_row(file) for file in reader.files],
        "problems": told_problems(reader.problems, reader.n_problems),
    }
