"""The scan at the level of documents: which are near-duplicates of which, and nothing else.

It writes the files of the contract, so that what reads a scan reads this one: every character is a document's own,
originality is not known (null), there are no findings and no phrases.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.arrow_rows import TextBlock
from detector.corpus import Notes, Progress, joined_digest
from detector.errors import OutputError
from detector.model import LEVELS, PART_NAMES, InputFile, Parts, Problem, as_row
from detector.reading import Reader
from detector.score import DIGITS, SCORE_VERSION
from detector.settings import Settings
from detector.version import VERSION
from detector.workspace import Workspace
from detector.writing import FORMAT_VERSION, TABLES, _table_files, _write_file, check_target

THRESHOLD = 0.70
LINES_TOGETHER = 4096

HELD_BLOCKS = 32
"""Blocks that are parsed ahead, about 64 MB, while the kernels are loaded on another thread."""


@dataclass(frozen=True, slots=True)
class DocumentScan:
    """What the scan found, in document order: ``ids``, ``sources``, ``rows``, ``series`` of each document; the columns
    of `detector.duplicates.Duplicates`; the files, problems and the digest of the corpus."""

    ids: Sequence[str]
    sources: Sequence[str]
    rows: Sequence[int]
    series: NDArray[np.int32]
    n_points: NDArray[np.int64]
    n_chars: NDArray[np.int64]
    head: NDArray[np.int64]
    ratio: NDArray[np.float64]
    files: Sequence[InputFile]
    problems: Sequence[Problem]
    n_problems: Counter[str]
    digest: str
    n_crowded: int


def scan_documents(
    inputs: Sequence[str | Path] | str | Path,
    settings: Settings,
    work: Workspace,
    progress: Progress,
    *,
    threshold: float = THRESHOLD,
    tmp: Path | None = None,
) -> DocumentScan:
    """Reads the inputs and finds the families of near-duplicate documents.

    Raises `InputError` where nothing can be read, `OutputError` where the folder for temporary files is full.
    """
    reader = Reader(inputs, settings)
    loading = threading.Thread(target=_load_kernels, daemon=True)
    loading.start()
    read = Notes(progress)
    blocks = read.noted(reader.blocks(work.workers))
    held: list[TextBlock] = []
    while loading.is_alive() and len(held) < HELD_BLOCKS and (block := next(blocks, None)) is not None:
        held.append(block)
    loading.join()
    from detector.duplicates import find_duplicates

    found = find_duplicates(
        _chained(held, blocks), threshold=threshold, seed=settings.seed, work=work, tmp=tmp, passing=read.digest
    )
    sources, rows = read.places(found.order)
    return DocumentScan(
        ids=found.ids,
        sources=sources,
        rows=rows,
        series=read.series_numbers(found.order),
        n_points=found.n_points,
        n_chars=found.n_chars,
        head=found.head,
        ratio=np.round(found.common / found.union, DIGITS),
        files=tuple(reader.files),
        problems=tuple(reader.problems),
        n_problems=reader.n_problems,
        digest=joined_digest(read.digests),
        n_crowded=found.n_crowded,
    )


def _load_kernels() -> None:
    from detector.duplicates import warm

    warm()


def _chained(held: list[TextBlock], rest: Iterator[TextBlock]) -> Iterator[TextBlock]:
    """Blocks that are held, each let go when it is given, and those that follow."""
    held.reverse()
    while held:
        yield held.pop()
    yield from rest


def write_documents(found: DocumentScan, directory: Path, summary: dict[str, Any]) -> None:
    """Write every file of the contract but the report; ``summary.json`` comes last. Raises `OutputError`."""
    check_target(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "summary.json").unlink(missing_ok=True)
        for name in TABLES:
            for old in _table_files(directory, name):
                old.unlink()
        _write_file(directory / "documents.jsonl", (piece.encode() for piece in _document_lines(found)))
        families = _families(found.head)
        _write_file(directory / "clusters.jsonl", (piece.encode() for piece in _cluster_lines(found, families)))
        _write_file(directory / "members.jsonl", (piece.encode() for piece in _member_lines(found, families)))
        _write_file(directory / "findings.jsonl", [])
        _write_file(directory / "phrases.jsonl", [])
        _write_file(directory / "summary.json", [json.dumps(summary, ensure_ascii=True, indent=1).encode() + b"\n"])
    except OSError as error:
        raise OutputError(f"{directory}: cannot write the scan: {error.strerror or error}") from None


def _document_lines(found: DocumentScan) -> Iterator[str]:
    """The lines of ``documents.jsonl``, some thousands to a piece."""
    n_families = int((found.head == np.arange(len(found.head))).sum())
    names = list(map(_string, found.ids))
    sources = {source: _string(source) for source in set(found.sources)}
    zeros = "".join(f'"{name}":0,' for name in PART_NAMES if name != "own")
    middle = f',"originality":null,"originality_1k":null,"n_families":{n_families},"parts":{{{zeros}"own":'
    end = f',"flags":[],"score_version":{SCORE_VERSION}}}\n'
    columns = (names, found.sources, found.rows, found.n_chars.tolist(), found.head.tolist())
    held: list[str] = []
    for row, (name, source, number, n_chars, head) in enumerate(zip(*columns, strict=True)):
        other = "null" if head == row else names[head]
        held.append(
            f'{{"id":{name},"source":{sources[source]},"row":{number},"n_chars":{n_chars}{middle}{n_chars}}},'
            f'"n_findings":{{}},"duplicate_of":{other}{end}'
        )
        if len(held) == LINES_TOGETHER:
            yield "".join(held)
            held.clear()
    yield "".join(held)


def _string(text: str) -> str:
    """A JSON string in UTF-8; lone surrogates, which UTF-8 has not, are escaped."""
    if text.isalnum():
        return f'"{text}"'
    written = json.dumps(text, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        return "".join(f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in written)
    return written


def _families(head: NDArray[np.int64]) -> list[list[int]]:
    """The members of each family of at least two, the head first, in the order of the heads."""
    families: dict[int, list[int]] = {}
    joined = np.flatnonzero(head != np.arange(len(head)))
    for row, first in zip(joined.tolist(), head[joined].tolist(), strict=True):
        families.setdefault(first, [first]).append(row)
    return [families[first] for first in sorted(families)]


def _cluster_lines(found: DocumentScan, families: Sequence[Sequence[int]]) -> Iterator[str]:
    series = found.series.tolist()
    for number, rows in enumerate(families, 1):
        n_series = len({series[row] for row in rows} - {-1})
        yield (
            f'{{"id":"document-{number}","level":"document","n_families":1,"n_series":{n_series},'
            f'"n_members":{len(rows)},"template":[]}}\n'
        )


def _member_lines(found: DocumentScan, families: Sequence[Sequence[int]]) -> Iterator[str]:
    n_points, ratio = found.n_points.tolist(), found.ratio.tolist()
    for number, rows in enumerate(families, 1):
        for row in rows:
            yield (
                f'{{"cluster":"document-{number}","doc":{_string(found.ids[row])},"start":0,'
                f'"end":{n_points[row]},"ratio":{ratio[row]!r}}}\n'
            )


def summarise_documents(found: DocumentScan, settings: Settings) -> dict[str, Any]:
    """What ``summary.json`` holds, but for ``run``; the keys are those of a full scan."""
    n_chars = int(found.n_chars.sum())
    is_head = found.head == np.arange(len(found.head))
    n_families = int(is_head.sum())
    n_clusters = len(np.unique(found.head[~is_head]))
    return {
        "format_version": FORMAT_VERSION,
        "score_version": SCORE_VERSION,
        "version": VERSION,
        "settings": settings.as_dict(),
        "corpus": {
            "digest": found.digest,
            "n_documents": len(found.ids),
            "n_families": n_families,
            "n_series": len(np.unique(found.series[found.series >= 0])),
            "n_chars": n_chars,
            "n_bytes": sum(file.n_bytes for file in found.files),
        },
        "totals": {
            "parts": asdict(Parts(own=n_chars)),
            "originality": None,
            "originality_1k": None,
            "n_findings": {},
            "n_rules": {},
            "n_clusters": {level: n_clusters if level == "document" else 0 for level in LEVELS},
            "n_phrases": 0,
            "flags": {},
            "n_passages": 0,
            "n_passages_matched": 0,
            "n_matched_alone": 0,
            "n_passages_crowded": 0,
            "n_documents_without_tokens": int((found.n_chars == 0).sum()),
            "n_duplicates": len(found.ids) - n_families,
            "n_documents_crowded": found.n_crowded,
        },
        "files": [as_row(file) for file in found.files],
        "problems": {
            "n": dict(sorted(found.n_problems.items())),
            "examples": [problem.message for problem in found.problems[:20]],
        },
    }
