"""Labelled text: what stands where in a document, told by people, in two formats of JSON Lines.

The span format has ``id``, ``spans`` and ``not_spans`` (``start``, ``end``, ``kind``, ``text``, sometimes ``note``);
the line format has ``id`` and ``labels``, one letter for each line of the text split at line feeds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from detector.errors import InputError
from detector.model import FINDING_KINDS

LINE_LETTERS = "cja"
JUNK_LINE = "junk_line"
"""The kind under which whole lines of a page are counted; its findings are those of kind junk."""


class Label(NamedTuple):
    """A labelled span of one document."""

    start: int
    end: int
    kind: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """The labels of one document: spans, or one letter a line (c content, j junk, a not scored).

    ``not_spans`` look like their kind and are not. ``coverage`` is the share of a hand-made extract that line labels
    found again, None where nobody measured it.
    """

    id: str
    spans: tuple[Label, ...] = ()
    not_spans: tuple[Label, ...] = ()
    lines: str | None = None
    coverage: float | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that the document's labels speak of."""
        if self.lines is not None:
            return frozenset(("junk", JUNK_LINE))
        return frozenset(label.kind for label in (*self.spans, *self.not_spans))


def load_gold(path: str | Path) -> tuple[GoldDocument, ...]:
    """The labels of a JSON Lines file, in its order, in the span format or the line format.

    Raises `InputError` with the line's number on a row that is neither, and on an id that comes twice.
    """
    try:
        lines = Path(path).read_text("utf-8").split("\n")
    except OSError as error:
        raise InputError(f"{path}: cannot read the labels: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: the labels are not UTF-8 (byte {error.start}); save them as UTF-8") from None
    documents: dict[str, GoldDocument] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            document = _read_row(line, f"{path}:{number}")
            if document.id in documents:
                raise InputError(f"{path}:{number}: the id {document.id!r} comes twice; keep one row a document")
            documents[document.id] = document
    if not documents:
        raise InputError(f"{path}: no labels in the file; it needs one JSON object a line")
    return tuple(documents.values())


def _read_row(line: str, where: str) -> GoldDocument:
    """One row of labels in either format."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON: {error.msg} at character {error.pos}") from None
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise InputError(f'{where}: a row of labels is an object with a string "id"')
    if "labels" in row:
        letters, coverage = row["labels"], row.get("gold_coverage")
        if not isinstance(letters, str) or set(letters) - set(LINE_LETTERS):
            raise InputError(f'{where}: "labels" is one letter a line: c content, j junk, a not scored')
        if coverage is not None and (isinstance(coverage, bool) or not isinstance(coverage, (int, float))):
            raise InputError(f'{where}: "gold_coverage" is a number from 0 to 1')
        return GoldDocument(row["id"], lines=letters, coverage=coverage)
    if not isinstance(row.get("spans"), list) or not isinstance(row.get("not_spans", []), list):
        raise InputError(f'{where}: neither "spans" (a list) nor "labels" (one letter a line); found: {", ".join(row)}')
    spans = tuple(_read_label(item, where) for item in row["spans"])
    return GoldDocument(row["id"], spans, tuple(_read_label(item, where) for item in row.get("not_spans", [])))


def _read_label(item: Any, where: str) -> Label:
    """One labelled span, its offsets checked against the length of its own text."""
    wanted = {"start": int, "end": int, "kind": str, "text": str}
    if not isinstance(item, dict) or not all(type(item.get(name)) is kind for name, kind in wanted.items()):
        raise InputError(f"{where}: a label needs start and end (numbers), kind and text (strings): {str(item)[:80]}")
    if item["kind"] not in FINDING_KINDS:
        raise InputError(f"{where}: {item['kind']!r} is no kind; there are {', '.join(FINDING_KINDS)}")
    if item["start"] < 0 or item["end"] - item["start"] != len(item["text"]) or not item["text"]:
        raise InputError(
            f"{where}: the label {item['text'][:30]!r} has {len(item['text'])} characters but the offsets"
            f" {item['start']}-{item['end']}"
        )
    return Label(item["start"], item["end"], item["kind"], item["text"], str(item.get("note", "")))
