"""Reads the folder that a filter wrote: its summary, its decision on one document, what it took out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from detector.errors import OutputError, ScanError, printable
from detector.tables.rendering import json_text
from detector.thresholds.decisions import Decision, Reason, Thresholds


def read_summary(directory: str | Path) -> dict[str, Any]:
    """The summary of a filter; raises `ScanError` for a folder that holds no finished filter."""
    path = Path(directory) / "summary.json"
    try:
        summary = json.loads(path.read_text("utf-8"))
        _ = summary["plan"]  # that of a scan has none
        if summary["format_version"] != 2:
            raise ScanError(f"{directory}: was written by another version of filter; filter the input again")
    except (OSError, ValueError, KeyError, TypeError):
        raise ScanError(
            f"{directory}: holds no finished filter. Make one with: detector filter INPUT --scan DIR --out {directory}"
        ) from None
    return dict(summary)


def thresholds_of(summary: dict[str, Any]) -> Thresholds:
    """The thresholds that a filter was run with."""
    given = summary["thresholds"]
    values = {item.name: given.get(item.name) for item in fields(Thresholds)}
    return Thresholds(**{**values, "drop_flags": tuple(values["drop_flags"] or ())})


def decision_of(directory: str | Path, doc_id: str) -> tuple[Decision, dict[str, Any]]:
    """What a filter decided on a document, and its whole row of ``decisions.jsonl``; raises `ScanError` without one.

    The row tells ``n_chars`` and ``n_chars_left`` (what cleaning left), ``originality``, ``parts`` and ``flags``; what
    the thresholds said, with margins: `detector.thresholds.decisions.checks` of the document's score with
    `thresholds_of` the summary and this ``n_chars_left``. What was taken out of it: `removed_of`.
    """
    path = Path(directory) / "decisions.jsonl"
    begins = f'{{"id": {json_text(doc_id)}, '.encode()
    for line in _lines(path):
        if line.startswith(begins):
            row = json.loads(line)
            reasons, spared = (tuple(Reason(**reason) for reason in row[name]) for name in ("reasons", "spared"))
            return Decision(row["id"], row["kept"], reasons, spared), row
    raise ScanError(f'{directory}: no document "{printable(doc_id)}" was filtered there')


def removed_of(directory: str | Path, doc_id: str) -> list[dict[str, Any]]:
    """The rows of ``removed.jsonl`` that are about a document."""
    wanted = f'"id": {json_text(doc_id)}, '.encode()
    rows = (json.loads(line) for line in _lines(Path(directory) / "removed.jsonl") if wanted in line)
    return [row for row in rows if row["id"] == doc_id]


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror or error}") from None
