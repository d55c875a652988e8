"""Rows of CSV, TSV, Parquet and Arrow files: cells by column name, and what it takes to write a row back."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Literal

from detector.records.encodings import UTF8, Encoding, decode_keeping
from detector.records.formats import MAX_RECORD, BatchBlock, CsvRow, Fault, Layout, ParquetRow, RecordTooLong, Row

DELIMITERS = (",", "\t", ";", "|")
BATCH_ROWS = 1024

ARROW_MAGIC = b"ARROW1"
"""What an Arrow file with a directory begins with (columnar format, IPC file format); a stream has no mark."""

LINE_BYTES = 64
"""What holding a line takes beside its bytes: a cell that is never closed may have millions of short ones."""


def read_header(text: str, *, delimiter: str, wanted: str) -> tuple[tuple[str, ...], str]:
    """The column names in a header line and the delimiter that parts them.

    The delimiter of the format (comma or tab) stands unless another one yields the column that is wanted.

    >>> read_header("id;text\\n", delimiter=",", wanted="text")
    (('id', 'text'), ';')
    """
    read = {
        one: tuple(first_row(io.StringIO(text, newline=""), one)) for one in dict.fromkeys((delimiter, *DELIMITERS))
    }
    fitting = [one for one, cells in read.items() if wanted in cells]
    chosen = fitting[0] if fitting else delimiter
    return read[chosen], chosen


def first_row(lines: Iterable[str], delimiter: str) -> list[str]:
    """The first row of CSV text, taking no more lines than it has; empty where there is none."""
    try:
        return next(csv_reader(lines, delimiter), [])
    except csv.Error:
        return []


def csv_reader(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """The rows of CSV text; a field may be of any length."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    return csv.reader(lines, delimiter=delimiter)


def cells_of(raw: CsvRow, delimiter: str) -> list[str]:
    """The cells of a row as stored, bytes that could not be decoded kept as lone surrogates."""
    return first_row(io.StringIO(decode_keeping(raw.data, raw.encoding), newline=""), delimiter)


def csv_rows(lines: Iterable[tuple[bytes, str, Encoding, tuple[Fault, ...]]], layout: Layout) -> Iterator[Row]:
    """Rows of a CSV file after its header, from its lines: bytes, text, their encoding, what was wrong with it.

    Raises `RecordTooLong`.
    """
    pending: list[bytes] = []
    faults: list[Fault] = []
    used = UTF8
    n_quotes = n_pending = 0

    def feed() -> Iterator[str]:
        nonlocal used, n_quotes, n_pending
        for data, text, encoding, line_faults in lines:
            used = encoding if not pending else used
            n_quotes += text.count('"')
            n_pending += len(data) + LINE_BYTES
            if n_pending > MAX_RECORD:
                raise RecordTooLong
            pending.append(data)
            faults.extend(line_faults)
            yield text

    number = 0
    rows = csv_reader(feed(), layout.delimiter)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            cells = []
            faults.append(Fault("bad_csv", f"not a CSV row: {error}"))
        number += 1
        raw = CsvRow(b"".join(pending), used)
        found = (*faults, *_row_faults(cells, layout, is_open=len(pending) > 1 and n_quotes % 2 == 1))
        fields = dict(zip(layout.header, cells, strict=False)) if cells else None
        yield Row(number, raw, fields, found)
        n_quotes = n_pending = 0
        pending.clear()
        faults.clear()


def _row_faults(cells: Sequence[str], layout: Layout, *, is_open: bool) -> Iterator[Fault]:
    if cells and len(cells) != len(layout.header):
        yield Fault("ragged_row", f"{len(cells)} cells where the header has {len(layout.header)}", lost=False)
    if is_open:
        message = "a quote is opened and never closed: all lines up to the end of the file are in this cell"
        yield Fault("open_quote", message, lost=False)


def with_cell(raw: CsvRow, layout: Layout, column: int, text: str) -> CsvRow:
    """A row with one cell replaced; all its cells are quoted anew."""
    cells = cells_of(raw, layout.delimiter)
    cells[column] = text
    return CsvRow(raw.encoding.encode(_written(cells, layout) + _line_end(raw)), raw.encoding)


def with_more_cells(raw: CsvRow, layout: Layout, more: Sequence[str]) -> CsvRow:
    """A row with further cells at its end, its own bytes unchanged; a short row is filled up to the header first."""
    end = _line_end(raw)
    text = decode_keeping(raw.data, raw.encoding)
    missing = max(len(layout.header) - len(cells_of(raw, layout.delimiter)), 0)
    added = layout.delimiter + layout.delimiter * missing + _written(more, layout)
    return CsvRow(raw.encoding.encode(text.removesuffix(end) + added + (end or "\n")), raw.encoding)


def without_cells(raw: CsvRow, layout: Layout, n: int) -> tuple[CsvRow, list[str]]:
    """A row without its last ``n`` cells, as `with_more_cells` wrote them, and these."""
    end = _line_end(raw)
    text = decode_keeping(raw.data, raw.encoding).removesuffix(end)
    last = cells_of(raw, layout.delimiter)[-n:]
    written = layout.delimiter + _written(last, layout)
    assert text.endswith(written), "the last cells are written as here"
    return CsvRow(raw.encoding.encode(text.removesuffix(written) + end), raw.encoding), last


def _line_end(raw: CsvRow) -> str:
    text = decode_keeping(raw.data[-8:] if not raw.encoding.wide else raw.data, raw.encoding)
    return next((end for end in ("\r\n", "\n", "\r") if text.endswith(end)), "")


def _written(cells: Sequence[str], layout: Layout) -> str:
    out = io.StringIO(newline="")
    # The writer quotes CR and LF only where they are in its own line end.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if layout.quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=layout.delimiter, quoting=quoting, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n")


def open_parquet(file: BinaryIO | str) -> Any:
    """A ``pyarrow.parquet.ParquetFile``; raises ``ValueError`` with one line where it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None


def parquet_codec(parquet: Any) -> str:
    """The compression of the first column, as ``ParquetWriter`` spells it."""
    metadata = parquet.metadata
    if metadata.num_row_groups == 0 or metadata.num_columns == 0:
        return "snappy"
    codec = str(metadata.row_group(0).column(0).compression).lower()
    return "none" if codec == "uncompressed" else codec


def parquet_rows(parquet: Any, wanted: Iterable[str]) -> Iterator[Row]:
    """Rows of a Parquet file, ``wanted`` columns as fields; raises ``ValueError`` where a row group is damaged."""
    known = parquet.schema_arrow.names
    names = [name for name in dict.fromkeys(wanted) if name in known]
    for block in _batches(parquet, None):
        yield from batch_rows(block, names)


def parquet_blocks(parquet: Any, wanted: Iterable[str] | None) -> Iterator[BatchBlock]:
    """A Parquet file batch by batch, the ``wanted`` columns only (None: all); raises as `parquet_rows` does."""
    if wanted is None:
        return _batches(parquet, None)
    known = parquet.schema_arrow.names
    return _batches(parquet, [name for name in dict.fromkeys(wanted) if name in known])


def _batches(parquet: Any, names: list[str] | None) -> Iterator[BatchBlock]:
    return _numbered(parquet.iter_batches(batch_size=BATCH_ROWS, columns=names))


def _numbered(batches: Iterator[Any]) -> Iterator[BatchBlock]:
    """Batches with the number of their first row; raises ``ValueError`` with one line where one is damaged."""
    import pyarrow as pa

    number = 1
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(str(error).partition("\n")[0]) from None
        if batch is None:
            return
        yield BatchBlock(number, batch)
        number += batch.num_rows


class ArrowFile:
    """An Arrow file: a stream of record batches, or one with a directory of them at its end.

    Raises ``ValueError`` with one line where it is neither.
    """

    def __init__(self, file: BinaryIO) -> None:
        import pyarrow as pa

        self._file = file
        self.kind = "file" if file.read(len(ARROW_MAGIC)) == ARROW_MAGIC else "stream"
        file.seek(0)
        try:
            self._opened = (pa.ipc.open_file if self.kind == "file" else pa.ipc.open_stream)(file)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(str(error).partition("\n")[0]) from None
        self.schema = self._opened.schema

    def rows(self, wanted: Iterable[str]) -> Iterator[Row]:
        """All rows, ``wanted`` columns as fields; raises ``ValueError`` where a batch is damaged."""
        names = [name for name in dict.fromkeys(wanted) if name in self.schema.names]
        for block in _numbered(self._batches()):
            yield from batch_rows(block, names)

    def blocks(self, wanted: Iterable[str]) -> Iterator[BatchBlock]:
        """The file batch by batch, the ``wanted`` columns only; raises as `rows` does."""
        names = [name for name in dict.fromkeys(wanted) if name in self.schema.names]
        return _numbered(batch.select(names) for batch in self._batches())

    def _batches(self) -> Iterator[Any]:
        batches = (
            map(self._opened.get_batch, range(self._opened.num_record_batches))
            if self.kind == "file"
            else iter(self._opened)
        )
        for batch in batches:
            batch.validate()  # offsets of a damaged file would lead anywhere
            for at in range(0, batch.num_rows, BATCH_ROWS):
                yield batch.slice(at, BATCH_ROWS)


def batch_rows(block: BatchBlock, names: Sequence[str]) -> Iterator[Row]:
    """The rows of a batch, the columns ``names`` as fields."""
    known = block.batch.schema.names
    columns = [_values(block.batch.column(known.index(name))) for name in names]
    for index in range(block.batch.num_rows):
        cells = [column[index] for column in columns]
        faults = tuple(cell for cell in cells if isinstance(cell, Fault))
        fields = None if faults else dict(zip(names, cells, strict=True))
        yield Row(block.row + index, ParquetRow(block.batch, index), fields, faults)


def _values(column: Any) -> list[Any]:
    """Python values of a column; a `Fault` for one that cannot be converted."""
    try:
        return list(column.to_pylist())
    except (UnicodeDecodeError, ValueError, ImportError, OverflowError):
        return [_value(column[index]) for index in range(len(column))]


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return Fault("bad_encoding", "a string column holds bytes that are not UTF-8")
    except (ValueError, ImportError, OverflowError) as error:
        return Fault("bad_parquet", f"a value cannot be converted: {str(error).partition(chr(10))[0]}")
