"""Whether a scan has the room that it needs, told before it begins; and a sample that tells how large an input is.

The least needs are ratios that no scan stays below, so that nothing is refused that would fit; the usual ones are those
of ordinary text. Both were measured, and ``detector scan FILE --dry-run --json`` prints them for any corpus
(``per_byte``).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from detector.errors import InputError, RoomError, printable
from detector.machine.leftovers import temporary_folder as new_folder
from detector.machine.system import available_bytes
from detector.machine.workspace import Workspace, room
from detector.model import Document
from detector.records.formats import READ_ERRORS, open_stream
from detector.records.inputs import NamedFile, expand
from detector.records.reading import Reader
from detector.records.table_rows import open_parquet
from detector.settings import Settings
from detector.tables.scan_files import PARQUET_ABOVE

SAMPLE_BYTES = 4_000_000
"""Of the files, unpacked: the size of a sample."""

SAMPLED_ABOVE = 1 << 28
"""Bytes of input from which its room is checked before the scan: smaller ones fit on any disk that is not full."""

FILES_IN_SAMPLE, MOST_FILES = 8, 1000
"""Files that are looked into; more, if they are so small that eight of them would be no sample."""


class Ratios(NamedTuple):
    """Bytes per byte of text: code points, all columns that are held at one time, results as JSON Lines and Parquet."""

    points: float
    columns: float
    jsonl: float
    parquet: float


LEAST = {"passage": Ratios(1.0, 3.2, 0.04, 0.01), "document": Ratios(1.0, 0.0, 0.0, 0.0)}
"""A code point takes four bytes, in UTF-8 one to four. English pages need 3.3 of columns, Chinese text 4.9 to 5.8.
Random text has nothing to report but its documents."""

USUAL = {"passage": Ratios(1.4, 5.6, 7.0, 1.0), "document": Ratios(1.4, 0.06, 0.07, 0.03)}
"""A synthetic corpus of Chinese reports, 10 to 100 MB; real text is between 3.6 and 11.6 of JSON Lines."""

LEAST_BUDGET = 128 << 20
"""Bytes of memory below which no budget can be kept: the interpreter and the libraries alone take 111 MB."""

LEAST_RESIDENT = 200_000_000
"""Bytes of memory that must be free; the smallest corpus takes 125 MB, 95 at level document, 410 while compiling."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The first ``documents`` of some files of an input, and by them what the whole input holds.

    ``n_files`` and ``n_bytes`` are of all files as they lie on the disk, ``n_sampled`` the files that were looked into;
    ``text_bytes`` (UTF-8) and ``n_documents`` are expected of the whole input, and exact where all of it was read.
    """

    documents: tuple[Document, ...]
    n_files: int
    n_sampled: int
    n_bytes: int
    text_bytes: int
    n_documents: int


class _Head(NamedTuple):
    """The first documents of a file and the share of the file that they are."""

    documents: list[Document]
    share: float


def text_size(document: Document) -> int:
    """Bytes of a document's text in UTF-8."""
    return len(document.text.encode("utf-8", "surrogatepass"))


def take_sample(inputs: Sequence[str | Path], settings: Settings, *, n_bytes: int = SAMPLE_BYTES) -> Sample:
    """The first documents of files that are spread evenly over the input; at most ``n_bytes`` of files are unpacked.

    Raises `InputError` for an input that does not exist, for standard input, and where no document could be read.
    """
    files, _ = expand(inputs, settings.skip_files)
    if any(file.path is None for file in files):
        raise InputError("-: standard input comes only once and cannot be sampled; save it to a file first")
    sizes = [_size(file) for file in files]
    total = sum(sizes)
    n_chosen = min(len(files), MOST_FILES, max(FILES_IN_SAMPLE, -(-n_bytes * len(files) // max(total, 1))))
    chosen = [number * len(files) // n_chosen for number in range(n_chosen)]
    documents: list[Document] = []
    seen = text = count = 0.0
    for at in chosen:
        head = _head(files[at], sizes[at], n_bytes // n_chosen, settings)
        if head.share:
            documents += head.documents
            seen += sizes[at]
            text += sum(map(text_size, head.documents)) / head.share
            count += len(head.documents) / head.share
    if not documents:
        raise InputError(
            f"no document could be read in the first {n_bytes // n_chosen:,} bytes of {n_chosen} of {len(files)} files;"
            " nothing can be estimated from them"
        )
    scale = total / seen
    return Sample(tuple(documents), len(files), n_chosen, total, round(text * scale), round(count * scale))


def _size(file: NamedFile) -> int:
    assert file.path is not None
    try:
        return file.path.stat().st_size
    except OSError:
        return 0


def _head(file: NamedFile, size: int, n_bytes: int, settings: Settings) -> _Head:
    """The documents of about the first ``n_bytes`` of a file; none where it cannot be read."""
    assert file.path is not None
    quiet = settings.with_values(strict=False)
    try:
        if file.name.format == "parquet":
            return _parquet_head(file.path, n_bytes, quiet)
        with file.path.open("rb") as raw:
            data, is_whole = _first_bytes(open_stream(raw, file.name.compression), n_bytes)
            at = size if is_whole else min(raw.tell(), size) if file.name.compression else len(data)
    except READ_ERRORS:
        return _Head([], 0.0)
    with new_folder() as folder:
        copy = folder / Path(file.name.uncompressed).name
        copy.write_bytes(data)
        return _Head(list(Reader(copy, quiet)), at / size if size else 0.0)


def _first_bytes(stream: object, n_bytes: int) -> tuple[bytes, bool]:
    """Up to ``n_bytes`` of a stream, of whole lines if it has any, and whether that is all of it."""
    parts: list[bytes] = []
    left = n_bytes + 1
    while left and (part := stream.read(left)):  # type: ignore[attr-defined]
        parts.append(part)
        left -= len(part)
    data = b"".join(parts)
    if left:
        return data, True
    cut = data.rfind(b"\n") + 1
    if not cut:  # one long line: no character is cut in two, be it UTF-8 or UTF-16
        cut = n_bytes // 4 * 4
        while cut and data[cut] & 0xC0 == 0x80:
            cut -= 1
    return data[:cut], False


def _parquet_head(path: Path, n_bytes: int, settings: Settings) -> _Head:
    """The first documents of a Parquet file; only the columns that a scan uses are read."""
    with path.open("rb") as file:
        n_rows = open_parquet(file).metadata.num_rows
    found: list[Document] = []
    n_read = size = 0
    for block, n in _blocks(path, settings):
        found += block
        n_read = n
        size += sum(map(text_size, block))
        if size >= n_bytes:
            break
    return _Head(found, min(1.0, n_read / n_rows) if n_rows else 0.0)


def _blocks(path: Path, settings: Settings) -> Iterator[tuple[list[Document], int]]:
    """The documents of each block, and the rows of the file up to its end."""
    for block in Reader(path, settings).blocks():
        ranges = pairwise(block.offsets.tolist())
        texts = [bytes(block.values[a:b]).decode("utf-8", "surrogatepass") for a, b in ranges]
        rows = zip(block.ids, texts, block.rows, block.series, strict=True)
        found = [Document(name, text, block.source, row, series) for name, text, row, series in rows]
        yield found, max(block.rows)


def check_inputs(
    inputs: Sequence[str | Path], settings: Settings, work: Workspace, out: str | Path | None
) -> str | None:
    """`check_room` for some inputs; small ones and standard input, whose size nobody knows, are not looked at."""
    files, _ = expand(inputs, settings.skip_files)
    n_bytes = sum(_size(file) for file in files if file.path is not None)
    if n_bytes < SAMPLED_ABOVE or any(file.path is None for file in files):
        _check_memory(work, settings.level)
        return None
    try:
        text_bytes = take_sample(inputs, settings).text_bytes
    except InputError:
        text_bytes = n_bytes
    format = "parquet" if n_bytes > PARQUET_ABOVE else settings.format
    return check_room(text_bytes, work, out, level=settings.level, format=format)


def check_room(
    n_bytes: int, work: Workspace, out: str | Path | None, *, level: str = "passage", format: str = "jsonl"
) -> str | None:
    """Raises `RoomError` where a scan of so many bytes of text cannot fit; one line of warning where it may not.

    ``out`` is the folder for the results, None where nothing is written. `take_sample` tells the bytes of text;
    compressed files hold more than their size, files with many other fields less.
    """
    _check_memory(work, level)
    least, usual = (_places(n_bytes, work, out, ratios[level], format) for ratios in (LEAST, USUAL))
    for place in least:
        if place.need > place.free:
            raise RoomError(_told(place, f"at least {human(place.need)}"))
    for place in usual:
        if place.need > place.free:
            return _told(place, f"perhaps {human(place.need)}") + "; --dry-run tells more"
    return None


def _check_memory(work: Workspace, level: str) -> None:
    if work.memory is not None and work.memory < LEAST_BUDGET:
        raise RoomError(
            f"no scan keeps within {human(work.memory)} of memory: give it {human(LEAST_BUDGET)} or more with --memory"
        )
    available = available_bytes()
    if available is not None and available < LEAST_RESIDENT:
        raise RoomError(
            f"a scan needs {human(LEAST_RESIDENT)} of memory and {human(available)} are free: end other programs first"
        )


class _Place(NamedTuple):
    """A file system: what it is used for, a folder of it, bytes needed and free there, and how to need less."""

    use: str
    folder: Path
    need: int
    free: int
    advice: str


def _told(place: _Place, need: str) -> str:
    where = printable(str(place.folder))
    return f"{where}: {place.use} of this scan need {need}, {human(place.free)} are free there; {place.advice}"


def _places(n_bytes: int, work: Workspace, out: str | Path | None, ratios: Ratios, format_: str) -> list[_Place]:
    """What is needed on each file system."""
    tmp = temporary_folder(work)
    spilled = max(n_bytes, spilled_bytes(n_bytes * ratios.columns, work.memory, n_bytes * ratios.points))
    places = [_Place("temporary files", tmp, spilled, free_bytes(tmp), "name a folder with more room with --tmp")]
    if out is None:
        return places
    written = round(n_bytes * (ratios.parquet if format_ == "parquet" else ratios.jsonl))
    target = existing_folder(out)
    if target.stat().st_dev == tmp.stat().st_dev:
        both = "name a folder on another disk with --tmp or --out, or split the input"
        return [_Place("temporary files and results", tmp, spilled + written, free_bytes(tmp), both)]
    advice = "name another folder with --out, or split the input"
    return [*places, _Place("the results", target, written, free_bytes(target), advice)]


def spilled_bytes(columns: float, memory: int | None, n_points: float) -> int:
    """Bytes of columns that do not fit a budget, of texts whose code points take ``n_points`` bytes."""
    return 0 if memory is None else max(0, round(columns - room(memory, n_points)))


def temporary_folder(work: Workspace) -> Path:
    """Where a scan keeps what does not fit in memory."""
    return work.tmp if work.tmp is not None else Path(tempfile.gettempdir())


def existing_folder(out: str | Path) -> Path:
    """The folder itself, or the nearest above it that exists."""
    path = Path(out).absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def free_bytes(folder: Path) -> int:
    """What may still be written on the file system of a folder."""
    return shutil.disk_usage(folder).free


def human(n_bytes: float) -> str:
    """Bytes in the unit that people would choose.

    >>> human(512), human(7_300_000), human(1_234_000_000)
    ('512 B', '7.3 MB', '1.2 GB')
    """
    size, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    digits = 1 if unit != "B" and size < 99.95 else 0
    return f"{size:.{digits}f} {unit}"
