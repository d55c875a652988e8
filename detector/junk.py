"""Junk: what the site added around and inside a document, found by rules, by place and by frequency.

Rules (``junk.toml``) see one line or a span inside a line; place says what a line alone cannot: whether it stands in
the head or tail, beside junk, or in a list under a related-pages heading. In text that a scraper saved from a web page
a model of lines says more (`detector.pages`). What looks like content is never taken by place: sentences, numbered
headings, headings that stand again in the document, quotations, labels with their value.

The head is what stands before the first sentence of content and at least `EDGE_LINES` lines, the tail what stands after
the last one and at least as many. A sentence of content is a line that ends like one, or holds one, and is no junk by
its own rule.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from detector.junk_guards import Guarded, Titles, title_line
from detector.lines import LineRules, Lines, rules_by_line, split_lines
from detector.model import Hit, Span
from detector.pages import PAGE_LINE, page_lines_of
from detector.places import Places
from detector.rules import Rule, RuleMatch, RuleTable, find_spans
from detector.running_heads import RUNNING_HEAD, running_heads

EDGE_LINES = 6
"""Non-blank lines that count as head or tail even where sentences reach to the edge of the document."""

EDGE_MOVES = 3
"""How often head and tail are looked at again when sentences there turn out to be junk; a site's frame has few."""

MAX_GAP = 3
"""Short lines between two junk lines that are taken with them; a longer run is more likely content (a poem, a list)."""

MAX_SHORT = 18
"""Longest such line, in characters: no slogan of a seller's banner in the real documents is longer."""

MAX_ITEM = 70
"""Longest item of a list of other pages, in characters: headlines rarely are longer."""

PLACED = ("any", "head", "tail", "end")
"""Places of a rule that do not depend on other junk."""

ABOVE_TITLE = ("junk.breadcrumb",)
_FIELDS = ("site_metadata", "site_fields", "source_fields", "upload_date", "english_f", "english_posted", "tally_")
BELOW_TITLE = tuple(f"junk.{name}" for name in _FIELDS)
"""How the names of rules begin whose lines stand directly above or below the title of a document."""

BETWEEN = "junk.between"
LIST_ITEM = "junk.related_item"
FREQUENT = "junk.frequent_line"

FREQUENT_EDGE = 5
"""Lines from either end of a document in which frequency counts: a site's frame stands at its edges."""

MIN_FREQUENT = 5
"""Families of one series that must have a line before frequency calls it junk."""

FREQUENT_SHARE = 0.2
"""Share of the series' families that must have it, so that a common heading of a large series stays content."""

_CONTENT_SHAPE = re.compile(
    r"""
      [一二三四五六七八九十百]{1,4}[、.]          # numbered headings
    | [(][一二三四五六七八九十0-9]{1,3}[)]
    | 第[一二三四五六七八九十百0-9]{1,4}[章节条部编篇回]
    | [0-9]{1,2}[、.)]
    | [—–]{1,2}                                # a signed quotation, an item of a report
    | ["“「『‘《]                                # dialogue, quoted headings
    | [^:]{1,12}:[ ]?\S                        # a label with its value
    | .*[0-9]{4}年.*[0-9]{1,2}月               # dates of documents
    | \#{1,6}[ ]
    """,
    re.VERBOSE,
)
_OWN_LINE = re.compile(
    r"""
      .* (?: 报告|总结|计划|通知|意见|办法|公告|规定|条例|方案|讲话|决定|纪要|公报|说明|通报|致辞|函|信        # titles
           | 汇报|要点|打算|安排|预案|细则|倡议书?|请示|批复|简报|材料|发言|体会|提纲|制度 ) [ ]?(?:[(][^()]{1,12}[)])?
    | .* (?: 政府|委员会|办公室|公司|法院|检察院|大学|学校|[局厅部院] )                              # signatures
    | [0-9\-/.:\ 年月日]+ | .* [0-9一二三四五六七八九十]日                                          # dates, figures
    | 各位.* | 同志们.* | 此致 | 敬礼 | 谢谢.* | 附件.* | (?:dear|yours|sincerely|kind|best|regards) .*
    | .* (?:report|summary|minutes|agenda|introduction|conclusions?|abstract|references|contents)
    """,
    re.VERBOSE,
)
_ITEM_EVIDENCE = re.compile(
    r"""
    [\-•·*◆■▪>]{1,2}[ ]? .* | [0-9]{1,2}[、.][ ]? .* | \[.*\]\(http.*\)
    | .* (?: 范文|范本|模板|样本|素材|大全|精选|集锦|合集
           | [0-9一二三四五六七八九十]{1,3}[ ]?篇 ) [^。,;]{0,8}                             # names of a library
    | .* (?: [(\[]? (?:(?:19|20)[0-9]{2}[\-/.])? [01]?[0-9][\-/.][0-3]?[0-9] [)\]]? | [(\[][0-9]{1,6}[)\]] )
    """,
    re.VERBOSE,
)


def find_junk(text: str, plain: str, table: RuleTable) -> list[Hit]:
    """The junk of one document: whole lines and, outside them, spans; sorted, without overlaps.

    ``plain`` is the plain form of ``text``, of the same length.
    """
    lines = split_lines(plain)
    places = Places(plain)
    matched = rules_by_line(lines, [rule for rule in table.select(("junk",), "line") if rule.place in PLACED])
    of_page = page_lines_of(text) if table.does(PAGE_LINE) else {}
    return junk_of(places, find_spans(places, table.trials(("junk",))), lines, matched, table, of_page)


def junk_of(
    places: Places,
    matches: Iterable[RuleMatch],
    lines: Lines,
    matched: Mapping[int, Sequence[Rule]],
    table: RuleTable,
    of_page: Mapping[int, float],
) -> list[Hit]:
    """The same by what its rules match inside lines, and the rules of `PLACED` that match each line.

    The lines of ``matched`` come in order; ``of_page`` are lines that the model of pages calls junk, with their log
    odds. Where a rule calls such a line junk too, the rule is named.
    """
    guarded = Guarded(places, table)
    of_page = of_page if of_page and guarded.allows(table.named(PAGE_LINE)) else {}
    marked = _by_rules(lines, matched, guarded)
    title = title_line(lines, marked, BELOW_TITLE)
    of_page = {at: odds for at, odds in of_page.items() if at != title}
    if marked:
        if table.does(RUNNING_HEAD):
            marked.update(dict.fromkeys(running_heads(lines, marked), RUNNING_HEAD))
        titles = Titles(lines)
        _lists(lines, marked, table, titles)
        _beside(lines, marked, table)
        _between(lines, marked, table, titles)
    hits = [Hit(lines.starts[at], lines.ends[at], "junk", name) for at, name in marked.items()]
    unmarked = [(at, {"odds": round(odds, 2)}) for at, odds in of_page.items() if at not in marked]
    hits += [Hit(lines.starts[at], lines.ends[at], "junk", PAGE_LINE, evidence) for at, evidence in unmarked]
    inline = [match for match in matches if guarded.allows(match.rule)]
    inline.sort(key=lambda match: (match.start, -match.end, match.rule.name))
    outside = _outside(inline, lines, marked.keys() | of_page.keys())
    hits += [Hit(start, end, "junk", rule.name) for start, end, rule in outside]
    return sorted(hits, key=lambda hit: (hit.start, hit.end))


class _Edges(NamedTuple):
    """The head is the lines before ``head``, the tail those from ``tail`` on."""

    head: int
    tail: int


def _edges(lines: Lines, marked: Mapping[int, str]) -> _Edges:
    first = next((at for at in lines.sentences if at not in marked), len(lines))
    last = _last_sentence(lines, marked)
    return _Edges(max(first, EDGE_LINES), min(last + 1, len(lines) - EDGE_LINES))


def _last_sentence(lines: Lines, marked: Mapping[int, str]) -> int:
    """The last line that is a sentence of content, or -1."""
    return next((at for at in reversed(lines.sentences) if at not in marked), -1)


def _by_rules(lines: Lines, matched: Mapping[int, Sequence[Rule]], guarded: Guarded) -> dict[int, str]:
    """Lines that a rule calls junk where they stand, with the rule's name."""
    marked: dict[int, str] = {}

    def mark(place: str, within: Container[int]) -> None:
        for at, rules in matched.items():
            if at in within and at not in marked:
                for rule in rules:
                    if rule.place == place and guarded.allows(rule):
                        marked[at] = rule.name
                        break

    n = len(lines)
    mark("any", range(n))
    if any(rule.place != "any" for rules in matched.values() for rule in rules):
        ends = (0, n - 1) if n > 1 else ()
        for _ in range(EDGE_MOVES):  # what is marked at an edge moves it
            edges = _edges(lines, marked)
            for place, within in (("head", range(edges.head)), ("tail", range(edges.tail, n)), ("end", ends)):
                mark(place, within)
    return marked


def _lists(lines: Lines, marked: dict[int, str], table: RuleTable, titles: Titles) -> None:
    """Mark the items of lists of other pages.

    Such a list runs from its heading to the first sentence. Where sentences of content follow it, only items that look
    like items (a bullet, a number, a date or counter at the end) and stand together are taken: a heading of the
    document may follow a list.
    """
    opening = {rule.name for rule in table.select(("junk",), "line") if rule.opens and table.does(LIST_ITEM)}
    headings = sorted(at for at, name in marked.items() if name in opening)
    if not headings:
        return
    last = _last_sentence(lines, marked)
    reached = {True: 0, False: 0}  # a heading inside such a list begins no other: the work stays linear
    for heading in headings:
        in_tail = heading > last
        if heading < reached[in_tail]:
            continue
        at = heading + 1
        while at < len(lines) and _goes_on(lines, at, marked, titles, in_tail=in_tail):
            at += 1
        reached[in_tail] = at


def _goes_on(lines: Lines, at: int, marked: dict[int, str], titles: Titles, *, in_tail: bool) -> bool:
    """Whether a list of other pages goes on with a line; marks the line if it is an item."""
    if at in marked:
        return True
    text = lines.text(at)
    if len(text) > MAX_ITEM or (lines.is_sentence(at) and not text.endswith(("?", "!", "…"))):
        return False
    if not in_tail and not _ITEM_EVIDENCE.fullmatch(text):
        return False
    if in_tail or text not in titles:
        marked[at] = LIST_ITEM
    return True


def _beside(lines: Lines, marked: dict[int, str], table: RuleTable) -> None:
    """Mark menu words and counters beside junk; one pass down and one up reach every chain of them."""
    beside, in_head, _ = placed_rules(table)
    if not any(bits & in_head.bits for bits in set(lines.bits)):
        return
    head = _edges(lines, marked).head
    for step in (1, -1):
        for begin in sorted(marked, reverse=step < 0):
            at = begin + step
            while 0 <= at < len(lines) and at not in marked:
                if not _mark(marked, at, lines, in_head if at < head else beside):
                    break
                at += step


BESIDE_BITS = {"next": 1, "head+": 2, "between": 4}
"""Of places of a rule that depend on other junk."""


def placed_rules(table: RuleTable) -> tuple[LineRules, LineRules, LineRules]:
    """The line rules that are tried beside junk, those that are in the head, and those that are between junk lines."""
    rules = table.select(("junk",), "line")

    def of(*places: str) -> LineRules:
        found = [rule for place in places for rule in rules if rule.place == place]
        return LineRules(found, sum(BESIDE_BITS[place] for place in places))

    return table.kept("placed", lambda: (of("next"), of("next", "head+"), of("between")))


def _mark(marked: dict[int, str], at: int, lines: Lines, rules: LineRules) -> bool:
    """Mark a line by the first rule that matches it; returns whether one does."""
    rule = rules.first(lines, at)
    if rule is not None:
        marked[at] = rule.name
    return rule is not None


def _between(lines: Lines, marked: dict[int, str], table: RuleTable, titles: Titles) -> None:
    """Mark up to `MAX_GAP` lines that stand between two junk lines, no blank line around or among them.

    They are lines that a rule of place "between" matches, or short ones that nothing shows to be content. The title of
    the document stands where banners do: under the path of the page, over the line of its date and counter, so neither
    of these encloses a gap.
    """
    _, _, rules = placed_rules(table)
    for last, at in pairwise(sorted(marked)):
        if at == last + 1 or at - last > MAX_GAP + 1:
            continue
        gap = range(last + 1, at)
        if (
            not sum([_mark(marked, place, lines, rules) for place in gap])
            and table.does(BETWEEN)
            and not marked[last].startswith(ABOVE_TITLE)
            and not marked[at].startswith(BELOW_TITLE)
            and not any(lines.after_blank[last + 1 : at + 1])
            and all(_is_filler(lines.text(place)) and lines.text(place) not in titles for place in gap)
        ):
            marked.update(dict.fromkeys(gap, BETWEEN))


def _is_filler(line: str) -> bool:
    """Whether a line is short, no part of a sentence, and not shaped like a title, heading, label or quotation."""
    if len(line) > MAX_SHORT or re.search("[。!?;,]", line):
        return False
    return may_be_frequent(line)


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


def may_be_frequent(line: str) -> bool:
    """Whether a plain line is not shaped like what documents of one office share and write themselves."""
    return not _CONTENT_SHAPE.match(line) and not _OWN_LINE.fullmatch(line)


def frequency_key(line: str) -> str:
    """A plain line with all numbers equal."""
    return re.sub("[0-9]+", "0", line)
