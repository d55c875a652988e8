"""Junk: what the site added around and inside a document, found by rules, by place and by frequency.

Rules (``junk.toml``, ``site_lines.toml``) see one line or a span inside a line; place says what a line alone cannot
(`detector.rules.junk_places`), and the names that those lines give away are found in the text
(`detector.rules.site_names`). Two models of lines say more: one of text that a scraper saved from a web page
(`detector.rules.pages`), one of the head and tail of any other document (`detector.rules.frames`).
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from detector.model import Hit, Span
from detector.rules.frames import HEAD_LINES, SITE_FRAME, frame_lines_of
from detector.rules.junk_places import (
    BESIDE_BITS,
    BYLINE,
    DATE_LINE,
    MAX_ITEM,
    OFFICE,
    PLACED,
    SPEAKER,
    TITLE_ENGLISH,
    TITLE_HAN,
    TITLE_SUFFIX,
    VERSION,
    Guarded,
    junk_lines,
    may_be_frequent,
    title_line,
)
from detector.rules.lines import Lines, rules_by_line, split_lines
from detector.rules.pages import FEW_LINES, PAGE_LINE, page_lines_of
from detector.rules.places import Places
from detector.rules.rule_tables import Rule, RuleMatch, RuleTable, find_spans
from detector.rules.sections import annex_lines, section_lines, signatures, signed_dates, title_block, titles
from detector.rules.site_names import SITE_NAMED, site_named

__all__ = [
    "BESIDE_BITS",
    "FREQUENT",
    "FREQUENT_EDGE",
    "MAX_ITEM",
    "MIN_FREQUENT",
    "PLACED",
    "EdgeLine",
    "find_junk",
    "frequency_key",
    "frequent_lines",
    "frequent_of",
    "junk_of",
    "may_be_frequent",
    "min_frequent",
]

FREQUENT = "junk.frequent_line"

FREQUENT_EDGE = 5
"""Lines from either end of a document in which frequency counts: a site's frame stands at its edges."""

MIN_FREQUENT = 5
"""Families of one series that must have a line before frequency calls it junk."""

FREQUENT_SHARE = 0.2
"""Share of the series' families that must have it, so that a common heading of a large series stays content."""


def find_junk(text: str, plain: str, table: RuleTable) -> list[Hit]:
    """The junk of one document: whole lines and, outside them, spans; sorted, without overlaps.

    ``plain`` is the plain form of ``text``, of the same length.
    """
    lines = split_lines(plain)
    places = Places(plain)
    matched = rules_by_line(lines, [rule for rule in table.select(("junk",), "line") if rule.place in PLACED])
    modelled = (
        {at: Modelled(PAGE_LINE, odds) for at, odds in page_lines_of(text).items()} if table.does(PAGE_LINE) else {}
    )
    if table.does(SITE_FRAME):
        said_of = frame_lines_of(text, {at: is_known(rules) for at, rules in matched.items()})
        of_site = {at: Modelled(SITE_FRAME, *said) for at, said in said_of.items()}
        modelled = joined_models(modelled, of_site, len(lines))
    return junk_of(places, find_spans(places, table.trials(("junk",))), lines, matched, table, modelled)


class Modelled(NamedTuple):
    """What a model says of a line: its rule, the log odds over the limit and, of `SITE_FRAME`, what the words say."""

    rule: str
    odds: float
    words: float | None = None

    def evidence(self) -> dict[str, float]:
        """What spoke for the line."""
        said = {"odds": self.odds} if self.words is None else {"odds": self.odds, "words": self.words}
        return {name: round(value, 2) for name, value in said.items()}


def joined_models(of_page: dict[int, Modelled], of_site: dict[int, Modelled], n_lines: int) -> dict[int, Modelled]:
    """The lines that are junk by either model, by their number among the ``n_lines`` that are not blank.

    What is a page without a doubt has nothing else at its head and tail; a text of few lines, taken for a page by some
    of them, may have.
    """
    return of_site | of_page if not of_page or n_lines < FEW_LINES else of_page


def is_known(rules: Iterable[Rule]) -> bool:
    """Whether a line that these rules match is junk for the model of heads and tails: one of them holds anywhere."""
    return any(rule.place == "any" for rule in rules)


def junk_of(
    places: Places,
    matches: Iterable[RuleMatch],
    lines: Lines,
    matched: Mapping[int, Sequence[Rule]],
    table: RuleTable,
    modelled: Mapping[int, Modelled],
) -> list[Hit]:
    """The same by what its rules match inside lines, and the rules of `PLACED` that match each line.

    The lines of ``matched`` come in order; ``modelled`` are lines that a model calls junk. Where a rule calls such a
    line junk too, that is named.
    """
    guarded = Guarded(places, table)
    matches = list(matches)
    modelled = {at: said for at, said in modelled.items() if not _is_own(lines, at, table.named(said.rule), guarded)}
    inline = _inline(matches, lines, guarded)
    marked = junk_lines(lines, matched, guarded, table)
    is_title = {title_line(lines, marked)}
    is_title |= {bisect_right(lines.ends, match.start) for match in inline if match.rule.name == TITLE_SUFFIX}
    held = is_title | {
        bisect_right(lines.ends, match.start) for match in inline
    }  # such a rule says what of a line is junk
    modelled = {at: said for at, said in modelled.items() if at not in (is_title if said.rule == PAGE_LINE else held)}
    modelled = _without_sections(lines, modelled, marked, guarded)
    hits = [Hit(lines.starts[at], lines.ends[at], "junk", name) for at, name in marked.items()]
    hits += [
        Hit(lines.starts[at], lines.ends[at], "junk", said.rule, said.evidence())
        for at, said in modelled.items()
        if at not in marked
    ]
    outside = _outside(inline, lines, marked.keys() | modelled.keys())
    hits += [Hit(start, end, "junk", rule.name) for start, end, rule in outside]
    hits += site_named(places.plain, [match for match in matches if match.rule.name == SITE_NAMED], hits)
    return sorted(hits, key=lambda hit: (hit.start, hit.end))


def _is_own(lines: Lines, at: int, rule: Rule, guarded: Guarded) -> bool:
    """Whether a line is the document's own, whatever a model says: a guard speaks for the text or for the line, a
    byline stands below it in the head, as below a title, or a date below the text, as below a signature."""
    if not guarded.allows(rule) or guarded.is_own(rule.name, lines.text(at), in_head=at < _n_head(lines)):
        return True
    if at + 1 == len(lines) or lines.is_sentence(at) or (at + 1 >= HEAD_LINES and rule.name == PAGE_LINE):
        return False
    return guarded.is_named(BYLINE if at + 1 < HEAD_LINES else DATE_LINE, lines.text(at + 1))


def _without_sections(
    lines: Lines, modelled: dict[int, Modelled], marked: Mapping[int, str], guarded: Guarded
) -> dict[int, Modelled]:
    """What the models call junk, without what a document keeps of its own in a page (`detector.rules.sections`)."""
    of_page = {at for at, said in modelled.items() if said.rule == PAGE_LINE}
    if not of_page:
        return modelled
    sections = section_lines(lines, marked)
    own = sections | annex_lines(lines, sections, of_page, marked)
    junk = (marked.keys() | modelled.keys()) - own

    def is_named(guard: str, at: int) -> bool:
        return at in of_page and guarded.is_named(guard, lines.text(at))

    def is_title(at: int) -> bool:
        if is_named(TITLE_HAN, at):
            return True
        return (bool(sections) or guarded.is_named(VERSION, lines.text(at + 1))) and is_named(TITLE_ENGLISH, at)

    def is_below(at: int) -> bool:
        return any(is_named(guard, at) for guard in (VERSION, DATE_LINE, SPEAKER))

    for title in titles(lines, junk, is_title):
        own |= title_block(lines, title, lambda at: is_named(OFFICE, at), is_below)
    dates = [at for at in of_page if guarded.is_named(DATE_LINE, lines.text(at))]
    own |= signed_dates(lines, dates, junk)
    own |= signatures(lines, dates, of_page, marked, lambda at: guarded.is_named(OFFICE, lines.text(at)))
    return {at: said for at, said in modelled.items() if at not in own & of_page}


def _n_head(lines: Lines) -> int:
    """The lines above the first sentence of content."""
    return lines.sentences[0] if lines.sentences else len(lines)


def _inline(matches: Iterable[RuleMatch], lines: Lines, guarded: Guarded) -> list[RuleMatch]:
    """What counts of the spans inside lines, sorted; a rule of any place but "any" holds in the first two lines only: a
    title has the path of its page above it, if anything."""
    head = lines.ends[min(len(lines), 2) - 1] if lines else 0
    inline = [
        match
        for match in matches
        if match.rule.name != SITE_NAMED
        and (match.rule.place == "any" or match.end <= head)
        and guarded.allows(match.rule)
    ]
    return sorted(inline, key=lambda match: (match.start, -match.end, match.rule.name))


def _outside(inline: Iterable[RuleMatch], lines: Lines, covered: Collection[int]) -> Iterator[RuleMatch]:
    """Spans that overlap neither a junk line nor each other; spans and lines are sorted by place."""
    at, free = 0, 0
    for match in inline:
        at = bisect_right(lines.ends, match.start, at)
        inside = at < len(lines) and lines.starts[at] < match.end and at in covered
        if match.start >= free and not inside:
            free = match.end
            yield match


class EdgeLine(NamedTuple):
    """A short line at the head or tail of a document; ``place`` is the document's index in the call."""

    place: int
    span: Span
    key: str


def frequent_lines(plains: Sequence[str], *, families: Sequence[int], series: Sequence[str | None]) -> list[list[Hit]]:
    """For each document the lines that many families of its series have at head or tail.

    ``plains`` are the plain texts, ``families`` the family of each, ``series`` its site or publisher. Families are
    counted, not documents; a document without a series has no frequent lines; a line that is the whole document never
    is one, nor is a sentence, a numbered heading, a label with its value, or what documents of one office share and
    write themselves: a title by its last word, a signature, a date. Digits count as equal, so that a counter does not
    hide a line. A line needs `MIN_FREQUENT` families and `FREQUENT_SHARE` of the families of its series.
    """
    edge_lines = [edge for place in range(len(plains)) if series[place] for edge in _edge_lines(place, plains[place])]
    hits: list[list[Hit]] = [[] for _ in plains]
    for place, hit in frequent_of(edge_lines, families=families, series=series):
        hits[place].append(hit)
    return hits


def frequent_of(
    edge_lines: Sequence[EdgeLine], *, families: Sequence[int], series: Sequence[Hashable]
) -> list[tuple[int, Hit]]:
    """The same, each with its document, where all lines are known that could be frequent."""
    seen: dict[tuple[Hashable, str], set[int]] = defaultdict(set)
    for edge in edge_lines:
        seen[series[edge.place], edge.key].add(families[edge.place])
    members: dict[Hashable, set[int]] = defaultdict(set)
    for family, name in zip(families, series, strict=True):
        members[name].add(family)
    hits = []
    for edge in edge_lines:
        name = series[edge.place]
        n_families, n_all = len(seen[name, edge.key]), len(members[name])
        if n_families >= min_frequent(n_all):
            evidence = {"n_families": n_families, "n_families_of_series": n_all}
            hits.append((edge.place, Hit(edge.span.start, edge.span.end, "junk", FREQUENT, evidence)))
    return hits


def min_frequent(n_families: int) -> int:
    """How many families of a series of so many make a line frequent."""
    return max(MIN_FREQUENT, math.ceil(FREQUENT_SHARE * n_families))


def _edge_lines(place: int, plain: str) -> list[EdgeLine]:
    """The lines of a document that frequency may call junk."""
    lines = split_lines(plain)
    if len(lines) < 2:
        return []
    tail = max(FREQUENT_EDGE, len(lines) - FREQUENT_EDGE)
    edges = [*range(min(FREQUENT_EDGE, len(lines))), *range(tail, len(lines))]
    return [
        EdgeLine(place, Span(lines.starts[at], lines.ends[at]), frequency_key(lines.text(at)))
        for at in edges
        if lines.length(at) <= MAX_ITEM and not lines.is_sentence(at) and may_be_frequent(lines.text(at))
    ]


def frequency_key(line: str) -> str:
    """A plain line with all numbers equal."""
    return re.sub("[0-9]+", "0", line)
