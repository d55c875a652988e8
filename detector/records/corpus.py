"""A corpus as columns in document order, read from files or taken from memory.

Document order is the order of ids (then of source, row and text, where documents come from memory and share an id).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.errors import RoomError, printable
from detector.machine.clock import Progress
from detector.machine.columns import gathered
from detector.machine.system import available_bytes
from detector.machine.workspace import Workspace
from detector.model import Document, InputFile, Problem
from detector.records.arrow_rows import TextBlock, ahead, id_order
from detector.records.encodings import paired
from detector.records.point_buffer import PointBuffer, PointFile, point_buffer
from detector.records.reading import Reader, corpus_digest
from detector.settings import Settings
from detector.text.texts import Texts

DIGEST_BYTES = 32

RESERVE = 64 << 20
"""Bytes of memory: where the system has no more, reading stops, before the system ends some process."""

ASKED_BYTES = RESERVE // 4
"""Of texts after which the system is asked again what it has: its answer takes half a millisecond."""

TASK_POINTS = 1 << 21
"""Characters of texts from a file that one task moves."""

WAITING_SHARE = 0.05
"""Of the budget for memory, for texts that wait until it is known where they go; of further ones the characters are
written to a file."""

RUN_POINTS = 1 << 18
"""Characters of texts that were read one after the other and are so in document order, on average, where they may stay
in that file as they are: a scan goes through them in document order many times."""


@dataclass(frozen=True, slots=True)
class CorpusColumns:
    """Documents in document order, a row each, and how they were read; ``n_problems`` are all of them by reason."""

    ids: Sequence[str]
    sources: Sequence[str]
    rows: Sequence[int] | NDArray[np.int64]
    series: Sequence[str | None]
    texts: Texts
    digest: str
    files: tuple[InputFile, ...] = ()
    problems: tuple[Problem, ...] = ()
    n_problems: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


def read_corpus(
    inputs: Sequence[str | Path] | str | Path,
    settings: Settings,
    work: Workspace,
    progress: Progress,
) -> CorpusColumns:
    """The documents that the inputs name; raises `InputError` where nothing can be read.

    Where it is not known beforehand how large a buffer they need (`point_buffer`), texts wait until it is: as UTF-8 in
    memory, and what is more than `WAITING_SHARE` of the budget as characters in a file.
    """
    from detector.kernels.decoding import count_points

    reader = Reader(inputs, settings)
    read = Notes(progress)
    in_memory = None if work.memory is None else round(WAITING_SHARE * work.memory)
    buffer = point_buffer(reader.named, work)
    with work.growing() as late, ahead(work.workers) as threads:
        file = PointFile(work, late)

        def kept(placed: tuple[TextBlock, int]) -> _Waiting:
            block, at = placed
            offsets, counts = block.offsets - block.offsets[0] + at, np.empty(len(block.ids), np.int64)
            values = block.values[block.offsets[0] : block.offsets[-1]]
            count_points(values, offsets - at, counts)
            read.digest(block)
            if buffer is not None and (begins := buffer.decode(values, offsets - at, counts)) is not None:
                return _Waiting(offsets, counts, None, begins)
            if in_memory is None or offsets[-1] <= in_memory:
                return _Waiting(offsets, counts, values)
            return _Waiting(offsets, counts, None, file.decode(values, offsets - at, counts), is_late=True)

        waiting = list(threads.map(kept, placed(read.noted(reader.blocks(work.workers)))))
        order = id_order(read.ids)
        texts = _joined_texts(file, waiting, order, work, buffer)
    sources, rows = read.places(order)
    return CorpusColumns(
        ids=[read.ids[row] for row in order.tolist()],
        sources=sources,
        rows=rows,
        series=read.series(order),
        texts=texts,
        digest=joined_digest(read.digests),
        files=tuple(reader.files),
        problems=tuple(reader.problems),
        n_problems=dict(reader.n_problems),
    )


def corpus_of(documents: Iterable[Document] | Mapping[str, str]) -> CorpusColumns:
    """Documents, or texts by id, from memory; repeated ids get a suffix, as a reader gives it, and are counted."""
    if isinstance(documents, Mapping):
        documents = [Document(name, text) for name, text in documents.items()]
    unique, problems = _with_unique_ids(sorted(map(_paired, documents), key=_document_order))
    return CorpusColumns(
        ids=[document.id for document in unique],
        sources=[document.source for document in unique],
        rows=[document.row for document in unique],
        series=[document.series for document in unique],
        texts=Texts.of(document.text for document in unique),
        digest=corpus_digest(unique),
        problems=tuple(problems),
        n_problems=dict(Counter(problem.reason for problem in problems)),
    )


def _paired(document: Document) -> Document:
    """The document with surrogates side by side made characters."""
    if document.id.isascii() and document.text.isascii():
        return document
    return replace(document, id=paired(document.id), text=paired(document.text))


def _document_order(document: Document) -> tuple[str, str, int, str]:
    return (document.id, document.source, document.row, document.text)


def _with_unique_ids(documents: Sequence[Document]) -> tuple[list[Document], list[Problem]]:
    taken = {document.id for document in documents}
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    unique: list[Document] = []
    problems: list[Problem] = []
    for document in documents:
        name = document.id
        if name in seen:
            number = numbers.get(document.id, 2)
            while f"{document.id}~{number}" in taken:
                number += 1
            numbers[document.id] = number + 1
            name = f"{document.id}~{number}"
            taken.add(name)
            message = f"{printable(document.id)}: a second document has this id; it is now {printable(name)}"
            problems.append(Problem("duplicate_id", document.source, document.row, message, lost=False))
            document = replace(document, id=name)
        seen.add(name)
        unique.append(document)
    return sorted(unique, key=_document_order), problems


class Notes:
    """What is kept of the blocks as they are read: id, source, row and series of each document, and digests."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._sources: list[tuple[str, int]] = []
        self._rows: list[NDArray[np.int64]] = []
        self._names: dict[str, int] = {}
        self._listed: list[str] = []
        self._series: list[NDArray[np.int32]] = []
        self.ids: list[str] = []
        self.digests: list[NDArray[np.uint8]] = []

    def noted(self, blocks: Iterable[TextBlock]) -> Iterator[TextBlock]:
        """The blocks, in order, each noted. Raises `RoomError` where memory ends, as notes are kept in it."""
        unasked = ASKED_BYTES
        for block in blocks:
            unasked += len(block.values)
            if unasked >= ASKED_BYTES:
                unasked = 0
                available = available_bytes()
                if available is not None and available < RESERVE:
                    raise RoomError(
                        f"{block.source}: no memory is left after {len(self.ids):,} documents; split the input,"
                        " or end other programs"
                    )
            self._sources.append((block.source, len(block.ids)))
            self._rows.append(np.asarray(block.rows, np.int64))
            self._series.append(np.array([self._number(name) for name in block.series], np.int32))
            self.ids += block.ids
            self._progress("read", len(self.ids), 0)
            yield block

    def _number(self, name: str | None) -> int:
        if name is None:
            return -1
        if name not in self._names:
            self._names[name] = len(self._listed)
            self._listed.append(name)
        return self._names[name]

    def series_numbers(self, order: NDArray[np.int64]) -> NDArray[np.int32]:
        """A number for each document's series, -1 where it has none, in ``order``."""
        return np.concatenate([np.empty(0, np.int32), *self._series])[order]

    @property
    def series_names(self) -> Sequence[str]:
        """The series by number."""
        return self._listed

    def series(self, order: NDArray[np.int64]) -> list[str | None]:
        """The series of each document, in ``order``."""
        return [None if at < 0 else self._listed[at] for at in self.series_numbers(order).tolist()]

    def digest(self, block: TextBlock) -> None:
        """Notes the digests of a block; on any thread, in any order."""
        self.digests.append(block_digests(block))

    def places(self, order: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
        """Source and row of each document, in ``order``."""
        names = [name for name, _ in self._sources]
        number = np.repeat(np.arange(len(names)), [n for _, n in self._sources])[order]
        rows = np.concatenate([np.empty(0, np.int64), *self._rows])[order]
        return [names[at] for at in number.tolist()], rows


class _Waiting(NamedTuple):
    """The n texts of a block that was read.

    ``offsets`` (int64, n + 1) are where they begin and end among the UTF-8 of all texts. ``counts`` (int64, n) are
    their code points. ``values`` (uint8) is their UTF-8, one after the other; None where they are decoded, and begin at
    ``begins`` (int64, n) of a `PointFile` if they are ``late``, else of a `PointBuffer`.
    """

    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]
    values: NDArray[np.uint8] | None
    begins: NDArray[np.int64] | None = None
    is_late: bool = False


def placed(blocks: Iterable[TextBlock]) -> Iterator[tuple[TextBlock, int]]:
    """Each block with its place among the UTF-8 of all texts."""
    size = 0
    for block in blocks:
        yield block, size
        size += int(block.offsets[-1] - block.offsets[0])


def _joined_texts(
    file: PointFile, waiting: Sequence[_Waiting], order: NDArray[np.int64], work: Workspace, buffer: PointBuffer | None
) -> Texts:
    """The texts in ``order`` (int64, of their places in reading order) over one buffer."""
    sizes = np.concatenate([np.empty(0, np.int64), *(block.counts for block in waiting)])
    begins = [np.full(len(block.counts), -1) if block.begins is None else block.begins for block in waiting]
    to = np.concatenate([np.empty(0, np.int64), *begins])
    held = np.empty(0, np.uint32) if buffer is None else buffer.points(work)
    n_bytes = int(sizes.sum()) * held.itemsize
    if len(file) and not len(held) and not work.holds(n_bytes) and _is_in_runs(order, to, sizes):
        ends = np.cumsum([0, *(len(block.counts) for block in waiting)]).tolist()
        for block, rows in zip(waiting, pairwise(ends), strict=True):
            if block.values is not None:
                to[slice(*rows)] = file.decode(block.values, block.offsets - block.offsets[0], block.counts)
        return Texts(file.points(), to[order], to[order] + sizes[order])
    return _gathered_texts(file, waiting, order, work, held, to, sizes)


def _is_in_runs(order: NDArray[np.int64], to: NDArray[np.int64], sizes: NDArray[np.int64]) -> bool:
    """Whether texts that begin at ``to`` (-1 is nowhere) follow each other in ``order`` for `RUN_POINTS` on average."""
    rows = order[to[order] >= 0]
    n_runs = 1 + np.count_nonzero(to[rows][1:] != (to[rows] + sizes[rows])[:-1])
    return bool(n_runs * RUN_POINTS <= sizes[rows].sum() + RUN_POINTS)


def _gathered_texts(
    file: PointFile, waiting: Sequence[_Waiting], order: NDArray[np.int64], work: Workspace,
    held: NDArray[np.uint32], to: NDArray[np.int64], sizes: NDArray[np.int64],
) -> Texts:  # fmt: skip
    """The texts over a buffer of its own: first those that are in one already (``held``), then those that wait in
    memory, block by block, and then those of the file, in ``order``; ``to`` is where they begin in either.

    Each task fills a part of the buffer of its own.
    """
    from detector.kernels.decoding import decode_texts

    firsts = np.cumsum([0, *(len(block.counts) for block in waiting)]).tolist()
    is_late = np.repeat(np.array([block.is_late for block in waiting], np.bool_), np.diff(firsts))
    rows = order[is_late[order]]
    moved = np.concatenate((np.flatnonzero(to < 0), rows))
    if not len(moved):
        return Texts(held, to[order], to[order] + sizes[order])
    source, first = file.points(), to[rows]
    bounds = np.cumsum(np.concatenate(([len(held)], sizes[moved])))
    to[moved] = bounds[:-1]
    points = work.empty(int(bounds[-1]), np.uint32, put=True)
    work.put(points, 0, held)

    def decode(block: _Waiting, its: slice) -> None:
        begin = int(to[its][0])
        assert block.values is not None
        with work.filling(points, begin, begin + int(sizes[its].sum())) as part:
            decode_texts(block.values, block.offsets - block.offsets[0], part, to[its] - begin)

    def move(part: slice) -> None:
        its = rows[part]
        work.put(points, int(to[its][0]), gathered(source, first[part], first[part] + sizes[its]))

    tasks: list[Callable[[], None]] = [
        partial(decode, block, slice(*its))
        for block, its in zip(waiting, pairwise(firsts), strict=True)
        if block.values is not None and len(block.counts)
    ]
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes[rows]) // TASK_POINTS)) + 1
    edges = [0, *cuts.tolist(), len(rows)]
    tasks += [partial(move, slice(a, b)) for a, b in pairwise(edges) if a < b]
    work.map(lambda task: task(), tasks)
    return Texts(points, to[order], to[order] + sizes[order])


def block_digests(block: TextBlock) -> NDArray[np.uint8]:
    """The SHA-256 of id, a NUL and text of each document (n x 32 bytes)."""
    digests = bytearray()
    values, bounds = block.values.data, block.offsets.tolist()
    for name, start, stop in zip(block.ids, bounds[:-1], bounds[1:], strict=True):
        digest = hashlib.sha256(f"{name}\0".encode("utf-8", "surrogatepass"))
        digest.update(values[start:stop])
        digests += digest.digest()
    return np.frombuffer(bytes(digests), np.uint8).reshape(-1, DIGEST_BYTES)


def joined_digest(digests: Iterable[NDArray[np.uint8]]) -> str:
    """The digest of a corpus from those of its blocks, what `detector.records.reading.corpus_digest` gives."""
    rows = np.concatenate([np.empty((0, DIGEST_BYTES), np.uint8), *digests])
    ordered = np.sort(np.ascontiguousarray(rows).view(f"S{DIGEST_BYTES}").ravel())
    return hashlib.sha256(ordered.tobytes()).hexdigest()
