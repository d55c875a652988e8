"""What a scan found as span attributes beside the data, in the format that dolma's tools read.

A row of an attribute file belongs to the same row of the file of documents: ``{"id", "attributes": {name: [[start, end,
score]]}}``, the names with ``detector__`` in front, offsets in code points. So a mixer can replace or drop by them, and
nothing of the text is written twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from detector.errors import OutputError, ScanError, printable
from detector.model import DocumentScore, Finding
from detector.records.formats import JsonLine, read_name
from detector.records.inputs import STDIN
from detector.records.json_rows import dumps, lookup, parse_object
from detector.records.reading import Reader, Record
from detector.records.shards import Compressed
from detector.results.index import Scan

PREFIX = "detector__"
Spans = dict[str, list[tuple[int, int, float]]]


@dataclass(frozen=True, slots=True)
class AttributeSummary:
    """What was written: files, rows, and how many spans of each attribute."""

    n_files: int
    n_rows: int
    n_spans: dict[str, int]


def write_attributes(reader: Reader, scan: Scan, out: str | Path) -> AttributeSummary:
    """Writes an attribute file for every file of the input, below ``out`` under the same name and compression.

    ``junk``, ``unfilled``, ``shared``, ``phrase`` and ``repeated`` are the spans that count for a part, the other kinds
    of findings (``placeholder``, ``masked`` ...) their own spans; ``originality``, ``duplicate`` and ``n_chars`` are
    one span over the whole text with the value as score. Every record has a row, in order, with the id that stands in
    the record. Raises `ScanError` where the scan is not of this input, `OutputError` where ``out`` holds something or
    cannot be written.
    """
    out = Path(out)
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise OutputError(f"{out} is there already; name another folder or remove it")
    documents = {document.id: document for document in scan.documents}
    spans = _spans(scan.findings)
    n_spans: dict[str, int] = defaultdict(int)
    n_rows = 0
    written: list[tuple[Path, Path]] = []
    with _all_or_nothing(out, written):
        for name, records in _by_file(reader.records()):
            partial = out / f".{len(written)}.partial"
            written.append((partial, out / name))
            file = Compressed(partial, read_name(name).compression)
            try:
                for record in records:
                    attributes = _attributes(record, documents, spans, reader.settings.text_field)
                    n_rows += 1
                    for key, found in attributes.items():
                        n_spans[key] += len(found)
                    row = {"id": _own_id(record, reader.settings.id_field), "attributes": attributes}
                    file.write((dumps(row) + "\n").encode("utf-8", "surrogatepass"))
            finally:
                file.close()
    return AttributeSummary(len(written), n_rows, dict(sorted(n_spans.items())))


def _spans(findings: Iterable[Finding]) -> dict[str, Spans]:
    """The spans of each document by attribute, without the prefix."""
    found: dict[str, Spans] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        for start, end in finding.claims:
            assert finding.part is not None
            found[finding.doc][finding.part].append((start, end, finding.score))
        if finding.kind not in ("junk", "passage", "phrase", "repeat"):
            found[finding.doc][finding.kind].append((finding.start, finding.end, finding.score))
    return found


def _attributes(
    record: Record, documents: dict[str, DocumentScore], spans: dict[str, Spans], text_field: str
) -> dict[str, Any]:
    """The attributes of a record, none where it has no document."""
    if record.document is None:
        return {}
    document = documents.get(record.document.id)
    text = record.document.text
    if document is None or sum(not char.isspace() for char in text) != document.n_chars:
        name = printable(record.document.id)
        raise ScanError(f'the document "{name}" is not what was scanned, or not in the scan; scan the input again')
    values = {
        "originality": document.originality,
        "originality_1k": document.originality_1k,
        "duplicate": None if document.duplicate_of is None else 1.0,
        "n_chars": float(document.n_chars),
    }
    found = {name: [(0, len(text), value)] for name, value in values.items() if value is not None}
    found |= {name: sorted(set(places)) for name, places in sorted(spans.get(document.id, {}).items())}
    return {PREFIX + name: places for name, places in found.items()}


def _own_id(record: Record, id_field: str | None) -> Any:
    """The id as it stands in the record, not as it was made distinct: a mixer compares them."""
    raw = record.raw
    if isinstance(raw, JsonLine):
        fields, _ = parse_object(raw.data.decode(raw.encoding.name, "replace"))
        if fields is not None:
            has, value = lookup(fields, id_field or "id")
            if has:
                return value
    return record.document.id if record.document is not None else None


def _by_file(records: Iterable[Record]) -> Iterator[tuple[str, Iterator[Record]]]:
    """The records of each source together, with the name of its attribute file."""
    for source, found in groupby(records, key=lambda record: record.source):
        name = "stdin.jsonl" if source == STDIN else source
        told = read_name(name)
        yield (name if told.format in ("jsonl", "json") else f"{told.uncompressed}.jsonl"), found


@contextmanager
def _all_or_nothing(out: Path, written: list[tuple[Path, Path]]) -> Iterator[None]:
    """Moves the ``written`` files to their names in the end; whatever goes wrong, none stays."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield
        for partial, target in written:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error
    finally:
        for partial, _ in written:
            partial.unlink(missing_ok=True)
