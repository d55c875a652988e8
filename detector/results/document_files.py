"""The files of a scan of documents, from its columns: tables as JSON Lines or Parquet, and the report.

Nothing here imports what a scan of passages needs: the whole run takes a second, and modules would be half of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.errors import OutputError
from detector.model import PART_NAMES
from detector.report.families_page import families_page
from detector.tables.scan_files import PARQUET_ABOVE, TABLES, begin, check_target, complete, remove_table, write_file
from detector.version import SCORE_VERSION

if TYPE_CHECKING:
    from detector.document_scan import DocumentScan

LINES_TOGETHER = 4096
_SURROGATE = re.compile("[\ud800-\udfff]")


def write_tables(found: DocumentScan, directory: Path) -> None:
    """Write every file of the contract but the summary. Raises `OutputError`."""
    check_target(directory)
    as_parquet = found.summary["settings"]["format"] == "parquet"
    as_parquet |= found.summary["corpus"]["n_bytes"] > PARQUET_ABOVE
    write = _write_parquet if as_parquet else _write_json
    try:
        begin(directory)
        for name in TABLES:
            remove_table(directory, name)
            write(directory, name, found)
        write_file(directory / "report.html", [families_page(found).encode()])
    except OSError as error:
        raise failed(directory, error) from None


def failed(directory: Path, error: OSError) -> OutputError:
    """What to say where a file cannot be written."""
    return OutputError(f"{directory}: cannot write the scan: {error.strerror or error}")


def _write_json(directory: Path, name: str, found: DocumentScan) -> None:
    lines = {"documents": _document_lines, "clusters": _cluster_lines, "members": _member_lines}
    pieces = lines[name](found) if name in lines else iter(())
    write_file(directory / f"{name}.jsonl", (piece.encode() for piece in pieces))


def _own_parts() -> str:
    """The beginning of a document's parts as JSON: all others are zero, its own are to follow."""
    return "{" + "".join(f'"{name}":0,' for name in PART_NAMES if name != "own") + '"own":'


def _document_lines(found: DocumentScan) -> Iterator[str]:
    """The lines of ``documents.jsonl``, some thousands to a piece."""
    names = list(map(_string, found.ids))
    sources = {source: _string(source) for source in set(found.sources)}
    middle = f',"originality":null,"originality_1k":null,"n_families":{found.n_families},"parts":{_own_parts()}'
    end = f',"flags":[],"score_version":{SCORE_VERSION}}}\n'
    columns = (names, found.sources, found.rows, found.n_chars.tolist(), found.head.tolist())
    held: list[str] = []
    for row, (name, source, number, n_chars, head) in enumerate(zip(*columns, strict=True)):
        other = "null" if head == row else names[head]
        held.append(
            f'{{"id":{name},"source":{sources[source]},"row":{number},"n_chars":{n_chars}{middle}{n_chars}}},'
            f'"n_findings":{{}},"duplicate_of":{other}{end}'
        )
        if len(held) == LINES_TOGETHER:
            yield "".join(held)
            held.clear()
    yield "".join(held)


def _string(text: str) -> str:
    """A JSON string in UTF-8; lone surrogates, which UTF-8 has not, are escaped."""
    if text.isalnum():
        return f'"{text}"'
    written = json.dumps(text, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        return "".join(f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in written)
    return written


def _cluster_lines(found: DocumentScan) -> Iterator[str]:
    for number, (rows, n_series) in enumerate(zip(found.families, _n_series(found), strict=True), 1):
        yield (
            f'{{"id":"document-{number}","level":"document","n_families":1,"n_series":{n_series},'
            f'"n_members":{len(rows)},"template":[]}}\n'
        )


def _n_series(found: DocumentScan) -> list[int]:
    """Different series in each family."""
    series = found.series.tolist()
    return [len({series[row] for row in rows} - {-1}) for rows in found.families]


def _member_lines(found: DocumentScan) -> Iterator[str]:
    n_points, ratio = found.n_points.tolist(), found.ratio.tolist()
    for number, rows in enumerate(found.families, 1):
        for row in rows:
            yield (
                f'{{"cluster":"document-{number}","doc":{_string(found.ids[row])},"start":0,'
                f'"end":{n_points[row]},"ratio":{ratio[row]!r}}}\n'
            )


def _write_parquet(directory: Path, name: str, found: DocumentScan) -> None:
    """Write one table as shards of a million rows; an empty table is one empty shard."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from detector.results.writing import ROWS_PER_SHARD, table_schema

    columns = {"documents": _document_columns, "clusters": _cluster_columns, "members": _member_columns}
    schema = table_schema(name)
    table = pa.table(columns[name](found), schema=schema) if name in columns else schema.empty_table()
    for number in count():
        shard = table[number * ROWS_PER_SHARD : (number + 1) * ROWS_PER_SHARD]

        def write(temporary: Path, shard: Any = shard) -> None:
            pq.write_table(shard, temporary, compression="zstd")

        complete(directory / f"{name}-{number:05d}.parquet", write)
        if (number + 1) * ROWS_PER_SHARD >= table.num_rows:
            break


def _document_columns(found: DocumentScan) -> dict[str, Any]:
    """The columns of the documents, of types that Arrow can make those of the schema from."""
    ids, n = _plain(found.ids), len(found.ids)
    sources = {source: _plain([source])[0] for source in set(found.sources)}
    opening = _own_parts()
    return {
        "id": ids,
        "source": [sources[source] for source in found.sources],
        "row": list(found.rows),
        "n_chars": found.n_chars,
        "originality": [None] * n,
        "originality_1k": [None] * n,
        "n_families": np.full(n, found.n_families),
        "parts": [f"{opening}{n_chars}}}" for n_chars in found.n_chars.tolist()],
        "n_findings": ["{}"] * n,
        "duplicate_of": [None if row == head else ids[head] for row, head in enumerate(found.head.tolist())],
        "flags": ["[]"] * n,
        "score_version": np.full(n, SCORE_VERSION),
    }


def _cluster_columns(found: DocumentScan) -> dict[str, Any]:
    n = len(found.families)
    return {
        "id": [f"document-{number}" for number in range(1, n + 1)],
        "level": ["document"] * n,
        "n_families": np.ones(n, np.int64),
        "n_series": np.array(_n_series(found), np.int64),
        "n_members": np.array([len(rows) for rows in found.families], np.int64),
        "template": ["[]"] * n,
    }


def _member_columns(found: DocumentScan) -> dict[str, Any]:
    rows = np.array([row for family in found.families for row in family], np.int64)
    return {
        "cluster": [f"document-{number}" for number, family in enumerate(found.families, 1) for _ in family],
        "doc": _plain([found.ids[row] for row in rows.tolist()]),
        "start": np.zeros(len(rows), np.int64),
        "end": found.n_points[rows],
        "ratio": found.ratio[rows],
    }


def _plain(texts: Sequence[str]) -> list[str]:
    """Strings as Parquet can have them: half a surrogate pair becomes the replacement character."""
    return [text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text) for text in texts]
