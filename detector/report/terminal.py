"""The report of a scan on the terminal: from 80 columns up, readable with and without colour.

Everything is drawn as `rich.text.Text` from `shown` text, never as markup, and measured in cells, so that wide
characters align and a document can neither inject styles nor move the cursor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from detector.model import DocumentScore, Phrase, Span
from detector.report import data
from detector.report.column_lookup import lookup
from detector.report.lookup import measure
from detector.report.palette import PAINTS, bar, is_plain, legend, percent
from detector.report.shown import ELLIPSIS, clipped, rows, shortened, shown, widths

if TYPE_CHECKING:
    from detector.index import Scan

KIND_TITLES = {
    "placeholder": ("Placeholders", "blanks that nobody filled in"),
    "junk": ("Junk", "what the site added"),
    "masked": ("Masked", "made unreadable on purpose, no part of the score"),
    "year_swap": ("Swapped years", "a year compared with itself, or a wrong anniversary"),
    "spun_repeat": ("Spun repeats", "a sentence and its rewording in a row"),
    "script_error": ("Script errors", "characters of a wrong conversion to traditional"),
    "repeat": ("Repeats", "passages that match an earlier one of the same document"),
}
NOUNS = {
    "document": "documents",
    "family": "families",
    "series": "series",
    "place": "places",
    "character": "characters",
    "copy": "copies",
    "passage": "passages",
}
JUSTIFY: tuple[JustifyMethod, ...] = ("right", "left", "right", "left")
SAMPLE_ROWS = 3
LEAD = 20
"""Characters before the first difference of a long sample."""
WIDE = 110
DIM = Style(dim=True)
BOLD = Style(bold=True)
DIFFERENT = Style(color="#1b1f24", bgcolor="#d7c6f0", bold=True)
"""What differs between two members; with its own colour, because it is no part."""
MARKS = {
    "placeholder": PAINTS["unfilled"].style,
    "junk": PAINTS["junk"].style,
    "repeat": PAINTS["repeated"].style,
    "spun_repeat": PAINTS["repeated"].style,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the report is drawn: the console, the rows a list may have, and whether colours are missing."""

    console: Console
    limit: int
    plain: bool

    @property
    def width(self) -> int:
        """Columns of the console."""
        return self.console.width


def render(scan: Scan, console: Console, *, limit: int = 10) -> None:
    """Print the report of ``scan``, at most ``limit`` rows of every list; what is left out is counted."""
    frame = Frame(console, limit, is_plain(console))
    found = lookup(scan)
    console.print(_summary(data.overview(scan), frame))
    if scan.documents:
        _documents(scan, frame)
        _shared(data.shared_texts(scan, "passage", limit, rows=found), "Shared passages", frame)
        _shared(data.shared_texts(scan, "block", limit, rows=found), "Shared blocks", frame)
        _phrases(data.top_phrases(scan, limit), frame)
        _rules(data.rule_rows(scan, 1), frame)
        _families(data.families(scan, limit, rows=found), frame)
    _skipped(data.skipped(scan), frame)


def counted(number: int, noun: str) -> str:
    """A number with its noun in singular or plural.

    >>> counted(1, "family"), counted(1200, "family")
    ('1 family', '1,200 families')
    """
    return f"{number:,} {noun if number == 1 else NOUNS[noun]}"


def _summary(overview: data.Overview, frame: Frame) -> Panel:
    """The figures of the whole corpus."""
    if not overview.n_documents:
        return Panel(Text("No documents were read."), box=box.ROUNDED, border_style=DIM, padding=(0, 1))
    inner = frame.width - 6
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(no_wrap=True, style=DIM)
    facts.add_column(overflow="fold")
    for label, value in _facts(overview):
        facts.add_row(Text(label), Text(value))
    content: list[RenderableType] = [
        _headline(overview),
        Text(),
        bar(overview.parts, inner, plain=frame.plain),
        columns(legend(overview.parts, plain=frame.plain), 6 if frame.width >= WIDE + 20 else 3),
        Text(),
        facts,
    ]
    return Panel(Group(*content), box=box.ROUNDED, border_style=DIM, padding=(1, 2))


def _headline(overview: data.Overview) -> Text:
    """Originality of the whole, in words that say what it was measured against."""
    n_chars = f"{overview.parts.total:,}"
    here = f"not seen elsewhere in these {counted(overview.n_documents, 'document')}"
    if overview.originality is None:
        return Text("No text to measure: every document is empty.", BOLD)
    if overview.underestimated:
        return Text.assemble((percent(overview.originality), BOLD), f" of {n_chars} characters {here}")
    return Text.assemble(
        (percent(overview.originality_1k), BOLD),
        f" of {n_chars} characters expected not to be seen elsewhere in a sample of 1,000 families; "
        f"{percent(overview.originality)} {here}",
    )


def _facts(overview: data.Overview) -> list[tuple[str, str]]:
    """Label and value of the lines below the bar."""
    corpus = [counted(overview.n_documents, "document"), counted(overview.n_families, "family")]
    corpus += [counted(overview.n_series, "series")] if overview.n_series else []
    facts = [("corpus", " · ".join(corpus))]
    if overview.n_passages:
        alone = f", {overview.n_matched_alone:,} of them outside any cluster" if overview.n_matched_alone else ""
        matched = f"{overview.n_passages_matched:,} match another{alone}"
        crowded = f"; {overview.n_passages_crowded:,} had more candidates than are compared"
        matched += crowded if overview.n_passages_crowded else ""
        facts.append(("passages", f"{overview.n_passages:,}, {matched}"))
    facts.append(("findings", _counts(overview.n_findings) or "none"))
    if overview.n_flags:
        facts.append(("flags", _counts(overview.n_flags)))
    if overview.underestimated:
        few = f"these are {counted(overview.n_families, 'family')}; figures compare across corpora from 1,000 on"
        facts.append(("note", f"sharing is underestimated: {few}"))
    return facts


def _counts(counts: Mapping[str, int]) -> str:
    """Names and numbers in one line, the largest first."""
    order = sorted((item for item in counts.items() if item[1]), key=lambda item: (-item[1], item[0]))
    return " · ".join(f"{shown(name)} {number:,}" for name, number in order)


def columns(texts: Iterable[Text], n_columns: int) -> Table:
    """Texts side by side in equal columns."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in range(n_columns):
        table.add_column(ratio=1, no_wrap=True)
    cells = list(texts)
    for start in range(0, len(cells), n_columns):
        table.add_row(*cells[start : start + n_columns])
    return table


def heading(title: str, note: str, console: Console) -> None:
    """A blank line, then the title of a section with a rule and what its rows are."""
    note = clipped(note, max(0, console.width - len(title) - 6))
    line = "─" * max(2, console.width - len(title) - sum(widths(note)) - 2)
    console.print()
    console.print(one_line(Text.assemble((title, BOLD), " ", (line, DIM), " ", (note, DIM))))


def one_line(text: Text) -> Text:
    """A text that is cut at the console's edge rather than wrapped."""
    text.no_wrap, text.overflow = True, "crop"
    return text


def _more(n_more: int, where: str, frame: Frame) -> None:
    """How many rows a list has left out, and where they are."""
    if n_more:
        frame.console.print(one_line(Text(f"  {ELLIPSIS} {n_more:,} more in {where}", DIM)))


def _documents(scan: Scan, frame: Frame) -> None:
    """Documents with originality and parts, the least original first: those are the ones to look at."""
    top = data.top_documents(scan, frame.limit)
    heading("Documents", f"least original first, {len(top.rows):,} of {top.n_all:,}", frame.console)
    n_bar = 44 if frame.width >= WIDE else 26
    n_number = max([5, *(len(f"{score.n_chars:,}") for score in top.rows)])
    n_id = max(4, frame.width - n_bar - n_number - 14)
    table = Table.grid(padding=(0, 2, 0, 0))
    for justify in JUSTIFY:
        table.add_column(justify=justify, no_wrap=True)
    table.add_row(*(Text(name, DIM) for name in ("original", "parts", "chars", "document")))
    for score in top.rows:
        name = Text(shortened(shown(score.id), n_id))
        for note in document_notes(score):
            inline = name.cell_len + sum(widths(note)) + 2 <= n_id
            name.append("  " + note if inline else "\n" + shortened(note, n_id), DIM)
        drawn = bar(score.parts, n_bar, plain=frame.plain)
        table.add_row(Text(percent(measure(score)), BOLD), drawn, Text(f"{score.n_chars:,}"), name)
    frame.console.print(table)
    _more(top.n_more, "documents.jsonl", frame)


def document_notes(score: DocumentScore) -> list[str]:
    """What has to be said about a document besides its figures."""
    notes = [f"copy of {shown(score.duplicate_of)}"] if score.duplicate_of is not None else []
    return notes + ([", ".join(shown(flag) for flag in score.flags)] if score.flags else [])


def _shared(top: data.Top[data.SharedText], title: str, frame: Frame) -> None:
    """Passages or blocks that several families have, with what differs between two of them."""
    if not top.n_all:
        return heading(title, "none in two families", frame.console)
    heading(title, f"most characters first, {len(top.rows):,} of {top.n_all:,}; what differs is marked", frame.console)
    for number, item in enumerate(top.rows, start=1):
        parts = [counted(item.n_chars, "character"), counted(item.n_families, "family")]
        parts += [counted(item.n_documents, "document"), counted(item.n_members, "place")]
        place = f"{number:>3}  "
        if number > 1:
            frame.console.print()
        left = clipped(" · ".join(parts), frame.width - 5)
        name = clipped(shown(item.id), max(0, frame.width - len(left) - 7))
        gap = " " * max(1, frame.width - 5 - len(left) - sum(widths(name)))
        frame.console.print(one_line(Text.assemble((place, DIM), (left, BOLD), gap, (name, DIM))))
        _sample(item.example, "", frame, first=_first_change(item))
        if item.other is not None:
            same = item.other.text == item.example.text
            how = ", the same" if same else f", ratio {item.other.ratio:.2f}"
            _sample(item.other, how, frame, first=None if same else _first_change(item), brief=same)
    _more(top.n_more, "clusters.jsonl", frame)
    return None


def _first_change(item: data.SharedText) -> int | None:
    """Where two members first differ; up to there their texts are the same. None where they do not."""
    sides = (item.example, item.other) if item.other is not None else (item.example,)
    return min((side.changed[0].start for side in sides if side.changed), default=None)


def _sample(sample: data.Sample, how: str, frame: Frame, *, first: int | None, brief: bool = False) -> None:
    """One member: where it stands, then, unless ``brief``, its text with what differs from the other one marked.

    Where the ``first`` difference lies beyond the rows there are for it, the text begins shortly before it.
    """
    note = f" at {sample.start:,}{how}"
    name = shortened(shown(sample.doc), max(4, frame.width - 5 - len(note)))
    frame.console.print(one_line(Text.assemble("     ", (name, DIM), (note, DIM))))
    if brief:
        return
    text = marked(sample.text, sample.changed, DIFFERENT, plain=frame.plain)
    width = frame.width - 7
    if not sample.text:
        text = Text("(the text is not at hand)", DIM)
    elif first is not None and sum(widths(shown(sample.text[:first]))) > (SAMPLE_ROWS - 1) * width:
        text = Text.assemble((ELLIPSIS, DIM), text[first - LEAD :])
    for line in text_rows(text, width, SAMPLE_ROWS):
        frame.console.print(one_line(Text.assemble("       ", line)))


def marked(text: str, spans: Iterable[Span], style: Style, *, plain: bool) -> Text:
    """Raw ``text`` as drawn, with ``spans`` of it in ``style``, or in angle quotes without colour."""
    drawn, at = Text(), 0
    for start, end in spans:
        drawn.append(shown(text[at:start]))
        inside = shown(text[start:end])
        drawn.append(f"«{inside}»" if plain else inside, style)
        at = end
    drawn.append(shown(text[at:]))
    return drawn


def text_rows(text: Text, width: int, n_rows: int) -> list[Text]:
    """A text as at most ``n_rows`` rows; an ellipsis says that something was cut."""
    found = rows(text.plain, width)
    drawn = [text[row.start : row.end] for row in found[:n_rows]]
    if len(found) > n_rows:
        last = found[n_rows - 1]
        kept = clipped(text.plain[last.start : last.end] + "  ", max(1, sum(widths(text.plain[last.start : last.end]))))
        drawn[-1] = text[last.start : last.start + len(kept) - 1].append(ELLIPSIS, DIM)
    return drawn


def _phrases(top: data.Top[Phrase], frame: Frame) -> None:
    """Slogans: how many families have them, how often they stand."""
    if not top.n_all:
        return heading("Phrases", "none in enough families", frame.console)
    heading("Phrases", f"most text first, {len(top.rows):,} of {top.n_all:,}", frame.console)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_row(*(Text(name, DIM) for name in ("families", "places", "phrase")))
    for phrase in top.rows:
        lines = text_rows(Text(shown(phrase.text)), frame.width - 20, 2)
        table.add_row(Text(f"{phrase.n_families:,}", BOLD), Text(f"{phrase.n_occurrences:,}"), Text("\n").join(lines))
    frame.console.print(table)
    _more(top.n_more, "phrases.jsonl", frame)
    return None


def _rules(found: tuple[data.RuleRow, ...], frame: Frame) -> None:
    """What the rules found, one list for every kind, each rule with an example in its line."""
    wide = frame.width >= WIDE
    n_doc = 30 if wide else 0
    n_rule = min(40 if wide else 30, max((sum(widths(shown(row.rule))) for row in found), default=0))
    n_example = frame.width - n_rule - 11 - (n_doc + 2 if wide else 0)
    for kind, (title, says) in KIND_TITLES.items():
        mine = [row for row in found if row.kind == kind]
        if not mine:
            continue
        n_findings = sum(row.n_findings for row in mine)
        heading(title, f"{n_findings:,} · {says}", frame.console)
        for row in mine[: frame.limit]:
            example = row.examples[0]
            line = Text.assemble("  ", _padded(shortened(shown(row.rule), n_rule), n_rule))
            line.append(f"{row.n_findings:>7,}", BOLD).append("  ")
            line.append(in_context(example, n_example, MARKS.get(kind, DIFFERENT), plain=frame.plain))
            if wide:
                line.append(" " * max(0, frame.width - n_doc - line.cell_len))
                line.append(shortened(shown(example.doc), n_doc), DIM)
            frame.console.print(one_line(line))
        _more(len(mine) - frame.limit if len(mine) > frame.limit else 0, "findings.jsonl, by rule", frame)


def _padded(text: str, width: int) -> str:
    """``text`` with spaces up to ``width`` cells."""
    return text + " " * max(0, width - sum(widths(text)))


def in_context(excerpt: data.Excerpt, width: int, style: Style, *, plain: bool) -> Text:
    """A finding in its line, cut on both sides to ``width`` cells; the finding itself is kept whole if it fits."""
    mark = shortened(shown(excerpt.text), width - 2 if plain else width)
    mark = f"«{mark}»" if plain else mark
    left = width - sum(widths(mark))
    before, after = shown(excerpt.before.lstrip()), shown(excerpt.after.rstrip())
    n_after = min(sum(widths(after)), max(left // 2, left - sum(widths(before))))
    head = clipped(before[::-1], left - n_after)[::-1]
    return Text.assemble((head, DIM), (mark, style), (clipped(after, left - sum(widths(head))), DIM))


def _families(top: data.Top[data.FamilyRow], frame: Frame) -> None:
    """Near-duplicate documents: the head, and its copies with their Jaccard."""
    if not top.n_all:
        return heading("Families", "no document is a near-copy of another", frame.console)
    heading("Families", f"near-copies, largest first, {len(top.rows):,} of {top.n_all:,}", frame.console)
    for row in top.rows:
        n_copies = counted(row.n_copies, "copy")
        name = shortened(shown(row.head), frame.width - len(n_copies) - 4)
        frame.console.print(one_line(Text.assemble("  ", name, "  ", (n_copies, BOLD))))
        for doc, ratio in row.copies[:3]:
            name = shortened(shown(doc), frame.width - 21)
            frame.console.print(one_line(Text.assemble("     ", name, (f"  Jaccard {ratio:.2f}", DIM))))
        if row.n_copies > 3:
            _more(row.n_copies - 3, "members.jsonl", frame)
    _more(top.n_more, "clusters.jsonl", frame)
    return None


def _skipped(skipped: data.Skipped, frame: Frame) -> None:
    """How the files were read, and what could not be used and why."""
    n_lost = sum(skipped.n_problems.values())
    heading("Input", "nothing was skipped" if not n_lost else f"{n_lost:,} skipped or changed", frame.console)
    lines = [
        Text.assemble((f"{number:>7,}", BOLD), f"  read as {shown(name)}") for name, number in skipped.formats.items()
    ]
    lines += [Text.assemble((f"{number:>7,}", BOLD), f"  {shown(name)}") for name, number in skipped.n_problems.items()]
    if skipped.n_without_tokens:
        lines.append(
            Text.assemble((f"{skipped.n_without_tokens:>7,}", BOLD), "  without any token: nothing to measure")
        )
    for line in lines:
        for number, row in enumerate(text_rows(line, frame.width - 11, 4)):
            frame.console.print(one_line(row if not number else Text.assemble("         ", row)))
    for message in skipped.examples[: frame.limit]:
        for number, row in enumerate(text_rows(Text(shown(message)), frame.width - 4, 3)):
            frame.console.print(one_line(Text.assemble(("  - " if not number else "    ", DIM), row)))
    _more(max(0, n_lost - min(frame.limit, len(skipped.examples))), "summary.json (counts)", frame)
