"""Puts back together what a filter took apart: every row and value, in order; of JSON Lines and CSV the very bytes.

The files of a filter are read as what ``sources.jsonl`` says they are, nothing is guessed from what is left in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, cast

from detector.errors import DetectorError, OutputError, ScanError, printable
from detector.filtering.folder import read_summary
from detector.filtering.output import EXTRA, TABLES
from detector.filtering.stripping import put_back
from detector.records.corpus import block_digests, joined_digest
from detector.records.encodings import Encoding, decode, decode_keeping
from detector.records.file_rows import text_chunks
from detector.records.formats import (
    READ_ERRORS,
    BatchBlock,
    CsvRow,
    JsonItem,
    JsonLine,
    Layout,
    ParquetRow,
    Raw,
    TextFile,
    lines_of,
    open_stream,
)
from detector.records.inputs import expand
from detector.records.json_rows import ArrayItems, lookup, parse_object
from detector.records.raw_rows import column_of, of_data, with_text, without_more
from detector.records.reading import Reader, Record
from detector.records.shards import Shard, open_shard, target_name
from detector.records.table_rows import (
    ArrowFile,
    cells_of,
    csv_rows,
    first_row,
    open_parquet,
    parquet_blocks,
    parquet_codec,
)
from detector.settings import Settings


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: files, records of them (blank lines included), texts that had been cleaned; and whether ids
    and texts have the digest that was filtered."""

    n_files: int
    n_records: int
    n_texts: int
    same_digest: bool


def restore_corpus(directory: str | Path, out: str | Path, inputs: Sequence[str | Path] | None = None) -> Restored:
    """Write the input of the filter in ``directory`` to ``out``, under the same names.

    Containers and compression may differ, values may not. A filter with ``--audit offsets`` kept no text: it takes the
    ``inputs`` that were filtered, and only rows that were cleaned are taken from them. Raises `ScanError` where there
    is no finished filter or its files do not fit, `OutputError` where ``out`` holds files already.
    """
    directory, out = Path(directory), Path(out)
    summary = read_summary(directory)
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise OutputError(f"{out}: holds files already; name a new folder")
    with_text_kept = summary["plan"]["audit"] == "full"
    if not with_text_kept and summary["n_cleaned"] and not inputs:
        raise ScanError(
            f"{directory}: was filtered with --audit offsets, which keeps no text; name the input that was filtered "
            "with --input"
        )
    settings = Settings.from_mapping(summary["settings"], f"{directory}/summary.json")
    work = _Restoring(directory, out, settings, None if with_text_kept or not inputs else inputs)
    try:
        for row in _json_rows(directory / "sources.jsonl"):
            work.restore(row)
    except READ_ERRORS as error:
        detail = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise OutputError(f"{out}: cannot restore: {detail}") from error
    except (KeyError, ValueError, TypeError, StopIteration, AssertionError) as error:
        raise ScanError(f"{directory}: its files have changed since the filter wrote them: {error!r}") from error
    work.check_rest()
    return Restored(work.n_files, work.n_records, work.n_texts, _digest(out, settings) == summary["corpus_digest"])


def _digest(out: Path, settings: Settings) -> str:
    """The corpus digest of what was written; empty where nothing was."""
    if not out.is_dir() or not any(out.iterdir()):
        return joined_digest([])
    try:
        return joined_digest(map(block_digests, Reader([out], settings).blocks()))
    except DetectorError:
        return ""


class _Changes:
    """Rows of a growing file in the order of the records, those of one record together; taken as records come."""

    def __init__(self, path: Path) -> None:
        self._rows = _json_rows(path) if path.exists() else iter(())
        self._next = next(self._rows, None)

    def take(self, source: str, row: int) -> list[dict[str, Any]]:
        """The rows of a record."""
        found = []
        while self._next is not None and self._next["source"] == source and self._next["row"] == row:
            found.append(self._next)
            self._next = next(self._rows, None)
        return found

    @property
    def left(self) -> bool:
        """Whether rows are left that no record took."""
        return self._next is not None


class _Kept(NamedTuple):
    """A record as it is in a file of the filter; ``row`` is its number in the input (None: the next one)."""

    raw: Raw
    row: int | None


class _Restoring:
    """One restore on its way."""

    def __init__(self, directory: Path, out: Path, settings: Settings, inputs: Sequence[str | Path] | None) -> None:
        self._directory, self._out, self._settings = directory, out, settings
        self._removed = _Changes(directory / "removed.jsonl")
        self._originals = _Changes(directory / "originals.jsonl")
        self._inputs = {file.source: file.path for file in expand(inputs, settings.skip_files)[0]} if inputs else None
        self.n_files = self.n_records = self.n_texts = 0

    def check_rest(self) -> None:
        """Raises `ScanError` where something was removed from a record that is not there."""
        if self._removed.left or self._originals.left:
            raise ScanError(f"{self._directory}: removed.jsonl names records that are not there")

    def restore(self, row: Mapping[str, Any]) -> None:
        """Write one source."""
        source = str(row["source"])
        layout = _layout_of(source, row["layout"])
        name = target_name(layout)
        paths = {folder: self._directory / folder / name for folder in ("kept", "dropped")}
        there = [folder for folder, path in paths.items() if path.is_file()]
        is_empty = layout.encoding is None and layout.format not in TABLES and not row["counts"].get("not_read")
        if not there and not is_empty:
            raise ScanError(f"{self._directory}: {printable(name)} is gone from kept/ and dropped/")
        if layout.format in TABLES:
            layout = _with_schema(layout, paths, there)
        kept = _records(paths["kept"], layout, None) if "kept" in there and not is_empty else iter(())
        n_extra = len(EXTRA) if "dropped" in there else 0
        dropped = _records(paths["dropped"], layout, n_extra) if n_extra else iter(())
        originals = self._input_records(source, layout)
        target = self._out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        try:
            shard = open_shard(partial, layout, text_field=self._settings.text_field)
            try:
                self._merge(shard, layout, kept, dropped, originals)
            finally:
                shard.close()
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        self.n_files += 1

    def _input_records(self, source: str, layout: Layout) -> Iterator[_Kept] | None:
        """The records of the input itself, where they are needed."""
        if self._inputs is None:
            return None
        path = self._inputs.get(source)
        if path is None:
            raise ScanError(f"{printable(source)}: is not in the input that was named with --input")
        return _records(path, layout, None)

    def _merge(
        self,
        shard: Shard,
        layout: Layout,
        kept: Iterator[_Kept],
        dropped: Iterator[_Kept],
        originals: Iterator[_Kept] | None,
    ) -> None:
        """Dropped records at their numbers, kept ones between them."""
        number = 0
        waiting = next(dropped, None)
        while True:
            number += 1
            if waiting is not None and waiting.row == number:
                raw, is_kept = waiting.raw, False
                waiting = next(dropped, None)
            else:
                following = next(kept, None)
                if following is None:
                    break
                raw, is_kept = following.raw, True
            original = next(originals).raw if originals is not None else None
            self._put(shard, layout, number, raw, is_kept, original)
        if waiting is not None:
            raise ScanError(f"{self._directory}: dropped/ has rows of {printable(layout.source)} that fit nowhere")

    def _put(self, shard: Shard, layout: Layout, number: int, raw: Raw, is_kept: bool, original: Raw | None) -> None:
        self.n_records += 1
        removed = self._removed.take(layout.source, number)
        exact = self._originals.take(layout.source, number)
        text = None
        if removed:
            self.n_texts += 1
        if exact:
            raw = of_data(raw, exact[0]["raw"])
        elif removed and original is not None:
            raw = original
        elif removed:
            before = put_back(
                _text_of(raw, layout, self._settings.text_field), [(row["start"], row["text"]) for row in removed]
            )
            if isinstance(raw, ParquetRow):
                text = before
            else:
                raw = with_text(raw, layout, self._settings.text_field, before)
        elif original is not None and is_kept and not isinstance(raw, ParquetRow) and raw != original:
            raise ScanError(f"{printable(layout.source)}:{number}: the input is not what was filtered")
        shard.write(Record(None, raw, layout.source, number, layout), text, {})


def _text_of(raw: Raw, layout: Layout, text_field: str) -> str:
    """The text of a record."""
    if isinstance(raw, JsonLine | JsonItem):
        source = raw.text if isinstance(raw, JsonItem) else decode_keeping(raw.data, raw.encoding)
        return str(lookup(parse_object(source)[0] or {}, text_field)[1])
    if isinstance(raw, CsvRow):
        return cells_of(raw, layout.delimiter)[column_of(layout, text_field)]
    if isinstance(raw, TextFile):
        assert layout.encoding is not None
        return decode(raw.data, layout.encoding).text
    from detector.records.parquet_shard import text_at

    return text_at(raw.batch, raw.index, text_field)


def _layout_of(source: str, row: Mapping[str, Any]) -> Layout:
    """A layout from its plain values."""
    encoding = Encoding(row["encoding"], bytes.fromhex(row["bom"])) if "encoding" in row else None
    return Layout(
        source, row["format"], row["compression"], encoding, tuple(row.get("header", ())),
        bytes.fromhex(row.get("header_data", "")), row.get("delimiter", ","), row.get("quote_all", False),
        row.get("single", False),
    )  # fmt: skip


def _with_schema(layout: Layout, paths: Mapping[str, Path], there: Sequence[str]) -> Layout:
    """The layout of a Parquet file with the schema and the compression of what is left of it."""

    if layout.format == "arrow":
        with paths[there[0]].open("rb") as opened:
            arrow = ArrowFile(opened)
            schema, codec = arrow.schema, arrow.kind
    else:
        file = open_parquet(str(paths[there[0]]))
        schema, codec = file.schema_arrow, parquet_codec(file)
    if there[0] == "dropped":
        for _ in EXTRA:
            schema = schema.remove(len(schema) - 1)
    return replace(layout, schema=schema, codec=codec)


def _records(path: Path, layout: Layout, n_extra: int | None) -> Iterator[_Kept]:
    """The records of one file; of a dropped file, with ``n_extra`` columns more, without these."""
    if layout.format in TABLES:
        yield from _parquet_records(path, layout, n_extra)
        return
    with path.open("rb") as file:
        stream = open_stream(file, layout.compression)
        if layout.format == "text":
            yield _Kept(TextFile(stream.read()), 1 if n_extra else None)
            return
        assert layout.encoding is not None
        for raw in _raws(stream, layout, layout.encoding):
            if n_extra:
                bare, values = without_more(raw, layout, n_extra)
                yield _Kept(bare, int(values[-1]))
            else:
                yield _Kept(raw, None)


def _raws(stream: Any, layout: Layout, encoding: Encoding) -> Iterator[Raw]:
    if layout.format == "jsonl":
        for line in lines_of(stream, encoding):
            yield JsonLine(line, encoding)
    elif layout.format == "json":
        chunks = text_chunks(stream, encoding)
        if layout.single:
            yield JsonItem("".join(chunks))
            return
        items = ArrayItems(chunks)
        for number, text in enumerate(items, 1):
            if number > 1 or text.strip() or not items.complete:
                yield JsonItem(text)
    else:
        lines = (
            (line, decode_keeping(line, encoding), encoding, ()) for line in lines_of(stream, encoding, universal=True)
        )
        first_row((text for _, text, _, _ in lines), layout.delimiter)
        for row in csv_rows(lines, layout):
            yield row.raw


def _parquet_records(path: Path, layout: Layout, n_extra: int | None) -> Iterator[_Kept]:
    import pyarrow as pa

    for block in _table_blocks(path, layout):
        batch = block.batch
        rows: Iterable[int | None] = [None] * batch.num_rows
        if n_extra:
            rows = [int(value) for value in batch.columns[-1].to_pylist()]
            batch = pa.RecordBatch.from_arrays(batch.columns[:-n_extra], schema=layout.schema)
        for index, row in enumerate(rows):
            yield _Kept(ParquetRow(batch, index), row)


def _table_blocks(path: Path, layout: Layout) -> Iterator[BatchBlock]:
    """The batches of a table, with all columns."""
    if layout.format == "parquet":
        yield from parquet_blocks(open_parquet(str(path)), None)
        return
    with path.open("rb") as file:
        arrow = ArrowFile(file)
        yield from arrow.blocks(arrow.schema.names)


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        for line in lines:
            yield cast("dict[str, Any]", json.loads(line))
