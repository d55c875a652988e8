"""One document with its findings in place: what of it was found elsewhere, left blank, added by a site or repeated.

With colour every part is a background; without it parts stand in brackets with their letter (``[S …]``) and marks in
angle quotes. The gutter counts offsets in the text, so that a line here meets its row in ``findings.jsonl``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rapidfuzz import process
from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.style import Style
from rich.text import Text

from detector.errors import ScanError
from detector.model import DocumentScore, Finding
from detector.report.column_lookup import lookup
from detector.report.lookup import Lookup
from detector.report.palette import PAINTS, bar, is_plain, legend, percent
from detector.report.shown import ELLIPSIS, clipped, rows, shortened, shown, widths
from detector.report.spans import painted
from detector.report.terminal import BOLD, DIM, columns, counted, document_notes, heading, one_line, text_rows

if TYPE_CHECKING:
    from detector.index import Scan

LINE_END = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
UNMARKED, MARK, PLACEHOLDER = range(3)
MARK_KINDS = ("masked", "year_swap", "script_error")
BLANK = Style(color="#ffffff", bgcolor="#6b2a00", bold=True, underline=True)
PLACES = 6
"""Offsets that a note lists before it only counts them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of one document's text of one part; ``mark`` tells a placeholder or a finding of no part on it."""

    start: int
    end: int
    part: str
    mark: int


class Place(NamedTuple):
    """An offset in a document."""

    doc: str
    start: int


@dataclass(frozen=True, slots=True)
class Note:
    """What was found at one or several places: ``letter`` of its part, what it says, and where."""

    letter: str
    kind: str
    text: str
    says: str
    starts: tuple[int, ...]


def render_document(scan: Scan, doc_id: str, console: Console) -> None:
    """Print one document with its findings; raises `ScanError` where the scan has no document of that id."""
    found = lookup(scan)
    score = found.scores.get(doc_id)
    if score is None:
        raise ScanError(_unknown(doc_id, list(found.scores)))
    plain = is_plain(console)
    findings = list(found.findings(doc_id))
    console.print(_header(score, console, plain=plain))
    text = scan.texts.get(doc_id)
    if text is None:
        console.print(Text("  The text is not at hand: the input has moved or changed since the scan.", DIM))
    else:
        _body(text, pieces(len(text), findings), console, plain=plain)
    _notes(notes(findings, found), console)


def _unknown(doc_id: str, ids: list[str]) -> str:
    """An error for an id that is not there, with those that look like it."""
    near = [shown(name) for name, *_ in process.extract(doc_id, ids, limit=3, score_cutoff=50)]
    hint = f"nearest: {', '.join(near)}" if near else "documents.jsonl lists them"
    return f"no document {shown(doc_id)!r} in this scan of {counted(len(ids), 'document')}; {hint}"


def _header(score: DocumentScore, console: Console, *, plain: bool) -> Panel:
    """Where the document comes from, and its figures."""
    inner = console.width - 6
    where = f"{shown(score.source)}, record {score.row:,}" if score.source else f"record {score.row:,}"
    families = f"of {score.n_chars:,} characters not seen elsewhere in {counted(score.n_families, 'family')}"
    lines: list[RenderableType] = [Text(shortened(shown(score.id), inner), BOLD), Text(shortened(where, inner), DIM)]
    lines += [Text(clipped(note, inner)) for note in document_notes(score)]
    lines.append(Text())
    if score.originality is None:
        lines.append(Text("A document without text."))
        return Panel(Group(*lines), box=box.ROUNDED, border_style=DIM, padding=(0, 2))
    lines.append(Text.assemble((percent(score.originality), BOLD), f" {families}"))
    if score.originality_1k is not None:
        lines.append(Text.assemble((percent(score.originality_1k), BOLD), " expected in a sample of 1,000 families"))
    n_columns = 6 if console.width >= 130 else 3
    figures: list[RenderableType] = [
        bar(score.parts, inner, plain=plain),
        columns(legend(score.parts, plain=plain), n_columns),
    ]
    return Panel(Group(*lines, *figures), box=box.ROUNDED, border_style=DIM, padding=(0, 2))


def pieces(length: int, findings: Sequence[Finding]) -> list[Piece]:
    """A text of ``length`` code points cut wherever its part or its mark changes."""
    marks = bytearray(length)
    for finding in findings:
        mark = PLACEHOLDER if finding.kind == "placeholder" else MARK if finding.kind in MARK_KINDS else UNMARKED
        start, end = max(0, finding.start), min(length, finding.end)
        if mark and start < end:
            marks[start:end] = bytes([mark]) * (end - start)
    found: list[Piece] = []
    for start, end, part in painted(length, findings):
        for run in re.finditer(rb"(.)\1*", bytes(marks[start:end]), re.DOTALL):
            found.append(Piece(start + run.start(), start + run.end(), part, marks[start + run.start()]))
    return found


def _body(text: str, cut: list[Piece], console: Console, *, plain: bool) -> None:
    """The text line by line behind a gutter of offsets."""
    n_gutter = max(4, len(f"{len(text):,}"))
    width = console.width - n_gutter - 3
    console.print()
    at = 0
    for start, end in _lines(text):
        while at < len(cut) and cut[at].end <= start:
            at += 1
        line = _line(text, cut, at, start, end, plain=plain)
        cuts = [row.end for row in rows(line.plain, width)][:-1]
        for number, row in enumerate(line.divide(cuts)):
            gutter = f"{start:>{n_gutter},}" if not number else " " * n_gutter
            console.print(one_line(Text.assemble((f"{gutter} │ ", DIM), row)))


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of the lines of a text, without what ends them."""
    start = 0
    for found in LINE_END.finditer(text):
        yield start, found.start()
        start = found.end()
    if start < len(text) or not text:
        yield start, len(text)


def _line(text: str, cut: list[Piece], at: int, start: int, end: int, *, plain: bool) -> Text:
    """One line of the text with its pieces drawn, from the piece ``at`` on."""
    drawn, open_part = Text(), "own"
    while at < len(cut) and cut[at].start < end:
        piece = cut[at]
        inside = shown(text[max(start, piece.start) : min(end, piece.end)])
        if plain and piece.part != open_part:
            drawn.append("]" if open_part != "own" else "")
            drawn.append(f"[{PAINTS[piece.part].letter} " if piece.part != "own" else "")
            open_part = piece.part
        drawn.append(f"«{inside}»" if plain and piece.mark else inside, _style(piece))
        at += 1
    drawn.append("]" if open_part != "own" else "")
    return drawn


def _style(piece: Piece) -> Style:
    """How a piece is drawn: its part as background, a mark bold and underlined, a placeholder darker still."""
    paint = PAINTS[piece.part]
    style = Style() if piece.part == "own" else paint.style
    if piece.mark == PLACEHOLDER:
        return BLANK
    return style + Style(bold=True, underline=True) if piece.mark else style


def notes(findings: Sequence[Finding], found: Lookup) -> list[Note]:
    """What the findings of a document say, those that say the same as one note, in the order of the text."""
    groups: defaultdict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for finding in findings:
        letter = PAINTS[finding.part].letter if finding.part else " "
        text = " ".join(finding.text.split())
        groups[letter, finding.kind, text, says(finding, found)].append(finding.start)
    return [Note(*key, starts=tuple(starts)) for key, starts in groups.items()]


def says(finding: Finding, found: Lookup) -> str:
    """Why a finding is one, in words: where the same text stands, how many families have it, or which rule spoke."""
    phrase = found.phrases.get(finding.cluster or "")
    if finding.kind == "phrase" and phrase is not None:
        return f"in {counted(phrase.n_families, 'family')}, {counted(phrase.n_occurrences, 'place')}"
    place = elsewhere(finding, found)
    if place is None:
        return ", ".join([shown(finding.rule or finding.kind), *evidence_words(finding.evidence)])
    if place.doc == finding.doc:
        return f"again the text at {place.start:,}, ratio {finding.score:.2f}"
    families = "" if finding.n_families is None else f", {counted(finding.n_families, 'family')}"
    return f"also in {shown(place.doc)} at {place.start:,}, ratio {finding.score:.2f}{families}"


def elsewhere(finding: Finding, found: Lookup) -> Place | None:
    """Where a passage or a repeat has its like: the place its evidence names, which is an earlier one or another's."""
    if finding.kind not in ("passage", "repeat"):
        return None
    start = finding.evidence.get("start")
    doc = finding.evidence.get("doc", finding.doc)
    if not isinstance(start, int) or doc not in found.scores:
        return None
    return Place(doc, start)


def evidence_words(evidence: Mapping[str, Any]) -> list[str]:
    """What evidence holds besides spans, as ``name value``."""
    return [
        f"{shown(name)} {shown(str(value))}"
        for name, value in evidence.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    ]


def _notes(found: list[Note], console: Console) -> None:
    """The notes below the text: offset, part, kind, what was found, and what it says, beside it if there is room."""
    if not found:
        return heading("Findings", "none", console)
    heading("Findings", f"{sum(len(note.starts) for note in found):,}, in the order of the text", console)
    n_text = max(8, console.width - 28)
    for note in found:
        chip = next((paint.style for paint in PAINTS.values() if paint.letter == note.letter), Style())
        first = Text.assemble((f"{note.starts[0]:>8,}", DIM), " ", (f" {note.letter} ", chip), " ")
        first.append(f"{shown(note.kind):<14}", BOLD).append(shortened(shown(note.text), n_text))
        where = _where(note.starts)
        if first.cell_len + sum(widths(note.says)) + 2 <= console.width and not where:
            console.print(one_line(first.append("  " + note.says, DIM)))
            continue
        console.print(one_line(first))
        for line in (note.says, where):
            for row in text_rows(Text(line, DIM), n_text, 3) if line else ():
                console.print(one_line(Text.assemble(" " * 27, row)))
    return None


def _where(starts: tuple[int, ...]) -> str:
    """How often a note holds and where, the first place aside; empty for a single one."""
    others = starts[1:]
    if not others:
        return ""
    listed = ", ".join(f"{start:,}" for start in others[:PLACES])
    more = f", {ELLIPSIS} {len(others) - PLACES:,} more" if len(others) > PLACES else ""
    return f"{len(starts):,} times, also at {listed}{more}"
