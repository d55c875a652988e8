"""The files of a scan: JSON Lines or Parquet, the same bytes for the same corpus, complete or not there at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import OutputError, ScanError
from detector.model import Cluster, Finding, Literal, Slot, as_row
from detector.report.html import render_html

if TYPE_CHECKING:
    from detector.index import Scan

FORMAT_VERSION = 1

TABLES = ("documents", "findings", "clusters", "members", "phrases")

SHORT_TEXT = 80
"""Characters of a finding's text that ``--finding-text short`` keeps."""

ROWS_PER_SHARD = 1_000_000

PARQUET_ABOVE = 1 << 30
"""Bytes of input above which the tables are Parquet unless the settings say otherwise."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def check_target(directory: Path) -> None:
    """Raises `OutputError` unless a scan may be written there: a new or empty folder, or one that holds a scan."""
    if directory.is_dir():
        names = {path.name for path in directory.iterdir()}
        if not names or _is_scan(directory):
            return
        raise OutputError(f"{directory}: holds files and no scan; nothing of yours is overwritten. Name a new folder")
    if directory.exists():
        raise OutputError(f"{directory}: is a file; name a folder")


def _is_scan(directory: Path) -> bool:
    """Whether a folder holds a scan, or what an interrupted one left: tables but no summary."""
    try:
        summary = json.loads((directory / "summary.json").read_text("utf-8"))
        return "format_version" in summary and "digest" in summary["corpus"]
    except FileNotFoundError:
        tables = {file.name for name in TABLES for file in _table_files(directory, name)} | {"report.html"}
        return (directory / "findings.jsonl").exists() and {path.name for path in directory.iterdir()} <= tables
    except (OSError, ValueError, TypeError, KeyError):
        return False


def write_scan(scan: Scan, directory: Path) -> None:
    """Write every file of the contract; ``summary.json`` comes last, so that a folder with one is a whole scan.

    Raises `OutputError` where the folder holds something else (`check_target`) or cannot be written.
    """
    check_target(directory)
    settings = scan.summary["settings"]
    as_parquet = settings["format"] == "parquet" or scan.summary["corpus"]["n_bytes"] > PARQUET_ABOVE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "summary.json").unlink(missing_ok=True)
        for name in TABLES:
            for old in _table_files(directory, name):
                old.unlink()
            rows = _rows(scan, name, settings["finding_text"])
            if as_parquet:
                _write_parquet(directory, name, rows)
            else:
                _write_file(directory / f"{name}.jsonl", (json_line(row) for row in rows))
        _write_file(directory / "report.html", [_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", render_html(scan))])
        _write_file(directory / "summary.json", [json.dumps(scan.summary, ensure_ascii=True, indent=1) + "\n"])
    except OSError as error:
        raise OutputError(f"{directory}: cannot write the scan: {error.strerror or error}") from None


def json_line(row: Any) -> str:
    """One line of JSON in UTF-8; lone surrogates, which UTF-8 has not, are escaped.

    >>> json_line({"text": "报告\\ud800"})
    '{"text":"报告\\\\ud800"}\\n'
    """
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", line) + "\n"


def write_lines(path: Path, rows: Iterable[Any]) -> None:
    """Write rows as JSON Lines, complete or not at all; raises `OutputError`."""
    try:
        _write_file(path, (json_line(row) for row in rows))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None


def read_rows(directory: Path, name: str) -> Iterator[dict[str, Any]]:
    """The rows of one table of a scan, from whichever format it was written in."""
    files = _table_files(directory, name)
    if not files:
        raise ScanError(f"{directory}: not a whole scan: it holds no {name}.jsonl. Scan the input again.")
    for path in files:
        if path.suffix == ".jsonl":
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)
        else:
            yield from _read_parquet(path)


def _table_files(directory: Path, name: str) -> list[Path]:
    """The files of one table, shards in order."""
    shards = sorted(directory.glob(f"{name}-[0-9][0-9][0-9][0-9][0-9].parquet"))
    plain = directory / f"{name}.jsonl"
    return ([plain] if plain.exists() else []) + shards


def _rows(scan: Scan, name: str, finding_text: str) -> Iterator[dict[str, Any]]:
    """The rows of one table as plain values."""
    if name == "findings":
        return (_finding_row(finding, finding_text) for finding in scan.findings)
    if name == "clusters":
        return (_cluster_row(cluster) for cluster in scan.clusters)
    table: Sequence[Any] = getattr(scan, name)
    return (as_row(row) for row in table)


def _finding_row(finding: Finding, finding_text: str) -> dict[str, Any]:
    row = as_row(finding)
    if finding_text == "none":
        row["text"] = None
    elif finding_text == "short" and len(finding.text) > SHORT_TEXT:
        row["text"] = finding.text[:SHORT_TEXT] + "…"
    return row


def _cluster_row(cluster: Cluster) -> dict[str, Any]:
    return {**as_row(cluster), "template": [_part_row(part) for part in cluster.template]}


def _part_row(part: Literal | Slot) -> dict[str, Any]:
    if isinstance(part, Literal):
        return {"text": part.text}
    return {"slot": part.name, "type": part.type, "fills": [fill._asdict() for fill in part.fills]}


def _write_file(path: Path, pieces: Iterable[str]) -> None:
    """Write a file under a temporary name and give it its own when it is complete."""

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)

    _complete(path, write)


def _complete(path: Path, write: Callable[[Path], None]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


NESTED = {"parts", "n_findings", "flags", "evidence", "template"}
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
    "phrases": "id text key n_tokens n_families n_series n_occurrences",
}


def _write_parquet(directory: Path, name: str, rows: Iterator[dict[str, Any]]) -> None:
    """Write one table as shards of a million rows; an empty table is one empty shard."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = _COLUMNS[name].split()
    schema = pa.schema([(column, pa.type_for_alias(_TYPES.get(column, "string"))) for column in columns])
    for number, shard in enumerate(_batches(rows, ROWS_PER_SHARD)):
        table = pa.table(
            {
                column: pa.array([_cell(row[column], column) for row in shard], schema.field(column).type)
                for column in columns
            },
            schema=schema,
        )
        path = directory / f"{name}-{number:05d}.parquet"
        _complete(path, lambda temporary, table=table: pq.write_table(table, temporary, compression="zstd"))  # type: ignore[misc]


def _batches(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    written = False
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch, written = [], True
    if batch or not written:
        yield batch


def _cell(value: Any, column: str) -> Any:
    """A value as its Parquet column holds it; a lone surrogate becomes the replacement character."""
    if column in NESTED:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches():
        for row in batch.to_pylist():
            yield {name: json.loads(value) if name in NESTED else value for name, value in row.items()}
