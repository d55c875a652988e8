"""The files of a scan: JSON Lines or Parquet, the same bytes for the same corpus, complete or not there at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.errors import OutputError, ScanError
from detector.kernels import rendering as kernel
from detector.machine.interpreter import with_quick_turns, without_collection
from detector.machine.system import give_back_freed_blocks
from detector.machine.workspace import Workspace
from detector.matching.template_files import part_row
from detector.model import Cluster, Finding, Outline, as_row
from detector.results.unfinished import Results
from detector.tables.rendering import Field, Sheet, blocks, json_blocks, json_text, plain_text, span_strings
from detector.tables.rows import MILLIONTHS, DocumentRows, Rows
from detector.tables.scan_files import (
    PARQUET_ABOVE,
    TABLES,
    begin,
    check_target,
    complete,
    finish,
    remove_table,
    table_files,
    write_file,
)
from detector.tables.sheets import SHORT_TEXT, sheet_of

if TYPE_CHECKING:
    from detector.results.index import Scan

LONGEST_FIRST = ("clusters", "findings", "members", "phrases", "documents", "outlines")
"""The tables as they are begun, so that no thread has a long one when the others are done."""

ROWS_PER_SHARD = 1_000_000

ROWS_TOGETHER, BYTES_TOGETHER = 50_000, 16_000_000
"""Rows, or bytes of columns, that are one group of rows of a Parquet file; as much is in memory at a time."""


def write_scan(scan: Scan, directory: Path, kept: Results | None = None) -> None:
    """Write every file of the contract; ``summary.json`` comes last, so that a folder with one is a whole scan.

    Tables that ``kept`` has are there already. Raises `OutputError` where the folder holds something else
    (`check_target`) or cannot be written.
    """
    check_target(directory)
    kept = kept or Results()
    settings = scan.summary["settings"]
    give_back_freed_blocks()  # what steps worked with: the system needs as much for the files, and has it at hand now
    as_parquet = settings["format"] == "parquet" or scan.summary["corpus"]["n_bytes"] > PARQUET_ABOVE
    try:
        begin(directory)
        workers = scan.summary.get("run", {}).get("workers", 1)
        workers += workers > 1  # one more than cores: each waits for the disk, or for the page to leave the interpreter
        with Workspace(workers=workers) as work, without_collection(), with_quick_turns():
            report = work.beside(lambda: _report(scan))
            noting = threading.Lock()

            def write(name: str) -> None:
                remove_table(directory, name)
                table = getattr(scan, name) if name in TABLES else list(getattr(scan, name))  # few, and no columns
                (_write_parquet if as_parquet else _write_json)(directory, name, table, settings["finding_text"])
                with noting:
                    kept.note_table(name, table_files(directory, name))

            work.map(write, [name for name in LONGEST_FIRST if not kept.has_table(name)])
            write_file(directory / "report.html", [report()])
        finish(directory, scan.summary)
    except OSError as error:
        raise OutputError(f"{directory}: cannot write the scan: {error.strerror or error}") from None


def load_page() -> None:
    """Load what draws the page, a twentieth of a second: a scan has time for it while kernels keep other threads."""
    from detector.report.html import page_template

    page_template()


def _report(scan: Scan) -> bytes:
    """The page; what draws it is loaded beside the tables, too, if it was not before."""
    from detector.report.html import render_html

    page = render_html(scan)
    try:
        return page.encode()
    except UnicodeEncodeError:  # a lone surrogate: looking for one takes longer than the whole encoding
        return plain_text(page).encode()


def json_line(row: Any) -> str:
    """One line of JSON in UTF-8; lone surrogates, which UTF-8 has not, are escaped.

    >>> json_line({"text": "报告\\ud800"})
    '{"text":"报告\\\\ud800"}\\n'
    """
    return json_text(row) + "\n"


def write_lines(path: Path, rows: Iterable[Any]) -> None:
    """Write rows as JSON Lines, complete or not at all; raises `OutputError`."""
    try:
        write_file(path, (json_line(row).encode() for row in rows))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None


def check_table(directory: Path, name: str) -> list[Path]:
    """The files of a table of a scan, shards in order; raises `ScanError` where there is none."""
    files = table_files(directory, name)
    if not files:
        raise ScanError(f"{directory}: not a whole scan: it holds no {name}.jsonl. Scan the input again.")
    return files


def read_rows(
    directory: Path, name: str, *, doc: str | None = None, row_id: str | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of one table of a scan, from whichever format it was written in.

    With ``doc`` those of a document, with ``row_id`` the one of that id; others are passed over without being parsed.
    """
    key, wanted = ("doc", doc) if doc is not None else ("id", row_id)
    opens, begins = f'{{"{key}":"'.encode(), f'{{"{key}":{json_text(wanted)},'.encode()  # as it is written here
    for path in check_table(directory, name):
        if path.suffix == ".jsonl":
            with path.open("rb") as lines:
                for line in lines:
                    if wanted is not None and line.startswith(opens) and not line.startswith(begins):
                        continue
                    row = json.loads(line.decode("utf-8"))
                    if wanted is None or row[key] == wanted:
                        yield row
        else:
            yield from _read_parquet(path, key, wanted)


def _write_json(directory: Path, name: str, table: Sequence[Any], finding_text: str) -> None:
    """Write one table as JSON Lines."""
    path = directory / f"{name}.jsonl"
    if isinstance(table, Rows):
        write_file(path, json_blocks(sheet_of(table, finding_text)))
    else:
        write_file(path, (json_line(row).encode() for row in _plain_rows(name, table, finding_text)))


def _plain_rows(name: str, table: Sequence[Any], finding_text: str) -> Iterator[dict[str, Any]]:
    """The rows of one table as plain values."""
    if name == "findings":
        return (_finding_row(finding, finding_text) for finding in table)
    if name == "clusters":
        return (_cluster_row(cluster) for cluster in table)
    if name == "outlines":
        return (_outline_row(outline) for outline in table)
    return (as_row(row) for row in table)


def _finding_row(finding: Finding, finding_text: str) -> dict[str, Any]:
    row = as_row(finding)
    if finding_text == "none":
        row["text"] = None
    elif finding_text == "short" and len(finding.text) > SHORT_TEXT:
        row["text"] = finding.text[:SHORT_TEXT] + "…"
    return row


def _outline_row(outline: Outline) -> dict[str, Any]:
    headings = [heading._asdict() for heading in outline.headings]
    return {**as_row(outline), "headings": headings, "members": [member._asdict() for member in outline.members]}


def _cluster_row(cluster: Cluster) -> dict[str, Any]:
    return {**as_row(cluster), "template": [part_row(part) for part in cluster.template]}


NESTED = {"parts", "n_findings", "flags", "evidence", "template", "headings", "members"}
"""Columns whose values have no fixed shape; Parquet holds them as JSON text."""

_TYPES = {
    "row": "int64",
    "n_chars": "int64",
    "originality": "float64",
    "originality_1k": "float64",
    "n_families": "int64",
    "n_series": "int64",
    "n_members": "int64",
    "n_tokens": "int64",
    "n_occurrences": "int64",
    "score_version": "int64",
    "start": "int64",
    "end": "int64",
    "score": "float64",
    "ratio": "float64",
}

_COLUMNS = {
    "documents": "id source row n_chars originality originality_1k n_families parts n_findings duplicate_of flags"
    " score_version",
    "findings": "doc start end kind rule text cluster n_families score part evidence",
    "clusters": "id level n_families n_series n_members template",
    "members": "cluster doc start end ratio",
    "outlines": "id n_families n_series n_members headings members",
    "phrases": "id text key n_tokens n_families n_series n_occurrences",
}


def table_schema(name: str) -> Any:
    """The Arrow schema of a table."""
    import pyarrow as pa

    return pa.schema([(column, pa.type_for_alias(_TYPES.get(column, "string"))) for column in _COLUMNS[name].split()])


def _write_parquet(directory: Path, name: str, table: Sequence[Any], finding_text: str) -> None:
    """Write one table as shards of a million rows, some rows at a time; an empty table is one empty shard."""
    import pyarrow.parquet as pq

    schema = table_schema(name)
    if isinstance(table, Rows) and not isinstance(table, DocumentRows):
        sheet = sheet_of(table, finding_text, mode=kernel.ASCII)
        pieces = _grouped(_sheet_tables(sheet, schema))
    else:
        pieces = _row_tables(_plain_rows(name, table, finding_text), schema)
    waiting = next(pieces, None)

    def write(temporary: Path) -> None:
        nonlocal waiting
        n_left = ROWS_PER_SHARD
        with pq.ParquetWriter(temporary, schema, compression="zstd") as file:
            while waiting is not None and n_left:
                file.write_table(waiting[:n_left])
                rest = waiting[n_left:]
                n_left -= min(n_left, waiting.num_rows)
                waiting = rest if rest.num_rows else next(pieces, None)

    for number in count():
        complete(directory / f"{name}-{number:05d}.parquet", write)
        if waiting is None:
            break


def _row_tables(rows: Iterator[dict[str, Any]], schema: Any) -> Iterator[Any]:
    """Rows as Arrow tables."""
    import pyarrow as pa

    while some := list(islice(rows, ROWS_TOGETHER)):
        columns = {item.name: [_cell(row[item.name], item.name) for row in some] for item in schema}
        yield pa.table({item.name: pa.array(columns[item.name], item.type) for item in schema}, schema=schema)


def _grouped(tables: Iterator[Any]) -> Iterator[Any]:
    """Arrow tables, small ones together: Parquet compresses each group of rows by itself."""
    import pyarrow as pa

    group, n_bytes = [], 0
    for table in tables:
        group.append(table)
        n_bytes += table.nbytes
        if n_bytes >= BYTES_TOGETHER:
            yield pa.concat_tables(group)
            group, n_bytes = [], 0
    if group:
        yield pa.concat_tables(group)


def _sheet_tables(sheet: Sheet, schema: Any) -> Iterator[Any]:
    """Columns as Arrow tables, without a Python object for a row."""
    import pyarrow as pa

    fields = {item.name: item for item in sheet.layout.fields}
    words = pa.array([plain_text(sheet.layout.names.get(row, "")) for row in range(len(sheet.layout.words))])
    ids = pa.array([plain_text(name) for name in sheet.ids], pa.string())

    for rows in blocks(sheet.sizes):
        values = [np.asarray(column, dtype=np.int64) for column in sheet.values(*rows)]
        texts = span_strings(sheet.texts(*rows), kernel.RAW) if sheet.texts else None
        nested = sheet.nested(*rows) if sheet.nested else None
        arrays = [_arrow(fields[item.name], values, (words, ids, texts, nested)) for item in schema]
        n_rows = rows[1] - rows[0]
        arrays = [pa.nulls(n_rows, item.type) if one is None else one for one, item in zip(arrays, schema, strict=True)]
        yield pa.table(arrays, schema=schema)


def _arrow(field: Field, values: list[Any], of: tuple[Any, Any, Any, Any]) -> Any:
    """One column of some rows as an Arrow array; None for one without values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words, ids, texts, nested = of
    if field.kind == kernel.WORD:
        return None
    if field.kind in (kernel.TEXT, kernel.NESTED):
        strings = texts if field.kind == kernel.TEXT else nested
        if len(strings.data) >= 1 << 31:
            raise OSError("a row holds over 2 GB, which Parquet's strings cannot: write JSON Lines with --format jsonl")
        buffers = [None, pa.py_buffer(strings.indptr.astype(np.int32)), pa.py_buffer(strings.data)]
        return pa.Array.from_buffers(pa.string(), len(strings.indptr) - 1, buffers)
    column = values[field.column]
    if field.kind == kernel.RATIO:
        return pa.array(column / MILLIONTHS, mask=column < 0)
    if field.kind in (kernel.WHOLE, kernel.COUNT):
        return pa.array(column, mask=(column == 0) & (field.kind == kernel.COUNT))
    named = (ids if field.kind == kernel.ID else words).take(pa.array(column, mask=column < 0))
    if field.kind == kernel.CLUSTER:
        return pc.binary_join_element_wise(named, pc.cast(pa.array(values[field.column + 1]), pa.string()), "-")
    return named


def _cell(value: Any, column: str) -> Any:
    """A value as its Parquet column holds it; a lone surrogate becomes the replacement character."""
    if column in NESTED:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return plain_text(value) if isinstance(value, str) else value


def _read_parquet(path: Path, key: str, wanted: str | None) -> Iterator[dict[str, Any]]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches():
        some = batch if wanted is None else batch.filter(pc.equal(batch[key], plain_text(wanted)))
        for row in some.to_pylist():
            yield {name: json.loads(value) if name in NESTED else value for name, value in row.items()}
