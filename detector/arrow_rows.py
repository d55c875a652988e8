"""Records as blocks of columns, parsed by Arrow: what is regular goes fast, what surprises goes line by line.

A block is a run of whole lines of JSON Lines in UTF-8, or a batch of a Parquet file. `parse_lines` and `parse_batch`
return its columns only where the plain readers (`detector.json_rows`, `detector.table_rows`) would read the very same
texts, ids and series from it and find nothing wrong; otherwise None, and the caller reads the block the slow way. Arrow
gets a schema of the needed fields, so it guesses no type, rounds no number, and refuses a field that is of two types.

Where Arrow's parser takes more than Python's does, the block is refused: objects that do not stand one to a line,
``Inf`` and ``-NaN``, bytes that are not UTF-8, nesting that Python refuses. ``tests/test_arrow_rows.py`` holds that
both readers agree.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.formats import BatchBlock, LineBlock
from detector.model import Document

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_BLOCK = 1 << 30
"""A longer block goes the slow way: offsets of Arrow's strings are 32 bits wide."""

MAX_NESTING = 500
"""More brackets than this in one line may be nested deeper than Python's parser goes."""

_NULL = re.compile(rb"[ \t\r\n]*null")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')

SORTED_BELOW = 1 << 17
"""Ids that Python sorts in a tenth of a second."""

SURVEYED = 1 << 17
"""Bytes that are looked at together, so that they and what is computed of them stay in the cache."""

LINE_FEED, BRACKET, BRACE, INITIAL_I, INITIAL_N, INITIAL_NULL = b"\n[{INn"


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
    addresses as they are stored, None where there is none."""

    values: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    ids: list[str | int | None]
    series: list[str | None]
    urls: list[str | None]


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Documents in reading order; text d is ``values[offsets[d]:offsets[d + 1]]`` (uint8 UTF-8, lone surrogates
    passed; int64), ``rows`` are their records in ``source``, 1-based."""

    values: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    ids: list[str]
    rows: Sequence[int]
    source: str
    series: list[str | None]

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


def parse_lines(data: bytes, wanted: Wanted) -> Parsed | None:
    """The columns of a run of whole lines, one object each; None where anything is not as expected.

    Ids may be strings or whole numbers, but not both: what Arrow was not promised it refuses at the first record.
    """
    import pyarrow as pa

    if not data or len(data) > MAX_BLOCK or (n_objects := _n_objects(data)) < 0 or not _is_regular(data, n_objects):
        return None
    for kind in (pa.string(), pa.int64()):
        table = _read_json(data, wanted, kind)
        if table is not None:
            break
    else:
        return None
    if n_objects != table.num_rows:
        return None
    columns = [_one_array(table.column(name)) for name in wanted.names]
    return _columns(columns, wanted, table.num_rows)


def _one_array(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _read_json(data: bytes, wanted: Wanted, id_type: Any) -> Any:
    """Arrow's table of the lines, None where it refuses them."""
    import pyarrow as pa
    from pyarrow import json

    fields = [(name, id_type if name == wanted.id else pa.string()) for name in wanted.names]
    try:
        return json.read_json(
            pa.BufferReader(data),
            read_options=json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=json.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="ignore"),
        )
    except (pa.ArrowException, OverflowError):
        return None


def _is_regular(data: bytes, n_objects: int) -> bool:
    """Whether lines, so many that each begin with a brace, are UTF-8 without what Arrow reads and Python refuses."""
    if b"\0" in data or not _is_utf8(data):
        return False
    view = np.frombuffer(data, np.uint8)
    n_brackets = 0
    for start in range(0, len(data), SURVEYED):
        part = view[start : start + SURVEYED]
        n_brackets += int(np.count_nonzero(part == BRACKET)) + int(np.count_nonzero(part == BRACE))
        if _has_bare_null(data, np.flatnonzero(part == BRACE + 2) + start):
            return False
        initials = (part == INITIAL_I) | (part == INITIAL_N)
        if initials.any() and _has_odd_number(data, np.flatnonzero(initials) + start):
            return False
    # Each line has one bracket at least, so that a line of too many makes as many more than there are lines.
    return n_brackets < MAX_NESTING + n_objects or not any(_may_be_deep(line) for line in data.split(b"\n"))


def _may_be_deep(line: bytes) -> bool:
    """Whether more than `MAX_NESTING` brackets open outside the strings of a line."""
    if line.count(b"[") + line.count(b"{") <= MAX_NESTING:
        return False
    bare = _STRING.sub(b"", line)
    return bare.count(b"[") + bare.count(b"{") > MAX_NESTING


def _has_bare_null(data: bytes, closers: NDArray[np.int64]) -> bool:
    """Whether ``null`` follows a closing brace: a null in the place of an object ends the process within Arrow 26."""
    view = np.frombuffer(data, np.uint8)
    follows = view[np.minimum(closers + 1, len(data) - 1)]
    suspects = closers[(follows == INITIAL_NULL) | (follows == 0x20) | (follows == 0x09) | (follows == 0x0D)]
    return any(_NULL.match(data, at + 1) is not None for at in suspects.tolist())


def _has_odd_number(data: bytes, initials: NDArray[np.int64]) -> bool:
    """Whether ``Inf`` or ``NaN``, of which ``initials`` are the first letters, stands where a value might."""
    return any(
        data[at : at + 3] in (b"Inf", b"NaN") and data[at + 3 : at + 4] in b" \t\r\n,]}" for at in initials.tolist()
    )


def _is_utf8(data: bytes) -> bool:
    import pyarrow as pa

    if data.isascii():
        return True
    offsets = pa.py_buffer(np.array([0, len(data)], np.int32))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _n_objects(data: bytes) -> int:
    """The number of lines if each begins with ``{`` and ends with ``}``, otherwise -1.

    In valid JSON a ``}`` is never followed by ``{`` but between two values at the top, and a string holds no line feed;
    so every line feed parts two objects, and as many objects as lines are one to each.
    """
    view = np.frombuffer(data, np.uint8)
    pieces = range(0, len(data), SURVEYED)
    feeds = np.concatenate([np.flatnonzero(view[at : at + SURVEYED] == LINE_FEED) + at for at in pieces])
    starts = np.concatenate(([0], feeds + 1))
    ends = np.append(feeds, len(view))
    if data.endswith(b"\n"):
        starts, ends = starts[:-1], ends[:-1]
    if len(starts) == 0 or bool((ends <= starts).any()) or bool((view[starts] != BRACE).any()):
        return -1
    last = view[ends - 1]
    returns = last == 0x0D
    if returns.any():
        last = np.where(returns, view[np.maximum(ends - 2, 0)], last)
    return len(starts) if bool((last == BRACE + 2).all()) else -1


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
