"""Writes records back as they came: the input's formats, shards, compression, encoding and columns.

A record that did not change is written from its own bytes. Files stand under their final names only once all of them
are complete; until then they lie in a hidden folder that is removed whatever happens.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, BinaryIO, Protocol, cast

import zstandard

from detector.errors import OutputError
from detector.records.formats import CsvRow, JsonItem, JsonLine, Layout, Raw, TextFile, free_name
from detector.records.inputs import STDIN
from detector.records.json_rows import dumps
from detector.records.raw_rows import cells, encoded, with_more, with_text
from detector.records.reading import Record
from detector.records.table_rows import with_more_cells

PARTIAL = ".partial"
SIDECAR = "reasons.jsonl"
_STDIN_NAMES = {
    "text": "stdin.txt",
    "json": "stdin.json",
    "jsonl": "stdin.jsonl",
    "parquet": "stdin.parquet",
    "arrow": "stdin.arrow",
}
_ENDINGS = {None: "", "gzip": ".gz", "zstd": ".zst", "xz": ".xz", "bzip2": ".bz2"}


class Shard(Protocol):
    """One file being written."""

    def write(self, record: Record, text: str | None, extra: Mapping[str, Any]) -> None:
        """Adds a record, with its text replaced and columns added where given."""

    def close(self) -> None:
        """Finishes the file."""


class ShardWriter:
    """Writes records below ``folder`` under the names of their sources; use it as a context manager.

    ``text_field`` is the field that a replaced text goes to, ``extra`` the names of columns that every written record
    gets. Records of one source must come together and in order. Leaving the context puts all files in their places;
    leaving it by an exception leaves none behind. Raises `OutputError` where a file cannot be written.
    """

    def __init__(self, folder: str | Path, *, text_field: str = "text", extra: Sequence[str] = ()) -> None:
        self._folder = Path(folder)
        self._text_field = text_field
        self._extra = tuple(extra)
        self._paths: dict[str, Path] = {}
        self._open: tuple[str, Shard] | None = None
        self._sidecar: list[str] = []
        self.n_records = 0

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()

    def write(self, record: Record, text: str | None = None, extra: Mapping[str, Any] | None = None) -> None:
        """Adds one record; ``text`` None leaves its text as it is, ``extra`` gives the values of the extra columns."""
        extra = extra or {}
        unknown = [name for name in extra if name not in self._extra]
        if unknown:
            raise OutputError(f"{unknown[0]!r} is no column of this writer; it has {', '.join(self._extra) or 'none'}")
        name = target_name(record.layout)
        try:
            if self._open is None or self._open[0] != name:
                self._close_shard()
                self._open = (name, self._opened(name, record.layout))
            self._open[1].write(record, text, extra)
        except OSError as error:
            raise OutputError(f"{self._folder / name}: cannot be written: {error.strerror or error}") from error
        if extra and record.layout.format == "text":
            self._sidecar.append(dumps({"source": record.source, "row": record.row, **extra}) + "\n")
        self.n_records += 1

    def commit(self) -> None:
        """Finishes all files and moves them to their names."""
        try:
            self._close_shard()
            if self._sidecar:
                path = self._partial_path(_free(SIDECAR, self._paths))
                path.write_text("".join(self._sidecar), "utf-8", newline="")
            for name, path in self._paths.items():
                target = self._folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
        except OSError as error:
            raise OutputError(f"{self._folder}: cannot be written: {error.strerror or error}") from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Removes what was not finished."""
        try:
            self._close_shard()
        finally:
            self._paths = {}
            shutil.rmtree(self._folder / PARTIAL, ignore_errors=True)

    def _close_shard(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            opened[1].close()

    def _partial_path(self, name: str) -> Path:
        partial = self._folder / PARTIAL
        partial.mkdir(parents=True, exist_ok=True)
        self._paths[name] = partial / str(len(self._paths))
        return self._paths[name]

    def _opened(self, name: str, layout: Layout) -> Shard:
        if name in self._paths:
            raise OutputError(f"{name}: the records of one source must come together")
        return open_shard(self._partial_path(name), layout, text_field=self._text_field, extra=self._extra)


def open_shard(path: Path, layout: Layout, *, text_field: str, extra: Sequence[str] = ()) -> Shard:
    """A file to write the records of one source to, in its format, compression and encoding."""
    if layout.format in ("parquet", "arrow"):
        from detector.records.parquet_shard import ArrowShard, ParquetShard

        of_table = ParquetShard if layout.format == "parquet" else ArrowShard
        return of_table(path, layout, text_field=text_field, extra=extra)
    stream = Compressed(path, layout.compression)
    if layout.format == "text" or layout.encoding is None:  # a file without a byte has no encoding, and no records
        return _TextShard(stream, layout, text_field)
    if layout.format == "jsonl":
        return LinesShard(stream, layout, text_field)
    if layout.format == "json":
        return _ArrayShard(stream, layout, text_field)
    return _CsvShard(stream, layout, text_field=text_field, extra=extra)


def target_name(layout: Layout) -> str:
    """The path below the output folder for a source; raises `OutputError` for one that would leave it."""
    if layout.source == STDIN:
        return _STDIN_NAMES[layout.format] + _ENDINGS[layout.compression]
    path = PurePosixPath(layout.source)
    parts = layout.source.split("/")
    outside = path.is_absolute() or any(part in ("", ".", "..") for part in parts) or Path(layout.source).drive
    if outside or "\0" in layout.source or parts[0] == PARTIAL or (os.sep == "\\" and "\\" in layout.source):
        raise OutputError(f"{layout.source!r} is no path below the output folder; nothing was written there")
    return layout.source


def _free(name: str, taken: Mapping[str, Any]) -> str:
    stem, dot, ending = name.partition(".")
    n = 1
    while name in taken:
        n += 1
        name = f"{stem}~{n}{dot}{ending}"
    return name


class Compressed:
    """A file that compresses what is written, without names or times in it, so that equal data is equal bytes."""

    def __init__(self, path: Path, compression: str | None) -> None:
        self._file = path.open("wb")
        self._outer: Any = None
        if compression == "gzip":
            self._outer = gzip.GzipFile("", "wb", fileobj=self._file, mtime=0)
        elif compression == "bzip2":
            self._outer = bz2.BZ2File(self._file, "wb")
        elif compression == "xz":
            self._outer = lzma.LZMAFile(self._file, "wb")  # noqa: SIM115
        elif compression == "zstd":
            self._outer = zstandard.ZstdCompressor().stream_writer(self._file, closefd=False)
        self.write = cast(BinaryIO, self._outer or self._file).write

    def close(self) -> None:
        try:
            if self._outer is not None:
                self._outer.close()
        finally:
            self._file.close()


class _TextShard:
    def __init__(self, stream: Compressed, layout: Layout, text_field: str) -> None:
        self._stream = stream
        self._text_field = text_field

    def write(self, record: Record, text: str | None, extra: Mapping[str, Any]) -> None:
        raw = record.raw if text is None else with_text(record.raw, record.layout, self._text_field, text)
        self._stream.write(cast(TextFile, raw).data)

    def close(self) -> None:
        self._stream.close()


class LinesShard:
    """JSON Lines being written: record by record, or whole lines as they are."""

    def __init__(self, stream: Compressed, layout: Layout, text_field: str) -> None:
        assert layout.encoding is not None
        self._stream = stream
        self._layout = layout
        self._text_field = text_field
        self._ended = True
        self._stream.write(layout.encoding.bom)

    def write(self, record: Record, text: str | None, extra: Mapping[str, Any]) -> None:
        """Adds a record; one without a document stays as it is."""
        raw = cast(JsonLine, _changed(record, self._text_field, text, extra))
        self.write_lines(raw.data, raw.encoding.encode("\n"))

    def write_lines(self, data: bytes | memoryview, feed: bytes = b"\n") -> None:
        """Adds lines as they are; the last one may lack its end, which it gets if another one follows."""
        if not self._ended:
            self._stream.write(feed)
        self._ended = bytes(data[-len(feed) :]) == feed
        self._stream.write(data)

    def close(self) -> None:
        """Finishes the file."""
        self._stream.close()


class _ArrayShard:
    def __init__(self, stream: Compressed, layout: Layout, text_field: str) -> None:
        assert layout.encoding is not None
        self._stream = stream
        self._text_field = text_field
        self._encoding = layout.encoding
        self._single = layout.single
        self._n = 0
        self._stream.write(self._encoding.bom)

    def write(self, record: Record, text: str | None, extra: Mapping[str, Any]) -> None:
        source = cast(JsonItem, _changed(record, self._text_field, text, extra)).text
        before = "" if self._single else "," if self._n else "["
        self._stream.write(encoded(before + source, self._encoding))
        self._n += 1

    def close(self) -> None:
        if not self._single:
            self._stream.write(self._encoding.encode("]\n" if self._n else "[]\n"))
        self._stream.close()


def _changed(record: Record, text_field: str, text: str | None, extra: Mapping[str, Any]) -> Raw:
    """The record with its text replaced and columns added; one without a document as it is."""
    raw = record.raw
    if record.document is None:
        return raw
    if text is not None:
        raw = with_text(raw, record.layout, text_field, text)
    return with_more(raw, record.layout, extra) if extra else raw


class _CsvShard:
    def __init__(self, stream: Compressed, layout: Layout, *, text_field: str, extra: Sequence[str]) -> None:
        assert layout.encoding is not None
        self._stream = stream
        self._extra = extra
        self._layout = layout
        self._text_field = text_field
        header = CsvRow(layout.header_data, layout.encoding)
        if extra and layout.header:
            header = with_more_cells(header, layout, [free_name(name, layout.header) for name in extra])
        self._stream.write(layout.encoding.bom)
        self._ended = True
        if header.data:
            self._put(header)

    def _put(self, raw: CsvRow) -> None:
        if not self._ended:
            self._stream.write(raw.encoding.encode("\n"))
        self._ended = any(raw.data.endswith(raw.encoding.encode(end)) for end in "\r\n")
        self._stream.write(raw.data)

    def write(self, record: Record, text: str | None, extra: Mapping[str, Any]) -> None:
        raw = cast(CsvRow, record.raw)
        if text is not None:
            raw = cast(CsvRow, with_text(raw, self._layout, self._text_field, text))
        if self._extra and record.document is not None:
            raw = with_more_cells(raw, self._layout, cells(extra, self._extra))
        self._put(raw)

    def close(self) -> None:
        self._stream.close()
