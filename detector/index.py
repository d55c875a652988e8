"""A scan as an object: made by the pipeline, or opened from the folder that one was written to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.errors import DetectorError, ScanError
from detector.model import (
    Cluster,
    DocumentScore,
    Fill,
    Finding,
    Literal,
    Member,
    Parts,
    Phrase,
    Slot,
)
from detector.reading import Reader, corpus_digest
from detector.settings import Settings
from detector.writing import FORMAT_VERSION, read_rows, write_scan


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything that a scan found; rows are in document order, then by start.

    ``summary`` is what ``summary.json`` holds; ``texts`` the raw text by document id. Of a scan that was opened the
    texts are read again from its input when one is first asked for; `ScanError` where that is gone or has changed.
    """

    documents: tuple[DocumentScore, ...]
    findings: tuple[Finding, ...]
    clusters: tuple[Cluster, ...]
    members: tuple[Member, ...]
    phrases: tuple[Phrase, ...]
    summary: Mapping[str, Any]
    texts: Mapping[str, str]

    def write(self, directory: str | Path) -> None:
        """Writes the files of the contract to a folder, each complete or not at all; raises `OutputError`."""
        write_scan(self, Path(directory))

    def report(self, limit: int = 10) -> None:
        """Prints the report to the terminal, ``limit`` rows a table."""
        from rich.console import Console

        from detector.report.terminal import render

        render(self, Console(), limit=limit)


def open_scan(directory: str | Path, inputs: list[str] | None = None) -> Scan:
    """The scan that was written to a folder; ``inputs`` says where its texts are now, if they were moved.

    Raises `ScanError` for a folder that holds no scan or one of another format version.
    """
    directory = Path(directory)
    path = directory / "summary.json"
    try:
        summary = json.loads(path.read_text("utf-8"))
        version = summary["format_version"]
    except FileNotFoundError:
        raise ScanError(
            f"{directory}: not a scan: it holds no summary.json. Make one with: detector scan INPUT --out {directory}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScanError(f"{path}: cannot be read as the summary of a scan: {error}") from None
    if version != FORMAT_VERSION:
        raise ScanError(
            f"{directory}: written in format {version}, this is format {FORMAT_VERSION}. Scan the input again."
        )
    try:
        return Scan(
            documents=tuple(_document(row) for row in read_rows(directory, "documents")),
            findings=tuple(Finding(**row) for row in read_rows(directory, "findings")),
            clusters=tuple(_cluster(row) for row in read_rows(directory, "clusters")),
            members=tuple(Member(**row) for row in read_rows(directory, "members")),
            phrases=tuple(Phrase(**row) for row in read_rows(directory, "phrases")),
            summary=summary,
            texts=InputTexts(summary, directory, inputs),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise ScanError(f"{directory}: its files do not fit its format: {error}. Scan the input again.") from None


def _document(row: dict[str, Any]) -> DocumentScore:
    return DocumentScore(**{**row, "parts": Parts(**row["parts"]), "flags": tuple(row["flags"])})


def _cluster(row: dict[str, Any]) -> Cluster:
    return Cluster(**{**row, "template": tuple(_template_part(part) for part in row["template"])})


def _template_part(part: dict[str, Any]) -> Literal | Slot:
    if "text" in part:
        return Literal(part["text"])
    return Slot(part["slot"], part["type"], tuple(Fill(**fill) for fill in part["fills"]))


class InputTexts(Mapping[str, str]):
    """The texts of a scan's input, read once when the first is asked for, if it still is what was scanned."""

    def __init__(self, summary: Mapping[str, Any], directory: Path, inputs: list[str] | None) -> None:
        self._summary, self._directory = summary, directory
        self._inputs = inputs if inputs is not None else list(summary.get("run", {}).get("inputs", ()))
        self._texts: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, str]:
        if self._texts is None:
            self._texts = self._read()
        return self._texts

    def _read(self) -> dict[str, str]:
        if not self._inputs or "-" in self._inputs:
            raise ScanError(
                f"{self._directory}: its texts came from memory or standard input. Name them with --input FILE."
            )
        settings = Settings.from_mapping(self._summary["settings"], f"{self._directory}/summary.json")
        try:
            documents = list(Reader(self._inputs, settings))
        except DetectorError as error:
            raise ScanError(f"{error}. If the input was moved, name it with --input.") from None
        if corpus_digest(documents) != self._summary["corpus"]["digest"]:
            raise ScanError(f"{self._directory}: its input has changed since it was scanned. Scan it again.")
        return {document.id: document.text for document in documents}
