"""Keeps, drops and cleans the records of a corpus by what a scan found, with an account of everything that went.

Nothing is written before all is decided: thresholds, families, last copies, what cleaning leaves, the guards. Kept,
dropped and removed together give back every row, value and the order (`detector.restoring`).
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

from detector.claim_store import ClaimStore
from detector.clock import Progress, peak_memory, silent
from detector.decisions import (
    COMPARED,
    Decision,
    Reason,
    Rule,
    ScoreTable,
    Thresholds,
    choose,
    decide,
    failing,
    rules_of,
)
from detector.drop_rates import drop_rates, guard
from detector.errors import OutputError, ScanError, SettingsError, printable
from detector.filter_journal import Journal, check_folder
from detector.filter_output import Fates, FilterOutput
from detector.filter_plan import FilterPlan
from detector.filter_survey import Cleaner, Survey, survey
from detector.last_copies import LastCopies
from detector.model import PART_NAMES, DocumentScore, Finding
from detector.protecting import is_phrase_file, protected_phrases, spans_in
from detector.reading import Reader
from detector.scan_columns import Ids, claims_of, members_of, scores_of
from detector.scan_files import write_file
from detector.settings import Settings
from detector.version import VERSION
from detector.workspace import Workspace

__all__ = ["Decision", "FilterPlan", "FilterSummary", "Reason", "Scanned", "Thresholds", "decide", "filter_corpus"]

FORMAT_VERSION = 2
LOGS = {
    "removed": "removed.jsonl",
    "decisions": "decisions.jsonl",
    "originals": "originals.jsonl",
    "reasons": "dropped/reasons.jsonl",
}


class Scanned(Protocol):
    """What a filter reads of a scan (`detector.index.Scan` is one); of ``members``, if it has any, the clusters."""

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

    What to do is a `FilterPlan`, or ``thresholds`` and ``choices``, which are fields of one (``strip=("junk",)``); as it
    is, nothing is dropped and nothing stripped. Raises `ScanError` where ``scan`` is not of this input, `GuardError`
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


def check_plan(out: Path, *, resume: bool = False) -> None:
    """Raises `OutputError` where ``out`` holds results already: before a scan, which takes its time."""
    check_folder(out, resume=resume)


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
    choices = _Choices(table, plan, scan, ids)
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
    notes = _notes(plan, table, last, scan.summary, found, reader)
    return _Decided(plan, table, found, fates, cleaner, dropped_by, n_lost, spared, notes)


def _scanned_digest(scan: Scanned) -> str:
    try:
        return str(scan.summary["corpus"]["digest"])
    except (KeyError, TypeError):
        raise ScanError("the scan's summary.json names no corpus digest; scan the input again") from None


class _Kept(NamedTuple):
    """A decision on all documents: what speaks against each, and who is kept (bool, a row a document)."""

    rules: list[Rule]
    emptied: NDArray[np.bool_]
    n_left: NDArray[np.int64]
    passing: NDArray[np.bool_]
    keeper: NDArray[np.int64]
    spared: NDArray[np.bool_]
    kept: NDArray[np.bool_]


class _Choices:
    """Decides on documents; `kept` is called before the input is read, and again when it is known what is left."""

    def __init__(self, table: ScoreTable, plan: FilterPlan, scan: Scanned, ids: Ids) -> None:
        self.table, self.plan = table, plan
        self.families = plan.family_choice
        compared = any(name in COMPARED for name in plan.thresholds.named)
        members = getattr(scan, "members", ()) if compared else ()
        self._last_copies = LastCopies(members_of(members, ids)) if compared else None

    def kept(
        self,
        n_left: NDArray[np.int64],
        emptied: NDArray[np.bool_],
        protected: NDArray[np.bool_],
        dates: NDArray[np.int64] | None = None,
    ) -> _Kept:
        """Who is kept, if cleaning leaves ``n_left`` (int64) characters of each."""
        table, n = self.table, len(self.table.ids)
        rules = rules_of(table, self.plan.thresholds, n_left)
        alone = [rule.name for rule in rules if rule.name not in COMPARED]
        by_itself = ~(failing(rules, n, names=alone) | emptied | self._never_original())
        passing = by_itself & ~failing(rules, n, names=COMPARED)
        chosen = choose(table, self._choosable(passing, protected), self.families, dates)
        keeper = chosen[table.head]
        rows = np.arange(n)
        kept = (passing & ((keeper == rows) | (self.families == "keep-all"))) | protected
        spared = np.zeros(n, np.bool_)
        if self._last_copies is not None:
            spared = self._last_copies.spared(kept, self._candidates(by_itself & ~passing, kept, dates))
        return _Kept(rules, emptied, n_left, passing, keeper, spared, kept | spared)

    def _never_original(self) -> NDArray[np.bool_]:
        """Documents that would be below the originality asked for even if nobody had any of their text."""
        limit = self.plan.thresholds.min_originality
        if limit is None:
            return np.zeros(len(self.table.ids), np.bool_)
        own = self.table.parts[:, [PART_NAMES.index(name) for name in ("own", "shared", "phrase")]].sum(axis=1)
        total = self.table.n_chars
        return np.asarray((total > 0) & (own < limit * total))

    def _choosable(self, passing: NDArray[np.bool_], protected: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Members that may speak for their family: a protected one, where it has any."""
        if not protected.any():
            return passing
        has = np.zeros(len(passing), np.bool_)
        has[self.table.head[protected]] = True
        return np.where(has[self.table.head], protected, passing)

    def _candidates(
        self, falling: NDArray[np.bool_], kept: NDArray[np.bool_], dates: NDArray[np.int64] | None
    ) -> NDArray[np.bool_]:
        """Documents that fall only for what they share; of a family one, and none where a member is kept."""
        if self.families == "keep-all":
            return falling
        alive = np.zeros(len(kept), np.bool_)
        alive[self.table.head[kept]] = True
        best = choose(self.table, falling & ~alive[self.table.head], self.families, dates)
        candidates = np.zeros(len(kept), np.bool_)
        candidates[best[best >= 0]] = True
        return candidates

    def tied(self, first: _Kept) -> NDArray[np.bool_]:
        """Documents whose date decides: those that are as good as the one that is kept of their family."""
        if self.families not in ("keep-best", "keep-longest"):
            return np.zeros(len(self.table.ids), np.bool_)
        table, keeper = self.table, first.keeper
        junk, blanks = (table.parts[:, PART_NAMES.index(name)] for name in ("junk", "unfilled"))
        same = table.n_chars == table.n_chars[keeper]
        if self.families == "keep-best":
            same &= (junk == junk[keeper]) & (blanks == blanks[keeper])
        same &= first.passing & (keeper >= 0)
        n_same = np.bincount(table.head[same], minlength=len(keeper))
        return np.asarray(same & (n_same[table.head] > 1))

    def against(self, last: _Kept, row: int) -> tuple[Reason, ...]:
        """What speaks against a document."""
        reasons = [rule.reason(row) for rule in last.rules if rule.fails[row]]
        if last.emptied[row]:
            reasons.append(Reason("empty_after_strip", int(self.table.n_chars[row]), None))
        keeper = int(last.keeper[row])
        if self.families != "keep-all" and keeper not in (-1, row):
            reasons.append(Reason("family", self.table.ids[keeper], None))
        return tuple(reasons)

    def _is_copy(self, last: _Kept) -> NDArray[np.bool_]:
        """Documents of which another member of the family is kept instead."""
        rows = np.arange(len(self.table.ids))
        return (last.keeper >= 0) & (last.keeper != rows) & (self.families != "keep-all")

    def dropped_by(self, last: _Kept) -> dict[str, int]:
        """Dropped documents by the rules that speak against them."""
        gone = ~last.kept
        counts: dict[str, int] = {}
        for rule in last.rules:
            counts[rule.name] = counts.get(rule.name, 0) + int((rule.fails & gone).sum())
        counts["empty_after_strip"] = int((last.emptied & gone).sum())
        counts["family"] = int((self._is_copy(last) & gone).sum())
        return {name: n for name, n in sorted(counts.items()) if n}


def _notes(
    plan: FilterPlan, table: ScoreTable, last: _Kept, summary: Mapping[str, Any], found: Survey, reader: Reader
) -> tuple[str, ...]:
    """What did nothing, could do nothing, or had nothing to work on."""
    notes = []
    n = len(table.ids)
    if plan.is_idle:
        notes.append("nothing to do: no threshold, nothing to strip, all members of families kept")
    elif n and bool(last.kept.all()) and not found.n_removed.any():
        notes.append("nothing was dropped and nothing stripped: every document meets what was asked")
    for rule in last.rules:
        known = ~np.isnan(rule.values)
        if rule.label is not None and rule.label not in table.flag_names:
            notes.append(f'no document has the flag "{printable(rule.label)}"')
        elif n and known.any() and bool(rule.fails[known].all()) and rule.label is None:
            notes.append(f"no document meets {rule.name} {rule.threshold:g}")
        elif n and rule.name == "min_originality" and bool(np.isnan(table.originality_1k).all()):
            notes.append("fewer than 1,000 families: originality is of this corpus alone, sharing is underestimated")
    without = summary.get("totals", {}).get("n_documents_without_tokens", 0)
    if without:
        notes.append(f"{without:,} documents have no token: nothing can be found in them")
    if reader.n_problems.get("no_text"):
        field = printable(reader.settings.text_field)
        notes.append(f'{reader.n_problems["no_text"]:,} records have no text in "{field}"; they are kept as they are')
    wanted = reader.settings.series_field
    if wanted is not None and not found.series_names:
        notes.append(f'no record has the field "{printable(wanted)}": no series is known')
    elif not found.series_names and plan.thresholds.named:
        notes.append("no series is known: --max-drop-per-series guards nothing")
    for part in plan.strip:
        if not table.parts[:, PART_NAMES.index(part)].any():
            notes.append(f"no document has anything {part}")
    return tuple(notes)


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
            write_file(out / "sources.jsonl", (_source_line(row) for row in journal.rows))
        finally:
            journal.close()
        journal.commit(skip_empty=("originals", "reasons"))
        text = json.dumps(summary.as_dict(), ensure_ascii=True, indent=1) + "\n"
        write_file(out / "summary.json", [text.encode()])
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
        run={"seconds": round(seconds, 3), "peak_memory": peak_memory()},
    )
