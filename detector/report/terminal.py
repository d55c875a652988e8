"""The report of a scan on the terminal: how much is copied, what and where, what was left blank, what to do next.

Readable from 40 columns up, with and without colour. What a row cannot say is left to the other commands, which the
last section names with the ids of this corpus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.console import Console
from rich.style import Style
from rich.text import Text

from detector.model import DocumentScore, Phrase
from detector.report import brief, data
from detector.report.bars import bar, chip
from detector.report.column_lookup import lookup
from detector.report.drawing import (
    BOLD,
    COMMAND,
    DIM,
    Frame,
    cell_width,
    command,
    from_first,
    in_context,
    marked,
    names,
    padded,
    side_by_side,
    text_rows,
)
from detector.report.lookup import Lookup, measure
from detector.report.palette import PAINTS, percent
from detector.report.shown import ELLIPSIS, clipped, shortened, shown
from detector.report.words import KIND_TITLES, counted, problem_words

if TYPE_CHECKING:
    from detector.results.index import Scan

OTHER_KINDS = ("repeat", "spun_repeat", "year_swap", "script_error", "masked")
"""Kinds that share a section."""
PASSED_OVER = ("skipped_name", "results")
"""Reasons for which a file was not read that are what the settings ask for."""
SAMPLE_ROWS = 3
WIDE = 100
"""Columns from which on parts stand in two columns, and examples name their document."""
STEPS = " ▁▂▃▄▅▆▇█"
LEFT_BLANK = Style(color=PAINTS["unfilled"].colour)
BLANK = Style(color=PAINTS["unfilled"].ink, bgcolor=PAINTS["unfilled"].colour)


@dataclass(frozen=True, slots=True)
class Written:
    """Where the files of the scan that is reported are, and what was scanned, as the command line named them."""

    folder: str | None
    inputs: Sequence[str] = ()


def render(scan: Scan, console: Console, *, limit: int = 5, written: Written | None = None) -> None:
    """Print the report of ``scan``, at most ``limit`` rows of every list; what is left out is counted.

    With ``written`` it ends with the commands that go on from here.
    """
    frame = Frame.of(console, limit)
    found = lookup(scan)
    overview = data.overview(scan)
    if not overview.n_documents:
        frame.line("No documents were read.")
    else:
        _summary(overview, frame)
        copied = brief.most_copied(scan, found, limit)
        blank = brief.most_blank(scan, found, limit)
        _copied(copied, frame)
        _phrases(data.top_phrases(scan, 4 * limit), copied, frame)
        _blanks(blank, overview, frame)
        _junk(data.rule_rows(scan, 1), overview, frame)
        _documents(scan, overview, found, frame)
        _families(data.families(scan, limit, rows=found), overview, frame)
    input_section(data.skipped(scan), frame)
    if written is not None and overview.n_documents:
        _next(written, copied, blank, data.top_documents(scan, 1).rows, frame)


def _summary(overview: data.Overview, frame: Frame) -> None:
    """How much of the corpus is its own, and what the rest is."""
    for row in _headline(overview, frame.width):
        frame.line(row)
    if overview.originality is None:
        return
    frame.gap()
    frame.line(bar(overview.parts, frame.width, plain=frame.plain))
    frame.gap()
    cells = [_part(overview, name, frame) for name in PAINTS if getattr(overview.parts, name)]
    if frame.width < WIDE:
        for cell in cells:
            frame.line(cell)
    else:
        half = (len(cells) + 1) // 2
        for left, right in zip_longest(cells[:half], cells[half:], fillvalue=Text()):
            frame.line(left, " " * max(1, frame.width // 2 - left.cell_len), right)
    frame.gap()
    for line in _notes(overview):
        frame.paragraph(Text(line, DIM), 0, 3)


def _headline(overview: data.Overview, width: int) -> list[Text]:
    """Originality of the whole, in words that say what it was measured against."""
    n_documents = counted(overview.n_documents, "document")
    if overview.originality is None:
        return text_rows(Text(f"No text to measure: {n_documents}, all empty.", BOLD), width, 2)
    these = f"these {n_documents}" if overview.n_documents > 1 else "this one document"
    text = Text()
    if not overview.underestimated:
        text.append(percent(overview.originality_1k), BOLD)
        text.append(" expected not to be seen elsewhere in a sample of 1,000 families; ")
    text.append(percent(overview.originality), BOLD if overview.underestimated else "")
    text.append(f" of {overview.parts.total:,} characters not seen elsewhere in {these}")
    return text_rows(text, width, 4)


def _part(overview: data.Overview, name: str, frame: Frame) -> Text:
    """Name, share, characters and meaning of one part."""
    width = frame.width if frame.width < WIDE else frame.width // 2 - 2
    text = chip(name, plain=frame.plain)
    text.append(f" {name:<8} ")
    text.append(f"{percent(overview.parts.share(name)):>8}", BOLD)
    text.append(f"  {PAINTS[name].says}", DIM)
    return text if text.cell_len <= width else text_rows(text, width, 1)[0]


def _notes(overview: data.Overview) -> list[str]:
    """What the figures rest on."""
    corpus = [counted(overview.n_documents, "document"), counted(overview.n_families, "family")]
    corpus += [counted(overview.n_series, "series")] if overview.n_series else []
    corpus += [counted(overview.n_passages, "passage")] if overview.n_passages else []
    notes = [" · ".join(corpus)]
    if overview.underestimated:
        notes.append(
            f"With {counted(overview.n_families, 'family')} sharing is underestimated: "
            "figures compare across corpora from 1,000 on."
        )
    if overview.n_passages_crowded:
        notes.append(
            f"{counted(overview.n_passages_crowded, 'passage')} had more candidates than are compared: "
            "some of their matches may be missing."
        )
    return notes


def _copied(top: data.Top[brief.Copied], frame: Frame) -> None:
    """The paragraphs and sentences that most is copied of, with what differs between two of their places."""
    if not top.n_all:
        return frame.title("Copied", "no paragraph or sentence stands in two families")
    frame.title("Copied most", "in all places together · here|there where two of them differ")
    for number, item in enumerate(top.rows):
        if number:
            frame.gap()
        where = f" characters in {counted(item.n_families, 'family')}"
        where += f", {counted(item.n_places, 'place')}" if item.n_places != item.n_families else ""
        left = Text.assemble("  ", (f"{item.n_chars:,}", BOLD), where)
        name = clipped(shown(item.id), max(0, frame.width - left.cell_len - 2))
        gap = max(2, frame.width - left.cell_len - cell_width(name))
        frame.line(left, " " * gap, (name, DIM))
        frame.paragraph(_runs(item, frame), 4, SAMPLE_ROWS)
        frame.line("    ", (names(item.docs, item.n_documents, frame.width - 4), DIM))
        if item.blank_in:
            who = names(item.blank_in, len(item.blank_in), frame.width - 18)
            frame.line("    ", ("left blank in ", DIM), (who, LEFT_BLANK))
    frame.more(top.n_all - len(top.rows), "shared texts")
    return None


def _runs(item: brief.Copied, frame: Frame) -> Text:
    """The text of two places of a row as one, from shortly before the first difference if that is far."""
    if not item.runs:
        return Text("(the text is not at hand)", DIM)
    return side_by_side(from_first(item.runs, frame.width - 4, SAMPLE_ROWS), plain=frame.plain)


def _phrases(top: data.Top[Phrase], copied: data.Top[brief.Copied], frame: Frame) -> None:
    """Slogans beside those in the texts above: how many families have them, how often they stand."""
    above = [_key(run.here) for item in copied.rows for run in item.runs if run.same]
    above += [_key("".join(run.here for run in item.runs)) for item in copied.rows]
    rows = [phrase for phrase in top.rows if not any(_key(phrase.text) in text for text in above)][: frame.limit]
    if not rows:
        return
    frame.title("Said word for word", "families · places · the phrase, what is said above left out")
    for phrase in rows:
        counts = Text.assemble((f"{phrase.n_families:>7,}", BOLD), (f"{phrase.n_occurrences:>8,}  ", DIM))
        for place, row in enumerate(text_rows(Text(shown(phrase.text)), frame.width - counts.cell_len, 2)):
            frame.line(counts if not place else " " * counts.cell_len, row)
    frame.more(top.n_all - len(rows), "phrases")


def _key(text: str) -> str:
    """A text without blanks and digits: phrases hold the figures of their first place."""
    return "".join(char for char in text if not char.isspace() and not char.isdigit())


def _blanks(top: data.Top[brief.BlankRow], overview: data.Overview, frame: Frame) -> None:
    """Who left what blank, and what others have there."""
    if not top.n_all:
        return
    n_blanks = counted(overview.n_findings.get("placeholder", 0), "blank")
    frame.title("Left blank", f"{n_blanks} in {top.n_all:,} of {counted(overview.n_documents, 'document')}")
    for row in top.rows:
        share = f"{percent(row.share)} of its text"
        name = shortened(shown(row.doc), max(4, frame.width - len(share) - 11))
        frame.line("  ", (f"{row.n_blanks:>5,}", BOLD), f"  {name}  ", (share, DIM))
        frame.paragraph(_blank_line(row, frame), 9, 1)
        if row.filled:
            words = [f"{clipped(shown(each.text), 24)} in {shown(each.doc)}" for each in row.filled[:2]]
            frame.paragraph(Text.assemble(f"{clipped(shown(row.blank), 12)} is ", " · ".join(words)), 9, 1)
    frame.more(top.n_all - len(top.rows), "documents")


def _blank_line(row: brief.BlankRow, frame: Frame) -> Text:
    """The line of a blank, from shortly before the first blank on where that lies beyond the row."""
    first = row.blanks[0].start if row.blanks else 0
    text = marked(row.line, row.blanks, BLANK, plain=frame.plain)
    if first and cell_width(shown(row.line[:first])) > (frame.width - 9) * 2 // 3:
        return Text.assemble((ELLIPSIS, DIM), text[max(0, first - 10) :])
    return text


def _junk(found: Sequence[data.RuleRow], overview: data.Overview, frame: Frame) -> None:
    """What the site added, by rule; then what else was found, a row each."""
    junk = [row for row in found if row.kind == "junk"]
    if junk:
        n_junk = counted(sum(row.n_findings for row in junk), "piece")
        frame.title("Junk", f"{n_junk} that the site added, by rule")
        for row in junk[: frame.limit]:
            _example(row, row.rule.removeprefix("junk."), frame)
        frame.more(len(junk) - frame.limit, "rules")
    others = [row for kind in OTHER_KINDS for row in found if row.kind == kind]
    if others or overview.n_flags:
        frame.title("Also found")
        for kind in OTHER_KINDS:
            mine = [row for row in others if row.kind == kind]
            if mine:
                n_findings, first = sum(row.n_findings for row in mine), mine[0]
                _example(first, KIND_TITLES[kind][0].lower(), frame, n_findings)
        for flag, number in sorted(overview.n_flags.items(), key=lambda item: (-item[1], item[0])):
            frame.count(number, f"{_noun(number, 'document')} {shown(flag)}", 1)


def _example(row: data.RuleRow, name: str, frame: Frame, n_findings: int | None = None) -> None:
    """A rule in one line: how often it spoke, its name, and an example."""
    n_name = 20 if frame.width >= 60 else 12
    line = Text.assemble("  ", (f"{n_findings or row.n_findings:>7,}", BOLD), "  ")
    line.append(padded(shortened(shown(name), n_name), n_name)).append("  ")
    n_doc = 24 if frame.width >= WIDE else 0
    example = row.examples[0]
    room = frame.width - line.cell_len - (n_doc + 2 if n_doc else 0)
    if room >= 10:
        line.append_text(in_context(example.before, example.text, example.after, room, plain=frame.plain))
    if n_doc:
        line.append(" " * max(2, frame.width - n_doc - line.cell_len))
        line.append(shortened(shown(example.doc), n_doc), DIM)
    frame.line(line)


def _documents(scan: Scan, overview: data.Overview, found: Lookup, frame: Frame) -> None:
    """The least and the most original documents, with what they are made of."""
    ends = brief.extremes(scan, found, frame.limit)
    if not ends.n_all:
        return
    frame.title("Documents", "least original first" if ends.n_all > 1 else "")
    if ends.n_all > frame.limit:
        line = Text.assemble("         0 % ", distribution(overview.bins), " 100 %")
        if frame.width - line.cell_len > 26:
            line.append("  documents by originality", DIM)
        frame.line(line)
    n_number = max((len(f"{score.n_chars:,}") for score in (*ends.least, *ends.most)), default=1)
    n_bar = 20 if frame.width < WIDE else 32
    if frame.width < 60:
        n_bar = 8
    for score in ends.least:
        _document(score, n_bar, n_number, frame)
    n_between = ends.n_all - len(ends.least) - len(ends.most)
    if n_between:
        frame.line((f"  {ELLIPSIS} {n_between:,} more", DIM))
    for score in ends.most:
        _document(score, n_bar, n_number, frame)


def distribution(bins: Sequence[int]) -> str:
    """Counts as steps, one a bin; what is not 0 is seen."""
    most = max(bins, default=0) or 1
    return "".join(STEPS[-(-count * (len(STEPS) - 1) // most)] for count in bins)


def _document(score: DocumentScore, n_bar: int, n_number: int, frame: Frame) -> None:
    """One document in one line."""
    line = Text.assemble((f"{percent(measure(score)):>9}", BOLD), "  ", bar(score.parts, n_bar, plain=frame.plain))
    line.append(f"  {score.n_chars:>{n_number},}  ", DIM)
    room = max(4, frame.width - line.cell_len)
    notes = "  ".join(["", *document_notes(score)])
    name = shortened(shown(score.id), max(4, room - cell_width(notes) if cell_width(notes) < room // 2 else room // 2))
    line.append(name).append(clipped(notes, max(0, room - cell_width(name))), DIM)
    frame.line(line)


def without_figures(score: DocumentScore) -> str:
    """What is said of a document that has no originality."""
    if score.n_chars:
        return "Its parts were not measured: the scan looked at whole documents only (--level document)."
    return "A document without text."


def document_notes(score: DocumentScore) -> list[str]:
    """What has to be said about a document besides its figures."""
    notes = [f"copy of {shown(score.duplicate_of)}"] if score.duplicate_of is not None else []
    return notes + ([", ".join(shown(flag) for flag in score.flags)] if score.flags else [])


def _families(top: data.Top[data.FamilyRow], overview: data.Overview, frame: Frame) -> None:
    """Near-duplicate documents: the head, and its copies with their Jaccard."""
    if not top.n_all:
        return
    n_copies = overview.n_documents - overview.n_families
    frame.title("Families", f"{counted(n_copies, 'near-copy')} of other documents in {counted(top.n_all, 'family')}")
    for row in top.rows:
        copies = [f"{name} {ratio:.2f}" for name, ratio in row.copies[: brief.MAX_PLACES]]
        head = shortened(shown(row.head), max(4, (frame.width - 18) // 2))
        line = Text.assemble("  ", (f"{row.n_copies + 1:>7,}", BOLD), f"  {head}  ")
        line.append(names(copies, row.n_copies, max(4, frame.width - line.cell_len)), DIM)
        frame.line(line)
    frame.more(top.n_more, "families")


def input_section(skipped: data.Skipped, frame: Frame) -> None:
    """How the files were read, and what could not be used and why."""
    lost = {name: number for name, number in skipped.n_problems.items() if name not in PASSED_OVER}
    n_passed = sum(number for name, number in skipped.n_problems.items() if name in PASSED_OVER)
    n_lost = sum(lost.values())
    frame.title("Input", "everything was read" if not n_lost else f"{n_lost:,} skipped or changed while reading")
    rows = [(number, f"{_noun(number, 'file')} read as {shown(name)}") for name, number in skipped.formats.items()]
    rows += [(n_passed, f"{_noun(n_passed, 'file')} passed over, as the settings ask (skip_files)")]
    rows += [(number, problem_words(name)) for name, number in lost.items()]
    rows += [
        (
            skipped.n_without_tokens,
            f"{_noun(skipped.n_without_tokens, 'document')} without any token: nothing to measure",
        )
    ]
    for number, says in rows:
        if number:
            frame.count(number, says)
    examples = [message for message in skipped.examples if "(skip_files)" not in message][: frame.limit]
    for message in examples if n_lost else ():
        for number, row in enumerate(text_rows(Text(shown(message)), frame.width - 13, 3)):
            frame.line("           ", ("- " if not number else "  ", DIM), row)
    frame.more(n_lost - len(examples) if n_lost else 0, "of these")


def _noun(number: int, noun: str) -> str:
    """A noun in singular or plural, without its number."""
    return counted(number, noun).partition(" ")[2]


def _next(
    written: Written,
    copied: data.Top[brief.Copied],
    blank: data.Top[brief.BlankRow],
    least: Sequence[DocumentScore],
    frame: Frame,
) -> None:
    """The commands that go on from here, with the ids of this corpus."""
    folder = written.folder
    if folder is None:
        frame.title("Next", "nothing was written: name a folder with --out to keep this scan")
        return
    frame.title("Next", f"{shown(folder)} holds report.html for reading, and tables with every row")
    steps: list[tuple[str, str | None]] = []
    if blank.rows:
        steps.append(("blanks in place", command("detector", "explain", folder, "--doc", blank.rows[0].doc)))
    if least:
        steps.append(("least original: why", command("detector", "why", folder, least[0].id)))
    if copied.rows:
        steps.append(("a copy and its fills", command("detector", "templates", folder, copied.rows[0].id)))
    steps.append(("what a filter would drop", command("detector", "tune", folder)))
    for says, line in steps:
        if line is not None:  # drawn whole, whatever the width: a command that was cut cannot be copied
            text = Text.assemble("  ", (padded(says, 26), DIM), (line, COMMAND))
            frame.console.print(text, soft_wrap=True)
