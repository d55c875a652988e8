"""Keeps, drops and cleans the records of a corpus by what a scan found, with an account of everything that went.

Nothing is written before all is decided: thresholds, families, last copies, what cleaning leaves, the guards. Kept,
dropped and removed together give back every row, value and the order (`detector.filtering.restoring`).
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from detector.errors import OutputError, ScanError
from detector.filtering.choices import Choices, notes_on
from detector.filtering.claim_store import ClaimStore
from detector.filtering.drop_rates import drop_rates, guard
from detector.filtering.journal import Journal, check_folder
from detector.filtering.output import EXTRA, Fates, FilterOutput
from detector.filtering.plan import FilterPlan
from detector.filtering.scan_columns import Ids, claims_of, scores_of
from detector.filtering.survey import Cleaner, Survey, survey
from detector.machine.clock import Progress, peak_memory, silent
from detector.machine.workspace import Workspace
from detector.model import PART_NAMES, DocumentScore, Finding
from detector.records.dataset_folders import describe
from detector.records.reading import Reader
from detector.rules.protecting import is_phrase_file, protected_phrases, spans_in
from detector.settings import Settings
from detector.thresholds.decisions import (
    Decision,
    Reason,
    ScoreTable,
    Thresholds,
    decide,
)
from detector.version import VERSION

__all__ = ["Decision", "FilterPlan", "FilterSummary", "Reason", "Scanned", "Thresholds", "decide", "filter_corpus"]

FORMAT_VERSION = 2
LOGS = {
    "removed": "removed.jsonl",
    "decisions": "decisions.jsonl",
    "originals": "originals.jsonl",
    "reasons": "dropped/reasons.jsonl",
}


class Scanned(Protocol):
    """What a filter reads of a scan (`detector.results.index.Scan` is one); of ``members`` the clusters, if any."""

    @property
    def documents(self) -> Sequence[DocumentScore]: ...
    @property
    def findings(self) -> Iterable[Finding]: ...
    @property
    def summary(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class FilterSummary:
    """What a filter did, as in its ``summary.json``.

    ``thresholds`` and ``plan`` are what was asked; ``n_spared`` documents are kept though something speaks against
    them, as the last holders of a text or for being protected; ``n_removed_chars`` are the non-blank characters
    stripped from kept documents, ``n_removed`` the pieces by part, ``n_whole_for_figures`` sentences that stay whole
    because a figure in them is their own; ``n_not_read`` are records without a document, kept as they are,
    ``n_damaged`` kept documents with bytes that could not be decoded, which are not cleaned lest those bytes be lost;
    ``dropped_by`` counts a document once for each rule that speaks against it. ``n_families_lost`` are families of
    which no member is kept: what the guards count. ``rates`` are documents and dropped documents by source, series,
    language and length; ``notes`` say what did nothing or could do nothing; ``run`` is what may differ between runs.
    """

    format_version: int
    corpus_digest: str
    thresholds: Mapping[str, Any]
    plan: Mapping[str, Any]
    settings: Mapping[str, Any]
    n_documents: int
    n_kept: int
    n_dropped: int
    n_spared: int
    n_cleaned: int
    n_damaged: int
    n_removed_chars: int
    n_removed: Mapping[str, int]
    n_whole_for_figures: int
    n_without_text: int
    n_not_read: int
    n_families: int
    n_families_lost: int
    dropped_by: Mapping[str, int]
    rates: Mapping[str, Mapping[str, Mapping[str, int]]]
    problems: Mapping[str, int]
    notes: tuple[str, ...]
    run: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain values in the order of the fields."""
        return asdict(self)


def filter_corpus(
    inputs: str | Path | Sequence[str | Path] | Reader,
    scan: Scanned,
    out: str | Path,
    thresholds: Thresholds | None = None,
    *,
    plan: FilterPlan | None = None,
    settings: Settings | None = None,
    work: Workspace | None = None,
    progress: Progress = silent,
    resume: bool = False,
    **choices: Any,
) -> FilterSummary:
    """Writes ``kept/``, ``dropped/``, ``removed.jsonl``, ``decisions.jsonl`` and ``summary.json`` below ``out``.

    What to do is a `FilterPlan`, or ``thresholds`` and ``choices``, which are fields of one (``strip=("junk",)``); as
    it is, nothing is dropped and nothing stripped. Raises `ScanError` where ``scan`` is not of this input, `GuardError`
    where more than ``max_drop`` of the families (or ``max_drop_per_series`` of those of a series of at least 5
    documents) would lose every member, `OutputError` where ``out`` holds results already: nothing is written then. The
    input is read twice, one block at a time. A `Reader` brings its own settings. ``resume`` goes on where the same
    filter was stopped; ``work`` bounds memory and says how many threads there are.
    """
    plan = plan or FilterPlan(thresholds or Thresholds(), **choices)
    out, began = Path(out), time.perf_counter()
    check_folder(out, resume=resume)
    _check_level(scan.summary, plan)
    reader = inputs if isinstance(inputs, Reader) else Reader(inputs, settings)
    with nullcontext(work) if work is not None else Workspace() as space:
        decided = _decide(reader, scan, plan, space, progress)
        key = {
            "digest": decided.found.digest, "plan": plan.as_dict(), "settings": reader.settings.as_dict(),
            "version": VERSION, "decisions": decided.checksum(),
        }  # fmt: skip
        return _write(reader, out, decided, key, resume=resume, progress=progress, began=began, workers=space.workers)


def _check_level(summary: Mapping[str, Any], plan: FilterPlan) -> None:
    """Raises `ScanError` where a threshold or a part to strip is named and the scan looked at whole documents only."""
    measured = [name for name in plan.thresholds.named if name != "min_chars"] + list(plan.strip)
    if measured and summary.get("settings", {}).get("level") == "document":
        raise ScanError(
            f"{measured[0]}: the scan looked at whole documents only (--level document); scan the input without that"
        )


class _Decided(NamedTuple):
    """All that is known before the first write."""

    plan: FilterPlan
    table: ScoreTable
    found: Survey
    fates: Fates
    cleaner: Cleaner | None
    dropped_by: dict[str, int]
    n_lost: int
    spared: NDArray[np.bool_]
    notes: tuple[str, ...]
    scan_folder: Path | None

    def checksum(self) -> int:
        """A number that is another one where other documents are kept or cleaned."""
        crc = zlib.crc32(np.packbits(self.fates.kept).tobytes())
        crc = zlib.crc32(np.packbits(self.fates.again).tobytes(), crc)
        return zlib.crc32(self.found.n_left.tobytes(), crc)


def _decide(reader: Reader, scan: Scanned, plan: FilterPlan, work: Workspace, progress: Progress) -> _Decided:
    """Reads the scan, then the input once, and decides on every document; raises as `filter_corpus` does."""
    progress("reading the scan", 0, 0)
    digest = _scanned_digest(scan)
    table = scores_of(scan.documents)
    ids = Ids(table.ids)
    choices = Choices(table, plan, scan, ids)
    first = choices.kept(table.n_chars, np.zeros(len(table.ids), np.bool_), np.zeros(len(table.ids), np.bool_))
    phrases = protected_phrases(entry for entry in plan.protect if is_phrase_file(entry))
    store = cleaner = None
    if plan.strip:
        store = ClaimStore(claims_of(scan.findings, ids, plan.strip), len(table.ids), work)
        store.retain([first.kept], plan.keep_occurrences)
        cleaner = Cleaner(store, first.passing | first.spared, spans_in(phrases) if phrases else None, work)
    found = survey(
        reader, ids, len(table.ids), cleaner, dated=choices.tied(first), date_field=plan.date_field,
        protected=[entry for entry in plan.protect if not is_phrase_file(entry)],
        scanned_digest=digest, workers=work.workers,
        told=lambda done, total: progress("reading the input", done, total),
    )  # fmt: skip
    n_left = np.where(found.n_left < 0, table.n_chars, found.n_left)
    last = choices.kept(n_left, (found.n_left == 0) & (table.n_chars > 0), found.protected, found.date)
    again = np.zeros(len(table.ids), np.bool_)
    if store is not None and cleaner is not None:
        changed = store.retain([last.kept & first.kept, last.kept & ~first.kept], plan.keep_occurrences)
        again = last.kept & ~found.protected & ((changed & cleaner.wanted) | (store.has() & ~cleaner.wanted))
        cleaner.wanted |= again
    dropped_by = choices.dropped_by(last)
    n_lost = guard(
        table, found, last.kept, dropped_by=dropped_by, max_drop=plan.max_drop, per_series=plan.max_drop_per_series
    )
    fates = Fates(last.kept, again, lambda row: choices.against(last, row), lambda row: choices.against(last, row))
    spared = last.kept & (last.spared | (found.protected & ~last.passing))
    notes = notes_on(plan, table, last, scan.summary, found, reader)
    folder = getattr(scan.documents, "directory", None)
    return _Decided(plan, table, found, fates, cleaner, dropped_by, n_lost, spared, notes, folder)


def _scanned_digest(scan: Scanned) -> str:
    try:
        return str(scan.summary["corpus"]["digest"])
    except (KeyError, TypeError):
        raise ScanError("the scan's summary.json names no corpus digest; scan the input again") from None


def _write(
    reader: Reader,
    out: Path,
    decided: _Decided,
    key: Mapping[str, Any],
    *,
    resume: bool,
    progress: Progress,
    began: float,
    workers: int,
) -> FilterSummary:
    """The second reading, and the summary; what is finished stays, whatever goes wrong."""
    plan, n_sources = decided.plan, len(decided.found.sources)
    problems = dict(sorted(reader.n_problems.items()))
    output: FilterOutput | None = None
    try:
        journal = Journal(out, key, LOGS, resume=resume)
        try:
            output = FilterOutput(
                out, decided.table, decided.found, decided.fates, decided.cleaner, journal,
                text_field=reader.settings.text_field, keep_text=plan.audit == "full",
            )  # fmt: skip
            output.write(reader, workers, lambda done, total: progress("writing", done, total))
            summary = _summary(reader, decided, journal, problems, time.perf_counter() - began)
            journal.put("sources.jsonl", (_source_line(row) for row in journal.rows))
        finally:
            journal.close()
        journal.commit(skip_empty=("originals", "reasons"))
        describe(out / "kept", reader.paths)
        describe(out / "dropped", reader.paths, EXTRA)
        text = json.dumps(summary.as_dict(), ensure_ascii=True, indent=1) + "\n"
        journal.put("summary.json", [text.encode()])
        journal.remove()
    except KeyboardInterrupt:
        done = output.n_done if output is not None else 0
        raise KeyboardInterrupt(
            f"interrupted: {done} of {n_sources} files are finished in {out}; go on with --resume"
        ) from None
    except OSError as error:
        done = output.n_done if output is not None else 0
        raise OutputError(
            f"{out}: cannot be written: {error.strerror or error}; {done} of {n_sources} files are finished there, go "
            "on with --resume"
        ) from error
    return summary


def _source_line(row: Mapping[str, Any]) -> bytes:
    kept = {name: value for name, value in row.items() if name != "sizes"}
    return (json.dumps(kept, ensure_ascii=True) + "\n").encode()


def _summary(
    reader: Reader, decided: _Decided, journal: Journal, problems: Mapping[str, int], seconds: float
) -> FilterSummary:
    plan, table, found, kept = decided.plan, decided.table, decided.found, decided.fates.kept
    totals: dict[str, int] = {}
    for row in journal.rows:
        for name, n in row["counts"].items():
            totals[name] = totals.get(name, 0) + n
    n_kept = int(kept.sum())
    thresholds = {item.name: getattr(plan.thresholds, item.name) for item in fields(plan.thresholds)}
    return FilterSummary(
        format_version=FORMAT_VERSION,
        corpus_digest=found.digest,
        thresholds=thresholds,
        plan=plan.as_dict(),
        settings=reader.settings.as_dict(),
        n_documents=len(kept),
        n_kept=n_kept,
        n_dropped=len(kept) - n_kept,
        n_spared=int(decided.spared.sum()),
        n_cleaned=totals.get("cleaned", 0),
        n_damaged=int((found.damaged & kept).sum()),
        n_removed_chars=totals.get("removed_chars", 0),
        n_removed={name: totals[f"removed_{name}"] for name in PART_NAMES if f"removed_{name}" in totals},
        n_whole_for_figures=int(found.n_whole[kept].sum()),
        n_without_text=int((table.n_chars == 0).sum()),
        n_not_read=totals.get("not_read", 0),
        n_families=len(np.unique(table.head)),
        n_families_lost=decided.n_lost,
        dropped_by=decided.dropped_by,
        rates=drop_rates(table, found, kept),
        problems=problems,
        notes=decided.notes,
        run={
            "seconds": round(seconds, 3),
            "peak_memory": peak_memory(),
            "scan": None if decided.scan_folder is None else str(decided.scan_folder),
        },
    )
