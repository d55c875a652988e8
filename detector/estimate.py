"""What a scan would take, from a sample that is scanned at two sizes: time, memory, temporary disk and output.

Two points make a line: what every scan costs, and what every byte of text adds. Columns grow with the text and are
counted; the rest of the memory is by constants that were measured. More is shared in a larger corpus than in a sample,
so that matching may take more than is told, and the output somewhat.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from detector.document_scan import scan_documents
from detector.kernels.cache import are_compiled
from detector.machine.clock import Progress, silent
from detector.machine.leftovers import temporary_folder as new_folder
from detector.machine.system import available_bytes
from detector.machine.workspace import Workspace
from detector.matching.duplicates import ROW_BYTES
from detector.model import Document
from detector.pipeline import scan
from detector.results.unfinished import LEAST_SECONDS
from detector.results.writing import write_lines
from detector.room import (
    Sample,
    existing_folder,
    free_bytes,
    spilled_bytes,
    take_sample,
    temporary_folder,
    text_size,
)
from detector.settings import Settings
from detector.tables.scan_files import PARQUET_ABOVE

REPEATS, SECONDS = 3, 4.0
"""Scans of each size, of which the fastest counts; no more are begun after so many seconds."""

START = (1.5, 0.5)
"""Seconds to load the compiled kernels of analysis and writing, where they were just compiled and none were loaded."""

KEPT = 1.9
"""Bytes per byte of text that are kept of all stages until a scan is complete: 1.8 of 100 MB of synthetic reports, 1.9
of 35 MB of real news."""


class Resident(NamedTuple):
    """Bytes in memory: fixed, for each thread at work on ``block`` bytes, and per byte of text beside columns; ``kept``
    are those per byte of text, columns too, that no budget puts into files."""

    fixed: float
    thread: float
    block: float
    beside: float
    kept: float


RESIDENT = {
    "passage": Resident(265e6, 60e6, 12e6, 0.8, 1.3),
    "document": Resident(240e6, 30e6, 8e6, 0.1, 0.1),
}
"""Fitted to ``run.peak_memory`` as ``detector scan FILE --json`` prints it, for 0.4, 3, 5, 9, 10, 35 and 100 MB of
text; what is kept, to 100, 300 and 1,000 MB within 200 MiB, 300 MiB and 1 GiB."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds and bytes that a scan of the whole input would take, the sample that tells it, and what there is.

    ``per_byte`` are seconds of analysis and of writing, bytes of columns and of output for each byte of text.
    ``output`` is what ``--out`` would hold, also where none is named; ``output_folder`` and ``output_available`` are
    None then. ``unfinished`` is what it holds beside that until the scan is complete. ``memory_budget`` and
    ``memory_available`` are None where they are not known.
    """

    level: str
    format: str
    workers: int
    n_files: int
    n_bytes: int
    text_bytes: int
    sample_files: int
    sample_documents: int
    sample_bytes: int
    seconds_analysis: float
    seconds_writing: float
    memory: int
    temporary: int
    output: int
    unfinished: int
    memory_budget: int | None
    memory_available: int | None
    temporary_folder: str
    temporary_available: int
    output_folder: str | None
    output_available: int | None
    per_byte: dict[str, float]

    @property
    def seconds(self) -> float:
        """Of analysis and, where a folder for the results is named, of writing."""
        return self.seconds_analysis + (self.seconds_writing if self.output_folder is not None else 0.0)

    def as_row(self) -> dict[str, Any]:
        """Plain values, as ``--json`` prints them."""
        return {**asdict(self), "seconds": self.seconds}


class _Counting(Workspace):
    """A workspace that knows the largest sum of the columns that were held at one time."""

    def __init__(self, *, tmp: Path | None, workers: int) -> None:
        super().__init__(tmp=tmp, workers=workers)
        self.held = self.peak = 0

    def empty(self, shape: int | tuple[int, ...], dtype: Any, **how: bool) -> NDArray[Any]:
        column = super().empty(shape, dtype, **how)
        self.held += column.nbytes
        self.peak = max(self.peak, self.held)
        weakref.finalize(column, self._let_go, column.nbytes)
        return column

    def _let_go(self, n_bytes: int) -> None:
        self.held -= n_bytes


class _Point(NamedTuple):
    """What a scan of ``n_bytes`` of text took: seconds and bytes."""

    n_bytes: float
    analysis: float
    writing: float
    columns: float
    output: float


class _Line(NamedTuple):
    """A cost: fixed, and per byte."""

    fixed: float
    slope: float

    def at(self, n_bytes: float) -> float:
        return self.fixed + self.slope * n_bytes


def estimate(
    inputs: Sequence[str | Path],
    settings: Settings,
    work: Workspace,
    *,
    out: str | None = None,
    progress: Progress = silent,
) -> Estimate:
    """What a scan of the inputs would take with the threads and the budget of ``work``.

    Some megabytes are read, and scanned several times; what that writes is in a temporary folder and goes with it.
    Raises `InputError` for an input that does not exist, for standard input, and where no document could be read.
    """
    progress("sample", 0, 0)
    sample = take_sample(inputs, settings)
    as_parquet = settings.format == "parquet" or sample.n_bytes > PARQUET_ABOVE
    settings = replace(settings, format="parquet" if as_parquet else "jsonl")
    return _estimate(sample, settings, work, out, _measured(sample, settings, work, progress))


class _Measured(NamedTuple):
    """What loading the kernels took in the very first scan, in seconds of analysis and of writing, and two sizes."""

    start: tuple[float, float]
    small: _Point
    large: _Point


def _measured(sample: Sample, settings: Settings, work: Workspace, progress: Progress) -> _Measured:
    """Scans of a third of the sample and of all of it."""
    own = settings.with_values(text_field="text", id_field="id", series_field="series", encoding="utf-8", strict=False)
    compiled = are_compiled()
    with new_folder(work.tmp) as folder:
        sizes = {"small": third(sample.documents), "large": sample.documents}
        paths = [_written(folder / f"{size}.jsonl", documents) for size, documents in sizes.items()]

        def run(path: Path) -> _Point:
            progress("sample", 0, 0)
            return _run(path, folder / "out", own, work)

        first = run(paths[0])
        began = time.perf_counter()
        rounds = [[run(path) for path in paths]]
        while len(rounds) < REPEATS and time.perf_counter() - began < SECONDS:
            rounds.append([run(path) for path in paths])
    small, large = (_best(points) for points in zip(*rounds, strict=True))
    start = (max(0.0, first.analysis - small.analysis), max(0.0, first.writing - small.writing))
    return _Measured(start if compiled else START, small, large)


def third(documents: Sequence[Document]) -> list[Document]:
    """Every third document; of less than three the first third of their texts."""
    if len(documents) >= 3:
        return list(documents[::3])
    return [replace(document, text=document.text[: len(document.text) // 3]) for document in documents]


def _written(path: Path, documents: Sequence[Document]) -> Path:
    rows = ({"id": one.id, "text": one.text, "series": one.series} for one in documents)
    write_lines(path, rows)
    return path


def _run(path: Path, out: Path, settings: Settings, work: Workspace) -> _Point:
    """One scan, written to a folder that goes away."""
    began = time.perf_counter()
    counting = _Counting(tmp=work.tmp, workers=work.workers)
    with counting:
        write = _analyse(path, settings, counting)
        analysed = time.perf_counter()
        write(out)
        written = time.perf_counter()
        files = list(out.iterdir())
        output = sum(file.stat().st_size for file in files)
        for file in files:
            file.unlink()
        out.rmdir()
        return _Point(path.stat().st_size, analysed - began, written - analysed, counting.peak, output)


def _analyse(path: Path, settings: Settings, work: Workspace) -> Callable[[Path], None]:
    """A scan at the level of the settings, and how it is written."""
    if settings.level == "document":
        return scan_documents([path], settings, work, silent).write
    return scan([path], settings, work=work).write


def _best(points: Sequence[_Point]) -> _Point:
    """The fastest of each; columns differ a little by which thread is first, output not at all."""
    return _Point(*(min(values) for values in zip(*points, strict=True)))


def line(small: tuple[float, float], large: tuple[float, float]) -> tuple[float, float]:
    """Fixed cost and cost per byte through two points of (bytes, cost); neither is negative.

    >>> line((1.0, 5.0), (3.0, 9.0)), line((1.0, 1.0), (3.0, 9.0)), line((1.0, 5.0), (3.0, 2.0))
    ((3.0, 2.0), (0.0, 3.0), (2.0, 0.0))
    """
    (x, low), (y, high) = small, large
    slope = (high - low) / (y - x) if y > x else high / max(y, 1.0)
    if slope <= 0.0:
        return high, 0.0
    fixed = high - slope * y
    return (fixed, slope) if fixed >= 0.0 else (0.0, high / y)


def _estimate(sample: Sample, settings: Settings, work: Workspace, out: str | None, found: _Measured) -> Estimate:
    """The whole input by what the two sizes took."""
    text = sum(map(text_size, sample.documents))
    share = text / found.large.n_bytes  # a point counts the bytes of its file, ids and all
    n_bytes = sample.text_bytes / share if share else 0.0
    lines = {
        name: _Line(*line(*((point.n_bytes, getattr(point, name)) for point in (found.small, found.large))))
        for name in ("analysis", "writing", "columns", "output")
    }
    columns = lines["columns"].at(n_bytes)
    tmp = temporary_folder(work)
    if settings.level == "document":
        temporary = sample.text_bytes + sample.n_documents * ROW_BYTES
    else:
        points = 4.0 * sum(len(document.text) for document in sample.documents) / max(text, 1) * sample.text_bytes
        spilled = spilled_bytes(columns, work.memory, points)
        in_order = 2 * round(points) if spilled else 0  # where ids do not come in order, texts are there twice
        temporary = max(sample.text_bytes, spilled, in_order)
    target = existing_folder(out) if out is not None else None
    seconds = round(lines["analysis"].at(n_bytes) + found.start[0], 3)
    return Estimate(
        level=settings.level,
        format=settings.format,
        workers=work.workers,
        n_files=sample.n_files,
        n_bytes=sample.n_bytes,
        text_bytes=sample.text_bytes,
        sample_files=sample.n_sampled,
        sample_documents=len(sample.documents),
        sample_bytes=text,
        seconds_analysis=seconds,
        seconds_writing=round(lines["writing"].at(n_bytes) + found.start[1], 3),
        memory=memory_needed(sample.text_bytes, columns, work, settings.level),
        temporary=temporary,
        output=round(lines["output"].at(n_bytes)),
        unfinished=round(KEPT * sample.text_bytes) if seconds >= LEAST_SECONDS and settings.level == "passage" else 0,
        memory_budget=work.memory,
        memory_available=available_bytes(),
        temporary_folder=str(tmp),
        temporary_available=free_bytes(tmp),
        output_folder=out,
        output_available=free_bytes(target) if target is not None else None,
        per_byte={name: one.slope / share if share else 0.0 for name, one in lines.items()},
    )


def memory_needed(n_bytes: int, columns: float, work: Workspace, level: str) -> int:
    """Bytes of memory at the most: all that is needed, but no more than the budget where columns can go into files."""
    resident = RESIDENT[level]
    n_threads = min(work.workers, n_bytes / resident.block)
    fixed = resident.fixed + n_threads * resident.thread
    needed = fixed + columns + resident.beside * n_bytes
    if work.memory is None:
        return round(needed)
    return round(min(needed, max(work.memory, fixed + resident.kept * n_bytes)))
