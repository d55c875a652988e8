"""One file as rows: opens it, tells its format and encoding, and yields its records with what is wrong with them."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from detector.records.encodings import KEEP_BYTES, SAMPLE_BYTES, UTF8, Decoded, Encoding, common_share, decode, detect
from detector.records.formats import (
    BLOCK_BYTES,
    CHUNK,
    MAX_RECORD,
    READ_ERRORS,
    BatchBlock,
    Fault,
    HeadedStream,
    JsonItem,
    JsonLine,
    Layout,
    LineBlock,
    RecordTooLong,
    Row,
    TextFile,
    lines_of,
    open_stream,
    read_magic,
    sniff,
    whole_lines,
)
from detector.records.inputs import STDIN, NamedFile
from detector.records.json_rows import ArrayItems, parse_object, whole
from detector.records.table_rows import (
    ARROW_MAGIC,
    ArrowFile,
    batch_rows,
    csv_rows,
    first_row,
    open_parquet,
    parquet_blocks,
    parquet_codec,
    parquet_rows,
    read_header,
)
from detector.settings import Settings

LINES_TRIED = 100
_KEPT_BYTE = re.compile("[\udc80-\udcff]")


class FileRows:
    """The rows of one file, in order; ``layout`` is known once iteration began, ``fault`` once it ended.

    ``fault`` is what ended the file before its time, or is wrong with it as a whole; None where nothing is.
    """

    def __init__(self, named: NamedFile, file: BinaryIO, settings: Settings, wanted: tuple[str, ...]) -> None:
        self._file = file
        self._settings = settings
        self._wanted = wanted
        name = named.name
        self.layout = Layout(named.source, name.format or "text", name.compression)
        self.fault: Fault | None = None
        self._from_stdin = named.source == STDIN and named.path is None
        self._in_blocks = self._whole = False
        self._only_ascii = True

    def __iter__(self) -> Iterator[Row]:
        return cast(Iterator[Row], self._guarded())

    def pieces(self, *, whole: bool = False) -> Iterator[Row | LineBlock | BatchBlock]:
        """Rows as iteration gives them, but JSON Lines in UTF-8 and Parquet as blocks that nobody has parsed yet.

        Of Parquet only the columns that were asked for are read, or all of them, if the ``whole`` is to be had.

        Of each block, in order, either `rows_of` gives the rows or `passed` is told of it, so that the encoding of a
        file is settled as if every line had been read.
        """
        self._in_blocks, self._whole = True, whole
        return self._guarded()

    def rows_of(self, block: LineBlock | BatchBlock, row: int) -> Iterator[Row]:
        """The rows of a block whose first has the number ``row``."""
        if isinstance(block, BatchBlock):
            known = block.batch.schema.names
            yield from batch_rows(block, [name for name in dict.fromkeys(self._wanted) if name in known])
        else:
            assert self.layout.encoding is not None
            yield from self._json_lines(io.BytesIO(block.data), self.layout.encoding, row)

    def passed(self, block: LineBlock | BatchBlock) -> None:
        """Notes that a block was parsed elsewhere and was UTF-8 throughout."""
        if isinstance(block, LineBlock):
            self._only_ascii = self._only_ascii and bytes(block.data).isascii()

    def _guarded(self) -> Iterator[Row | LineBlock | BatchBlock]:
        try:
            yield from self._rows()
        except READ_ERRORS as error:
            reason = "truncated" if self.layout.compression else "unreadable"
            what = f"the {self.layout.compression} data is damaged or cut off" if self.layout.compression else "failed"
            detail = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
            self.fault = Fault(reason, f"reading stopped, {what}: {detail}")
        except RecordTooLong as error:
            self.fault = Fault("too_long", f"reading stopped: {error}")

    def _rows(self) -> Iterator[Row | LineBlock | BatchBlock]:
        if self._from_stdin:
            head = self._file.read(8)
            self._file.seek(0)
            self.layout = replace(self.layout, compression=read_magic(head))
            if head.startswith(b"PAR1"):
                self.layout = replace(self.layout, format="parquet")
            if head.startswith(ARROW_MAGIC):
                self.layout = replace(self.layout, format="arrow")
        if self.layout.format in ("parquet", "arrow"):
            yield from (self._parquet_rows if self.layout.format == "parquet" else self._arrow_rows)()
            return
        stream = open_stream(self._file, self.layout.compression)
        headed = HeadedStream(stream, SAMPLE_BYTES)
        buffered = cast(io.BufferedReader, io.BufferedReader(headed, SAMPLE_BYTES))
        head = headed.head
        if not head and not buffered.read(1):
            self.fault = Fault("empty_file", "the file is empty", lost=False)
            return
        is_whole = len(head) < SAMPLE_BYTES
        encoding = None if self.layout.format == "text" else self._detected(head, whole=is_whole)
        if self._from_stdin or self.layout.format == "json":
            encoding = self._detected(head, whole=is_whole)
            self._sniff(head, encoding)
        if self.layout.format == "text":
            yield from self._text_row(buffered)
        elif encoding is None:
            self.fault = _foreign(self._settings.encoding)
        else:
            self.layout = replace(self.layout, encoding=encoding)
            yield from self._structured_rows(buffered, encoding)

    def _detected(self, head: bytes, *, whole: bool) -> Encoding | None:
        found = detect(head, self._settings.encoding, complete=whole)
        if found is None and self.layout.format in ("jsonl", "csv", "tsv"):
            # Lines in several encodings are none as a whole, and each by itself.
            lines = head.split(b"\n")[:LINES_TRIED]
            if 2 * sum(detect(line) is not None for line in lines) > len(lines):
                return UTF8
        return found

    def _sniff(self, head: bytes, encoding: Encoding | None) -> None:
        text = decode(head, encoding).text if encoding else ""
        found = sniff(text)
        if not self._from_stdin and found == "text":
            found = "json"
        # A .json file of several lines, each an object, is JSON Lines by content.
        lines = text.lstrip().split("\n", 1)
        single = found == "jsonl" and not (len(lines) > 1 and lines[1].strip())
        if found == "jsonl" and single and not self._from_stdin:
            found = "json"
        self.layout = replace(self.layout, format=found, single=found == "json" and not text.lstrip().startswith("["))

    def _structured_rows(self, stream: io.BufferedReader, encoding: Encoding) -> Iterator[Row | LineBlock]:
        if self.layout.format == "jsonl" and self._in_blocks and encoding == UTF8:
            at = 0
            for data in whole_lines(stream.readinto1, BLOCK_BYTES):
                yield LineBlock(data, at)
                at += len(data)
        elif self.layout.format == "jsonl":
            yield from self._json_lines(stream, encoding)
        elif self.layout.format == "json":
            yield from self._json_items(stream, encoding)
        else:
            yield from self._csv_rows(stream, encoding)

    def _text_row(self, stream: io.BufferedReader) -> Iterator[Row]:
        data = stream.read(MAX_RECORD + 1)
        if len(data) > MAX_RECORD:
            raise RecordTooLong
        encoding = detect(data, self._settings.encoding)
        raw = TextFile(data)
        if encoding is None:
            yield Row(1, raw, None, (_foreign(self._settings.encoding),))
            return
        self.layout = replace(self.layout, encoding=encoding)
        decoded = decode(data, encoding)
        faults = _decoding_faults(decoded, encoding)
        lost = any(fault.lost for fault in faults)
        yield Row(1, raw, None if lost else {self._settings.text_field: decoded.text}, faults)

    def _decoded_lines(
        self, stream: BinaryIO | io.BufferedReader, encoding: Encoding, *, universal: bool
    ) -> Iterator[tuple[bytes, str, Encoding, tuple[Fault, ...]]]:
        """Lines as bytes and as text; one that is not in the file's encoding is tried in the others.

        As long as all was ASCII the first line beyond it settles the encoding of the file.
        """
        auto = self._settings.encoding == "auto"
        self._only_ascii = self._only_ascii and encoding == UTF8
        for data in lines_of(stream, encoding, universal=universal):
            decoded = decode(data, encoding)
            if auto and not decoded.n_bad and _rather_utf8(data, decoded.text, encoding):
                message = f"this line is utf-8, the file {encoding.label}"
                yield data, data.decode("utf-8"), UTF8, (Fault("mixed_encoding", message, lost=False),)
                continue
            if not decoded.n_bad:
                self._only_ascii = self._only_ascii and data.isascii()
                yield data, decoded.text, encoding, ()
                continue
            other = detect(data) if auto and not encoding.wide else None
            if other is None or other.wide or other.bom or other == encoding or decode(data, other).n_bad:
                yield data, decoded.text, encoding, _decoding_faults(decoded, encoding)
            elif self._only_ascii:
                encoding, self._only_ascii = other, False
                self.layout = replace(self.layout, encoding=encoding)
                yield data, decode(data, encoding).text, encoding, ()
            else:
                message = f"this line is {other.label}, the file {encoding.label}"
                faults = () if other.related(encoding) else (Fault("mixed_encoding", message, lost=False),)
                yield data, decode(data, other).text, other, faults

    def _json_lines(self, stream: BinaryIO | io.BufferedReader, encoding: Encoding, row: int = 1) -> Iterator[Row]:
        lines = self._decoded_lines(stream, encoding, universal=False)
        for number, (data, text, used, faults) in enumerate(lines, row):
            raw = JsonLine(data, used)
            if not text.strip() or any(fault.lost for fault in faults):
                yield Row(number, raw, None, faults)
                continue
            fields, fault = parse_object(text)
            yield Row(number, raw, fields, (*faults, fault) if fault else faults)

    def _json_items(self, stream: io.BufferedReader, encoding: Encoding) -> Iterator[Row]:
        chunks = text_chunks(stream, encoding)
        if self.layout.single:
            yield _json_item(1, whole(chunks), encoding)
            return
        items = ArrayItems(chunks)
        for number, text in enumerate(items, 1):
            if number > 1 or text.strip() or not items.complete:
                yield _json_item(number, text, encoding)
        self.fault = items.fault

    def _csv_rows(self, stream: io.BufferedReader, encoding: Encoding) -> Iterator[Row]:
        lines = self._decoded_lines(stream, encoding, universal=True)
        default = "\t" if self.layout.format == "tsv" else ","
        taken: list[tuple[bytes, str, Encoding]] = []

        def feed() -> Iterator[str]:
            for data, text, used, _ in lines:
                taken.append((data, text, used))
                yield text

        first_row(feed(), default)
        text = "".join(line for _, line, _ in taken)
        encoding = taken[0][2] if taken else encoding
        header, delimiter = read_header(text, delimiter=default, wanted=self._settings.text_field)
        self.layout = replace(
            self.layout,
            encoding=encoding if self.layout.encoding == UTF8 else self.layout.encoding,
            header=header,
            header_data=b"".join(data for data, _, _ in taken),
            delimiter=delimiter,
            quote_all=text.startswith('"'),
        )
        yield from csv_rows(lines, self.layout)

    def _parquet_rows(self) -> Iterator[Row | BatchBlock]:
        if self.layout.compression:
            self.fault = Fault("bad_parquet", "a compressed Parquet file cannot be read; decompress it first")
            return
        try:
            parquet = open_parquet(self._file)
            self.layout = replace(self.layout, schema=parquet.schema_arrow, codec=parquet_codec(parquet))
            in_blocks = self._in_blocks and len(set(parquet.schema_arrow.names)) == len(parquet.schema_arrow.names)
            if in_blocks:
                yield from parquet_blocks(parquet, None if self._whole else self._wanted)
            else:
                yield from parquet_rows(parquet, self._wanted)
        except ValueError as error:
            self.fault = Fault("bad_parquet", f"not a readable Parquet file: {error}")

    def _arrow_rows(self) -> Iterator[Row | BatchBlock]:
        if self.layout.compression:
            self.fault = Fault("bad_arrow", "a compressed Arrow file cannot be read; decompress it first")
            return
        try:
            arrow = ArrowFile(self._file)
            self.layout = replace(self.layout, schema=arrow.schema, codec=arrow.kind)
            in_blocks = self._in_blocks and len(set(arrow.schema.names)) == len(arrow.schema.names)
            if in_blocks:
                yield from arrow.blocks(arrow.schema.names if self._whole else self._wanted)
            else:
                yield from arrow.rows(self._wanted)
        except ValueError as error:
            self.fault = Fault("bad_arrow", f"not a readable Arrow file: {error}")


def _rather_utf8(data: bytes, text: str, encoding: Encoding) -> bool:
    """Whether a line of a GB18030 or Big5 file, though it can be read so, is UTF-8 and makes better sense as that."""
    if encoding.wide or encoding.name == "utf-8" or data.isascii():
        return False
    try:
        return common_share(data.decode("utf-8")) > common_share(text)
    except UnicodeDecodeError:
        return False


def text_chunks(stream: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The text of a stream piece by piece; bytes that cannot be decoded become lone surrogates."""
    errors = {"utf-16": "surrogatepass", "utf-32": "replace"}.get(encoding.name[:6], KEEP_BYTES)
    decoder = codecs.getincrementaldecoder(encoding.name)(errors)
    stream.read(len(encoding.bom))
    while chunk := stream.read(CHUNK):
        if text := decoder.decode(chunk):
            yield text
    try:
        text = decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        text = "\N{REPLACEMENT CHARACTER}"
    if text:
        yield text


def _json_item(number: int, text: str, encoding: Encoding) -> Row:
    raw = JsonItem(text)
    faults: tuple[Fault, ...] = ()
    if not encoding.wide and _KEPT_BYTE.search(text):
        decoded = decode(encoding.encode(text), encoding)
        text, faults = decoded.text, _decoding_faults(decoded, encoding)
    fields, fault = parse_object(text)
    return Row(number, raw, fields, (*faults, fault) if fault else faults)


def _decoding_faults(decoded: Decoded, encoding: Encoding) -> tuple[Fault, ...]:
    if not decoded.n_bad:
        return ()
    places = "1 place is" if decoded.n_bad == 1 else f"{decoded.n_bad} places are"
    message = f"{places} not {encoding.label}, the first at byte {decoded.first_bad}"
    if decoded.readable:
        return (Fault("bad_bytes", f"{message}; read as U+FFFD", lost=False),)
    return (Fault("bad_encoding", f"{message}. Name the encoding with --encoding."),)


def _foreign(wanted: str) -> Fault:
    tried = "UTF-8, UTF-16, GB18030 or Big5" if wanted == "auto" else wanted
    return Fault("bad_encoding", f"not in {tried}; convert it to UTF-8 first")
