"""Reads a corpus: files, folders, globs or the standard input as a stream of documents, with every problem counted.

One record is in memory at a time (of Parquet a batch of rows, of a text file the whole). What was skipped or changed is
a `Problem`; ``settings.strict`` makes the first one an `InputError`.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import sys
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from detector.errors import InputError, printable
from detector.model import Document, InputFile, Problem
from detector.records.arrow_rows import Ahead, Parsed, TextBlock, Wanted, ahead, file_state, parse_block, text_block
from detector.records.encodings import UTF8
from detector.records.file_rows import FileRows
from detector.records.formats import CsvRow, Fault, JsonLine, Layout, LineBlock, Raw, Row
from detector.records.inputs import STDIN, NamedFile, expand
from detector.records.json_rows import lookup
from detector.records.pieces import Located, Piece, Source, bundled, located, unread_block
from detector.records.problems import file_problems
from detector.settings import Settings

MAX_PROBLEMS = 1000
"""Problems that are kept with their message; all are counted."""

STDIN_IN_MEMORY = 1 << 26
NOTES = ("skipped_name", "results", "description")
"""Reasons that are what the settings ask for, so that ``strict`` lets them pass."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the input: its document (None where it has no readable text) and what it takes to write it back.

    ``row`` is 1-based; in JSON Lines it is the line, in CSV the record below the header. A blank line is a record
    without document or problem.
    """

    document: Document | None
    raw: Raw
    source: str
    row: int
    layout: Layout

    @property
    def blank(self) -> bool:
        """Whether this is but an empty line between records."""
        return isinstance(self.raw, JsonLine | CsvRow) and not self.raw.data.strip(b"\0 \t\r\n")


class Reader:
    """The documents that ``inputs`` name; raises `InputError` at once for an input that does not exist.

    Files are read in the order of their source paths, whatever the order of the inputs, each once. ``files``,
    ``problems`` and ``n_problems`` belong to the latest iteration and are complete when it is.
    """

    def __init__(self, inputs: Sequence[str | Path] | str | Path, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        if isinstance(inputs, str | Path):
            inputs = [inputs]
        self.named, self._passed = expand(inputs, self.settings.skip_files)
        self._text_ids = _text_ids(self.named)
        self._stdin: BinaryIO | None = None
        self._start()
        self._report_passed()

    @property
    def paths(self) -> dict[str, Path]:
        """The files that are read, by source; standard input is none."""
        return {named.source: named.path for named in self.named if named.path is not None}

    def _start(self) -> None:
        self.files: list[InputFile] = []
        self.problems: list[Problem] = []
        self.n_problems: Counter[str] = Counter()
        self.n_lost = 0
        self._ids: set[str] = set()
        self._n_taken: dict[str, int] = {}  # of ids that came again, the last number: a million times is no million**2

    def __iter__(self) -> Iterator[Document]:
        for record in self.records():
            if record.document is not None:
                yield record.document

    def records(self) -> Iterator[Record]:
        """Every record of the input in input order, those without a document, too."""
        self._start()
        self._report_passed()
        for named in self.named:
            yield from self._read_file(named)

    def blocks(self, workers: int = 1) -> Iterator[TextBlock]:
        """The documents as columns in input order, parsed on as many threads; what iteration gives, block by block.

        Of a Parquet file only the columns that are used are read: damage in others goes unnoticed.
        """
        for source in self.sources(workers):
            for piece in source:
                if piece.block.ids:
                    yield piece.block

    def sources(
        self, workers: int = 1, *, whole: bool = False, known: Mapping[str, Mapping[int, int]] | None = None
    ) -> Iterator[Source]:
        """The files one after the other, each to be read piece by piece before the next one is asked for.

        With ``whole`` batches of Parquet have all columns, as it takes to write them back. ``known`` says of each
        source which blocks of lines (by the number of the first) hold so many documents, one a line: they are not
        parsed again, and their documents have neither ids nor texts.
        """
        self._start()
        self._report_passed()
        with ahead(workers) as threads:
            for named in self.named:
                source = Source(named)
                source.pieces = self._source_pieces(source, threads, whole, (known or {}).get(named.source))
                yield source
        self._ids = set()  # of millions of documents it is as large as what else is kept of them

    def _source_pieces(
        self, source: Source, threads: Ahead, whole: bool, known: Mapping[int, int] | None
    ) -> Iterator[Piece]:
        named = source.named
        try:
            with self._open(named) as (file, n_bytes):
                rows = FileRows(named, file, self.settings, _roots(self.settings))
                source.size = n_bytes
                source.state = file_state(file) if named.path is not None and rows.layout.compression is None else None
                pieces = bundled(rows.pieces(whole=whole) if _wanted(self.settings).flat else iter(rows))
                yield from self._file_pieces(source, rows, threads.map, located(pieces, known or {}))
        except OSError as error:
            source.fault = Fault("unreadable", f"cannot be read: {error.strerror or error}")
            self._fault(source.fault, named.source, 0)

    def _file_pieces(
        self, source: Source, rows: FileRows, mapped: Callable[..., Iterator[Any]], found: Iterator[Located]
    ) -> Iterator[Piece]:
        wanted = _wanted(self.settings)
        n_rows = n_documents = 0

        def parsed(item: Located) -> tuple[Located, Parsed | None]:
            piece, n_known = item
            return item, None if isinstance(piece, list) or n_known else parse_block(piece, wanted)

        for (piece, n_known), columns in mapped(parsed, found):
            block = None
            if n_known:
                block = unread_block(source.named.source, n_rows + 1, n_known)
            elif columns is not None and not isinstance(piece, list) and rows.layout.encoding in (UTF8, None):
                block = self._columns_block(columns, source.named.source, n_rows + 1)
                if block is not None and isinstance(piece, LineBlock):
                    block = source.placed(block, columns, piece)
            first = n_rows + 1
            if block is not None and not isinstance(piece, list):
                rows.passed(piece)
                n_rows += len(block.ids)
            else:
                piece = piece if isinstance(piece, list) else list(rows.rows_of(piece, n_rows + 1))
                n_rows += len(piece)
                block = self._rows_block(piece, rows.layout)
            n_documents += len(block.ids)
            source.layout = rows.layout
            yield Piece(piece, first, block)
        source.layout, source.fault = rows.layout, rows.fault
        self._end_of_file(source.named, rows, source.size, n_rows, n_documents)

    def _columns_block(self, parsed: Parsed, source: str, row: int) -> TextBlock | None:
        """The documents of parsed columns, None where a row has a problem of its own."""
        n = len(parsed.ids)
        rows = range(row, row + n)
        found = [str(value) if value not in (None, "") else None for value in parsed.ids]
        if self.settings.id_field is not None and None in found:
            return None
        ids = [value if value is not None else f"{source}#{at}" for value, at in zip(found, rows, strict=True)]
        if len(set(ids)) == n and self._ids.isdisjoint(ids):
            self._ids.update(ids)
        else:
            ids = [self._distinct(value, source, at) for value, at in zip(ids, rows, strict=True)]
        pairs = zip(parsed.series, parsed.urls, strict=True)
        series = [name or (host_of(url) if url is not None else None) for name, url in pairs]
        return TextBlock(parsed.values, parsed.offsets, ids, rows, source, series)

    def _rows_block(self, rows: Sequence[Row], layout: Layout) -> TextBlock:
        """The documents of rows that were read one by one."""
        documents = []
        for row in rows:
            for fault in row.faults:
                self._fault(fault, layout.source, 0 if layout.format == "text" else row.row)
            document = self._document(row, layout) if row.fields is not None else None
            if document is not None:
                documents.append(document)
        return text_block(documents, layout.source)

    def _report_passed(self) -> None:
        for problem in self._passed:
            self._report(problem)

    def _report(self, problem: Problem) -> None:
        self.n_problems[problem.reason] += 1
        self.n_lost += problem.lost
        if len(self.problems) < MAX_PROBLEMS or file_problems([problem]):
            self.problems.append(problem)
        if self.settings.strict and problem.reason not in NOTES:
            raise InputError(problem.message)

    def _fault(self, fault: Fault, source: str, row: int) -> None:
        place = f"{source}:{row}" if row else source
        self._report(Problem(fault.reason, source, row, f"{printable(place)}: {fault.message}", fault.lost))

    def _read_file(self, named: NamedFile) -> Iterator[Record]:
        try:
            opened = self._open(named)
            with opened as (file, n_bytes):
                yield from self._read_open(named, file, n_bytes)
        except OSError as error:
            self._fault(Fault("unreadable", f"cannot be read: {error.strerror or error}"), named.source, 0)

    @contextmanager
    def _open(self, named: NamedFile) -> Iterator[tuple[BinaryIO, int]]:
        if named.path is not None:
            with named.path.open("rb") as file:
                before = os.fstat(file.fileno())
                yield file, before.st_size
                after = os.fstat(file.fileno())
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                message = f"changed while it was read ({before.st_size:,}, now {after.st_size:,} bytes); scan it again"
                self._fault(Fault("changed", message), named.source, 0)
            return
        if self._stdin is None:
            # Kept, so that a filter can read the same input twice.
            self._stdin = cast(BinaryIO, tempfile.SpooledTemporaryFile(STDIN_IN_MEMORY))  # noqa: SIM115
            weakref.finalize(self, self._stdin.close)
            shutil.copyfileobj(sys.stdin.buffer, self._stdin)
        self._stdin.seek(0, 2)
        n_bytes = self._stdin.tell()
        self._stdin.seek(0)
        yield self._stdin, n_bytes

    def _read_open(self, named: NamedFile, file: BinaryIO, n_bytes: int) -> Iterator[Record]:
        rows = FileRows(named, file, self.settings, _roots(self.settings))
        n_rows = n_documents = 0
        for row in rows:
            n_rows += 1
            for fault in row.faults:
                self._fault(fault, named.source, 0 if rows.layout.format == "text" else row.row)
            document = self._document(row, rows.layout) if row.fields is not None else None
            n_documents += document is not None
            yield Record(document, row.raw, named.source, row.row, rows.layout)
        self._end_of_file(named, rows, n_bytes, n_rows, n_documents)

    def _end_of_file(self, named: NamedFile, rows: FileRows, n_bytes: int, n_rows: int, n_documents: int) -> None:
        if rows.fault is not None or not n_rows:
            empty = Fault("empty_file", "the file holds no records", lost=False)
            self._fault(rows.fault or empty, named.source, 0)
        layout = rows.layout
        label = layout.encoding.label if layout.encoding else None
        self.files.append(InputFile(named.source, layout.format, label, layout.compression, n_bytes, n_documents))

    def _document(self, row: Row, layout: Layout) -> Document | None:
        """The document of a row, None (and a problem) where it has no text."""
        fields = row.fields
        assert fields is not None
        name = self.settings.text_field
        has, text = lookup(fields, name)
        if layout.format == "text":
            has, text = True, fields[name]
        if not has:
            found = list(layout.schema.names) if layout.schema is not None else list(fields)
            message = f'no "{printable(name)}" field (found: {_listed(found)}). Name it with --text-field.'
            self._fault(Fault("no_text", message), layout.source, row.row)
            return None
        if not isinstance(text, str):
            message = f'the "{printable(name)}" field is {_type_name(text)}, not a text. Name it with --text-field.'
            self._fault(Fault("no_text", message), layout.source, row.row)
            return None
        identity = self._identity(row, fields, layout)
        series = None if layout.format == "text" else self._series(fields)
        return Document(identity, text, layout.source, row.row, series)

    def _identity(self, row: Row, fields: dict[str, Any], layout: Layout) -> str:
        if layout.format == "text":
            identity = self._text_ids.get(layout.source, layout.source)
        else:
            wanted = self.settings.id_field
            value = _id_text(lookup(fields, wanted or "id")[1])
            if value is None and wanted is not None:
                message = f'no "{printable(wanted)}" field to take the id from; its place is its id'
                self._fault(Fault("no_id", message, lost=False), layout.source, row.row)
            identity = value if value is not None else f"{layout.source}#{row.row}"
        return self._distinct(identity, layout.source, 0 if layout.format == "text" else row.row)

    def _distinct(self, identity: str, source: str, row: int) -> str:
        given, n = identity, 1
        while given in self._ids:
            n = self._n_taken[identity] = self._n_taken.get(identity, 1) + 1
            given = f"{identity}~{n}"
        self._ids.add(given)
        if n > 1:
            message = f'the id "{_short(identity)}" is taken; this document is "{_short(given)}"'
            self._fault(Fault("duplicate_id", message, lost=False), source, row)
        return given

    def _series(self, fields: dict[str, Any]) -> str | None:
        wanted = self.settings.series_field
        if wanted is not None:
            return _id_text(lookup(fields, wanted)[1])
        return _id_text(fields.get("series")) or host_of(fields.get("url"))


def _roots(settings: Settings) -> tuple[str, ...]:
    """The columns that a table must be asked for: every field that is used, and what a dotted path may begin with."""
    names = dict.fromkeys(name for name in (settings.text_field, settings.id_field, settings.series_field) if name)
    roots = [name[:at] for name in names for at, char in enumerate(name) if char == "."]
    return (*names, *roots, "id", "series", "url")


def _wanted(settings: Settings) -> Wanted:
    """The fields that a document is made of."""
    series = settings.series_field
    return Wanted(settings.text_field, settings.id_field or "id", series or "series", None if series else "url")


def _text_ids(named: Sequence[NamedFile]) -> dict[str, str]:
    """Ids of text files by source: the path without ending, or with it where two would be the same."""
    names = {file.source: file.name for file in named if (file.name.format or "text") == "text"}
    n_of = Counter(name.stem for name in names.values())
    return {
        source: name.stem if n_of[name.stem] == 1 and source != STDIN else name.uncompressed
        for source, name in names.items()
    }


def _id_text(value: object) -> str | None:
    """An id or series as text: strings as they are, numbers in decimal, anything else is none."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, int) or math.isfinite(value) else None


def host_of(url: object) -> str | None:
    """The host of an address in lower case, without port and ``www.``; None where there is none.

    >>> host_of("https://WWW.Example.org:8080/a"), host_of("no address")
    ('example.org', None)
    """
    if not isinstance(url, str):
        return None
    try:
        host = urlsplit(url.strip()).hostname
    except ValueError:
        return None
    return (host or "").lower().removeprefix("www.") or None


def corpus_digest(documents: Iterable[Document]) -> str:
    """SHA-256, in hexadecimal, of a corpus's ids and texts, the same in whatever order they come.

    It is taken over the sorted SHA-256 of each document's id, a NUL and its text (UTF-8, lone surrogates passed).
    """
    digests = sorted(
        hashlib.sha256(f"{document.id}\0{document.text}".encode("utf-8", "surrogatepass")).digest()
        for document in documents
    )
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _short(text: str) -> str:
    return printable(text if len(text) <= 60 else f"{text[:57]}...")


def _listed(names: Sequence[object]) -> str:
    shown = ", ".join(_short(str(name)) for name in sorted(names, key=str)[:10])
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return (shown or "nothing") + more


def _type_name(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", dict: "an object", list: "an array", bytes: "bytes"}
    return names.get(type(value), "a number")
