"""Keeps, drops and cleans the records of a corpus by what a scan found, with an account of everything that went.

Nothing is written before all is decided: the thresholds, the copies of a family, the guards. Kept, dropped and removed
together give back every row, value and the order.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from detector.dataset_folders import describe
from detector.decisions import Decision, Reason, Thresholds, decide, family_of
from detector.errors import GuardError, OutputError, ScanError, SettingsError, printable
from detector.json_rows import dumps
from detector.model import Document, DocumentScore, Finding, Span
from detector.reading import Reader, Record, corpus_digest
from detector.settings import Settings
from detector.shards import ShardWriter
from detector.stripping import spans_to_strip, without

__all__ = ["Decision", "FilterSummary", "Reason", "Scanned", "Thresholds", "decide", "filter_corpus"]

FORMAT_VERSION = 1
STRIPPABLE = ("junk",)
DAMAGE = "\N{REPLACEMENT CHARACTER}"
"""What stands in a text for bytes that its encoding does not have."""

MIN_GUARDED_SERIES = 5
"""Documents from which on a series is guarded: of fewer, losing most is no sign of anything."""


class Scanned(Protocol):
    """What a filter reads of a scan (`detector.index.Scan` is one)."""

    @property
    def documents(self) -> Sequence[DocumentScore]: ...
    @property
    def findings(self) -> Iterable[Finding]: ...
    @property
    def summary(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class FilterSummary:
    """What a filter did, as in its ``summary.json``.

    ``n_removed_chars`` are the non-blank characters stripped from kept documents, ``n_not_read`` records without a
    document, which are kept as they are, ``n_damaged`` kept documents with bytes that could not be decoded, which are
    not cleaned lest those bytes be lost; ``dropped_by`` counts a document once for each rule that speaks against it.
    ``n_families_lost`` are families of which no member is kept: what the guards count.
    """

    format_version: int
    corpus_digest: str
    thresholds: Thresholds
    families: str
    strip: tuple[str, ...]
    max_drop: float
    max_drop_per_series: float
    n_documents: int
    n_kept: int
    n_dropped: int
    n_cleaned: int
    n_damaged: int
    n_removed_chars: int
    n_without_text: int
    n_not_read: int
    n_families: int
    n_families_lost: int
    dropped_by: Mapping[str, int]
    problems: Mapping[str, int]
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values in the order of the fields."""
        return asdict(self)


def filter_corpus(
    inputs: str | Path | Sequence[str | Path] | Reader,
    scan: Scanned,
    out: str | Path,
    thresholds: Thresholds,
    *,
    families: str = "keep-first",
    strip: Sequence[str] = (),
    settings: Settings | None = None,
    max_drop: float = 0.5,
    max_drop_per_series: float = 0.8,
) -> FilterSummary:
    """Writes ``kept/``, ``dropped/``, ``removed.jsonl`` and ``summary.json`` below ``out``.

    Raises `ScanError` where ``scan`` is not of this input, `GuardError` where more than ``max_drop`` of the families
    (or ``max_drop_per_series`` of those of a series of at least 5 documents) would lose every member, `OutputError`
    where ``out`` holds results already; nothing is written then. The input is read twice. A `Reader` brings its own
    settings.
    """
    out = Path(out)
    check_plan(out, strip)
    _check_level(scan.summary, thresholds, strip)
    reader = inputs if isinstance(inputs, Reader) else Reader(inputs, settings)
    claims = _claims(scan.findings, strip)
    survey = _survey(reader, scan, claims)
    decisions = decide(scan.documents, thresholds, families=families, known=survey.emptied)
    n_lost = _guard(scan.documents, decisions, survey.series, max_drop=max_drop, per_series=max_drop_per_series)
    plan = _Plan({decision.id: decision for decision in decisions}, claims)
    _write(reader, out, plan, reader.settings.text_field)
    rules = asdict(thresholds).values()
    idle = families == "keep-all" and not strip and all(value is None for value in rules)
    summary = FilterSummary(
        format_version=FORMAT_VERSION,
        corpus_digest=survey.digest,
        thresholds=thresholds,
        families=families,
        strip=tuple(strip),
        max_drop=max_drop,
        max_drop_per_series=max_drop_per_series,
        n_families_lost=n_lost,
        problems=dict(sorted(reader.n_problems.items())),
        note="nothing to do: no threshold, nothing to strip, all members of families kept" if idle else None,
        **_counts(scan.documents, decisions, plan),
    )
    _put(out / "summary.json", json.dumps(summary.as_dict(), ensure_ascii=False, indent=1) + "\n")
    return summary


def _counts(documents: Sequence[DocumentScore], decisions: Sequence[Decision], plan: _Plan) -> dict[str, Any]:
    n_kept = sum(decision.kept for decision in decisions)
    return {
        "n_documents": len(decisions),
        "n_kept": n_kept,
        "n_dropped": len(decisions) - n_kept,
        "n_cleaned": plan.n_cleaned,
        "n_damaged": plan.n_damaged,
        "n_removed_chars": plan.n_removed_chars,
        "n_without_text": sum(document.n_chars == 0 for document in documents),
        "n_not_read": plan.n_not_read,
        "n_families": len({family_of(document) for document in documents}),
        "dropped_by": _dropped_by(decisions),
    }


def check_plan(out: Path, strip: Sequence[str]) -> None:
    """Raises `SettingsError` for a part that cannot be stripped, `OutputError` where ``out`` holds results already."""
    unknown = [name for name in strip if name not in STRIPPABLE]
    if unknown:
        raise SettingsError(f"strip is {unknown[0]!r}; what can be stripped is {', '.join(STRIPPABLE)}")
    if out.is_file():
        raise OutputError(f"{out}: is a file; name a folder")
    for name in ("kept", "dropped", "removed.jsonl", "summary.json"):
        path = out / name
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise OutputError(f"{path} is there already; name another folder or remove it")


def _check_level(summary: Mapping[str, Any], thresholds: Thresholds, strip: Sequence[str]) -> None:
    """Raises `ScanError` where a threshold or a part to strip is named and the scan looked at whole documents only."""
    measured = [item.name for item in fields(thresholds) if getattr(thresholds, item.name) is not None] + list(strip)
    if measured and summary.get("settings", {}).get("level") == "document":
        raise ScanError(
            f"{measured[0]}: the scan looked at whole documents only (--level document); scan the input without that"
        )


def _claims(findings: Iterable[Finding], strip: Sequence[str]) -> dict[str, list[Span]]:
    claims: dict[str, list[Span]] = defaultdict(list)
    for finding in findings:
        if finding.part in strip:
            claims[finding.doc] += finding.claims
    return dict(claims)


class _Survey(NamedTuple):
    """What the first reading gives: the corpus digest, documents that stripping empties, series by document."""

    digest: str
    emptied: dict[str, Reason]
    series: dict[str, str]


def _survey(reader: Reader, scan: Scanned, claims: Mapping[str, Sequence[Span]]) -> _Survey:
    emptied: dict[str, Reason] = {}
    series: dict[str, str] = {}

    def documents() -> Iterator[Document]:
        for document in reader:
            if document.series is not None:
                series[document.id] = document.series
            spans = spans_to_strip(document.text, claims.get(document.id, ()))
            if spans and DAMAGE not in document.text and not without(document.text, spans).strip():
                n_chars = sum(end - start for start, end in spans)
                emptied[document.id] = Reason("empty_after_strip", n_chars, None)
            yield document

    digest = corpus_digest(documents())
    try:
        scanned = scan.summary["corpus"]["digest"]
    except (KeyError, TypeError):
        raise ScanError("the scan's summary.json names no corpus digest; scan the input again") from None
    if digest != scanned:
        raise ScanError(
            f"the input is not what was scanned (corpus digest {digest[:12]}, the scan has {str(scanned)[:12]}); "
            "scan it again, with the same --text-field and --id-field"
        )
    return _Survey(digest, emptied, series)


def _guard(
    documents: Sequence[DocumentScore],
    decisions: Sequence[Decision],
    series: Mapping[str, str],
    *,
    max_drop: float,
    per_series: float,
) -> int:
    """The number of families that lose every member; raises `GuardError` where that is too many.

    Copies of what is kept are no loss, so a family counts once, here as everywhere.
    """
    kept = {family_of(document) for document, decision in zip(documents, decisions, strict=True) if decision.kept}
    heads: dict[str | None, set[str]] = defaultdict(set)
    n_documents: Counter[str] = Counter()
    for document in documents:
        heads[None].add(family_of(document))
        if (name := series.get(document.id)) is not None:
            heads[name].add(family_of(document))
            n_documents[name] += 1
    lost = len(heads[None] - kept)
    by = ", ".join(f"{n} by {rule}" for rule, n in _dropped_by(decisions).items())
    if lost > max_drop * len(heads[None]):
        raise GuardError(
            f"{lost} of {len(heads[None])} documents (copies counted once) would be dropped, more than the share of "
            f"{max_drop:g} that --max-drop allows ({by}); nothing was written. Loosen a threshold or raise --max-drop."
        )
    for name, n in sorted(n_documents.items()):
        gone = len(heads[name] - kept)
        if n >= MIN_GUARDED_SERIES and gone > per_series * len(heads[name]):
            raise GuardError(
                f'{gone} of {len(heads[name])} documents of the series "{printable(name)}" (copies counted once) would '
                f"be dropped, more than the share of {per_series:g} that --max-drop-per-series allows; nothing was "
                "written. Loosen a threshold or raise --max-drop-per-series."
            )
    return lost


def _dropped_by(decisions: Iterable[Decision]) -> dict[str, int]:
    return dict(sorted(Counter(reason.rule for decision in decisions for reason in decision.reasons).items()))


class _Plan:
    """What is to happen to each record, and the counts of what did."""

    def __init__(self, decisions: Mapping[str, Decision], claims: Mapping[str, Sequence[Span]]) -> None:
        self._decisions = decisions
        self._claims = claims
        self.n_cleaned = self.n_damaged = self.n_removed_chars = self.n_not_read = 0

    def decision(self, document: Document) -> Decision:
        """The decision on a document; raises `ScanError` for one that the scan does not have."""
        found = self._decisions.get(document.id)
        if found is None:
            raise ScanError(f'the scan has no document "{printable(document.id)}"; scan the input again')
        return found

    def cleaned(self, record: Record, document: Document) -> tuple[str | None, list[dict[str, Any]]]:
        """The new text of a kept document (None: as it was) and the rows of what was removed from it."""
        spans = spans_to_strip(document.text, self._claims.get(document.id, ()))
        if spans and DAMAGE in document.text:
            self.n_damaged += 1  # its bytes could not all be read, and writing it anew would lose them
            return None, []
        if not spans:
            return None, []
        rows = [
            {
                "source": record.source,
                "row": record.row,
                "id": document.id,
                "start": start,
                "end": end,
                "text": document.text[start:end],
                "part": "junk",
            }
            for start, end in spans
        ]
        self.n_cleaned += 1
        self.n_removed_chars += sum(not char.isspace() for row in rows for char in str(row["text"]))
        return without(document.text, spans), rows


def _write(reader: Reader, out: Path, plan: _Plan, text_field: str) -> None:
    """Writes the records; whatever goes wrong, no half result stays."""
    partial = out / ".removed.jsonl.partial"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (
            ShardWriter(out / "kept", text_field=text_field) as kept,
            ShardWriter(out / "dropped", text_field=text_field, extra=("reasons", "row")) as dropped,
            partial.open("w", encoding="utf-8", newline="") as removed,
        ):
            for record in reader.records():
                document = record.document
                if document is None:
                    plan.n_not_read += not record.blank
                    kept.write(record)
                    continue
                decision = plan.decision(document)
                if decision.kept:
                    text, rows = plan.cleaned(record, document)
                    removed.writelines(dumps(row) + "\n" for row in rows)
                    kept.write(record, text)
                else:
                    reasons = [reason._asdict() for reason in decision.reasons]
                    dropped.write(record, extra={"reasons": reasons, "row": record.row})
        partial.replace(out / "removed.jsonl")
        describe(out / "kept", reader.paths)
        describe(out / "dropped", reader.paths, ("reasons", "row"))
    except OSError as error:
        _discard(out)
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error
    except BaseException:
        _discard(out)
        raise


def _discard(out: Path) -> None:
    for name in ("kept", "dropped"):
        shutil.rmtree(out / name, ignore_errors=True)
    for name in (".removed.jsonl.partial", "removed.jsonl"):
        (out / name).unlink(missing_ok=True)


def _put(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, "utf-8", newline="")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
