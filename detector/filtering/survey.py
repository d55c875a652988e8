"""The first reading of a filter: is the input what was scanned, and what would cleaning leave of each document?

All that is decided is decided from what this reading gives; nothing has been written then. Columns have a row per
document in *reading order*, which the second reading has again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError, ScanError, SettingsError, printable
from detector.filtering.claim_store import ClaimStore
from detector.filtering.cleaning import Cleaned, bounds_of, clean
from detector.filtering.scan_columns import Ids
from detector.machine.columns import Gathered
from detector.machine.workspace import Workspace
from detector.records.arrow_rows import TextBlock
from detector.records.corpus import block_digests, joined_digest
from detector.records.formats import BatchBlock, LineBlock
from detector.records.json_rows import lookup
from detector.records.pieces import Piece, Source
from detector.records.reading import Reader
from detector.text.languages import scripts_of
from detector.text.passages import find_cuts
from detector.text.texts import Texts

DAMAGE = "\N{REPLACEMENT CHARACTER}"
"""What stands in a text for bytes that its encoding does not have: writing such a text anew would lose them."""

NO_DATE = np.iinfo(np.int64).max
_DATE = re.compile(r"(\d{4})(?:\D{0,2}(\d{1,2})(?:\D{0,2}(\d{1,2}))?)?")

Protects = Callable[[str], Sequence[tuple[int, int]]]
"""Where protected phrases stand in a text."""


class FileState(NamedTuple):
    """What tells whether a file is still the one that was read: size, time of the last change, and number."""

    size: int
    changed: int
    number: int

    @classmethod
    def of(cls, path: Path | None) -> FileState:
        """The state of a file now (zeros for the standard input)."""
        if path is None:
            return cls(0, 0, 0)
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


class SurveyedSource(NamedTuple):
    """One file: its name, how many of the documents are in it, its state when it was read, and how many documents are
    in those blocks of lines that hold nothing else, by the number of the first line."""

    name: str
    n_documents: int
    state: FileState
    blocks: dict[int, int]


@dataclass(slots=True)
class Survey:
    """What the first reading gave, in reading order but for ``script``, ``date`` and ``n_left`` (by row of the scan).

    ``row``: int64, the scan's row of each document; ``series``: int32, a place in ``series_names`` or -1; ``script``:
    uint8, a place in `detector.text.languages.SCRIPTS`; ``date``: int64, larger is later, `NO_DATE`; ``n_left``,
    ``n_removed``, ``n_whole``: int64, what cleaning leaves and takes, and sentences left whole for their figures;
    ``damaged``, ``protected``: bool, texts that cannot be written anew, and documents of protected series.
    """

    row: NDArray[np.int64]
    series: NDArray[np.int32]
    series_names: list[str]
    script: NDArray[np.uint8]
    date: NDArray[np.int64]
    n_left: NDArray[np.int64]
    n_removed: NDArray[np.int64]
    n_whole: NDArray[np.int64]
    damaged: NDArray[np.bool_]
    protected: NDArray[np.bool_]
    sources: list[SurveyedSource] = field(default_factory=list)
    digest: str = ""


class Cleaner:
    """Cleans the texts of blocks by the claims of a store; what it found in the first reading is kept for the second.

    ``wanted`` (bool, by row of the scan) are the documents to clean; ``protects`` says where a text is protected.
    """

    def __init__(
        self, store: ClaimStore, wanted: NDArray[np.bool_], protects: Protects | None, work: Workspace
    ) -> None:
        self._store, self._protects = store, protects
        self.wanted = wanted & store.has()
        self._n_pieces = np.zeros(len(wanted), np.int32)
        self._first = np.zeros(len(wanted), np.int64)
        self._gathered: Gathered | None = Gathered(work, np.int32)
        self._pieces: NDArray[np.int32] = np.empty(0, np.int32)

    def block(
        self, block: TextBlock, rows: NDArray[np.int64], *, only: NDArray[np.bool_]
    ) -> dict[int, tuple[str, Cleaned]]:
        """Text and cleaning of the documents of a block that are meant (``only``: bool), by place in the block."""
        places = np.flatnonzero(only).tolist()
        if not places:
            return {}
        texts = {place: block.text(place) for place in places}
        columns = Texts.of(texts.values())
        cuts, cut_indptr, counted, counted_indptr = find_cuts(columns, 0, len(columns))
        found = {}
        for number, (place, text) in enumerate(texts.items()):
            of = self._store.of(int(rows[place]))
            bounds = bounds_of(
                text,
                cuts[cut_indptr[number] : cut_indptr[number + 1]],
                counted[counted_indptr[number] : counted_indptr[number + 1]],
            )
            protected = self._protects(text) if self._protects else ()
            found[place] = (
                text,
                clean(text, bounds, of.claims, marks=of.marks, retained=of.retained, protected=protected),
            )
        return found

    def keep(self, row: int, cleaned: Cleaned) -> None:
        """Keep what goes from a document."""
        assert self._gathered is not None
        self._n_pieces[row], self._first[row] = len(cleaned.pieces), self._gathered.n // 3
        if cleaned.pieces:
            self._gathered.add(np.array(cleaned.pieces, np.int32).ravel())

    def close(self) -> None:
        """After the first reading: what was kept can be read now."""
        if self._gathered is not None:
            self._pieces, self._gathered = self._gathered.column().reshape(-1, 3), None

    def pieces(self, row: int) -> list[list[int]]:
        """What goes from a document: start, end and part of each piece, as `keep` was given them."""
        first = int(self._first[row])
        pieces: list[list[int]] = self._pieces[first : first + int(self._n_pieces[row])].tolist()
        return pieces


def survey(
    reader: Reader,
    ids: Ids,
    n_documents: int,
    cleaner: Cleaner | None,
    *,
    dated: NDArray[np.bool_],
    date_field: str,
    protected: Sequence[str],
    scanned_digest: str,
    workers: int,
    told: Callable[[int, int], None],
) -> Survey:
    """Read the input once. Raises `ScanError` where it is not what was scanned, `InputError` where a file cannot be
    read to its end; ``dated`` are the documents whose date is asked for."""
    found = Survey(
        np.empty(0, np.int64), np.empty(0, np.int32), [], np.zeros(n_documents, np.uint8),
        np.full(n_documents, NO_DATE, np.int64), np.full(n_documents, -1, np.int64), np.zeros(n_documents, np.int64),
        np.zeros(n_documents, np.int64), np.zeros(n_documents, np.bool_), np.zeros(n_documents, np.bool_),
    )  # fmt: skip
    rows: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    series: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
    names: dict[str | None, int] = {None: -1}
    digests = []
    n_done = 0
    for source in reader.sources(workers):
        state = _state(source)
        n_before, blocks = n_done, {}
        for piece in source:
            block = piece.block
            some = _rows(ids, block)
            digests.append(block_digests(block))
            rows.append(some)
            series.append(np.array([names.setdefault(name, len(names) - 1) for name in block.series], np.int32))
            known = some >= 0
            if isinstance(piece.records, LineBlock):
                blocks[piece.first] = len(some)
            found.script[some[known]] = scripts_of(block.values, block.offsets)[known]
            if protected:
                found.protected[some[[name in protected for name in block.series] & known]] = True
            _note_dates(found, piece, some, dated, date_field)
            if cleaner is not None and bool(known.all()):
                _note_cleaning(found, cleaner, block, some)
            n_done += len(some)
            told(n_done, n_documents)
        _check_source(source)
        found.sources.append(SurveyedSource(source.named.source, n_done - n_before, state, blocks))
    found.row, found.series = np.concatenate(rows), np.concatenate(series)
    found.series_names = [name for name in names if name is not None]
    found.digest = joined_digest(digests)
    if found.digest != scanned_digest or bool((found.row < 0).any()) or len(found.row) != n_documents:
        raise ScanError(
            f"the input is not what was scanned (corpus digest {found.digest[:12]}, the scan has "
            f"{str(scanned_digest)[:12]}); scan it again, with the same --text-field and --id-field"
        )
    for name in protected:
        if name not in names:
            raise SettingsError(f'protect: "{printable(name)}" is neither a file nor a series of this input')
    if cleaner is not None:
        cleaner.close()
    return found


def _state(source: Source) -> FileState:
    try:
        return FileState.of(source.named.path)
    except OSError as error:
        where = printable(source.named.source)
        raise InputError(f"{where}: cannot be read: {error.strerror or error}. Nothing was written.") from None


def _check_source(source: Source) -> None:
    """Raises `InputError` for a file that ended before its time: what follows could not be given back."""
    fault = source.fault
    if fault is not None and fault.lost:
        where = printable(source.named.source)
        raise InputError(
            f"{where}: {fault.message}. Nothing was written: the rest of it would be lost. Repair it or leave it out, "
            "and scan again."
        )


def _rows(ids: Ids, block: TextBlock) -> NDArray[np.int64]:
    """The scan's rows of the documents of a block, -1 for one that it does not have."""
    return np.array([-1 if (row := ids.row(name)) is None else row for name in block.ids], np.int64)


def _note_cleaning(found: Survey, cleaner: Cleaner, block: TextBlock, rows: NDArray[np.int64]) -> None:
    wanted = cleaner.wanted[rows] & ~found.protected[rows]
    for place, (text, cleaned) in cleaner.block(block, rows, only=wanted).items():
        row = int(rows[place])
        found.n_whole[row] = cleaned.n_whole
        if cleaned.pieces and DAMAGE in text:
            found.damaged[row] = True
            continue
        cleaner.keep(row, cleaned)
        found.n_left[row], found.n_removed[row] = cleaned.n_left, cleaned.n_removed


def _note_dates(
    found: Survey, piece: Piece, rows: NDArray[np.int64], dated: NDArray[np.bool_], date_field: str
) -> None:
    places = np.flatnonzero(dated[rows] & (rows >= 0)).tolist()
    if not places:
        return
    records, block = piece.records, piece.block
    values: dict[int, Any] = {}
    if isinstance(records, LineBlock):
        lines = bytes(records.data).split(b"\n")
        values = {place: lookup(json.loads(lines[place]), date_field)[1] for place in places}
    elif isinstance(records, BatchBlock):
        if date_field in records.batch.schema.names:
            column = records.batch.column(date_field)
            values = {place: column[place].as_py() for place in places}
    else:
        of_row = {record.row: record.fields for record in records}
        values = {place: lookup(of_row.get(block.rows[place]) or {}, date_field)[1] for place in places}
    for place, value in values.items():
        found.date[rows[place]] = date_number(value)


def date_number(value: object) -> int:
    """A date as a number that orders like it; `NO_DATE` where there is none.

    >>> date_number("2021-03-05"), date_number("2020年9月"), date_number(20201231), date_number(None) == NO_DATE
    (20210305, 20200900, 20201231, True)
    """
    match = _DATE.search(str(value)) if value is not None and not isinstance(value, bool) else None
    if match is None:
        return int(NO_DATE)
    year, month, day = (int(part or 0) for part in match.groups())
    return year * 10_000 + month * 100 + day
