"""The second reading of a filter: every record goes to ``kept/`` or ``dropped/``, and what went is written down.

Lines that do not change are copied in runs, without being looked at. A file gets its name when it is complete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError, OutputError, printable
from detector.filtering.cleaning import Cleaned
from detector.filtering.journal import PARTIAL, Journal
from detector.filtering.stripping import without
from detector.filtering.survey import DAMAGE, Cleaner, FileState, Survey, SurveyedSource
from detector.model import PART_NAMES, Document
from detector.records.arrow_rows import TextBlock, text_block
from detector.records.encodings import UTF8
from detector.records.formats import BatchBlock, JsonLine, Layout, LineBlock, ParquetRow, Raw
from detector.records.json_rows import dumps, lookup, parse_object
from detector.records.pieces import Piece, Source
from detector.records.raw_rows import data_of, restorable, with_more, with_text
from detector.records.reading import Reader, Record
from detector.records.shards import LinesShard, Shard, open_shard, target_name
from detector.tables.rendering import json_text
from detector.thresholds.decisions import Reason, ScoreTable

EXTRA = ("reasons", "row")
"""Columns that dropped records have more."""

TABLES = ("parquet", "arrow")
"""Formats whose files know their own columns."""

UNCHANGED, CHANGED, DROPPED = range(3)


@dataclass(frozen=True, slots=True)
class Fates:
    """What happens to each document, by row of the scan.

    ``kept``: bool; ``again`` (bool): documents to be cleaned anew, because other copies of what they share stay now
    than when they were cleaned first; ``reasons`` and ``spared`` give what speaks against a document.
    """

    kept: NDArray[np.bool_]
    again: NDArray[np.bool_]
    reasons: Callable[[int], tuple[Reason, ...]]
    spared: Callable[[int], tuple[Reason, ...]]


class FilterOutput:
    """Writes the results of a filter below ``out``; `write` goes through the input once more."""

    def __init__(
        self,
        out: Path,
        table: ScoreTable,
        found: Survey,
        fates: Fates,
        cleaner: Cleaner | None,
        journal: Journal,
        *,
        text_field: str,
        keep_text: bool,
    ) -> None:
        self._out, self._table, self._found, self._fates = out, table, found, fates
        self._cleaner, self._journal = cleaner, journal
        self._text_field, self._keep_text = text_field, keep_text
        self._counts: Counter[str] = Counter()
        self.n_done = 0

    def write(self, reader: Reader, workers: int, told: Callable[[int, int], None]) -> None:
        """Every source that the journal does not have; raises `OutputError`, or `InputError` for a file that has
        changed since the first reading. What was finished stays."""
        position = 0
        known = {source.name: source.blocks for source in self._found.sources}
        sources = reader.sources(workers, whole=True, known=known)
        for source, surveyed in zip(sources, self._found.sources, strict=True):
            if surveyed.name not in self._journal.done:
                self._write_source(source, surveyed, position, told)
            position += surveyed.n_documents
            self.n_done += 1
            told(position, len(self._found.row))

    def _write_source(
        self, source: Source, surveyed: SurveyedSource, position: int, told: Callable[[int, int], None]
    ) -> None:
        self._counts = Counter()
        end = position + surveyed.n_documents
        with _Files(self._out, self._text_field) as files:
            for piece in source:
                assert source.layout is not None
                files.layout = source.layout
                n = len(piece.block.ids)
                if position + n > end:
                    raise _changed_error(surveyed.name)
                self._write_piece(piece, files, self._found.row[position : position + n])
                position += n
                told(position, len(self._found.row))
            _check_unchanged(source, surveyed, position == end)
            files.layout = files.layout or source.layout
            files.finish()
        layout = source.layout
        assert layout is not None
        row = {"n_documents": surveyed.n_documents, "layout": layout_row(layout), "counts": dict(self._counts)}
        self._journal.finish(surveyed.name, row)

    def _write_piece(self, piece: Piece, files: _Files, rows: NDArray[np.int64]) -> None:
        kept = self._fates.kept[rows]
        cleaned = self._cleanings(piece, rows, kept)
        fate = np.where(kept, UNCHANGED, DROPPED)
        for place, of in cleaned.items():
            if of.pieces:
                fate[place] = CHANGED
        layout = files.layout
        assert layout is not None
        if isinstance(piece.records, LineBlock):
            self._write_lines(piece, files, rows, fate, cleaned)
        else:
            place_of = {row: place for place, row in enumerate(piece.block.rows)}
            for number, raw in _raws(piece):
                at = place_of.get(number)
                if at is None:
                    record = Record(None, raw, layout.source, number, layout)
                    self._counts["not_read"] += not record.blank
                    files.kept.write(record, None, {})
                else:
                    self._write_record(piece, files, at, raw, int(rows[at]), int(fate[at]), cleaned)
        self._log_decisions(piece, layout, rows, cleaned)

    def _cleanings(self, piece: Piece, rows: NDArray[np.int64], kept: NDArray[np.bool_]) -> dict[int, Cleaned]:
        """What goes from the kept documents of a piece, by place."""
        if self._cleaner is None:
            return {}
        wanted, again = (
            self._cleaner.wanted[rows] & kept & ~self._found.damaged[rows] & ~self._found.protected[rows],
            self._fates.again[rows],
        )
        cleaned: dict[int, Cleaned] = {}
        for place in np.flatnonzero(wanted & ~again).tolist():
            row = int(rows[place])
            pieces = self._cleaner.pieces(row)
            if pieces:
                found = self._found
                cleaned[place] = Cleaned(
                    pieces,  # type: ignore[arg-type]
                    n_left=int(found.n_left[row]),
                    n_removed=int(found.n_removed[row]),
                )
        anew = wanted & again
        if anew.any():
            found_anew = self._cleaner.block(self._read_block(piece, anew), rows, only=anew)
            cleaned.update({place: of for place, (text, of) in found_anew.items() if DAMAGE not in text})
        return dict(sorted(cleaned.items()))

    def _read_block(self, piece: Piece, anew: NDArray[np.bool_]) -> TextBlock:
        """The documents of a piece with the texts that are asked for."""
        if not isinstance(piece.records, LineBlock):
            return piece.block
        lines = bytes(piece.records.data).split(b"\n")
        empty = Document("", "")
        texts = [
            Document("", self._text(JsonLine(lines[place], UTF8))) if wants else empty
            for place, wants in enumerate(anew)
        ]
        return text_block(texts, piece.block.source)

    def _write_lines(
        self, piece: Piece, files: _Files, rows: NDArray[np.int64], fate: NDArray[np.int64], cleaned: dict[int, Cleaned]
    ) -> None:
        """Lines each of which is a document."""
        assert isinstance(piece.records, LineBlock)
        data = bytes(piece.records.data)
        if not fate.any():
            files.lines.write_lines(data)
            return
        feeds = np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A) + 1
        bounds = np.concatenate(([0], feeds[: len(fate) - 1], [len(data)])).tolist()
        edges = np.flatnonzero(np.concatenate(([True], (fate[1:] != UNCHANGED) | (fate[:-1] != UNCHANGED), [True])))
        view = memoryview(data)
        for first, last in pairwise(edges.tolist()):
            if fate[first] == UNCHANGED:
                files.lines.write_lines(view[bounds[first] : bounds[last]])
            else:
                raw = JsonLine(data[bounds[first] : bounds[last]], UTF8)
                self._write_record(piece, files, first, raw, int(rows[first]), int(fate[first]), cleaned)

    def _write_record(
        self, piece: Piece, files: _Files, place: int, raw: Raw, row: int, fate: int, cleaned: Mapping[int, Cleaned]
    ) -> None:
        block, layout = piece.block, files.layout
        assert layout is not None
        number = block.rows[place]
        record = Record(Document(self._table.ids[row], ""), raw, layout.source, number, layout)
        if fate == UNCHANGED:
            files.kept.write(record, None, {})
        elif fate == CHANGED:
            text = self._text(raw) if isinstance(piece.records, LineBlock) else block.text(place)
            self._write_cleaned(record, text, cleaned[place], files)
        else:
            extra = {"reasons": [reason._asdict() for reason in self._fates.reasons(row)], "row": number}
            files.dropped.write(record, None, extra)
            self._counts["dropped"] += 1
            if layout.format == "text":
                self._journal.log("reasons", _line({"source": record.source, "id": self._table.ids[row], **extra}))
            elif not isinstance(raw, ParquetRow) and not (isinstance(raw, JsonLine) and raw.encoding == UTF8):
                self._check_dropped(record, layout, extra)

    def _text(self, raw: Raw) -> str:
        """The text of a line, which was not parsed again with its block."""
        assert isinstance(raw, JsonLine)
        return str(lookup(parse_object(raw.data.decode("utf-8"))[0] or {}, self._text_field)[1])

    def _check_dropped(self, record: Record, layout: Layout, extra: dict[str, Any]) -> None:
        """Keep the bytes of a dropped record that its own file does not give back."""
        from detector.records.raw_rows import without_more

        more = with_more(record.raw, layout, extra)
        if without_more(more, layout, len(extra))[0] != record.raw:
            self._journal.log(
                "originals", _line({"source": record.source, "row": record.row, "raw": data_of(record.raw)})
            )

    def _write_cleaned(self, record: Record, text: str, cleaned: Cleaned, files: _Files) -> None:
        """A record without what goes from its text, and the account of that."""
        left = without(text, [(start, end) for start, end, _ in cleaned.pieces])  # type: ignore[misc]
        files.kept.write(record, left, {})
        counts = self._counts
        counts["cleaned"] += 1
        counts["removed_chars"] += cleaned.n_removed
        name = record.document.id if record.document else ""
        for start, end, part in cleaned.pieces:
            counts[f"removed_{PART_NAMES[part - 1]}"] += 1
            row = {"source": record.source, "row": record.row, "id": name, "start": start, "end": end}
            shown = text[start:end] if self._keep_text else None
            self._journal.log("removed", _line({**row, "text": shown, "part": PART_NAMES[part - 1]}))
        if self._keep_text and not isinstance(record.raw, ParquetRow):
            changed = with_text(record.raw, record.layout, self._text_field, left)
            if not restorable(record.raw, changed, record.layout, self._text_field, text):
                row = {"source": record.source, "row": record.row, "raw": data_of(record.raw)}
                self._journal.log("originals", _line(row))

    def _log_decisions(
        self, piece: Piece, layout: Layout, rows: NDArray[np.int64], cleaned: Mapping[int, Cleaned]
    ) -> None:
        """A line of ``decisions.jsonl`` for each document of a piece."""
        table, fates = self._table, self._fates
        source = json_text(layout.source)
        columns = (
            rows.tolist(), piece.block.rows, fates.kept[rows].tolist(), table.parts[rows].tolist(),
            table.originality[rows].tolist(), table.originality_1k[rows].tolist(), self._found.n_left[rows].tolist(),
        )  # fmt: skip
        lines = []
        for place, (row, number, kept, parts, own, own_1k, left) in enumerate(zip(*columns, strict=True)):
            against = fates.spared(row) if kept else fates.reasons(row)
            told = dumps([reason._asdict() for reason in against]) if against else "[]"
            reasons, spared = ("[]", told) if kept else (told, "[]")
            n_chars = sum(parts)
            n_left = cleaned[place].n_left if place in cleaned else n_chars if kept or left < 0 else left
            named = ", ".join(f'"{name}": {n}' for name, n in zip(PART_NAMES, parts, strict=True))
            flags = [name for bit, name in enumerate(table.flag_names) if int(table.flags[row]) >> bit & 1]
            lines.append(
                f'{{"id": {json_text(table.ids[row])}, "source": {source}, "row": {number}, "kept": '
                f'{"true" if kept else "false"}, "reasons": {reasons}, "spared": {spared}, "n_chars": {n_chars}, '
                f'"n_chars_left": {n_left}, "originality": {_number(own)}, "originality_1k": {_number(own_1k)}, '
                f'"parts": {{{named}}}, "flags": {dumps(flags) if flags else "[]"}}}\n'
            )
        self._journal.log("decisions", "".join(lines).encode())


def _number(value: float) -> str:
    return "null" if value != value else repr(value)


def _line(row: Mapping[str, Any]) -> bytes:
    return (dumps(row) + "\n").encode()


def _raws(piece: Piece) -> Any:
    """Number and raw record of each row of a piece."""
    if isinstance(piece.records, BatchBlock):
        batch = piece.records.batch
        return ((piece.first + index, ParquetRow(batch, index)) for index in range(batch.num_rows))
    assert isinstance(piece.records, list)
    return ((row.row, row.raw) for row in piece.records)


def layout_row(layout: Layout) -> dict[str, Any]:
    """What `detector.filtering.restoring` needs to know of a source, as plain values."""
    row: dict[str, Any] = {"format": layout.format, "compression": layout.compression}
    if layout.encoding is not None:
        row |= {"encoding": layout.encoding.name, "bom": layout.encoding.bom.hex()}
    if layout.format in ("csv", "tsv"):
        row |= {"header": list(layout.header), "header_data": layout.header_data.hex(), "delimiter": layout.delimiter,
                "quote_all": layout.quote_all}  # fmt: skip
    if layout.single:
        row["single"] = True
    return row


def _check_unchanged(source: Source, surveyed: SurveyedSource, as_many: bool) -> None:
    """Raises `InputError` where a file is not what it was in the first reading."""
    try:
        same = FileState.of(source.named.path) == surveyed.state
    except OSError:
        same = False
    lost = source.fault is not None and source.fault.lost
    if not same or not as_many or lost:
        raise _changed_error(surveyed.name)


def _changed_error(name: str) -> InputError:
    return InputError(f"{printable(name)}: has changed while it was read; scan the input again, and filter that")


class _Files:
    """The kept and the dropped file of one source, under temporary names until both are complete."""

    def __init__(self, out: Path, text_field: str) -> None:
        self._out, self._text_field = out, text_field
        self.layout: Layout | None = None
        self._shards: dict[str, Shard] = {}

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for folder, shard in self._shards.items():
                try:
                    shard.close()
                except Exception:
                    continue
                finally:
                    self._path(folder).unlink(missing_ok=True)

    def _path(self, folder: str) -> Path:
        return self._out / PARTIAL / f"{folder}-file"

    def _shard(self, folder: str, extra: tuple[str, ...]) -> Shard:
        if folder not in self._shards:
            assert self.layout is not None
            self._shards[folder] = open_shard(self._path(folder), self.layout, text_field=self._text_field, extra=extra)
        return self._shards[folder]

    @property
    def kept(self) -> Shard:
        """Where records that are kept go."""
        return self._shard("kept", ())

    @property
    def lines(self) -> LinesShard:
        """The same, of JSON Lines."""
        shard = self.kept
        assert isinstance(shard, LinesShard)
        return shard

    @property
    def dropped(self) -> Shard:
        """Where records that are dropped go."""
        return self._shard("dropped", EXTRA)

    def finish(self) -> None:
        """Close the files and give them their names; a source without records is kept as an empty one."""
        layout = self.layout
        assert layout is not None
        if not self._shards and (layout.schema is not None or layout.format not in TABLES):
            _ = self.kept
        name = target_name(layout)
        for folder, shard in self._shards.items():
            shard.close()
            target = self._out / folder / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._path(folder).replace(target)
            except OSError as error:
                raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
        self._shards = {}
