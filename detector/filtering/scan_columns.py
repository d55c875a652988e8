"""The tables of a scan that a filter reads, as columns: scores, claims, members; never an object for every row.

A scan that was just made has columns already; of one that was written, JSON Lines and Parquet are parsed by Arrow, a
block at a time, and what Arrow refuses (half a surrogate pair in an id) line by line. Any other sequence of rows will
do, too.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.errors import ScanError, printable
from detector.model import PART_NAMES, DocumentScore, Finding, Member
from detector.records.formats import whole_lines
from detector.results.index import StoredRows
from detector.tables.columns import CLUSTER_LEVELS
from detector.tables.rendering import plain_text
from detector.tables.rows import BLOCK_ROWS, MILLIONTHS, DocumentRows, FindingRows, MemberRows
from detector.tables.scan_files import table_files
from detector.thresholds.decisions import ScoreTable, score_table

BLOCK_BYTES = 1 << 22

NO_CLUSTER = -1


class Claims(NamedTuple):
    """Findings that feed a part, in document order, and what they claim.

    ``document`` (int64), ``start``, ``end`` (int32), ``part`` (uint8, a place in `PART_NAMES`), ``cluster`` (int64: the
    number of the cluster times 8 and its level's place in `CLUSTER_LEVELS`, or `NO_CLUSTER`); the claims of finding i
    are the next ``n_claims[i]`` (int32) rows of ``claim_start``, ``claim_end`` (int32); none: it claims its own span.
    """

    document: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    part: NDArray[np.uint8]
    cluster: NDArray[np.int64]
    n_claims: NDArray[np.int32]
    claim_start: NDArray[np.int32]
    claim_end: NDArray[np.int32]


class Ids:
    """Rows of documents by id; a table in Parquet has a replacement character for half a surrogate pair."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._row = {name: row for row, name in enumerate(ids)}
        if len(self._row) != len(ids):
            raise ScanError("the scan has two documents of one id; scan the input again with --format jsonl")

    def row(self, name: str) -> int | None:
        """The row of a document, None where the scan has none of that id."""
        found = self._row.get(name)
        return self._row.get(plain_text(name)) if found is None and not name.isascii() else found

    def rows(self, names: Any) -> NDArray[np.int64]:
        """The rows of an Arrow array of ids; raises `ScanError` for one that is none."""
        coded = names.dictionary_encode()
        known = []
        for name in coded.dictionary.to_pylist():
            row = self.row(name)
            if row is None:
                raise ScanError(
                    f'the tables of the scan disagree: no document "{printable(name)}". Scan the input again.'
                )
            known.append(row)
        found: NDArray[np.int64] = np.array(known, np.int64)[coded.indices.to_numpy()]
        return found


def scores_of(documents: Sequence[DocumentScore]) -> ScoreTable:
    """The scores of a scan as columns."""
    if isinstance(documents, DocumentRows):
        columns = documents.columns
        return ScoreTable(
            ids=documents.ids,
            parts=columns.parts,
            originality=_ratios(columns.originality),
            originality_1k=_ratios(columns.originality_1k),
            head=columns.head.astype(np.int64),
            flags=columns.flags.astype(np.uint64),
            flag_names=tuple(columns.flag_names),
        )
    if isinstance(documents, StoredRows):
        return _stored_scores(documents)
    return score_table(documents)


def _ratios(millionths: NDArray[np.int32]) -> NDArray[np.float64]:
    return np.where(millionths < 0, np.nan, millionths / MILLIONTHS)


def _stored_scores(documents: StoredRows[DocumentScore]) -> ScoreTable:
    import pyarrow as pa

    parts = pa.struct([(name, pa.int64()) for name in PART_NAMES])
    wanted = pa.schema(
        [("id", pa.string()), ("originality", pa.float64()), ("originality_1k", pa.float64()), ("parts", parts),
         ("duplicate_of", pa.string()), ("flags", pa.list_(pa.string()))]
    )  # fmt: skip
    ids: list[str] = []
    copies: list[tuple[int, str]] = []
    flagged: list[tuple[int, list[str]]] = []
    columns: list[tuple[Any, ...]] = []
    for block in _blocks(documents, wanted):
        base = len(ids)
        ids += block["id"].to_pylist()
        counts = [block["parts"].field(name).to_numpy(zero_copy_only=False) for name in PART_NAMES]
        ratios = [block[name].to_numpy(zero_copy_only=False) for name in ("originality", "originality_1k")]
        columns.append(
            (np.stack(counts, axis=1).astype(np.int64), *(np.asarray(ratio, np.float64) for ratio in ratios))
        )
        copies += [(base + row, of) for row, of in enumerate(block["duplicate_of"].to_pylist()) if of is not None]
        flagged += [(base + row, names) for row, names in enumerate(block["flags"].to_pylist()) if names]
    head = np.arange(len(ids), dtype=np.int64)
    if copies:
        known = Ids(ids)
        head[[row for row, _ in copies]] = known.rows(pa.array([of for _, of in copies], pa.string()))
    names = sorted({name for _, found in flagged for name in found})
    flags = np.zeros(len(ids), np.uint64)
    for row, found in flagged:
        flags[row] = sum(1 << names.index(name) for name in found)
    nothing = (np.empty((0, len(PART_NAMES)), np.int64), np.empty(0), np.empty(0))
    joined = [np.concatenate(column) for column in zip(nothing, *columns, strict=True)]
    return ScoreTable(ids, joined[0], joined[1], joined[2], head, flags, tuple(names))


def claims_of(findings: Iterable[Finding], ids: Ids, parts: Sequence[str]) -> Iterator[Claims]:
    """The findings that feed some parts, in document order, some thousands at a time."""
    wanted = np.zeros(len(PART_NAMES) + 1, np.bool_)
    wanted[[PART_NAMES.index(part) for part in parts]] = True
    if isinstance(findings, FindingRows):
        yield from _claim_columns(findings, wanted)
    elif isinstance(findings, StoredRows):
        yield from _stored_claims(findings, ids, wanted)
    else:
        yield from _claim_rows(findings, ids, wanted)


def _claim_columns(findings: FindingRows, wanted: NDArray[np.bool_]) -> Iterator[Claims]:
    columns = findings.columns
    for begin in range(0, len(findings), 16 * BLOCK_ROWS):
        rows = begin + np.flatnonzero(wanted[columns.part[begin : begin + 16 * BLOCK_ROWS]])
        counts = np.where(columns.whole[rows], 0, columns.claim_indptr[rows + 1] - columns.claim_indptr[rows])
        at = np.repeat(columns.claim_indptr[rows] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        level, number = columns.level[rows].astype(np.int64), columns.cluster[rows].astype(np.int64)
        yield Claims(
            columns.document[rows].astype(np.int64), columns.start[rows], columns.end[rows],
            columns.part[rows].astype(np.uint8), np.where(level > 0, number * 8 + level, NO_CLUSTER),
            counts.astype(np.int32), columns.claim_start[at], columns.claim_end[at],
        )  # fmt: skip


def _stored_claims(findings: StoredRows[Finding], ids: Ids, wanted: NDArray[np.bool_]) -> Iterator[Claims]:
    import pyarrow as pa
    import pyarrow.compute as pc

    spans = pa.struct([("claims", pa.list_(pa.list_(pa.int64())))])
    schema = pa.schema(
        [("doc", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("part", pa.string()),
         ("cluster", pa.string()), ("evidence", spans)]
    )  # fmt: skip
    names = pa.array([name for name, wants in zip(PART_NAMES, wanted[:-1], strict=True) if wants])
    for whole in _blocks(findings, schema):
        block = whole.filter(pc.is_in(whole["part"], names))
        if not block.num_rows:
            continue
        claims = block["evidence"].field("claims")
        counts = np.nan_to_num(claims.value_lengths().to_numpy(zero_copy_only=False)).astype(np.int32)
        pairs = claims.flatten().flatten().to_numpy(zero_copy_only=False).astype(np.int32).reshape(-1, 2)
        part = pc.index_in(block["part"], pa.array(PART_NAMES))
        yield Claims(
            ids.rows(block["doc"]),
            block["start"].to_numpy().astype(np.int32), block["end"].to_numpy().astype(np.int32),
            part.to_numpy().astype(np.uint8), _cluster_keys(block["cluster"]), counts,
            pairs[:, 0], pairs[:, 1],
        )  # fmt: skip


def _cluster_keys(clusters: Any) -> NDArray[np.int64]:
    """`Claims.cluster` of an Arrow array of ids such as ``passage-7``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = np.full(len(clusters), NO_CLUSTER, np.int64)
    for place, level in enumerate(CLUSTER_LEVELS[1:], 1):
        rows = np.flatnonzero(pc.fill_null(pc.starts_with(clusters, f"{level}-"), False).to_numpy(zero_copy_only=False))
        numbers = pc.utf8_slice_codeunits(clusters.take(pa.array(rows)), len(level) + 1)
        keys[rows] = pc.cast(numbers, pa.int64()).to_numpy(zero_copy_only=False) * 8 + place
    return keys


def _cluster_key(cluster: str | None) -> int:
    """As `_cluster_keys`; an id of another form stands for itself."""
    if cluster is None:
        return NO_CLUSTER
    level, _, number = cluster.rpartition("-")
    if level in CLUSTER_LEVELS[1:] and number.isdigit():
        return int(number) * 8 + CLUSTER_LEVELS.index(level)
    raise ScanError(f'"{printable(cluster)}" is no id of a cluster; scan the input again')


def _claim_rows(findings: Iterable[Finding], ids: Ids, wanted: NDArray[np.bool_]) -> Iterator[Claims]:
    """From plain rows, put in document order first."""
    rows = []
    for finding in findings:
        if finding.part is not None and wanted[PART_NAMES.index(finding.part)]:
            document = ids.row(finding.doc)
            if document is None:
                raise ScanError(f'the findings name no document of the scan: "{printable(finding.doc)}"')
            rows.append((document, finding))
    rows.sort(key=lambda row: row[0])
    found = [finding for _, finding in rows]
    claims = [() if finding.evidence.get("claims") is None else finding.claims for finding in found]
    spans = np.array(list(chain.from_iterable(claims)), np.int32).reshape(-1, 2)
    yield Claims(
        np.array([document for document, _ in rows], np.int64),
        np.array([finding.start for finding in found], np.int32),
        np.array([finding.end for finding in found], np.int32),
        np.array([PART_NAMES.index(finding.part or "own") for finding in found], np.uint8),
        np.array([_cluster_key(finding.cluster) for finding in found], np.int64),
        np.array([len(one) for one in claims], np.int32),
        spans[:, 0],
        spans[:, 1],
    )


def members_of(members: Iterable[Member], ids: Ids) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Which documents are in which cluster: keys as in `Claims.cluster` and rows, cluster by cluster, in blocks."""
    if isinstance(members, MemberRows):
        columns = members.columns
        keys = np.repeat(columns.number.astype(np.int64) * 8 + columns.level, np.diff(columns.member_indptr))
        yield keys, columns.document.astype(np.int64)
    elif isinstance(members, StoredRows):
        import pyarrow as pa

        for block in _blocks(members, pa.schema([("cluster", pa.string()), ("doc", pa.string())])):
            yield _cluster_keys(block["cluster"]), ids.rows(block["doc"])
    else:
        pairs = [(_cluster_key(member.cluster), ids.row(member.doc)) for member in members]
        known = [(key, row) for key, row in pairs if row is not None]
        yield np.array([key for key, _ in known], np.int64), np.array([row for _, row in known], np.int64)


def _blocks(rows: StoredRows[Any], schema: Any) -> Iterator[Any]:
    """A table of a folder as record batches with these columns; nested values of Parquet are parsed from their JSON."""
    import pyarrow as pa

    for path in table_files(rows.directory, rows.name):
        try:
            for table in _json_blocks(path, schema) if path.suffix == ".jsonl" else _parquet_blocks(path, schema):
                yield from table.combine_chunks().to_batches()
            pa.default_memory_pool().release_unused()  # what Arrow keeps in hand would stay until the end
        except (OSError, ValueError, KeyError, TypeError) as error:
            detail = str(error).partition("\n")[0]
            raise ScanError(f"{path}: cannot be read as a table of a scan: {detail}. Scan the input again.") from None


def _json_blocks(path: Path, schema: Any) -> Iterator[Any]:
    with path.open("rb") as file:
        for data in whole_lines(file.readinto, BLOCK_BYTES):
            yield _table_of(bytes(data), schema)


def _table_of(data: bytes, schema: Any) -> Any:
    """Lines of JSON as an Arrow table; line by line where Arrow refuses them."""
    import pyarrow as pa
    from pyarrow import json as arrow_json

    try:
        return arrow_json.read_json(
            io.BytesIO(data),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowException:
        rows = [json.loads(line) for line in data.split(b"\n") if line]
        return _table_of_rows([{name: _clean(row.get(name)) for name in schema.names} for row in rows], schema)


def _clean(value: Any) -> Any:
    """A value as Arrow can hold it."""
    return plain_text(value) if isinstance(value, str) else value


def _table_of_rows(rows: Sequence[Mapping[str, Any]], schema: Any) -> Any:
    import pyarrow as pa

    return pa.table(
        {item.name: pa.array([row[item.name] for row in rows], item.type) for item in schema}, schema=schema
    )


def _parquet_blocks(path: Path, schema: Any) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(batch_size=4 * BLOCK_ROWS, columns=schema.names):
        columns = []
        for item in schema:
            column = batch.column(item.name)
            if pa.types.is_nested(item.type):
                column = _parsed(column, item.type)
            columns.append(column)
        yield pa.table(columns, schema=schema)


def _parsed(column: Any, kind: Any) -> Any:
    """A column of JSON texts as values of an Arrow type, parsed by Arrow as lines."""
    import pyarrow as pa

    lines = b"".join(b'{"v":%s}\n' % text.encode() for text in column.to_pylist())
    if not lines:
        return pa.array([], kind)
    return _table_of(lines, pa.schema([("v", kind)]))["v"].combine_chunks()
