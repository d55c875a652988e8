"""One document with its findings in place: what of it was found elsewhere, left blank, added by a site or repeated.

With colour every part is a background; without it parts stand in brackets with their letter (``[S …]``) and marks in
angle quotes. The gutter counts offsets in the text, so that a line here meets its row in ``findings.jsonl``.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.console import Console
from rich.style import Style
from rich.text import Text

from detector.errors import ScanError
from detector.model import DocumentScore, Finding
from detector.report.bars import bar, chip, style_of
from detector.report.blanks import filled_elsewhere, knows_templates, slot_words
from detector.report.column_lookup import lookup
from detector.report.drawing import BOLD, DIM, Frame, cell_width, text_rows
from detector.report.lookup import Lookup
from detector.report.palette import PAINTS, percent
from detector.report.reasons import MARK_KINDS, PLACEHOLDER, Piece, pieces, says
from detector.report.shown import ELLIPSIS, clipped, rows, shortened, shown
from detector.report.terminal import document_notes, without_figures
from detector.report.words import counted, nearest

if TYPE_CHECKING:
    from detector.results.index import Scan

LINE_END = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
BLANK = Style(color="#ffffff", bgcolor="#6b2a00", bold=True, underline=True)
PLACES = 6
"""Offsets that a note lists before it only counts them."""


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
        raise ScanError(unknown(doc_id, list(found.scores)))
    frame = Frame.of(console, 0)
    findings = list(found.findings(doc_id))
    _header(score, frame)
    text = scan.texts.get(doc_id)
    if text is None:
        frame.gap()
        frame.line(("  The text is not at hand: the input has moved or changed since the scan.", DIM))
    else:
        if score.originality is not None:
            frame.gap()
            _legend(score, findings, frame)
        _body(text, pieces(len(text), findings), frame)
    _blanks(findings, found, frame)
    listed = _beside_passages([finding for finding in findings if finding.kind != "placeholder"])
    _notes(notes(listed, found), frame)


def unknown(doc_id: str, ids: list[str]) -> str:
    """An error for an id that is not there, with those that look like it."""
    hint = nearest(doc_id, ids) or "documents.jsonl lists them"
    return f"no document {shown(doc_id)!r} in this scan of {counted(len(ids), 'document')}; {hint}"


def _header(score: DocumentScore, frame: Frame) -> None:
    """Where the document comes from, and its figures."""
    where = f"{shown(score.source)}, record {score.row:,}" if score.source else f"record {score.row:,}"
    frame.line((shortened(shown(score.id), frame.width), BOLD))
    frame.line((shortened(where, frame.width), DIM))
    for note in document_notes(score):
        frame.line(clipped(note, frame.width))
    frame.gap()
    if score.originality is None:
        frame.paragraph(Text(without_figures(score)), 0, 2)
        return
    families = f"of {score.n_chars:,} characters not seen elsewhere in {counted(score.n_families, 'family')}"
    line = Text.assemble((percent(score.originality), BOLD), f" {families}")
    if score.originality_1k is not None:
        line.append("; ").append(percent(score.originality_1k), BOLD).append(" expected in a sample of 1,000 families")
    for row in text_rows(line, frame.width, 3):
        frame.line(row)
    frame.line(bar(score.parts, frame.width, plain=frame.plain))


def _legend(score: DocumentScore, findings: Sequence[Finding], frame: Frame) -> None:
    """How the parts that the document has are drawn in its text."""
    line = Text()
    words = [
        Text.assemble(chip(name, plain=frame.plain), f" {name} ", (percent(score.parts.share(name)), BOLD))
        for name in PAINTS
        if getattr(score.parts, name)
    ]
    if any(finding.kind == "placeholder" for finding in findings):
        words.append(Text.assemble(("«blank»" if frame.plain else " blank ", BLANK)))
    if any(finding.kind in MARK_KINDS for finding in findings):
        words.append(Text.assemble(("«marked»" if frame.plain else "marked", Style(bold=True, underline=True))))
    for word in words:
        if line.cell_len and line.cell_len + word.cell_len + 3 > frame.width:
            frame.line(line)
            line = Text()
        line.append("   " if line.cell_len else "").append_text(word)
    frame.line(line)


def _body(text: str, cut: list[Piece], frame: Frame) -> None:
    """The text line by line behind a gutter of offsets."""
    n_gutter = max(4, len(f"{len(text):,}"))
    width = frame.width - n_gutter - 3
    frame.gap()
    at = 0
    for start, end in _lines(text):
        while at < len(cut) and cut[at].end <= start:
            at += 1
        line = _line(text, cut, at, start, end, plain=frame.plain)
        cuts = [row.end for row in rows(line.plain, width)][:-1]
        for number, row in enumerate(line.divide(cuts)):
            gutter = f"{start:>{n_gutter},}" if not number else " " * n_gutter
            frame.line((f"{gutter} │ ", DIM), row)


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
    style = Style() if piece.part == "own" else style_of(paint)
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


def _blanks(findings: Sequence[Finding], found: Lookup, frame: Frame) -> None:
    """What other documents have in the place of blanks; those that nobody else filled in stand in the text alone."""
    blanks = [finding for finding in findings if finding.kind == "placeholder"]
    if not blanks:
        return
    deep = knows_templates(found)
    told = [(blank, filled) for blank in blanks if (filled := filled_elsewhere(blank, findings, found, deep=deep))]
    note = "what other documents have there" if told else "no other document has their place filled in"
    frame.title("Left blank", f"{counted(len(blanks), 'blank')}, {note}")
    for blank, filled in told:
        words = " · ".join(f"{clipped(shown(each.text), 30)} in {shown(each.doc)}" for each in filled)
        where = Text.assemble((f"{blank.start:>8,}", DIM), " ", chip("unfilled", plain=frame.plain), " ")
        mark = f"«{shown(blank.text)}»" if frame.plain else shown(blank.text)
        line = Text.assemble((clipped(mark, 16), BLANK), f" is {words}")
        if slot := slot_words(blank):
            line.append(f"  {shown(slot)}", DIM)
        for place, row in enumerate(text_rows(line, frame.width - where.cell_len, 3)):
            frame.line(" " * where.cell_len if place else where, row)
    if told and len(told) < len(blanks):
        frame.line((f"{'':>8} {len(blanks) - len(told):,} others are filled in nowhere", DIM))


def _beside_passages(findings: Sequence[Finding]) -> list[Finding]:
    """The findings without the phrases that lie in a shared passage: they say again what it says."""
    passages = sorted((item.start, item.end) for item in findings if item.part == "shared")
    reach = list(accumulate((end for _, end in passages), max))
    kept = []
    for item in findings:
        before = bisect_right(passages, (item.start, sys.maxsize))
        if item.kind != "phrase" or not before or reach[before - 1] < item.end:
            kept.append(item)
    return kept


def _notes(found: list[Note], frame: Frame) -> None:
    """The notes below the text: offset, part, kind, what was found, and what it says, beside it if there is room."""
    if not found:
        return
    n_all = sum(len(note.starts) for note in found)
    frame.title("Findings", f"{n_all:,}, in the order of the text, with the ids that templates and phrases take")
    n_text = max(8, frame.width - 28)
    for note in found:
        part = next((name for name, paint in PAINTS.items() if paint.letter == note.letter), None)
        mark = Text("   " if not frame.plain else " ") if part is None else chip(part, plain=frame.plain)
        first = Text.assemble((f"{note.starts[0]:>8,}", DIM), " ", mark, " ")
        first.append(f"{shown(note.kind):<13}", BOLD).append(shortened(shown(note.text), n_text))
        where = _where(note.starts)
        if first.cell_len + cell_width(note.says) + 2 <= frame.width and not where:
            frame.line(first.append("  " + note.says, DIM))
            continue
        frame.line(first)
        for line in (note.says, where):
            if line:
                frame.paragraph(Text(line, DIM), 24 if frame.plain else 26, 3)


def _where(starts: tuple[int, ...]) -> str:
    """How often a note holds and where, the first place aside; empty for a single one."""
    others = starts[1:]
    if not others:
        return ""
    listed = ", ".join(f"{start:,}" for start in others[:PLACES])
    more = f", {ELLIPSIS} {len(others) - PLACES:,} more" if len(others) > PLACES else ""
    return f"{len(starts):,} times, also at {listed}{more}"
