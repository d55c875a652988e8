"""A step of a datatrove pipeline that keeps, drops, cleans and annotates documents by what a scan found.

The scan is of the whole corpus, made before with ``detector scan``; the pipeline's readers must give documents the ids
that the scan has. Every process of the pipeline opens the scan for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detector.errors import MissingExtra, ScanError, printable
from detector.filtering.claim_store import ClaimStore
from detector.filtering.scan_columns import Ids, claims_of
from detector.filtering.stripping import without
from detector.filtering.survey import DAMAGE, Cleaner
from detector.machine.workspace import Workspace
from detector.model import PART_NAMES, Document, DocumentScore, Span
from detector.records.arrow_rows import text_block
from detector.results.index import open_scan
from detector.thresholds.decisions import Decision, Thresholds, decide

try:
    from datatrove.pipeline.filters.base_filter import BaseFilter
except ImportError as error:
    raise MissingExtra(
        f"datatrove cannot be used ({error}); install it with: pip install 'boilerplate-detector[datatrove]'"
    ) from error


class ScanFilter(BaseFilter):  # type: ignore[misc]
    """Drops what the thresholds speak against and near-copies, cuts ``strip`` parts out of what is kept, as a filter
    does: by sentences, clauses and lines, with ``keep_occurrences`` copies of each shared text left in the corpus.

    ``thresholds`` and ``families`` are those of `detector.thresholds.decisions.decide`; without any, everything is
    kept. Each document gets metadata: ``detector_originality``, the share of every part (``detector_junk`` ...), and
    ``detector_duplicate_of`` where it is a near-copy. Raises `ScanError` for a document that the scan does not have or
    has with another text.
    """

    name = "detector"

    def __init__(
        self,
        scan_dir: str | Path,
        thresholds: Thresholds | None = None,
        *,
        families: str = "keep-all",
        strip: Sequence[str] = (),
        keep_occurrences: int = 1,
        exclusion_writer: Any = None,
    ) -> None:
        super().__init__(exclusion_writer)
        self.scan_dir, self.thresholds = str(scan_dir), thresholds or Thresholds()
        self.families, self.strip, self.keep_occurrences = families, tuple(strip), keep_occurrences
        self._documents: dict[str, tuple[int, DocumentScore, Decision]] = {}
        self._cleaner: Cleaner | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the scan: it is opened by the process that uses it."""
        return {**self.__dict__, "_documents": {}, "_cleaner": None}

    def filter(self, doc: Any) -> bool | tuple[bool, str]:
        """Whether datatrove is to keep a document, with the first rule against it if not."""
        self._open()
        found = self._documents.get(doc.id)
        if found is None:
            raise ScanError(f'{self.scan_dir}: the scan has no document "{printable(doc.id)}"; scan the same input')
        row, document, decision = found
        if sum(not char.isspace() for char in doc.text) != document.n_chars:
            raise ScanError(f'{self.scan_dir}: the text of "{printable(doc.id)}" is not what was scanned')
        doc.metadata |= _metadata(document)
        if not decision.kept:
            return False, decision.reasons[0].rule
        if self._cleaner is not None and self._cleaner.wanted[row] and DAMAGE not in doc.text:
            block = text_block([Document(doc.id, doc.text)], "")
            cleaned = self._cleaner.block(block, np.array([row]), only=np.ones(1, np.bool_))
            pieces = [piece for _, one in cleaned.values() for piece in one.pieces]
            doc.text = without(doc.text, [Span(*piece[:2]) for piece in pieces])
        return True

    def _open(self) -> None:
        """Reads the scan, once."""
        if self._documents:
            return
        scan = open_scan(self.scan_dir)
        decisions = decide(scan.documents, self.thresholds, families=self.families)
        pairs = zip(scan.documents, decisions, strict=True)
        self._documents = {one.id: (row, one, decision) for row, (one, decision) in enumerate(pairs)}
        if self.strip:
            work = Workspace()
            kept = np.array([decision.kept for decision in decisions], np.bool_)
            store = ClaimStore(claims_of(scan.findings, Ids(list(self._documents)), self.strip), len(kept), work)
            store.retain([kept], self.keep_occurrences)
            self._cleaner = Cleaner(store, kept, None, work)


def _metadata(document: DocumentScore) -> dict[str, Any]:
    found: dict[str, Any] = {"detector_originality": document.originality}
    found |= {f"detector_{name}": round(document.parts.share(name), 6) for name in PART_NAMES[:-1]}
    if document.duplicate_of is not None:
        found["detector_duplicate_of"] = document.duplicate_of
    return found
