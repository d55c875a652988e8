"""A Parquet or Arrow file being written: rows taken from the batches they were read in, schema and metadata kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detector.records.formats import Layout, ParquetRow, free_name
from detector.records.json_rows import dumps, lookup
from detector.records.reading import Record

GROUP_ROWS = 16_384
GROUP_BYTES = 1 << 26
ARROW_ROWS = 1000
"""Rows of a record batch; what the `datasets` package writes."""


class ParquetShard:
    """Collects rows batch by batch and writes row groups of up to 16,384 rows or 64 MB.

    Extra columns are strings: JSON, where the value is no string.
    """

    def __init__(self, path: Path, layout: Layout, *, text_field: str, extra: Sequence[str]) -> None:
        self._text_field = text_field
        self._extra = extra
        schema = layout.schema
        for name in extra:
            schema = schema.append(pa.field(free_name(name, layout.schema.names), pa.string()))
        self._schema = schema
        self._writer = self._opened(path, schema, layout)
        self._batch: Any = None
        self._rows: list[tuple[int, str | None, Mapping[str, Any]]] = []
        self._tables: list[Any] = []
        self._n_rows = self._n_bytes = 0

    @staticmethod
    def _opened(path: Path, schema: Any, layout: Layout) -> Any:
        return pq.ParquetWriter(path, schema, compression=layout.codec or "snappy")

    def write(self, record: Record, text: str | None, extra: Mapping[str, Any]) -> None:
        """Adds a record; what it says goes to disk with its row group."""
        raw = cast(ParquetRow, record.raw)
        if raw.batch is not self._batch:
            self._take()
            self._batch = raw.batch
        self._rows.append((raw.index, text, extra))

    def _take(self) -> None:
        """Turns the rows of one batch into a table."""
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        batch = self._batch.take(pa.array([index for index, _, _ in rows], pa.int64()))
        columns = list(batch.columns)
        texts = [text for _, text, _ in rows]
        if any(text is not None for text in texts):
            at, path = _column_of(batch.schema.names, self._text_field)
            columns[at] = _replaced(columns[at], path, texts)
        for name in self._extra:
            columns.append(pa.array([_cell(extra.get(name)) for _, _, extra in rows], pa.string()))
        table = pa.Table.from_arrays(columns, schema=self._schema)
        self._tables.append(table)
        self._n_rows, self._n_bytes = self._n_rows + table.num_rows, self._n_bytes + table.nbytes
        if self._n_rows >= GROUP_ROWS or self._n_bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._tables:
            table = pa.concat_tables(self._tables)
            self._tables = []
            self._n_rows = self._n_bytes = 0
            self._put(table)

    def _put(self, table: Any) -> None:
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))

    def close(self) -> None:
        """Writes the last row group and the footer."""
        try:
            self._take()
            self._flush()
        finally:
            self._writer.close()


class ArrowShard(ParquetShard):
    """The same for an Arrow file, as a stream or with a directory as the input was; batches of up to 1,000 rows."""

    @staticmethod
    def _opened(path: Path, schema: Any, layout: Layout) -> Any:
        return (pa.ipc.new_file if layout.codec == "file" else pa.ipc.new_stream)(str(path), schema)

    def _put(self, table: Any) -> None:
        self._writer.write_table(table, max_chunksize=ARROW_ROWS)


def _column_of(names: Sequence[str], path: str) -> tuple[int, str]:
    """The column that a dotted path begins in, and the rest of the path (empty for the column itself)."""
    if path in names:
        return names.index(path), ""
    heads = [path[:at] for at, char in enumerate(path) if char == "."]
    head = next(head for head in heads if head in names)
    return names.index(head), path[len(head) + 1 :]


def text_at(batch: Any, index: int, path: str) -> str:
    """The text of a row, at a dotted path."""
    at, rest = _column_of(batch.schema.names, path)
    value = batch.column(at)[index].as_py()
    return str(lookup(value, rest)[1] if rest else value)


def _replaced(column: Any, path: str, texts: Sequence[str | None]) -> Any:
    if not path and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        mask = pa.array([text is not None for text in texts])
        return pc.replace_with_mask(column, mask, pa.array([text for text in texts if text is not None], column.type))
    values = column.to_pylist()
    for index, text in enumerate(texts):
        if text is not None:
            values[index] = _with(values[index], path, text) if path else text
    return pa.array(values, column.type)


def _with(value: dict[str, Any], path: str, text: str) -> dict[str, Any]:
    """A struct with the string at a dotted path replaced."""
    if path in value:
        return {**value, path: text}
    for at, char in enumerate(path):
        if char == "." and isinstance(value.get(path[:at]), dict):
            return {**value, path[:at]: _with(value[path[:at]], path[at + 1 :], text)}
    raise KeyError(path)


def _cell(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else dumps(value)
