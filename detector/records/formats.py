"""File formats and compressions: by which name or first bytes they are told, how they are opened, what a record leaves.

A record's ``raw`` is what is needed to write it back unchanged; `Layout` is what its file needs beside the records.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
import zstandard

from detector.records.encodings import Encoding

FORMATS = {
    ".txt": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".xz": "xz", ".bz2": "bzip2"}
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\x00", "xz"), (b"BZh", "bzip2"))

READ_ERRORS = (OSError, EOFError, lzma.LZMAError, zlib.error, zstandard.ZstdError)
"""What reading a damaged compressed stream raises."""

CHUNK = 1 << 20
PIECE = 1 << 16

ZSTD_STEP = 2048
"""Bytes that are unpacked at a time: four of them may hold 128 kB, so that all may hold 64 MB."""

BLOCK_BYTES = 1 << 21
"""Bytes of whole lines that are read as one block; a line that is longer is a block by itself."""

MAX_RECORD = 1 << 30
"""Bytes of one record, or of a text file, from which reading stops: it is held in memory several times over, and a
small compressed file may unpack to any size."""


class RecordTooLong(ValueError):
    """A record has more than `MAX_RECORD` bytes."""

    def __init__(self) -> None:
        super().__init__(f"a record has more than {MAX_RECORD:,} bytes; split it")


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file is written: everything that a writer needs beside its records.

    ``encoding`` is None for Parquet and Arrow; ``header``, ``delimiter`` and ``quote_all`` are of CSV and TSV,
    ``header_data`` the bytes of the header line; ``single`` says that a JSON file is one object and no array;
    ``schema`` is of Parquet and Arrow files, ``codec`` the compression of the first and the kind of the second
    (``stream`` or ``file``).
    """

    source: str
    format: str
    compression: str | None = None
    encoding: Encoding | None = None
    header: tuple[str, ...] = ()
    header_data: bytes = b""
    delimiter: str = ","
    quote_all: bool = False
    single: bool = False
    schema: Any = None
    codec: str | None = None


@dataclass(frozen=True, slots=True)
class TextFile:
    """The bytes of a text file, byte order mark included."""

    data: bytes


@dataclass(frozen=True, slots=True)
class JsonLine:
    """The bytes of one line of JSON Lines with its line end, and the encoding they are in."""

    data: bytes
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class JsonItem:
    """The source text of one element of a JSON array with the space around it; undecodable bytes are surrogates."""

    text: str


@dataclass(frozen=True, slots=True)
class CsvRow:
    """The bytes of one row of a CSV or TSV file (several lines, if a cell has line breaks), and their encoding."""

    data: bytes
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class ParquetRow:
    """Row ``index`` of a ``pyarrow.RecordBatch`` that holds all columns."""

    batch: Any
    index: int


Raw = TextFile | JsonLine | JsonItem | CsvRow | ParquetRow


class Fault(NamedTuple):
    """What is wrong with a row: see `detector.model.Problem`; ``message`` lacks the place."""

    reason: str
    message: str
    lost: bool = True


class Row(NamedTuple):
    """One record as a format gives it: its fields (None where it could not be read) and what is wrong with it."""

    row: int
    raw: Raw
    fields: dict[str, Any] | None
    faults: tuple[Fault, ...] = ()


class LineBlock(NamedTuple):
    """A run of whole lines of JSON Lines that nobody has parsed yet; ``at`` is its place in the decompressed file."""

    data: memoryview
    at: int


class BatchBlock(NamedTuple):
    """A ``pyarrow.RecordBatch`` of the columns that were asked for; ``row`` is the number of its first row."""

    row: int
    batch: Any


class FileName(NamedTuple):
    """What the name of a file says: format and compression (None: not said) and the name without either ending."""

    format: str | None
    compression: str | None
    stem: str
    uncompressed: str


def read_name(source: str) -> FileName:
    """The format and compression that a path's endings name.

    >>> read_name("a/b.jsonl.zst")
    FileName(format='jsonl', compression='zstd', stem='a/b', uncompressed='a/b.jsonl')
    >>> read_name("notes.v2").format is None
    True
    """
    compression = COMPRESSIONS.get(PurePosixPath(source).suffix.lower())
    uncompressed = source[: source.rindex(".")] if compression else source
    ending = PurePosixPath(uncompressed).suffix
    stem = uncompressed[: -len(ending)] if re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{0,9}", ending) else uncompressed
    return FileName(FORMATS.get(ending.lower()), compression, stem, uncompressed)


def read_magic(head: bytes) -> str | None:
    """The compression that the first bytes of a stream name."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def free_name(name: str, taken: Collection[str]) -> str:
    """``name``, or with ``detector_`` in front as often as it takes where a column has that name already."""
    while name in taken:
        name = f"detector_{name}"
    return name


def sniff(text: str) -> str:
    """Format of a text by its first characters: ``json``, ``jsonl`` or ``text``.

    >>> sniff('[\\n {"text": "a"}]'), sniff('{"text": "a"}\\n{"text": "b"}\\n'), sniff("[公司名称] {{name}}")
    ('json', 'jsonl', 'text')
    """
    if re.match(r"\s*\[\s*(\{|\]\s*$)", text):
        return "json"
    if not re.match(r'\s*\{\s*["}]', text):
        return "text"
    first, _, rest = text.lstrip().partition("\n")
    return "jsonl" if first.rstrip().endswith("}") or not rest.strip() else "json"


def open_stream(file: BinaryIO, compression: str | None) -> BinaryIO:
    """The decompressed bytes of an open file; several members or frames in a row are one stream."""
    if compression is None:
        return file
    if compression == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))
    if compression == "bzip2":
        return cast(BinaryIO, bz2.BZ2File(file))
    if compression == "xz":
        return cast(BinaryIO, lzma.LZMAFile(file))
    return cast(BinaryIO, io.BufferedReader(_ZstdStream(file), CHUNK))


class _ZstdStream(io.RawIOBase):
    """Decompressed Zstandard frames; raises ``EOFError`` where the last one is cut off.

    The reader of the ``zstandard`` package takes a cut-off frame for the end of the data.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting = b""
        self._frame: Any = None
        self._ready, self._at = b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._at == len(self._ready):
            if not self._waiting:
                self._waiting = self._file.read(1 << 16)
            if not self._waiting:
                if self._frame is not None:
                    raise EOFError("the last frame is cut off")
                return 0
            self._advance()
        piece = self._ready[self._at : self._at + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _advance(self) -> None:
        if self._frame is None:
            self._frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
        step, self._waiting = self._waiting[:ZSTD_STEP], self._waiting[ZSTD_STEP:]
        self._ready, self._at = self._frame.decompress(step), 0
        if self._frame.eof:
            self._waiting = self._frame.unused_data + self._waiting
            self._frame = None


class HeadedStream(io.RawIOBase):
    """A stream whose first bytes were looked at: ``head`` holds up to ``size`` of them, reading starts with them again.

    An error met while looking is raised only where the bytes before it have been read, so that the records in front
    of a damaged place are not lost.
    """

    def __init__(self, stream: Any, size: int) -> None:
        self._stream: Any = stream
        self._error: Exception | None = None
        parts: list[bytes] = []
        n = 0
        try:
            while n < size and (part := self._stream.read1(size - n)):
                parts.append(part)
                n += len(part)
        except READ_ERRORS as error:
            self._error = error
        self.head = b"".join(parts)
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._at < len(self.head):
            piece = self.head[self._at : self._at + len(buffer)]
            self._at += len(piece)
            buffer[: len(piece)] = piece
            return len(piece)
        if self._error is not None:
            raise self._error
        return int(self._stream.readinto1(buffer))


def lines_of(stream: BinaryIO, encoding: Encoding, *, universal: bool = False) -> Iterator[bytes]:
    """The lines of a stream with their ends, the byte order mark removed; a line ends after LF. Raises `RecordTooLong`.

    With ``universal`` it ends after CR, too, unless LF follows. GB18030 and Big5 have neither inside a character.
    """
    found = _wide_lines(stream, encoding) if encoding.wide else _plain_lines(stream)
    for number, line in enumerate(found):
        if number == 0 and encoding.bom and line.startswith(encoding.bom):
            line = line[len(encoding.bom) :]
        if universal and b"\r" in line:
            yield from _split_at_returns(line, encoding)
        elif line:
            yield line


def whole_lines(read_into: Callable[[memoryview], int], size: int) -> Iterator[memoryview]:
    """Runs of whole lines from a stream, of about ``size`` bytes; the last line may lack its end.

    What was read before an error is given first, but for a line that the error cut. Each run is the memory that it was
    read into: large files are not copied once more. Raises `RecordTooLong`.
    """
    rest, room = memoryview(b""), size
    while True:
        block = memoryview(np.empty(len(rest) + room, np.uint8).data).cast("B")
        block[: len(rest)] = rest
        n_read = len(rest)
        failed: BaseException | None = None
        try:
            while n_read < len(block) and (n := read_into(block[n_read:])):
                n_read += n
        except READ_ERRORS as error:
            failed = error
        end = _last_end(block[:n_read])
        if failed is None and n_read < len(block) and n_read - end <= MAX_RECORD:
            if n_read:
                yield block[:n_read]
            return
        if end:
            yield block[:end]  # also in front of a damaged place, where the error comes after it
        if failed is not None:
            raise failed
        rest = block[end:n_read]
        if len(rest) > MAX_RECORD:
            raise RecordTooLong
        # A line of any length is copied so often that it is linear time.
        room = size if end else min(len(block), MAX_RECORD + PIECE - len(rest))


def _last_end(block: memoryview) -> int:
    """Where the last line ends that has an end; it is looked for from behind, as far as needed."""
    stop = len(block)
    while stop:
        start = max(0, stop - PIECE)
        at = bytes(block[start:stop]).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        stop = start
    return 0


def _plain_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines that end after a byte LF."""
    while line := stream.readline(MAX_RECORD + 1):
        if len(line) > MAX_RECORD:
            raise RecordTooLong
        yield line


def _split_at_returns(line: bytes, encoding: Encoding) -> Iterator[bytes]:
    """The pieces of a line that end in a CR without LF."""
    carriage, feed = encoding.encode("\r"), encoding.encode("\n")
    width = len(carriage)
    start = at = 0
    while (at := line.find(carriage, at)) >= 0:
        if at % width:
            at += 1
            continue
        at += width
        if line[at : at + width] != feed:
            yield line[start:at]
            start = at
    if start < len(line):
        yield line[start:]


def _wide_lines(stream: BinaryIO, encoding: Encoding) -> Iterator[bytes]:
    """Lines of UTF-16 or UTF-32: a line feed counts only where a character begins."""
    width = 4 if "32" in encoding.name else 2
    feed = "\n".encode(encoding.name)
    waiting: list[bytes] = []
    rest = b""
    while chunk := stream.read(CHUNK):
        data = rest + chunk
        whole = len(data) // width * width
        data, rest = data[:whole], data[whole:]
        start = at = 0
        while (at := data.find(feed, at)) >= 0:
            if at % width:
                at += 1
                continue
            at += width
            yield b"".join((*waiting, data[start:at]))
            waiting, start = [], at
        waiting.append(data[start:])
        if sum(map(len, waiting)) > MAX_RECORD:
            raise RecordTooLong
    if last := b"".join((*waiting, rest)):
        yield last
