"""Junk: what the site added around and inside a document, found by rules, by place and by frequency.

Rules (``junk.toml``) see one line or a span inside a line; place says what a line alone cannot: whether it stands in
the head or tail, beside junk, or in a list under a related-pages heading. What looks like content is never taken by
place: sentences, numbered headings, headings that stand again in the document, quotations, labels with their value.

The head is what stands before the first sentence of content and at least `EDGE_LINES` lines, the tail what stands after
the last one and at least as many. A sentence of content is a line that ends like one, or holds one, and is no junk by
its own rule.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from detector.lines import Line, held_triggers, rules_by_line, split_lines, with_triggers
from detector.model import Hit, Span
from detector.rules import Rule, RuleTable, find_spans, matches_line, speaks_for_document

EDGE_LINES = 6
"""Non-blank lines that count as head or tail even where sentences reach to the edge of the document."""

MAX_GAP = 3
"""Short lines between two junk lines that are taken with them; a longer run is more likely content (a poem, a list)."""

MAX_SHORT = 18
"""Longest such line, in characters: no slogan of a seller's banner in the real documents is longer."""

MAX_ITEM = 70
"""Longest item of a list of other pages, in characters: headlines rarely are longer."""

MIN_SENTENCE = 12
"""Shortest line that can be a sentence of content, in characters; shorter ones are captions and interjections."""

MIN_WORDS = 6
"""The same for lines of spaced scripts, in words."""

ABOVE_TITLE = ("junk.breadcrumb",)
BELOW_TITLE = (
    "junk.site_metadata",
    "junk.site_fields",
    "junk.source_fields",
    "junk.upload_date",
    "junk.english_fields",
)
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

_SENTENCE_END = re.compile("[。!?;…][”’\"')）」』》\\]]{0,3}$|[.][”’\"')]{0,3}$")
_INNER_END = re.compile('[。!?;](?=.)|[.!?][”"]? (?=.)')
_NUMBERED = re.compile("[(]?[0-9]{1,3}[.)、][ ]?")
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
    spans = table.select(("junk",), "span")
    present = held_triggers(plain, (*table.select(("junk",), "line"), *spans))
    marked = _by_rules(lines, plain, table, present)
    if marked:
        _lists(lines, marked, table)
        _beside(lines, marked, table)
        _between(lines, marked, table)
    hits = [Hit(lines[at].start, lines[at].end, "junk", name) for at, name in marked.items()]
    covered = [False] * len(lines)
    for at in marked:
        covered[at] = True
    inline = find_spans(plain, _allowed(with_triggers(spans, present), plain, table))
    inline.sort(key=lambda match: (match.start, -match.end, match.rule.name))
    hits += [Hit(start, end, "junk", rule.name) for start, end, rule in _outside(inline, lines, covered)]
    return sorted(hits, key=lambda hit: (hit.start, hit.end))


class _Edges(NamedTuple):
    """The head is the lines before ``head``, the tail those from ``tail`` on."""

    head: int
    tail: int


def _edges(lines: Sequence[Line], marked: Mapping[int, str]) -> _Edges:
    first = next(_sentences(lines, marked, range(len(lines))), len(lines))
    last = _last_sentence(lines, marked)
    return _Edges(max(first, EDGE_LINES), min(last + 1, len(lines) - EDGE_LINES))


def _last_sentence(lines: Sequence[Line], marked: Mapping[int, str]) -> int:
    """The last line that is a sentence of content, or -1."""
    return next(_sentences(lines, marked, range(len(lines) - 1, -1, -1)), -1)


def _sentences(lines: Sequence[Line], marked: Mapping[int, str], order: Iterable[int]) -> Iterator[int]:
    """The lines that are sentences of content, looked at only as far as they are asked for."""
    return (at for at in order if at not in marked and is_sentence(lines[at].plain))


def is_sentence(line: str) -> bool:
    """Whether a plain line reads as a sentence of content: long enough, and ends like one or holds the end of one.

    >>> is_sentence("全镇干群同心协力,稳步前行。"), is_sentence("关于我们 | 联系我们")
    (True, False)
    """
    numbered = _NUMBERED.match(line)
    if numbered:
        line = line[numbered.end() :]
    spaced = line.isascii() or line.count(" ") * 8 > len(line)
    if (line.count(" ") + 1 < MIN_WORDS) if spaced else len(line) < MIN_SENTENCE:
        return False
    return bool(_SENTENCE_END.search(line) or (len(line) >= 2 * MIN_SENTENCE and _INNER_END.search(line)))


def _by_rules(lines: Sequence[Line], plain: str, table: RuleTable, present: frozenset[str]) -> dict[int, str]:
    """Lines that a rule calls junk where they stand, with the rule's name."""
    rules = _allowed(with_triggers(table.select(("junk",), "line"), present), plain, table)
    anywhere = [rule for rule in rules if rule.place == "any"]
    marked: dict[int, str] = {}
    for at, tried in rules_by_line(lines, plain, anywhere, present).items():
        _mark(marked, at, lines[at], tried)
    edges = _edges(lines, marked)
    head = [rule for rule in rules if rule.place == "head"]
    tail = [rule for rule in rules if rule.place == "tail"]
    end = [rule for rule in rules if rule.place == "end"]
    for at in range(min(edges.head, len(lines))):
        _mark(marked, at, lines[at], head)
    for at in range(max(edges.tail, 0), len(lines)):
        _mark(marked, at, lines[at], tail)
    if len(lines) > 1:
        for at in (0, len(lines) - 1):
            _mark(marked, at, lines[at], end)
    return marked


def _allowed(rules: Sequence[Rule], plain: str, table: RuleTable) -> list[Rule]:
    """The rules that no guard of scope ``document`` takes out for this text."""
    guards = table.guards(plain, [rule.name for rule in rules], "document")
    speaking = [guard for guard in guards if speaks_for_document(guard, plain)]
    return [rule for rule in rules if not any(guard.affects_rule(rule.name) for guard in speaking)]


def _mark(marked: dict[int, str], at: int, line: Line, rules: Iterable[Rule]) -> None:
    """Mark a line by the first rule that matches it, unless it is marked."""
    if at not in marked:
        for rule in rules:
            if matches_line(rule, line.plain):
                marked[at] = rule.name
                return


def _repeated(lines: Sequence[Line]) -> frozenset[str]:
    """Lines that stand more than once in the document: titles do."""
    counts = Counter(line.plain for line in lines)
    return frozenset(plain for plain, count in counts.items() if count > 1)


def _lists(lines: Sequence[Line], marked: dict[int, str], table: RuleTable) -> None:
    """Mark the items of lists of other pages.

    Such a list runs from its heading to the first sentence. Where sentences of content follow it, only items that look
    like items (a bullet, a number, a date or counter at the end) and stand together are taken: a heading of the
    document may follow a list.
    """
    headings = {rule.name for rule in table.select(("junk",), "line") if rule.opens}
    titles = _repeated(lines)
    last = _last_sentence(lines, marked)
    for heading in sorted(at for at, name in marked.items() if name in headings):
        in_tail = heading > last
        for at in range(heading + 1, len(lines)):
            line = lines[at]
            if at in marked:
                continue
            if len(line.plain) > MAX_ITEM or (is_sentence(line.plain) and not line.plain.endswith(("?", "!", "…"))):
                break
            if in_tail or _ITEM_EVIDENCE.fullmatch(line.plain):
                if line.plain not in titles or in_tail:
                    marked[at] = LIST_ITEM
            else:
                break


def _beside(lines: Sequence[Line], marked: dict[int, str], table: RuleTable) -> None:
    """Mark menu words and counters beside junk; one pass down and one up reach every chain of them."""
    rules = table.select(("junk",), "line")
    beside = [rule for rule in rules if rule.place == "next"]
    edges = _edges(lines, marked)
    for order in (range(1, len(lines)), range(len(lines) - 2, -1, -1)):
        before = -1 if order.step > 0 else 1
        for at in order:
            if at + before in marked:
                _mark(marked, at, lines[at], beside)
                if at < edges.head:
                    _mark(marked, at, lines[at], [rule for rule in rules if rule.place == "head+"])


def _between(lines: Sequence[Line], marked: dict[int, str], table: RuleTable) -> None:
    """Mark up to `MAX_GAP` lines that stand between two junk lines, no blank line around or among them.

    They are lines that a rule of place "between" matches, or short ones that nothing shows to be content. The title of
    the document stands where banners do: under the path of the page, over the line of its date and counter, so neither
    of these encloses a gap.
    """
    rules = [rule for rule in table.select(("junk",), "line") if rule.place == "between"]
    titles = _repeated(lines)
    last: int | None = None
    for at in sorted(marked):
        gap = range(0 if last is None else last + 1, at)
        if last is not None and 0 < len(gap) <= MAX_GAP:
            for place in gap:
                _mark(marked, place, lines[place], rules)
        gap = range(gap.start, at) if all(place not in marked for place in gap) else range(0)
        if (
            last is not None
            and 0 < len(gap) <= MAX_GAP
            and not marked[last].startswith(ABOVE_TITLE)
            and not marked[at].startswith(BELOW_TITLE)
            and not any(lines[place].after_blank for place in range(last + 1, at + 1))
            and all(_is_filler(lines[place].plain) and lines[place].plain not in titles for place in gap)
        ):
            marked.update(dict.fromkeys(gap, BETWEEN))
        last = at


def _is_filler(line: str) -> bool:
    """Whether a line is short, no part of a sentence, and not shaped like a title, heading, label or quotation."""
    if len(line) > MAX_SHORT or re.search("[。!?;,]", line):
        return False
    return not _CONTENT_SHAPE.match(line) and not _OWN_LINE.fullmatch(line)


def _outside(
    inline: Iterable[tuple[int, int, Rule]], lines: Sequence[Line], covered: Sequence[bool]
) -> Iterable[tuple[int, int, Rule]]:
    """Spans that overlap neither a junk line nor each other; both inputs are sorted by place."""
    at, free = 0, 0
    for start, end, rule in inline:
        while at < len(lines) and lines[at].end <= start:
            at += 1
        inside = at < len(lines) and lines[at].start < end and covered[at]
        if start >= free and not inside:
            free = end
            yield start, end, rule


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
    seen: dict[tuple[str | None, str], set[int]] = defaultdict(set)
    for edge in edge_lines:
        seen[series[edge.place], edge.key].add(families[edge.place])
    members: dict[str | None, set[int]] = defaultdict(set)
    for family, name in zip(families, series, strict=True):
        members[name].add(family)
    hits: list[list[Hit]] = [[] for _ in plains]
    for edge in edge_lines:
        name = series[edge.place]
        n_families, n_all = len(seen[name, edge.key]), len(members[name])
        if n_families >= max(MIN_FREQUENT, math.ceil(FREQUENT_SHARE * n_all)):
            evidence = {"n_families": n_families, "n_families_of_series": n_all}
            hits[edge.place].append(Hit(edge.span.start, edge.span.end, "junk", FREQUENT, evidence))
    return hits


def _edge_lines(place: int, plain: str) -> list[EdgeLine]:
    """The lines of a document that frequency may call junk."""
    lines = split_lines(plain)
    if len(lines) < 2:
        return []
    tail = max(FREQUENT_EDGE, len(lines) - FREQUENT_EDGE)
    edges = [*lines[:FREQUENT_EDGE], *lines[tail:]]
    return [
        EdgeLine(place, Span(line.start, line.end), re.sub("[0-9]+", "0", line.plain))
        for line in edges
        if len(line.plain) <= MAX_ITEM
        and not is_sentence(line.plain)
        and not _CONTENT_SHAPE.match(line.plain)
        and not _OWN_LINE.fullmatch(line.plain)
    ]
