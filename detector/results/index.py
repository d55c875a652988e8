"""A scan as an object: made by the pipeline, or opened from the folder that one was written to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from detector.errors import DetectorError, ScanError
from detector.model import (
    Cluster,
    DocumentScore,
    Fill,
    Finding,
    Literal,
    Member,
    Outline,
    OutlineHeading,
    OutlineMember,
    Parts,
    Phrase,
    Slot,
)
from detector.records.reading import Reader, corpus_digest
from detector.settings import Settings
from detector.tables.rows import FindingRows, Rows
from detector.tables.scan_files import OPTIONAL_TABLES, TABLES, UNFINISHED, table_files
from detector.version import FORMAT_VERSION

ROW = TypeVar("ROW")


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything that a scan found; rows are in document order, then by start.

    The tables are sequences of rows that may be made when they are asked for: from the columns of a scan that was just
    made, or from the files of one that was opened. ``summary`` is what ``summary.json`` holds; ``texts`` the raw text
    by document id. Of a scan that was opened the texts are read again from its input when one is first asked for;
    `ScanError` where that is gone or has changed, or where a table does not fit its format.
    """

    documents: Sequence[DocumentScore]
    findings: Sequence[Finding]
    clusters: Sequence[Cluster]
    members: Sequence[Member]
    phrases: Sequence[Phrase]
    summary: Mapping[str, Any]
    texts: Mapping[str, str]
    outlines: Sequence[Outline] = ()

    def findings_of(self, doc_id: str) -> Sequence[Finding]:
        """The findings of one document, of none where there is no such document."""
        if isinstance(self.findings, FindingRows | StoredFindings):
            try:
                return self.findings.of(doc_id)
            except KeyError:
                return ()
        return tuple(finding for finding in self.findings if finding.doc == doc_id)

    def write(self, directory: str | Path) -> None:
        """Writes the files of the contract to a folder, each complete or not at all; raises `OutputError`."""
        from detector.results.writing import write_scan

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
        raise ScanError(f"{directory}: not a scan: {_not_a_scan(directory)}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScanError(f"{path}: cannot be read as the summary of a scan: {error}") from None
    if "plan" in summary:
        raise ScanError(f"{directory}: not a scan but a filter's folder; name the scan that it used ('why' takes both)")
    if version != FORMAT_VERSION:
        raise ScanError(
            f"{directory}: written in format {version}, this is format {FORMAT_VERSION}. Scan the input again."
        )
    from detector.results.writing import check_table  # whoever scans comes to writing last

    for name in TABLES:
        check_table(directory, name)
    return Scan(
        documents=StoredRows(directory, "documents", _document),
        findings=StoredFindings(directory, "findings", _finding),
        clusters=StoredRows(directory, "clusters", _cluster),
        members=StoredRows(directory, "members", _member),
        phrases=StoredRows(directory, "phrases", _phrase),
        summary=summary,
        texts=InputTexts(summary, directory, inputs),
        outlines=StoredRows(directory, "outlines", _outline),
    )


def _not_a_scan(directory: Path) -> str:
    """What is wrong with a folder that was named for a scan, and how to make one."""
    if (directory / UNFINISHED).is_dir():
        return "one that was begun there is not finished. Go on with: detector scan INPUT --out ... --resume"
    if directory.is_dir() and any(directory.iterdir()):
        return f"it holds no summary.json. To scan what it holds: detector scan {directory} --out NEW"
    state = "it holds no summary.json" if directory.is_dir() else "there is no such folder"
    return f"{state}. Make one with: detector scan INPUT --out {directory}"


class StoredRows(Rows[ROW]):
    """A table of a scan that was written; all of it is read when the first row is asked for."""

    def __init__(self, directory: Path, name: str, make: Callable[[dict[str, Any]], ROW]) -> None:
        self.directory, self.name, self._make = directory, name, make
        self._rows: list[ROW] | None = None

    def _all(self) -> list[ROW]:
        if self._rows is None:
            optional = self.name in OPTIONAL_TABLES and not table_files(self.directory, self.name)
            self._rows = [] if optional else self._read(self._written())
        return self._rows

    def _written(self, **which: str) -> Iterator[dict[str, Any]]:
        from detector.results.writing import read_rows

        return read_rows(self.directory, self.name, **which)

    def _read(self, rows: Iterator[dict[str, Any]]) -> list[ROW]:
        try:
            return [self._make(row) for row in rows]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ScanError(
                f"{self.directory}: its files do not fit its format: {error}. Scan the input again."
            ) from None

    def __len__(self) -> int:
        return len(self._all())

    def block(self, start: int, stop: int) -> list[ROW]:
        return self._all()[start:stop]

    def named(self, row_id: str) -> Sequence[ROW]:
        """The row of an id, none where there is none; no others are made for it."""
        return self._read(self._written(row_id=row_id))


class StoredFindings(StoredRows[Finding]):
    """The findings of a scan that was written."""

    def of(self, name: str) -> Sequence[Finding]:
        """Those of one document; no others are read for them."""
        if self._rows is None:
            return self._read(self._written(doc=name))
        return [finding for finding in self._rows if finding.doc == name]


def _finding(row: dict[str, Any]) -> Finding:
    return Finding(**row)


def _member(row: dict[str, Any]) -> Member:
    return Member(**row)


def _outline(row: dict[str, Any]) -> Outline:
    headings = tuple(OutlineHeading(**heading) for heading in row["headings"])
    members = (
        OutlineMember(**{**member, "missing": tuple(member["missing"]), "added": tuple(member["added"])})
        for member in row["members"]
    )
    return Outline(**{**row, "headings": headings, "members": tuple(members)})


def _phrase(row: dict[str, Any]) -> Phrase:
    return Phrase(**row)


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
