"""Records as blocks of columns: what is regular goes fast, what surprises goes line by line.

A block is a run of whole lines of JSON Lines in UTF-8, or a batch of a Parquet file. `parse_lines` and `parse_batch`
return its columns only where the plain readers (`detector.records.json_rows`, `detector.records.table_rows`) would read
the very same texts, ids and series from it and find nothing wrong; otherwise None, and the caller reads the block the
slow way. A kernel reads JSON (`detector.kernels.json_lines`), Arrow reads Parquet. ``tests/test_arrow_rows.py`` holds
that both readers agree.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.model import Document
from detector.records.formats import BatchBlock, LineBlock

SURVEYED = 1 << 17
"""Bytes that are looked at together, so that what is computed of them stays in the cache."""

LINE_FEED = 10

Item = TypeVar("Item")
Result = TypeVar("Result")

SORTED_BELOW = 1 << 17
"""Ids that Python sorts in a tenth of a second."""


class Wanted(NamedTuple):
    """The fields that a document is made of: text, id, series, and the address that a series may come from."""

    text: str
    id: str
    series: str
    url: str | None

    @property
    def names(self) -> list[str]:
        """Different names in this order."""
        return list(dict.fromkeys(name for name in self if name is not None))

    @property
    def flat(self) -> bool:
        """Whether all are plain names and different: other wishes go the slow way."""
        return not any("." in name for name in self.names) and len(self.names) == 4 - (self.url is None)


class Parsed(NamedTuple):
    """The columns of a block: ``values``: uint8, UTF-8 of all texts; ``offsets``: int64, n + 1; ids, series and
    addresses as they are stored, None where there is none; ``spans``: int64, n x 2, begin and end of each text as a
    string in the JSON of the block, None where it is none."""

    values: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    ids: list[str | int | None]
    series: list[str | None]
    urls: list[str | None]
    spans: NDArray[np.int64] | None = None


class FilePlaces(NamedTuple):
    """Where texts stand in a file, as JSON strings with their quotes (``start``, ``stop``: int64), and the file's
    ``state`` when it was opened: device, number, size and time of its last change."""

    path: Path
    state: tuple[int, ...]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]


def file_state(file: IO[bytes]) -> tuple[int, ...]:
    """What tells whether a file is still what it was."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Documents in reading order; text d is ``values[offsets[d]:offsets[d + 1]]`` (uint8 UTF-8, lone surrogates
    passed; int64), ``rows`` are their records in ``source``, 1-based. ``places``: where they can be read again."""

    values: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    ids: list[str]
    rows: Sequence[int]
    source: str
    series: list[str | None]
    places: FilePlaces | None = None

    def text(self, row: int) -> str:
        """One text as a string."""
        return bytes(self.values[self.offsets[row] : self.offsets[row + 1]]).decode("utf-8", "surrogatepass")


def text_block(documents: Sequence[Document], source: str) -> TextBlock:
    """A block of documents that were read one by one."""
    parts = [document.text.encode("utf-8", "surrogatepass") for document in documents]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    return TextBlock(
        np.frombuffer(b"".join(parts), np.uint8),
        offsets,
        [document.id for document in documents],
        [document.row for document in documents],
        source,
        [document.series for document in documents],
    )


def id_order(ids: Sequence[str]) -> NDArray[np.int64]:
    """The order of different ids by their code points (int64), as ``sorted`` gives it.

    Of many ids Arrow's kernel finds it: Python's sort would keep every other thread waiting, and signals, for seconds.
    """
    if len(ids) < SORTED_BELOW:
        return np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    import pyarrow as pa
    import pyarrow.compute as pc

    ranges = range(0, len(ids), SORTED_BELOW)
    parts = [pa.array([name.encode("utf-8", "surrogatepass") for name in ids[at : at + SORTED_BELOW]]) for at in ranges]
    # UTF-8 keeps the order of code points, lone surrogates' too.
    return np.asarray(pc.sort_indices(pa.chunked_array(parts, pa.binary())).to_numpy(), np.int64)


def parse_block(block: LineBlock | BatchBlock, wanted: Wanted) -> Parsed | None:
    """The columns of a block; None where it is to be read row by row."""
    return parse_lines(block.data, wanted) if isinstance(block, LineBlock) else parse_batch(block.batch, wanted)


def parse_lines(data: bytes | memoryview, wanted: Wanted) -> Parsed | None:
    """The columns of a run of whole lines, one object each; None where anything is not as expected."""
    from detector.kernels import json_lines

    if data[-1:] != b"\n":
        data = bytes(data) + b"\n"
    view = np.frombuffer(data, np.uint8)
    view.flags.writeable = False  # as bytes are: one compiled kernel serves both
    room = sum(int(np.count_nonzero(view[at : at + SURVEYED] == LINE_FEED)) for at in range(0, len(view), SURVEYED))
    names = [name.encode("utf-8", "surrogatepass") for name in wanted.names]
    bounds = np.cumsum([0, *map(len, names)], dtype=np.int64)
    values, offsets = np.empty(len(data), np.uint8), np.empty(room + 1, np.int64)
    kinds, spans = np.empty((room, len(names)), np.int8), np.empty((room, len(names), 2), np.int64)
    n_rows = json_lines.parse_lines(
        view, view[: len(data) // 8 * 8].view(np.uint64), np.frombuffer(b"".join(names), np.uint8), bounds,
        values, offsets, kinds, spans,
    )  # fmt: skip
    if n_rows == json_lines.REFUSED:
        return None
    held = memoryview(data)
    fields = [_fields(held, kinds[:, at], spans[:, at]) for at in range(1, len(names))]
    urls = fields[2] if wanted.url is not None else [None] * room
    return Parsed(values[: offsets[-1]], offsets, fields[0], fields[1], urls, spans[:, 0])


def _fields(data: memoryview, kinds: NDArray[np.int8], spans: NDArray[np.int64]) -> list[Any]:
    """A field of every line; None where a line has none."""
    from detector.kernels.json_lines import INTEGER, NOTHING, STRING

    found: list[Any] = [None] * len(kinds)
    rows = np.flatnonzero(kinds > NOTHING)
    for row, kind, (begin, end) in zip(rows.tolist(), kinds[rows].tolist(), spans[rows].tolist(), strict=True):
        if kind == STRING:
            found[row] = str(data[begin + 1 : end - 1], "utf-8")
        else:
            found[row] = int(bytes(data[begin:end])) if kind == INTEGER else json.loads(bytes(data[begin:end]))
    return found


def parse_batch(batch: Any, wanted: Wanted) -> Parsed | None:
    """The columns of a Parquet batch; None where a type or a value is not as expected."""
    import pyarrow as pa

    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    arrays = []
    for name in wanted.names:
        array = columns.get(name, pa.nulls(0))
        if name not in columns:
            array = pa.nulls(batch.num_rows, pa.string())
        elif not _is_string(array.type) and not (name == wanted.id and pa.types.is_integer(array.type)):
            return None
        arrays.append(array)
    return _columns(arrays, wanted, batch.num_rows)


def _columns(arrays: Sequence[Any], wanted: Wanted, n_rows: int) -> Parsed | None:
    """The columns of Arrow's arrays, None where a text is missing or a string is not UTF-8."""
    import pyarrow as pa

    by_name = dict(zip(wanted.names, arrays, strict=True))
    text = by_name[wanted.text]
    if text.null_count:
        return None
    try:
        for array in arrays:
            array.validate(full=True)
        ids = by_name[wanted.id].to_pylist()
        series = _strings(by_name[wanted.series], n_rows)
        urls: list[str | None] = [None] * n_rows
        if wanted.url is not None:
            urls = _strings(by_name[wanted.url], n_rows)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    _, bounds, values = text.buffers()
    if n_rows == 0 or bounds is None:
        return Parsed(np.empty(0, np.uint8), np.zeros(1, np.int64), ids, series, urls)
    width = np.int64 if pa.types.is_large_string(text.type) else np.int32
    offsets = np.frombuffer(bounds, width)[text.offset : text.offset + n_rows + 1].astype(np.int64)
    held = np.empty(0, np.uint8) if values is None else np.frombuffer(values, np.uint8)
    return Parsed(held, offsets, ids, series, urls)


def _is_string(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _strings(array: Any, n_rows: int) -> list[str | None]:
    return [None] * n_rows if array.null_count == n_rows else array.to_pylist()


class Ahead:
    """Threads that work ahead of a reader: `map` is an ordered map that never holds more than a few results."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="detector-ahead") if workers > 1 else None

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """``map(function, items)`` in order; an error of ``items`` comes after the results of those before it."""
        if self._pool is None:
            yield from map(function, items)
            return
        waiting: deque[Future[Result]] = deque()
        source = iter(items)
        failure: Exception | None = None
        try:
            while True:
                while failure is None and len(waiting) <= self._workers:
                    try:
                        waiting.append(self._pool.submit(function, next(source)))
                    except StopIteration:
                        break
                    except Exception as error:
                        failure = error
                if not waiting:
                    break
                yield waiting.popleft().result()
            if failure is not None:
                raise failure
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


@contextmanager
def ahead(workers: int) -> Iterator[Ahead]:
    """`Ahead` for the length of a block."""
    threads = Ahead(workers)
    try:
        yield threads
    finally:
        threads.close()
