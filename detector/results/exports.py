"""The tables of a scan in other formats: CSV for spreadsheets, Parquet and JSON for programs; charts for a paper.

Rows are read from the scan's files and written one after another, so that a table of any size fits. Nothing is
overwritten, and each file is complete or not there at all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from detector.errors import OutputError, ScanError
from detector.model import FINDING_KINDS, PART_NAMES
from detector.results.writing import NESTED, check_table, read_rows, table_schema
from detector.tables.cells import safe_cell
from detector.tables.rendering import json_text, plain_text
from detector.tables.scan_files import OPTIONAL_TABLES, TABLES, complete, table_files

FORMATS = ("csv", "parquet", "json", "svg")

ROWS_TOGETHER = 20_000
"""Rows of a Parquet file that are in memory at a time."""

FLAT: Mapping[str, Sequence[str]] = {"parts": PART_NAMES, "n_findings": FINDING_KINDS}
"""Nested columns whose names are known: in CSV each is a column of numbers, which a spreadsheet can sum and sort."""

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it Excel takes UTF-8 for the system's encoding, and Chinese for something else."""


def tables_of(scan: Path) -> tuple[str, ...]:
    """The tables that there are to export from the folder of a scan."""
    return (*TABLES, *(name for name in OPTIONAL_TABLES if table_files(scan, name)))


def export_tables(
    scan: Path, format_: str, out: Path, *, tables: Sequence[str] = TABLES, bom: bool = True
) -> list[Path]:
    """Write tables of the scan in a folder in a format, and return the files.

    ``out`` is a folder, or the file itself where one table is asked for and the name ends as the format does. Raises
    `OutputError` where a file is there already or cannot be written, `ScanError` where the scan cannot be read.
    """
    writers: dict[str, Callable[..., None]] = {
        "csv": partial(_write_csv, bom=bom),
        "parquet": _write_parquet,
        "json": _write_json,
    }
    paths = targets(out, format_, tables)
    for name in tables:
        check_table(scan, name)
    for name, path in zip(tables, paths, strict=True):
        rows = read_rows(scan, name)
        _write(path, partial(writers[format_], table=name, rows=rows))
    return paths


def export_charts(charts: Mapping[str, str], out: Path) -> list[Path]:
    """Write pictures, SVG text by name, to a folder, and return the files; raises `OutputError` as tables do."""
    paths = targets(out, "svg", list(charts))
    for path, text in zip(paths, charts.values(), strict=True):
        data = plain_text(text).encode()
        _write(path, partial(_put, data=data))
    return paths


def targets(out: Path, format_: str, names: Sequence[str]) -> list[Path]:
    """The files to write; raises `OutputError` where one is there already."""
    ending = f".{format_}"
    if len(names) == 1 and out.suffix.lower() == ending:
        paths = [out]
    elif out.is_file():
        raise OutputError(f"{out}: is a file; name a folder")
    else:
        paths = [out / f"{name}{ending}" for name in names]
    for path in paths:
        if path.exists():
            raise OutputError(f"{path} is there already; name another folder or remove it")
    return paths


def _write(path: Path, write: Callable[[Path], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        complete(path, write)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ScanError(f"the scan's tables do not fit their format: {error}. Scan the input again.") from None


def _put(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)


def csv_columns(table: str) -> list[str]:
    """The columns of a table in CSV: those of the scan, those with names in them as ``parts.own``."""
    columns: Iterable[list[str]] = (
        [f"{name}.{inner}" for inner in FLAT[name]] if name in FLAT else [name] for name in table_schema(table).names
    )
    return list(chain.from_iterable(columns))


def _write_csv(path: Path, table: str, rows: Iterator[dict[str, Any]], *, bom: bool) -> None:
    """A row a line, every cell in quotes: in some countries the semicolon parts cells, too."""
    columns = table_schema(table).names
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM if bom else "")
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(csv_columns(table))
        for row in rows:
            writer.writerow([cell for name in columns for cell in _cells(name, row[name])])


def _cells(name: str, value: Any) -> list[str]:
    """The cells of one value: empty for None, JSON where it is nested, texts so that none is taken for a formula."""
    if name in FLAT:
        return [str(value.get(inner, 0)) for inner in FLAT[name]]
    if value is None:
        return [""]
    if isinstance(value, str):
        return [safe_cell(plain_text(value))]
    return [safe_cell(plain_text(json_text(value))) if name in NESTED else repr(value)]


def _write_json(path: Path, table: str, rows: Iterator[dict[str, Any]]) -> None:
    """One array of objects, a row a line, whatever the ``table``; lone surrogates are escaped."""
    with path.open("wb") as file:
        separator = b"[\n"
        for row in rows:
            file.write(separator + json_text(row).encode())
            separator = b",\n"
        file.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def _write_parquet(path: Path, table: str, rows: Iterator[dict[str, Any]]) -> None:
    """One file with the columns of the scan, nested ones as JSON text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = table_schema(table)
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        while some := list(islice(rows, ROWS_TOGETHER)):
            columns = [pa.array([_value(row[item.name], item.name) for row in some], item.type) for item in schema]
            file.write_table(pa.table(columns, schema=schema))


def _value(value: Any, name: str) -> Any:
    if name in NESTED:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return plain_text(value) if isinstance(value, str) else value
