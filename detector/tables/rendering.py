"""Tables over columns as the bytes of their files, block by block.

A `Sheet` says for one table which fields a row has and where their values come from. A block is a run of rows whose
strings take about `BLOCK_BYTES`, so that neither a table nor its file is ever whole in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels import rendering as kernel
from detector.kernels.rendering import ASCII, JSON, Spans, Strings
from detector.text.folding import code_points
from detector.text.texts import Texts

Integers = NDArray[np.int64]

BLOCK_BYTES, BLOCK_ROWS = 8_000_000, 50_000
"""Bytes and rows of a block at most, but for a single row; the bytes are a bound, most blocks take a third."""

ROWS_TOGETHER = 1 << 16
"""Strings that are made to JSON at a time."""

_NONE = np.empty(0, np.uint8), np.empty(0, np.int64)
_NO_SPANS = Spans(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int64), -1)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODERS = {mode: json.JSONEncoder(ensure_ascii=mode == ASCII, separators=(",", ":")).encode for mode in (JSON, ASCII)}


def json_text(value: Any, mode: int = JSON) -> str:
    """A value as compact JSON; lone surrogates, which UTF-8 has not, are escaped.

    >>> json_text({"text": "报告\\ud800"})
    '{"text":"报告\\\\ud800"}'
    """
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", _ENCODERS[mode](value))


def plain_text(value: str) -> str:
    """A string as UTF-8 can have it: a lone surrogate becomes the replacement character."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)


def strings(values: Sequence[str]) -> Strings:
    """Strings as their bytes in UTF-8."""
    parts = [value.encode() for value in values]
    sizes = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    data = np.frombuffer(b"".join(parts), dtype=np.uint8).copy()
    return Strings(data, np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes))))


def json_strings(values: Sequence[str], mode: int = JSON, opens: str = '"', closes: str = '"') -> Strings:
    """Strings as strings of JSON, between other words where these are given."""
    rows = range(0, len(values), ROWS_TOGETHER)
    some = [_between(values[row : row + ROWS_TOGETHER], mode, opens, closes) for row in rows]
    data, sizes = (np.concatenate(parts) for parts in zip(_NONE, *some, strict=True))
    return Strings(data, np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes))))


def _between(values: Sequence[str], mode: int, opens: str, closes: str) -> tuple[NDArray[np.uint8], Integers]:
    """The bytes of some strings of JSON, and how many each has."""
    points = code_points("".join(values)).copy()  # as it may be written to, like those of texts: one compiled kernel
    stop = np.cumsum(np.fromiter(map(len, values), np.int64, len(values)))
    bare, bounds = np.empty(kernel.WIDEST[mode] * len(points), np.uint8), np.empty(len(values) + 1, np.int64)
    start = np.concatenate((np.zeros(1, np.int64), stop[:-1]))
    n_bytes = kernel.render_texts(bare, bounds, Spans(points, start, stop, -1), mode)
    around = [np.frombuffer(word.encode(), np.uint8) for word in (opens, closes)]
    sizes = np.diff(bounds) + len(around[0]) + len(around[1])
    past = np.cumsum(sizes)
    data, is_bare = np.empty(int(past[-1]), np.uint8), np.ones(int(past[-1]), np.bool_)
    for first, word in ((past - sizes, around[0]), (past - len(around[1]), around[1])):
        places = first[:, None] + np.arange(len(word))
        data[places], is_bare[places] = word, False
    data[is_bare] = bare[:n_bytes]
    return data, sizes


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a row: its column in the contract, what it is (`detector.kernels.rendering`) and its words."""

    name: str
    kind: int
    word: int
    column: int = 0
    last: int = 0


class Layout:
    """The fields of a row in their order, and the words that keys and names are written as."""

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.words: list[str] = []
        self.names: dict[int, str] = {}
        """Of the words that are names: what they name, without quotes."""

    def add(self, name: str, kind: int, column: int = 0, *, key: str = ',"{}":', last: int = 0) -> None:
        """Append a field of a column."""
        self.fields.append(Field(name, kind, len(self.words), column, last))
        self.words.append(key.replace("{}", name))

    def add_counts(self, name: str, keys: Sequence[str], column: int, *, key: str) -> None:
        """Append an object of those of some columns that are not 0; they begin with ``column``."""
        self.add(name, kernel.COUNTS, column, key=key, last=column + len(keys))
        self.words.extend(f'"{each}":' for each in keys)

    def add_names(self, names: Sequence[str], *, bare: bool = False) -> int:
        """Append names (``bare``: written without quotes), and give the number of the first."""
        first = len(self.words)
        self.names.update(enumerate(names, first))
        self.words.extend(names if bare else map(json_text, names))
        return first


@dataclass(frozen=True, slots=True)
class Sheet:
    """How one table is written.

    ``sizes``: int64, bytes that the strings of each row may take; ``values``: the columns of some rows; ``texts``: the
    text of each of them; ``nested``: what is a string of its own in each; ``last``: how their lines end that begin
    with some strings, where most of a line is what comes last.
    """

    layout: Layout
    ids: Sequence[str]
    sizes: Integers
    values: Callable[[int, int], list[NDArray[Any]]]
    texts: Callable[[int, int], Spans] | None = None
    nested: Callable[[int, int], Strings] | None = None
    last: Callable[[int, int, Strings], Strings] | None = None


def numbered(values: NDArray[Any], first: int) -> Integers:
    """Numbers of names as numbers of words; what is below 0 stays."""
    wide = values.astype(np.int64)
    return np.where(wide < 0, -1, wide + first)


def spans_of(texts: Texts, document: NDArray[Any], start: NDArray[Any], end: NDArray[Any], limit: int = -1) -> Spans:
    """Spans of texts as places in all their code points."""
    base = texts.start[document]
    return Spans(texts.points, base + start, base + end, limit)


def span_room(spans: Spans, mode: int) -> int:
    """Bytes that spans may take."""
    lengths = spans.stop - spans.start
    most = int(lengths.sum() if spans.limit < 0 else np.minimum(lengths, spans.limit).sum())
    return most * kernel.WIDEST[mode] + kernel.MOST_ELLIPSIS * len(lengths)


def span_strings(spans: Spans, mode: int) -> Strings:
    """Spans as strings without quotes."""
    out, indptr = np.empty(span_room(spans, mode), np.uint8), np.empty(len(spans.start) + 1, np.int64)
    return Strings(out[: kernel.render_texts(out, indptr, spans, mode)], indptr)


def total(of: Strings, numbers: NDArray[Any]) -> int:
    """Bytes of some strings by number, -1 for none."""
    sizes = np.append(np.diff(of.indptr), 0)  # the last, which -1 is the place of, is none
    return int(sizes[numbers].sum())


def json_blocks(sheet: Sheet) -> Iterator[NDArray[np.uint8]]:
    """The bytes of a table's JSON Lines, block by block."""
    layout = sheet.layout
    words, ids = strings(layout.words), json_strings(sheet.ids)
    fields = np.array([(item.kind, item.word, item.column, item.last) for item in layout.fields], dtype=np.int64)
    keys = sum(len(word) for number, word in enumerate(layout.words) if number not in layout.names)
    for start, stop in blocks(sheet.sizes):
        columns = sheet.values(start, stop)
        values = np.empty((len(columns), stop - start), np.int64)
        for place, column in enumerate(columns):
            values[place] = column
        texts = sheet.texts(start, stop) if sheet.texts else _NO_SPANS
        nested = sheet.nested(start, stop) if sheet.nested else words
        size = (keys + kernel.MOST_NUMBER * len(values)) * (stop - start) + span_room(texts, JSON) + len(nested.data)
        for item in layout.fields:
            if item.kind in (kernel.NAME, kernel.CLUSTER, kernel.ID):
                size += total(ids if item.kind == kernel.ID else words, values[item.column])
        out, indptr = np.empty(size, np.uint8), np.empty(stop - start + 1, np.int64)
        n_bytes = kernel.render_rows(out, indptr, fields, values, words, ids, texts, nested)
        lines = Strings(out[:n_bytes], indptr)
        yield sheet.last(start, stop, lines).data if sheet.last else lines.data


def blocks(sizes: Integers) -> list[tuple[int, int]]:
    """Runs of rows of at most `BLOCK_ROWS` rows and `BLOCK_BYTES`; each has at least one.

    >>> blocks(np.array([5, BLOCK_BYTES, 5, 5]))
    [(0, 1), (1, 2), (2, 4)]
    """
    bounds = np.cumsum(sizes)
    ranges, start = [], 0
    while start < len(sizes):
        before = int(bounds[start - 1]) if start else 0
        stop = int(np.searchsorted(bounds, before + BLOCK_BYTES, side="right"))
        stop = max(start + 1, min(stop, start + BLOCK_ROWS))
        ranges.append((start, stop))
        start = stop
    return ranges
