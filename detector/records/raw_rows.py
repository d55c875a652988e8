"""Single records as they were written: with another text, with columns more, and back again to their own bytes.

Parquet rows have no bytes of their own; `detector.records.parquet_shard` has their columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from detector.records.encodings import UTF8, Encoding, decode_keeping
from detector.records.formats import CsvRow, JsonItem, JsonLine, Layout, ParquetRow, Raw, TextFile
from detector.records.json_rows import add_values, dumps, replace_value, without_last
from detector.records.table_rows import with_cell, with_more_cells, without_cells


def with_text(raw: Raw, layout: Layout, text_field: str, text: str) -> Raw:
    """A record with its text replaced and everything else as it was."""
    if isinstance(raw, JsonLine):
        source = replace_value(decode_keeping(raw.data, raw.encoding), text_field, text)
        return JsonLine(encoded(source, raw.encoding), raw.encoding)
    if isinstance(raw, JsonItem):
        return JsonItem(replace_value(raw.text, text_field, text))
    if isinstance(raw, CsvRow):
        return with_cell(raw, layout, column_of(layout, text_field), text)
    assert isinstance(raw, TextFile)
    return TextFile(raw.data if layout.encoding is None else layout.encoding.bom + _text_bytes(text, layout.encoding))


def with_more(raw: Raw, layout: Layout, extra: Mapping[str, Any]) -> Raw:
    """A record with columns more at its end; a text file stays as it is."""
    if isinstance(raw, JsonLine):
        if raw.encoding == UTF8 and not any(b'"%s"' % name.encode() in raw.data for name in extra):
            end = len(raw.data[: raw.data.rindex(b"}")].rstrip(b" \t\r\n"))
            return JsonLine(raw.data[:end] + b", " + dumps(extra)[1:-1].encode() + raw.data[end:], UTF8)
        source = add_values(decode_keeping(raw.data, raw.encoding), extra)
        return JsonLine(encoded(source, raw.encoding), raw.encoding)
    if isinstance(raw, JsonItem):
        return JsonItem(add_values(raw.text, extra))
    if isinstance(raw, CsvRow):
        return with_more_cells(raw, layout, [cell(value) for value in extra.values()])
    return raw


def without_more(raw: Raw, layout: Layout, n_extra: int) -> tuple[Raw, list[Any]]:
    """A record without the columns that `with_more` added, and their values; of CSV cells as they are written."""
    if isinstance(raw, JsonLine):
        source, values = without_last(decode_keeping(raw.data, raw.encoding), n_extra)
        return JsonLine(encoded(source, raw.encoding), raw.encoding), values
    if isinstance(raw, JsonItem):
        source, values = without_last(raw.text, n_extra)
        return JsonItem(source), values
    assert isinstance(raw, CsvRow)
    row, cells = without_cells(raw, layout, n_extra)
    return row, list(cells)


def restorable(raw: Raw, changed: Raw, layout: Layout, text_field: str, text: str) -> bool:
    """Whether putting ``text`` back into a changed record gives the very bytes that it had.

    Only UTF-8 is trusted: what is left of a text may look like another encoding than the whole did.
    """
    encoding = raw.encoding if isinstance(raw, JsonLine | CsvRow) else layout.encoding
    if isinstance(raw, ParquetRow):
        return True
    return encoding == UTF8 and with_text(changed, layout, text_field, text) == raw


def data_of(raw: Raw) -> str:
    """The bytes of a record as a string that JSON can hold: UTF-8, other bytes as lone surrogates."""
    if isinstance(raw, JsonItem):
        return raw.text
    assert not isinstance(raw, ParquetRow)
    return raw.data.decode("utf-8", "surrogateescape")


def of_data(raw: Raw, data: str) -> Raw:
    """A record like ``raw`` with the bytes that `data_of` gave."""
    if isinstance(raw, JsonItem):
        return JsonItem(data)
    assert not isinstance(raw, ParquetRow)
    return replace(raw, data=data.encode("utf-8", "surrogateescape"))


def column_of(layout: Layout, text_field: str) -> int:
    """The column of a CSV file that has the text: the last one of that name, as a reader takes it."""
    return max((at for at, name in enumerate(layout.header) if name == text_field), default=-1)


def cell(value: Any) -> str:
    """A value as a cell of a table."""
    return value if isinstance(value, str) else dumps(value)


def cells(extra: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The cells of some columns, empty where there is no value."""
    return [cell(extra.get(name, "")) for name in names]


def _text_bytes(text: str, encoding: Encoding) -> bytes:
    try:
        return encoding.encode(text)
    except UnicodeEncodeError:
        # Only the U+FFFD that stands for damaged bytes can be foreign to the file's own encoding.
        return text.encode(encoding.name, "replace")


def encoded(source: str, encoding: Encoding) -> bytes:
    r"""JSON text in an encoding; what it lacks becomes a ``\u`` escape."""
    try:
        return encoding.encode(source)
    except UnicodeEncodeError as error:
        units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
        escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        return encoded(source[: error.start] + escaped + source[error.end :], encoding)
